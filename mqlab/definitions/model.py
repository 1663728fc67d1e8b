"""A bound definition: the frozen meaning of one `definitions/<id>@<version>.yaml`.

Everything is resolved: `extends` and lists are inlined, names bound, types checked, durations are integer
microseconds, text is normalised (ids, grade labels and classify labels keep their spelling).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mqlab.definitions.tree import Channel, Expression
from mqlab.errors import Place
from mqlab.leads.values import ValueType


@dataclass(frozen=True, slots=True)
class EnumLabel:
    """One label of an enum: normalised, as written, and its declared value (None for a list-form enum)."""

    label: str
    display: str
    value: float | None


@dataclass(frozen=True, slots=True)
class FieldDecl:
    """A declared field. `default_label`: an enum's `missing:`; `impute`: a number's."""

    name: str
    kind: ValueType
    labels: tuple[EnumLabel, ...] = ()
    default_label: str | None = None
    impute: float | None = None
    pii: bool = False


@dataclass(frozen=True, slots=True)
class PropDecl:
    """A declared property of an event."""

    name: str
    kind: ValueType
    labels: tuple[EnumLabel, ...] = ()


@dataclass(frozen=True, slots=True)
class EventDecl:
    """A declared event with its properties."""

    name: str
    props: tuple[PropDecl, ...] = ()


@dataclass(frozen=True, slots=True)
class HalfLife:
    """Points × 2^(−Δ/h), nothing beyond 64 half-lives."""

    half_life_us: int


@dataclass(frozen=True, slots=True)
class Linear:
    """Points × max(0, 1 − Δ/L)."""

    length_us: int


@dataclass(frozen=True, slots=True)
class Steps:
    """Points × the factor of the last boundary ≤ Δ (1 before the first); factors never rise."""

    steps: tuple[tuple[int, float], ...]


Decay = HalfLife | Linear | Steps


@dataclass(frozen=True, slots=True)
class BandsRule:
    """Points by half-open bands [low, high) of a number; gaps give 0."""

    id: str
    field: str
    bands: tuple[tuple[float | None, float | None, float], ...]
    cap: float | None = None


@dataclass(frozen=True, slots=True)
class MapRule:
    """Points by value of a text, enum or bool; `default` for present values not in the map; a missing field gives 0."""

    id: str
    field: str
    points: tuple[tuple[str | bool, float], ...]
    default: float = 0.0
    cap: float | None = None


@dataclass(frozen=True, slots=True)
class WordsRule:
    """Points of the first choice one of whose words occurs; the words are stored spaced."""

    id: str
    field: str
    choices: tuple[tuple[tuple[str, ...], float], ...]
    cap: float | None = None


@dataclass(frozen=True, slots=True)
class EventRule:
    """Points per counted event of the channel, decayed by age."""

    id: str
    channel: Channel
    points: float
    decay: Decay | None = None
    cap: float | None = None


@dataclass(frozen=True, slots=True)
class AbsenceRule:
    """Points while none of the events has occurred for `of_us`."""

    id: str
    events: tuple[str, ...]
    of_us: int
    points: float
    cap: float | None = None


@dataclass(frozen=True, slots=True)
class WhenRule:
    """Points while an expression is true."""

    id: str
    when: Expression
    points: float
    cap: float | None = None


@dataclass(frozen=True, slots=True)
class WeightRule:
    """weight × value of an enum (its declared value) or a bool (1/0); missing adds 0. Its id is the field's name."""

    id: str
    field: str
    weight: float


Rule = BandsRule | MapRule | WordsRule | EventRule | AbsenceRule | WhenRule | WeightRule


@dataclass(frozen=True, slots=True)
class Group:
    """Rules added up, then bounded."""

    name: str | None
    rules: tuple[Rule, ...]
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Groups added up, times `factor` (N / greatest attainable raw score under `scale_to: N`), bounded, rounded.

    A score written with `rules` or `weights` holds one unnamed group.
    """

    name: str
    groups: tuple[Group, ...]
    scale_to: float | None = None
    factor: float = 1.0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Grading:
    """Grades of a score: (label, inclusive lower bound), the best first."""

    score: str
    bounds: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition that keeps a lead back."""

    id: str
    when: Expression
    then: Literal["disqualify", "hold"]
    on_unknown: Literal["pass", "fail", "hold"] = "pass"
    forever: bool = False


@dataclass(frozen=True, slots=True)
class FastTrack:
    """A condition that qualifies round the score, never round a gate."""

    id: str
    when: Expression


@dataclass(frozen=True, slots=True)
class Matrix:
    """Which pairs (grade of `row_score`, grade of `column_score`) qualify; path `matrix:<row><column>`."""

    row_score: str
    column_score: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a model: an expression (a truth is 1/0, unknown adds 0 and is listed) and its coefficient."""

    feature: Expression
    coefficient: float


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """probability = 1 / (1 + exp(−(intercept + Σ coefficient·feature)))."""

    intercept: float
    terms: tuple[Term, ...]
    trained: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Nurture:
    """Labels a lead that is not an MQL with a track."""

    when: Expression
    track: str


@dataclass(frozen=True, slots=True)
class Label:
    """One entry of `classify`; the first that is true gives its label."""

    label: str
    when: Expression


@dataclass(frozen=True, slots=True)
class Handoff:
    """What sales promised: microseconds to the first touch and to the decision; None where not stated."""

    first_touch_us: int | None = None
    decide_within_us: int | None = None


@dataclass(frozen=True, slots=True)
class Requalify:
    """When the latch opens again after a recycled lead, and how many qualifications there may be in all."""

    cooldown_us: int
    max: int


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of a definition, bound. `ref` is `id@version`."""

    id: str
    version: str
    title: str = ""
    owner: str = ""
    changelog: str = ""
    timezone: str = "UTC"
    fields: tuple[FieldDecl, ...] = ()
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    events: tuple[EventDecl, ...] = ()
    ignore_events: Expression | None = None
    gates: tuple[Gate, ...] = ()
    scores: tuple[Score, ...] = ()
    grades: tuple[Grading, ...] = ()
    model: LogisticModel | None = None
    qualify: Expression | Matrix | None = None
    fast_track: tuple[FastTrack, ...] = ()
    nurture: Nurture | None = None
    classify: tuple[Label, ...] = ()
    handoff: Handoff | None = None
    requalify: Requalify | None = None
    null_tokens: tuple[str, ...] = ()
    extends: str | None = None
    file: str | None = None
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)
    """Where each part stands in its file, no part of the meaning. Keys are dotted paths of keys, with the id of an item
    where it has one and its index where it has none: `gates.competitor.when`, `scores.fit.groups.role.rules.seniority`,
    `classify.0.label`, `model.terms.2.coef`. A key is there iff the file (or its parent) states it, so
    `gates.competitor.on_unknown` in `places` tells that the gate says it."""

    @property
    def ref(self) -> str:
        """`id@version`, as experiments and commands name it."""
        return f"{self.id}@{self.version}"
