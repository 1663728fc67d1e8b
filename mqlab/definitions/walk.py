"""Going through an expression tree without caring what its nodes mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

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


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below `node` that are read on the same subject; a channel's `where` is not among them."""
    match node:
        case And(args) | Or(args) | Least(args) | Greatest(args):
            return args
        case Not(arg) | Negate(arg) | Log1p(arg) | Log10(arg):
            return (arg,)
        case Arithmetic(left=left, right=right) | Compare(left=left, right=right):
            return (left, right)
        case Member(item=item):
            return (item,)
        case TextTest(subject=subject):
            return (subject,)
        case (
            NumberLiteral()
            | TextLiteral()
            | TruthLiteral()
            | LabelLiteral()
            | GradeLiteral()
            | FieldRef()
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
            return ()
        case _:
            assert_never(node)


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything below it, a parent before its children."""
    yield node
    for child in children(node):
        yield from walk(child)


def channels(node: Node) -> Iterator[Channel]:
    """The channels an expression reads."""
    for found in walk(node):
        if isinstance(found, Count | Sum | DaysSince | AccountCount):
            yield found.channel


def moving(node: Node) -> bool:
    """Whether the value may change without any field changing: it reads events, a score or the model."""
    return any(
        isinstance(found, Count | Sum | DaysSince | AccountCount | ScoreRef | GradeRef | Probability)
        for found in walk(node)
    )
