"""Three-valued logic: an expression tree becomes one function of a subject (a lead's state, an event's properties).

Unknown is None. False wins over unknown in `and`, true in `or`; everything else of an unknown is unknown, as in SQL.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar, assert_never

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
from mqlab.definitions.walk import walk
from mqlab.leads.text import spaced

Subject = TypeVar("Subject")
Reader = Callable[[Subject], Any]
"""A compiled node: number, text, truth or None (unknown) of a subject."""

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
ARITHMETIC: dict[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
spaced_once = lru_cache(maxsize=8192)(spaced)


def quantise(value: float) -> float:
    """A continuous number as it is compared: billionths, half up; equal quanta are equal numbers.

    Example:
        >>> quantise(0.1 + 0.2) == quantise(0.3)
        True
    """
    billionths = value * 1e9 + 0.5
    return math.floor(billionths) if math.isfinite(billionths) else billionths


def round9(value: float) -> float | None:
    """`value` at nine decimals, half up; None for NaN and infinities, which are missing.

    Example:
        >>> round9(2 / 3), round9(-1e-10), round9(float("inf"))
        (0.666666667, 0.0, None)
    """
    billionths = value * 1e9 + 0.5
    if math.isfinite(billionths):
        return math.floor(billionths) / 1e9
    return value if math.isfinite(value) else None


class Leaves(Generic[Subject]):
    """How the leaves of a tree are read from one kind of subject; a leaf that has no meaning there raises TypeError.

    `declared` gives the number an enum's label stands for.
    """

    def leaf(self, node: Node) -> Reader[Subject]:
        """The reader of a leaf of the tree."""
        raise TypeError(f"{type(node).__name__} cannot be read here")

    def declared(self, ref: FieldRef | PropRef) -> Reader[Subject]:
        """The reader of an enum's declared value."""
        raise TypeError(f"the enum '{ref.name}' has no order here")


def compile_node(node: Node, leaves: Leaves[Subject]) -> Reader[Subject]:
    """The function that gives the value of `node` for a subject."""
    match node:
        case NumberLiteral(value=value) | TruthLiteral(value=value) | TextLiteral(value=value):
            return lambda _subject: value
        case LabelLiteral(label=label):
            return lambda _subject: label
        case GradeLiteral(rank=rank):
            return lambda _subject: rank
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
            return _arithmetic(ARITHMETIC[op], compile_node(left, leaves), compile_node(right, leaves))
        case Negate(arg=arg):
            return _negate(compile_node(arg, leaves))
        case Log1p(arg=arg):
            return _logarithm(math.log1p, -1.0, compile_node(arg, leaves))
        case Log10(arg=arg):
            return _logarithm(math.log10, 0.0, compile_node(arg, leaves))
        case Least(args=args):
            return _extreme(min, [compile_node(arg, leaves) for arg in args])
        case Greatest(args=args):
            return _extreme(max, [compile_node(arg, leaves) for arg in args])
        case Compare():
            return _compare(node, leaves)
        case Member():
            return _member(node, leaves)
        case TextTest():
            return _text_test(node, leaves)
        case And(args=args):
            return _and([compile_node(arg, leaves) for arg in args])
        case Or(args=args):
            return _or([compile_node(arg, leaves) for arg in args])
        case Not(arg=arg):
            return _not(compile_node(arg, leaves))
        case _:
            assert_never(node)


def continuous(node: Node) -> bool:
    """Whether a number may lie anywhere, so that it is rounded to nine decimals before it is compared."""
    return any(isinstance(found, Probability | Sum | Arithmetic | Log1p | Log10) for found in walk(node))


def _and(args: list[Reader[Subject]]) -> Reader[Subject]:
    def conjunction(subject: Subject) -> bool | None:
        result: bool | None = True
        for arg in args:
            truth = arg(subject)
            if truth is False:
                return False
            if truth is None:
                result = None
        return result

    return conjunction


