"""Known answers from papers and from R, by the groups of the statistics page (section 17).

This file holds the answers that no other file of this folder holds, and those that several methods share:
G1 binary (more in `test_binary`), G6 group-sequential bounds (`test_sequential`), G8 sample ratio (`test_tables`,
`test_sample_ratio`), G10 power and Dunnett (`test_tables`), G11 corrections (`test_tables`, `test_means`). The others:
G2 exact coverage in `tests/calibration/test_binary_bars`, G3 triggered in `test_triggered` and
`tests/analysis/test_analyze`, G4 delays in `test_incidence`, G5 accounts in `test_clusters`, G7 always valid in
`test_always_valid`, G9 Bayes in `test_bayes`. R is 4.2.2 with mvtnorm 1.1.3 and rpact 3.3.4; no test needs it.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from statsmodels.stats.proportion import confint_proportions_2indep, score_test_proportions_2indep

from mqlab.stats import binary, score
from mqlab.stats.binary import Counts
from mqlab.stats.clusters import Accounts, account_rate
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.independence import CommonEffect, cochran_mantel_haenszel
from mqlab.stats.multiplicity import benjamini_hochberg, dunnett_alpha, dunnett_critical, holm
from mqlab.stats.power import units_control, units_control_non_inferiority
from mqlab.stats.sample_ratio import RunningSampleRatio, SampleRatio, running_sample_ratio, sample_ratio
from mqlab.stats.sequential import boundaries, obrien_fleming, pocock
from mqlab.stats.strata import Pair
from mqlab.stats.tails import critical_z

Z = critical_z(0.05)
MINISTRY = (Counts(48, 80), Counts(56, 70))
"""Newcombe 1998, example (a): 48 of 80 against 56 of 70."""
SMALL = (Counts(1, 34), Counts(7, 34))
"""Fagerland, Lydersen & Laake 2015: 1 of 34 against 7 of 34."""


def limits(found: Estimate | NotEstimable) -> tuple[float, float]:
    """Both limits of a bounded estimate."""
    assert isinstance(found, Estimate)
    assert found.interval.low is not None and found.interval.high is not None
    return found.interval.low, found.interval.high


def wald(control: Counts, treatment: Counts) -> tuple[float, float]:
    """The unpooled interval of a difference, which the page rejects."""
    p, q = control.x / control.n, treatment.x / treatment.n
    half = Z * math.sqrt(p * (1 - p) / control.n + q * (1 - q) / treatment.n)
    return q - p - half, q - p + half


def mover(control: Counts, treatment: Counts) -> tuple[float, float]:
    """Donner & Zou 2012: the ratio's limits from the two rates' Wilson limits."""
    (la, ua), (lb, ub) = limits(binary.wilson(control, z=Z)), limits(binary.wilson(treatment, z=Z))
    a, b = control.x / control.n, treatment.x / treatment.n
    product = a * b
    low = (product - math.sqrt(product**2 - lb * (2 * b - lb) * ua * (2 * a - ua))) / (ua * (2 * a - ua))
    high = (product + math.sqrt(product**2 - ub * (2 * b - ub) * la * (2 * a - la))) / (la * (2 * a - la))
    return low, high


# G1: binary ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pair", "method", "published", "digits"),
    [
        pytest.param(MINISTRY, binary.difference, (0.0528, 0.3382), 4, id="Newcombe 1998: Miettinen–Nurminen"),
        pytest.param(MINISTRY, binary.newcombe, (0.0524, 0.3339), 4, id="Newcombe 1998: hybrid score"),
        pytest.param(SMALL, binary.difference, (0.0270416, 0.3452912), 7, id="R PropCIs::diffscoreci"),
        pytest.param(SMALL, binary.newcombe, (0.019, 0.340), 3, id="Fagerland 2015: Newcombe"),
        pytest.param(SMALL, binary.ratio, (1.208568, 43.032972), 6, id="MN ratio"),
    ],
)
def test_published_score_intervals(pair, method, published, digits):
    """The intervals in use have the published limits, to the printed digits."""
    assert tuple(round(limit, digits) for limit in limits(method(*pair, z=Z))) == published


@pytest.mark.parametrize(
    ("pair", "published_wald", "published_adjusted"),
    [
        pytest.param(MINISTRY, (0.0575, 0.3425), (0.0525, 0.3358), id="Newcombe 1998, Agresti and Caffo 2000"),
        pytest.param(SMALL, (0.02916942, 0.32377176), (0.01161167, 0.32172166), id="R PropCIs::wald2ci"),
    ],
)
def test_the_rejected_intervals_of_a_difference_agree_with_print(pair, published_wald, published_adjusted):
    """Wald's limits and Agresti and Caffo's (one success, one failure more) are the published ones of these tables.

    > prop.test(c(56, 48), c(70, 80), correct = FALSE)$conf.int   # 0.057504899 0.342495101 in R 4.2.2
    > prop.test(c(7, 1), c(34, 34), correct = FALSE)$conf.int     # 0.029169416 0.323771760 in R 4.2.2
    They show that control and treatment stand here as the papers have them; the score limits differ from both.
    """
    a, b = pair
    caffo = confint_proportions_2indep(b.x, b.n, a.x, a.n, compare="diff", method="agresti-caffo")
    digits = 4 if pair is MINISTRY else 8

    assert tuple(round(limit, digits) for limit in wald(a, b)) == published_wald
    assert tuple(round(float(limit), digits) for limit in caffo) == published_adjusted


def test_the_rejected_intervals_of_a_ratio_agree_with_print():
    """7/34 over 1/34: Katz [.91, 54], Walter [.92, 27] (Fagerland 2015), Koopman [1.220853, 42.575718] (PropCIs)."""
    a, b = SMALL
    katz, walter = (
        confint_proportions_2indep(b.x, b.n, a.x, a.n, compare="ratio", method=method)
        for method in ("log", "log-adjusted")
    )
    koopman = score.ratio_limits(a.x, a.n, b.x, b.n, Z * math.sqrt((a.n + b.n - 1) / (a.n + b.n)))

    assert (round(katz[0], 2), round(katz[1])) == (0.91, 54)
    assert (round(walter[0], 2), round(walter[1])) == (0.92, 27)
    assert [round(float(limit), 6) for limit in koopman] == [1.220853, 42.575718]
    assert mover(a, b) == pytest.approx((1.153669, 41.976262), abs=5e-7)


def log_likelihood(x: int, n: int, rate: float) -> float:
    """Of x among n at this rate, without its constant."""
    return (x * math.log(rate) if x else 0.0) + ((n - x) * math.log1p(-rate) if n - x else 0.0)


def searched(control: Counts, treatment: Counts, delta: float) -> tuple[float, float]:
    """The restricted maximum-likelihood rates by numerical search, in no closed form."""
    low, high = max(0.0, delta) + 1e-12, min(1.0, 1 + delta) - 1e-12
    best = minimize_scalar(
        lambda rate: (
            -log_likelihood(control.x, control.n, rate - delta) - log_likelihood(treatment.x, treatment.n, rate)
        ),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-13, "maxiter": 1000},
    )
    return float(best.x) - delta, float(best.x)


@pytest.mark.parametrize("delta", [-0.2, -0.05, 0.1, 0.3])
@pytest.mark.parametrize("pair", [MINISTRY, SMALL, (Counts(12, 500), Counts(21, 400))], ids=["a", "small", "large"])
def test_restricted_rates_maximise_the_likelihood_where_statsmodels_do_not(pair, delta):
    """Our q_A, q_B sit at the numerical maximum; statsmodels 0.15.0's lie elsewhere, where the likelihood is less.

    `score_test_proportions_2indep(compare="diff")` writes count0·δ where Miettinen and Nurminen's cubic has n0·δ. The
    day this test fails because the two agree, the library is mended and the own cubic can go.
    """
    a, b = pair
    ours = [float(rate) for rate in score.restricted_by_difference(a.x, a.n, b.x, b.n, delta)]
    theirs = score_test_proportions_2indep(b.x, b.n, a.x, a.n, value=delta, compare="diff")

    assert ours == pytest.approx(searched(a, b, delta), abs=2e-7)
    there = (theirs.prop2_null, theirs.prop1_null)
    assert there != pytest.approx(tuple(ours), abs=1e-4)
    at_ours, at_theirs = (
        log_likelihood(a.x, a.n, rates[0]) + log_likelihood(b.x, b.n, rates[1])
        for rates in (ours, np.clip(there, 1e-12, 1 - 1e-12))
    )
    assert at_ours > at_theirs


def test_counts_of_zero_have_their_limits():
    """6/200 against 0/200: difference [.0108265, .0639507], ratio at least 1.5764064."""
    control, treatment = Counts(0, 200), Counts(6, 200)
    ratio = binary.ratio(control, treatment, z=Z)

    assert limits(binary.difference(control, treatment, z=Z)) == pytest.approx((0.0108265, 0.0639507), abs=5e-8)
    assert isinstance(ratio, Estimate)
    assert (round(ratio.interval.low, 7), ratio.interval.high, ratio.value) == (1.5764064, None, None)


# G5: accounts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("accounts", "leads"), [(3, 4), (10, 1), (25, 7)])
def test_equal_accounts_lose_one_degree_of_freedom(accounts, leads):
    """K accounts of the same size: ν = K − 1 (Bell and McCaffrey 2002); unequal ones in `test_clusters`, from R."""
    found = account_rate(Accounts.of([leads] * accounts, [k % 2 for k in range(accounts)]))

    assert not isinstance(found, NotEstimable)
    assert found.df == pytest.approx(accounts - 1, rel=1e-12)


# G6: looks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("looks", "bounds"),
    [
        (2, (2.9625880, 1.9685956)),
        (3, (3.7103029, 2.5114275, 1.9930475)),
        (4, (4.3326336, 2.9631316, 2.3590443, 2.0140901)),
        (5, (4.8768849, 3.3570119, 2.6802801, 2.2898168, 2.0310321)),
    ],
)
def test_obrien_fleming_bounds(looks, bounds):
    """
    > getDesignGroupSequential(kMax = K, alpha = 0.025, typeOfDesign = "asOF")$criticalValues   # rpact
    K = 5: 4.876884949 3.357011922 2.680280067 2.289816774 2.031032063; the page's table for K = 2 to 5.
    """
    found = boundaries(range(1, looks + 1), maximum=looks, alpha=0.05)

    assert found == pytest.approx(bounds, abs=1e-6)


def test_error_spent_by_five_looks():
    """
    > getDesignGroupSequential(kMax = 5, alpha = 0.025, typeOfDesign = "asOF")$alphaSpent
    rpact: 5.388712629e-07 3.941517591e-04 3.808063251e-03 1.221179019e-02 2.499999000e-02.
    """
    spent = [obrien_fleming(look / 5, 0.05) for look in range(1, 6)]

    assert spent == pytest.approx(
        [5.388712629e-07, 3.941517591e-04, 3.808063251e-03, 1.221179019e-02, 2.499999e-02], rel=1e-6
    )


def test_pocock_like_bounds():
    """
    > getDesignGroupSequential(kMax = 5, alpha = 0.025, typeOfDesign = "asP")$criticalValues
    rpact: 2.437976688 2.426813863 2.410194136 2.396649294 2.385999702.
    """
    found = boundaries(range(1, 6), maximum=5, alpha=0.05, spending=pocock)

    assert found == pytest.approx((2.437976688, 2.426813863, 2.410194136, 2.396649294, 2.385999702), abs=1e-6)


def test_uneven_looks():
    """
    > getDesignGroupSequential(informationRates = c(0.2, 0.35, 0.8, 1), alpha = 0.025, typeOfDesign = "asOF")
    rpact's criticalValues: 4.876884949 3.613133289 2.252067722 2.025316767.
    """
    found = boundaries([0.2, 0.35, 0.8, 1.0], maximum=1.0, alpha=0.05)

    assert found == pytest.approx((4.876884949, 3.613133289, 2.252067722, 2.025316767), abs=1e-6)


# G8: sample ratio ------------------------------------------------------------------------------------------------


def test_sample_ratio_of_the_book_and_of_r():
    """
    > chisq.test(c(821588, 815482))$p.value   # 1.8217929e-06; Kohavi, Tang and Xu print 1.8E-6
    > chisq.test(c(5120, 4880))               # X-squared = 5.76, df = 1, p-value = 0.0163950718.
    """
    book, small = sample_ratio([821_588, 815_482], [1, 1]), sample_ratio([5_120, 4_880], [1, 1])

    assert isinstance(book, SampleRatio) and isinstance(small, SampleRatio)
    assert book.p_value == pytest.approx(1.8217929e-06, rel=1e-7)
    assert (small.statistic, small.df, small.p_value) == pytest.approx((5.76, 1, 0.0163950718), rel=1e-8)


def test_running_sample_ratio_is_a_ratio_of_beta_functions():
    """
    > exp(lbeta(50 + 5120, 50 + 4880) - lbeta(50, 50) - 10000 * log(0.5))   # R: 1.719443200
    > n <- c(300, 260, 590); w <- c(1, 1, 2) / 4
    > exp(sum(lgamma(100*w + n) - lgamma(100*w)) + lgamma(100) - lgamma(100 + sum(n)) - sum(n * log(w)))
    R: 0.429310252.
    """
    two, three = running_sample_ratio([5_120, 4_880], [1, 1]), running_sample_ratio([300, 260, 590], [1, 1, 2])

    assert isinstance(two, RunningSampleRatio) and isinstance(three, RunningSampleRatio)
    assert (two.e_value, three.e_value) == pytest.approx((1.719443200, 0.429310252), rel=1e-8)
    assert not two.alarm


# G10: power and Dunnett ------------------------------------------------------------------------------------------


def test_units_of_r_power_prop_test():
    """
    > power.prop.test(p1 = .1, p2 = .12, power = .8, tol = 1e-12)$n    # 3840.847482
    > power.prop.test(p1 = .5, p2 = .75, power = .9, tol = 1e-12)$n    # 76.70692845.
    """
    first = units_control(control_rate=0.1, treatment_rate=0.12, alpha=0.05, power=0.8)
    second = units_control(control_rate=0.5, treatment_rate=0.75, alpha=0.05, power=0.9)

    assert (first, second) == pytest.approx((3840.847482, 76.70692845), rel=1e-9)


def test_units_of_non_inferiority():
    """Section 13's table at 8%: 16,338 units per arm for a margin of 10%, 68,690 for 5%."""
    needed = [
        math.ceil(units_control_non_inferiority(control_rate=0.08, margin=margin, alpha=0.05, power=0.8))
        for margin in (0.10, 0.05)
    ]

    assert needed == [16_338, 68_690]


