"""Rows beside the metrics: what moved between the definitions with its intervals, and the break-even price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mqlab.analysis.pictures import net_limits, price_words
from mqlab.analysis.results import AnalysisResult
from mqlab.stats import binary
from mqlab.stats.binary import Counts
from mqlab.stats.dilution import Share, diluted
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.strata import Pair
from tests.analysis.test_analyze import G3, by_letter, counted, ids, result
from tests.analysis.world import DAY, START, facts, protocol

COSTS = "costs: {mql: 45, currency: EUR}\n"


@pytest.fixture(scope="module")
def g3() -> AnalysisResult:
    """Known answer G3 of statistics.md."""
    return result(counted(G3), defined=by_letter())


def sold(price_control: int, price_challenger: int, *, volume: tuple[int, int] = (60, 80)) -> AnalysisResult:
    """20 deals in 200 leads of either arm at a price each, and MQLs per arm; a hand-over costs EUR 45."""
    leads, outcomes = [], []
    for arm, price, mqls in zip(("control", "challenger"), (price_control, price_challenger), volume, strict=True):
        names = ids(arm)
        own = "a" if arm == "control" else "b"
        for number in range(200):
            name = next(names)
            leads.append(
                {"lead_id": name, "created_at": START + DAY, "fields": {"kind": own if number < mqls else "none"}}
            )
            if number < 20:
                amount = Decimal(price + number)
                outcomes.append(
                    {"lead_id": name, "kind": "closed_won", "occurred_at": START + 9 * DAY, "amount": amount}
                )
    return result(facts(leads, outcomes=outcomes), protocol(extra=COSTS, handling="open"), defined=by_letter())


def test_marginal_rows_are_those_of_g3(g3: AnalysisResult) -> None:
    """π_a, π_b, r_aA, r_aB, r_bA, r_bB by hand from G3's counts: SQLs forgone 1000·π_a·(r_aB − r_aA), gained alike."""
    dropped, added = g3.marginal

    assert (dropped.stratum, added.stratum) == ("control_first", "arm_first")
    assert (dropped.leads_per_1000, added.leads_per_1000) == pytest.approx((1000 * 242 / 8000, 1000 * 239 / 8000))
    assert (dropped.rate_control, dropped.rate_treatment) == pytest.approx((18 / 120, 6 / 122))
    assert dropped.outcomes_per_1000 == pytest.approx(30.25 * (6 / 122 - 18 / 120))
    assert added.outcomes_per_1000 == pytest.approx(29.875 * (30 / 121 - 5 / 118))
    assert (dropped.stage, added.stage) == ("sql", "sql")


def test_what_is_gained_has_the_interval_of_its_stratum(g3: AnalysisResult) -> None:
    """The limits are the Miettinen–Nurminen ones of the stratum's own 2×2, diluted by its share."""
    z = 1.959963984540054
    stratum = Pair(Counts(5, 118), Counts(30, 121))
    limits = binary.difference(stratum.control, stratum.treatment, z=z)
    assert isinstance(limits, Estimate)
    whole = diluted(limits, stratum.variance, Share(239 / 8000, 8000), z=z).interval
    assert whole.low is not None and whole.high is not None
    interval = g3.marginal[1].interval

    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((1000 * whole.low, 1000 * whole.high), rel=1e-6)


def test_gained_and_forgone_add_up_to_the_effect(g3: AnalysisResult) -> None:
    """Both strata together are near the triggered difference (exactly where arms hold equal shares of a stratum)."""
    total = sum(row.outcomes_per_1000 for row in g3.marginal if not isinstance(row.outcomes_per_1000, NotEstimable))

    assert total == pytest.approx(1000 * 0.003097008, rel=0.03)


def test_accounts_have_no_interval_of_a_stratum(g3: AnalysisResult) -> None:
    """A stratum of accounts is counted in leads, so its binomial interval would be too narrow: there is none."""
    found = result(counted(G3), protocol(unit="account"), defined=by_letter())

    assert {row.interval for row in found.marginal} == {None}
    assert {row.interval is None for row in g3.marginal} == {False}


def test_nothing_followed_long_enough_is_no_zero() -> None:
    """Before any lead is mature neither shares nor rates are zero: they are not known."""
    found = result(facts([{"lead_id": "a", "created_at": START + DAY}], as_of=START + 2 * DAY))

    assert all(isinstance(row.leads_per_1000, NotEstimable) for row in found.marginal)
    assert found.to_dict()["marginal"][0]["leads_per_1000"] == {"not_estimable": "no_units"}


def test_the_price_is_revenue_over_hand_overs_and_meets_the_declared_cost() -> None:
    """20 deals at 1,100 v 1,000 in 200 leads: EUR 10 more per lead and .10 hand-overs more, so EUR 100 a hand-over.

    At the declared EUR 45 that leaves 10 − 45·0.10 = EUR 5.50 per lead.
    """
    found = sold(1000, 1100).break_even["challenger"]

    assert found["reading"] == "while_less"
    assert found["price_per_handover"] == pytest.approx(100)
    assert found["net_per_lead"] == pytest.approx(5.5)
    assert found["sentence"] == "worth it while a hand-over costs sales less than EUR 100"
    assert found["compared"] == (
        "at the declared cost of EUR 45 a hand-over, challenger earns EUR 5.50 more per assigned lead, hand-overs paid"
    )
    assert found["caution"] == (
        "a rough guide: the interval of the difference in revenue per lead includes 0"
        if found["revenue_low"] <= 0
        else None
    )


