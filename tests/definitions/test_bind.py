"""Names and types: what binds to what, and what every mistake is told."""

# ruff: noqa: E501 (a table reads best with one case on one line)
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.definitions.bind import bind_condition
from mqlab.definitions.bind_expression import bind_expression
from mqlab.definitions.model import EnumLabel, FieldDecl
from mqlab.definitions.scope import SOURCE, Scope
from mqlab.definitions.syntax import Source
from mqlab.definitions.tree import (
    And,
    Channel,
    Compare,
    Count,
    DaysSince,
    FieldRef,
    GradeLiteral,
    GradeRef,
    LabelLiteral,
    Member,
    Node,
    Not,
    NumberLiteral,
    Or,
    PropRef,
    ScoreRef,
    Sum,
    TextLiteral,
    TextTest,
    TruthLiteral,
)
from mqlab.errors import InputError, Place
from tests.definitions.texts import SMALL, load, problems_of, qualify, told, told_by, with_qualify

DAY = 86_400_000_000
EMPLOYEES = FieldRef("employees", "number")
NEED = FieldRef("need", "enum")
INDUSTRY = FieldRef("industry", "string")


def tree(expression: str) -> Node:
    bound = qualify(expression).qualify
    assert bound is not None and hasattr(bound, "tree")
    return bound.tree


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("employees > 5", Compare(">", EMPLOYEES, NumberLiteral(5.0)), id="number"),
        pytest.param("employees > -5", Compare(">", EMPLOYEES, NumberLiteral(-5.0)), id="negative number"),
        pytest.param("active", FieldRef("active", "bool"), id="bool alone"),
        pytest.param("active == true", Compare("==", FieldRef("active", "bool"), TruthLiteral(True)), id="bool"),
        pytest.param("source == 'Partner'", Compare("==", FieldRef("source", "string"), TextLiteral("partner")), id="source"),
        pytest.param("industry == ' ＡＩ '", Compare("==", INDUSTRY, TextLiteral("ai")), id="normalised text"),
        pytest.param("need >= 'LOW'", Compare(">=", NEED, LabelLiteral("low", 1.0)), id="label"),
        pytest.param("'low' <= need", Compare("<=", LabelLiteral("low", 1.0), NEED), id="label first"),
        pytest.param("grade(fit) >= 'b'", Compare(">=", GradeRef("fit"), GradeLiteral("B", 0)), id="grade"),
        pytest.param("fit > 1", Compare(">", ScoreRef("fit"), NumberLiteral(1.0)), id="score needs no rounding"),
        pytest.param("industry in good", Member(INDUSTRY, (TextLiteral("software"), TextLiteral("finance")), "good"), id="list"),
        pytest.param("need not in ['low']", Not(Member(NEED, (LabelLiteral("low", 1.0),))), id="not in"),
        pytest.param("tier in tiers", Member(FieldRef("tier", "enum"), (LabelLiteral("gold", None),), "tiers"), id="list of labels"),
        pytest.param("has_word(industry, 'VP, Sales')", TextTest("has_word", INDUSTRY, (" vp sales ",)), id="spaced words"),
        pytest.param("contains(industry, 'So')", TextTest("contains", INDUSTRY, ("so",)), id="contains"),
        pytest.param("days_since(email_click) < 7", Compare("<", DaysSince(Channel("email_click")), NumberLiteral(7.0)), id="days"),
        pytest.param(
            "50 <= employees < 200",
            And((Compare("<=", NumberLiteral(50.0), EMPLOYEES), Compare("<", EMPLOYEES, NumberLiteral(200.0)))),
            id="chain",
        ),
        pytest.param(
            "count(page_view, path == '/x', not bot, within='7d', distinct='day') >= 1",
            Compare(
                ">=",
                Count(
                    Channel(
                        "page_view",
                        And((Compare("==", PropRef("path", "string"), TextLiteral("/x")), Not(PropRef("bot", "bool")))),
                        7 * DAY,
                        True,
                    )
                ),
                NumberLiteral(1.0),
            ),
            id="count",
        ),
        pytest.param(
            "sum(page_view, seconds) > 60",
            Compare(">", Sum(Channel("page_view"), "seconds"), NumberLiteral(60.0), rounded=True),
            id="sum is rounded",
        ),
    ],
)  # fmt: skip
def test_an_expression_becomes_its_tree(expression: str, expected: Node) -> None:
    """
    Names, types, labels, grades, lists and windows are resolved in the tree.
    """
    assert tree(expression) == expected


