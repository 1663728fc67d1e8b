"""Bayesian readings against R, scipy and their own laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, norm

from mqlab.stats.bayes import Reading, probability_better, reading_of, shrunk_lift
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.tails import critical_z

Z = critical_z(0.05)
PARAMETER = st.one_of(st.integers(1, 400), st.floats(0.1, 400))


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        pytest.param((5, 10, 8, 9), 0.793755753702, id="whole"),
        pytest.param((2.4, 10.1, 3.7, 9.2), 0.725712968142, id="none whole"),
        pytest.param((101, 901, 121, 881), 0.923183438974, id="a thousand units"),
    ],
)
def test_probability_better_matches_r(parameters, answer):
    """
    > integrate(function(x) dbeta(x,8,9)*pbeta(x,5,10),0,1,rel.tol=1e-12)$value
    > integrate(function(x) dbeta(x,3.7,9.2)*pbeta(x,2.4,10.1),0,1,rel.tol=1e-12)$value
    > integrate(function(x) dbeta(x,121,881)*pbeta(x,101,901),0.02,.3,rel.tol=1e-12)$value
    The answers are 0.793755753702, 0.725712968142 and 0.923183438974.
    """
    assert probability_better(*parameters) == pytest.approx(answer, abs=5e-12)


@given(PARAMETER, PARAMETER, PARAMETER, PARAMETER)
def test_swapping_arms_or_outcomes_gives_the_rest(alpha_a, beta_a, alpha_b, beta_b):
    """P(B > A) + P(A > B) = 1, and P(B > A) = P(1 − A > 1 − B), sum or integral."""
    found = probability_better(alpha_a, beta_a, alpha_b, beta_b)

    assert 0 <= found <= 1
    assert found + probability_better(alpha_b, beta_b, alpha_a, beta_a) == pytest.approx(1, abs=1e-8)
    assert found == pytest.approx(probability_better(beta_b, alpha_b, beta_a, alpha_a), abs=1e-8)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 300), st.integers(1, 300))
def test_sum_and_integral_agree(alpha_a, beta_a, alpha_b, beta_b):
    """A hair beside whole parameters the integral takes over, and says the same."""
    hair = 1e-9
    beside = probability_better(alpha_a + hair, beta_a + hair, alpha_b + hair, beta_b + hair)

    assert beside == pytest.approx(probability_better(alpha_a, beta_a, alpha_b, beta_b), abs=2e-8)


@given(st.floats(0.5, 60), st.floats(0.5, 60), st.floats(0.5, 60), st.floats(0.5, 60))
def test_it_is_scipys_double_integral(alpha_a, beta_a, alpha_b, beta_b):
    """∫ pdf_B(x) · cdf_A(x) dx by `scipy.integrate.quad` around B's bulk."""
    points = beta.ppf([0.001, 0.5, 0.999], alpha_b, beta_b)
    oracle = sum(
        quad(lambda x: beta.pdf(x, alpha_b, beta_b) * beta.cdf(x, alpha_a, beta_a), low, high, limit=400)[0]
        for low, high in zip((1e-12, *points), (*points, 1 - 1e-12), strict=True)
    )

    assert probability_better(alpha_a, beta_a, alpha_b, beta_b) == pytest.approx(oracle, abs=2e-5)


def test_large_experiments_have_an_answer():
    """Of a million leads an arm it is the normal tail, of whole and of halved parameters; of no difference it is ½."""
    n, x_a, x_b = 1_000_000, 100_000, 100_500
    z = (x_b - x_a) / math.sqrt(x_a * (1 - x_a / n) + x_b * (1 - x_b / n))

    assert probability_better(1 + x_a, 1 + n - x_a, 1 + x_b, 1 + n - x_b) == pytest.approx(norm.cdf(z), abs=1e-5)
    assert probability_better(0.5 + x_a, 0.5 + n - x_a, 0.5 + x_b, 0.5 + n - x_b) == pytest.approx(
        norm.cdf(z), abs=1e-5
    )
    assert probability_better(0.5, 10**6 + 0.5, 0.5, 10**6 + 0.5) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("parameters", [(0, 1, 1, 1), (1, -2, 1, 1), (1, 1, math.nan, 1), (1, 1, 1, math.inf)])
def test_impossible_parameters_are_refused(parameters):
    """Zero, negative, missing and endless parameters are no Beta distribution."""
    with pytest.raises(ValueError, match="Beta"):
        probability_better(*parameters)


