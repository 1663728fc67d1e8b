"""First crossings, gates, the latch and the clocks (definitions.md 3.1, 3.3, 3.8, 3.9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings

from mqlab.definitions.bind import bind_condition
from mqlab.definitions.evaluate import Crossing, Evaluator, decide, truth
from mqlab.definitions.fields import values_at
from mqlab.definitions.load import load_text
from mqlab.definitions.prepare import prepare
from mqlab.errors import Place
from mqlab.leads.instants import micros
from mqlab.leads.records import Event, History, Lead
from tests.definitions.leads import DAY_US, NOW, ago, change, definition, event, lead
from tests.definitions.made import MAKERS, START, Maker

POINTS = definition(
    """scores: {s: {rules: [{id: view, event: view, points: 10, within: 7d}]}}
qualify: "s >= 20"
"""
)


def crossing(
    body: str, history: History, *, as_of: datetime = NOW, **more: object
) -> tuple[str, datetime | None, str | None]:
    """Verdict, instant and path."""
    found = Evaluator(definition(body)).first_crossing(history, as_of=as_of, **more)
    at = None if found.qualified_at_us is None else NOW + timedelta(microseconds=found.qualified_at_us - micros(NOW))
    return found.verdict, at, found.path


def test_a_lead_that_holds_at_its_start_qualifies_at_its_start() -> None:
    """Facts before creation count too; the start itself is a candidate."""
    history = lead(event("view", ago(33)), event("view", ago(32)))

    assert Evaluator(POINTS).first_crossing(history, as_of=NOW) == Crossing("mql", micros(ago(30)), "score")


def test_the_first_instant_is_a_change_becoming_known() -> None:
    """The second view within seven days qualifies; two views eight days apart do not."""
    together = lead(event("view", ago(20)), event("view", ago(14)))
    apart = lead(event("view", ago(20)), event("view", ago(12)))

    assert Evaluator(POINTS).first_crossing(together, as_of=NOW).qualified_at_us == micros(ago(14))
    assert Evaluator(POINTS).first_crossing(apart, as_of=NOW) == Crossing("not_mql")


def test_facts_later_than_as_of_do_not_exist() -> None:
    """What becomes known after as_of changes nothing, what becomes known at as_of does."""
    history = lead(event("view", ago(20)), event("view", ago(15), known=ago(14)))

    assert Evaluator(POINTS).first_crossing(history, as_of=ago(14, microseconds=1)).verdict == "not_mql"
    assert Evaluator(POINTS).first_crossing(history, as_of=ago(14)).qualified_at_us == micros(ago(14))


def test_before_its_start_a_lead_is_nothing() -> None:
    """As of an instant before the start the verdict is not_mql, whatever gates and scores say."""
    body = 'gates: [{id: g, when: "true", then: disqualify}]\nqualify: "true"'
    decision = decide(definition(body), lead(), as_of=ago(31))

    assert crossing(body, lead(), as_of=ago(31)) == ("not_mql", None, None)
    assert (decision.verdict, decision.holds_now, decision.path) == ("not_mql", False, None)
    assert decision.next_change_at == ago(30)


@pytest.mark.parametrize(
    ("within_days", "verdict"),
    [pytest.param(16, "not_mql", id="the end is outside"), pytest.param(17, "mql", id="inside")],
)
def test_qualify_within(within_days: int, verdict: str) -> None:
    """The window is [start, start + qualify_within); what holds later still holds now."""
    history = lead(event("view", ago(15)), event("view", ago(14)))
    last = Evaluator(POINTS).first_crossing(history, as_of=NOW, qualify_within_us=within_days * DAY_US)
    decision = decide(POINTS, history, as_of=ago(14), qualify_within_us=within_days * DAY_US)

    assert verdict == last.verdict
    assert (decision.verdict, decision.holds_now) == (verdict, True)


def test_a_window_of_nothing_holds_nothing() -> None:
    """Within a window of length zero not even the start lies."""
    assert crossing('qualify: "true"', lead(), qualify_within_us=0) == ("not_mql", None, None)


def test_the_start_is_assigned_at_where_given() -> None:
    """The caller's start wins over the lead's assigned_at, which wins over created_at."""
    assigned = replace(lead(), lead=replace(lead().lead, assigned_at=ago(9)))

    assert crossing('qualify: "true"', lead())[1] == ago(30)
    assert crossing('qualify: "true"', assigned)[1] == ago(9)
    assert crossing('qualify: "true"', assigned, start=ago(5))[1] == ago(5)


def test_a_gate_keeps_back_only_while_it_is_shut() -> None:
    """`disqualify` means "not now": the crossing is the instant the gate opens."""
    body = """gates: [{id: few, when: "employees < 50", then: disqualify, on_unknown: pass}]
