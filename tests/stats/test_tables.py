"""Independence, CMH, sample ratio, multiplicity and power against R, published numbers and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2_contingency, multinomial
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests

from mqlab.stats import power
from mqlab.stats.binary import Counts
from mqlab.stats.binary import p_value as score_p
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.independence import ChiSquare, CommonEffect, chi_square, cochran_mantel_haenszel
from mqlab.stats.multiplicity import benjamini_hochberg, dunnett_alpha, dunnett_critical, holm
from mqlab.stats.sample_ratio import SampleRatio, sample_ratio
from mqlab.stats.strata import Pair

LAW = settings(deadline=None, max_examples=60)
# R: datasets::UCBAdmissions as (admitted men, rejected men, admitted women, rejected women) by department
BERKELEY = [
    (512, 313, 89, 19),
    (353, 207, 17, 8),
    (120, 205, 202, 391),
    (138, 279, 131, 244),
    (53, 138, 94, 299),
    (22, 351, 24, 317),
]


def berkeley() -> list[Pair]:
    return [Pair(Counts(women, women + no_w), Counts(men, men + no_m)) for men, no_m, women, no_w in BERKELEY]


def test_cmh_matches_r_on_the_berkeley_admissions():
    """
    > mantelhaen.test(UCBAdmissions, correct = FALSE)
    Mantel-Haenszel X-squared = 1.52460666, df = 1, p-value = 0.216923697; common odds ratio 0.904696828259;
    with correction 1.4269, p-value = 0.2323.
    """
    found = cochran_mantel_haenszel(berkeley())
    corrected = cochran_mantel_haenszel(berkeley(), correction=True)

    assert isinstance(found, CommonEffect) and isinstance(corrected, CommonEffect)
    assert (found.statistic, found.p_value) == pytest.approx((1.52460666, 0.216923697), rel=1e-8)
    assert found.odds_ratio == pytest.approx(0.904696828259, rel=1e-11)
    assert found.z < 0
    assert (corrected.statistic, corrected.p_value) == pytest.approx((1.4269, 0.2323), abs=5e-5)


def test_cmh_matches_statsmodels():
    """statsmodels' stratified table gives the same statistic with and without correction."""
    oracle = StratifiedTable([np.array([[m, no_m], [w, no_w]]) for m, no_m, w, no_w in BERKELEY])

    for correction in (False, True):
        found = cochran_mantel_haenszel(berkeley(), correction=correction)
        assert isinstance(found, CommonEffect)
        assert found.statistic == pytest.approx(oracle.test_null_odds(correction=correction).statistic, rel=1e-10)


@LAW
@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_cmh_of_one_stratum_is_the_score_test(n_a, n_b, data):
    """With a single stratum CMH is the N − 1 test, so the two never tell different stories."""
    a = Counts(data.draw(st.integers(0, n_a)), n_a)
    b = Counts(data.draw(st.integers(0, n_b)), n_b)
    found = cochran_mantel_haenszel([Pair(a, b)])

    if a.x + b.x in (0, n_a + n_b):
        assert isinstance(found, NotEstimable)
    else:
        assert isinstance(found, CommonEffect)
        assert found.p_value == pytest.approx(score_p(a, b), rel=1e-9)


def test_strata_with_one_arm_tell_nothing():
    """A phase that lacks an arm changes no CMH number; nothing but such phases is no test."""
    lonely = Pair(Counts(0, 0), Counts(9, 20))

    assert cochran_mantel_haenszel([*berkeley(), lonely]) == cochran_mantel_haenszel(berkeley())
    assert isinstance(cochran_mantel_haenszel([lonely]), NotEstimable)


def test_chi_square_matches_scipy_and_leaves_out_what_is_empty():
    """Pearson's χ² equals scipy's; a stratum nobody is in changes nothing; one column is no table."""
    table = [[880, 120, 118, 2882], [884, 122, 121, 2873]]
    oracle = chi2_contingency(table, correction=False)
    found = chi_square(table)

    assert isinstance(found, ChiSquare)
    assert (found.statistic, found.df, found.p_value) == pytest.approx((oracle.statistic, 3, oracle.pvalue), rel=1e-10)
    assert found.smallest_expected == pytest.approx(oracle.expected_freq.min())
    assert chi_square([[880, 0, 120, 118, 2882], [884, 0, 122, 121, 2873]]) == found
    assert isinstance(chi_square([[5, 0], [7, 0]]), NotEstimable)
    assert isinstance(chi_square([]), NotEstimable)


