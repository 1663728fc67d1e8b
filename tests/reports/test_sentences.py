"""Sentences computed from a result: each says what the numbers say, and nothing where there are none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from mqlab.analysis.result_rows import LeakRow, Look, MarginalRow
from mqlab.analysis.results import AnalysisResult, VerdictResult
from mqlab.reports import sentences
from mqlab.reports.rows import Rows
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from tests.reports.samples import ship, trap

NONE = NotEstimable("no_units", "An arm has no leads.")


@dataclass(frozen=True)
class Data:
    """Part of a result that is made elsewhere."""

    values: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return self.values


def main_with(result: AnalysisResult, **more: Any) -> AnalysisResult:
    """The result with its deciding row changed."""
    return replace(result, metrics=tuple(replace(row, **more) if row.primary else row for row in result.metrics))


def test_the_causal_sentence_has_both_values_lift_and_interval() -> None:
    """Block 1: out of 1,000 assigned leads, both arms, the lift, and whether it may be optimistic."""
    final = replace(ship(), counts={"planned_end": True})
    row = Rows(final).primary("challenger")
    assert row is not None

    assert sentences.causal_sentence(final, row) == (
        "Out of 1,000 assigned leads: current 78.7 SQLs, challenger 84.8; lift +7.7% (95% interval +1.3% to +14.6%)."
    )
    assert sentences.causal_sentence(ship(), row).endswith("to +14.6%), which may be optimistic.")


def test_money_is_told_per_lead_and_a_missing_lift_has_its_reason() -> None:
    """Revenue has no "out of 1,000"; without a relative change the sentence says why."""
    row = next(row for row in ship().metrics if row.metric == "revenue_per_lead")

    assert sentences.causal_sentence(ship(), row) == (
        "Per assigned lead, current brings €131.20 and challenger €142.50; lift +8.6% (95% interval no usable bound)."
    )
    assert sentences.causal_sentence(ship(), replace(row, relative=NONE)).endswith("; no lift: An arm has no leads.")


def test_a_reason_is_not_told_twice() -> None:
    """A metric that is not due yet says so once."""
    due = NotEstimable("not_due", "sql_per_lead is due 2027-04-05")
    row = Rows(ship()).primary("challenger")
    assert row is not None
    row = replace(row, control=replace(row.control, value=due), absolute=due, relative=due)

    assert sentences.causal_sentence(ship(), row) == "SQLs per assigned lead is due 2027-04-05."


def test_intervals_of_several_challengers_have_their_own_level() -> None:
    """With Dunnett's per-arm level the sentence names that of the arm's interval."""
    result = replace(ship(), counts={"alpha": {"challenger": 0.02696}})
    row = Rows(result).primary("challenger")
    assert row is not None

    assert "97.3% interval" in sentences.causal_sentence(result, row)


@pytest.mark.parametrize(
    ("information", "planned_end", "clear", "expected"),
    [
        pytest.param(0.4, False, True, "by about half", id="before half time"),
        pytest.param(0.8, False, True, "by about a tenth", id="after half time"),
        pytest.param(0.8, False, False, "", id="not crossed"),
        pytest.param(1.0, True, True, "", id="planned end"),
        pytest.param(0.9, True, True, "", id="planned end with less information"),
    ],
)
def test_an_estimate_that_crossed_early_may_be_optimistic(
    information: float, planned_end: bool, clear: bool, expected: str
) -> None:
    """Only an estimate clear of 0 before the planned end is marked; the earlier, the more it overstates."""
    absolute = Estimate(0.006, Interval(0.001 if clear else -0.001, 0.012))
    result = main_with(ship(), look=Look(information, 2.4), absolute=absolute)
    found = sentences.early(replace(result, counts={"planned_end": planned_end}), "challenger")

    assert (expected in found) if expected else found == ""


def test_what_to_do_now_is_told_where_a_verdict_stops_the_experiment() -> None:
    """After crossing: stop enrolling, follow to the horizon, publish the final number; without a call, nothing."""
    open_one = replace(ship(), verdicts={"challenger": VerdictResult("inconclusive", ("the guardrail is not due",))})

    assert "Stop enrolling" in sentences.early(ship(), "challenger")
    assert "Stop enrolling" not in sentences.early(open_one, "challenger")
    assert sentences.early(replace(ship(), counts={"overrun": True}), "challenger") == sentences.OVERRUN


def test_disagreement_needs_two_estimates_of_opposite_sign() -> None:
    """No sentence where a sign is unknown; where the effect may be chance the sentence says that too."""
    clear = sentences.disagreement(trap(), "challenger")
    unknown = sentences.disagreement(main_with(trap(), relative=NONE), "challenger")
    vague = main_with(trap(), relative=Estimate(-0.01, Interval(-0.05, 0.03)))

    assert clear == "challenger's list is cleaner but the same leads produced fewer SQLs."
    assert unknown == ""
    assert sentences.disagreement(vague, "challenger") == (
        "challenger's list is cleaner but the same leads produced fewer SQLs, though chance alone can do that."
    )
    assert sentences.disagreement(ship(), "challenger") == ""
    assert sentences.disagreement(replace(trap(), metrics=()), "challenger") == ""


def test_an_unbounded_lift_points_up() -> None:
    """A control without outcomes has no ratio, and still a direction: more."""
    result = main_with(trap(), relative=Estimate(None, Interval(0.2, None)))

    assert sentences.disagreement(result, "challenger") == ""


def test_precision_follows_the_estimator_that_decides() -> None:
    """The list's sentence and its volume use the deciding estimator; a declared metric goes first."""
    plain = next(row for row in ship().metrics if row.metric == "sql_per_mql")
    rows = (*ship().metrics, replace(plain, estimator="itt"), replace(plain, metric="accepted_per_mql"))
    result = replace(ship(), metrics=rows)
    by_itt = replace(
        result,
        metrics=tuple(replace(row, primary=row.role == "primary" and row.estimator == "itt") for row in result.metrics),
    )

    found = [sentences.precision_row(each, "challenger") for each in (result, by_itt)]
    declared = sentences.precision_row(result, "challenger", "accepted_per_mql")

    assert [row.estimator for row in found if row is not None] == ["triggered", "itt"]
    assert declared is not None and declared.metric == "accepted_per_mql"


