"""Directions in time: the proof that nothing begins to hold between two candidate instants (definitions.md 3.3).

Between candidates nothing moves but points that decay, and they fall. A value that is *falling* never increases and
may become unknown for good; a condition that is falling never becomes true, one that is rising never becomes false.
So `not` and `-` turn the direction round, and a `qualify` that is constant or falling first holds at a candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import assert_never

from mqlab.definitions.model import EventRule, Grading, Group, LogisticModel, Matrix, Rule, Score, WhenRule
from mqlab.definitions.tree import (
    AccountCount,
    And,
    Arithmetic,
    Compare,
    Count,
    DaysSince,
    Direction,
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

CONSTANT, FALLING, RISING, MIXED = Direction.CONSTANT, Direction.FALLING, Direction.RISING, Direction.MIXED


@dataclass(frozen=True)
class Moving:
    """How the scores and the probability of one definition move; a score that is not named is constant."""

    scores: Mapping[str, Direction] = field(default_factory=dict)
    grades: Mapping[str, Grading] = field(default_factory=dict)
    probability: Direction = CONSTANT

    def score(self, name: str) -> Direction:
        """The direction of a score, and so of its grade."""
        return self.scores.get(name, CONSTANT)


def reverse(direction: Direction) -> Direction:
    """The direction of the negation."""
    return {FALLING: RISING, RISING: FALLING}.get(direction, direction)


def join(directions: Iterable[Direction]) -> Direction:
    """The direction of something that follows each of the parts."""
    return reduce(_join, directions, CONSTANT)


def _join(left: Direction, right: Direction) -> Direction:
    if left is CONSTANT or left is right:
        return right
    return left if right is CONSTANT else MIXED


def direction(node: Node, moving: Moving) -> Direction:
    """How the value of `node` may move between two candidate instants."""
    match node:
        case NumberLiteral() | TextLiteral() | TruthLiteral() | LabelLiteral() | GradeLiteral():
            return CONSTANT
        case FieldRef() | PropRef() | Count() | Sum() | DaysSince() | AccountCount() | Missing() | TextTest():
            return CONSTANT
        case ScoreRef(name=score):
            return moving.score(score)
        case GradeRef(score=score):
            return MIXED if moving.score(score) is RISING else moving.score(score)
        case Probability():
            return moving.probability
        case Negate(arg=arg) | Not(arg=arg):
            return reverse(direction(arg, moving))
        case Log1p(arg=arg) | Log10(arg=arg):
            inner = direction(arg, moving)
            return MIXED if inner is RISING else inner
        case Arithmetic(op=op, left=left, right=right):
            return _arithmetic(op, left, right, moving)
        case Least(args=args) | Greatest(args=args) | And(args=args) | Or(args=args):
            return join(direction(arg, moving) for arg in args)
        case Compare():
            return _compare(node, moving)
        case Member(item=item, options=options):
            return _member(item, {option.label for option in options if isinstance(option, GradeLiteral)}, moving)
        case _:
            assert_never(node)


def culprit(node: Node, moving: Moving, allowed: frozenset[Direction]) -> Node | None:
    """The smallest part of a condition whose direction is not among `allowed`, None where all is well."""
    if direction(node, moving) in allowed:
        return None
    match node:
        case And(args=args) | Or(args=args):
            inner = [found for arg in args if (found := culprit(arg, moving, allowed)) is not None]
        case _:
            inner = []
    return inner[0] if inner else node


def score_direction(score: Score) -> Direction:
    """How a score moves: it falls where any of its points decay."""
    return join(rule_direction(rule) for group in score.groups for rule in group.rules)


def group_direction(group: Group) -> Direction:
    """How a group moves; its bounds change nothing about it."""
    return join(rule_direction(rule) for rule in group.rules)


def rule_direction(rule: Rule) -> Direction:
    """How a rule's points move."""
    match rule:
        case EventRule(decay=decay, points=points) if decay is not None:
            return _times(FALLING, points)
        case WhenRule(when=when, points=points):
            return _times(direction(when.tree, Moving()), points)
        case _:
            return CONSTANT


def model_direction(model: LogisticModel) -> Direction:
    """How the probability moves."""
    return join(_times(direction(term.feature.tree, Moving()), term.coefficient) for term in model.terms)


