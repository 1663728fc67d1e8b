"""Error rates of many looks and many arms: bars S10 and S14."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mqlab.stats import score
from mqlab.stats.multiplicity import dunnett_alpha
from mqlab.stats.sequential import boundaries
from mqlab.stats.tails import critical_z

pytestmark = pytest.mark.calibration
WEEKS, PER_WEEK = 26, 140


def scores(rng: np.random.Generator, runs: int, p_a: float, p_b: float) -> NDArray[np.float64]:
    """|z| of the score test at each of 26 weekly looks, shape (runs, looks)."""
    x_a, x_b = (np.cumsum(rng.binomial(PER_WEEK, p, (runs, WEEKS)), axis=1) for p in (p_a, p_b))
    n = PER_WEEK * np.arange(1, WEEKS + 1)
    return np.abs(score.z_difference(x_a, n, x_b, n))


def weekly_bounds() -> NDArray[np.float64]:
    """The boundary of each look as an analysis on its day asks for it: from the looks up to it alone."""
    leads = [2 * PER_WEEK * week for week in range(1, WEEKS + 1)]
    plan = {"maximum": leads[-1], "alpha": 0.05}
    return np.array([boundaries(leads[:week], last=week == WEEKS, **plan)[-1] for week in range(1, WEEKS + 1)])


def crossings(rng: np.random.Generator, runs: int, p_a: float, p_b: float) -> float:
    """Share of experiments whose score z passes the weekly boundary at any of 26 looks."""
    return float(np.mean(np.any(scores(rng, runs, p_a, p_b) > weekly_bounds(), axis=1)))


def test_weekly_looks_keep_their_error_and_power():
    """S10: 26 weekly looks at p = .10: type I .042–.058 over 8,000 null runs, power at +25% at least .88."""
    rng = np.random.default_rng(1_010)

    assert 0.042 <= crossings(rng, 8_000, 0.10, 0.10) <= 0.058
    assert crossings(rng, 6_000, 0.10, 0.125) >= 0.88


def test_the_plain_test_does_not_survive_weekly_looks():
    """The wrong method fails S10: z against 1.96 at every weekly look rejects in 20% and more of the null runs."""
    z = scores(np.random.default_rng(1_011), 8_000, 0.10, 0.10)

    assert np.mean(np.any(z > critical_z(0.05), axis=1)) >= 0.20


@pytest.mark.parametrize("challengers", [2, 3])
def test_several_challengers_and_looks_keep_the_family_error(challengers):
    """S14: Dunnett-level boundaries over 6 looks: family-wise error .048–.053 over 100,000 draws."""
    rng = np.random.default_rng(1_400)
    looks = 6
    level = dunnett_alpha(0.05, control_units=1, challenger_units=[1] * challengers)
    bounds = np.array(boundaries(range(1, looks + 1), maximum=looks, alpha=level))
    walks = np.cumsum(rng.standard_normal((100_000, challengers + 1, looks)), axis=2)
    z = (walks[:, 1:] - walks[:, :1]) / np.sqrt(2 * np.arange(1, looks + 1))

    assert 0.048 <= np.mean(np.any(np.abs(z) > bounds, axis=(1, 2))) <= 0.053
