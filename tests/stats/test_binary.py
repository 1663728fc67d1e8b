"""Score intervals of two proportions against published answers, a numerical likelihood, and their own laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import chi2_contingency
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from mqlab.stats import binary, score
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.tails import critical_z, two_sided_p

Z = critical_z(0.05)
LAW = settings(deadline=None, max_examples=60)


def limits(estimate: Estimate | NotEstimable) -> tuple[float | None, float | None]:
    assert isinstance(estimate, Estimate)
    return estimate.interval.low, estimate.interval.high


@st.composite
def arms(draw: st.DrawFn, most: int = 400) -> tuple[Counts, Counts]:
    n_a, n_b = draw(st.integers(1, most)), draw(st.integers(1, most))
    return Counts(draw(st.integers(0, n_a)), n_a), Counts(draw(st.integers(0, n_b)), n_b)


LEVELS = st.sampled_from([0.2, 0.05, 0.01, 1e-4])


@pytest.mark.parametrize(
    ("treatment", "control", "expected"),
    [
        pytest.param((56, 70), (48, 80), (0.0528, 0.3382), id="Newcombe 1998, example a"),
        pytest.param((7, 34), (1, 34), (0.0270416, 0.3452912), id="R PropCIs"),
    ],
)
def test_difference_matches_the_published_miettinen_nurminen_limits(treatment, control, expected):
    """The score interval of a difference equals the published one to the printed digits."""
    found = limits(binary.difference(Counts(*control), Counts(*treatment), z=Z))

    digits = 4 if expected == (0.0528, 0.3382) else 7
    assert expected == tuple(round(limit, digits) for limit in found)


def test_ratio_matches_the_reference_limits():
    """7/34 against 1/34: the MN ratio equals statsmodels' score ratio, and Koopman's once N/(N − 1) is undone."""
    found = limits(binary.ratio(Counts(1, 34), Counts(7, 34), z=Z))
    oracle = confint_proportions_2indep(7, 34, 1, 34, compare="ratio", method="score")
    koopman = score.ratio_limits(1, 34, 7, 34, Z / math.sqrt(68 / 67))

    assert pytest.approx(found, rel=1e-6) == (1.208568, 43.032972)
    assert oracle == pytest.approx(found, rel=1e-6)
    # R: PropCIs::riskscoreci(7, 34, 1, 34, 0.95) gives 1.220853, 42.575718 (as quoted in statsmodels' own tests)
    assert pytest.approx([float(limit) for limit in koopman], rel=1e-6) == (1.220853, 42.575718)


def test_difference_ratio_and_p_of_a_worked_example():
    """21/500 against 12/500 gives the known difference, ratio, z and p together."""
    control, treatment = Counts(12, 500), Counts(21, 500)

    assert pytest.approx(limits(binary.difference(control, treatment, z=Z)), abs=5e-8) == (-0.0043792, 0.0419307)
    assert pytest.approx(limits(binary.ratio(control, treatment, z=Z)), abs=5e-8) == (0.8828726, 3.4754768)
    assert binary.z_at_difference(control, treatment) == pytest.approx(1.5924106, abs=5e-8)
    assert binary.p_value(control, treatment) == pytest.approx(0.1112925, abs=5e-8)


def test_no_outcome_in_control_leaves_the_ratio_open_above():
    """6/200 against 0/200 says "at least 1.576 times", and the difference stays finite."""
    control, treatment = Counts(0, 200), Counts(6, 200)
    ratio = binary.ratio(control, treatment, z=Z)

    assert isinstance(ratio, Estimate) and ratio.value is None and ratio.interval.high is None
    assert ratio.interval.low == pytest.approx(1.5764064, abs=5e-8)
    assert pytest.approx(limits(binary.difference(control, treatment, z=Z)), abs=5e-8) == (0.0108265, 0.0639507)


@pytest.mark.parametrize(
    ("treatment", "control", "expected"),
    [
        pytest.param((56, 70), (48, 80), (0.0524, 0.3339), id="Newcombe 1998"),
        pytest.param((7, 34), (1, 34), (0.019, 0.340), id="Fagerland, Lydersen and Laake 2015"),
    ],
)
def test_newcombe_matches_print(treatment, control, expected):
    """Newcombe's hybrid interval equals the published one to the printed digits, and statsmodels' exactly."""
    found = limits(binary.newcombe(Counts(*control), Counts(*treatment), z=Z))
    oracle = confint_proportions_2indep(*treatment, *control, compare="diff", method="newcomb")

    assert expected == pytest.approx(found, abs=5e-5 if expected[0] == 0.0524 else 5e-4)
    assert oracle == pytest.approx(found, rel=1e-9)


def test_wilson_matches_statsmodels():
    """15 of 148 has Wilson's limits .0623864 and .1604872."""
    found = limits(binary.wilson(Counts(15, 148), z=Z))

    assert pytest.approx(found, abs=5e-8) == (0.0623864, 0.1604872)
    assert proportion_confint(15, 148, method="wilson") == pytest.approx(found, rel=1e-9)


