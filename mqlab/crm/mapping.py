"""How a file is spelt: a preset shipped with mqlab, or a lab's own mapping file, which overrides it name by name."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from mqlab.definitions.strict import read_as
from mqlab.definitions.yaml import read_yaml, read_yaml_file
from mqlab.errors import InputError, Place, ProblemsFound, nearest
from mqlab.leads.records import OutcomeKind
from mqlab.leads.text import normalise


class Declared(BaseModel):
    """Frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _names(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str | list) else value


def _constant(value: Any) -> Any:
    return {"constant": value} if isinstance(value, str) else value


Names = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_names)]


class Column(Declared):
    """Where a value comes from: the first of the named columns that the file has, or the same constant for every row.

    `format`: how its dates are written (strptime, or `epoch_s`, `epoch_ms`). `values`: what its words mean, `skip`:
    the words whose rows state nothing. `optional`: the file may do without it.
    """

    column: Annotated[Names, Field(min_length=1)] | None = None
    constant: str | None = None
    format: Names = Field(default_factory=list)
    values: dict[str, str] | None = None
    skip: Names = Field(default_factory=list)
    optional: bool = False

    @model_validator(mode="after")
    def one_origin(self) -> Self:
        """Exactly one of `column` and `constant`."""
        if (self.column is None) == (self.constant is None):
            raise ValueError("write either 'column' or 'constant'")
        return self


From = Annotated[Column, BeforeValidator(_column)]


def _kinds(column: Column) -> Column:
    for word in [column.constant, *(column.values or {}).values()]:
        if word is not None and word not in set(OutcomeKind):
            hint = nearest(word, list(OutcomeKind)) or f"Kinds: {', '.join(OutcomeKind)}."
            raise ValueError(f"'{word}' is not a kind of outcome. {hint}")
    return column


class Leads(Declared):
    """The leads table. `fields`: `rest` takes every column not named, else the columns listed here."""

    id: From | None = None
    created_at: From | None = None
    source: From | None = None
    email: From | None = None
    account_key: From | None = None
    known_at: From | None = None
    modified_at: From | None = None
    fields: Literal["rest"] | dict[str, From] | None = None
    fields_json: From | None = None
    ignore: Names = Field(default_factory=list)
    row_is: Literal["initial", "current"] | None = None


class Events(Declared):
    """The events table. `props`: as `fields` of leads."""

    id: From | None = None
    lead: From | None = None
    name: From | None = None
    at: From | None = None
    known_at: From | None = None
    modified_at: From | None = None
    source: From | None = None
    props: Literal["rest"] | dict[str, From] | None = None
    props_json: From | None = None
    ignore: Names = Field(default_factory=list)


class FieldChanges(Declared):
    """The table of changed field values."""

    lead: From | None = None
    field: From | None = None
    value: From | None = None
    at: From | None = None
    known_at: From | None = None


class Identity(Declared):
    """The table of merges."""

    old_id: From | None = None
    new_id: From | None = None
    at: From | None = None
    known_at: From | None = None


class Outcomes(Declared):
    """One kind of statement that a row of an outcomes file can make; `kind` is a constant or a column."""

    kind: Annotated[Column, BeforeValidator(_constant)]
    at: From
    lead: From | None = None
    email: From | None = None
    known_at: From | None = None
    modified_at: From | None = None
    row_id: From | None = None
    opportunity: From | None = None
    amount: From | None = None
    currency: From | None = None
    quantity: From | None = None
    reason: From | None = None
    owner: From | None = None

    @field_validator("kind")
    @classmethod
    def known_kinds(cls, value: Column) -> Column:
        """Only the kinds of the closed list."""
        return _kinds(value)

    @model_validator(mode="after")
    def about_somebody(self) -> Self:
        """A lead's id or an e-mail is needed."""
        if self.lead is None and self.email is None:
            raise ValueError("an outcome needs 'lead' or 'email' to find its lead")
        return self


Table = Leads | Events | FieldChanges | Identity


class Mapping(Declared):
    """A preset, or a lab's own mapping. `source` names the system in every fact's key; it defaults to `id`."""

    kind: Literal["crm-preset/v1"]
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    title: str = ""
    source: str | None = None
    timezone: str | None = None
    encoding: str | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    decimal: Literal[".", ","] = "."
    formats: Names = Field(default_factory=list)
    personal: Names = Field(default_factory=list)
    leads: Leads | None = None
    events: Events | None = None
    field_changes: FieldChanges | None = None
    identity: Identity | None = None
    outcomes: Annotated[list[Outcomes], Field(min_length=1)] | None = None

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, value: str | None) -> str | None:
        """An IANA name."""
        try:
            return value if value is None else ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"'{value}' is not an IANA time zone, such as Europe/Berlin") from error

    @field_validator("encoding")
    @classmethod
    def known_encoding(cls, value: str | None) -> str | None:
        """A text encoding Python knows."""
        try:
            if value is not None:
                "é".encode(value)
        except LookupError as error:
            raise ValueError(f"'{value}' is not an encoding, such as utf-8 or latin-1") from error
        except UnicodeEncodeError:
            return value
        return value

    @property
    def system(self) -> str:
        """The system in every fact's key."""
        return normalise(self.source or self.id)

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of times written without one, None where it is not stated."""
        return None if self.timezone is None else ZoneInfo(self.timezone)


PRESETS = ("csv",)


@cache
def load_preset(name: str) -> Mapping:
    """A preset shipped with mqlab; an unknown name is an InputError with the nearest one.

    Example:
        >>> load_preset("csv").leads.id.column
        ['lead_id', 'id']
    """
    if name not in PRESETS:
        hint = nearest(name, PRESETS) or f"Presets: {', '.join(PRESETS)}."
        raise InputError(f"there is no preset '{name}'.", code="UnknownPreset", hint=hint)
    text = resources.files("mqlab.crm").joinpath("presets", f"{name}.yaml").read_text(encoding="utf-8")
    return _read(read_yaml(text, file=f"{name}.yaml"), file=f"{name}.yaml")


def load_mapping(path: Path, preset: Mapping) -> Mapping:
    """A lab's mapping file on top of a preset: what it names replaces the preset's name, the rest stands.

    Raises ProblemsFound with every unknown key and wrong value, each at its line.
    """
    own = _read(read_yaml_file(path), file=str(path))
    return overridden(preset, own)


def overridden(preset: Mapping, own: Mapping) -> Mapping:
    """`own` on top of `preset`, table by table and name by name; outcomes are replaced whole."""
    below, above = preset.model_dump(exclude_unset=True), own.model_dump(exclude_unset=True)
    merged: dict[str, Any] = {**below, **above}
    for table in ("leads", "events", "field_changes", "identity"):
        if table in below and table in above:
            merged[table] = {**below[table], **above[table]}
    return Mapping.model_validate(merged)


def _read(node: Any, *, file: str) -> Mapping:
    found, problems = read_as(Mapping, node)
    if found is None:
        raise ProblemsFound(problems or [InputError("the mapping cannot be read.", place=Place(file)).problem])
    return found


def named_columns(table: AnyMapping[str, Any]) -> dict[str, Column]:
    """The named columns of a table's declaration: key → column."""
    return {key: value for key, value in table.items() if isinstance(value, Column)}
