"""The validity checks, each with facts that trip it and facts that do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from mqlab.analysis.analyze import analyze
from mqlab.analysis.looks import TakenLook
from mqlab.analysis.results import AnalysisResult, Check
from mqlab.assignment.position import RING
from mqlab.experiments.enrol import split_of
from mqlab.leads.tables import Facts
from tests.analysis.test_analyze import ZONE, by_letter, counted, ids, result
from tests.analysis.world import DAY, HOUR, START, THREE_ARMS, definitions, facts, protocol, random_facts


def handled(
    size: int = 60,
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
        for number in range(size):
            name = next(names)
            leads.append({"lead_id": name, "created_at": START + DAY, "fields": {"kind": "both"}})
            if handed_off:
                outcomes.append({"lead_id": name, "kind": "handed_off", "occurred_at": START + DAY + HOUR})
            if number < size * (answered or {}).get(arm, 1.0):
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


def test_the_first_answers_of_a_young_experiment_are_no_alarm() -> None:
    """One lead of sixty with feedback against none may be chance; sixty against none is not."""
    young = result(handled(answered={"control": 0.0, "challenger": 1 / 60}), defined=by_letter())
    lost = result(handled(answered={"control": 0.0, "challenger": 1.0}), defined=by_letter())

    assert check(young, "match_rate").status == "pass"
    assert check(lost, "match_rate").status == "fail"


def test_feedback_about_one_arm_only_fails() -> None:
    """An arm whose hand-overs sales says nothing about cannot be compared."""
    found = check(result(handled(answered={"control": 1.0, "challenger": 0.3}), defined=by_letter()), "match_rate")

    assert found.status == "fail" and "gap" in found.detail


def test_a_full_queue_is_seen() -> None:
    """When sales does not get to one in twenty leads, the lift may not carry over to a roll-out."""
    found = check(result(handled(answered={"control": 0.9, "challenger": 0.9}), defined=by_letter()), "capacity")

    assert found.status == "warn" and "roll-out" in found.detail
    assert "a queue of its own" in found.detail


def test_the_share_touched_in_time_is_told_by_arm() -> None:
    """Leads answered a day late were worked, and not within the four hours that were promised."""
    found = check(result(handled(wait={"challenger": DAY}), defined=by_letter()), "capacity")

    assert found.status == "pass"
    assert "sales worked 100.0% of 120 leads" in found.detail
    assert "50.0% of 120 within the promised time (control 100.0%, challenger 0.0%)" in found.detail


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


def test_a_split_that_is_wrong_only_where_the_definitions_disagree_is_found_there() -> None:
    """As many leads in both arms, and twice as many discordant ones in one of them: the split fails inside D."""
    table = {"a": ((120, 0), (60, 0)), "none": ((200, 9), (260, 9))}
    found = result(counted(table), defined=by_letter())

    assert check(found, "sample_ratio").status == "fail"
    assert "where the definitions disagree" in check(found, "sample_ratio").detail
    assert (check(found, "sample_ratio").p_value or 0.0) < 0.001
    assert found.verdict.call == "blocked"


@pytest.mark.parametrize("unit", ["lead", "account"])
def test_a_split_that_was_off_for_a_while_is_told(unit: str) -> None:
    """160 units against 60 in the first days: an alarm then, and still a warning when later days have evened it out."""
    leads = []
    declared = protocol(unit=unit)
    split = split_of(declared)
    placed = {"control": 0, "challenger": 0}
    early = {"control": 160, "challenger": 60}
    for number in range(1200):
        name = f"acc-{number}"
        arm = str(split.place(name, coverage=RING).arm)
        placed[arm] += 1
        if placed[arm] <= 400:
            day = 1 if placed[arm] <= early[arm] else 9
            leads.append({"lead_id": name, "created_at": START + day * DAY, "account_key": name})
            if unit == "account":
                leads.append({"lead_id": f"{name}-b", "created_at": START + 12 * DAY, "account_key": name})
    found = check(result(facts(leads), declared), "sample_ratio")

    assert "control 400, challenger 400" in found.detail
    assert found.status == "warn" and "e-value reached" in found.detail and "on 2026-07-02" in found.detail
    assert found.p_value == pytest.approx(1.0)


def test_only_the_challenger_whose_strata_are_off_is_blocked() -> None:
    """With three arms the split inside one pair's strata says nothing about the other pair's."""
    known = definitions()
    declared = protocol(arms=THREE_ARMS)
    sizes = {"control": (120, 200), "challenger": (60, 260), "other": (120, 200)}
    split = split_of(declared)
    leads, events = [], []
    names = {arm: [] for arm in sizes}  # type: dict[str, list[str]]
    number = 0
    while any(len(names[arm]) < sum(sizes[arm]) for arm in sizes):
        name = f"lead-{number}"
        number += 1
        arm = str(split.place(name, coverage=RING).arm)
        if len(names[arm]) < sum(sizes[arm]):
            names[arm].append(name)
    for arm, (disagreed, _) in sizes.items():
        for index, name in enumerate(names[arm]):
            leads.append({"lead_id": name, "created_at": START + DAY})
            if index < disagreed:
                events += [
                    {"lead_id": name, "name": "page_view", "occurred_at": START + 2 * DAY + k * HOUR} for k in range(4)
                ]
    found = result(facts(leads, events=events), declared, defined=known)

    assert found.verdicts["challenger"].call == "blocked"
    assert not any("sample_ratio" in why for why in found.verdicts["other"].why)


def test_a_recorded_look_decided_by_all_leads_decides_for_good() -> None:
    """What an earlier look found holds, even where later corrections of the data have made it vanish."""
    taken = [TakenLook(datetime(2026, 8, 10, 23, 59, tzinfo=UTC), deciding={"challenger": "itt"})]
    declared = protocol(looks="[2026-08-10, 2026-11-30]")
    table = {"both": ((90, 30), (90, 31)), "b": ((40, 3), (41, 9)), "none": ((200, 20), (200, 20))}
    trusted = result(counted(table), declared, defined=by_letter())
    found = result(counted(table), declared, defined=by_letter(), looks_taken=taken)

    assert check(trusted, "concordant_effect").status == "pass"
    assert check(found, "concordant_effect").status == "fail"
    assert "found at the look of 2026-08-10" in check(found, "concordant_effect").detail
    assert next(row for row in trusted.metrics if row.primary).estimator == "triggered"
    assert next(row for row in found.metrics if row.primary).estimator == "itt"


def test_the_concordant_effect_has_kappa_beside_it() -> None:
    """A result that a small arm effect among shared leads would overturn is told with its size, in points.

    The triggered limits of (a: 90/300 v 30/300) are about (−.269, −.131) of the discordant leads, times π_D / π_both.
    """
    table = {"both": ((300, 90), (300, 91)), "a": ((300, 90), (300, 30)), "none": ((300, 3), (300, 3))}
    found = check(result(counted(table), defined=by_letter()), "concordant_effect")

    assert found.status == "pass"
    points = float(found.detail.partition("an arm difference of ")[2].partition(" points")[0])
    assert points == pytest.approx(13.5, abs=0.5)


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


def owned_accounts(owner_of: Callable[[str, int], str], slow: int = 0) -> Facts:
    """Twelve accounts per arm with ten leads each that both definitions hand over; `slow` of one arm wait longer."""
    leads, outcomes = [], []
    split = split_of(protocol(unit="account"))
    placed: dict[str, list[str]] = {"control": [], "challenger": []}
    for number in count():
        name = f"acc-{number}"
        arm = str(split.place(name, coverage=RING).arm)
        if len(placed[arm]) < 12:
            placed[arm].append(name)
        if min(map(len, placed.values())) == 12:
            break
    for arm, accounts in placed.items():
        for place, account in enumerate(accounts):
            for number in range(10):
                name = f"{account}-{number}"
                row = {"lead_id": name, "created_at": START + DAY, "account_key": account, "fields": {"kind": "both"}}
                leads.append(row)
                late = 9 if arm == "challenger" and place < slow else 1
                at = START + DAY + 2 * HOUR + late * HOUR + timedelta(minutes=place)
                outcomes.append({"lead_id": name, "kind": "handed_off", "occurred_at": START + DAY + HOUR})
                outcomes.append({"lead_id": name, "kind": "touched", "occurred_at": at, "owner": owner_of(arm, place)})
    return facts(leads, outcomes=outcomes)


def test_an_owner_of_an_account_is_one_choice() -> None:
    """Account owners hold all leads of an account: ten leads of one rep are one draw, not ten."""
    three_of_twelve = owned_accounts(lambda arm, place: "rep-a" if place < (3 if arm == "control" else 7) else "rep-b")
    all_of_them = owned_accounts(lambda arm, place: f"rep-{arm}")
    declared = protocol(unit="account")

    assert check(result(three_of_twelve, declared, defined=by_letter()), "owner_balance").status == "pass"
    assert check(result(all_of_them, declared, defined=by_letter()), "owner_balance").status == "warn"


def test_handling_of_accounts_is_compared_by_account() -> None:
    """Two slow accounts of twelve are twenty slow leads of 120, and chance; all twelve are not."""
    declared = protocol(unit="account")
    two, twelve = (
        check(result(owned_accounts(lambda arm, place: "rep", slow), declared, defined=by_letter()), "handling_parity")
        for slow in (2, 12)
    )

    assert two.status == "pass" and (two.p_value or 0.0) > 0.1
    assert twelve.status == "warn" and "wait differs" in twelve.detail


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


def test_a_single_owner_is_counted_in_the_singular() -> None:
    """One rep holds every lead: nothing to compare, and no "owner(s)"."""
    known = handled(owner=lambda arm, number: "rep-a")
    found = check(result(known, defined=by_letter()), "owner_balance")

    assert found.detail == "1 owner, too few to compare arms by"
