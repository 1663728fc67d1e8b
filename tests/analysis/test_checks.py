"""The validity checks, each with facts that trip it and facts that do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mqlab.analysis.analyze import analyze
from mqlab.analysis.results import AnalysisResult, Check
from mqlab.leads.tables import Facts
from tests.analysis.test_analyze import ZONE, by_letter, ids, result
from tests.analysis.world import DAY, HOUR, START, facts, protocol, random_facts


def handled(
    count: int = 60,
    *,
    wait: dict[str, timedelta] | None = None,
    owner: Any = lambda arm, number: f"rep-{number % 3}",
    answered: dict[str, float] | None = None,
    unmatched: int = 0,
    handed_off: bool = True,
) -> Facts:
    """Leads that both definitions hand over, and how sales treats those of each arm."""
    leads, outcomes = [], []
    for arm in ("control", "challenger"):
        names = ids(arm)
        for number in range(count):
            name = next(names)
            leads.append({"lead_id": name, "created_at": START + DAY, "fields": {"kind": "both"}})
            if handed_off:
                outcomes.append({"lead_id": name, "kind": "handed_off", "occurred_at": START + DAY + HOUR})
            if number < count * (answered or {}).get(arm, 1.0):
                at = START + DAY + HOUR + (wait or {}).get(arm, HOUR) + timedelta(minutes=number % 20)
                outcomes.append({"lead_id": name, "kind": "touched", "occurred_at": at, "owner": owner(arm, number)})
                if number % 4 == 0:
                    outcomes.append({"lead_id": name, "kind": "accepted", "occurred_at": at + HOUR})
                if number % 6 == 0:
                    outcomes.append({"lead_id": name, "kind": "sql", "occurred_at": at + 5 * DAY})
    return replace(facts(leads, outcomes=outcomes), unmatched_outcomes=unmatched)


def check(found: AnalysisResult, name: str) -> Check:
    """One check of a result."""
    return next(each for each in found.checks if each.check == name)


@pytest.fixture(scope="module")
def alike() -> AnalysisResult:
    """Sales treats both arms the same."""
    return result(handled(), defined=by_letter())


@pytest.mark.parametrize(
    "name", ["handling_parity", "owner_balance", "match_rate", "capacity", "cross_arm", "concordant_effect", "lateness"]
)
def test_equal_handling_passes(alike: AnalysisResult, name: str) -> None:
    """Where nothing differs the checks pass."""
    assert check(alike, name).status == "pass"


def test_an_arm_that_waits_longer_is_seen() -> None:
    """A first response an hour later in one arm shows in the waits, which are told for both arms."""
    found = check(result(handled(wait={"challenger": 3 * HOUR}), defined=by_letter()), "handling_parity")

    assert found.status == "warn" and "wait differs" in found.detail
    assert "1.2 h and 3.2 h" in found.detail or "1.1 h and 3.1 h" in found.detail
    assert found.p_value is not None and found.p_value < 0.01


def test_owners_who_get_one_arm_are_seen() -> None:
    """Reps who work mostly one arm's leads break the balance; owners are compared among shared leads only."""
    known = handled(owner=lambda arm, number: "rep-a" if (arm == "control") == (number % 5 > 0) else "rep-b")
    found = check(result(known, defined=by_letter()), "owner_balance")

    assert found.status == "warn" and "2 owners" in found.detail


def test_feedback_that_does_not_find_its_leads_is_seen() -> None:
    """Many unmatched rows warn, and none that matches fails."""
    some = result(handled(unmatched=100), defined=by_letter())
    none = result(replace(facts([{"lead_id": "a", "created_at": START}]), unmatched_outcomes=9), defined=by_letter())

    assert check(some, "match_rate").status == "warn"
    assert check(none, "match_rate").status == "fail"


def test_feedback_about_one_arm_only_fails() -> None:
    """An arm whose hand-overs sales says nothing about cannot be compared."""
    found = check(result(handled(answered={"control": 1.0, "challenger": 0.3}), defined=by_letter()), "match_rate")

    assert found.status == "fail" and "gap" in found.detail


def test_a_full_queue_is_seen() -> None:
    """When sales does not get to one in twenty leads, the lift may not carry over to a roll-out."""
    found = check(result(handled(answered={"control": 0.9, "challenger": 0.9}), defined=by_letter()), "capacity")

    assert found.status == "warn" and "roll-out" in found.detail


