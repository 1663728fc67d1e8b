"""An experiment file as it is written: every key once, checked for shape before anything is resolved.

The JSON Schema for editors is made from the same classes.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from mqlab.definitions.durations import UNIT_US, parse_duration
from mqlab.experiments.protocol import Margin, MetricName

KIND = "mql-experiment/v1"
EXPERIMENT_ID = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
ARM_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$"
SALT = r"^[!-~]([ -~]{0,198}[!-~])?$"
NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LONGEST_DAYS = 3660


def percentage(value: object) -> Decimal:
    """`"5%"` as the exact decimal 0.05; anything else raises ValueError."""
    text = value.strip() if isinstance(value, str) else ""
    number = text.removesuffix("%").rstrip()
    if not text.endswith("%") or not NUMBER.fullmatch(number):
        raise ValueError(f"'{value}' is no percentage: write a number and the sign, such as 5%")
    return Decimal(number) / 100


def share(value: object) -> Decimal:
    """A percentage between 0% and 100%."""
    result = percentage(value)
    if result > 1:
        raise ValueError(f"'{value}' is more than 100%")
    return result


def margin(value: object) -> Margin:
    """`"10%"`: relative; `"3pp"`: percentage points. Greater than zero."""
    text = value.strip() if isinstance(value, str) else ""
    if text.endswith("pp") and NUMBER.fullmatch(text.removesuffix("pp").rstrip()):
        result = Margin(size=float(Decimal(text.removesuffix("pp").rstrip()) / 100), kind="points")
    elif text.endswith("%"):
        result = Margin(size=float(percentage(value)), kind="relative")
    else:
        raise ValueError(f"'{value}' is no margin: write a percentage (10%) or percentage points (3pp)")
    if not 0 < result.size < 1:
        raise ValueError(f"the margin '{value}' must be greater than 0 and less than 100")
    return result


def days(value: object) -> int:
    """`"60d"` as whole days, at least one."""
    if not isinstance(value, str):
        raise ValueError(f"a horizon needs its unit, such as {value}d")
    microseconds = parse_duration(value)
    if microseconds <= 0 or microseconds % UNIT_US["d"]:
        raise ValueError(f"'{value}' is no horizon: a whole number of days, at least 1d")
    result = microseconds // UNIT_US["d"]
    if result > LONGEST_DAYS:
        raise ValueError(f"'{value}' is longer than ten years")
    return result


def local_date(value: object) -> date:
    """`"2026-07-01"`."""
    if isinstance(value, str) and DATE.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(f"'{value}' is no day of the calendar") from None
    raise ValueError(f"'{value}' is no date: write YEAR-MONTH-DAY, such as 2026-07-01")


def day_or_instant(value: object) -> date | datetime:
    """A date (the start of its local day), or an instant with its offset."""
    if isinstance(value, str) and not DATE.fullmatch(value.strip()):
        try:
            instant = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(
                f"'{value}' is neither a date (2026-07-15) nor an instant (2026-07-15T08:00:00Z)"
            ) from None
        if instant.tzinfo is None:
            raise ValueError(f"the instant '{value}' has no time zone: add Z or an offset such as +02:00")
        return instant
    return local_date(value)


def length(value: object) -> int:
    """A length of time with its unit, in microseconds; greater than zero."""
    if not isinstance(value, str):
        raise ValueError("a length of time needs a unit (s, m, h, d or w), such as 60d")
    result = parse_duration(value)
    if result <= 0:
        raise ValueError(f"'{value}' must be longer than nothing")
    return result


def _text_schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


Percent = Annotated[Decimal, BeforeValidator(percentage), _text_schema(r"^[0-9]+(\.[0-9]+)? ?%$", "5%")]
Share = Annotated[Decimal, BeforeValidator(share), _text_schema(r"^[0-9]+(\.[0-9]+)? ?%$", "50%")]
MarginText = Annotated[Margin, BeforeValidator(margin), _text_schema(r"^[0-9]+(\.[0-9]+)? ?(%|pp)$", "10%", "3pp")]
Horizon = Annotated[int, BeforeValidator(days), _text_schema(r"^[0-9]+ ?[dw]$", "60d")]
Length = Annotated[int, BeforeValidator(length), _text_schema(r"^[0-9]+(\.[0-9]+)? ?[smhdw]$", "60d", "1h")]
Day = Annotated[date, BeforeValidator(local_date), WithJsonSchema({"type": "string", "format": "date"})]
DayOrInstant = Annotated[
    Any, BeforeValidator(day_or_instant), WithJsonSchema({"type": "string", "examples": ["2026-07-15"]})
]
MetricWord = Annotated[str, WithJsonSchema({"type": "string", "enum": list(get_args(MetricName))})]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, le=1e12)]
Cost = Annotated[float, Field(ge=0, allow_inf_nan=False, le=1e12)]
Currency = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]})]
ArmName = Annotated[str, Field(pattern=ARM_NAME)]
DefinitionRef = Annotated[str, Field(description="id@version", examples=["intent@2.1.0"])]


class Spec(BaseModel):
    """A mapping of a file: unknown keys are refused, values are what they are written as."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class EnrolmentSpec(Spec):
    """When leads are taken in; both days are included, in the time zone."""

    from_: Day = Field(alias="from")
    to: Day
    timezone: str | None = Field(None, description="The lab's own where it is not stated.")


