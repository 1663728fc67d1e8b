"""Merged leads: the union of facts from the merge on (definitions.md 3.12)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.definitions.evaluate import Evaluator, decide
from mqlab.definitions.merges import merge_histories
from mqlab.leads.instants import micros
from mqlab.leads.records import History
from tests.definitions.leads import NOW, ago, change, definition, event, lead

TWO_VIEWS = Evaluator(definition('qualify: "count(view) >= 2"'))


def other(*facts: object, **fields: object) -> History:
    """Another lead, older than the first."""
    history = lead(*facts, created=ago(60), **fields)
    return replace(history, lead=replace(history.lead, lead_id="lead-2"))


def test_a_losers_event_counts_from_the_merge() -> None:
    """Neither lead qualifies alone; together they do from merged_at, or from a later arrival."""
    survivor = lead(event("view", ago(20)))
    merged = merge_histories(survivor, [other(event("view", ago(18)))], ago(9))
    late = merge_histories(survivor, [other(event("view", ago(18), known=ago(3)))], ago(9))

    assert TWO_VIEWS.first_crossing(survivor, as_of=NOW).verdict == "not_mql"
    assert TWO_VIEWS.first_crossing(merged, as_of=NOW).qualified_at_us == micros(ago(9))
    assert TWO_VIEWS.first_crossing(merged, as_of=ago(9, microseconds=1)).verdict == "not_mql"
    assert TWO_VIEWS.first_crossing(late, as_of=NOW).qualified_at_us == micros(ago(3))


def test_ages_are_still_measured_from_the_occurrence() -> None:
    """An event that comes over by a merge is as old as it is."""
    made = definition("qualify: \"count(view, within='10d') > 0\"")

    in_time = merge_histories(lead(), [other(event("view", ago(18)))], ago(9))
    too_late = merge_histories(lead(), [other(event("view", ago(18)))], ago(8))

    assert decide(made, in_time, as_of=NOW).qualified_at == ago(9)
    assert decide(made, too_late, as_of=NOW).verdict == "not_mql"


def test_creation_and_row_are_the_survivors() -> None:
    """The loser's row says nothing; its changes count from the merge."""
    loser = other(change("employees", 700.0, ago(40)), region="south", employees=300.0)

    merged = merge_histories(lead(region="north"), [loser], ago(5))

    assert merged.lead == lead(region="north").lead
    made = definition("qualify: \"employees == 700 and region == 'north'\"")
    assert decide(made, merged, as_of=NOW).qualified_at == ago(5)


def test_an_event_both_leads_have_is_one_event() -> None:
    """A key that both have is one event, known from its first arrival."""
    shared = replace(event("view", ago(20)), event_id="e1", source="web")

    merged = merge_histories(lead(shared), [other(shared)], ago(9))

    assert TWO_VIEWS.first_crossing(merged, as_of=NOW).verdict == "not_mql"
    once = Evaluator(definition('qualify: "count(view) == 1"'))
    assert once.first_crossing(merged, as_of=NOW).qualified_at_us == micros(ago(20))


def test_several_losers_and_chains() -> None:
    """Two losers at once are two merges one after the other; recyclings come along."""
    one, two = other(event("view", ago(18))), replace(other(event("form", ago(17))), recycled_at=(ago(16), ago(2)))

    together = merge_histories(lead(), [one, two], ago(9))
    chained = merge_histories(merge_histories(lead(), [one], ago(9)), [two], ago(9))

    assert together == chained
    assert together.recycled_at == (ago(9), ago(2))
    assert [fact.known_at for fact in together.events] == [ago(9), ago(9)]


def test_a_merge_needs_an_aware_instant() -> None:
    """Naive instants are errors everywhere."""
    with pytest.raises(ValueError, match="no time zone"):
        merge_histories(lead(), [other()], NOW.replace(tzinfo=None))
