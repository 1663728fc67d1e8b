"""The settings of a lab: every key of `mqlab.toml`, typed, with its default."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mqlab.analysis.feedback.business_hours import BusinessHours, business_hours
from mqlab.definitions.durations import parse_duration
from mqlab.errors import InputError
from mqlab.leads.links import Linking
from mqlab.leads.text import DEFAULT_NULL_TOKENS, normalise
from mqlab.warehouse.engines.urls import parse


class Section(BaseModel):
    """A table of `mqlab.toml`: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LabSection(Section):
    """`[lab]`: who we are, which clock and money we use."""

    name: str = "lab"
    timezone: str = "UTC"
    fiscal_year_start: Annotated[int, Field(ge=1, le=12)] = 1
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    null_tokens: list[str] = Field(default_factory=lambda: list(DEFAULT_NULL_TOKENS))
    internal_domains: list[str] = Field(default_factory=list)
    approvals_required: bool = True
    in_force: str | None = None

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, value: str) -> str:
        """An IANA name."""
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"'{value}' is not an IANA time zone, such as Europe/Berlin") from error
        return value

    @field_validator("currency")
    @classmethod
    def known_currency(cls, value: str) -> str:
        """An ISO 4217 code."""
        import pycountry

        if pycountry.currencies.get(alpha_3=value) is None:
            raise ValueError(f"'{value}' is not an ISO 4217 currency code, such as EUR")
        return value

    @field_validator("null_tokens", "internal_domains")
    @classmethod
    def normalised(cls, value: list[str]) -> list[str]:
        """Normalised as all text, each once."""
        return list(dict.fromkeys(normalise(item) for item in value))

    @field_validator("in_force")
    @classmethod
    def a_reference(cls, value: str | None) -> str | None:
        """`id@version`."""
        if value is not None and not re.fullmatch(r"[A-Za-z0-9][\w.-]*@\d+\.\d+\.\d+", value):
            raise ValueError(f"'{value}' is not of the form id@1.0.0")
        return value


class StoreSection(Section):
    """`[store]`: where the ledger lives. A relative SQLite path is relative to the lab."""

    url: str = "sqlite:///.mqlab/ledger.sqlite"


class WarehouseSection(Section):
    """`[warehouse]`: where the heavy questions run. Relative paths are relative to the lab."""

    url: str = "duckdb://"
    memory_limit: str = "4GB"

    @property
    def holds_the_lab(self) -> bool:
        """Whether the lab's tables are read from there; DuckDB in process is fed from the store."""
        address = parse(self.url)
        return address.kind != "duckdb" or address.path is not None

    @field_validator("url")
    @classmethod
    def supported(cls, value: str) -> str:
        """One of the forms that `mqlab.warehouse.engines.urls` knows."""
        try:
            parse(value)
        except InputError as error:
            raise ValueError(f"{error.problem.message} {error.problem.hint}".rstrip(".")) from error
        return value

    @field_validator("memory_limit")
    @classmethod
    def a_size(cls, value: str) -> str:
        """A size as DuckDB reads it."""
        if not re.fullmatch(r"\d+(\.\d+)?\s*([KMGT]i?)?B", value):
            raise ValueError(f"'{value}' is not a size such as 4GB")
        return value


class CrmSection(Section):
    """`[crm]`: how sales feedback is spelt. `mapping` is a file in the lab that overrides the preset's names.

    `link_window`: how long after a lead came a contact role, or an account, may link it to an opportunity;
    `link_accounts`: whether an account links at all; `match_domains`: whether an outcome whose e-mail address no lead
    has belongs to the one lead of that company's domain.
    """

    preset: str = "csv"
    mapping: str | None = None
    link_window: str = "365d"
    link_accounts: bool = False
    match_domains: bool = False

    @field_validator("link_window")
    @classmethod
    def a_length(cls, value: str) -> str:
        """A duration as definitions write it."""
        if parse_duration(value) <= 0:
            raise ValueError(f"'{value}' is no time at all")
        return value


class FxSection(Section):
    """`[fx]`: a CSV `date,currency,rate` in the lab; a rate is lab-currency units for one unit of the currency."""

    table: str | None = None


class BusinessHoursSection(Section):
    """`[business_hours]`: when sales works; unset, service levels are measured on the wall clock.

    `region` is for countries whose regions have holidays of their own, such as BY in DE.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    country: str | None = None
    region: str | None = None
    from_: time | None = Field(default=None, alias="from")
    to: time | None = None

    @field_validator("from_", "to", mode="before")
    @classmethod
    def clock(cls, value: Any) -> Any:
        """`"09:00"` or a TOML time."""
        return time.fromisoformat(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def a_calendar(self) -> Self:
        """A country and region whose holidays are known, and hours that end after they begin."""
        if self.country is None:
            if self.region is not None or self.from_ is not None or self.to is not None:
                raise ValueError('business hours need a country, for its holidays, such as country = "DE"')
            return self
        try:
            hours = business_hours(ZoneInfo("UTC"), self.country, self.region, begin=self.from_, end=self.to)
        except InputError as error:
            raise ValueError(f"{error.problem.message} {error.problem.hint}".rstrip(".")) from error
        if hours.begin >= hours.end:
            raise ValueError(f"the working day ends at {hours.end:%H:%M}, before it begins at {hours.begin:%H:%M}")
        return self

    def hours(self, zone: ZoneInfo) -> BusinessHours | None:
        """The hours on the lab's clock; None where service levels are measured on the wall clock."""
        if self.country is None:
            return None
        return business_hours(zone, self.country, self.region, begin=self.from_, end=self.to)


class ReportsSection(Section):
    """`[reports]`: whose separators, currency signs and dates reports use; their sentences are English."""

    locale: str = "en"

    @field_validator("locale")
    @classmethod
    def known_locale(cls, value: str) -> str:
        """A locale that CLDR has, as `de`, `de_CH` or `de-CH`."""
        from babel import Locale, UnknownLocaleError

        try:
            return str(Locale.parse(value.replace("-", "_")))
        except (ValueError, UnknownLocaleError, TypeError) as error:
            raise ValueError(f"'{value}' is no locale, such as en, de_CH or pt_BR") from error


class Settings(Section):
    """The whole of `mqlab.toml`."""

    lab: LabSection = Field(default_factory=LabSection)
    store: StoreSection = Field(default_factory=StoreSection)
    warehouse: WarehouseSection = Field(default_factory=WarehouseSection)
    crm: CrmSection = Field(default_factory=CrmSection)
    fx: FxSection = Field(default_factory=FxSection)
    business_hours: BusinessHoursSection = Field(default_factory=BusinessHoursSection)
    reports: ReportsSection = Field(default_factory=ReportsSection)

    @property
    def zone(self) -> ZoneInfo:
        """The lab's time zone."""
        return ZoneInfo(self.lab.timezone)

    @property
    def linking(self) -> Linking:
        """How a row that names no known lead finds one."""
        crm = self.crm
        internal = tuple(self.lab.internal_domains)
        return Linking(parse_duration(crm.link_window), crm.link_accounts, crm.match_domains, internal)

    def store_url(self, folder: Path) -> str:
        """The store's URL with a relative SQLite path resolved against the lab's folder."""
        prefix = "sqlite:///"
        if self.store.url.startswith(prefix) and not self.store.url.startswith(prefix + "/"):
            return f"{prefix}{folder / self.store.url.removeprefix(prefix)}"
        return self.store.url