qualify: "need >= 'medium'"
"""
    history = lead(change("employees", 80.0, ago(12)), employees=10.0, need="high")

    assert crossing(body, history) == ("mql", ago(12), "score")
    assert crossing(body, history, as_of=ago(13)) == ("disqualified", None, "gate:few")


@pytest.mark.parametrize(
    ("on_unknown", "expected"),
    [
        pytest.param("pass", ("mql", ago(30), "score"), id="pass"),
        pytest.param("fail", ("disqualified", None, "gate:g"), id="fail"),
        pytest.param("hold", ("held", None, "gate:g"), id="hold"),
    ],
)
def test_what_a_gate_makes_of_the_unknown(on_unknown: str, expected: tuple[str, datetime | None, str]) -> None:
    """An unknown gate passes, fails or holds, as it says."""
    body = f'gates: [{{id: g, when: "employees < 50", then: disqualify, on_unknown: {on_unknown}}}]\nqualify: "true"'

    assert crossing(body, lead()) == expected


def test_disqualify_beats_hold_and_the_first_listed_is_named() -> None:
    """All gates are judged; the path names the first of the winning kind."""
    body = """gates:
  - {id: wait, when: "missing(title)", then: hold}
  - {id: small, when: "employees < 50", then: disqualify, on_unknown: pass}
  - {id: tiny, when: "employees < 20", then: disqualify, on_unknown: pass}
qualify: "true"
"""

    assert crossing(body, lead(employees=10.0)) == ("disqualified", None, "gate:small")
    assert crossing(body, lead(employees=90.0)) == ("held", None, "gate:wait")
    assert decide(definition(body), lead(employees=30.0), as_of=NOW).gates == {
        "wait": "hold",
        "small": "disqualify",
        "tiny": "pass",
    }


FOREVER = """gates: [{{id: g, when: "count(form, within='2d') > 0", then: {then}, on_unknown: pass, forever: true}}]
qualify: "count(view) > 0"
"""


@pytest.mark.parametrize(("then", "verdict"), [("disqualify", "disqualified"), ("hold", "held")])
def test_a_forever_gate_never_opens_again(then: str, verdict: str) -> None:
    """Once fired, from the start on, it stays shut although its condition is over; a crossing before it stands."""
    body = FOREVER.format(then=then)
    form = event("form", ago(20))

    assert crossing(body, lead(form, event("view", ago(10)))) == (verdict, None, "gate:g")
    assert crossing(body, lead(form, event("view", ago(21)))) == ("mql", ago(21), "score")
    assert crossing(body, lead(event("form", ago(40)), event("view", ago(10)))) == ("mql", ago(10), "score")
    decision = decide(definition(body), lead(form, event("view", ago(21))), as_of=NOW)
    assert (decision.verdict, decision.holds_now) == ("mql", False)
    assert decision.gates == {"g": "disqualify" if then == "disqualify" else "hold"}


def test_a_forever_gate_fires_through_unknown_that_fails() -> None:
    """With `on_unknown: fail` an unknown at the start shuts the gate for ever; with `hold` it waits."""
    body = """gates: [{{id: g, when: "employees < 50", then: disqualify, on_unknown: {unknown}, forever: true}}]
qualify: "true"
"""
    history = lead(change("employees", 90.0, ago(12)))

    assert crossing(body.format(unknown="fail"), history) == ("disqualified", None, "gate:g")
    assert crossing(body.format(unknown="hold"), history) == ("mql", ago(12), "score")


def test_a_forever_gate_is_watched_after_the_window() -> None:
    """A gate that fires after qualify_within is told by the verdict of a lead that did not qualify."""
    body = FOREVER.format(then="disqualify")

    assert crossing(body, lead(event("form", ago(5))), qualify_within_us=10 * DAY_US)[0] == "disqualified"


def test_fast_tracks_come_before_qualify_and_after_gates() -> None:
    """At one instant gates are asked first, then fast tracks as listed, then qualify; the first success is the path."""
    body = """gates: [{id: g, when: "opted == false", then: disqualify, on_unknown: pass}]
fast_track:
  - {id: first, when: "count(form, kind == 'demo') > 0"}
  - {id: second, when: "count(form) > 0"}
