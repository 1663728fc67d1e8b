"""Facts as histories, and the people behind merged ids."""

from __future__ import annotations

from datetime import timedelta

from mqlab.analysis.histories import histories
from mqlab.analysis.people import People, unions
from mqlab.definitions.evaluate import Evaluator, decide
from mqlab.experiments.enrol import carry_merges, enrol
from mqlab.leads.instants import DAY_US, micros
from tests.analysis.world import DAY, HOUR, START, definitions, facts, protocol, random_facts


def test_a_lead_has_its_own_facts() -> None:
    """Rows, events, changes and recycles come to their lead, values decoded, instants aware and in UTC."""
    known = facts(
        [
            {"lead_id": "b", "created_at": START, "fields": {"employees": 40, "title": "vp"}},
            {"lead_id": "a", "created_at": START},
        ],
        events=[
            {"lead_id": "b", "name": "page_view", "occurred_at": START + HOUR, "props": {"path": "/x", "bot": False}}
        ],
        changes=[{"lead_id": "b", "field": "employees", "value": None, "changed_at": START + DAY}],
        outcomes=[{"lead_id": "b", "kind": "recycled", "occurred_at": START + DAY, "known_at": START + 3 * DAY}],
    )
    found = histories(known)
    history = found.by_id["b"]

    assert list(found.by_id) == ["a", "b"]
    assert history.lead.fields == {"employees": 40.0, "title": "vp"}
    assert isinstance(history.lead.fields["employees"], float)
    assert history.events[0].props == {"path": "/x", "bot": False}
    assert history.field_changes[0].value is None
    assert history.recycled_at == (START + 3 * DAY,)
    assert found.by_id["a"].events == ()


def test_every_event_comes_to_its_lead_in_order() -> None:
    """Mixed rows of many leads are told apart, those of one lead stay in the order of the table."""
    rows = [
        {"lead_id": f"l{index % 3}", "name": "page_view", "occurred_at": START + (7 * index % 5) * HOUR}
        for index in range(20)
    ]
    rows[4]["known_at"] = START + DAY
    found = histories(facts([{"lead_id": f"l{index}", "created_at": START} for index in range(4)], events=rows))

    for lead in found.leads:
        mine = [row for row in rows if row["lead_id"] == lead.lead_id]
        events = found.by_id[lead.lead_id].events
        assert [event.occurred_at for event in events] == [row["occurred_at"] for row in mine]
        assert [event.known_at for event in events] == [row.get("known_at", row["occurred_at"]) for row in mine]
        assert found.by_id[lead.lead_id] is found.by_id[lead.lead_id]


def test_a_lead_without_its_events_keeps_its_changes() -> None:
    """What eligibility reads is the row and the changes of fields, as in the whole history."""
    found = histories(
        facts(
            [{"lead_id": "a", "created_at": START}, {"lead_id": "b", "created_at": START}],
            events=[{"lead_id": "a", "name": "page_view", "occurred_at": START}],
            changes=[{"lead_id": "a", "field": "employees", "value": 7, "changed_at": START}],
        )
    )
    first, second = found.leads

    assert found.without_events(first).field_changes == found.by_id["a"].field_changes
    assert found.without_events(first).events == found.without_events(second).field_changes == ()
    assert "a" in found.by_id and "x" not in found.by_id and found.by_id.get("x") is None


def test_facts_of_unknown_leads_are_counted() -> None:
    """Events and changes without a lead row are not lost silently."""
    found = histories(
        facts(
            [],
            events=[{"lead_id": "x", "name": "page_view", "occurred_at": START}],
            changes=[{"lead_id": "y", "field": "f", "value": 1, "changed_at": START}],
        )
    )

    assert (found.stray_events, found.stray_changes) == (1, 1)


def test_a_merge_counts_from_when_it_is_known() -> None:
    """A merge that the business hears of after `as_of` does not exist yet."""
    leads = [{"lead_id": "a", "created_at": START}, {"lead_id": "b", "created_at": START}]
    merge = {"old_id": "a", "new_id": "b", "merged_at": START + DAY, "known_at": START + 5 * DAY}

    assert histories(facts(leads, merges=[merge], as_of=START + 4 * DAY)).merges == ()
    assert len(histories(facts(leads, merges=[merge], as_of=START + 5 * DAY)).merges) == 1