@pytest.mark.parametrize(
    ("expression", "rounded"),
    [
        pytest.param("employees > 5", False, id="field"),
        pytest.param("count(page_view) > 5", False, id="count"),
        pytest.param("fit > 5", False, id="score"),
        pytest.param("fit + 0.1 > 5", True, id="arithmetic"),
        pytest.param("-employees > 5", False, id="negated field"),
        pytest.param("-log1p(employees) > 5", True, id="negated logarithm"),
        pytest.param("max(employees, employees * 2) > 5", True, id="greatest of arithmetic"),
        pytest.param("min(employees, 3) > 5", False, id="least of fields"),
        pytest.param("5 < sum(page_view, seconds)", True, id="sum on the right"),
    ],
)
def test_continuous_numbers_are_rounded_before_they_are_compared(expression: str, rounded: bool) -> None:
    """
    Sums, arithmetic, logarithms and probabilities are compared to nine decimals, the rest as they are.
    """
    compare = tree(expression)

    assert isinstance(compare, Compare) and compare.rounded is rounded


def test_a_continuous_number_in_a_list_is_compared_one_by_one() -> None:
    """
    `in` on arithmetic becomes rounded comparisons, so that 0.1 + 0.2 is in [0.3].
    """
    found = tree("employees * 2 in [0.3, 4]")

    assert isinstance(found, Or) and all(isinstance(arg, Compare) and arg.rounded for arg in found.args)