def test_the_marginal_sentence_says_what_is_added_and_dropped() -> None:
    """Block 3 in the words of the page: how many, what became of them, and what their like do anyway."""
    assert sentences.marginal_sentence(ship(), "challenger") == (
        "challenger adds 29.9 MQLs per 1,000 leads (24.8% became SQLs, 4.2% of their like do anyway), and drops 30.3 "
        "(15.0% became SQLs, 4.9% of their like do anyway)."
    )


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(MarginalRow("b", "arm_first", 0.0, NONE, NONE, NONE), "b adds none.", id="nobody"),
        pytest.param(
            MarginalRow("b", "control_first", 9.0, 0.1, NONE, NONE, stage="won"),
            "b drops 9.0 MQLs per 1,000 leads (10.0% became deals won).",
            id="one side only",
        ),
        pytest.param(MarginalRow("b", "arm_first", NONE, NONE, NONE, NONE), "An arm has no leads.", id="not known yet"),
    ],
)
def test_marginal_leads_without_numbers(row: MarginalRow, expected: str) -> None:
    """Nobody moved, nobody mature and one side only are three different things."""
    assert sentences.marginal_sentence(replace(ship(), marginal=(row,)), "b") == expected
    assert sentences.marginal_sentence(replace(ship(), marginal=()), "b") == ""