def matrix_holes(matrix: Matrix, moving: Moving) -> tuple[tuple[str, str], ...]:
    """Cells (row, column) that must qualify too: a score that falls onto a qualifying cell would begin to hold."""
    cells = set(matrix.cells)
    rows = [label for label, _ in moving.grades[matrix.row_score].bounds]
    columns = [label for label, _ in moving.grades[matrix.column_score].bounds]
    holes: list[tuple[str, str]] = []
    for row, column in matrix.cells:
        if moving.score(matrix.column_score) is not CONSTANT:
            holes.extend((row, better) for better in columns[: columns.index(column)] if (row, better) not in cells)
        if moving.score(matrix.row_score) is not CONSTANT:
            holes.extend((better, column) for better in rows[: rows.index(row)] if (better, column) not in cells)
    return tuple(dict.fromkeys(holes))


def _times(moves: Direction, factor: float) -> Direction:
    if factor == 0:
        return CONSTANT
    return moves if factor > 0 else reverse(moves)


def _arithmetic(op: str, left: Node, right: Node, moving: Moving) -> Direction:
    left_moves, right_moves = direction(left, moving), direction(right, moving)
    match op:
        case "+":
            return join((left_moves, right_moves))
        case "-":
            return join((left_moves, reverse(right_moves)))
        case _:
            if left_moves is CONSTANT and right_moves is CONSTANT:
                return CONSTANT
            if left_moves is not CONSTANT and right_moves is not CONSTANT:
                return MIXED
            moves, factor = (right_moves, left) if left_moves is CONSTANT else (left_moves, right)
            low, high = bounds(factor)
            if low >= 0:
                return moves
            return reverse(moves) if high <= 0 else MIXED


def bounds(node: Node) -> tuple[float, float]:
    """Numbers between which the value of a number lies, as far as the tree tells; infinite where it does not."""
    endless = (-float("inf"), float("inf"))
    match node:
        case NumberLiteral(value=value):
            return value, value
        case Count() | AccountCount() | DaysSince():
            return 0.0, float("inf")
        case Probability():
            return 0.0, 1.0
        case Negate(arg=arg):
            low, high = bounds(arg)
            return -high, -low
        case Least(args=args):
            return min(bounds(arg)[0] for arg in args), min(bounds(arg)[1] for arg in args)
        case Greatest(args=args):
            return max(bounds(arg)[0] for arg in args), max(bounds(arg)[1] for arg in args)
        case Arithmetic(op="+", left=left, right=right):
            (low, high), (low_2, high_2) = bounds(left), bounds(right)
            return low + low_2, high + high_2
        case Arithmetic(op="*", left=left, right=right):
            (low, high), (low_2, high_2) = bounds(left), bounds(right)
            if low >= 0 and low_2 >= 0:
                return 0.0, float("inf")
            return (-float("inf"), 0.0) if (low >= 0 and high_2 <= 0) or (high <= 0 and low_2 >= 0) else endless
        case Log1p(arg=arg):
            return (0.0, float("inf")) if bounds(arg)[0] >= 0 else endless
        case _:
            return endless


def _compare(node: Compare, moving: Moving) -> Direction:
    left, right = direction(node.left, moving), direction(node.right, moving)
    if left is CONSTANT and right is CONSTANT:
        return CONSTANT
    match node.op:
        case ">" | ">=":
            return join((left, reverse(right)))
        case "<" | "<=":
            return join((reverse(left), right))
        case "==" | "!=":
            grade = node.left if isinstance(node.left, GradeRef) else node.right
            literal = node.right if isinstance(node.left, GradeRef) else node.left
            if isinstance(grade, GradeRef) and isinstance(literal, GradeLiteral):
                same = _member(grade, {literal.label}, moving)
                return reverse(same) if node.op == "!=" else same
            return MIXED
        case _:
            assert_never(node.op)


def _member(item: Node, grades: set[str], moving: Moving) -> Direction:
    moves = direction(item, moving)
    if moves is CONSTANT or not isinstance(item, GradeRef):
        return CONSTANT if moves is CONSTANT else MIXED
    labels = [label for label, _ in moving.grades[item.score].bounds]
    chosen = [label in grades for label in labels]
    if chosen == sorted(chosen, reverse=True):
        return moves
    return reverse(moves) if chosen == sorted(chosen) else MIXED
