"""A definition in English: every part is told, every node has words."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from mqlab.definitions.bind import bind_condition
from mqlab.definitions.describe import describe, describe_markdown, describe_text
from mqlab.definitions.load import load_text
from mqlab.definitions.model import FieldDecl
from mqlab.definitions.phrases import clause, noun
from mqlab.definitions.registry import Registry
from mqlab.definitions.sites import expression_sites, rule_sites
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
from mqlab.errors import Place

LAB = Registry.open(Path(__file__).parents[2] / "definitions")
FIELDS = (FieldDecl("employees", "number"), FieldDecl("title", "string"), FieldDecl("opted_in", "bool"))
DAY = 86_400_000_000
NUMBER, EMPLOYEES = NumberLiteral(3.0), FieldRef("employees", "number")
VISITS = Channel("page_view", Compare("==", PropRef("path", "string"), TextLiteral("/pricing")), 7 * DAY, True, 3)
EXAMPLES: tuple[Node, ...] = (
    NUMBER,
    TextLiteral("vp"),
    TruthLiteral(True),
    LabelLiteral("high", 3.0),
    EMPLOYEES,
    PropRef("path", "string"),
    ScoreRef("fit"),
    GradeRef("fit"),
    GradeLiteral("A", 2),
    Probability(),
    Count(VISITS),
    Sum(VISITS, "seconds"),
    DaysSince(VISITS),
    AccountCount(VISITS),
    Arithmetic("-", EMPLOYEES, NUMBER),
    Negate(EMPLOYEES),
    Log1p(EMPLOYEES),
    Log10(EMPLOYEES),
    Least((EMPLOYEES, NUMBER)),
    Greatest((EMPLOYEES, NUMBER)),
    Compare(">=", EMPLOYEES, NUMBER),
    Member(FieldRef("title", "string"), (TextLiteral("vp"), TextLiteral("cto"))),
    Missing("title"),
    TextTest("has_word", FieldRef("title", "string"), (" vp ",)),
    And((Missing("title"), Missing("employees"))),
    Or((Missing("title"), Missing("employees"))),
    Not(Missing("title")),
)


def test_every_node_has_words() -> None:
    """Each kind of node can be said, as a condition and as a value, without a trace of Python."""
    assert {type(node) for node in EXAMPLES} == set(get_args(Node))
    for node in EXAMPLES:
        for told in (clause(node), noun(node)):
            assert told
            assert not set("{}_=<>") & set(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("employees >= 50", "employees is at least 50", id="at least"),
        pytest.param("50 <= employees < 200", "employees is at least 50 and employees is below 200", id="chain"),
        pytest.param("not missing(title)", "title is known", id="known"),
        pytest.param("title not in ['a', 'b']", "title is not one of “a” or “b”", id="not in"),
        pytest.param("has_word(title, 'vp', 'chief')", "title has the words “vp” or “chief”", id="words"),
        pytest.param("not has_word(title, 'vp')", "title does not have the word “vp”", id="no word"),
        pytest.param("not (employees >= 50)", "employees is below 50", id="not at least"),
        pytest.param("opted_in == true", "opted in is true", id="truth"),
        pytest.param(
            "employees > 5 and (title == 'a' or title == 'b')",
            "employees is above 5 and either title is “a” or title is “b”",
            id="or inside and",
        ),
    ],
)
def test_conditions_are_said_plainly(text: str, told: str) -> None:
    """A condition reads as a person would say it."""
    assert clause(bind_condition(text, fields=FIELDS, place=Place()).tree) == told


def test_counts_are_said_with_their_window() -> None:
    """How many events, of which kind, since when."""
    few, none = Count(Channel("demo")), Count(Channel("demo", within_us=7 * DAY))

    assert clause(Compare(">=", few, NUMBER)) == "there are at least 3 demo events"
    assert clause(Compare("==", none, NumberLiteral(0.0))) == "in the last 7 days there is no demo event"
    assert (
        clause(Compare("<=", DaysSince(Channel("demo")), NUMBER))
        == "the latest of the demo events was at most 3 days ago"
    )


@pytest.mark.parametrize("ref", LAB.refs())
def test_every_rule_gate_and_label_is_told(ref: str) -> None:
    """Nothing of a shipped definition is left out of its description."""
    definition = LAB[ref]
    text = describe_text(definition)

    for site in rule_sites(definition):
        assert f"{site.rule.id.replace('_', ' ')}:" in text
    for gate in definition.gates:
        assert f"- {gate.id}: " in text
    for label in definition.classify:
        assert f"- {label.label}: " in text
    for expression in expression_sites(definition):
        assert clause(expression.tree) in text or noun(expression.tree) in text


def test_a_definition_is_told_in_paragraphs() -> None:
    """Who qualifies comes first, then who is kept back, the points, what happens next and what is read."""
    headings = [paragraph.heading for paragraph in describe(LAB["bant-weighted@2.0.0"])]

    assert headings == ["Who is an MQL", "Who is kept back", "The score bant", "What happens next", "What it reads"]


def test_markdown_has_the_same_words() -> None:
    """The Markdown and the plain text differ only in their marks."""
    plain = describe_text(LAB["bant-weighted@2.0.0"]).lower()
    marked = describe_markdown(LAB["bant-weighted@2.0.0"]).lower()

    def strip(text: str) -> list[str]:
        return [line.lstrip("#- ") for line in text.splitlines() if line]

    assert strip(plain) == strip(marked)


def test_every_kind_of_rule_is_said() -> None:
    """Bands, maps, words, events with each decay, absences and conditions have their own sentence."""
    text = """
