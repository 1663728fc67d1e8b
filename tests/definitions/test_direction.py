"""Directions in time: the rules, the proof against brute force, and what a definition is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.definitions.direction import (
    CONSTANT,
    FALLING,
    MIXED,
    RISING,
    Moving,
    culprit,
    direction,
    join,
    matrix_holes,
    reverse,
    rule_direction,
    score_direction,
)
from mqlab.definitions.model import Grading, Matrix, WhenRule
from mqlab.definitions.tree import (
    And,
    Arithmetic,
    Channel,
    Compare,
    Count,
    Direction,
    Expression,
    FieldRef,
    GradeLiteral,
    GradeRef,
    Greatest,
    Least,
    Log1p,
    Log10,
    Member,
    Negate,
    Node,
    Not,
    NumberLiteral,
    Or,
    ScoreRef,
)
from mqlab.errors import InputError
from tests.definitions.texts import RICH, SMALL, load, problems_of, qualify, with_qualify

DAY = 86_400_000_000
GRADING = Grading("moving", (("A", 60.0), ("B", 30.0), ("C", 0.0)))
MOVING = Moving({"moving": FALLING}, {"moving": GRADING})
SCORE, GRADE, FIELD = ScoreRef("moving"), GradeRef("moving"), FieldRef("x", "number")


def number(value: float) -> NumberLiteral:
    return NumberLiteral(value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("employees > 5", CONSTANT, id="field"),
        pytest.param("count(page_view, within='7d') >= 2", CONSTANT, id="count changes at candidates only"),
        pytest.param("days_since(page_view) > 7", CONSTANT, id="days change at candidates only"),
        pytest.param("fit > 3", CONSTANT, id="score without decay"),
        pytest.param("engagement >= 30", FALLING, id="decaying score"),
        pytest.param("30 <= engagement", FALLING, id="decaying score on the right"),
        pytest.param("-engagement < -30", FALLING, id="both sides turned"),
        pytest.param("engagement + fit >= 30", FALLING, id="sum with a constant"),
        pytest.param("2 * engagement > 3", FALLING, id="times a positive number"),
        pytest.param("engagement * count(page_view) > 3", FALLING, id="times a count"),
        pytest.param("log1p(engagement) > 3", FALLING, id="logarithm"),
        pytest.param("max(engagement, fit) > 3", FALLING, id="greatest"),
        pytest.param("engagement >= 30 and need == 'low'", FALLING, id="and with a constant"),
        pytest.param("not (engagement < 30)", FALLING, id="not of a rising one"),
        pytest.param("grade(engagement) >= '2'", FALLING, id="grade"),
        pytest.param("grade(engagement) == '1'", FALLING, id="best grade"),
        pytest.param("grade(engagement) in ['1', '2']", FALLING, id="upper grades"),
        pytest.param("grade(engagement) != '3'", FALLING, id="not the worst grade"),
        pytest.param("engagement < 30", RISING, id="less than"),
        pytest.param("not (engagement >= 30)", RISING, id="not of a falling one"),
        pytest.param("100 - engagement > 30", RISING, id="subtracted"),
        pytest.param("-2 * engagement > 30", RISING, id="times a negative number"),
        pytest.param("grade(engagement) == '3'", RISING, id="worst grade"),
        pytest.param("grade(engagement) in ['2', '3']", RISING, id="lower grades"),
        pytest.param("engagement == 30", MIXED, id="equality"),
        pytest.param("30 <= engagement < 60", MIXED, id="band"),
        pytest.param("engagement * engagement > 3", MIXED, id="product of moving parts"),
        pytest.param("engagement * employees > 3", MIXED, id="times a number of unknown sign"),
        pytest.param("grade(engagement) == '2'", MIXED, id="middle grade"),
        pytest.param("log10(0 - engagement) > 1", MIXED, id="logarithm that may begin to exist"),
        pytest.param("engagement in [1, 2]", MIXED, id="list of numbers"),
        pytest.param("engagement >= 30 or engagement < 10", MIXED, id="or of both ways"),
    ],
)
def test_every_expression_has_a_direction(expression: str, expected: Direction) -> None:
    """
    Decayed points fall, `not`, `-` and negative factors turn round, everything else joins.
    """
    bound = load(SMALL + f'classify: [{{label: a, when: "{expression}"}}]\n')
    moving = Moving(
        {score.name: score_direction(score) for score in bound.scores},
        {grading.score: grading for grading in bound.grades},
    )

    assert direction(bound.classify[0].when.tree, moving) is expected


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        pytest.param("engagement < 30", "`engagement < 30`", id="less than"),
        pytest.param("fit > 3 and not (engagement >= 30)", "`not (engagement >= 30)`", id="not"),
        pytest.param("fit > 3 or 5 <= engagement < 80", "`engagement < 80`", id="part of a chain"),
        pytest.param("grade(engagement) == '2'", "`grade(engagement) == '2'`", id="grade"),
    ],
)
def test_a_qualify_that_could_rise_is_refused_with_the_part_named(expression: str, named: str) -> None:
    """
    The smallest part that could begin to hold by itself is named, at its own column, with the score that decays.
    """
    (problem,) = problems_of(with_qualify(expression))

    assert problem.code == "CouldRise" and named in problem.message and "'engagement'" in problem.message
    start = expression.index(named.strip("`"))
    assert problem.place.column == 11 + start + expression[:start].count("'")


def test_fast_tracks_are_held_to_the_same() -> None:
    """
    A fast track that could begin to hold by itself is refused too; nurture and classify are free.
    """
    text = SMALL + (
        "fast_track: [{id: calm, when: 'engagement < 3'}]\n"
        "nurture: {when: 'engagement < 3', track: calm}\n"
        "classify: [{label: calm, when: 'engagement < 3'}]\n"
    )

    (problem,) = problems_of(text)

    assert (problem.code, problem.place.path) == ("CouldRise", "fast_track.calm.when")


def test_a_matrix_must_be_upward_closed_where_a_score_decays() -> None:
    """
    A matrix that accepts grade 3 and not the better grade 2 is refused, along the decaying axis only.
    """
    holed = 'qualify: {matrix: {A: ["1", "3"], B: ["1"]}}\n'
    along_the_other_axis = 'qualify: {matrix: {B: ["1"]}}\n'

    (problem,) = problems_of(SMALL + holed)

    assert problem.code == "CouldRise" and "A2" in problem.message and problem.place.path == "qualify.matrix.A"
    assert isinstance(load(SMALL + along_the_other_axis).qualify, Matrix)


def test_both_axes_may_decay() -> None:
    """
    Where both scores decay, the matrix must be upward closed along both.
    """
    grades = {name: Grading(name, ((f"{name}1", 2.0), (f"{name}2", 1.0))) for name in ("r", "c")}
    moving = Moving({"r": FALLING, "c": FALLING}, grades)

    assert matrix_holes(Matrix("r", "c", (("r2", "c2"),)), moving) == (("r2", "c1"), ("r1", "c2"))
    assert matrix_holes(Matrix("r", "c", (("r1", "c1"), ("r1", "c2"))), moving) == ()


def test_negative_points_that_decay_are_refused() -> None:
    """
    Negative points that decay would rise by themselves, so they are refused at the rule.
    """
    (problem,) = problems_of((SMALL + "qualify: 'true'\n").replace("points: 5, decay", "points: -5, decay"))

    assert problem.code == "DecayOfNegative" and problem.place.path == "scores.engagement.rules.view.points"


def test_rules_without_decay_do_not_move() -> None:
    """
    Only events with decay move between candidates; points of 0 never do.
    """
    rules = {rule.id: rule for score in load(RICH).scores for group in score.groups for rule in group.rules}

    moving = {name for name, rule in rules.items() if rule_direction(rule) is FALLING}

    assert moving == {"views", "webinars", "forms"}
    assert rule_direction(WhenRule("w", Expression("", Compare(">", FIELD, number(1))), -3.0)) is CONSTANT


def test_join_and_reverse_are_a_lattice() -> None:
    """
    Joining is commutative, idempotent and has CONSTANT as its neutral element; reversing twice does nothing.
    """
    for left in Direction:
        assert reverse(reverse(left)) is left and join((left, CONSTANT)) is left and join((left, left)) is left
        for right in Direction:
            assert join((left, right)) is join((right, left))
            assert reverse(join((left, right))) is join((reverse(left), reverse(right)))


def three_valued(node: Node, score: float, values: Mapping[str, float | None]) -> float | bool | None:
    """An oracle written for this test alone: the value of a node while the moving score has one value."""
    match node:
        case NumberLiteral(value=value):
            return value
        case FieldRef(name=name):
            return values[name]
        case Count():
            return 2.0
        case ScoreRef():
            return score
        case GradeRef():
            return next((2.0 - rank for rank, (_, low) in enumerate(GRADING.bounds) if score >= low), None)
        case GradeLiteral(rank=rank):
            return float(rank)
        case Negate(arg=arg):
            inner = three_valued(arg, score, values)
            return None if inner is None else -inner
        case Log1p(arg=arg) | Log10(arg=arg):
            inner = three_valued(arg, score, values)
            shifted = None if inner is None else inner + (1 if isinstance(node, Log1p) else 0)
            return None if shifted is None or shifted <= 0 else math.log(shifted)
        case Arithmetic(op=op, left=left, right=right):
            pair = three_valued(left, score, values), three_valued(right, score, values)
            if pair[0] is None or pair[1] is None:
                return None
            return {"+": pair[0] + pair[1], "-": pair[0] - pair[1], "*": pair[0] * pair[1]}[op]
        case Least(args=args) | Greatest(args=args):
            found = [three_valued(arg, score, values) for arg in args]
            return None if None in found else (min if isinstance(node, Least) else max)(found)
        case Compare(op=op, left=left, right=right):
            a, b = three_valued(left, score, values), three_valued(right, score, values)
            if a is None or b is None:
                return None
            return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[op]
        case Member(item=item, options=options):
            found = three_valued(item, score, values)
            return None if found is None else found in [three_valued(option, score, values) for option in options]
        case Not(arg=arg):
            inner = three_valued(arg, score, values)
            return None if inner is None else not inner
        case And(args=args):
            found = [three_valued(arg, score, values) for arg in args]
            return False if False in found else None if None in found else True
        case Or(args=args):
            found = [three_valued(arg, score, values) for arg in args]
            return True if True in found else None if None in found else False
        case _:
            raise AssertionError(node)


NUMBERS = st.recursive(
    st.one_of(
        st.just(SCORE),
        st.sampled_from([FieldRef("x", "number"), FieldRef("y", "number"), Count(Channel("e"))]),
        st.sampled_from([-2.0, -1.0, 0.0, 0.5, 3.0, 30.0]).map(NumberLiteral),
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*"), inner, inner).map(lambda parts: Arithmetic(*parts)),
        inner.map(Negate),
        inner.map(Log1p),
        inner.map(Log10),
        st.tuples(inner, inner).map(Least),
        st.tuples(inner, inner).map(Greatest),
    ),
    max_leaves=4,
)
OPERATORS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
LITERALS = st.sampled_from([GradeLiteral("A", 2), GradeLiteral("B", 1), GradeLiteral("C", 0)])
CONDITIONS = st.recursive(
    st.one_of(
        st.tuples(OPERATORS, NUMBERS, NUMBERS).map(lambda parts: Compare(*parts)),
        st.tuples(OPERATORS, st.just(GRADE), LITERALS).map(lambda parts: Compare(*parts)),
        st.tuples(OPERATORS, LITERALS, st.just(GRADE)).map(lambda parts: Compare(*parts)),
        st.lists(LITERALS, min_size=1, max_size=3, unique=True).map(lambda options: Member(GRADE, tuple(options))),
    ),
    lambda inner: st.one_of(
        inner.map(Not), st.tuples(inner, inner).map(And), st.tuples(inner, inner).map(Or)
    ),
    max_leaves=4,
)  # fmt: skip
MISSABLE = st.sampled_from([None, -3.0, -1.0, 0.0, 2.0, 40.0])
POINTS = st.lists(
    st.sampled_from([90.0, 61.0, 60.0, 45.0, 30.0, 29.0, 10.0, 1.0, 0.0, -1.0, -5.0]), min_size=2, unique=True
)


@settings(max_examples=300, deadline=None)
@given(CONDITIONS, MISSABLE, MISSABLE, POINTS)
def test_the_proof_holds_against_brute_force(
    condition: Node, x: float | None, y: float | None, points: list[float]
) -> None:
    """
    While a score falls, a condition proved falling never becomes true, a rising one never false, a constant neither.
    """
    claimed = direction(condition, MOVING)
    seen = [three_valued(condition, score, {"x": x, "y": y}) for score in sorted(points, reverse=True)]

    for before, after in pairwise(seen):
        if claimed in (FALLING, CONSTANT):
            assert before is True or after is not True
        if claimed in (RISING, CONSTANT):
            assert before is False or after is not False


@settings(max_examples=100, deadline=None)
@given(CONDITIONS)
def test_a_culprit_is_a_part_that_is_not_allowed(condition: Node) -> None:
    """
    A culprit is named exactly where the whole condition is refused, and is itself refused.
    """
    allowed = frozenset({CONSTANT, FALLING})
    found = culprit(condition, MOVING, allowed)

    assert (found is None) == (direction(condition, MOVING) in allowed)
    assert found is None or direction(found, MOVING) not in allowed


def test_a_junction_of_both_ways_names_the_rising_part() -> None:
    """
    In `engagement >= 30 and engagement < 60` the second part is the culprit.
    """
    falling, rising = Compare(">=", SCORE, number(30)), Compare("<", SCORE, number(60))

    assert culprit(And((falling, rising)), MOVING, frozenset({CONSTANT, FALLING})) is rising
    with pytest.raises(InputError, match="could begin to hold"):
        qualify("engagement >= 30 and engagement < 60")
