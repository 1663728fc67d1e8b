"""Side by side with statsmodels, lifelines and tea-tasting: the same data, equal to 1e-8 where they compute the same.

What is not here they do not compute, or compute otherwise: statsmodels' score interval of a difference is wrong (see
`test_known_answers`), tea-tasting's interval of a relative effect is a log-delta one where ours is Fieller's, and no
library has the triggered estimator, CR2 with Bell–McCaffrey degrees of freedom or spending boundaries.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
import tea_tasting as tt
from lifelines import KaplanMeierFitter
from scipy.stats import norm
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    power_proportions_2indep,
    proportion_confint,
    samplesize_proportions_2indep_onetail,
    score_test_proportions_2indep,
)
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from mqlab.stats import binary, power
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.incidence import Followed, Incidence, product_limit
from mqlab.stats.independence import CommonEffect, cochran_mantel_haenszel
from mqlab.stats.means import Contrast, Moments, RatioSums, ratio_metric, welch
from mqlab.stats.multiplicity import benjamini_hochberg, holm
from mqlab.stats.sample_ratio import SampleRatio, sample_ratio
from mqlab.stats.strata import Pair
from mqlab.stats.tails import critical_z, t_in_place_of, two_sided_p

SAME = 1e-8
Z = critical_z(0.05)
SEEDS = [3, 41, 592]


def contrast(found: Contrast | NotEstimable) -> Contrast:
    """A comparison that could be made."""
    assert isinstance(found, Contrast)
    return found


def limits(found: Estimate | NotEstimable) -> tuple[float, float]:
    """Both limits of a bounded estimate."""
    assert isinstance(found, Estimate)
    assert found.interval.low is not None and found.interval.high is not None
    return found.interval.low, found.interval.high


def two_tables(seed: int) -> tuple[Counts, Counts]:
    """A control and a treatment of a few hundred to a few thousand units."""
    rng = np.random.default_rng(seed)
    n_a, n_b = (int(n) for n in rng.integers(200, 5_000, 2))
    return Counts(int(rng.binomial(n_a, 0.05)), n_a), Counts(int(rng.binomial(n_b, 0.07)), n_b)


def spending(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Money per lead, in minor units, of two arms: mostly zeros, the rest log-normal."""
    rng = np.random.default_rng(seed)
    return tuple(
        np.where(rng.random(n) < share, rng.lognormal(8, 1.2, n).astype(np.int64), 0)
        for n, share in ((1_800, 0.05), (2_100, 0.06))
    )


def moments(values: np.ndarray) -> Moments:
    """n, Σy and Σy² as exact integers."""
    whole = [int(value) for value in values]
    return Moments(len(whole), sum(whole), sum(value * value for value in whole))


# statsmodels -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.0, 1.2, 3.0])
def test_the_score_of_a_ratio_is_statsmodels(seed, ratio):
    """z(φ) with N/(N − 1) and the restricted rates are those of `score_test_proportions_2indep(compare="ratio")`."""
    a, b = two_tables(seed)
    theirs = score_test_proportions_2indep(b.x, b.n, a.x, a.n, value=ratio, compare="ratio", correction=True)

    assert binary.z_at_ratio(a, b, null=ratio) == pytest.approx(float(theirs.statistic), rel=SAME)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_interval_of_a_ratio_is_statsmodels(seed):
    """statsmodels finds the same two limits, to the precision of its own root search (1e-6), its score being ours."""
    a, b = two_tables(seed)
    theirs = confint_proportions_2indep(b.x, b.n, a.x, a.n, compare="ratio", method="score")
    ours = limits(binary.ratio(a, b, z=Z))

    assert ours == pytest.approx(tuple(map(float, theirs)), rel=1e-6)
    for limit, side in zip(ours, (1, -1), strict=True):
        at_limit = score_test_proportions_2indep(b.x, b.n, a.x, a.n, value=limit, compare="ratio", correction=True)
        assert float(at_limit.statistic) == pytest.approx(side * Z, rel=SAME)


