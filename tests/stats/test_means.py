"""Money and ratio metrics against R, scipy and resampling, and their own laws."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import skew, ttest_ind

from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.means import (
    Contrast,
    Moments,
    MomentStrata,
    RatioSums,
    diluted,
    ratio_metric,
    ratio_metric_in_phases,
    skewness,
    units_for_normal_limits,
    welch,
    welch_of,
)
from mqlab.stats.tails import critical_z, t_in_place_of

Z = critical_z(0.05)
LAW = settings(deadline=None, max_examples=60)
AMOUNTS = st.lists(st.integers(0, 10_000_000), min_size=2, max_size=40)


def moments(values) -> Moments:
    whole = [int(value) for value in values]
    return Moments(len(whole), sum(whole), sum(value * value for value in whole))


def contrast(found: Contrast | NotEstimable) -> Contrast:
    assert isinstance(found, Contrast)
    return found


def test_welch_matches_r_on_the_sleep_data():
    """
    > t.test(extra ~ group, data = sleep)
    t = -1.8608135, df = 17.776474, p-value = 0.07939; 95 percent interval -3.3654832 0.2054832.
    """
    one = [7, -16, -2, -12, -1, 34, 37, 8, 0, 20]
    two = [19, 8, 11, 1, -1, 44, 55, 16, 46, 34]
    found = contrast(welch(moments(two), moments(one)))
    interval = found.difference(z=Z).interval

    assert (found.treatment - found.control) / found.standard_error == pytest.approx(-1.8608135, abs=5e-8)
    assert found.df == pytest.approx(17.776474, abs=5e-7)
    assert found.p_value() == pytest.approx(0.07939, abs=5e-6)
    assert (interval.low / 10, interval.high / 10) == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)


@LAW
@given(AMOUNTS, AMOUNTS)
def test_welch_matches_scipy_and_agrees_with_its_interval(a, b):
    """Difference, degrees of freedom and p are scipy's; p < .05 exactly when 0 is outside the interval."""
    found = contrast(welch(moments(a), moments(b)))
    if np.var(a) + np.var(b) == 0:
        assert isinstance(found.p_value(), NotEstimable)
    if np.var(a) == 0 or np.var(b) == 0:
        return
    oracle = ttest_ind(b, a, equal_var=False)

    assert found.p_value() == pytest.approx(oracle.pvalue, rel=1e-6)
    assert found.df == pytest.approx(oracle.df, rel=1e-9)
    assert (found.p_value() < 0.05) is not found.difference(z=Z).interval.contains(0.0)


@LAW
@given(AMOUNTS, AMOUNTS)
def test_fieller_holds_the_ratios_that_the_data_do_not_refute(a, b):
    """Each limit ρ has |m_B − ρ m_A| = t √(v_B + ρ² v_A); 1 is excluded exactly when the difference excludes 0."""
    found = contrast(welch(moments(a), moments(b)))
    ratio = found.ratio(z=Z)
    if isinstance(ratio, NotEstimable):
        assert ratio.reason == "zero_control"
        return
    low, high = ratio.interval.low, ratio.interval.high
    if low is None or high is None:
        assert low is high is None
        return

    t = t_in_place_of(Z, found.df)
    for rho in (low, high):
        reach = t * math.sqrt(found.treatment_variance + rho**2 * found.control_variance)
        assert abs(found.treatment - rho * found.control) == pytest.approx(reach, rel=1e-6, abs=1e-6)
    gap = found.difference(z=Z).interval
    if min(abs(gap.low), abs(gap.high)) > 1e-6 * abs(found.control):
        assert gap.contains(0.0) is ratio.interval.contains(1.0)


@LAW
@given(AMOUNTS, AMOUNTS, st.integers(2, 1_000))
def test_money_in_another_unit_scales_the_limits(a, b, scale):
    """Cents instead of euros: differences scale, ratios and p stay."""
    found = contrast(welch(moments(a), moments(b)))
    scaled = contrast(welch(moments([scale * v for v in a]), moments([scale * v for v in b])))

    assert scaled.difference(z=Z).interval.low == pytest.approx(
        scale * found.difference(z=Z).interval.low, rel=1e-9, abs=1e-6
    )
    assert scaled.p_value() == pytest.approx(found.p_value()) if np.var(a) + np.var(b) else True
    if isinstance(ratio := found.relative_lift(z=Z), Estimate):
        again = scaled.relative_lift(z=Z)
        assert isinstance(again, Estimate)
        assert again.value == pytest.approx(ratio.value, rel=1e-9)
        assert (again.interval.low is None) == (ratio.interval.low is None)


