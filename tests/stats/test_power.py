"""Sample sizes: against R, against exact enumeration, and against the variances that the estimators report."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mqlab.stats import power, score
from mqlab.stats.binary import Counts
from mqlab.stats.precision import Precision, Qualified, QualifiedPair, efficient_precision
from mqlab.stats.tails import critical_z

REACH = critical_z(0.05) + stats.norm.ppf(0.8)


def exact(n_a: int, p_a: float, n_b: int, p_b: float, rejects) -> float:
    """The probability of `rejects(x_a, x_b)` for two binomial counts, by summing over all that are not negligible."""
    counts, weights = [], []
    for n, p in ((n_a, p_a), (n_b, p_b)):
        low, high = (int(stats.binom.ppf(tail, n, p)) for tail in (1e-10, 1 - 1e-10))
        counts.append(np.arange(low, high + 1))
        weights.append(stats.binom.pmf(counts[-1], n, p))
    return float(np.sum(np.outer(*weights) * rejects(counts[0][:, None], counts[1][None, :])))


@pytest.mark.parametrize(
    ("rate", "lift", "units"),
    [(0.10, 0.20, 3_841), (0.08, 0.15, 8_568), (0.05, 0.20, 8_158), (0.02, 0.30, 9_798), (0.01, 0.50, 7_750)],
)
def test_the_exact_power_of_the_planned_units(rate, lift, units):
    """The page's table (statistics.md section 13): units per arm, and their power by enumeration .8000–.8035."""
    treatment = rate * (1 + lift)
    needed = power.units_control(control_rate=rate, treatment_rate=treatment, alpha=0.05, power=0.8)

    found = exact(units, rate, units, treatment, lambda a, b: score.z_difference(a, units, b, units) > critical_z(0.05))

    assert math.ceil(needed) == units
    assert 0.7999 <= found <= 0.8036


def test_the_exact_power_and_size_of_a_guardrail():
    """At 8% and a margin of 10%, 16,338 per arm: power .800–.810 when equal, size .0250–.0254 at the margin."""
    units = math.ceil(power.units_control_non_inferiority(control_rate=0.08, margin=0.1, alpha=0.05, power=0.8))

    def clears(a, b):
        return score.z_ratio(a, units, b, units, 0.9) > critical_z(0.05)

    assert units == 16_338
    assert 0.800 <= exact(units, 0.08, units, 0.08, clears) <= 0.810
    assert 0.0250 <= exact(units, 0.08, units, 0.072, clears) <= 0.0254


def test_unequal_arms_match_r():
    """
    > getSampleSizeRates(pi1=.12, pi2=.1, allocationRatioPlanned=2, sided=2, alpha=.05, beta=.2)   # rpact
    nFixed1 5821.0256617, nFixed2 2910.51283085: the treatment has twice the units of the control.
    """
    found = power.units_control(control_rate=0.1, treatment_rate=0.12, alpha=0.05, power=0.8, allocation=2)

    assert found == pytest.approx(2910.51283085, rel=1e-9)


def test_relative_changes_of_means_match_r():
    """
    > getSampleSizeMeans(groups=2, alternative=.1, stDev=3, sided=2, alpha=.05, beta=.2, normalApproximation=TRUE)
    nFixed 28255.9670437 in both groups (rpact); a standard deviation of 3 means is a relative variance of 9.
    """
    found = power.units_control_relative(effect=0.1, relative_variance=9.0, alpha=0.05, power=0.8)

    assert 2 * found == pytest.approx(28255.9670437, rel=1e-9)


def test_a_margin_in_points_is_close_to_r():
    """
    > getSampleSizeRates(pi1=.2, pi2=.2, thetaH0=-.03, sided=1, alpha=.025, beta=.2)   # rpact
    nFixed1 2794.10763243 per group, with the variance restricted to the margin; ours is unrestricted: 0.2% apart.
    """
    found = power.units_control_points(control_rate=0.2, margin_points=0.03, alpha=0.05, power=0.8)

    assert found == pytest.approx(2794.10763243, rel=2e-3)