def merged_pair(*form_days: tuple[str, float], old_created=START, new_created=START + DAY):
    """Leads `old` and `new`, merged on day 10, with forms sent on the given days."""
    return facts(
        [{"lead_id": "old", "created_at": old_created}, {"lead_id": "new", "created_at": new_created}],
        events=[
            {"lead_id": lead_id, "name": "form_submit", "occurred_at": START + timedelta(days=day)}
            for lead_id, day in form_days
        ],
        merges=[{"old_id": "old", "new_id": "new", "merged_at": START + 10 * DAY}],
    )


def crossing(known) -> float | None:
    """The day on which the person behind both ids qualifies under the control's definition."""
    found = histories(known)
    single = enrol(protocol(), found.leads)
    rows = carry_merges(single, found.merges)
    (row,) = [row for row in rows if row.merged_into is None]
    assert row.in_experiment
    person = People(found, single, rows, by_account=False).person(row)
    at = person.first_crossing(Evaluator(definitions()["forms@1.0.0"]), known.as_of, protocol().qualify_within_us)
    return None if at is None else (at[0] - micros(START)) / DAY_US


def test_before_a_merge_both_ids_are_leads_of_their_own() -> None:
    """The id that later ceased qualifies by its own facts, on its own day."""
    assert crossing(merged_pair(("old", 2), ("old", 3))) == 3


def test_after_a_merge_the_facts_are_one() -> None:
    """One form by each id makes two from the merge on, not earlier."""
    assert crossing(merged_pair(("old", 2), ("new", 3))) == 10
    assert crossing(merged_pair(("old", 2), ("new", 12))) == 12


def test_facts_of_an_id_that_ceased_still_arrive() -> None:
    """What is recorded under the old id after the merge counts for the person."""
    assert crossing(merged_pair(("new", 2), ("old", 13))) == 13


def test_an_id_that_was_never_enrolled_does_not_stand_for_the_person_before_the_merge() -> None:
    """What an id of before the enrolment did counts from the merge on, whichever of the two lives on."""
    early = START - 30 * DAY
    assert crossing(merged_pair(("old", 2), ("old", 3), old_created=early)) == 10
    assert crossing(merged_pair(("new", 2), ("new", 3), new_created=early)) == 10
    assert crossing(merged_pair(("old", 2), ("old", 3), new_created=early)) == 3


def test_a_chain_of_merges_ends_with_everything() -> None:
    """a into b, b into c: c has the facts of all, each known from the last merge it went through."""
    known = facts(
        [{"lead_id": name, "created_at": START} for name in "abc"],
        events=[{"lead_id": name, "name": "form_submit", "occurred_at": START + HOUR} for name in "abc"],
        merges=[
            {"old_id": "a", "new_id": "b", "merged_at": START + 2 * DAY},
            {"old_id": "b", "new_id": "c", "merged_at": START + 4 * DAY},
        ],
    )
    found = histories(known)
    whole = unions(found.by_id, found.merges)

    assert sorted(event.known_at for event in whole["c"].events) == [START + HOUR, START + 4 * DAY, START + 4 * DAY]
    assert len(whole["b"].events) == 2


def test_a_merge_into_an_unknown_id_passes_its_facts_on() -> None:
    """The facts reach the survivor through an id that has no row of its own."""
    known = facts(
        [{"lead_id": "a", "created_at": START}, {"lead_id": "c", "created_at": START}],
        events=[{"lead_id": "a", "name": "form_submit", "occurred_at": START + HOUR}],
        merges=[
            {"old_id": "a", "new_id": "ghost", "merged_at": START + DAY},
            {"old_id": "ghost", "new_id": "c", "merged_at": START + 2 * DAY},
        ],
    )
    found = histories(known)

    assert [event.known_at for event in unions(found.by_id, found.merges)["c"].events] == [START + 2 * DAY]


def test_histories_are_judged_as_the_explained_decision_judges_them() -> None:
    """The fast path from tables gives the instant that `decide` gives for the same history."""
    known = random_facts(5, 80)
    definition = definitions()["visits@1.0.0"]
    evaluator, within = Evaluator(definition), protocol().qualify_within_us
    for history in histories(known).by_id.values():
        fast = evaluator.first_crossing(history, as_of=known.as_of, qualify_within_us=within)
        slow = decide(definition, history, as_of=known.as_of, qualify_within_us=within)
        assert fast.qualified_at_us == (None if slow.qualified_at is None else micros(slow.qualified_at))