def test_fieller_matches_a_textbook_ratio():
    """Means 10 and 12 with SEs 1 and 1.5, normal: solving (100 − 3.8415)ρ² − 240ρ + (144 − 8.6433) = 0 by hand."""
    found = Contrast(10, 12, 1.0, 2.25, 0.0, math.inf).ratio(z=Z)

    assert isinstance(found, Estimate) and found.value == 1.2
    root = math.sqrt(120**2 - (100 - Z**2) * (144 - 2.25 * Z**2))
    assert found.interval.low == pytest.approx((120 - root) / (100 - Z**2))
    assert found.interval.high == pytest.approx((120 + root) / (100 - Z**2))


def test_fieller_matches_r():
    """
    > a <- c(120,340,90,560,220,410,75,300); b <- c(210,480,330,95,640,520,150,410,275)
    > ma<-mean(a); mb<-mean(b); va<-var(a)/length(a); vb<-var(b)/length(b)
    > df<-(va+vb)^2/(va^2/(length(a)-1)+vb^2/(length(b)-1)); q<-qt(.975,df)^2
    > f <- function(r) (mb-r*ma)^2 - q*(vb+r^2*va)
    > c(mb/ma, uniroot(f,c(0.2,mb/ma),tol=1e-14)$root, uniroot(f,c(mb/ma,20),tol=1e-14)$root)
    1.307065931179 0.708799631813 2.720647930946
    > t.test(b, a)$conf.int; t.test(b, a)$p.value
    The answers are -101.2617 and 263.6228, and 0.357835.
    """
    found = contrast(
        welch(moments([120, 340, 90, 560, 220, 410, 75, 300]), moments([210, 480, 330, 95, 640, 520, 150, 410, 275]))
    )
    ratio, gap = found.ratio(z=Z), found.difference(z=Z)

    assert isinstance(ratio, Estimate)
    assert ratio.value == pytest.approx(1.307065931179, rel=1e-11)
    assert (ratio.interval.low, ratio.interval.high) == pytest.approx((0.708799631813, 2.720647930946), rel=1e-9)
    assert (gap.interval.low, gap.interval.high) == pytest.approx((-101.2617, 263.6228), abs=5e-5)
    assert found.p_value() == pytest.approx(0.357835, abs=5e-7)


def test_welch_of_values_matches_r_on_logs():
    """
    > t.test(log(b), log(a))$conf.int; t.test(log(b), log(a))$p.value     # a, b as above
    The answers are -0.3873696287 and 1.0536095671, and 0.3378427468.
    """
    a, b = [120, 340, 90, 560, 220, 410, 75, 300], [210, 480, 330, 95, 640, 520, 150, 410, 275]
    found = contrast(welch_of(np.log(a), np.log(b)))
    gap = found.difference(z=Z).interval

    assert (gap.low, gap.high) == pytest.approx((-0.3873696287, 1.0536095671), abs=1e-9)
    assert found.p_value() == pytest.approx(0.3378427468, abs=1e-9)


@LAW
@given(st.lists(st.integers(0, 10**12), max_size=30), st.integers(2, 400))
def test_skewness_counts_the_units_without_money(amounts, idle):
    """Of winners and idle units it is `scipy.stats.skew` of all their values; without any spread there is none."""
    found = skewness(amounts, len(amounts) + idle)
    values = np.array([*amounts, *[0] * idle], dtype=float)
    if not values.any():
        assert isinstance(found, NotEstimable) and found.reason == "no_variation"
        return

    assert found == pytest.approx(skew(values), rel=1e-7, abs=1e-9)


def test_the_skewness_rule():
    """
    The sample's own skewness, as R says it, and the rule of Kohavi et al. 2014 of 355·skewness² units.
    > y <- c(5,12,7,300,41, rep(0,95)); m <- mean(y); mean((y-m)^3)/mean((y-m)^2)^1.5
    The answer is 9.566732266.
    """
    assert skewness([5, 12, 7, 300, 41], 100) == pytest.approx(9.566732266, abs=1e-9)
    assert units_for_normal_limits(2.0) == units_for_normal_limits(-2.0) == 1_420
    with pytest.raises(ValueError, match="more amounts than units"):
        skewness([1, 2, 3], 2)