@pytest.mark.parametrize(
    ("overlap", "itt", "triggered"),
    [(0.70, 117_919, 15_003), (0.80, 301_363, 23_828), (0.90, 1_358_670, 50_304), (0.95, 5_754_671, 103_255)],
)
def test_what_the_overlap_saves(overlap, itt, triggered):
    """The page's table of swaps (section 3.3): leads in all for 80%, comparing all of them or those that differ."""
    both = overlap * 0.5 / (1 + overlap)
    apart, neither = 2 * (0.25 - both), 1 - both - 2 * (0.25 - both)
    rate = both * 0.30 + apart * (0.15 + 0.04) / 2 + neither * 0.01
    lift = apart * (0.25 + 0.04 - 0.15 - 0.04) / 2 / rate
    q_a, q_b = power.discordant_rates(rate=rate, lift=lift, discordant_share=apart, control_rate=0.095)

    plain = power.units_control(control_rate=rate, treatment_rate=rate * (1 + lift), alpha=0.05, power=0.8)
    inside = power.units_control(control_rate=q_a, treatment_rate=q_b, alpha=0.05, power=0.8)

    assert q_b == pytest.approx(0.145)
    assert round(2 * plain) == itt
    assert round(power.units_triggered(2 * inside, discordant_share=apart)) == triggered


def expected_precision(units: float, both: float, dropped: float, p_both: float, p_dropped: float) -> Precision:
    """`efficient_precision` at the counts that are expected of a stricter rule; half of the units in each arm."""

    def counts(share: float, rate: float) -> tuple[int, int]:
        return round(units * share), round(units * share * rate)

    n_both, x_both = counts(both, p_both)
    n_dropped, x_dropped = counts(dropped / 2, p_dropped)
    first = QualifiedPair(Qualified(n_dropped, n_dropped, x_dropped), Qualified(n_dropped, 0, 0))
    nobody = QualifiedPair(Qualified(0, 0, 0), Qualified(0, 0, 0))
    found = efficient_precision(Counts(x_both, n_both), first, nobody, round(units), z=1.96)
    assert isinstance(found, Precision)
    return found


def test_precision_units_follow_the_estimators_variance():
    """At the planned units the estimator's own standard error is the log ratio over z + z, for both estimators."""
    volume, dropped, before, after = 0.25, 0.05, 0.28, 0.336
    sizes = {"control_precision": before, "control_volume": volume, "treatment_precision": after}
    rate_dropped = (before * volume - after * (volume - dropped)) / dropped

    triggered = power.units_precision_triggered(**sizes, discordant_share=dropped, alpha=0.05, power=0.8)
    itt = power.units_precision(**sizes, treatment_volume=volume - dropped, alpha=0.05, power=0.8)

    scale = 1_000
    found = expected_precision(scale * triggered, volume - dropped, dropped, after, rate_dropped)
    assert found.log_standard_error * math.sqrt(scale) == pytest.approx(math.log(after / before) / REACH, rel=0.01)
    variance = (1 - before) / (itt / 2 * volume * before) + (1 - after) / (itt / 2 * (volume - dropped) * after)
    assert math.sqrt(variance) == pytest.approx(math.log(after / before) / REACH, rel=1e-9)


@given(st.floats(0.01, 0.4), st.floats(0.02, 0.5), st.floats(0.2, 5), st.floats(0.001, 0.2), st.floats(0.5, 0.99))
def test_more_is_needed_for_less(rate, lift, allocation, alpha, chance):
    """A smaller lift, a stricter level or a higher power never needs fewer units."""
    plan = {"control_rate": rate, "alpha": alpha, "power": chance, "allocation": allocation}
    usual = power.units_control(treatment_rate=rate * (1 + lift), **plan)

    assert power.units_control(treatment_rate=rate * (1 + lift / 2), **plan) > usual
    assert power.units_control(treatment_rate=rate * (1 + lift), **{**plan, "alpha": alpha / 2}) > usual
    assert power.units_control(treatment_rate=rate * (1 + lift), **{**plan, "power": (1 + chance) / 2}) > usual