def test_leads_that_the_other_definition_hands_over_later_are_not_added() -> None:
    """Where the later rule still fires, or accounts are randomised, a definition is first and adds nothing."""
    later = replace(
        ship(),
        marginal=(MarginalRow("challenger", "arm_first", 131.3, 0.104, 0.136, 4.2, later_per_1000=38.3),),
    )
    accounts = replace(
        ship(), marginal=(MarginalRow("challenger", "control_first", 324.0, 0.1, 0.2, -3.0, by_account=True),)
    )

    assert sentences.marginal_sentence(later, "challenger") == (
        "challenger hands over 131.3 of 1,000 leads first, 38.3 of which current hands over later (13.6% became SQLs "
        "under challenger, 10.4% became SQLs under current)."
    )
    assert sentences.marginal_sentence(accounts, "challenger") == (
        "324.0 of 1,000 leads are in accounts where current hands over first (10.0% became SQLs under current, 20.0% "
        "became SQLs under challenger)."
    )


def test_leak_is_told_per_1000_and_per_lead_left_alone() -> None:
    """Both arms' SQLs without a hand-over, and where they come from; nothing where there are no leads."""
    assert sentences.leak_sentence(ship(), "challenger") == (
        "SQLs without a hand-over, out of 1,000 leads: current 8.5, challenger 8.5. Per lead not handed over: "
        "neither picks them 1.0% (current), 0.97% (challenger); challenger first 4.2%; current first 4.9%."
    )
    nobody = (LeakRow("challenger", "none", "current", 0, 0, 0),)
    assert sentences.leak_sentence(replace(ship(), leak=nobody), "challenger") == ""


def test_the_split_adds_up_in_words() -> None:
    """All assigned leads as the two parts they are; a part that is not estimable silences the sentence."""
    parts = {
        "assigned": {"estimate": 0.0087},
        "triggered": {"estimate": 0.0148},
        "concordant": {"estimate": -0.0061, "p_value": 0.3},
    }
    whole = replace(ship(), split={"challenger": Data({"stage": "sql", **parts})})
    gone = replace(ship(), split={"challenger": Data({"stage": "sql", **parts, "assigned": {"not_estimable": "x"}})})

    assert sentences.split_sentence(whole, "challenger").startswith(
        "With every stratum at its own share, all assigned leads show +8.7 SQLs of 1,000: "
        "+14.8 from leads the definitions disagree on, "
        "and −6.1 (p 0.30) from leads they treat alike"
    )
    assert sentences.split_sentence(gone, "challenger") == sentences.split_sentence(ship(), "challenger") == ""


def test_rare_wins_are_told_with_their_evidence_or_its_reason() -> None:
    """Counts of deals always, p and ratio where the process can be read."""
    counts: dict[str, Any] = {"control": {"x": 4}, "treatment": {"x": 9}}
    known = Data({**counts, "p_value": 0.25, "ratio": {"estimate": 2.2, "low": 0.5, "high": 9.0}})
    unknown = Data({**counts, "not_estimable": "accounts_randomised", "detail": "Wins are not independent."})

    assert sentences.rare_sentence(replace(ship(), rare_wins={"challenger": known}), "challenger") == (
        "Deals won, exact at any time and however few: current 4, challenger 9 (p 0.25); challenger wins 0.50 to 9.00 "
        "times as often."
    )
    assert sentences.rare_sentence(replace(ship(), rare_wins={"challenger": unknown}), "challenger") == (
        "Deals won: current 4, challenger 9. Wins are not independent."
    )


def test_wins_that_bound_nothing_are_not_said_to_come_so_often() -> None:
    """Without a win in either arm any ratio is possible: no "at least 0.00 times as often"."""
    counts: dict[str, Any] = {"control": {"x": 0}, "treatment": {"x": 0}}
    known = Data({**counts, "ratio": {"estimate": None, "low": 0.0, "high": None}, "p_value": 1.0})

    assert sentences.rare_sentence(replace(ship(), rare_wins={"challenger": known}), "challenger") == (
        "Deals won, exact at any time and however few: current 0, challenger 0 (p > 0.99)."
    )
