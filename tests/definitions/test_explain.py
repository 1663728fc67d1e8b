"""Every decision can be explained (definitions.md 3.14)."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings

from mqlab.definitions.decision import RuleOutcome
from mqlab.definitions.evaluate import Evaluator, decide
from mqlab.leads.records import History, Lead
from tests.definitions.brute import Brute, us
from tests.definitions.leads import NOW, ago, change, definition, event, lead
from tests.definitions.made import MAKERS, START, STEP, Maker

RULES = definition(
    """
scores:
  s:
    groups:
      fields:
        rules:
          - {id: size, field: employees, bands: [[0, 50, 1], [100, null, 3]]}
          - {id: where, field: region, map: {north: 5}, default: 2}
          - {id: role, field: title, words: [[[chief], 9], [[head, vp], 7]]}
      events:
        rules:
          - {id: view, event: view, where: "path == '/p'", points: 4, max_count: 2, within: 9d, cap: 6}
          - {id: quiet, absence: [view], of: 5d, points: -3}
          - {id: big, when: "employees >= 100", points: 11}
  w: {weights: {need: 2, opted: 5}}
qualify: "s >= 1000"
"""
)


def outcomes(*facts: object, **fields: object) -> dict[str, RuleOutcome]:
    """What each rule gave at NOW."""
    return {rule.id: rule for rule in decide(RULES, lead(*facts, **fields), as_of=NOW).rules}


def test_every_rule_says_what_it_gave() -> None:
    """Points, points before the cap, whether it matched, how many events counted and the newest of them."""
    rules = outcomes(
        event("view", ago(10), path="/p"),
        event("view", ago(8), path="/p"),
        event("view", ago(7), path="/p"),
        event("view", ago(6), path="/q"),
        employees=120.0,
        region="south",
        title="Head of IT",
        need="medium",
        opted=True,
    )

    assert list(rules) == ["size", "where", "role", "view", "quiet", "big", "need", "opted"]
    assert rules["size"] == RuleOutcome("size", 3, 3, matched=True)
    assert rules["where"] == RuleOutcome("where", 2, 2, matched=False)
    assert rules["view"] == RuleOutcome("view", 6, 8, counted=2, capped=True, matched=True, newest_event_at=ago(7))
    assert rules["quiet"] == RuleOutcome("quiet", -3, -3, matched=True, newest_event_at=ago(6))
    assert rules["big"] == RuleOutcome("big", 11, 11, matched=True)
    assert rules["need"] == RuleOutcome("need", 4, 4, matched=True)
    assert rules["opted"] == RuleOutcome("opted", 5, 5, matched=True)


def test_an_unknown_rule_gives_nothing_and_is_marked() -> None:
    """A missing field gives 0 points, never the default of a map; a default of the field itself is a value."""
    rules = outcomes()

    assert {name for name, rule in rules.items() if rule.unknown} == {"size", "where", "role", "big", "opted"}
    assert {rule.points for rule in rules.values()} == {0.0, -3.0}
    assert rules["where"] == RuleOutcome("where", 0, 0, unknown=True)
    assert rules["need"] == RuleOutcome("need", 0, 0, matched=True)
    assert (rules["view"].counted, rules["view"].matched, rules["view"].unknown) == (0, False, False)


def test_a_gap_between_bands_gives_nothing_and_matches_nothing() -> None:
    """Between bands there are no points, yet the rule is not unknown."""
    assert outcomes(employees=70.0)["size"] == RuleOutcome("size", 0, 0, matched=False)
    assert outcomes(employees=50.0)["size"].matched is False
    assert outcomes(employees=0.0)["size"].points == 1


def test_missing_lists_declared_fields_whose_raw_value_is_missing() -> None:
    """A default does not hide that a value is missing, and text that does not fit is missing."""
    decision = decide(RULES, lead(employees="many", region="west", opted="no", title="n/a"), as_of=NOW)

    assert decision.missing == ("employees", "need", "region", "title")


LABELS = definition(
    """
scores: {s: {rules: [{id: view, event: view, points: 5}]}}
grades: {s: {good: 10, fair: 5}}
qualify: "grade(s) == 'good'"
nurture: {when: "missing(employees)", track: ask-size}
classify:
  - {label: expert, when: "employees > 100"}
  - {label: reader, when: "count(view) > 0"}
  - {label: any, when: "true"}
"""
)


@pytest.mark.parametrize(
    ("views", "fields", "expected"),
    [
        pytest.param(0, {}, (None, ("any",), "ask-size"), id="below all grades"),
        pytest.param(1, {}, ("fair", ("reader",), "ask-size"), id="first label that is true"),
        pytest.param(1, {"employees": 500.0}, ("fair", ("expert",), None), id="nurture does not apply"),
        pytest.param(2, {}, ("good", ("reader",), None), id="an MQL is not nurtured"),
    ],
)
def test_grades_labels_and_tracks(views: int, fields: dict[str, float], expected: tuple[object, ...]) -> None:
    """Grades by the greatest lower bound reached, the first label that is true, a track for who is not an MQL."""
    decision = decide(LABELS, lead(*(event("view", ago(day)) for day in range(1, views + 1)), **fields), as_of=NOW)

    assert (decision.grades["s"], decision.labels, decision.track) == expected


MODEL = definition(
    """
model:
  type: logistic
  trained: {as_of: "2026-03-31", label: won, rows: 10, positives: 2}
  intercept: -1
  terms: [{feature: "log10(employees)", coef: 1}, {feature: "count(view) > 0", coef: 2}, {feature: "opted", coef: 4}]
