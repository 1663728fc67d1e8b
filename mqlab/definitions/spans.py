"""The range of values a number can take, and arithmetic on ranges."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from mqlab.definitions.model import FieldDecl
from mqlab.definitions.tree import (
    AccountCount,
    And,
    Arithmetic,
    Channel,
    Compare,
    Count,
    DaysSince,
    FieldRef,
    GradeLiteral,
    GradeRef,
    Greatest,
    LabelLiteral,
    Least,
    Log1p,
    Log10,
    Member,
    Missing,
    Negate,
    Node,
    Not,
    NumberLiteral,
    Or,
    Probability,
    PropRef,
    ScoreRef,
    Sum,
    TextLiteral,
    TextTest,
    TruthLiteral,
)
from mqlab.leads.instants import DAY_US


@dataclass(frozen=True, slots=True)
class Span:
    """Every value lies in [low, high]; ends may be infinite."""

    low: float
    high: float

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)

    def times(self, other: Span) -> Span:
        """The range of a product; nothing times anything is nothing."""
        products = [_product(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Span(min(products), max(products))

    def scaled(self, factor: float) -> Span:
        """The range of a multiple."""
        return self.times(Span(factor, factor))

    def clamped(self, low: float | None, high: float | None) -> Span:
        """The range after bounding; None does not bound.

        Example:
            >>> Span(-35.0, 71.0).clamped(0.0, None)
            Span(low=0.0, high=71.0)
        """
        least = -math.inf if low is None else low
        most = math.inf if high is None else high
        return Span(min(max(self.low, least), most), min(max(self.high, least), most))

    def with_zero(self) -> Span:
        """The range when nothing is possible too."""
        return Span(min(self.low, 0.0), max(self.high, 0.0))


ANY = Span(-math.inf, math.inf)
ZERO = Span(0.0, 0.0)
TRUTH = Span(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about the names an expression may read: declared fields and what scores can reach."""

    fields: Mapping[str, FieldDecl] = field(default_factory=dict)
    scores: Mapping[str, Span] = field(default_factory=dict)
    grades: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ranks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    below_grades: frozenset[str] = frozenset()
    probability: Span = TRUTH


def hull(spans: Iterable[Span]) -> Span:
    """The smallest range that holds all of them; at least one."""
    found = tuple(spans)
    return Span(min(span.low for span in found), max(span.high for span in found))


def most_events(channel: Channel) -> float:
    """How many events a channel can count at most: by `max_count`, and by its days when it counts one a day.

    A window of W days touches at most W + 2 local dates (one more than in UTC, for a day that clocks make longer).

    Example:
        >>> most_events(Channel("page_view", max_count=3)), most_events(Channel("page_view"))
        (3.0, inf)
    """
    most = math.inf if channel.max_count is None else float(channel.max_count)
    if channel.distinct_day and channel.within_us is not None:
        most = min(most, float(math.ceil(channel.within_us / DAY_US) + 2))
    return most


def span_of(node: Node, known: Known) -> Span:
    """The range of a number-valued node, where it is known at all; a condition is 0 or 1.

    Example:
        >>> span_of(Arithmetic("-", NumberLiteral(100.0), ScoreRef("bant")), Known(scores={"bant": Span(0.0, 80.0)}))
        Span(low=20.0, high=100.0)
    """
    match node:
        case NumberLiteral(value=value):
            return Span(value, value)
        case FieldRef() | PropRef() | Sum():
            return ANY
        case ScoreRef(name=name):
            return known.scores.get(name, ANY)
        case Probability():
            return known.probability
        case Count(channel=channel):
            return Span(0.0, most_events(channel))
        case AccountCount():
            return Span(0.0, math.inf)
        case DaysSince(channel=channel):
            return Span(0.0, math.inf if channel.within_us is None else float(channel.within_us // DAY_US))
        case Arithmetic(op=op, left=left, right=right):
            a, b = span_of(left, known), span_of(right, known)
            return a.times(b) if op == "*" else a + (b if op == "+" else b.scaled(-1.0))
        case Negate(arg=arg):
            return span_of(arg, known).scaled(-1.0)
        case Log1p(arg=arg):
            return _logarithm(span_of(arg, known), shift=1.0, scale=1.0)
        case Log10(arg=arg):
            return _logarithm(span_of(arg, known), shift=0.0, scale=math.log(10.0))
        case Least(args=args):
            spans = [span_of(arg, known) for arg in args]
            return Span(min(span.low for span in spans), min(span.high for span in spans))
        case Greatest(args=args):
            spans = [span_of(arg, known) for arg in args]
            return Span(max(span.low for span in spans), max(span.high for span in spans))
        case TruthLiteral(value=value):
            return Span(float(value), float(value))
        case Compare() | Member() | Missing() | TextTest() | And() | Or() | Not():
            return TRUTH
        case TextLiteral() | LabelLiteral() | GradeRef() | GradeLiteral():
            return ANY
        case _:
            assert_never(node)


def _product(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _logarithm(span: Span, *, shift: float, scale: float) -> Span:
    low, high = span.low + shift, span.high + shift
    return Span(
        math.log(low) / scale if low > 0 else -math.inf,
        (math.log(high) / scale if math.isfinite(high) else math.inf) if high > 0 else -math.inf,
    )