def test_statsmodels_own_score_difference_is_not_used_because_it_is_wrong():
    """statsmodels 0.15.0 puts count0·δ where Miettinen–Nurminen has n0·δ: its own limits do not sit at |z| = 1.96."""
    _, high = confint_proportions_2indep(56, 70, 48, 80, compare="diff", method="score")

    assert high == pytest.approx(0.3440, abs=5e-5)  # Newcombe 1998 prints .3382
    assert abs(z_by_likelihood(48, 80, 56, 70, high)) > 2.0
    ours = limits(binary.difference(Counts(48, 80), Counts(56, 70), z=Z))
    assert [abs(z_by_likelihood(48, 80, 56, 70, limit)) for limit in ours] == pytest.approx([Z, Z], abs=1e-4)


def log_likelihood(x: float, n: float, q: float) -> float:
    return (x * math.log(q) if x else 0.0) + ((n - x) * math.log1p(-q) if n - x else 0.0)


def z_by_likelihood(x_a: int, n_a: int, x_b: int, n_b: int, delta: float) -> float:
    """z(δ) with the restricted rates found by maximising the likelihood numerically."""
    edge = 1e-12
    low, high = max(0.0, delta) + edge, min(1.0, 1 + delta) - edge
    best = minimize_scalar(
        lambda q: -(log_likelihood(x_a, n_a, q - delta) + log_likelihood(x_b, n_b, q)),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-13},
    )
    q_b = float(best.x)
    q_a, units = q_b - delta, n_a + n_b
    variance = (q_b * (1 - q_b) / n_b + q_a * (1 - q_a) / n_a) * units / (units - 1)
    return (x_b / n_b - x_a / n_a - delta) / math.sqrt(variance)


@LAW
@given(counts=arms(120), delta=st.floats(-0.9, 0.9))
def test_the_cubic_maximises_the_likelihood(counts, delta):
    """The closed-form restricted rates are at least as likely as any found by numerical search, and differ by δ."""
    (a, b) = counts
    q_a, q_b = (float(q) for q in score.restricted_by_difference(a.x, a.n, b.x, b.n, delta))
    edge = 1e-12
    best = minimize_scalar(
        lambda q: -(log_likelihood(a.x, a.n, q - delta) + log_likelihood(b.x, b.n, q)),
        bounds=(max(0.0, delta) + edge, min(1.0, 1 + delta) - edge),
        method="bounded",
        options={"xatol": 1e-12},
    )
    inside = np.clip([q_a, q_b], edge, 1 - edge)

    assert q_b - q_a == pytest.approx(delta, abs=1e-9)
    ours = log_likelihood(a.x, a.n, inside[0]) + log_likelihood(b.x, b.n, inside[1])
    assert ours >= -best.fun - 1e-6


@LAW
@given(counts=arms(120), phi=st.floats(0.05, 20))
def test_the_quadratic_maximises_the_likelihood(counts, phi):
    """The closed-form rates under a fixed ratio are at least as likely as any found by numerical search."""
    (a, b) = counts
    q_a, q_b = (float(q) for q in score.restricted_by_ratio(a.x, a.n, b.x, b.n, phi))
    edge = 1e-12
    best = minimize_scalar(
        lambda q: -(log_likelihood(a.x, a.n, q) + log_likelihood(b.x, b.n, phi * q)),
        bounds=(edge, min(1.0, 1 / phi) * (1 - 1e-12)),
        method="bounded",
        options={"xatol": 1e-13},
    )
    inside = np.clip([q_a, q_b], edge, 1 - edge)

    assert q_b == pytest.approx(phi * q_a, rel=1e-9, abs=1e-12)
    ours = log_likelihood(a.x, a.n, inside[0]) + log_likelihood(b.x, b.n, inside[1])
    assert ours >= -best.fun - 1e-6


@LAW
@given(counts=arms(), alpha=LEVELS)
def test_difference_ratio_and_p_never_contradict_each_other(counts, alpha):
    """0 lies outside the difference's interval exactly when 1 lies outside the ratio's and when p < α."""
    z = critical_z(alpha)
    difference, ratio = (function(*counts, z=z) for function in (binary.difference, binary.ratio))

    assert isinstance(difference, Estimate) and isinstance(ratio, Estimate)
    significant = two_sided_p(float(score.z_difference(counts[0].x, counts[0].n, counts[1].x, counts[1].n))) < alpha
    assert significant is not difference.interval.contains(0.0)
    assert significant is not ratio.interval.contains(1.0)


