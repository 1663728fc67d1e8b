"""Ranges hold everything a definition can reach, and conditions that cannot be true are known as such."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.definitions.bind import bind_condition
from mqlab.definitions.cohort import judged_cohort
from mqlab.definitions.evaluate import truth
from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition, EnumLabel, FieldDecl
from mqlab.definitions.ranges import ranges
from mqlab.definitions.registry import Registry
from mqlab.definitions.satisfiable import always, can_be
from mqlab.definitions.spans import Known, Span
from mqlab.errors import Place

LAB = Registry.open(Path(__file__).parents[2] / "definitions")
FIELDS = (
    FieldDecl("employees", "number"),
    FieldDecl("seats", "number", impute=5.0),
    FieldDecl("country", "string"),
    FieldDecl("opted_in", "bool"),
    FieldDecl(
        "need",
        "enum",
        labels=(EnumLabel("low", "low", 1.0), EnumLabel("medium", "medium", 2.0), EnumLabel("high", "high", 3.0)),
    ),
    FieldDecl(
        "fit",
        "enum",
        labels=(EnumLabel("poor", "poor", 0.0), EnumLabel("good", "good", 1.0)),
        default_label="poor",
    ),
)
KNOWN = Known(fields={decl.name: decl for decl in FIELDS})
VALUES = {
    "employees": [None, 0.0, 5.0, 10.0, 50.0, 51.0],
    "seats": [None, 4.0, 5.0, 6.0],
    "country": [None, "de", "fr", "it"],
    "opted_in": [None, True, False],
    "need": [None, "low", "medium", "high"],
    "fit": [None, "poor", "good"],
}


def of(body: str) -> Definition:
    """A definition with this body."""
    return load_text(f"kind: mql-definition/v1\nid: case\nversion: 1.0.0\n{body}", file="case@1.0.0.yaml")


def condition(text: str) -> tuple[bool, bool]:
    """Whether a condition on the fields can be true, and whether it always is."""
    tree = bind_condition(text, fields=FIELDS, place=Place()).tree
    return can_be(tree, True, KNOWN), always(tree, KNOWN)


@pytest.mark.parametrize("ref", LAB.refs())
def test_every_simulated_lead_lies_in_the_ranges(ref: str) -> None:
    """No lead scores, grades or has a probability outside of what is attainable."""
    found = ranges(LAB[ref])

    for judged in judged_cohort(LAB[ref]):
        for name, score in judged.decision.scores.items():
            assert found.scores[name].low <= score <= found.scores[name].high
        for name, grade in judged.decision.grades.items():
            assert grade is None or grade in found.grades[name]
        if judged.decision.probability is not None:
            assert found.known.probability.low <= judged.decision.probability <= found.known.probability.high


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param("{id: a, event: e, points: 10, max_count: 3}", Span(0, 30), id="counted"),
        pytest.param("{id: a, event: e, points: 10}", Span(0, math.inf), id="uncounted"),
        pytest.param("{id: a, event: e, points: 10, cap: 25}", Span(0, 25), id="capped"),
        pytest.param("{id: a, event: e, points: -10, max_count: 3, cap: 25}", Span(-25, 0), id="capped below"),
        pytest.param("{id: a, event: e, points: 10, distinct: day, within: 2d}", Span(0, 40), id="one a day"),
        pytest.param(
            "{id: a, event: e, points: 8, max_count: 1, decay: {steps: [[0d, 0.5]]}}", Span(0, 4), id="half at once"
        ),
        pytest.param('{id: a, event: e, where: "x > 2 and x < 1", points: 10}', Span(0, 0), id="impossible event"),
        pytest.param("{id: a, field: n, bands: [[0, 10, -5], [10, null, 20]]}", Span(-5, 20), id="bands"),
        pytest.param("{id: a, field: n, bands: [[null, 10, 5], [10, null, 20]]}", Span(0, 20), id="bands, or missing"),
        pytest.param("{id: a, field: t, map: {de: 10}, default: 4}", Span(0, 10), id="map"),
        pytest.param("{id: a, field: t, words: [[[vp], 10], [[head], -4]]}", Span(-4, 10), id="words"),
        pytest.param("{id: a, absence: [e], of: 30d, points: -15}", Span(-15, 0), id="absence"),
        pytest.param('{id: a, when: "missing(n) or not missing(n)", points: 7}', Span(7, 7), id="always"),
        pytest.param(
            "{id: a, field: n, bands: [[0, 10, 30]]}, {id: b, field: n, bands: [[10, 20, 30]]}",
            Span(0, 30),
            id="two rules on one number",
        ),
    ],
)
def test_what_rules_can_reach(rules: str, expected: Span) -> None:
    """Each kind of rule has the range its points, counts and caps allow."""
    body = "fields: {n: {type: number}, t: {type: string}}\nevents: {e: {props: {x: number}}}\n"

    found = ranges(of(f"{body}scores: {{s: {{rules: [{rules}]}}}}\nqualify: s >= 0"))

    assert found.scores["s"] == expected


def test_bounds_scale_and_grades() -> None:
    """Groups, ranges and scaling bound a score, and with it its grades and the pairs of a matrix."""
    body = (
        "events: {e: {}}\nscores:\n  s: {range: [0, 45], groups: {a: {max: 40, rules: [{id: x, event: e, points: 9}]}, "
    )
    body += (
        "b: {min: -5, rules: [{id: y, event: e, points: -9}]}}}\ngrades: {s: {A: 41, B: 40, C: -1}}\nqualify: s >= 3"
    )

    found = ranges(of(body))

    assert found.scores == {"s": Span(0, 40)}
    assert found.groups == {("s", "a"): Span(0, 40), ("s", "b"): Span(-5, 0)}
    assert found.grades == {"s": frozenset({"B", "C"})}


@pytest.mark.parametrize(
    ("text", "possible", "certain"),
    [
        pytest.param("employees < 10 and employees > 50", False, False, id="contradiction"),
        pytest.param("employees < 10 and employees >= 10", False, False, id="touching ends"),
        pytest.param("10 <= employees <= 10", True, False, id="one number"),
        pytest.param("employees == 10 and employees != 10", False, False, id="a hole"),
        pytest.param("missing(employees) and employees > 5", False, False, id="missing and known"),
        pytest.param("missing(seats) and seats == 5", True, False, id="missing, with a default"),
        pytest.param("missing(seats) and seats > 5", False, False, id="missing, but not by default"),
        pytest.param("seats < 5 or seats >= 5", True, True, id="a whole line, with a default"),
        pytest.param("missing(employees) or not missing(employees)", True, True, id="missing or not"),
        pytest.param("employees < 10 or not (employees < 10)", True, False, id="unknown stays unknown"),
        pytest.param("need > 'high'", False, False, id="above the best label"),
        pytest.param("need >= 'low'", True, False, id="any label, if known"),
        pytest.param("fit >= 'poor'", True, True, id="any label, with a default"),
        pytest.param("country in ['de', 'fr'] and country not in ['de', 'fr', 'it']", False, False, id="lists"),
        pytest.param("opted_in == true and opted_in == false", False, False, id="truths"),
        pytest.param("not (country == 'de' or missing(country)) and country == 'de'", False, False, id="under a not"),
        pytest.param("has_word(country, 'de')", True, False, id="words"),
    ],
)
def test_what_can_be_true(text: str, possible: bool, certain: bool) -> None:
    """Contradictions are seen through and, or, not, defaults and missing values."""
    assert condition(text) == (possible, certain)


ATOMS = st.sampled_from(
    [
        "employees < 10",
        "employees >= 50",
        "employees == 5",
        "seats > 5",
        "seats <= 4",
        "country == 'de'",
        "country in ['de', 'fr']",
        "country != 'fr'",
        "opted_in == true",
        "need >= 'medium'",
        "need < 'medium'",
        "fit == 'good'",
        "missing(employees)",
        "missing(seats)",
        "missing(country)",
        "missing(fit)",
    ]
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=6,
)
LEADS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()})


@settings(max_examples=300, deadline=None)
@given(text=CONDITIONS, lead=LEADS)
def test_what_is_true_for_a_lead_can_be_true(text: str, lead: dict[str, float | str | bool | None]) -> None:
    """`can_be` never calls impossible what some lead shows, and `always` never certain what some lead denies."""
    expression = bind_condition(text, fields=FIELDS, place=Place())

    found = truth(expression, lead, fields=FIELDS)

    assert found is not True or can_be(expression.tree, True, KNOWN)
    assert found is not False or can_be(expression.tree, False, KNOWN)
    assert found is True or not always(expression.tree, KNOWN)