@pytest.mark.parametrize(
    ("expression", "code", "column", "words"),
    [
        pytest.param("employes > 5", "UnknownField", 0, "Did you mean 'employees'?", id="unknown field"),
        pytest.param("fits > 5", "UnknownField", 0, "Did you mean 'fit'?", id="unknown score"),
        pytest.param("NO == industry", "UnknownField", 0, "put it in quotes: 'NO'", id="unquoted text"),
        pytest.param("industry == software", "UnknownField", 12, "put it in quotes", id="unquoted text on the right"),
        pytest.param("probability > 0.5", "UnknownName", 0, "no `model`", id="probability without a model"),
        pytest.param("path == '/x'", "NotReadableHere", 0, "property of page_view", id="property outside"),
        pytest.param("page_view > 1", "NotReadableHere", 0, "count(page_view)", id="event as a value"),
        pytest.param("good == 'x'", "NotReadableHere", 0, "write `in` before it", id="list as a value"),
        pytest.param("employees", "TypeMismatch", 0, "a number, not a condition", id="number as a condition"),
        pytest.param("fit", "TypeMismatch", 0, "not a condition", id="score as a condition"),
        pytest.param("not industry", "TypeMismatch", 4, "text, not a condition", id="text as a condition"),
        pytest.param("['a']", "TypeMismatch", 0, "after `in`", id="list alone"),
        pytest.param("industry < 'b'", "TypeMismatch", 0, "text has no order", id="order on text"),
        pytest.param("'b' > industry", "TypeMismatch", 6, "text has no order", id="order on text, reversed"),
        pytest.param("active > true", "TypeMismatch", 0, "have no order", id="order on bools"),
        pytest.param("active == 1", "TypeMismatch", 10, "cannot be compared", id="bool with number"),
        pytest.param("employees == '5'", "TypeMismatch", 13, "cannot be compared", id="number with text"),
        pytest.param("industry == 5", "TypeMismatch", 12, "cannot be compared", id="text with number"),
        pytest.param("need > 2", "TypeMismatch", 7, "labels, in quotes", id="enum with number"),
        pytest.param("need + 1 > 2", "TypeMismatch", 0, "no arithmetic with enums", id="arithmetic with an enum"),
        pytest.param("-need > 2", "TypeMismatch", 1, "no arithmetic with enums", id="minus an enum"),
        pytest.param("need == industry", "TypeMismatch", 8, "cannot be compared", id="enum with text field"),
        pytest.param("need >= 'medium'", "UnknownLabel", 8, "none, low, high", id="unknown label"),
        pytest.param("need >= 'hihg'", "UnknownLabel", 8, "Did you mean 'high'?", id="misspelled label"),
        pytest.param("need == 'unknown'", "UnknownLabel", 8, "missing(need)", id="null token as a label"),
        pytest.param("tier >= 'gold'", "TypeMismatch", 0, "has no order", id="order on a list enum"),
        pytest.param("need > tier", "TypeMismatch", 7, "has no order", id="order with a list enum"),
        pytest.param("industry == 'n/a'", "NullTokenLiteral", 12, "missing(industry)", id="null token as text"),
        pytest.param("industry != ''", "NullTokenLiteral", 12, "missing(industry)", id="empty text"),
        pytest.param("employees in ['a']", "TypeMismatch", 14, "cannot be in its list", id="text in a list of numbers"),
        pytest.param("industry in [1]", "TypeMismatch", 13, "cannot be in its list", id="number in a list of texts"),
        pytest.param("need in [1]", "TypeMismatch", 9, "Quote labels", id="number in a list of labels"),
        pytest.param("need in ['low', 'hgih']", "UnknownLabel", 16, "Did you mean 'high'?", id="unknown label in a list"),
        pytest.param("industry in god", "UnknownList", 12, "Did you mean 'good'?", id="unknown list"),
        pytest.param("tier in odd_tiers", "UnknownLabel", 8, "'bronze'", id="list entry that is no label"),
        pytest.param("employees in good", "TypeMismatch", 0, "a named list holds text", id="number in a named list"),
        pytest.param("industry in 'soft'", "TypeMismatch", 12, "stands a list", id="text after in"),
        pytest.param("employees in [1 + 1]", "TypeMismatch", 14, "A list holds", id="arithmetic in a list"),
        pytest.param("employees in [-(1 + 1)]", "TypeMismatch", 14, "A list holds", id="negated arithmetic in a list"),
        pytest.param("foo(1)", "NotAllowed", 0, "Functions:", id="unknown function"),
        pytest.param("coun(page_view) > 1", "NotAllowed", 0, "Did you mean 'count'?", id="misspelled function"),
        pytest.param("__import__('os')", "NotAllowed", 0, "not allowed", id="import"),
        pytest.param("eval('1')", "NotAllowed", 0, "not allowed", id="eval"),
        pytest.param("count(page_vew) > 1", "UnknownEvent", 6, "Did you mean 'page_view'?", id="unknown event"),
        pytest.param("count('page_view') > 1", "WrongArguments", 6, "without quotes", id="quoted event"),
        pytest.param("count(5) > 1", "WrongArguments", 6, "must be an event", id="number as an event"),
        pytest.param("count() > 1", "WrongArguments", 0, "needs an event", id="no event"),
        pytest.param("count(page_view, pth == '/x') > 1", "UnknownProperty", 17, "'path'", id="unknown property"),
        pytest.param("count(email_click, path == '/x') > 1", "NotReadableHere", 19, "not of email_click", id="other event's property"),
        pytest.param("count(page_view, employees > 1) > 1", "NotReadableHere", 17, "lead's fields", id="field in a condition on an event"),
        pytest.param("count(page_view, fit > 1) > 1", "NotReadableHere", 17, "not scores", id="score in a condition on an event"),
        pytest.param("count(page_view, path) > 1", "TypeMismatch", 17, "not a condition", id="property as a condition"),
        pytest.param("count(page_view, count(email_click) > 0) > 1", "NotReadableHere", 17, "condition on an event", id="count in count"),
        pytest.param("count(page_view, missing(path)) > 1", "NotReadableHere", 17, "field of the lead", id="missing in count"),
        pytest.param("count(page_view, within=7) > 1", "WrongArguments", 24, "must be text", id="window without quotes"),
        pytest.param("count(page_view, within='7') > 1", "InvalidDuration", 24, "90d", id="window without a unit"),
        pytest.param("count(page_view, within='0d') > 1", "InvalidDuration", 24, "longer than nothing", id="empty window"),
        pytest.param("count(page_view, within='7d', within='8d') > 1", "WrongArguments", 37, "twice", id="window twice"),
        pytest.param("count(page_view, distinct='week') > 1", "WrongArguments", 26, "'day'", id="distinct by week"),
        pytest.param("count(page_view, withn='7d') > 1", "WrongArguments", 23, "Did you mean 'within'?", id="misspelled keyword"),
        pytest.param("count(page_view, max_count=3) > 1", "WrongArguments", 27, "not known", id="unknown keyword"),
        pytest.param("sum(page_view) > 1", "WrongArguments", 0, "event and a property", id="sum of nothing"),
        pytest.param("sum(page_view, path) > 1", "TypeMismatch", 15, "a number is needed", id="sum of text"),
        pytest.param("sum(page_view, secs) > 1", "UnknownProperty", 15, "secs", id="sum of an unknown property"),
        pytest.param("sum(page_view, 'seconds') > 1", "WrongArguments", 15, "name of a property", id="sum of a quoted property"),
        pytest.param("days_since(page_view) > 7.5", "TypeMismatch", 24, "whole number", id="days with a fraction"),
        pytest.param("days_since(page_view) > 7.0", "TypeMismatch", 24, "whole number", id="days with 7.0"),
        pytest.param("days_since(page_view) > employees", "TypeMismatch", 24, "whole number", id="days with a field"),
        pytest.param("days_since(page_view) + 1 > 3", "TypeMismatch", 0, "whole number", id="arithmetic with days"),
        pytest.param("days_since(page_view) in [1]", "TypeMismatch", 0, "whole number", id="days in a list"),
        pytest.param("days_since(page_view) == days_since(email_click)", "TypeMismatch", 25, "whole number", id="days with days"),
        pytest.param("min(days_since(page_view), 3) > 1", "TypeMismatch", 4, "whole number", id="least of days"),
        pytest.param("days_since(page_view, within='3d') > 3", "WrongArguments", 0, "takes no", id="days in a window"),
        pytest.param("has_word(industry)", "WrongArguments", 0, "a field and a text", id="no word"),
        pytest.param("has_word(employees, 'a')", "TypeMismatch", 9, "text field", id="word in a number"),
        pytest.param("has_word(tier, 'gold')", "TypeMismatch", 9, "`==` or `in`", id="word in an enum"),
        pytest.param("has_word('a', 'a')", "TypeMismatch", 9, "text field", id="word in a text literal"),
        pytest.param("has_word(industry, 5)", "TypeMismatch", 19, "in quotes", id="number as a word"),
        pytest.param("has_word(industry, '--')", "InvalidValue", 19, "letter or digit", id="word without letters"),
        pytest.param("contains(industry, ' ')", "InvalidValue", 19, "something in it", id="empty text looked for"),
        pytest.param("grade(fit) >= 'C'", "UnknownGrade", 14, "A, B", id="unknown grade"),
        pytest.param("grade(engagement) >= 2", "TypeMismatch", 21, "Quote the grade", id="grade as a number"),
        pytest.param("grade(fit) == grade(engagement)", "TypeMismatch", 14, "different scores", id="grades of two scores"),
        pytest.param("grade(industry) == 'A'", "UnknownScore", 6, "no score", id="grade of a field"),
        pytest.param("grade('fit') == 'A'", "UnknownScore", 6, "no score", id="grade of text"),
        pytest.param("min(employees) > 3", "WrongArguments", 0, "at least two", id="least of one"),
        pytest.param("max(employees, industry) > 3", "TypeMismatch", 15, "number is needed", id="greatest of text"),
        pytest.param("log10(1, 2) > 3", "WrongArguments", 0, "one argument", id="logarithm of two"),
        pytest.param("log1p(active) > 3", "TypeMismatch", 6, "number is needed", id="logarithm of a bool"),
        pytest.param("missing(fit)", "WrongArguments", 8, "never missing", id="missing score"),
        pytest.param("missing('industry')", "WrongArguments", 8, "name of a field", id="missing text"),
        pytest.param("missing(industri)", "UnknownField", 8, "'industry'", id="missing unknown field"),
    ],
)  # fmt: skip
def test_every_mistake_is_told_where_it_stands(expression: str, code: str, column: int, words: str) -> None:
    """
    Each mistake names itself, its line and column, and where one is near, the known name.
    """
    line = SMALL.count("\n") + 1

    (problem,) = problems_of(with_qualify(expression))

    assert problem.code == code and words in told(problem)
    doubled = expression[:column].count("'")
    assert (problem.place.line, problem.place.column) == (line, 11 + column + doubled)
    assert (problem.place.file, problem.place.path) == ("probe.yaml", "qualify")