@pytest.mark.parametrize("seed", SEEDS)
def test_newcombe_and_wilson_are_statsmodels(seed):
    """Both cross-checks agree to the last digits."""
    a, b = two_tables(seed)
    newcombe = confint_proportions_2indep(b.x, b.n, a.x, a.n, compare="diff", method="newcomb")

    assert limits(binary.newcombe(a, b, z=Z)) == pytest.approx(tuple(map(float, newcombe)), rel=SAME)
    assert limits(binary.wilson(a, z=Z)) == pytest.approx(proportion_confint(a.x, a.n, method="wilson"), rel=SAME)


@pytest.mark.parametrize("seed", SEEDS)
def test_welch_is_statsmodels(seed):
    """t, degrees of freedom, p and interval of `CompareMeans` with unequal variances, from n, Σy and Σy² alone."""
    a, b = spending(seed)
    theirs = CompareMeans(DescrStatsW(b), DescrStatsW(a))
    t, p_value, df = theirs.ttest_ind(usevar="unequal")
    ours = contrast(welch(moments(a), moments(b)))

    assert (ours.treatment - ours.control) / ours.standard_error == pytest.approx(float(t), rel=SAME)
    assert ours.df == pytest.approx(float(df), rel=SAME)
    assert ours.p_value() == pytest.approx(float(p_value), rel=SAME)
    assert limits(ours.difference(z=Z)) == pytest.approx(theirs.tconfint_diff(usevar="unequal"), rel=SAME)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("correction", [False, True])
def test_cochran_mantel_haenszel_is_statsmodels(seed, correction):
    """Statistic, p and common odds ratio of `StratifiedTable` over five phases."""
    rng = np.random.default_rng(seed)
    n = rng.integers(50, 900, (5, 2))
    x = rng.binomial(n, rng.uniform(0.03, 0.4, (5, 2)))
    tables = [np.array([[x[k, 1], n[k, 1] - x[k, 1]], [x[k, 0], n[k, 0] - x[k, 0]]]) for k in range(5)]
    theirs = StratifiedTable(tables)
    test = theirs.test_null_odds(correction=correction)
    pairs = [Pair(Counts(int(x[k, 0]), int(n[k, 0])), Counts(int(x[k, 1]), int(n[k, 1]))) for k in range(5)]
    ours = cochran_mantel_haenszel(pairs, correction=correction)

    assert isinstance(ours, CommonEffect)
    assert ours.statistic == pytest.approx(float(test.statistic), rel=SAME)
    assert ours.p_value == pytest.approx(float(test.pvalue), rel=SAME)
    assert ours.odds_ratio == pytest.approx(float(theirs.oddsratio_pooled), rel=SAME)


@pytest.mark.parametrize("seed", SEEDS)
def test_adjusted_p_values_are_statsmodels(seed):
    """Holm and Benjamini–Hochberg of `multipletests` over forty p-values, ties and ones among them."""
    p_values = np.random.default_rng(seed).beta(0.4, 1.0, 40).round(2).tolist()

    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-14)
    assert benjamini_hochberg(p_values) == pytest.approx(multipletests(p_values, method="fdr_bh")[1], abs=1e-14)


@pytest.mark.parametrize(("rate", "lift", "ratio"), [(0.1, 0.2, 1.0), (0.02, 0.3, 1.0), (0.08, -0.15, 0.5)])
def test_units_and_power_are_statsmodels(rate, lift, ratio):
    """The larger tail alone is our formula: units of `samplesize_proportions_2indep_onetail`, and the power they give.

    `power_proportions_2indep` adds the chance of a significant result in the wrong direction, here below 1e-6.
    """
    gap = rate * lift
    theirs = samplesize_proportions_2indep_onetail(
        gap, rate, 0.8, ratio=1 / ratio, alpha=0.05, value=0, alternative="two-sided"
    )
    ours = power.units_control(control_rate=rate, treatment_rate=rate + gap, alpha=0.05, power=0.8, allocation=ratio)
    reached = power_proportions_2indep(
        gap, rate, ratio * ours, ratio=1 / ratio, alpha=0.05, value=0, alternative="two-sided", return_results=False
    )

    assert ratio * ours == pytest.approx(float(theirs), rel=SAME)
    assert float(reached) == pytest.approx(0.8, abs=1e-6)


