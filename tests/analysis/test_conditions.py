"""Conditions of validity: each is told when it fails, with what to do, and not when it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from mqlab.analysis.results import AnalysisResult, Condition
from mqlab.leads.tables import OUTCOMES, Facts
from tests.analysis.test_analyze import by_letter, counted, ids, result
from tests.analysis.test_checks import handled
from tests.analysis.world import DAY, HOUR, START, TWO_ARMS, facts, protocol, random_facts

FINE = {"both": ((90, 30), (90, 31)), "a": ((50, 9), (50, 4)), "b": ((40, 3), (40, 9)), "none": ((20, 1), (20, 2))}


def told(found: AnalysisResult) -> dict[str, Condition]:
    """The conditions by name."""
    return {each.condition: each for each in found.conditions}


def heard(known: Facts, days: int) -> Facts:
    """The facts with feedback on a lead that nobody knows, so many days before their instant."""
    last = [{"lead_id": "nobody", "kind": "touched", "occurred_at": known.as_of - days * DAY}]
    return replace(known, outcomes=pa.concat_tables([known.outcomes, facts([], outcomes=last).outcomes]))


def with_events(name: str, control: int, challenger: int) -> Facts:
    """100 leads of either arm, some of which have an event."""
    leads: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for arm, those in (("control", control), ("challenger", challenger)):
        names = ids(arm)
        for number in range(100):
            lead_id = next(names)
            leads.append({"lead_id": lead_id, "created_at": START + DAY, "fields": {"kind": "none"}})
            for copy in range(2 if number < those else 0):
                at = START + DAY + (copy + 1) * HOUR
                events.append({"lead_id": lead_id, "name": name, "occurred_at": at})
    return facts(leads, events=events)


def test_nothing_is_told_where_everything_holds() -> None:
    """An ordinary experiment has no condition to mention."""
    assert result(heard(counted(FINE), 31), defined=by_letter()).conditions == ()


def test_a_ledger_that_heard_nothing_of_sales_for_long_is_told() -> None:
    """More than 31 days between the newest feedback and the instant asked about: the day, and what to do."""
    condition = told(result(heard(counted(FINE), 32), defined=by_letter()))["nothing_heard_lately"]

    assert condition.detail == (
        "the newest sales feedback in the ledger is of 2026-10-29, 32 days before the instant asked about"
    )
    assert "--as-of" in condition.advice


def test_a_ledger_without_any_sales_feedback_is_told() -> None:
    """Leads and no outcome file: 0 SQLs in either arm are no finding, and that is said; early on it is no matter."""
    known = replace(counted(FINE), outcomes=OUTCOMES.empty_table())
    condition = told(result(known, defined=by_letter()))["nothing_heard_lately"]

    assert "no sales feedback of any lead" in condition.detail
    assert "mqlab ingest outcomes" in condition.advice
    early = replace(known, as_of=START + 20 * DAY)
    assert "nothing_heard_lately" not in told(result(early, defined=by_letter()))


def test_a_condition_that_a_check_tells_of_only_adds_the_advice() -> None:
    """A queue that sales does not get through: the fact is the check's, the condition names it and says what to do."""
    found = result(handled(answered={"control": 0.9, "challenger": 0.9}), defined=by_letter())
    condition = told(found)["leads_not_worked"]

    assert condition.check == "capacity"
    assert condition.detail == next(each.detail for each in found.checks if each.check == "capacity")
    assert "queue of its own" in condition.advice


def test_a_changed_definition_is_told() -> None:
    """A protocol that is not the one locked at the start says so, with what to do."""
    assert told(result(counted(FINE), defined=by_letter(), protocol_unchanged=False))["definition_changed"].advice


def test_outcomes_before_assignment_are_counted() -> None:
    """One outcome row earlier than its lead's assignment is told as one."""
    name = next(ids("control"))
    known = facts(
        [{"lead_id": name, "created_at": START + DAY}],
        outcomes=[{"lead_id": name, "kind": "sql", "occurred_at": START - DAY}],
    )

    assert told(result(known))["outcome_before_assignment"].detail == (
        "1 outcome row is earlier than the assignment of the lead, and left out"
    )


def test_dates_of_later_stages_are_told_with_their_share() -> None:
    """SQLs whose date is that of the deal: the share is told from one in twenty on."""
    names = ids("control")
    leads, outcomes = [], []
    for number in range(40):
        lead_id = next(names)
        leads.append({"lead_id": lead_id, "created_at": START + DAY})
        evidence = "inferred" if number < 4 else "stated"
        outcomes.append({"lead_id": lead_id, "kind": "sql", "occurred_at": START + 9 * DAY, "evidence": evidence})

    found = told(result(facts(leads, outcomes=outcomes)))["dates_taken_from_later_stages"]
    few = result(facts(leads, outcomes=[{**row, "evidence": "stated"} for row in outcomes]))

    assert found.detail.startswith("4 of 40 SQL rows (10.0%)")
    assert "dates_taken_from_later_stages" not in told(few)