class PhaseSpec(Spec):
    """From when on which share of the units takes part."""

    from_: DayOrInstant = Field(alias="from")
    coverage: Share


class ArmSpec(Spec):
    """One side of the experiment."""

    definition: DefinitionRef
    weight: Positive = 1.0


class MetricSpec(Spec):
    """A metric with what may be said of any of them."""

    metric: MetricWord
    horizon: Horizon | None = Field(None, description="Days after assignment within which an outcome counts.")
    cap: Positive | None = Field(None, description="Revenue of a deal counts up to here.")
    currency: Currency | None = None


class PrecisionSpec(Spec):
    """For `aim: efficiency`: what has to get better."""

    metric: MetricWord
    horizon: Horizon | None = None
    minimum_effect: Percent = Decimal(0)


class PrimarySpec(MetricSpec):
    """The one metric that decides."""

    minimum_effect: Percent | None = Field(
        None, description="The smallest relative effect that matters; 5% if not stated."
    )
    margin: MarginText | None = Field(None, description="Only for `aim: efficiency`: how much worse is acceptable.")
    precision: PrecisionSpec | None = Field(None, description="Only for `aim: efficiency`.")


class GuardrailSpec(MetricSpec):
    """What may not get worse by more than the margin."""

    margin: MarginText | None = None


BesideSpec = Annotated[
    Annotated[MetricWord, Tag("name")] | Annotated[MetricSpec, Tag("metric")],
    Discriminator(lambda value: "name" if isinstance(value, str) else "metric"),
]


class MetricsSpec(Spec):
    """What is asked of every arm."""

    primary: PrimarySpec
    then: list[MetricSpec] = Field([], description="Tested in this order once the primary is significant.")
    beside: list[BesideSpec] = Field([], description="Shown, never deciding.")
    guardrails: list[GuardrailSpec] = []


class LooksSpec(Spec):
    """When the data may be looked at for a decision."""

    dates: Annotated[list[Day], Field(min_length=1)]
    spending: Literal["obrien_fleming"] = "obrien_fleming"
    maximum_leads: Annotated[int, Field(ge=1, le=10**9)] | None = None


class CostsSpec(Spec):
    """What a lead costs by source, and what a handed-over MQL costs sales."""

    lead: dict[str, Cost] = {}
    mql: Cost | None = None
    currency: Currency | None = None


class ExperimentSpec(Spec):
    """The pre-registered protocol of one experiment."""

    kind: Literal["mql-experiment/v1"]
    id: Annotated[str, Field(pattern=EXPERIMENT_ID)]
    title: str = ""
    hypothesis: str = ""
    aim: Literal["growth", "efficiency"] = "growth"
    owner: str = ""
    unit: Literal["lead", "account"]
    salt: Annotated[str, Field(pattern=SALT, description="Never changes once the experiment runs.")]
    enrolment: EnrolmentSpec
    eligible: str | None = Field(None, description="An expression over fields and `source`, in quotes.")
    prior_handoff: Literal["out", "allow"] = Field("out", description="Accounts handed to sales before enrolment.")
    phases: Annotated[list[PhaseSpec], Field(min_length=1)] | None = None
    layer: Annotated[str, Field(pattern=SALT)] | None = None
    slice: list[Share] | None = Field(None, description="[from, to) of the layer.", examples=[["0%", "50%"]])
    control: str
    arms: dict[ArmName, ArmSpec] = Field(json_schema_extra={"minProperties": 2, "maxProperties": 10})
    qualify_within: Length
    handling: Literal["blinded", "open"] = "open"
    cadence: Length = UNIT_US["h"]
    metrics: MetricsSpec
    looks: LooksSpec
    alpha: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    segments: list[str] = []
    post_stratify: str | None = Field(
        None, description="A field, or `source`, known at assignment: rates per lead are compared level by level."
    )
    costs: CostsSpec | None = None
    overrides: dict[str, str] = Field({}, description="Units put into an arm for testing; never analysed.")