# lifelines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("horizon", [10, 45, 90])
def test_incidence_is_lifelines_kaplan_meier(seed, horizon):
    """Potential follow-up as censoring: 1 − S(h) and Greenwood's variance of `KaplanMeierFitter` on the same leads.

    The variance is read from lifelines' log(−log) limits, S^exp(±z·√Σ/ln S) with Σ = Σ w/(r(r − w)).
    """
    rng = np.random.default_rng(seed)
    count = 700
    follow_up = rng.integers(1, 120, count)
    age = np.ceil(rng.lognormal(3.2, 0.9, count)).astype(int)
    converts = rng.random(count) < 0.3
    seen = converts & (age <= follow_up)
    ours = product_limit(Followed.of(follow_up, np.where(seen, age, 0), horizon_days=horizon))
    fitter = KaplanMeierFitter().fit(np.where(seen, age, follow_up), seen)
    survival = float(fitter.survival_function_at_times(horizon).iloc[0])
    at = fitter.confidence_interval_.loc[:horizon].iloc[-1]
    spread = math.log(math.log(at.iloc[0]) / math.log(at.iloc[1])) / 2 / norm.ppf(0.975) * -math.log(survival)

    assert isinstance(ours, Incidence)
    assert ours.rate == pytest.approx(1 - survival, rel=SAME)
    assert ours.standard_error == pytest.approx(survival * spread, rel=SAME)


# tea-tasting -----------------------------------------------------------------------------------------------------


def arms(control: np.ndarray, treatment: np.ndarray, **more: tuple[np.ndarray, np.ndarray]) -> pa.Table:
    """A table of units as tea-tasting takes it."""
    columns = {"y": np.concatenate([control, treatment])}
    columns |= {name: np.concatenate(both) for name, both in more.items()}
    return pa.table({"variant": np.repeat([0, 1], [len(control), len(treatment)]), **columns})


@pytest.mark.parametrize("seed", SEEDS)
def test_revenue_is_tea_tastings_mean(seed):
    """Both means, the difference, its Welch interval and p, and the value of the relative effect."""
    a, b = spending(seed)
    theirs = tt.Experiment(money=tt.Mean("y", equal_var=False, use_t=True)).analyze(arms(a, b))["money"]
    ours = contrast(welch(moments(a), moments(b)))
    ratio = ours.ratio(z=Z)

    assert (ours.control, ours.treatment) == pytest.approx((theirs.control, theirs.treatment), rel=SAME)
    assert ours.p_value() == pytest.approx(theirs.pvalue, rel=SAME)
    assert limits(ours.difference(z=Z)) == pytest.approx(
        (theirs.effect_size_ci_lower, theirs.effect_size_ci_upper), rel=SAME
    )
    assert isinstance(ratio, Estimate) and ratio.value is not None
    assert ratio.value - 1 == pytest.approx(theirs.rel_effect_size, rel=SAME)


@pytest.mark.parametrize("seed", SEEDS)
def test_tea_tastings_relative_interval_is_the_log_delta_one(seed):
    """exp(ln ρ ± z·√(v_A/m_A² + v_B/m_B²)) is not Fieller's interval, and may contradict the difference's.

    Fieller's excludes "no effect" exactly when the difference does, which is why it is the one used here.
    """
    a, b = spending(seed)
    theirs = tt.Experiment(money=tt.Mean("y", equal_var=False, use_t=False)).analyze(arms(a, b))["money"]
    ours = contrast(welch(moments(a), moments(b)))
    spread = math.hypot(
        math.sqrt(ours.control_variance) / ours.control, math.sqrt(ours.treatment_variance) / ours.treatment
    )
    middle = math.log(ours.treatment / ours.control)
    fieller = limits(ours.relative_lift(z=Z))

    log_delta = tuple(math.expm1(middle + side * Z * spread) for side in (-1, 1))
    assert (theirs.rel_effect_size_ci_lower, theirs.rel_effect_size_ci_upper) == pytest.approx(log_delta, rel=SAME)
    assert (fieller[0] <= 0 <= fieller[1]) is ours.difference(z=Z).interval.contains(0.0)
    assert max(abs(a - b) for a, b in zip(fieller, log_delta, strict=True)) > 0.001


