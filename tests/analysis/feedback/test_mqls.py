"""Which leads sales was handed, when and by which definition: by hand, and against the analysis of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mqlab.analysis.feedback.mqls import BEFORE, Mqls, Rulebook, Trial, mqls
from mqlab.analysis.judge import judge
from mqlab.leads.instants import micros
from mqlab.leads.tables import Facts
from tests.analysis.world import DAY, HOUR, START, definitions, facts, protocol, random_facts

FORMS, VISITS, ANY = "forms@1.0.0", "visits@1.0.0", "any-visit@1.0.0"


def found(
    known: Facts,
    *,
    in_force: Sequence[tuple[int, str]] = ((BEFORE, ANY),),
    trials: Sequence[Trial] = (),
    begin: datetime = START - 60 * DAY,
    end: datetime = START + 200 * DAY,
    said_of: Sequence[str] = (),
) -> Mqls:
    """The MQLs of a lab, in force by default whoever visits."""
    book = Rulebook(tuple(trials), tuple(in_force), definitions())
    return mqls(
        known, book, begin_us=micros(begin), end_us=micros(end), said_of=said_of, progress=lambda _done, _total: None
    )


def visit(lead: str, at: datetime, name: str = "page_view") -> dict[str, Any]:
    """A visit to the page, or another event."""
    return {"lead_id": lead, "name": name, "occurred_at": at}


def lead(name: str, at: datetime = START, **more: Any) -> dict[str, Any]:
    """A lead."""
    return {"lead_id": name, "created_at": at, **more}


def test_what_is_in_force_hands_over_when_it_fires() -> None:
    """Without an experiment a lead is handed over at the instant its definition fires; who never does is no MQL."""
    one = found(facts([lead("a"), lead("b")], events=[visit("a", START + 5 * HOUR)])).by_id

    assert list(one) == ["a"]
    assert (one["a"].definition, one["a"].experiment) == (ANY, None)
    assert one["a"].handed_us == one["a"].qualified_us == micros(START + 5 * HOUR)


def test_what_comes_into_force_later_governs_from_then_on() -> None:
    """`a` came by the first rule, `b` only by the second one, at once when that came into force, `c` after it."""
    change = START + 10 * DAY
    events = [visit("a", START + DAY, "form_submit"), visit("a", START + 2 * DAY, "form_submit"),
              visit("b", START + 3 * DAY), visit("c", START + 12 * DAY)]  # fmt: skip
    one = found(
        facts([lead("a"), lead("b"), lead("c")], events=events), in_force=((BEFORE, FORMS), (micros(change), ANY))
    ).by_id

    assert {name: mql.definition for name, mql in one.items()} == {"a": FORMS, "b": ANY, "c": ANY}
    assert [one[name].handed_us for name in "abc"] == [
        micros(START + 2 * DAY), micros(change), micros(START + 12 * DAY),
    ]  # fmt: skip


def test_stated_hand_overs_count_from_the_first_one_on() -> None:
    """`b` is handed over as sales says, `a` before sales said anything, `c` afterwards and never said: not yet."""
    events = [visit(name, START + day * DAY) for name, day in (("a", 1), ("b", 2), ("c", 6))]
    outcomes = [{"lead_id": "b", "kind": "handed_off", "occurred_at": START + 5 * DAY}]
    one = found(facts([lead("a"), lead("b"), lead("c"), lead("d")], events=events, outcomes=outcomes))

    assert [one.by_id[name].handed_us for name in "abc"] == [micros(START + DAY), micros(START + 5 * DAY), None]
    assert one.stated_from_us == micros(START + 5 * DAY)
    assert one.by_id["c"].since_us == micros(START + 6 * DAY)


def test_a_lead_handed_over_by_hand_has_no_definition() -> None:
    """Sales was handed a lead that no rule lets through: it is an MQL of no definition."""
    outcomes = [{"lead_id": "a", "kind": "handed_off", "occurred_at": START + 5 * DAY}]
    one = found(facts([lead("a")], outcomes=outcomes)).by_id["a"]

    assert (one.definition, one.qualified_us, one.handed_us) == (None, None, micros(START + 5 * DAY))


def test_a_merged_lead_is_one_with_what_both_did() -> None:
    """Each did one of two forms; merged they qualify, under the id that lives on, at the merge."""
    events = [visit("a", START + DAY, "form_submit"), visit("b", START + 2 * DAY, "form_submit")]
    merges = [{"old_id": "a", "new_id": "b", "merged_at": START + 4 * DAY}]
    outcomes = [{"lead_id": "a", "kind": "handed_off", "occurred_at": START + 5 * DAY}]
    one = found(
        facts([lead("a"), lead("b")], events=events, merges=merges, outcomes=outcomes), in_force=((BEFORE, FORMS),)
    )

    assert list(one.by_id) == ["b"]
    assert one.person == {"a": "b"}
    assert one.by_id["b"].qualified_us == micros(START + 4 * DAY)
    assert one.by_id["b"].handed_us == micros(START + 5 * DAY)


def test_an_experiment_hands_over_at_the_end_of_the_batch_and_its_leads_only() -> None:
    """Both arms' leads come by their arm's rule, an hourly batch later; who came before enrolment is governed by
    what is in force.
    """
    plan = protocol()
    names = [f"L{n}" for n in range(8)]
    people = [*(lead(name, START + HOUR) for name in names), lead("early", START - DAY)]
    forms = [visit(name, START + hour * HOUR, "form_submit") for name in (*names, "early") for hour in (30.2, 30.4)]
    one = found(facts(people, events=forms), in_force=((BEFORE, FORMS),), trials=[Trial(plan, None, {})]).by_id

    assert {one[name].definition for name in names} == {FORMS, VISITS}
    assert {one[name].handed_us for name in names} == {micros(START + 31 * HOUR)}
    assert {one[name].experiment for name in names} == {plan.id}
    assert all(one[name].blinded for name in names)
    assert (one["early"].experiment, one["early"].handed_us) == (None, micros(START + 30.4 * HOUR))


def test_after_an_experiment_what_is_in_force_governs() -> None:
    """A lead that qualifies after the experiment was stopped comes by what is in force then, and nothing is blind."""
    plan = protocol()
    ended = micros(START + 5 * DAY)
    people = facts([lead("L1", START + HOUR)], events=[visit("L1", START + 8 * DAY)])
    one = found(people, trials=[Trial(plan, ended, {})]).by_id["L1"]

    assert (one.definition, one.experiment, one.handed_us) == (ANY, None, micros(START + 8 * DAY))
    assert not one.blinded


def test_a_batch_that_an_experiment_did_not_close_is_not_handed_over_by_it() -> None:
    """Both forms lie within the hour in which the experiment was stopped: from then on what is in force governs."""
    forms = [visit("L1", START + hour * HOUR, "form_submit") for hour in (30.2, 30.4)]
    people = facts([lead("L1", START + HOUR)], events=forms)
    ended = micros(START + 30.5 * HOUR)
    stopped, closed = (
        found(people, in_force=((BEFORE, FORMS),), trials=[Trial(protocol(), end, {})]).by_id["L1"]
        for end in (ended, micros(START + 31 * HOUR))
    )

    assert (stopped.experiment, stopped.definition, stopped.handed_us) == (None, FORMS, ended)
    assert (closed.experiment, closed.handed_us) == (protocol().id, micros(START + 31 * HOUR))


@pytest.mark.parametrize("unit", ["lead", "account"])
def test_as_the_analysis_of_the_experiment_judges(unit: str) -> None:
    """Every enrolled lead of a random funnel has the arm, path and instant that the analysis gives it."""
    known = random_facts(5, 300, accounts=120 if unit == "account" else 0)
    known = _without_hand_overs(known)
    plan = protocol(unit=unit)
    judged = judge(plan, definitions(), known).table.to_pylist()
    one = found(known, in_force=(), trials=[Trial(plan, None, {})]).by_id
    expected = {
        row["lead_id"]: (row["arm"], row["path"], micros(row["qualified_at"]))
        for row in judged
        if row["qualified_at"] is not None
    }

    assert len(expected) > 30
    assert expected == {
        name: (mql.assignment.arm if mql.assignment else None, mql.path, mql.qualified_us) for name, mql in one.items()
    }


def test_only_who_matters_to_the_window_is_judged_and_nothing_changes() -> None:
    """Where hand-overs are stated, those handed over in a week are the same as among all leads, and so are the rest."""
    known = random_facts(6, 200)
    begin, end = START + 12 * DAY, START + 19 * DAY
    rejected = known.outcomes.filter(pc.equal(known.outcomes["kind"], "rejected"))["lead_id"].to_pylist()
    everybody = found(known, said_of=rejected).by_id
    week = found(known, begin=begin, end=end, said_of=rejected).by_id
    mine = {
        name
        for name, mql in everybody.items()
        if mql.handed_us is not None and micros(begin) <= mql.handed_us < micros(end)
    }

    assert mine and mine < set(week) < set(everybody)
    assert week == {name: everybody[name] for name in week}


def test_the_decision_of_an_mql_is_of_the_instant_asked_for() -> None:
    """Explained as it qualified, the lead has the points it had then; a lead without a definition has none."""
    events = [visit("a", START + day * DAY, "form_submit") for day in (1, 2, 3)]
    outcomes = [{"lead_id": "b", "kind": "handed_off", "occurred_at": START + 50 * DAY}]
    one = found(facts([lead("a"), lead("b")], events=events, outcomes=outcomes), in_force=((BEFORE, FORMS),))
    decision = one.decide(one.by_id["a"], START + 2 * DAY)

    assert decision is not None
    assert [(rule.id, rule.points, rule.counted) for rule in decision.rules] == [("forms", 20.0, 2)]
    assert decision.qualified_at == START + 2 * DAY
    assert one.decide(one.by_id["b"], START + 60 * DAY) is None


def _without_hand_overs(known: Facts) -> Facts:
    kinds = known.outcomes["kind"]
    left = known.outcomes.filter(pc.invert(pc.is_in(kinds, value_set=pa.array(["handed_off"]))))
    return replace(known, outcomes=left)