def test_deals_without_an_amount_are_told() -> None:
    """Amounts missing from some deals are a condition of the revenue that counts them as nothing."""
    names = ids("challenger")
    leads, outcomes = [], []
    for number in range(4):
        lead_id = next(names)
        leads.append({"lead_id": lead_id, "created_at": START + DAY})
        amount = Decimal(500) if number else None
        outcomes.append({"lead_id": lead_id, "kind": "closed_won", "occurred_at": START + 9 * DAY, "amount": amount})

    found = told(result(facts(leads, outcomes=outcomes)))["missing_amounts"]

    assert found.detail.startswith("1 of 4 deals won (25.0%)")


def test_deals_are_counted_once_however_many_rows_say_they_were_won() -> None:
    """Two systems state the same win and only one its amount: one deal, and nothing is missing."""
    lead_id = next(ids("challenger"))
    won = {"lead_id": lead_id, "kind": "closed_won", "opportunity_id": "O1"}
    outcomes = [
        {**won, "occurred_at": START + 9 * DAY, "amount": None},
        {**won, "occurred_at": START + 10 * DAY, "amount": Decimal(500)},
    ]

    found = told(result(facts([{"lead_id": lead_id, "created_at": START + DAY}], outcomes=outcomes)))

    assert "missing_amounts" not in found


@pytest.mark.parametrize(("codes", "assumed"), [((None, "USD"), True), ((None, None), False), (("EUR", "USD"), False)])
def test_an_amount_without_a_currency_beside_another_currency_is_told(codes: tuple[str | None, ...], assumed: bool):
    """Such an amount is taken as the lab's, and the page says so; where no amount has a code nothing is doubtful."""
    names = ids("challenger")
    leads, outcomes = [], []
    for code in codes:
        lead_id = next(names)
        leads.append({"lead_id": lead_id, "created_at": START + DAY})
        outcomes.append(
            {
                "lead_id": lead_id,
                "kind": "closed_won",
                "occurred_at": START + 9 * DAY,
                "amount": Decimal(5),
                "currency": code,
            }
        )

    found = told(result(facts(leads, outcomes=outcomes)))

    assert ("currency_assumed" in found) == assumed
    assert not assumed or "taken as EUR, while others are in USD" in found["currency_assumed"].detail


def test_a_look_that_was_not_declared_is_told() -> None:
    """An analysis between two declared looks is told, with what to do."""
    declared = protocol(looks="[2026-09-15, 2026-11-30]")
    found = result(replace(random_facts(1, 120), as_of=datetime(2026, 10, 5, tzinfo=UTC)), declared)

    assert "1 look was taken that was not declared" in told(found)["undeclared_look"].detail


@pytest.mark.parametrize(
    ("control", "challenger", "uneven"),
    [
        pytest.param(40, 0, True, id="one arm only"),
        pytest.param(60, 6, True, id="hardly in one arm"),
        pytest.param(40, 20, False, id="fewer, as hand-overs may make it"),
        pytest.param(12, 0, False, id="too few to tell"),
        pytest.param(40, 41, False, id="alike"),
    ],
)
def test_an_event_of_one_arm_only_is_told(control: int, challenger: int, uneven: bool) -> None:
    """An event that leads of one arm have and of the other hardly have is told; a smaller difference is not."""
    found = told(result(with_events("nurture_open", control, challenger), defined=by_letter()))

    assert ("uneven_events" in found) is uneven
    if uneven:
        assert f"nurture_open ({control} of 100 leads of control" in found["uneven_events"].detail


def test_very_uneven_arms_with_money_are_told() -> None:
    """One tenth of the leads in an arm whose revenue is compared: trust the permutation, not the interval."""
    arms = TWO_ARMS.replace("visits@1.0.0, weight: 1", "visits@1.0.0, weight: 0.1")
    found = told(result(random_facts(1, 600), protocol(arms=arms)))

    assert "of the leads it shares with control" in found["uneven_arms"].detail
    assert "uneven_arms" not in told(result(random_facts(1, 300)))


def test_an_account_with_a_fifth_of_an_arm_is_told() -> None:
    """A very large account is named by its share; its check tells the rest."""
    leads = [
        {"lead_id": f"l{number}", "created_at": START + DAY, "account_key": "giant" if number < 80 else f"a{number}"}
        for number in range(200)
    ]
    found = told(result(facts(leads), protocol(unit="account")))["largest_account"]

    assert found.check == "clusters"
    assert "the largest account holds" in found.detail


def test_an_empty_arm_and_more_arms_than_leads_are_told() -> None:
    """One lead cannot fill two arms, leads of one arm leave the other empty, and nobody at all is no such condition."""
    names = ids("control")
    one = told(result(facts([{"lead_id": next(names), "created_at": START + DAY}])))
    several = told(result(facts([{"lead_id": next(names), "created_at": START + DAY} for _ in range(5)])))

    assert one["more_arms_than_leads"].detail == "2 arms share 1 lead"
    assert several["empty_arm"].detail == "nobody is in challenger"
    assert not {"empty_arm", "more_arms_than_leads"} & set(told(result(facts([]))))


def test_the_json_has_the_conditions() -> None:
    """Each has its name, the fact, what to do, and the check that tells it too."""
    names = ids("control")
    data = result(facts([{"lead_id": next(names), "created_at": START + DAY}])).to_dict()["conditions"]

    assert set(data[0]) == {"condition", "detail", "advice", "check"}
