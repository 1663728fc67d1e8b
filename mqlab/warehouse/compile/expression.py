"""Three-valued logic as columns: an expression tree becomes one Ibis value, null where it is unknown.

The counterpart of `mqlab.definitions.logic`; what a leaf reads is told by the caller. Numbers are doubles, and a
continuous number is compared in billionths, so that every engine and the evaluator agree (engine-notes section 2).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, assert_never

import ibis
from ibis.expr import types as ir

from mqlab.definitions.logic import continuous, quantise
from mqlab.definitions.tree import (
    AccountCount,
    And,
    Arithmetic,
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

LARGEST = 9e9
"""Beyond it a double has no billionths that an `int64` could hold; such a number is compared as it is."""
LARGEST_DOUBLE, TINY = sys.float_info.max, 1e-150


class Leaves:
    """How the leaves of a tree are read; a leaf that has no meaning there raises TypeError."""

    def leaf(self, node: Node) -> ir.Value:
        """A leaf's column."""
        raise TypeError(f"{type(node).__name__} cannot be read here")

    def declared(self, ref: FieldRef | PropRef) -> ir.Value:
        """The number an enum's label stands for."""
        raise TypeError(f"the enum '{ref.name}' has no order here")

    def spaced(self, ref: FieldRef | PropRef) -> ir.Value:
        """A text with every run of other characters as one space, for `has_word`."""
        raise TypeError(f"'{ref.name}' cannot be searched for words here")

    def known(self, node: Node) -> ir.Value | None:  # noqa: ARG002
        """The column of a whole subtree where it has been computed already."""
        return None


def number(value: float) -> ir.Value:
    """A literal double, written as text: engines would take a bare literal for a decimal, and add 0.1 as one."""
    return ibis.literal(repr(float(value))).cast("float64")


def truth(*, value: bool) -> ir.Value:
    """A literal truth."""
    return ibis.literal(value)


def billionths(value: ir.Value) -> ir.Value:
    """A continuous number as it is compared: ⌊x·1e9 + 0.5⌋, a double that holds an integer."""
    scaled = value * number(1e9) + number(0.5)
    return ibis.ifelse(value.abs() < number(LARGEST), scaled.floor().cast("float64"), scaled)


def nine_decimals(value: ir.Value) -> ir.Value:
    """A number at nine decimals, half up."""
    scaled = (value * number(1e9) + number(0.5)).floor().cast("float64") / number(1e9)
    return ibis.ifelse(value.abs() < number(LARGEST), scaled, value)


def compile_node(node: Node, leaves: Leaves) -> ir.Value:
    """The column that holds the value of `node`; null is unknown."""
    done = leaves.known(node)
    if done is not None:
        return done
    match node:
        case NumberLiteral(value=value):
            return number(value)
        case TruthLiteral(value=value):
            return truth(value=value)
        case TextLiteral(value=text) | LabelLiteral(label=text):
            return ibis.literal(text)
        case GradeLiteral(rank=rank):
            return number(rank)
        case (
            FieldRef()
            | PropRef()
            | ScoreRef()
            | GradeRef()
            | Probability()
            | Count()
            | Sum()
            | DaysSince()
            | AccountCount()
            | Missing()
        ):
            return leaves.leaf(node)
        case Arithmetic(op=op, left=left, right=right):
            return _arithmetic(op, compile_node(left, leaves), compile_node(right, leaves))
        case Negate(arg=arg):
            return -compile_node(arg, leaves)
        case Log1p(arg=arg):
            value = compile_node(arg, leaves)
            return (ibis.ifelse(value > number(-1), value, ibis.null("float64")) + number(1)).ln()
        case Log10(arg=arg):
            value = compile_node(arg, leaves)
            return ibis.ifelse(value > number(0), value, ibis.null("float64")).log10()
        case Least(args=args):
            return _extreme(ibis.least, [compile_node(arg, leaves) for arg in args])
        case Greatest(args=args):
            return _extreme(ibis.greatest, [compile_node(arg, leaves) for arg in args])
        case Compare():
            return _compare(node, leaves)
        case Member():
            return _member(node, leaves)
        case TextTest():
            return _text_test(node, leaves)
        case And(args=args):
            return reduce(lambda one, other: one & other, [compile_node(arg, leaves) for arg in args])
        case Or(args=args):
            return reduce(lambda one, other: one | other, [compile_node(arg, leaves) for arg in args])
        case Not(arg=arg):
            return ~compile_node(arg, leaves)
        case _:
            assert_never(node)