def test_a_declared_cost_on_the_other_side_is_told() -> None:
    """A gain below the cost of the hand-overs it takes is told as a loss."""
    found = sold(1000, 1020).break_even["challenger"]

    assert found["price_per_handover"] == pytest.approx(20)
    assert "challenger earns EUR 2.50 less per assigned lead" in found["compared"]


@pytest.mark.parametrize(
    ("gain", "more", "reading", "price"),
    [
        pytest.param(10.0, 0.1, "while_less", 100.0, id="more leads, more revenue"),
        pytest.param(-10.0, -0.1, "while_more", 100.0, id="fewer leads, less revenue"),
        pytest.param(10.0, -0.1, "always", None, id="fewer leads, more revenue"),
        pytest.param(0.0, -0.1, "always", None, id="fewer leads, same revenue"),
        pytest.param(-10.0, 0.1, "never", None, id="more leads, less revenue"),
    ],
)
def test_every_reading_of_a_price(gain: float, more: float, reading: str, price: float | None) -> None:
    """Which side of the price is worth it follows from the signs of revenue and volume."""
    sure = Estimate(gain, Interval(gain - 1, gain + 1))
    found = price_words("arm", gain, more, 40.0, sure, Estimate(more, Interval(more - 0.01, more + 0.01)), "EUR")

    assert (found["reading"], found["price_per_handover"]) == (reading, price)
    net = gain - 40 * more
    assert f"EUR {abs(net):,.2f}".removesuffix(".00") + (" more" if net > 0 else " less") in found["compared"]


def test_a_price_from_nothing_sure_is_a_rough_guide() -> None:
    """Where revenue or volume may not differ at all the sentence says so; equal volume has no price."""
    open_one = Estimate(10.0, Interval(-5.0, 25.0))
    sure = Estimate(0.1, Interval(0.05, 0.15))
    both = price_words("arm", 10.0, 0.1, None, open_one, Estimate(0.1, Interval(-0.1, 0.3)), "EUR")

    assert price_words("arm", 10.0, 0.1, None, open_one, sure, "EUR")["caution"] == (
        "a rough guide: the interval of the difference in revenue per lead includes 0"
    )
    assert both["caution"].endswith("difference in revenue per lead and in hand-overs per lead includes 0")
    assert "compared" not in both
    assert price_words("arm", 10.0, 0.0, 40.0, open_one, sure, "EUR")["not_estimable"] == "same_volume"


def test_no_price_without_revenue_or_before_it_is_due() -> None:
    """Without amounts, and before the horizon, the price is a reason."""
    early = result(facts([{"lead_id": "a", "created_at": START + DAY}], as_of=START + 2 * DAY))

    assert early.break_even["challenger"]["not_estimable"] == "not_due"
    assert result(counted(G3), defined=by_letter()).break_even["challenger"]["not_estimable"] in (
        "too_few_wins", "no_amounts",
    )  # fmt: skip


def test_a_curve_ends_where_the_plain_share_stands(g3: AnalysisResult) -> None:
    """With every lead followed the last step is the share of assigned leads that became SQLs, and no step falls."""
    by_arm = {row.arm: row.count / row.units for row in g3.funnel if row.stage == "sql"}
    found = {one.arm: one for one in g3.curves if one.stage == "sql"}

    assert {arm: one.steps[-1].rate for arm, one in found.items()} == pytest.approx(by_arm)
    assert {one.steps[-1].age_days for one in found.values()} == {found["control"].horizon_days}
    for one in found.values():
        rates = [step.rate for step in one.steps]
        assert rates == sorted(rates) and one.reached == round(rates[-1] * one.leads)


def test_what_is_left_of_the_revenue_has_limits_that_hold_its_level() -> None:
    """However revenue and hand-overs go together: the worst of both, so never narrower than either alone makes it."""
    found = sold(1000, 1100).break_even["challenger"]

    assert found["net_low"] < found["net_per_lead"] < found["net_high"]
    assert found["net_high"] - found["net_low"] > found["revenue_high"] - found["revenue_low"]
    assert net_limits(40.0, Interval(None, 9.0), Interval(0.1, None)) == {"net_low": None, "net_high": 5.0}


@pytest.mark.parametrize("together", [-1.0, -0.3, 0.0, 0.8, 1.0])
def test_limits_of_what_is_left_cover_the_exact_interval(together: float) -> None:
    """With any correlation the interval of the difference itself lies within them."""
    cost, (gain, gain_sd), (more, more_sd), z = 40.0, (72.0, 33.0), (0.0135, 0.004), 1.96
    exact = (gain_sd**2 + (cost * more_sd) ** 2 - 2 * together * gain_sd * cost * more_sd) ** 0.5
    found = net_limits(
        cost,
        Interval(gain - z * gain_sd, gain + z * gain_sd),
        Interval(more - z * more_sd, more + z * more_sd),
    )

    assert found["net_low"] <= gain - cost * more - z * exact + 1e-9
    assert found["net_high"] >= gain - cost * more + z * exact - 1e-9