@pytest.mark.parametrize("seed", SEEDS)
def test_effort_per_win_is_tea_tastings_ratio_of_means(seed):
    """Σtouches/Σwins of both arms, the difference and its delta-method interval (normal, as ours)."""
    rng = np.random.default_rng(seed)
    touches = [rng.poisson(mean, n) for mean, n in ((3.0, 900), (2.6, 1_100))]
    wins = [(rng.random(len(each)) < 0.03 + 0.03 * each).astype(np.int64) for each in touches]
    table = arms(*touches, w=(wins[0], wins[1]))
    theirs = tt.Experiment(effort=tt.RatioOfMeans("y", "w", equal_var=False, use_t=False)).analyze(table)["effort"]
    sums = [
        RatioSums(len(y), int(y.sum()), int(w.sum()), int(y @ y), int(w @ w), int(y @ w))
        for y, w in zip(touches, wins, strict=True)
    ]
    ours = contrast(ratio_metric(*sums))

    assert (ours.control, ours.treatment) == pytest.approx((theirs.control, theirs.treatment), rel=SAME)
    assert limits(ours.difference(z=Z)) == pytest.approx(
        (theirs.effect_size_ci_lower, theirs.effect_size_ci_upper), rel=SAME
    )
    assert ours.p_value() == pytest.approx(theirs.pvalue, rel=SAME)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rate_is_tea_tastings_proportion_but_for_n_minus_one(seed):
    """Its z is pooled and without continuity correction: ours times √(N/(N − 1)), the same rates."""
    a, b = two_tables(seed)
    control, treatment = (np.repeat([1, 0], [each.x, each.n - each.x]) for each in (a, b))
    proportion = tt.Proportion("y", method="norm", correction=False)
    theirs = tt.Experiment(rate=proportion).analyze(arms(control, treatment))["rate"]
    z = binary.z_at_difference(a, b)

    assert isinstance(z, float)
    assert (a.x / a.n, b.x / b.n) == pytest.approx((theirs.control, theirs.treatment), rel=SAME)
    assert two_sided_p(z * math.sqrt((a.n + b.n) / (a.n + b.n - 1))) == pytest.approx(theirs.pvalue, rel=SAME)


@pytest.mark.parametrize(
    ("counts", "weights", "method"),
    [
        pytest.param((5_120, 4_880), (1, 1), "norm", id="equal"),
        pytest.param((9_033, 967), (9, 1), "norm", id="nine to one"),
        pytest.param((3, 900), (1, 199), "binom", id="few: exact"),
    ],
)
def test_sample_ratio_is_tea_tastings(counts, weights, method):
    """The χ² of two arms is the squared z of its normal test; with few expected units the exact binomial p is."""
    metric = tt.SampleRatio(weights[1] / weights[0], method=method, correction=False)
    theirs = tt.Experiment(split=metric).analyze(arms(*(np.zeros(n) for n in counts)))["split"]
    ours = sample_ratio(counts, weights)

    assert isinstance(ours, SampleRatio)
    assert ours.exact is (method == "binom")
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=SAME)


def test_t_quantiles_stand_where_scipys_do():
    """The t quantile that stands for z at ν degrees of freedom is the one both libraries draw intervals with."""
    a, b = spending(3)
    ours = contrast(welch(moments(a), moments(b)))
    low, high = CompareMeans(DescrStatsW(b), DescrStatsW(a)).tconfint_diff(alpha=0.01, usevar="unequal")

    assert (high - low) / 2 / ours.standard_error == pytest.approx(t_in_place_of(critical_z(0.01), ours.df), rel=SAME)
