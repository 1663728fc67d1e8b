"""Exact coverage and error rates of the score methods, by enumeration: bar S1."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from mqlab.stats import score
from mqlab.stats.tails import critical_z

pytestmark = pytest.mark.calibration
Z = critical_z(0.05)


def outcomes(n: int, p: float) -> tuple[np.ndarray, np.ndarray]:
    """All counts that matter and their probabilities; what is left out weighs less than 1e−13."""
    x = np.arange(int(binom.ppf(1e-14, n, p)), int(binom.isf(1e-14, n, p)) + 1)
    return x, binom.pmf(x, n, p)


def grid(n_a, n_b, p_a, p_b):
    (x_a, w_a), (x_b, w_b) = outcomes(n_a, p_a), outcomes(n_b, p_b)
    return x_a[:, None], x_b[None, :], w_a[:, None] * w_b[None, :]


@pytest.mark.parametrize(
    ("design", "coverage", "misses"),
    [
        pytest.param((200, 200, 0.05, 0.05), 0.95187, (0.02406, 0.02406), id="200 v 200"),
        pytest.param((1000, 1000, 0.02, 0.026), 0.95013, None, id="1000 v 1000"),
        pytest.param((500, 500, 0.01, 0.02), 0.95129, None, id="500 v 500"),
        pytest.param((1800, 200, 0.02, 0.04), 0.95183, (0.03288, 0.01529), id="1800 v 200"),
        pytest.param((5000, 5000, 0.005, 0.005), 0.95123, None, id="5000 v 5000"),
    ],
)
def test_exact_coverage_of_the_difference(design, coverage, misses):
    """The score interval of the difference covers the truth as often as enumeration says, to five decimals."""
    n_a, n_b, p_a, p_b = design
    x_a, x_b, weight = grid(*design)
    z = score.z_difference(x_a, n_a, x_b, n_b, p_b - p_a)

    assert round(float(weight[np.abs(z) <= Z].sum()), 5) == coverage
    if misses:
        # the truth lies below the interval where z > z_α, above it where z < −z_α
        sides = [round(float(weight[side].sum()), 5) for side in (z > Z, z < -Z)]
        assert sides in ([*misses], [*misses[::-1]])


@pytest.mark.parametrize(
    ("design", "coverage"), [((1000, 1000, 0.02, 0.026), 0.95077), ((500, 500, 0.01, 0.02), 0.95301)]
)
def test_exact_coverage_of_the_ratio(design, coverage):
    """The score interval of the ratio covers the truth as often as enumeration says, to five decimals."""
    n_a, n_b, p_a, p_b = design
    x_a, x_b, weight = grid(*design)

    z = score.z_ratio(x_a, n_a, x_b, n_b, p_b / p_a)
    assert round(float(weight[np.abs(z) <= Z].sum()), 5) == coverage


def test_exact_type_one_error_against_the_usual_tests():
    """At 2% and 1,000 v 1,000 the N − 1 score test errs .04994, Pearson .05151 and doubled Fisher .0336."""
    x_a, x_b, weight = grid(1000, 1000, 0.02, 0.02)
    z = np.abs(score.z_difference(x_a, 1000, x_b, 1000))
    lower = hypergeom.cdf(x_b, 2000, x_a + x_b, 1000)
    upper = hypergeom.sf(x_b - 1, 2000, x_a + x_b, 1000)

    assert round(float(weight[z > Z].sum()), 5) == 0.04994
    assert round(float(weight[z * np.sqrt(2000 / 1999) > Z].sum()), 5) == 0.05151
    assert round(float(weight[2 * np.minimum(lower, upper) < 0.05].sum()), 4) == 0.0336


def test_exact_type_one_error_of_unequal_arms():
    """At 1800 v 200 and 2% the score test errs .0470 where Wald's errs .09159."""
    x_a, x_b, weight = grid(1800, 200, 0.02, 0.02)
    z = score.z_difference(x_a, 1800, x_b, 200)
    p_a, p_b = x_a / 1800, x_b / 200
    spread = np.sqrt(p_a * (1 - p_a) / 1800 + p_b * (1 - p_b) / 200)
    wald = np.abs(p_b - p_a) > Z * spread

    assert round(float(weight[np.abs(z) > Z].sum()), 4) == 0.0470
    assert round(float(weight[wald].sum()), 5) == 0.09159