def test_sample_ratio_known_answers():
    """821,588 v 815,482 has p 1.8E−6 (Kohavi, Tang and Xu, ch. 3); 5,120 v 4,880 has χ² 5.76."""
    book, small = sample_ratio([821_588, 815_482], [1, 1]), sample_ratio([5_120, 4_880], [0.5, 0.5])

    assert isinstance(book, SampleRatio) and isinstance(small, SampleRatio)
    assert book.p_value == pytest.approx(1.8218e-6, rel=1e-4)
    assert (small.statistic, small.p_value) == pytest.approx((5.76, 0.01639507), rel=1e-6)
    assert not small.exact and small.expected == (5_000, 5_000)


@pytest.mark.parametrize(("seen", "share"), [((3, 5), 0.5), ((0, 9), 0.5), ((2, 900), 0.001), ((9, 3_000), 0.0005)])
def test_few_units_are_tested_exactly(seen, share):
    """With fewer than five expected units the two-arm test is scipy's exact binomial test."""
    found = sample_ratio(seen, [share, 1 - share])

    assert isinstance(found, SampleRatio) and found.exact
    assert found.p_value == pytest.approx(binomtest(seen[0], sum(seen), share).pvalue, rel=1e-8)


def test_three_small_arms_are_tested_by_going_through_every_outcome():
    """The exact multinomial p is the total chance of outcomes no likelier than the one seen."""
    seen, weights = (7, 1, 2), (0.5, 0.3, 0.2)
    law = multinomial(10, weights)
    outcomes = [(i, j, 10 - i - j) for i in range(11) for j in range(11 - i)]
    expected = sum(law.pmf(o) for o in outcomes if law.pmf(o) <= law.pmf(seen) * (1 + 1e-9))
    found = sample_ratio(seen, weights)

    assert isinstance(found, SampleRatio) and found.exact
    assert found.p_value == pytest.approx(expected, rel=1e-9)


def test_a_tiny_arm_among_large_ones_is_bounded():
    """Where outcomes are too many to go through, a Bonferroni bound stays valid and still sees a real mismatch."""
    fair = sample_ratio([2, 30_000, 30_100, 30_050], [0.00003, 1, 1, 1])
    broken = sample_ratio([40, 30_000, 30_100, 30_050], [0.00003, 1, 1, 1])

    assert isinstance(fair, SampleRatio) and isinstance(broken, SampleRatio)
    assert fair.exact and fair.p_value > 0.05 and broken.p_value < 1e-10


def test_sample_ratio_edges():
    """An arm of weight 0 must be empty; nobody assigned is no test; lists of different length are a mistake."""
    wrong = sample_ratio([10, 10, 1], [1, 1, 0])

    assert isinstance(wrong, SampleRatio) and wrong.p_value == 0.0
    assert isinstance(sample_ratio([0, 0], [1, 1]), NotEstimable)
    assert isinstance(sample_ratio([9, 0], [1, 0]), NotEstimable)
    with pytest.raises(ValueError, match="2 arms were counted and 3 weights"):
        sample_ratio([1, 2], [1, 1, 1])


@pytest.mark.parametrize(
    ("challengers", "critical", "alpha"),
    [(2, 2.2121, 0.02696), (3, 2.3490, 0.01883), (4, 2.4418, 0.01462), (5, 2.5115, 0.01202)],
)
def test_dunnett_matches_the_table(challengers, critical, alpha):
    """Dunnett's two-sided 5% points for equal allocation and known variance (R mvtnorm: 2.2121 … 2.5115)."""
    units = {"control_units": 100, "challenger_units": [100] * challengers}

    assert dunnett_critical(0.05, **units) == pytest.approx(critical, abs=5e-5)
    assert dunnett_alpha(0.05, **units) == pytest.approx(alpha, abs=5.5e-6)