def test_amounts_of_a_million_millions_keep_their_digits():
    """Whole numbers add up exactly: two amounts of 10¹⁴ that differ by 1 have the variance ½."""
    found = moments([10**14, 10**14 + 1])

    assert found.variance == 0.5
    assert contrast(welch(found, moments([10**14, 10**14]))).standard_error == 0.5


def test_a_control_not_clear_of_zero_bounds_no_ratio():
    """Fieller's set is unbounded when the control's own interval holds 0: the ratio stays, both limits are open."""
    found = Contrast(1.0, 3.0, 1.0, 1.0, 0.0, math.inf).relative_lift(z=Z)

    assert isinstance(found, Estimate) and found.value == 2.0
    assert found.interval.low is None and found.interval.high is None


def test_diluted_money_follows_its_formula():
    """Difference π_D(ȳ_B − ȳ_A), Var = π_D²(s²/n + s²/n) + (ȳ_B − ȳ_A)² π_D(1 − π_D)/N, means per assigned lead."""
    rng = np.random.default_rng(5)
    a, b = (rng.integers(0, 3_000, size) * (rng.random(size) < 0.4) for size in (200, 220))
    alike = [rng.integers(0, 5_000, 900), np.zeros(3_000, dtype=int)]
    found = contrast(diluted(MomentStrata(moments(a), moments(b), tuple(moments(v) for v in alike))))
    units, share = 4_320, 420 / 4_320
    gap = b.mean() - a.mean()
    variance = share**2 * (a.var(ddof=1) / 200 + b.var(ddof=1) / 220) + gap**2 * share * (1 - share) / units

    assert found.treatment - found.control == pytest.approx(share * gap)
    assert found.standard_error == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert found.control == pytest.approx((alike[0].sum() / units) + share * a.mean())


def test_diluted_money_variances_match_a_bootstrap():
    """Per-arm variances and covariance of the diluted means equal those of 3,000 resamples of leads within 8%."""
    rng = np.random.default_rng(8)
    n = 2_000
    stratum = rng.choice(3, n, p=[0.2, 0.3, 0.5])  # 0 discordant, 1 both, 2 none
    arm = rng.random(n) < 0.5
    money = rng.integers(1, 2_000, n) * (rng.random(n) < np.array([0.3, 0.5, 0.05])[stratum])

    def estimate(rows) -> Contrast:
        s, k, y = stratum[rows], arm[rows], money[rows]
        concordant = tuple(moments(y[s == c]) for c in (1, 2))
        return contrast(diluted(MomentStrata(moments(y[(s == 0) & ~k]), moments(y[(s == 0) & k]), concordant)))

    found = estimate(np.arange(n))
    draws = [estimate(rng.integers(0, n, n)) for _ in range(1_500)]
    spread = np.cov([d.control for d in draws], [d.treatment for d in draws])

    assert [found.control_variance, found.treatment_variance] == pytest.approx(list(np.diag(spread)), rel=0.08)
    assert found.covariance == pytest.approx(spread[0, 1], rel=0.12)


@LAW
@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_diluted_ratio_and_difference_agree(a, b, alike):
    """With the concordant leads' covariance inside, Fieller excludes 1 exactly when the difference excludes 0."""
    found = contrast(diluted(MomentStrata(moments(a), moments(b), (moments(alike),))))
    ratio, gap = found.ratio(z=Z), found.difference(z=Z).interval
    if isinstance(ratio, NotEstimable) or ratio.interval.low is None:
        return

    if min(abs(gap.low), abs(gap.high)) > 1e-6 * abs(found.control):
        assert gap.contains(0.0) is ratio.interval.contains(1.0)


def test_effort_per_win_has_delta_method_errors():
    """Σtouches/Σwins by arm with the spread that 2,000 resamples of leads show, within 8%."""
    rng = np.random.default_rng(4)
    touches = rng.poisson(3, 1_500)
    wins = (rng.random(1_500) < 0.05 + 0.02 * touches).astype(int)

    def sums(rows) -> RatioSums:
        y, w = touches[rows], wins[rows]
        return RatioSums(len(y), int(y.sum()), int(w.sum()), int(y @ y), int(w @ w), int(y @ w))

    every = sums(np.arange(1_500))
    found = contrast(ratio_metric(every, every))
    draws = [sums(rng.integers(0, 1_500, 1_500)) for _ in range(2_000)]

    assert found.control == touches.sum() / wins.sum()
    assert math.sqrt(found.control_variance) == pytest.approx(np.std([d.y / d.w for d in draws]), rel=0.08)
    assert found.p_value() == 1.0