def test_gates_rules_and_models_cannot_read_scores() -> None:
    """
    Scores, grades and the probability are read by qualify, fast tracks, nurture and classify only.
    """
    text = SMALL + (
        "gates: [{id: g, when: 'fit > 1', then: hold}, {id: h, when: \"grade(fit) == 'A'\", then: hold}]\n"
        "model: {type: logistic, intercept: 0, terms: [{feature: 'probability', coef: 1}]}\n"
    )

    found = problems_of(text)

    assert [problem.code for problem in found] == ["NotReadableHere", "NotReadableHere", "UnknownName"]
    assert "cannot read scores" in found[0].message and found[0].place.path == "gates.g.when"


def test_a_term_of_a_model_is_a_number_or_a_condition() -> None:
    """
    A model's feature may be true or false, or a number, but no text.
    """
    model = "model: {{type: logistic, intercept: 0, terms: [{{feature: {!r}, coef: 1}}]}}\nqualify: probability > 0.5\n"

    assert load(SMALL + model.format("missing(employees)")).model is not None
    (problem,) = problems_of(SMALL + model.format("industry"))

    assert problem.place.path == "model.terms.0.feature" and "text" in problem.message


def test_several_problems_are_told_at_once() -> None:
    """
    Everything wrong with the expressions of a file is reported together, in the order of the file.
    """
    text = SMALL + (
        "gates: [{id: g, when: 'employes > 1', then: hold}]\n"
        "qualify: 'industry > 3'\n"
        "classify: [{label: a, when: 'foo()'}, {label: b, when: 'need == 1'}]\n"
    )

    found = problems_of(text)

    assert [problem.code for problem in found] == ["UnknownField", "TypeMismatch", "NotAllowed", "TypeMismatch"]
    assert [problem.place.path for problem in found] == [
        "gates.g.when",
        "qualify",
        "classify.0.when",
        "classify.1.when",
    ]