qualify: "probability >= 0.5"
"""
)


def test_a_model_lists_what_it_does_not_know() -> None:
    """An unknown feature adds nothing and is listed; a truth is 1 or 0."""
    decision = decide(MODEL, lead(event("view", ago(3)), employees=0.0), as_of=NOW)

    assert decision.unknown_features == ("log10(employees)", "opted")
    assert decision.probability == pytest.approx(1 / (1 + 2.718281828459045**-1), abs=1e-9)
    assert (decision.path, decision.qualified_at, decision.scores) == ("model", ago(3), {})


@pytest.mark.parametrize(
    ("body", "facts", "expected"),
    [
        pytest.param("qualify: \"count(view, within='9d') > 5\"", [event("view", ago(2))], ago(-7), id="leaves window"),
        pytest.param('qualify: "count(view) > 5"', [event("view", ago(2))], None, id="nothing ahead"),
        pytest.param('qualify: "days_since(view) >= 6"', [event("view", ago(2))], ago(-4), id="whole day"),
        pytest.param('qualify: "employees > 5"', [change("employees", 9.0, ago(-1))], None, id="not known yet"),
        pytest.param(
            'scores: {s: {rules: [{id: q, absence: [view], of: 5d, points: 1}]}}\nqualify: "s > 0"',
            [event("view", ago(2))],
            ago(-3),
            id="absence begins",
        ),
        pytest.param(
            'scores: {s: {rules: [{id: q, event: view, points: 1, decay: {steps: [[3d, 0.5]]}}]}}\nqualify: "s > 0"',
            [event("view", ago(2))],
            ago(-1),
            id="step of decay",
        ),
    ],
)
def test_the_next_instant_at_which_it_could_change(body: str, facts: list[object], expected: datetime | None) -> None:
    """If nothing new becomes known, the next instant after as_of at which the answer could be another."""
    assert decide(definition(body), lead(*facts), as_of=NOW).next_change_at == expected


def test_colleagues_are_counted_where_only_a_label_reads_them() -> None:
    """`account.count` covers the account also where no instant hangs on it."""
    body = 'qualify: "true"\nclassify: [{label: team, when: "account.count(view) >= 2"}]'
    colleague = History(Lead("lead-2", ago(9)), (event("view", ago(5)),))

    decision = decide(definition(body), lead(event("view", ago(3))), as_of=NOW, account=[colleague])

    assert decision.labels == ("team",)


def test_a_score_that_does_not_matter_is_shown_all_the_same() -> None:
    """Scores, grades and rules are told whether or not `qualify` reads them."""
    decision = decide(RULES, lead(need="high"), as_of=NOW)

    assert decision.scores == {"s": -3.0, "w": 6.0}


def test_scores_are_of_as_of_and_the_path_is_of_the_crossing() -> None:
    """Verdict and path are latched, everything else is as of the instant asked for."""
    body = """scores: {s: {rules: [{id: view, event: view, points: 5, within: 3d}]}}
fast_track: [{id: two, when: "count(view, within='1d') >= 2"}]
qualify: "s >= 5"
"""
    decision = decide(definition(body), lead(event("view", ago(20)), event("view", ago(9))), as_of=NOW)

    assert (decision.qualified_at, decision.path) == (ago(20), "score")
    assert (decision.scores, decision.holds_now, decision.next_change_at) == ({"s": 0.0}, False, None)


def test_a_decision_becomes_json() -> None:
    """The agreed keys, with instants in UTC; nothing in it that JSON cannot say."""
    decision = decide(RULES, lead(event("view", ago(2), path="/p"), employees=float("nan")), as_of=NOW)
    row = json.loads(json.dumps(decision.to_dict(), allow_nan=False))

    assert row["as_of"] == "2026-07-31T12:00:00Z"
    assert [rule["counted"] for rule in row["rules"]][:4] == [None, None, None, 1]
    keys = "lead definition verdict holds_now path qualified_at scores grades missing gates labels track"
    assert set(keys.split()) <= set(row)


@given(maker=MAKERS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_numbers_are_the_brute_force_s(maker: Maker) -> None:
    """Scores, grades, gates, requalifications and `holds_now` agree with the brute force at any instant."""
    made = maker.definition()
    history = maker.history()
    as_of = START + maker.number(0, 30) * STEP

    decision = Evaluator(made).decide(history, as_of=as_of)

    brute = Brute(made, history, as_of)
    crossings: list[datetime] = []
    path: str | None = None
    at = START
    while at <= as_of:
        path = brute.path(at)
        back = [r for r in history.recycled_at if crossings and r >= crossings[-1] and r <= at]
        fresh = not crossings or (
            made.requalify is not None
            and len(crossings) < made.requalify.max
            and bool(back)
            and at >= min(back) + us(made.requalify.cooldown_us)
        )
        if path is not None and fresh:
            crossings.append(at)
        at += STEP
    assert list(decision.crossings) == crossings
    assert decision.holds_now is (path is not None)
    assert decision.gates == brute.gates(as_of)
    for score in made.scores:
        assert decision.scores[score.name] == pytest.approx(brute.score(score.name, as_of), abs=2e-9)
    for score, grade in decision.grades.items():
        assert grade == brute.grade(score, as_of)
    if made.model is not None:
        assert decision.probability == pytest.approx(brute.probability(as_of), abs=2e-9)
    assert decision.next_change_at is None or decision.next_change_at > as_of


@given(maker=MAKERS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_short_reading_is_a_part_of_the_decision(maker: Maker) -> None:
    """What `read` tells, `decide` tells too: the path, the scores, the rules that give or take points."""
    evaluator, history = Evaluator(maker.definition()), maker.history()
    as_of = START + maker.number(0, 30) * STEP

    found = evaluator.read(history, as_of=as_of, start=START)

    decision = evaluator.decide(history, as_of=as_of, start=START)
    assert (found.path, found.scores) == (decision.path, dict(decision.scores))
    assert found.rules == {rule.id for rule in decision.rules if rule.points}
