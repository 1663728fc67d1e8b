"""SQLs without a hand-over, and what sales answered: counted by hand and against the metrics that count the same."""

from __future__ import annotations

from typing import Any

import pytest

from mqlab.analysis.result_rows import LeakRow, MixRow
from mqlab.analysis.results import AnalysisResult
from mqlab.stats.estimate import NotEstimable
from tests.analysis.test_analyze import by_letter, counted, ids, result, row
from tests.analysis.world import DAY, HOUR, START, THREE_ARMS, facts, protocol, random_facts

TABLE = {"both": ((90, 30), (90, 31)), "a": ((50, 9), (49, 4)), "b": ((40, 3), (41, 9)), "none": ((20, 1), (20, 2))}


@pytest.fixture(scope="module")
def funnel() -> AnalysisResult:
    """A random funnel with everything in it."""
    return result(random_facts(1, 600))


def answered() -> AnalysisResult:
    """Ten MQLs per arm that sales accepts, rejects, or both; reasons are known by hand."""
    leads, outcomes = [], []

    def say(name: str, kind: str, days: float, reason: str | None = None) -> None:
        at = START + DAY + days * DAY
        outcomes.append({"lead_id": name, "kind": kind, "occurred_at": at, "reason_code": reason})

    for arm in ("control", "challenger"):
        names = ids(arm)
        for number in range(10):
            name = next(names)
            leads.append({"lead_id": name, "created_at": START + DAY, "fields": {"kind": "both"}})
            if number < 4:
                say(name, "accepted", 2)
            elif number < 6:
                say(name, "rejected", 2, "hand-01")
            elif number == 6:
                say(name, "rejected", 1, "fit-01")
                say(name, "rejected", 3, "hand-01")
                say(name, "accepted", 9)
            elif number == 7:
                say(name, "rejected", 2)
            elif number == 8:
                say(name, "rejected", 40, "fit-01")
        other = next(names)
        leads.append({"lead_id": other, "created_at": START + DAY, "fields": {"kind": "none"}})
        say(other, "rejected", 2, "dup-01")
    return result(facts(leads, outcomes=outcomes), defined=by_letter())


def test_leak_is_counted_where_the_arm_hands_nothing_over() -> None:
    """r_none in both arms, r_aB and r_bA: leads and SQLs of the table, over all leads of the arm that governs them."""
    found = result(counted(TABLE), defined=by_letter()).leak

    assert found == (
        LeakRow("challenger", "none", "control", 20, 1, 200),
        LeakRow("challenger", "none", "challenger", 20, 2, 200),
        LeakRow("challenger", "control_first", "challenger", 49, 4, 200),
        LeakRow("challenger", "arm_first", "control", 40, 3, 200),
    )
    assert found[0].per_1000 == 5.0
    assert found[1].rate == pytest.approx(0.1)


def test_leads_that_are_handed_over_later_are_no_leak(funnel: AnalysisResult) -> None:
    """In a funnel where definitions fire at different times, only leads their own arm never hands over are counted."""
    strata = {(each.stratum, "control"): each.control_units for each in funnel.strata}
    strata |= {(each.stratum, "challenger"): each.treatment_units for each in funnel.strata}
    leak = {(each.stratum, each.under): each for each in funnel.leak}

    assert leak["none", "control"].leads == strata["none", "control"]
    assert 0 < leak["arm_first", "control"].leads < strata["arm_first", "control"]
    assert all(each.sqls <= each.leads for each in funnel.leak)


def test_every_answer_is_counted_once_per_reason() -> None:
    """A rejection counts with its first reason and inside the horizon; accepted afterwards, it counts there as well."""
    found = answered().mix
    control = [(each.answer, each.reason, each.count, each.mqls) for each in found if each.arm == "control"]

    assert control == [
        ("accepted", None, 5, 10),
        ("rejected", "hand-01", 2, 10),
        ("rejected", "fit-01", 1, 10),
        ("rejected", None, 1, 10),
        ("none", None, 2, 10),
    ]
    assert [each.share for each in found if each.arm == "challenger"] == [0.5, 0.2, 0.1, 0.1, 0.2]


def test_the_mix_agrees_with_the_metrics_that_count_the_same(funnel: AnalysisResult) -> None:
    """Accepted per MQL, and rejections of all reasons together, are those of the plain metric rows."""
    for side, arm in (("control", "control"), ("treatment", "challenger")):
        mine = [each for each in funnel.mix if each.arm == arm]
        accepted = getattr(row(funnel, "accepted_per_mql", "itt"), side)
        rejected = getattr(row(funnel, "rejected_per_mql", "itt"), side)

        assert (mine[0].count, mine[0].mqls) == (accepted.numerator, accepted.mature_units)
        assert sum(each.count for each in mine if each.answer == "rejected") == rejected.numerator


def test_every_arm_has_the_same_rows() -> None:
    """With three arms each has every reason, also those only another arm's leads were rejected for."""
    found = result(random_facts(1, 300), protocol(arms=THREE_ARMS)).mix
    by_arm: dict[str, list[Any]] = {}
    for each in found:
        by_arm.setdefault(each.arm, []).append((each.answer, each.reason))

    assert set(by_arm) == {"control", "challenger", "other"}
    assert len({tuple(rows) for rows in by_arm.values()}) == 1


def test_feedback_without_answers_is_no_zero() -> None:
    """Where sales reports SQLs only, the mix has a reason in place of a share; before anybody is mature, another."""
    silent = result(counted(TABLE), defined=by_letter()).mix
    early = result(facts([{"lead_id": "a", "created_at": START + HOUR}], as_of=START + DAY)).mix

    assert {each.share for each in silent if isinstance(each, MixRow)} == {
        NotEstimable("no_answers", "Sales feedback holds neither acceptances nor rejections.")
    }
    assert all(isinstance(each.share, NotEstimable) for each in early)


def test_the_json_has_both(funnel: AnalysisResult) -> None:
    """`leak` and `mix` are keys of the JSON, a share that is not estimable a reason."""
    data = funnel.to_dict()

    assert set(data["leak"][0]) == {"arm", "stratum", "under", "leads", "sqls", "rate", "per_1000"}
    assert set(data["mix"][0]) == {"arm", "answer", "reason", "mqls", "count", "share", "of_rejected"}
    assert MixRow("a", "accepted", None, 0, 0, NotEstimable("no_mqls")).to_dict()["share"] == {
        "not_estimable": "no_mqls"
    }


def test_where_nobody_is_followed_sales_is_not_said_to_be_silent() -> None:
    """Without a lead that was handed over long enough ago nothing is known of what sales answers."""
    found = result(facts([{"lead_id": "a", "created_at": START + DAY}], as_of=START + 2 * DAY)).mix

    assert {each.share.reason for each in found if isinstance(each.share, NotEstimable)} == {"no_mqls"}