def _or(args: list[Reader[Subject]]) -> Reader[Subject]:
    def disjunction(subject: Subject) -> bool | None:
        result: bool | None = False
        for arg in args:
            truth = arg(subject)
            if truth is True:
                return True
            if truth is None:
                result = None
        return result

    return disjunction


def _not(arg: Reader[Subject]) -> Reader[Subject]:
    def negation(subject: Subject) -> bool | None:
        truth = arg(subject)
        return None if truth is None else not truth

    return negation


def _arithmetic(op: Callable[[float, float], float], left: Reader[Subject], right: Reader[Subject]) -> Reader[Subject]:
    def arithmetic(subject: Subject) -> float | None:
        one, other = left(subject), right(subject)
        if one is None or other is None:
            return None
        result = op(one, other)
        return result if math.isfinite(result) else None

    return arithmetic


def _negate(arg: Reader[Subject]) -> Reader[Subject]:
    def negate(subject: Subject) -> float | None:
        number = arg(subject)
        return None if number is None else -number

    return negate


def _logarithm(log: Callable[[float], float], above: float, arg: Reader[Subject]) -> Reader[Subject]:
    def logarithm(subject: Subject) -> float | None:
        number = arg(subject)
        return None if number is None or number <= above else log(number)

    return logarithm


def _extreme(choose: Callable[..., Any], args: list[Reader[Subject]]) -> Reader[Subject]:
    def extreme(subject: Subject) -> float | None:
        numbers = [arg(subject) for arg in args]
        return None if None in numbers else choose(numbers)

    return extreme


def _side(node: Node, leaves: Leaves[Subject], *, ordered: bool, rounded: bool) -> Reader[Subject]:
    if ordered and isinstance(node, LabelLiteral):
        declared = node.value
        return lambda _subject: declared
    if ordered and isinstance(node, FieldRef | PropRef) and node.kind == "enum":
        return leaves.declared(node)
    value = compile_node(node, leaves)
    if not rounded:
        return value

    def quanta(subject: Subject) -> float | None:
        number = value(subject)
        return None if number is None else quantise(number)

    return quanta


def _compare(node: Compare, leaves: Leaves[Subject]) -> Reader[Subject]:
    op = COMPARE[node.op]
    ordered = node.op not in ("==", "!=")
    left = _side(node.left, leaves, ordered=ordered, rounded=node.rounded)
    right = _side(node.right, leaves, ordered=ordered, rounded=node.rounded)
    if isinstance(node.right, NumberLiteral | TextLiteral | TruthLiteral | LabelLiteral | GradeLiteral):
        constant = _side(node.right, Leaves[Any](), ordered=ordered, rounded=node.rounded)(None)

        def against_constant(subject: Subject) -> bool | None:
            value = left(subject)
            return None if value is None or constant is None else op(value, constant)

        return against_constant

    def compare(subject: Subject) -> bool | None:
        one, other = left(subject), right(subject)
        return None if one is None or other is None else op(one, other)

    return compare


def _member(node: Member, leaves: Leaves[Subject]) -> Reader[Subject]:
    rounded = continuous(node.item)
    item = _side(node.item, leaves, ordered=False, rounded=rounded)
    options = frozenset(_side(option, Leaves[Any](), ordered=False, rounded=rounded)(None) for option in node.options)

    def member(subject: Subject) -> bool | None:
        value = item(subject)
        return None if value is None else value in options

    return member


def _text_test(node: TextTest, leaves: Leaves[Subject]) -> Reader[Subject]:
    subject_text = compile_node(node.subject, leaves)
    texts = node.texts
    test: Callable[[str], bool]
    match node.test:
        case "has_word":
            test = lambda text: any(word in spaced_once(text) for word in texts)  # noqa: E731
        case "contains":
            test = lambda text: any(part in text for part in texts)  # noqa: E731
        case "startswith":
            test = lambda text: text.startswith(texts)  # noqa: E731
        case "endswith":
            test = lambda text: text.endswith(texts)  # noqa: E731
        case _:
            assert_never(node.test)

    def text_test(subject: Subject) -> bool | None:
        text = subject_text(subject)
        return None if text is None else test(text)

    return text_test