@LAW
@given(counts=arms(), alpha=LEVELS)
def test_swapping_the_arms_negates_the_difference_and_inverts_the_ratio(counts, alpha):
    """Whoever is called control changes signs and reciprocals, nothing else."""
    z = critical_z(alpha)
    a, b = counts
    low, high = limits(binary.difference(a, b, z=z))
    ratio_low, ratio_high = limits(binary.ratio(a, b, z=z))
    swapped_low, swapped_high = limits(binary.ratio(b, a, z=z))

    assert (-high, -low) == pytest.approx(limits(binary.difference(b, a, z=z)), abs=1e-14)
    assert swapped_low == pytest.approx(0.0 if ratio_high is None else 1 / ratio_high, rel=1e-9)
    assert (swapped_high is None) == (ratio_low == 0)
    assert binary.p_value(a, b) == pytest.approx(binary.p_value(b, a), rel=1e-12)


@LAW
@given(counts=arms(), alpha=LEVELS)
def test_the_limits_are_where_the_score_meets_its_critical_value(counts, alpha):
    """Inside the limits |z| ≤ z_α, just outside it is larger; the observed value is inside."""
    z = critical_z(alpha)
    a, b = counts
    low, high = limits(binary.difference(a, b, z=z))
    observed = b.x / b.n - a.x / a.n
    inside = np.linspace(low, high, 7)
    step = 1e-7

    assert low <= observed <= high
    assert np.all(np.abs(score.z_difference(a.x, a.n, b.x, b.n, inside)) <= z + 1e-6)
    if low - step > -1:
        assert score.z_difference(a.x, a.n, b.x, b.n, low - step) > z - 1e-6
    if high + step < 1:
        assert score.z_difference(a.x, a.n, b.x, b.n, high + step) < -z + 1e-6


@LAW
@given(counts=arms())
def test_a_larger_boundary_gives_a_wider_interval(counts):
    """A repeated interval with a larger b_k contains the one with a smaller b_k."""
    narrow, wide = (limits(binary.difference(*counts, z=z)) for z in (1.96, 4.33))

    assert wide[0] <= narrow[0] and narrow[1] <= wide[1]


def test_the_test_is_pearsons_times_n_minus_one_over_n():
    """z² is Pearson's χ² (scipy, no correction) times (N − 1)/N."""
    table = [[12, 488], [21, 479]]

    assert binary.z_at_difference(Counts(12, 500), Counts(21, 500)) ** 2 == pytest.approx(
        chi2_contingency(table, correction=False).statistic * 999 / 1000, rel=1e-12
    )


def test_non_inferiority_is_the_score_test_at_the_margin():
    """The margin is refuted exactly where the interval's lower limit passes it, in points and as a ratio."""
    control, treatment = Counts(800, 10_000), Counts(790, 10_000)
    low, _ = limits(binary.difference(control, treatment, z=Z))
    ratio_low, _ = limits(binary.ratio(control, treatment, z=Z))

    assert binary.z_at_difference(control, treatment, null=low) == pytest.approx(Z, abs=1e-9)
    assert binary.z_at_ratio(control, treatment, null=ratio_low) == pytest.approx(Z, abs=1e-9)
    assert binary.z_at_ratio(control, treatment, null=0.85) > Z


@pytest.mark.parametrize("function", [binary.difference, binary.ratio, binary.relative_lift, binary.newcombe])
def test_an_empty_arm_is_not_estimable(function):
    """An arm without units has no estimate, and says why."""
    found = function(Counts(0, 0), Counts(3, 9), z=Z)

    assert isinstance(found, NotEstimable) and found.reason == "no_units"


def test_no_outcome_anywhere_is_no_contradiction():
    """Without any outcome the difference is 0, the ratio unbounded, and p is 1."""
    nobody = Counts(0, 300)

    square = Z**2 * 600 / 599  # δ² = z² N/(N − 1) · δ(1 − δ)/300 solved for δ
    half = square / (300 + square)

    assert limits(binary.difference(nobody, nobody, z=Z)) == pytest.approx((-half, half), rel=1e-9)
    assert limits(binary.ratio(nobody, nobody, z=Z)) == (0.0, None)
    assert binary.p_value(nobody, nobody) == 1.0


def test_impossible_counts_are_refused():
    """More outcomes than units is a mistake of the caller."""
    with pytest.raises(ValueError, match="11 outcomes among 10 units"):
        Counts(11, 10)
