"""Unknown is a value: three-valued logic, arithmetic and text (definitions.md 3.7)."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.definitions.evaluate import truth
from mqlab.definitions.logic import Leaves, compile_node, quantise, round9
from mqlab.definitions.model import EnumLabel, FieldDecl
from mqlab.definitions.tree import (
    And,
    Arithmetic,
    Compare,
    Expression,
    FieldRef,
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
    ScoreRef,
    TextLiteral,
    TextTest,
    TruthLiteral,
)
from mqlab.leads.records import Scalar

FIELDS = (
    FieldDecl("n", "number"),
    FieldDecl("imputed", "number", impute=7.0),
    FieldDecl(
        "need", "enum", tuple(EnumLabel(name, name, float(at)) for at, name in enumerate(("none", "low", "high")))
    ),
    FieldDecl("fit", "enum", (EnumLabel("low", "low", 1.0), EnumLabel("high", "high", 9.0)), default_label="low"),
    FieldDecl("flag", "bool"),
    FieldDecl("title", "string"),
)
N, NEED, FIT = FieldRef("n", "number"), FieldRef("need", "enum"), FieldRef("fit", "enum")
FLAG, TITLE = FieldRef("flag", "bool"), FieldRef("title", "string")
VALUES = {True: TruthLiteral(True), False: TruthLiteral(False), None: FLAG}


def value(node: Node, **values: Scalar) -> bool | None:
    """What a condition on fields comes to."""
    return truth(Expression("", node), values, fields=FIELDS)


@pytest.mark.parametrize(("left", "right"), list(itertools.product((True, False, None), repeat=2)))
def test_false_wins_in_and_true_in_or(left: bool | None, right: bool | None) -> None:
    """The truth tables of SQL, worked from "unknown may be either"."""
    possible = [
        (one, other)
        for one in ((True, False) if left is None else (left,))
        for other in ((True, False) if right is None else (right,))
    ]
    both = {one and other for one, other in possible}
    either = {one or other for one, other in possible}

    assert value(And((VALUES[left], VALUES[right]))) is (both.pop() if len(both) == 1 else None)
    assert value(Or((VALUES[left], VALUES[right]))) is (either.pop() if len(either) == 1 else None)
    assert value(Not(VALUES[left])) is (None if left is None else not left)


TREES = st.recursive(
    st.sampled_from((TruthLiteral(True), TruthLiteral(False), FLAG, Compare("<", N, NumberLiteral(3)))),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda args: And(tuple(args)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda args: Or(tuple(args)), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=12,
)


@given(left=TREES, right=TREES, flag=st.sampled_from((True, False, None)), n=st.sampled_from((1.0, 5.0, None)))
def test_de_morgan(left: Node, right: Node, flag: bool | None, n: float | None) -> None:
    """`not (a and b)` is `not a or not b`, and two negations cancel, unknown included."""
    assert value(Not(And((left, right))), flag=flag, n=n) is value(Or((Not(left), Not(right))), flag=flag, n=n)
    assert value(Not(Not(left)), flag=flag, n=n) is value(left, flag=flag, n=n)


@given(tree=TREES, flag=st.booleans(), n=st.sampled_from((1.0, 5.0)))
def test_learning_a_value_never_overturns_an_answer(tree: Node, flag: bool, n: float) -> None:
    """What is true or false of an unknown value stays so whatever the value turns out to be."""
    before = value(tree)

    assert before is None or value(tree, flag=flag, n=n) is before


@pytest.mark.parametrize(
    ("node", "values", "expected"),
    [
        pytest.param(Compare(">=", N, NumberLiteral(5)), {"n": "5"}, True, id="number text"),
        pytest.param(Compare(">=", N, NumberLiteral(5)), {"n": "5."}, None, id="text that does not fit"),
        pytest.param(Compare(">=", N, NumberLiteral(5)), {"n": math.inf}, None, id="infinity is missing"),
        pytest.param(Not(Compare("==", N, NumberLiteral(5))), {}, None, id="not unknown"),
        pytest.param(Compare(">", FieldRef("imputed", "number"), NumberLiteral(6)), {}, True, id="imputed"),
        pytest.param(Missing("imputed"), {}, True, id="missing looks behind the default"),
        pytest.param(Missing("n"), {"n": "many"}, True, id="what does not fit is missing"),
        pytest.param(Missing("flag"), {"flag": "no"}, False, id="false is not missing"),
        pytest.param(Compare("==", NEED, LabelLiteral("low", 1.0)), {"need": "low"}, True, id="label"),
        pytest.param(Compare("<", NEED, LabelLiteral("high", 2.0)), {"need": "low"}, True, id="declared order"),
        pytest.param(Compare("<", LabelLiteral("low", 1.0), NEED), {"need": "high"}, True, id="label first"),
        pytest.param(Compare("<", NEED, FIT), {"need": "high", "fit": "high"}, True, id="two enums by declared values"),
        pytest.param(Compare("==", NEED, FIT), {"need": "high", "fit": "high"}, True, id="two enums by label"),
        pytest.param(Compare("<", NEED, LabelLiteral("high", 2.0)), {"need": "huge"}, None, id="no such label"),
        pytest.param(Compare(">=", FIT, LabelLiteral("low", 1.0)), {}, True, id="default label"),
        pytest.param(Compare("==", FLAG, TruthLiteral(False)), {"flag": 0.0}, True, id="truth"),
        pytest.param(Member(TITLE, (TextLiteral("a"), TextLiteral("b"))), {"title": "b"}, True, id="member"),
        pytest.param(Not(Member(TITLE, (TextLiteral("a"),))), {}, None, id="not in of a missing text"),
        pytest.param(Member(N, (NumberLiteral(1), NumberLiteral(2))), {"n": 2.0}, True, id="number member"),
        pytest.param(Member(NEED, (LabelLiteral("low", 1.0),)), {"need": "low"}, True, id="label member"),
        pytest.param(TextTest("has_word", TITLE, (" vp ",)), {"title": "svp, sales"}, False, id="part of a word"),
        pytest.param(TextTest("has_word", TITLE, (" vp ",)), {"title": "(vp)/sales"}, True, id="word"),
        pytest.param(
            TextTest("has_word", TITLE, (" x ", " vice president ")), {"title": "vice-president"}, True, id="two words"
        ),
        pytest.param(TextTest("contains", TITLE, ("p, s",)), {"title": "vp, sales"}, True, id="contains"),
        pytest.param(TextTest("startswith", TITLE, ("s", "vp")), {"title": "vp"}, True, id="startswith"),
        pytest.param(TextTest("endswith", TITLE, ("v",)), {"title": "vp"}, False, id="endswith"),
        pytest.param(TextTest("contains", TITLE, ("a",)), {}, None, id="text of nothing"),
    ],
)
def test_conditions(node: Node, values: dict[str, Scalar], expected: bool | None) -> None:
    """Comparisons, membership and text, with their unknowns."""
    assert value(node, **values) is expected


THREE = NumberLiteral(3.0)


@pytest.mark.parametrize(
    ("node", "n", "expected"),
    [
        pytest.param(Arithmetic("+", N, THREE), 4.0, 7.0, id="sum"),
        pytest.param(Arithmetic("-", THREE, N), 4.0, -1.0, id="difference"),
        pytest.param(Arithmetic("*", N, THREE), 4.0, 12.0, id="product"),
        pytest.param(Arithmetic("*", N, NumberLiteral(1e300)), 1e300, None, id="too large is missing"),
        pytest.param(Arithmetic("+", N, THREE), None, None, id="sum with nothing"),
        pytest.param(Negate(N), 4.0, -4.0, id="minus"),
        pytest.param(Log10(N), 1000.0, 3.0, id="log10"),
        pytest.param(Log10(N), 0.0, None, id="log10 of zero"),
        pytest.param(Log1p(N), math.e - 1, 1.0, id="log1p"),
        pytest.param(Log1p(N), -1.0, None, id="log1p of minus one"),
        pytest.param(Least((N, THREE)), 4.0, 3.0, id="min"),
        pytest.param(Greatest((N, THREE)), 4.0, 4.0, id="max"),
        pytest.param(Least((N, THREE)), None, None, id="min with nothing"),
    ],
)
def test_numbers(node: Node, n: float | None, expected: float | None) -> None:
    """Arithmetic with nothing to say is unknown, never zero."""
    known = value(Compare("<=", node, NumberLiteral(1e308)), n=n)

    assert known is (None if expected is None else True)
    if expected is not None:
        assert value(Compare("==", node, NumberLiteral(expected), rounded=True), n=n) is True


def test_continuous_numbers_are_rounded_before_they_are_compared() -> None:
    """0.1 + 0.2 reaches 0.3, as people expect; nine decimals and half a step below do not."""
    tenth = Arithmetic("+", N, NumberLiteral(0.2))

    assert value(Compare(">=", tenth, NumberLiteral(0.3), rounded=True), n=0.1) is True
    assert value(Compare(">", tenth, NumberLiteral(0.3), rounded=True), n=0.1) is False
    assert value(Compare(">=", tenth, NumberLiteral(0.3), rounded=True), n=0.1 - 6e-10) is False
    assert value(Compare(">=", tenth, NumberLiteral(0.3), rounded=True), n=0.1 - 4e-10) is True


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_is_half_up_and_settles(number: float) -> None:
    """Rounding once more changes nothing, and moves a number by no more than half a step."""
    rounded = round9(number)

    assert rounded is not None
    assert quantise(rounded) == pytest.approx(quantise(number), abs=0, rel=1e-15)
    assert abs(rounded - number) <= max(5.0000001e-10, abs(number) * 1e-15)


def test_halves_go_up() -> None:
    """Half a step goes up, below zero too, and minus zero is zero."""
    assert round9(0.5e-9) == 1e-9
    assert round9(-0.5e-9) == 0.0
    assert str(round9(-1e-12)) == "0.0"
    assert round9(math.nan) is None
    assert round9(math.inf) is None


def test_a_leaf_that_has_no_meaning_is_refused() -> None:
    """A score cannot be read from an event's properties, nor an enum without declarations ordered."""
    with pytest.raises(TypeError, match="ScoreRef"):
        compile_node(ScoreRef("s"), Leaves[None]())
    with pytest.raises(TypeError, match="no order"):
        truth(Expression("", Compare("<", NEED, LabelLiteral("high", 2.0))), {"need": "low"})


def test_without_declarations_labels_are_text() -> None:
    """A condition on fields can be answered without their declarations as long as no enum is ordered."""
    assert truth(Expression("", Compare("==", NEED, LabelLiteral("low", 1.0))), {"need": "low"}) is True
    assert truth(Expression("", Compare("!=", FieldRef("source", "string"), TextLiteral("partner"))), {}) is None
