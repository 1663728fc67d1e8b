"""The confidence sequence against its definition as a mixture, published formulas, R and its own laws."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from mqlab.stats.always_valid import multiplier, multiplier_at, p_value, running_p, tuning
from mqlab.stats.tails import critical_z

LEVELS = st.floats(1e-6, 0.5)
FRACTIONS = st.floats(0.001, 50)
ZS = st.floats(-12, 12)


def test_the_tuning_constant_solves_lamberts_equation():
    """
    c = -w - 1 with w·exp(w) = -alpha²/e below -1.
    > -uniroot(function(w) w*exp(w) + .05^2/exp(1), c(-60, -1), tol = 1e-14)$root - 1
    8.21196806207; with .01: 11.7563712225 (R 4.2.2).
    """
    assert tuning(0.05) == pytest.approx(8.21196806207, abs=1e-9)
    assert tuning(0.01) == pytest.approx(11.7563712225, abs=1e-9)


def test_multipliers_match_r():
    """
    > x <- 8.21196806207*c(.1, .25, .5, 1, 2); sqrt((1 + 1/x)*log((1 + x)/.05^2))
    3.823218333 3.251099681 3.078662538 3.035122413 3.064003115 (R 4.2.2), and at .01 with 11.7563712225
    4.299208437 3.765830617 3.610209954 3.571606252 3.596847582.
    """
    fractions = (0.1, 0.25, 0.5, 1, 2)

    assert [multiplier(fraction, alpha=0.05) for fraction in fractions] == pytest.approx(
        [3.823218333, 3.251099681, 3.078662538, 3.035122413, 3.064003115], abs=2e-9
    )
    assert [multiplier(fraction, alpha=0.01) for fraction in fractions] == pytest.approx(
        [4.299208437, 3.765830617, 3.610209954, 3.571606252, 3.596847582], abs=2e-9
    )


@pytest.mark.parametrize(("t", "rho2"), [(100, 0.1), (37, 0.004), (5_000, 0.02)])
def test_the_margin_of_the_literature_is_this_one_in_other_units(t, rho2):
    """Waudby-Smith et al. 2024 (confseq, gbstats): √(2(tρ² + 1)/(t²ρ²)·log(√(tρ² + 1)/α)), .3037811 at t=100, ρ²=.1."""
    published = math.sqrt(2 * (t * rho2 + 1) / (t**2 * rho2) * math.log(math.sqrt(t * rho2 + 1) / 0.05))

    assert multiplier_at(t * rho2, alpha=0.05) / math.sqrt(t) == pytest.approx(published, rel=1e-12)
    assert multiplier_at(10, alpha=0.05) / 10 == pytest.approx(0.3037811, abs=5e-8)


@pytest.mark.parametrize(("z", "fraction"), [(3.5, 1.0), (3.0, 0.25), (2.4, 3.0), (-4.4, 0.05)])
def test_the_p_value_is_one_over_the_mixture_likelihood_ratio(z, fraction):
    """
    The likelihood ratio of N(d, 1) to N(0, 1) at z, averaged over d ~ N(0, x), by scipy's quadrature.
    > x <- 8.21196806207
    > 1/integrate(function(d) exp(3.5*d - d^2/2)*dnorm(d, 0, sqrt(x)), -80, 80, rel.tol = 1e-12)$value
    0.0129087187953; with z = 3 at a quarter of the information 0.0847563120846 (R 4.2.2).
    """
    x = tuning(0.05) * fraction
    mixed, _ = quad(lambda d: math.exp(z * d - d * d / 2) * norm.pdf(d, scale=math.sqrt(x)), -80, 80, points=[z, 0])

    assert p_value(z, fraction) == pytest.approx(min(1.0, 1 / mixed), rel=1e-7)
    assert p_value(3.5, 1) == pytest.approx(0.0129087187953, rel=1e-9)
    assert p_value(3, 0.25) == pytest.approx(0.0847563120846, rel=1e-9)


@given(LEVELS)
def test_the_multiplier_is_smallest_at_the_planned_end(alpha):
    """The tuning does what it is for: scipy's minimiser finds the smallest multiplier at I = I*."""
    found = minimize_scalar(
        lambda log_fraction: multiplier(math.exp(log_fraction), alpha=alpha), bounds=(-5, 5), method="bounded"
    )

    assert found.x == pytest.approx(0, abs=1e-3)
    assert multiplier(1, alpha=alpha) > critical_z(alpha)


@given(ZS, FRACTIONS, LEVELS)
def test_interval_and_p_value_agree(z, fraction, alpha):
    """The interval excludes no effect exactly when the p-value tuned to its level lies below that level."""
    limit = multiplier(fraction, alpha=alpha)
    assume(abs(abs(z) - limit) > 1e-9)

    assert (abs(z) > limit) == (p_value(z, fraction, alpha_for_tuning=alpha) < alpha)


@given(ZS, st.floats(0, 50), LEVELS)
def test_p_values_are_symmetric_probabilities(z, fraction, alpha):
    """p lies in [0, 1], does not know which arm leads, and falls as |z| grows; it is never below the plain one."""
    p = p_value(z, fraction, alpha_for_tuning=alpha)

    assert 0 <= p <= 1
    assert p == p_value(-z, fraction, alpha_for_tuning=alpha)
    assert p_value(abs(z) + 1, fraction, alpha_for_tuning=alpha) <= p
    assert p >= 2 * norm.sf(abs(z))


@given(st.lists(st.tuples(ZS, FRACTIONS), max_size=8))
def test_the_running_p_value_never_rises(looks):
    """Whatever was seen once stays: each entry is the smallest p so far."""
    zs, fractions = [z for z, _ in looks], [fraction for _, fraction in looks]
    found = running_p(zs, fractions)

    assert list(found) == sorted(found, reverse=True)
    assert all(p == min(map(p_value, zs[: k + 1], fractions[: k + 1])) for k, p in enumerate(found))


def test_without_information_nothing_is_excluded():
    """No information: an infinite critical value and p = 1, whatever z; endless information likewise has no end."""
    assert multiplier(0, alpha=0.05) == math.inf
    assert multiplier(math.inf, alpha=0.05) == math.inf
    assert p_value(9.0, 0) == p_value(math.inf, 0) == 1.0
    assert p_value(math.inf, 0.5) == 0.0


def test_what_is_no_information_is_a_mistake():
    """Negative or undefined information, z or level, and lists of different length, are refused."""
    for fraction in (-0.1, math.nan):
        with pytest.raises(ValueError, match="information fraction cannot be"):
            multiplier(fraction, alpha=0.05)
    for alpha in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="alpha must lie"):
            multiplier(1, alpha=alpha)
    with pytest.raises(ValueError, match="no multiplier"):
        multiplier_at(-1, alpha=0.05)
    with pytest.raises(ValueError, match="not a number"):
        p_value(math.nan, 1)
    with pytest.raises(ValueError, match="2 statistics were given and 1 information"):
        running_p([1.0, 2.0], [0.5])
