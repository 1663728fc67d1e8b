"""Error rates of many looks and many arms: bars S10 and S14."""

from __future__ import annotations

import numpy as np
import pytest

from mqlab.stats import score
from mqlab.stats.multiplicity import dunnett_alpha
from mqlab.stats.sequential import boundaries

pytestmark = pytest.mark.calibration
WEEKS, PER_WEEK = 26, 140


def crossings(rng: np.random.Generator, runs: int, p_a: float, p_b: float) -> float:
    """Share of experiments whose score z passes the weekly boundary at any of 26 looks."""
    x_a, x_b = (np.cumsum(rng.binomial(PER_WEEK, p, (runs, WEEKS)), axis=1) for p in (p_a, p_b))
    n = PER_WEEK * np.arange(1, WEEKS + 1)
    bounds = np.array(boundaries(2 * n, maximum=float(2 * n[-1]), alpha=0.05))
    return float(np.mean(np.any(np.abs(score.z_difference(x_a, n, x_b, n)) > bounds, axis=1)))


def test_weekly_looks_keep_their_error_and_power():
    """S10: 26 weekly looks at p = .10: type I .042–.058 over 8,000 null runs, power at +25% at least .88."""
    rng = np.random.default_rng(1_010)

    assert 0.042 <= crossings(rng, 8_000, 0.10, 0.10) <= 0.058
    assert crossings(rng, 6_000, 0.10, 0.125) >= 0.88


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