def test_the_posterior_is_prior_times_likelihood():
    """Median, limits and P(lift > 0) are those of N(l; ln 1.3, 0.02) × N(l; 0, 0.1²), normalised on a grid."""
    grid = np.linspace(-2, 2, 2_000_001)
    weight = np.cumsum(norm.pdf(grid, math.log(1.3), math.sqrt(0.02)) * norm.pdf(grid, 0, 0.1))
    weight /= weight[-1]
    low, middle, high = np.expm1(grid[np.searchsorted(weight, [0.025, 0.5, 0.975])])
    found = shrunk_lift(math.log(1.3), 0.02)

    assert (found.low, found.lift, found.high) == pytest.approx((low, middle, high), abs=1e-5)
    assert found.probability_better == pytest.approx(1 - weight[np.searchsorted(grid, 0.0)], abs=1e-5)


@given(st.floats(-2, 2), st.floats(1e-6, 10))
def test_a_flat_prior_changes_nothing_and_a_narrow_one_everything(log_ratio, variance):
    """τ = ∞: the estimate with its own limits and its one-sided p; τ → 0: no lift whatever the data say."""
    flat = shrunk_lift(log_ratio, variance, prior_sd=math.inf)
    usual = shrunk_lift(log_ratio, variance)
    narrow = shrunk_lift(log_ratio, variance, prior_sd=1e-9)

    assert flat.lift == pytest.approx(math.expm1(log_ratio))
    assert flat.high == pytest.approx(math.expm1(log_ratio + Z * math.sqrt(variance)))
    assert flat.probability_better == pytest.approx(norm.cdf(log_ratio / math.sqrt(variance)), abs=1e-12)
    assert abs(usual.lift) <= abs(flat.lift) + 1e-15 and usual.low < usual.lift < usual.high
    assert abs(usual.probability_better - 0.5) <= abs(flat.probability_better - 0.5) + 1e-15
    assert narrow.lift == pytest.approx(0, abs=1e-6)


@given(st.floats(-0.5, 1.0), st.floats(0.001, 0.5), st.sampled_from((1.6, Z, 3.0, 4.9)))
def test_a_reading_undoes_the_limits_it_is_given(lift, error, z):
    """Limits drawn on the log scale at any critical value give back their estimate and variance."""
    log_ratio = math.log1p(lift)
    relative = Estimate(lift, Interval(math.expm1(log_ratio - z * error), math.expm1(log_ratio + z * error)))
    found, wanted = reading_of(relative, z), shrunk_lift(log_ratio, error**2)

    assert isinstance(found, Reading)
    assert (found.lift, found.low, found.high) == pytest.approx((wanted.lift, wanted.low, wanted.high), abs=1e-9)
    assert found.probability_better == pytest.approx(wanted.probability_better, abs=1e-9)


@pytest.mark.parametrize(
    ("relative", "reason"),
    [
        pytest.param(NotEstimable("not_due", "wait"), "not_due", id="no estimate"),
        pytest.param(Estimate(0.2, Interval(None, None)), "unbounded_lift", id="Fieller without bound"),
        pytest.param(Estimate(None, Interval(0.3, None)), "unbounded_lift", id="nothing in control"),
        pytest.param(Estimate(0.2, Interval(-0.1, math.inf)), "unbounded_lift", id="infinite"),
        pytest.param(Estimate(0.2, Interval(math.nan, 0.4)), "unbounded_lift", id="no number"),
        pytest.param(Estimate(-1.0, Interval(-1.0, 0.4)), "limit_at_minus_100", id="nothing in treatment"),
        pytest.param(Estimate(-0.5, Interval(-1.2, 0.4)), "limit_at_minus_100", id="below nothing"),
        pytest.param(Estimate(0.0, Interval(0.0, 0.0)), "no_variation", id="no width"),
    ],
)
def test_no_reading_has_a_reason(relative, reason):
    """Where there is no logarithm, no limit or no spread there is no reading, and it says why."""
    found = reading_of(relative, Z)

    assert isinstance(found, NotEstimable) and found.reason == reason


@pytest.mark.parametrize(("log_ratio", "variance", "prior"), [(0, 0, 0.1), (0, -1, 0.1), (0, 1, 0), (math.nan, 1, 0.1)])
def test_impossible_spreads_are_refused(log_ratio, variance, prior):
    """A variance or a prior that is not positive, or no estimate, is a mistake of the caller."""
    with pytest.raises(ValueError, match="must be"):
        shrunk_lift(log_ratio, variance, prior_sd=prior)