@given(st.floats(0.01, 0.4), st.floats(0.02, 0.5), st.floats(0.2, 5))
def test_swapped_arms_need_the_same(rate, lift, allocation):
    """The control's units of one plan are the treatment's of its mirror image."""
    other = rate * (1 + lift)
    there = power.units_control(control_rate=rate, treatment_rate=other, alpha=0.05, power=0.8, allocation=allocation)
    back = power.units_control(
        control_rate=other, treatment_rate=rate, alpha=0.05, power=0.8, allocation=1 / allocation
    )

    assert there * allocation == pytest.approx(back, rel=1e-9)


def test_where_less_is_better_a_margin_is_a_rise():
    """A fall helps a metric that ought to be low, and a rise beyond the margin needs infinitely many units."""
    plan = {"control_rate": 0.2, "alpha": 0.05, "power": 0.8, "lower_is_better": True}

    relative = [power.units_control_non_inferiority(**plan, margin=0.1, treatment_rate=p) for p in (0.19, 0.2, 0.22)]
    points = [power.units_control_points(**plan, margin_points=0.02, treatment_rate=p) for p in (0.19, 0.2, 0.22)]

    for found in (relative, points):
        assert found[0] < found[1] < found[2] == math.inf


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_rates_outside_the_unit_interval_are_refused(bad):
    """A rate of 0 or 1, below, above or none at all cannot be planned with."""
    plan = {"alpha": 0.05, "power": 0.8}
    with pytest.raises(ValueError, match="must lie in"):
        power.units_control(control_rate=bad, treatment_rate=0.1, **plan)
    with pytest.raises(ValueError, match="must lie in"):
        power.units_control_non_inferiority(control_rate=bad, margin=0.1, **plan)
    with pytest.raises(ValueError, match="must lie in"):
        power.units_control_points(control_rate=bad, margin_points=0.1, **plan)
    with pytest.raises(ValueError, match="must lie in"):
        power.discordant_rates(rate=bad, lift=0.1, discordant_share=0.1, control_rate=0.1)


@pytest.mark.parametrize(
    ("lift", "share"), [pytest.param(3.0, 0.1, id="beyond 1"), pytest.param(-2.0, 0.1, id="below 0")]
)
def test_a_lift_beyond_what_the_overlap_can_bring(lift, share):
    """Where the discordant rate would leave (0, 1) the lift is impossible, and the message says what it would take."""
    with pytest.raises(ValueError, match="needs a rate of"):
        power.discordant_rates(rate=0.08, lift=lift, discordant_share=share, control_rate=0.12)


def test_other_plans_that_cannot_be():
    """Shares of nothing, margins of nothing, negative variances, and a precision that no dropped lead explains."""
    with pytest.raises(ValueError, match="discordant_share"):
        power.discordant_rates(rate=0.08, lift=0.1, discordant_share=0.0, control_rate=0.12)
    with pytest.raises(ValueError, match="margin_points"):
        power.units_control_points(control_rate=0.1, margin_points=0.0, alpha=0.05, power=0.8)
    with pytest.raises(ValueError, match="relative_variance"):
        power.units_control_relative(effect=0.1, relative_variance=-1.0, alpha=0.05, power=0.8)
    with pytest.raises(ValueError, match="cannot"):
        power.units_precision_triggered(
            control_precision=0.28, control_volume=0.25, treatment_precision=0.6, discordant_share=0.01, alpha=0.05,
            power=0.8,
        )  # fmt: skip
    assert power.units_control_relative(effect=0.0, relative_variance=1.0, alpha=0.05, power=0.8) == math.inf
    assert power.units_triggered(10, discordant_share=0.0) == math.inf