kind: mql-definition/v1
id: all
version: 1.0.0
fields: {n: {type: number, missing: {impute: 7}}, t: {type: string}, b: {type: bool}}
events: {e: {}, f: {}}
scores:
  s:
    rules:
      - {id: bands, field: n, bands: [[null, 0, -5], [0, 10, 1]], cap: 3}
      - {id: map, field: b, map: {true: 4}, default: -1}
      - {id: words, field: t, words: [[[vp], 10], [[head, lead], 4]]}
      - {id: half, event: e, points: 8, decay: {half_life: 1d}}
      - {id: even, event: e, points: 8, decay: {linear: 2d}}
      - {id: steps, event: e, points: 8, decay: {steps: [[7d, 0.5], [30d, 0]]}}
      - {id: gone, absence: [e, f], of: 60d, points: -15}
      - {id: when, when: "t == 'a'", points: 1}
  w: {range: [0, 10], weights: {b: 2}}
gates: [{id: g, when: "n < 1", then: hold, on_unknown: fail, forever: true}]
fast_track: [{id: quick, when: "count(e) > 2"}]
"""
    paragraphs = {paragraph.heading: paragraph for paragraph in describe(load_text(text, file="all@1.0.0.yaml"))}

    assert paragraphs["The score s"].points == (
        "bands: by n: -5 points below 0; 1 point from 0 to below 10; 3 points at most in either direction.",
        "map: by b: true 4 points; anything else -1 point.",
        "words: by the words of t: 10 points if it has “vp”; else 4 points if it has “head” or “lead”.",
        "half: 8 points for each e event; the points of an event halve every day.",
        "even: 8 points for each e event; the points of an event fade evenly to nothing over 2 days.",
        "steps: 8 points for each e event; the points of an event drop to 50% after 7 days and 0% after 30 days.",
        "gone: -15 points while there was no e or f event for 60 days.",
        "when: 1 point while t is “a”.",
    )
    assert paragraphs["The score w"].points == ("b: 2 times b (true 1, false 0).",)
    assert paragraphs["Who is an MQL"].text == "No score makes an MQL. Only these do, as soon as one holds:"
    assert paragraphs["Who is kept back"].points == (
        "g: held for good from the moment n is below 1; where that is not known, it is held too.",
    )
    assert paragraphs["What it reads"].points[0] == "n: a number; 7 is assumed when it is missing."