@pytest.mark.parametrize(
    ("challengers", "critical"), [(2, 2.212127747), (3, 2.348970590), (4, 2.441770773), (5, 2.511463053)]
)
def test_dunnett_with_equal_arms(challengers, critical):
    """
    > f <- function(c) integrate(function(x) sapply(x, function(u) dnorm(u) * prod(pnorm((c + l*u) / sqrt(1 - l^2))
    +   - pnorm((-c + l*u) / sqrt(1 - l^2)))), -9, 9, rel.tol = 1e-12)$value - .95    # l <- rep(sqrt(.5), k)
    > uniroot(f, c(1.5, 4), tol = 1e-12)$root
    R: 2.212127747 2.348970590 2.441770773 2.511463053; mvtnorm's qmvnorm with Miwa(512): 2.2121282 … 2.5114614.
    """
    found = dunnett_critical(0.05, control_units=1, challenger_units=[1] * challengers)

    assert found == pytest.approx(critical, abs=1e-8)


def test_dunnett_with_unequal_arms():
    """
    > n0 <- 300; n <- c(100, 200, 50); l <- sqrt(n / (n + n0)); S <- outer(l, l); diag(S) <- 1
    > qmvnorm(0.95, tail = "both.tails", corr = S, algorithm = Miwa(steps = 512))$quantile   # 2.378774
    The integral of the test above, with this l: 2.378777871.
    """
    found = dunnett_critical(0.05, control_units=300, challenger_units=[100, 200, 50])

    assert found == pytest.approx(2.378777871, abs=1e-8)
    assert found == pytest.approx(2.378774, abs=5e-6)