qualify: "count(form) > 0"
"""

    assert crossing(body, lead(event("form", ago(9), kind="demo")))[2] == "fast_track:first"
    assert crossing(body, lead(event("form", ago(9), kind="x")))[2] == "fast_track:second"
    assert crossing(body, lead(event("form", ago(9)), opted=False)) == ("disqualified", None, "gate:g")


def test_an_unknown_qualify_does_not_qualify() -> None:
    """Neither unknown nor "not unknown" is true."""
    assert crossing('qualify: "employees > 5"', lead())[0] == "not_mql"
    assert crossing('qualify: "not (employees > 5)"', lead())[0] == "not_mql"


def test_without_qualify_only_a_fast_track_qualifies() -> None:
    """A definition may have only fast tracks."""
    body = 'fast_track: [{id: hand, when: "count(form) > 0"}]'

    assert crossing(body, lead(event("form", ago(3))))[2] == "fast_track:hand"
    assert crossing(body, lead(event("view", ago(3))))[0] == "not_mql"


def test_absence_and_whole_days_begin_between_events() -> None:
    """Something may begin to hold though nothing happens: an absence, or a whole day since."""
    absence = """scores: {s: {rules: [{id: quiet, absence: [view], of: 10d, points: 5}]}}
qualify: "s >= 5"
"""

    assert crossing(absence, lead(event("view", ago(25))))[1] == ago(15)
    assert crossing('qualify: "days_since(view) > 3"', lead(event("view", ago(25))))[1] == ago(21)


def test_an_event_that_leaves_its_window_may_qualify() -> None:
    """ "Fewer than" begins to hold when an event leaves."""
    body = "qualify: \"count(view, within='10d') < 2\""

    assert crossing(body, lead(event("view", ago(32)), event("view", ago(31))))[1] == ago(22)


def test_the_latch_and_holds_now() -> None:
    """The first crossing stands when the lead no longer holds."""
    decision = decide(POINTS, lead(event("view", ago(20)), event("view", ago(19))), as_of=NOW)

    assert (decision.verdict, decision.qualified_at, decision.holds_now) == ("mql", ago(19), False)


def test_a_negative_amount_that_leaves_its_window_may_qualify() -> None:
    """A sum rises when a negative amount leaves."""
    body = "qualify: \"sum(view, secs, within='10d') >= 5\""

    assert crossing(body, lead(event("view", ago(32), secs=-9.0), event("view", ago(31), secs=6.0)))[1] == ago(22)


REQUALIFY = """qualify: "count(view, within='5d') > 0"
requalify: {cooldown: 4d, max: 3}
"""


@pytest.mark.parametrize(
    ("recycled", "views", "expected"),
    [
        pytest.param((), (20, 3), (20,), id="never recycled"),
        pytest.param((18,), (20, 10), (20, 10), id="the next instant it holds"),
        pytest.param((18,), (20, 15), (20, 14), id="the opening included"),
        pytest.param((18,), (20, 17), (20, 14), id="one before the opening that still counts"),
        pytest.param((25,), (20, 10), (20,), id="recycled before it qualified"),
        pytest.param((18, 17), (20, 10), (20, 10), id="recycled twice at once"),
        pytest.param((18, 8), (20, 10, 2), (20, 10, 2), id="three times"),
        pytest.param((19, 13, 7), (20, 14, 8, 2), (20, 14, 8), id="at most three"),
    ],
)
def test_requalification(recycled: tuple[int, ...], views: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """After a recycling the latch opens again at r + cooldown; the analysis uses the first crossing."""
    history = replace(
        lead(*(event("view", ago(days)) for days in views)), recycled_at=tuple(ago(days) for days in recycled)
    )

    decision = decide(definition(REQUALIFY), history, as_of=NOW)

    assert [ago(days) for days in expected] == list(decision.crossings)
    assert decision.qualified_at == ago(expected[0])


def test_a_recycling_not_yet_known_opens_nothing() -> None:
    """Recyclings later than as_of do not exist, nor do openings later than as_of."""
    history = replace(lead(event("view", ago(20)), event("view", ago(10))), recycled_at=(ago(18),))

    assert decide(definition(REQUALIFY), history, as_of=ago(11)).crossings == (ago(20),)


def test_would_have_qualified_at() -> None:
    """The same computation with known_at = occurred_at, of fields too, and only of facts known by as_of."""
    evaluator = Evaluator(definition('qualify: "count(view) > 0 and employees > 50"'))
    history = lead(event("view", ago(20), known=ago(5)), change("employees", 80.0, ago(18), known=ago(3)))

    assert evaluator.first_crossing(history, as_of=NOW).qualified_at_us == micros(ago(3))
    assert evaluator.would_have_qualified_at(history, as_of=NOW).qualified_at_us == micros(ago(18))
    assert evaluator.would_have_qualified_at(history, as_of=ago(4)).verdict == "not_mql"


def test_truth_of_eligible() -> None:
    """An experiment's `eligible` reads the values known at an instant; the unknown stays unknown."""
    eligible = bind_condition(
        "source != 'partner' and employees >= 50", fields=POINTS.fields, place=Place("experiment.yaml"), null_tokens=()
    )
    history = lead(change("employees", 80.0, ago(3)))
    history = replace(history, lead=replace(history.lead, source="ads"))

    assert truth(eligible, values_at(history, ago(4), NOW), fields=POINTS.fields) is None
    assert truth(eligible, values_at(history, ago(3), NOW), fields=POINTS.fields) is True
    assert truth(eligible, {"source": "partner"}, fields=POINTS.fields) is False