@pytest.mark.parametrize("wrong", ["count(page_view) > 1", "fit > 1", "probability > 1", "grade(fit) == 'A'"])
def test_a_condition_of_an_experiment_reads_fields_only(wrong: str) -> None:
    """
    `eligible` reads fields and the source; anything that moves in time is refused.
    """
    fields = (FieldDecl("need", "enum", (EnumLabel("low", "Low", 1.0),)), FieldDecl("employees", "number"))

    bound = bind_condition("source != 'partner' and need == 'Low' or missing(employees)", fields=fields, place=Place())

    assert isinstance(bound.tree, Or)
    with pytest.raises(InputError):
        bind_condition(wrong, fields=fields, place=Place("e.yaml", 3, 12))


def test_a_condition_points_into_its_own_file() -> None:
    """
    The place given for a condition is where its text begins, and errors count from there.
    """
    with pytest.raises(InputError) as caught:
        bind_condition(
            "source != 'partner' and emplyees > 3",
            fields=(FieldDecl("employees", "number"),),
            place=Place("e.yaml", 3, 12),
        )

    place = caught.value.problem.place
    assert (place.file, place.line, place.column) == ("e.yaml", 3, 36)
    assert "employees" in (caught.value.problem.hint or "")


ATOMS = st.sampled_from(
    ["employees", "industry", "active", "need", "tier", "fit", "engagement", "good", "source", "page_view", "path", "5", "2.5", "'low'", "'a'", "true", "probability", "count(page_view)", "sum(page_view,seconds)", "days_since(page_view)", "missing(industry)", "grade(fit)", "has_word(industry,'a')"]
)  # fmt: skip


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operator = st.sampled_from(["and", "or", "<", "<=", ">", ">=", "==", "!=", "in", "+", "-", "*"])
    function = st.sampled_from(
        ["count", "sum", "missing", "log10", "log1p", "min", "max", "grade", "contains", "days_since", "account.count"]
    )
    return st.one_of(
        st.tuples(inner, operator, inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda one: f"(not {one})"),
        inner.map(lambda one: f"(-{one})"),
        st.lists(inner, min_size=1, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(function, st.lists(inner, max_size=3)).map(lambda parts: f"{parts[0]}({', '.join(parts[1])})"),
    )


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        pytest.param("qualify: |\n  employees > 5\n  and employes > 6\n", 2, 7, id="literal block"),
        pytest.param("qualify: >-\n  employees > 5\n  and employes > 6\n", 2, 7, id="folded block"),
        pytest.param("qualify: employees > 5\n  and employes > 6\n", 1, 7, id="plain over two lines"),
        pytest.param("qualify: \"employees > 5\n  and employes > 6\"\n", 1, 7, id="quoted over two lines"),
        pytest.param("qualify: 'industry == ''x'' and employes > 6'\n", 0, 33, id="doubled quotes"),
    ],
)  # fmt: skip
def test_an_expression_over_several_lines_is_told_by_line(text: str, line: int, column: int) -> None:
    """
    However an expression is folded or quoted in YAML, a mistake is shown at its own line and column.
    """
    (problem,) = problems_of(SMALL + text)

    assert (problem.place.line, problem.place.column) == (SMALL.count("\n") + 1 + line, column)


def small_scope() -> Scope:
    small = qualify("true")
    return Scope(
        "scores",
        fields={SOURCE.name: SOURCE} | {field.name: field for field in small.fields},
        lists=dict(small.lists),
        events={event.name: event for event in small.events},
        scores=frozenset(score.name for score in small.scores),
        grades={grading.score: grading for grading in small.grades},
    )


SCOPE = small_scope()


@settings(max_examples=300, deadline=None)
@given(st.recursive(ATOMS, combined, max_leaves=8))
def test_any_expression_is_bound_or_refused(expression: str) -> None:
    """
    Whatever is written with the words of the language, binding gives a tree or an InputError with a place.
    """
    found = told_by(lambda: bind_expression(Source(expression, Place("f.yaml", 1, 1)), SCOPE))

    assert all(1 <= (problem.place.column or 0) <= 1 + len(expression) for problem in found)