def test_dunnett_with_a_shared_variance_of_20_degrees_of_freedom():
    """
    > pmvt(lower = rep(-2.540, 3), upper = rep(2.540, 3), df = 20, corr = diag(3) / 2 + 0.5)   # 0.949964126
    > pmvt(lower = rep(-2.541, 3), upper = rep(2.541, 3), df = 20, corr = diag(3) / 2 + 0.5)   # 0.950066865
    mvtnorm, so c lies at 2.54035; the page says 2.541 ± .002.
    """
    found = dunnett_critical(0.05, control_units=1, challenger_units=[1] * 3, df=20)

    assert found == pytest.approx(2.54035, abs=2e-5)


def test_levels_of_two_to_four_challengers():
    """Section 11: the per-arm levels .02696, .01883 and .01462 that feed the boundaries of the looks."""
    levels = [dunnett_alpha(0.05, control_units=1, challenger_units=[1] * k) for k in (2, 3, 4)]

    assert levels == pytest.approx([0.02696, 0.01883, 0.01462], abs=5e-6)


# G11: several tests ----------------------------------------------------------------------------------------------


def test_adjustments_of_r():
    """
    > p.adjust(c(.01, .02, .03, .04, .05), "holm")   # 0.05 0.08 0.09 0.09 0.09
    > p.adjust(c(.01, .02, .03, .04, .05), "BH")     # 0.05 0.05 0.05 0.05 0.05.
    """
    p_values = [0.01, 0.02, 0.03, 0.04, 0.05]

    assert holm(p_values) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09], abs=1e-15)
    assert benjamini_hochberg(p_values) == pytest.approx([0.05] * 5, abs=1e-15)


def test_cochran_mantel_haenszel_over_two_tables():
    """
    > mantelhaen.test(array(c(21, 479, 12, 488, 7, 27, 1, 33), c(2, 2, 2)), correct = FALSE)
    R: Mantel-Haenszel X-squared = 5.7534, df = 1, p-value = 0.01646; common odds ratio 2.220493.
    """
    strata = [Pair(Counts(12, 500), Counts(21, 500)), Pair(Counts(1, 34), Counts(7, 34))]
    found = cochran_mantel_haenszel(strata)

    assert isinstance(found, CommonEffect)
    assert found.statistic == pytest.approx(5.7534, abs=5e-5)
    assert found.p_value == pytest.approx(0.01646, abs=5e-6)
    assert found.odds_ratio == pytest.approx(2.220493, abs=5e-7)
