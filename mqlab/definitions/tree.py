"""The bound expression tree: frozen nodes with every name resolved and every type checked.

One tree, several readers (evaluate, describe, fingerprint, compile); each ends its `match` in `assert_never`, so a
new node fails type checking in every reader. All text in nodes is normalised; durations are integer microseconds.

A value is a number (float), text (str), a truth (bool) or unknown (None). A *condition* is a node whose value is a
truth or unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mqlab.leads.values import ValueType

CompareOp = Literal["<", "<=", ">", ">=", "==", "!="]
ArithmeticOp = Literal["+", "-", "*"]
TextTestKind = Literal["has_word", "contains", "startswith", "endswith"]


class Direction(StrEnum):
    """How a value may move between two candidate instants (definitions.md 3.3)."""

    CONSTANT = "constant"
    FALLING = "falling"
    RISING = "rising"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class NumberLiteral:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class TextLiteral:
    """Normalised text."""

    value: str


@dataclass(frozen=True, slots=True)
class TruthLiteral:
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class LabelLiteral:
    """A label of an enum; `value` is its declared number, None for a list-form enum (which has no order)."""

    label: str
    value: float | None


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A declared field of the lead, after its default. `source` is always declared as text."""

    name: str
    kind: ValueType


@dataclass(frozen=True, slots=True)
class PropRef:
    """A declared property of the event a condition is read on."""

    name: str
    kind: ValueType


@dataclass(frozen=True, slots=True)
class ScoreRef:
    """A score by name, already rounded to nine decimals."""

    name: str


@dataclass(frozen=True, slots=True)
class GradeRef:
    """`grade(score)`: unknown where the score is below every grade."""

    score: str


@dataclass(frozen=True, slots=True)
class GradeLiteral:
    """A grade's label beside `grade(...)`; a better grade has the greater rank (0 is the worst)."""

    label: str
    rank: int


@dataclass(frozen=True, slots=True)
class Probability:
    """The model's probability, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Which events are looked at: by name, condition, window, one a local day, only the latest `max_count`.

    `where` reads the event's properties; `within_us` None means no window.
    """

    event: str
    where: Node | None = None
    within_us: int | None = None
    distinct_day: bool = False
    max_count: int | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """`count(event, conditions…, within=, distinct='day')`: a whole number, 0 over none."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Sum:
    """`sum(event, prop, conditions…, within=)`: skips events whose property is unknown, 0 over none."""

    channel: Channel
    prop: str


@dataclass(frozen=True, slots=True)
class DaysSince:
    """Whole days of 86 400 s since the latest matching event; unknown if none."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class AccountCount:
    """`account.count(…)`: as Count, over all leads of the account."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left op right` on numbers; unknown where either is."""

    op: ArithmeticOp
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negate:
    """`-arg`."""

    arg: Node


@dataclass(frozen=True, slots=True)
class Log1p:
    """Natural logarithm of 1 + arg; unknown for arg ≤ −1."""

    arg: Node


@dataclass(frozen=True, slots=True)
class Log10:
    """Decimal logarithm; unknown for arg ≤ 0."""

    arg: Node


@dataclass(frozen=True, slots=True)
class Least:
    """`min(…)`; unknown where any argument is unknown."""

    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Greatest:
    """`max(…)`; unknown where any argument is unknown."""

    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`, unknown where either side is.

    Numbers: by value; `rounded` says that both sides are rounded to nine decimals, half up, first (continuous
    numbers: probability, sums, arithmetic, logarithms). Text and bools: only `==` and `!=`. Enums: `==` and `!=`
    compare labels, the order compares declared values. Grades: ranks.
    """

    op: CompareOp
    left: Node
    right: Node
    rounded: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """`item in [options]`, unknown where the item is; `not in` is `Not(Member(…))`. Never empty."""

    item: Node
    options: tuple[NumberLiteral | TextLiteral | LabelLiteral | GradeLiteral | TruthLiteral, ...]
    list_name: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """`missing(f)` of the raw value, before defaults; never unknown."""

    field: str


@dataclass(frozen=True, slots=True)
class TextTest:
    """`has_word`, `contains`, `startswith`, `endswith`: true for any of `texts`; unknown on a missing subject.

    For `has_word` the texts are stored already spaced (`mqlab.leads.text.spaced`).
    """

    test: TextTestKind
    subject: FieldRef | PropRef
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class And:
    """False wins over unknown."""

    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True wins over unknown."""

    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Unknown stays unknown."""

    arg: Node


Node = (
    NumberLiteral
    | TextLiteral
    | TruthLiteral
    | LabelLiteral
    | FieldRef
    | PropRef
    | ScoreRef
    | GradeRef
    | GradeLiteral
    | Probability
    | Count
    | Sum
    | DaysSince
    | AccountCount
    | Arithmetic
    | Negate
    | Log1p
    | Log10
    | Least
    | Greatest
    | Compare
    | Member
    | Missing
    | TextTest
    | And
    | Or
    | Not
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A bound expression with the text it was written as (for display only; meaning is in `tree`)."""

    text: str
    tree: Node