def test_a_split_that_is_wrong_in_one_phase_is_found_there() -> None:
    """Sample ratio is tested in each phase as well: two wrong phases that cancel still fail."""
    leads = []
    for arm, sizes in (("control", (150, 60)), ("challenger", (60, 150))):
        names = ids(arm)
        for size, day in zip(sizes, (0, 20), strict=True):
            leads += [{"lead_id": next(names), "created_at": START + day * DAY} for _ in range(size)]
    phases = "[{from: 2026-07-01, coverage: 99.99%}, {from: 2026-07-15, coverage: 100%}]"
    found = result(facts(leads), protocol(phases=phases), defined=by_letter())

    assert check(found, "sample_ratio").status == "fail"
    assert "in phase" in check(found, "sample_ratio").detail
    assert found.verdict.call == "blocked"


def test_an_arm_effect_at_an_earlier_look_decides_for_good() -> None:
    """Once leads both definitions treat alike fared differently (p < .001), intention-to-treat decides from then on."""
    leads, outcomes = [], []
    for arm, early, late in (("control", 8, 85), ("challenger", 40, 55)):
        names = ids(arm)
        for wave, wins in ((0, early), (25, late)):
            for number in range(120):
                name = next(names)
                leads.append({"lead_id": name, "created_at": START + wave * DAY, "fields": {"kind": "both"}})
                if number < wins:
                    outcomes.append({"lead_id": name, "kind": "sql", "occurred_at": START + (wave + 2) * DAY})
    declared = protocol(looks="[2026-08-10, 2026-11-30]", maximum=480)
    found = result(facts(leads, outcomes=outcomes), declared, defined=by_letter())

    assert check(found, "concordant_effect").status == "fail"
    assert "earlier look" in check(found, "concordant_effect").detail
    assert (check(found, "concordant_effect").p_value or 0.0) > 0.001


def test_an_opportunity_of_two_arms_is_told() -> None:
    """An opportunity that leads of both arms claim counts for the one assigned first, and a warning says so."""
    names = [next(ids("control")), next(ids("challenger"))]
    leads = [{"lead_id": name, "created_at": START + index * HOUR} for index, name in enumerate(names)]
    outcomes = [
        {"lead_id": name, "kind": "opportunity", "occurred_at": START + DAY, "opportunity_id": "o"} for name in names
    ]

    assert check(result(facts(leads, outcomes=outcomes), defined=by_letter()), "cross_arm").status == "warn"


def test_the_check_of_accounts_tells_what_carries_the_result() -> None:
    """Accounts by arm, degrees of freedom, the largest one's share and the lift without any one account."""
    found = result(random_facts(9, 500, accounts=60), protocol(unit="account"))
    detail = check(found, "clusters").detail

    for words in ("accounts", "degrees of freedom", "leaving one account out", "per account"):
        assert words in detail
    assert "accounts:" in check(found, "sample_ratio").detail


def test_an_account_that_holds_a_fifth_of_an_arm_is_told() -> None:
    """One very large account warns even where there are degrees of freedom enough."""
    people = []
    for index in range(240):
        account = "giant" if index % 3 == 0 else f"acc-{index}"
        people.append({"lead_id": f"L{index}", "created_at": START + index * HOUR, "account_key": account})
    outcomes = [{"lead_id": f"L{index}", "kind": "sql", "occurred_at": START + 20 * DAY} for index in range(0, 240, 5)]
    found = check(result(facts(people, outcomes=outcomes), protocol(unit="account")), "clusters")

    assert found.status in ("warn", "fail")
    assert "fifth" in found.detail or "too few" in found.detail


def test_every_unknown_has_its_reason() -> None:
    """Without facts no check claims to have passed what it could not look at."""
    found = analyze(protocol(), by_letter(), facts([]), timezone=ZONE)
    silent = {each.check for each in found.checks if each.status == "not_applicable"}

    assert {
        "sample_ratio",
        "arm_by_stratum",
        "concordant_effect",
        "handling_parity",
        "match_rate",
        "capacity",
    } <= silent
    assert all(each.detail for each in found.checks)
