"""Promises of sales and the ways of leads, by arm: counted by hand and against the metric that counts the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mqlab.analysis.results import AnalysisResult
from mqlab.analysis.sales_work import FlowRow, PromiseRow
from mqlab.stats.estimate import NotEstimable
from tests.analysis.test_analyze import by_letter, counted, ids, result
from tests.analysis.world import DAY, HOUR, START, facts, random_facts


@pytest.fixture(scope="module")
def funnel() -> AnalysisResult:
    """A random funnel with everything in it."""
    return result(random_facts(1, 600))


@pytest.fixture(scope="module")
def told() -> AnalysisResult:
    """Four leads of the control that qualify at once, and one that does not: what sales did is known by hand."""
    names: Iterator[str] = ids("control")
    leads: list[dict[str, Any]] = []
    outcomes: list[dict[str, Any]] = []

    def lead(kind: str) -> str:
        leads.append({"lead_id": next(names), "created_at": START, "fields": {"kind": kind}})
        return str(leads[-1]["lead_id"])

    def say(name: str, kind: str, hours: float) -> None:
        outcomes.append({"lead_id": name, "kind": kind, "occurred_at": START + hours * HOUR})

    for wait in (2, 4, 30):
        name = lead("both")
        say(name, "handed_off", 1)
        say(name, "touched", 1 + wait)
        say(name, "accepted", 1 + 2 * wait)
    back = lead("both")
    for kind, hours in (("handed_off", 1), ("recycled", 48), ("handed_off", 24 * 20), ("sql", 24 * 25)):
        say(back, kind, hours)
    say(lead("none"), "sql", 24 * 3)
    return result(facts(leads, outcomes=outcomes), defined=by_letter())


def promise(found: AnalysisResult, arm: str, what: str) -> PromiseRow:
    return next(row for row in found.promises if (row.arm, row.promise) == (arm, what))


def way(found: AnalysisResult, arm: str, which: str) -> FlowRow:
    return next(row for row in found.flow if (row.arm, row.way) == (arm, which))


def test_waits_are_those_of_the_leads_handed_over(told: AnalysisResult) -> None:
    """Three of four leads were touched, after 2, 4 and 30 hours, and decided after twice that."""
    touch, decision = (promise(told, "control", what) for what in ("first_touch", "decision"))

    assert (touch.handed, touch.answered, touch.median_hours, touch.ninth_decile_hours) == (4, 3, 4.0, 30.0)
    assert (decision.answered, decision.median_hours) == (3, 8.0)
    assert isinstance(decision.share, NotEstimable)
    assert decision.share.reason == "no_promise"


def test_a_lead_sent_back_counts_what_came_after(told: AnalysisResult) -> None:
    """One lead is sent back, handed over again and becomes an SQL; one becomes an SQL without a hand-over."""
    assert way(told, "control", "sent_back") == FlowRow("control", "sent_back", 5, 1, 1, 1)
    assert way(told, "control", "never_qualified") == FlowRow("control", "never_qualified", 5, 1, 1)
    assert way(told, "control", "qualified_at_once") == FlowRow("control", "qualified_at_once", 5, 4, 1)


def test_the_promise_kept_is_the_metric(funnel: AnalysisResult) -> None:
    """The share touched in time is the value of `touched_within_sla`, from the same leads."""
    row = next(each for each in funnel.metrics if each.metric == "touched_within_sla")

    for arm, side in (("control", row.control), ("challenger", row.treatment)):
        assert (promise(funnel, arm, "first_touch").share, promise(funnel, arm, "first_touch").due) == (
            side.value,
            side.units,
        )


def test_ways_add_up_to_the_funnel(funnel: AnalysisResult) -> None:
    """Every mature lead went one of three ways, and their SQLs are those of the funnel."""
    counted_sqls = {row.arm: row.count for row in funnel.funnel if row.stage == "sql"}
    for arm, sqls in counted_sqls.items():
        ways = [way(funnel, arm, which) for which in ("qualified_at_once", "qualified_later", "never_qualified")]

        assert sum(one.leads for one in ways) == ways[0].units
        assert sum(one.sqls for one in ways) == sqls


def test_silence_is_a_reason() -> None:
    """Where sales reports SQLs only, promises have a reason in place of a share."""
    silent = result(counted({"both": ((9, 3), (9, 2))}), defined=by_letter())

    assert promise(silent, "control", "first_touch").share == NotEstimable(
        "no_activity_data", "No touches, meetings or answers of sales are known."
    )
    assert promise(silent, "control", "decision").to_dict()["share"] == {"not_estimable": "no_answers"}
    assert silent.to_dict()["flow"][0]["way"] == "qualified_at_once"
    assert DAY == 24 * HOUR