@given(maker=MAKERS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_explained_and_fast_agree(maker: Maker) -> None:
    """`decide` and `first_crossing` give the same verdict, instant and path, prepared or not."""
    made = maker.definition()
    history = maker.history()
    others = maker.colleagues()
    as_of = START + timedelta(hours=maker.one((30, 45, 10, -1)))
    evaluator = Evaluator(made)
    ready = prepare(history)

    decision = evaluator.decide(ready, as_of=as_of, account=others)
    found = [evaluator.first_crossing(one, as_of=as_of, account=others) for one in (history, ready)]

    qualified = None if decision.qualified_at is None else micros(decision.qualified_at)
    assert found == [Crossing(decision.verdict, qualified, decision.path)] * 2
    assert decision == decide(made, history, as_of=as_of, account=others)
    assert decision.crossings[:1] == (() if decision.qualified_at is None else (decision.qualified_at,))


@given(maker=MAKERS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_future_does_not_change_the_past(maker: Maker) -> None:
    """Facts that become known after as_of, in whatever order facts are listed, leave the crossing as it is."""
    made = maker.definition()
    history = maker.history()
    as_of = START + timedelta(hours=15)
    known = replace(
        history,
        events=tuple(one for one in history.events[::-1] if max(one.occurred_at, one.known_at) <= as_of),
        field_changes=tuple(one for one in history.field_changes[::-1] if max(one.changed_at, one.known_at) <= as_of),
    )
    evaluator = Evaluator(made)

    assert evaluator.first_crossing(history, as_of=as_of) == evaluator.first_crossing(known, as_of=as_of)


def test_names_are_compared_as_stored() -> None:
    """Field, event and property names compare normalised, as ingest stores them."""
    text = """
    kind: mql-definition/v1
    id: camel
    version: 1.0.0
    title: Names in capitals
    owner: growth
    fields: {Employees: {type: number}}
    events: {PageView: {props: {Path: string}}}
    qualify: "Employees >= 50 and count(PageView, Path == '/pricing') >= 1"
    """
    at = datetime(2026, 7, 1, tzinfo=UTC)
    event = Event("pageview", at, at, props={"path": "/pricing"})
    stored = History(Lead("l-1", created_at=at, fields={"employees": "60"}), (event,))
    definition = load_text(dedent(text), file="camel@1.0.0.yaml")

    assert decide(definition, stored, as_of=at).verdict == "mql"


def test_case_does_not_count_in_the_names_of_the_data() -> None:
    """Fields, changes, events and properties are found under any spelling, in the data as in the definition."""
    rule = load_text(
        "kind: mql-definition/v1\nid: a\nversion: 1.0.0\nfields: {Size: {type: number}}\n"
        "events: {View: {props: {Path: string, Secs: number}}}\nignore_events: Secs < 2\n"
        "qualify: \"Size >= 5 and count(View, Path == 'x', within='9d') >= 2 and sum(View, Secs, within='9d') > 9\"\n",
        file="a@1.0.0.yaml",
    )
    history = lead(
        change("sIZE", 9.0, ago(3)),
        event("VIEW", ago(2), PATH="X", SECS=5.0),
        event("view", ago(1), path="x", secs=6.0),
        event("view", ago(1), Path="x", sEcs=1.0),
        size=1.0,
    )

    assert decide(rule, history, as_of=NOW).qualified_at == ago(1)
    assert Evaluator(rule).first_crossing(history, as_of=ago(1, seconds=1)).verdict == "not_mql"
