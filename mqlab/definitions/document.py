"""A definition file as it is written: keys and plain values, checked for shape before anything is bound.

Every key of the language is declared here once; the JSON Schema for editors is made from the same classes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from mqlab.definitions.durations import parse_duration

KIND = "mql-definition/v1"
VERSION = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")
DEFINITION_ID = r"^[a-z0-9][a-z0-9_-]{0,99}$"
NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,99}$"
ITEM_ID = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$"
REF = r"^[a-z0-9][a-z0-9_-]{0,99}@[0-9]+\.[0-9]+\.[0-9]+$"


VERSION_IS_NUMBER = "YAML reads this version as a number: write three parts, MAJOR.MINOR.PATCH, such as 1.10.0"


def _version(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(VERSION_IS_NUMBER)
    if isinstance(value, str) and not VERSION.fullmatch(value):
        raise ValueError(f"'{value}' is no version: write MAJOR.MINOR.PATCH, such as 1.10.0")
    return value


def _duration(value: object) -> object:
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError("a length of time needs a unit (s, m, h, d or w), such as 90d")


Version = Annotated[
    str, BeforeValidator(_version), WithJsonSchema({"type": "string", "pattern": f"^{VERSION.pattern}$"})
]
Duration = Annotated[
    int,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?[smhdw]$", "examples": ["90d", "4h"]}),
]
PositiveDuration = Annotated[Duration, Field(gt=0)]
Number = Annotated[float, Field(allow_inf_nan=False)]
ExpressionText = Annotated[str, Field(description="An expression, in quotes.")]
Name = Annotated[str, Field(pattern=NAME)]
ItemId = Annotated[str, Field(pattern=ITEM_ID)]
Ref = Annotated[str, Field(pattern=REF)]
TypeName = Literal["number", "string", "bool", "enum"]
EnumValues = list[str] | dict[str, Number]


def _by_key(*keys: str) -> Discriminator:
    """Chooses among several shapes by the first of `keys` that is there; the tag, `by <key>`, is never a key itself."""

    def tag(value: object) -> str | None:
        if isinstance(value, Mapping):
            return next((f"by {key}" for key in keys if key in value), None)
        return None

    message = f"one of these keys is needed here: {', '.join(keys)}"
    return Discriminator(tag, custom_error_type="needs_one_key", custom_error_message=message)


class Spec(BaseModel):
    """A mapping of a file: unknown keys are refused, values are what they are written as."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ImputeSpec(Spec):
    """The number that stands in for a missing one."""

    impute: Number


class FieldSpec(Spec):
    """A field of the lead, with its type."""

    type: TypeName
    values: EnumValues | None = Field(None, description="An enum's labels, as a list or with their values.")
    missing: str | ImputeSpec | None = Field(None, description="An enum's default label, or {impute: number}.")
    pii: bool = Field(False, description="Personal data: never shown in reports.")


class PropSpec(Spec):
    """A property of an event, with its type."""

    type: TypeName
    values: EnumValues | None = None


class EventSpec(Spec):
    """An event, with the properties that conditions may read."""

    props: dict[Name, TypeName | PropSpec] = {}


class GateSpec(Spec):
    """A condition that keeps a lead back."""

    id: ItemId
    when: ExpressionText
    then: Literal["disqualify", "hold"]
    on_unknown: Literal["pass", "fail", "hold"] = "pass"
    forever: bool = False


class HalfLifeSpec(Spec):
    """Points halve every `half_life`."""

    half_life: PositiveDuration


class LinearSpec(Spec):
    """Points go down in a straight line to nothing."""

    linear: PositiveDuration


class StepsSpec(Spec):
    """Points are multiplied by the factor of the last boundary reached."""

    steps: Annotated[list[Annotated[tuple[Duration, Number], Field(strict=False)]], Field(min_length=1)]


DecaySpec = Annotated[
    Annotated[HalfLifeSpec, Tag("by half_life")]
    | Annotated[LinearSpec, Tag("by linear")]
    | Annotated[StepsSpec, Tag("by steps")],
    _by_key("half_life", "linear", "steps"),
]


class RuleSpec(Spec):
    """What all rules have."""

    id: ItemId
    cap: Annotated[Number, Field(gt=0)] | None = Field(
        None, description="The most points, either way, this rule gives."
    )


class BandsSpec(RuleSpec):
    """Points by bands [low, high) of a number."""

    field: str
    bands: Annotated[
        list[Annotated[tuple[Number | None, Number | None, Number], Field(strict=False)]],
        Field(min_length=1, max_length=1_000),
    ]


class MapSpec(RuleSpec):
    """Points by value."""

    field: str
    map: Annotated[dict[str | bool, Number], Field(min_length=1)]
    default: Number = Field(0.0, description="Points of a value that the map does not list.")