def effort(rng: np.random.Generator, n: int, touches: float, win_rate: float) -> RatioSums:
    y = rng.poisson(touches, n)
    w = (rng.random(n) < win_rate * (0.5 + y / touches / 2)).astype(int)
    return RatioSums(n, int(y.sum()), int(w.sum()), int(y @ y), int(w @ w), int(y @ w))


def test_effort_in_phases_does_not_see_an_allocation_that_turned_over():
    """Arms alike in either phase, 90/10 and then 10/90 with fewer wins: no difference, though the sums show one."""
    rng = np.random.default_rng(6)
    phases = [
        (effort(rng, 9_000, 3, 0.20), effort(rng, 1_000, 3, 0.20)),
        (effort(rng, 1_000, 3, 0.05), effort(rng, 9_000, 3, 0.05)),
    ]
    a, b = (
        RatioSums(*(sum(column) for column in zip(*map(astuple, arm), strict=True)))
        for arm in zip(*phases, strict=True)
    )
    found, thrown_together = contrast(ratio_metric_in_phases(phases)), contrast(ratio_metric(a, b))

    assert found.p_value() > 0.05
    assert thrown_together.p_value() < 1e-6


def test_effort_in_phases_has_the_error_that_new_data_show():
    """The standard errors of ratio and difference equal the spread over 1,500 new draws of two phases within 8%."""
    rng = np.random.default_rng(7)

    def draw() -> Contrast:
        phases = [
            (effort(rng, 800, 3, 0.20), effort(rng, 200, 3, 0.20)),
            (effort(rng, 500, 5, 0.1), effort(rng, 1_500, 5, 0.1)),
        ]
        return contrast(ratio_metric_in_phases(phases))

    draws = [draw() for _ in range(1_500)]
    for side in ("control", "treatment"):
        errors = [math.sqrt(getattr(found, f"{side}_variance")) for found in draws]
        assert np.mean(errors) == pytest.approx(np.std([getattr(found, side) for found in draws]), rel=0.08)
    gaps = [found.treatment - found.control for found in draws]
    assert np.mean([found.standard_error for found in draws]) == pytest.approx(np.std(gaps), rel=0.08)


def test_one_phase_of_effort_is_the_plain_ratio():
    """A phase with a single lead in an arm is left out; one phase alone is `ratio_metric`; none is a reason."""
    rng = np.random.default_rng(8)
    pair, lonely = (effort(rng, 300, 3, 0.2), effort(rng, 300, 3, 0.3)), RatioSums(1, 2, 0, 4, 0, 0)

    assert ratio_metric_in_phases([pair, (pair[0], lonely)]) == ratio_metric(*pair)
    assert ratio_metric_in_phases([(lonely, pair[0])]) == ratio_metric(lonely, pair[0])
    nobody_won = RatioSums(50, 60, 0, 90, 0, 0)
    assert ratio_metric_in_phases([(pair[0], nobody_won)] * 2) == ratio_metric(pair[0], nobody_won)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(welch(Moments(1, 5, 25), Moments(9, 5, 25)), "too_few_units", id="one unit"),
        pytest.param(
            diluted(MomentStrata(Moments(0, 0, 0), Moments(0, 0, 0), (Moments(9, 9, 9),))),
            "no_discordant_leads",
            id="nobody discordant",
        ),
        pytest.param(
            ratio_metric(RatioSums(9, 5, 0, 9, 0, 0), RatioSums(9, 5, 1, 9, 1, 2)), "no_outcomes", id="no win"
        ),
        pytest.param(welch_of([1.0], [2.0, 3.0]), "too_few_units", id="one value"),
        pytest.param(skewness([5], 1), "too_few_units", id="skewness of one"),
        pytest.param(welch(Moments(9, 0, 0), Moments(9, 0, 0)).p_value(), "no_variation", id="nobody pays"),
        pytest.param(
            Contrast(0.0, 1.0, 1.0, 1.0, 0.0, 9.0).relative_lift(z=Z), "zero_control", id="no money in control"
        ),
    ],
)
def test_no_number_has_a_reason(found, reason):
    """Too few units, nobody discordant, nothing to divide by, a control of zero: each says so."""
    assert isinstance(found, NotEstimable) and found.reason == reason