def _arithmetic(op: str, left: ir.Value, right: ir.Value) -> ir.Value:
    """A result that leaves the doubles is unknown; PostgreSQL would raise an error instead of returning infinity."""
    match op:
        case "+" | "-":
            total = left + right if op == "+" else left - right
            half = left / number(2) + right / number(2) if op == "+" else left / number(2) - right / number(2)
            return ibis.ifelse(half.abs() <= number(LARGEST_DOUBLE / 2), total, ibis.null("float64"))
        case _:
            return product(left, right)


def product(left: ir.Value, right: ir.Value) -> ir.Value:
    """`left` times `right`; unknown where it leaves the doubles, 0 where it is too small for one."""
    one, other = left.abs(), right.abs()
    tiny = (one < number(1)) & (other < number(1)) & ((one < number(TINY)) | (other < number(TINY)))
    fits = other <= number(LARGEST_DOUBLE) / ibis.greatest(one, number(1))
    return ibis.cases((tiny, number(0)), (fits, left * right), else_=ibis.null("float64"))


def _extreme(choose: Callable[..., ir.Value], args: Sequence[ir.Value]) -> ir.Value:
    """Engines skip nulls in LEAST and GREATEST; here one unknown makes all unknown."""
    known = reduce(lambda one, other: one & other, [arg.notnull() for arg in args])
    return ibis.ifelse(known, choose(*args), ibis.null("float64"))


COMPARE: dict[str, Callable[[ir.Value, ir.Value], ir.Value]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
}


def _side(node: Node, leaves: Leaves, *, ordered: bool, rounded: bool) -> ir.Value:
    if ordered and isinstance(node, LabelLiteral):
        return ibis.null("float64") if node.value is None else number(node.value)
    if ordered and isinstance(node, FieldRef | PropRef) and node.kind == "enum":
        return leaves.declared(node)
    if isinstance(node, NumberLiteral):
        return number(quantise(node.value) if rounded else node.value)
    value = compile_node(node, leaves)
    return billionths(value) if rounded else value


def _compare(node: Compare, leaves: Leaves) -> ir.Value:
    ordered = node.op not in ("==", "!=")
    left = _side(node.left, leaves, ordered=ordered, rounded=node.rounded)
    right = _side(node.right, leaves, ordered=ordered, rounded=node.rounded)
    return COMPARE[node.op](left, right)


def _member(node: Member, leaves: Leaves) -> ir.Value:
    rounded = continuous(node.item)
    item = _side(node.item, leaves, ordered=False, rounded=rounded)
    options: list[Any] = [_constant(option, rounded=rounded) for option in node.options]
    if all(isinstance(option, str) for option in options):
        return item.isin(sorted(set(options)))
    return reduce(lambda one, other: one | other, [item == _literal(option) for option in dict.fromkeys(options)])


def _constant(
    option: NumberLiteral | TextLiteral | LabelLiteral | GradeLiteral | TruthLiteral, *, rounded: bool
) -> float | str | bool:
    match option:
        case NumberLiteral(value=value):
            return quantise(value) if rounded else value
        case TextLiteral(value=text) | LabelLiteral(label=text):
            return text
        case GradeLiteral(rank=rank):
            return rank
        case TruthLiteral(value=flag):
            return flag
        case _:
            assert_never(option)


def _literal(value: float | str | bool) -> ir.Value:
    if isinstance(value, bool):
        return truth(value=value)
    return ibis.literal(value) if isinstance(value, str) else number(value)


def _text_test(node: TextTest, leaves: Leaves) -> ir.Value:
    texts = [ibis.literal(text) for text in node.texts]
    text = leaves.spaced(node.subject) if node.test == "has_word" else compile_node(node.subject, leaves)
    match node.test:
        case "has_word" | "contains":
            tests = [text.contains(part) for part in texts]
        case "startswith":
            tests = [text.startswith(part) for part in texts]
        case "endswith":
            tests = [text.endswith(part) for part in texts]
        case _:
            assert_never(node.test)
    return reduce(lambda one, other: one | other, tests)