class WordsSpec(RuleSpec):
    """Points of the first choice one of whose words occurs."""

    field: str
    words: Annotated[
        list[Annotated[tuple[Annotated[list[str], Field(min_length=1)], Number], Field(strict=False)]],
        Field(min_length=1),
    ]


class EventRuleSpec(RuleSpec):
    """Points per event."""

    event: str
    points: Number
    where: ExpressionText | None = None
    distinct: Literal["day"] | None = Field(None, description="At most one event of each local day.")
    max_count: Annotated[int, Field(ge=1)] | None = None
    within: PositiveDuration | None = None
    decay: DecaySpec | None = None


class AbsenceSpec(RuleSpec):
    """Points while none of the events happened."""

    absence: Annotated[list[str], Field(min_length=1)]
    of: PositiveDuration
    points: Number


class WhenSpec(RuleSpec):
    """Points while an expression is true."""

    when: ExpressionText
    points: Number


AnyRuleSpec = Annotated[
    Annotated[BandsSpec, Tag("by bands")]
    | Annotated[MapSpec, Tag("by map")]
    | Annotated[WordsSpec, Tag("by words")]
    | Annotated[EventRuleSpec, Tag("by event")]
    | Annotated[AbsenceSpec, Tag("by absence")]
    | Annotated[WhenSpec, Tag("by when")],
    _by_key("bands", "map", "words", "event", "absence", "when"),
]


class GroupSpec(Spec):
    """Rules added up, then bounded."""

    rules: Annotated[list[AnyRuleSpec], Field(min_length=1)]
    min: Number | None = None
    max: Number | None = None


class ScoreSpec(Spec):
    """A score: `groups`, or `rules`, or `weights`."""

    groups: Annotated[dict[Name, GroupSpec], Field(min_length=1)] | None = None
    rules: Annotated[list[AnyRuleSpec], Field(min_length=1)] | None = None
    weights: Annotated[dict[str, Number], Field(min_length=1)] | None = None
    scale_to: Annotated[Number, Field(gt=0)] | None = None
    range: Annotated[tuple[Number | None, Number | None], Field(strict=False)] | None = None


class MatrixSpec(Spec):
    """Which pairs of grades qualify: rows by the one score's grade, listing the other's."""

    matrix: Annotated[dict[str, list[str]], Field(min_length=1)]


class FastTrackSpec(Spec):
    """A condition that qualifies round the score."""

    id: ItemId
    when: ExpressionText


class TermSpec(Spec):
    """One term of a model."""

    feature: ExpressionText
    coef: Number


class ModelSpec(Spec):
    """A logistic model."""

    type: Literal["logistic"]
    intercept: Number
    terms: Annotated[list[TermSpec], Field(min_length=1)]
    trained: dict[str, Any] = Field({}, description="Where the coefficients come from; no part of the meaning.")


class NurtureSpec(Spec):
    """The track of leads that are not MQLs."""

    when: ExpressionText
    track: Annotated[str, Field(min_length=1)]


class LabelSpec(Spec):
    """One label of `classify`."""

    label: Annotated[str, Field(min_length=1)]
    when: ExpressionText


class HandoffSpec(Spec):
    """What sales promises."""

    first_touch: PositiveDuration | None = None
    decide_within: PositiveDuration | None = None


class RequalifySpec(Spec):
    """When a recycled lead may qualify again, and how often in all."""

    cooldown: Duration
    max: Annotated[int, Field(ge=1)]


class DefinitionSpec(Spec):
    """A definition of a marketing qualified lead."""

    kind: Literal["mql-definition/v1"]
    id: Annotated[str, Field(pattern=DEFINITION_ID)]
    version: Version
    title: str = ""
    owner: str = ""
    changelog: str = ""
    timezone: str = Field("UTC", description="For calendar days only, such as America/New_York.")
    extends: Ref | None = None
    fields: dict[Name, FieldSpec] = {}
    lists: dict[Name, Annotated[list[str], Field(min_length=1)]] = {}
    events: dict[Name, Annotated[EventSpec, BeforeValidator(lambda value: {} if value is None else value)]] = {}
    ignore_events: ExpressionText | None = None
    gates: list[GateSpec] = []
    scores: dict[Name, ScoreSpec] = {}
    grades: dict[str, Annotated[dict[str, Number], Field(min_length=1)]] = {}
    model: ModelSpec | None = None
    qualify: str | MatrixSpec | None = None
    fast_track: list[FastTrackSpec] = []
    nurture: NurtureSpec | None = None
    classify: list[LabelSpec] = []
    handoff: HandoffSpec | None = None
    requalify: RequalifySpec | None = None
