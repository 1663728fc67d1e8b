"""Which way a slot must move to help a lead qualify: instants that can only hurt need not be looked at.

The answer is about *whether the definition holds*, as a function of its slots with the fields held still: UP, it never
stops holding because the slot rises; DOWN, never because it falls; BOTH, neither is proved. Slots that are not named
have no say. Leaving out instants by this is safe because holding is a matter of `is true`: unknown counts as not true.
"""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    Definition,
    EventRule,
    MapRule,
    Matrix,
    Rule,
    WeightRule,
    WhenRule,
    WordsRule,
)
from mqlab.definitions.slots import AbsenceSlot, CountSlot, DaysSlot, DecayedSlot, Slot, SumSlot
from mqlab.definitions.tree import (
    AccountCount,
    And,
    Arithmetic,
    Compare,
    Count,
    DaysSince,
    Expression,
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


class Sign(Enum):
    """The direction that helps."""

    UP = 1
    DOWN = -1
    BOTH = 0

    def flipped(self) -> Sign:
        """The sign under a negation."""
        return Sign(-self.value)

    def times(self, number: float) -> Sign:
        """The sign after multiplying by a number."""
        return self if number > 0 else self.flipped()


def signs(definition: Definition) -> dict[Slot, Sign]:
    """For every slot on which it hangs whether the definition holds: the direction that helps."""
    found = _Signs(definition)
    for gate in definition.gates:
        if gate.forever:
            found.truth(gate.when, True, Sign.BOTH)
        elif gate.on_unknown == "pass":
            found.truth(gate.when, True, Sign.DOWN)
        else:
            found.truth(gate.when, False, Sign.UP)
    for track in definition.fast_track:
        found.truth(track.when, True, Sign.UP)
    match definition.qualify:
        case None:
            pass
        case Matrix() as matrix:
            found.matrix(matrix)
        case expression:
            found.truth(expression, True, Sign.UP)
    return found.signs


MODEST = 1e9
"""Factors beyond it could overflow to "missing"; nothing is claimed about them."""


class _Signs:
    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._scores = {score.name: score for score in definition.scores}
        self._grades = {grading.score: [label for label, _ in grading.bounds] for grading in definition.grades}
        self.signs: dict[Slot, Sign] = {}

    def slot(self, slot: Slot, sign: Sign) -> None:
        """Note that `slot` matters, and which way."""
        self.signs[slot] = sign if self.signs.get(slot, sign) is sign else Sign.BOTH

    def truth(self, node: Node | Expression, want: bool, sign: Sign) -> None:
        """Follow "the condition is `want`", which helps (UP) or hurts (DOWN)."""
        if isinstance(node, Expression):
            node = node.tree
        match node:
            case And(args) | Or(args):
                for arg in args:
                    self.truth(arg, want, sign)
            case Not(arg):
                self.truth(arg, not want, sign)
            case Compare():
                self._compare(node, want, sign)
            case Member(item=item):
                self.number(item, Sign.BOTH)
            case TextTest() | Missing() | TruthLiteral() | FieldRef() | PropRef():
                pass
            case (
                NumberLiteral()
                | TextLiteral()
                | LabelLiteral()
                | GradeLiteral()
                | ScoreRef()
                | GradeRef()
                | Probability()
                | Count()
                | Sum()
                | DaysSince()
                | AccountCount()
                | Arithmetic()
                | Negate()
                | Log1p()
                | Log10()
                | Least()
                | Greatest()
            ):
                self.number(node, Sign.BOTH)
            case _:
                assert_never(node)

    def _compare(self, node: Compare, want: bool, sign: Sign) -> None:
        if node.op in ("==", "!="):
            sign = Sign.BOTH
        greater_left = (node.op in (">", ">=")) is want
        for side, greater in ((node.left, greater_left), (node.right, not greater_left)):
            if isinstance(side, GradeRef):  # without a grade the comparison is unknown: a fall may end "is false"
                self.score(side.score, sign if want and greater else Sign.BOTH)
            else:
                self.number(side, sign if greater else sign.flipped())

    def number(self, node: Node, sign: Sign) -> None:
        """Follow a number that helps when it rises (UP) or falls (DOWN)."""
        match node:
            case Count(channel):
                self.slot(CountSlot(channel), sign)
            case AccountCount(channel):
                self.slot(CountSlot(channel, account=True), sign)
            case Sum(channel, prop):
                self.slot(SumSlot(channel, prop), Sign.BOTH)
            case DaysSince(channel):
                self.slot(DaysSlot(channel), Sign.BOTH)
            case ScoreRef(name):
                self.score(name, sign)
            case GradeRef(score):
                self.score(score, Sign.BOTH)
            case Probability():
                self.model(sign)
            case Arithmetic(op=op, left=left, right=right):
                self._arithmetic(op, left, right, sign)
            case Negate(arg):
                self.number(arg, sign.flipped())
            case Log1p(arg):
                self.number(arg, sign if isinstance(arg, Count | AccountCount) else Sign.BOTH)
            case Log10(arg):
                self.number(arg, Sign.BOTH)
            case Least(args) | Greatest(args):
                for arg in args:
                    self.number(arg, sign)
            case FieldRef() | PropRef() | NumberLiteral() | TextLiteral() | LabelLiteral() | GradeLiteral():
                pass
            case And() | Or() | Not() | Compare() | Member() | Missing() | TextTest() | TruthLiteral():
                self.truth(node, True, Sign.BOTH)
                self.truth(node, False, Sign.BOTH)
            case _:
                assert_never(node)

    def _arithmetic(self, op: str, left: Node, right: Node, sign: Sign) -> None:
        if op == "*":
            for factor, other in ((left, right), (right, left)):
                modest = isinstance(factor, NumberLiteral) and abs(factor.value) <= MODEST
                self.number(
                    other, sign.times(factor.value) if modest and isinstance(factor, NumberLiteral) else Sign.BOTH
                )
        else:
            self.number(left, sign)
            self.number(right, sign if op == "+" else sign.flipped())

    def score(self, name: str, sign: Sign) -> None:
        """Follow a score; bounds, caps and rounding keep the direction, the scale's factor is positive."""
        score = self._scores[name]
        for group in score.groups:
            for rule in group.rules:
                self._rule(rule, sign.times(score.factor))

    def _rule(self, rule: Rule, sign: Sign) -> None:
        match rule:
            case EventRule() | AbsenceRule() | WhenRule():
                if rule.points == 0:
                    return
                direction = sign.times(rule.points) if abs(rule.points) <= MODEST else Sign.BOTH
                if isinstance(rule, WhenRule):
                    self.truth(rule.when, True, direction)
                elif isinstance(rule, AbsenceRule):
                    self.slot(AbsenceSlot(rule.events, rule.of_us), direction)
                elif rule.decay is None:
                    self.slot(CountSlot(rule.channel), direction)
                else:
                    self.slot(DecayedSlot(rule.channel, rule.decay), direction)
            case BandsRule() | MapRule() | WordsRule() | WeightRule():
                pass
            case _:
                assert_never(rule)

    def model(self, sign: Sign) -> None:
        """Follow the probability; a feature that is a truth is 1 where true and 0 otherwise."""
        if self._definition.model is None:
            return
        for term in self._definition.model.terms:
            if term.coefficient == 0:
                continue
            direction = sign.times(term.coefficient) if abs(term.coefficient) <= MODEST else Sign.BOTH
            if is_condition(term.feature.tree):
                self.truth(term.feature, True, direction)
            else:
                self.number(term.feature.tree, direction)

    def matrix(self, matrix: Matrix) -> None:
        """Follow a matrix: a better grade helps where every better row (column) of a cell qualifies too."""
        cells = set(matrix.cells)
        rows, columns = self._grades[matrix.row_score], self._grades[matrix.column_score]
        rows_rise = all((better, column) in cells for row, column in cells for better in rows[: rows.index(row)])
        columns_rise = all(
            (row, better) in cells for row, column in cells for better in columns[: columns.index(column)]
        )
        self.score(matrix.row_score, Sign.UP if rows_rise else Sign.BOTH)
        self.score(matrix.column_score, Sign.UP if columns_rise else Sign.BOTH)


def is_condition(node: Node) -> bool:
    """Whether a node's value is a truth (or unknown) rather than a number or text."""
    match node:
        case And() | Or() | Not() | Compare() | Member() | Missing() | TextTest() | TruthLiteral():
            return True
        case FieldRef(kind=kind) | PropRef(kind=kind):
            return kind == "bool"
        case (
            NumberLiteral()
            | TextLiteral()
            | LabelLiteral()
            | GradeLiteral()
            | ScoreRef()
            | GradeRef()
            | Probability()
            | Count()
            | Sum()
            | DaysSince()
            | AccountCount()
            | Arithmetic()
            | Negate()
            | Log1p()
            | Log10()
            | Least()
            | Greatest()
        ):
            return False
        case _:
            assert_never(node)