def test_dunnett_with_few_degrees_of_freedom():
    """Three challengers and 20 degrees of freedom: 2.541 (R mvtnorm, ± .002); one challenger: Student's 2.086."""
    assert dunnett_critical(0.05, control_units=1, challenger_units=[1] * 3, df=20) == pytest.approx(2.541, abs=0.002)
    assert dunnett_critical(0.05, control_units=1, challenger_units=[1], df=20) == pytest.approx(2.085963, abs=1e-5)


def test_dunnett_lies_between_no_correction_and_bonferroni():
    """Unequal allocation keeps the level between α and α/k; one challenger needs none."""
    level = dunnett_alpha(0.05, control_units=3_000, challenger_units=[1_000, 500, 2_000])

    assert 0.05 / 3 < level < 0.05
    assert dunnett_alpha(0.05, control_units=7, challenger_units=[3]) == 0.05


def test_holm_and_benjamini_hochberg_known_answers():
    """.01 … .05 become .05, .08, .09, .09, .09 by Holm and .05 five times by Benjamini–Hochberg."""
    p_values = [0.01, 0.02, 0.03, 0.04, 0.05]

    assert holm(p_values) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert benjamini_hochberg(p_values) == pytest.approx([0.05] * 5)


@settings(LAW, max_examples=15)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjusted_p_values_match_statsmodels(p_values):
    """In any order, both corrections equal statsmodels'."""
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-12)
    assert benjamini_hochberg(p_values) == pytest.approx(multipletests(p_values, method="fdr_bh")[1], abs=1e-12)


@pytest.mark.parametrize(
    ("control", "treatment", "level", "units"),
    [
        (0.10, 0.12, 0.8, 3_840.847),  # R: power.prop.test(p1 = .1, p2 = .12, power = .8, tol = 1e-12)
        (0.50, 0.75, 0.9, 76.7069),  # R: power.prop.test(p1 = .5, p2 = .75, power = .9)
        (0.08, 0.092, 0.8, 8_567.617),
        (0.05, 0.06, 0.8, 8_157.731),
    ],
)
def test_units_match_r(control, treatment, level, units):
    """Units per arm equal R's power.prop.test, and power and smallest lift invert them."""
    rates = {"control_rate": control, "treatment_rate": treatment}
    needed = power.units_control(**rates, alpha=0.05, power=level)

    assert needed == pytest.approx(units, rel=1e-6)
    assert power.power(**rates, control_units=needed, alpha=0.05) == pytest.approx(level, abs=1e-9)
    lift = power.smallest_lift(control_rate=control, control_units=needed, alpha=0.05, power=level)
    assert lift == pytest.approx(treatment / control - 1, rel=1e-6)


@pytest.mark.parametrize(("margin", "units"), [(0.10, 16_338), (0.05, 68_690)])
def test_non_inferiority_units(margin, units):
    """At 8% and margins of 10% and 5% a guardrail needs 16,338 and 68,690 units per arm."""
    plan = {"control_rate": 0.08, "margin": margin, "alpha": 0.05}
    needed = power.units_control_non_inferiority(**plan, power=0.8)

    assert math.ceil(needed) == units
    assert power.power_non_inferiority(**plan, control_units=needed) == pytest.approx(0.8, abs=1e-9)


def test_what_no_number_of_units_can_show():
    """Equal rates, a truth at the margin, or no units at all: infinitely many are needed."""
    assert power.units_control(control_rate=0.1, treatment_rate=0.1, alpha=0.05, power=0.8) == math.inf
    beyond = {"control_rate": 0.1, "treatment_rate": 0.09, "margin": 0.1, "alpha": 0.05}
    assert power.units_control_non_inferiority(**beyond, power=0.8) == math.inf
    assert power.smallest_lift(control_rate=0.1, control_units=0, alpha=0.05, power=0.8) == math.inf
    assert power.units_triggered(500, discordant_share=0.05) == 10_000
    with pytest.raises(ValueError, match="control_rate must lie in"):
        power.units_control(control_rate=1.2, treatment_rate=0.1, alpha=0.05, power=0.8)
