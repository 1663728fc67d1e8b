"""Sets of values a condition asks for: numbers between two ends, or some of several choices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import assert_never

from mqlab.definitions.spans import Span
from mqlab.definitions.tree import (
    CompareOp,
    GradeLiteral,
    LabelLiteral,
    Node,
    NumberLiteral,
    TextLiteral,
    TruthLiteral,
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers between two ends, without some."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    holes: frozenset[float] = frozenset()


@dataclass(frozen=True, slots=True)
class Choices:
    """Labels, texts or truths: those allowed (None: any), without some."""

    allowed: frozenset[str | bool] | None = None
    excluded: frozenset[str | bool] = frozenset()


def numbers(op: CompareOp, value: float) -> Numbers:
    """The numbers that stand in this order to `value`."""
    match op:
        case "<" | "<=":
            return Numbers(high=value, high_open=op == "<")
        case ">" | ">=":
            return Numbers(low=value, low_open=op == ">")
        case "==":
            return Numbers(low=value, high=value)
        case "!=":
            return Numbers(holes=frozenset({value}))
        case _:
            assert_never(op)


def equality(op: CompareOp, value: str | bool) -> Choices:
    """The one value, or all but it."""
    return Choices(excluded=frozenset({value})) if op == "!=" else Choices(frozenset({value}))


def holds(op: CompareOp, left: float, right: float) -> bool:
    """Whether two numbers stand in this order."""
    return {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
        "==": left == right,
        "!=": left != right,
    }[op]


def spans_can_stand(op: CompareOp, left: Span, right: Span) -> bool:
    """Whether two ranges can stand in this order."""
    match op:
        case "<":
            return left.low < right.high
        case "<=":
            return left.low <= right.high
        case ">":
            return left.high > right.low
        case ">=":
            return left.high >= right.low
        case "==":
            return left.low <= right.high and right.low <= left.high
        case "!=":
            return not left.low == left.high == right.low == right.high
        case _:
            assert_never(op)


def membership(options: tuple[Node, ...], want: bool) -> Numbers | Choices:
    """What is among the options, or what is not; numbers only by the ends of theirs."""
    numbers = frozenset(option.value for option in options if isinstance(option, NumberLiteral))
    if numbers:
        return Numbers(min(numbers), max(numbers)) if want else Numbers(holes=numbers)
    named: set[str | bool] = set()
    for option in options:
        match option:
            case TextLiteral(value=value) | TruthLiteral(value=value):
                named.add(value)
            case LabelLiteral(label=label) | GradeLiteral(label=label):
                named.add(label)
    return Choices(frozenset(named)) if want else Choices(excluded=frozenset(named))


def some_number(domains: list[Numbers], *, whole: bool) -> bool:
    """Whether a number (a whole one) lies in all of them."""
    low = max(domain.low for domain in domains)
    high = min(domain.high for domain in domains)
    low_open = any(domain.low_open and domain.low == low for domain in domains)
    high_open = any(domain.high_open and domain.high == high for domain in domains)
    holes = frozenset().union(*(domain.holes for domain in domains))
    if whole and math.isfinite(low):
        low = math.floor(low) + 1 if low_open else math.ceil(low)
        low_open = False
        while low in holes:
            low += 1
        if math.isfinite(high):
            high = math.ceil(high) - 1 if high_open else math.floor(high)
            high_open = False
    if low > high:
        return False
    return low < high or not (low_open or high_open or low in holes)


def some_choice(domains: list[Choices]) -> bool:
    """Whether a choice is left that all of them allow."""
    allowed: frozenset[str | bool] | None = None
    excluded = frozenset().union(*(domain.excluded for domain in domains))
    for domain in domains:
        if domain.allowed is not None:
            allowed = domain.allowed if allowed is None else allowed & domain.allowed
    return allowed is None or bool(allowed - excluded)
