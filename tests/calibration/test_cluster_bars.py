"""Coverage when accounts are randomised: bars S5 and S6."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mqlab.stats.clusters import Accounts, compare
from mqlab.stats.means import Contrast
from mqlab.stats.tails import critical_z

pytestmark = pytest.mark.calibration
Z = critical_z(0.05)
RATE, ICC = 0.10, 0.10


def lognormal(rng: np.random.Generator, accounts: int) -> np.ndarray:
    return 1 + np.floor(np.exp(rng.normal(1.2, 1.2, accounts))).astype(int)


def zipf(rng: np.random.Generator, accounts: int) -> np.ndarray:
    return np.minimum(rng.zipf(1.7, accounts), 400)


def arm(rng: np.random.Generator, sizes: np.ndarray) -> Accounts:
    mass = 1 / ICC - 1
    return Accounts.of(sizes, rng.binomial(sizes, rng.beta(RATE * mass, (1 - RATE) * mass, sizes.size)))


def coverage(draw, runs: int, seed: int) -> tuple[float, float, float]:
    """Coverage of CR2 with Bell–McCaffrey df and of the naive binomial interval, and the median df."""
    rng = np.random.default_rng(seed)
    robust = naive = 0
    degrees = []
    for _ in range(runs):
        a, b = arm(rng, draw(rng, 50)), arm(rng, draw(rng, 50))
        found = compare(a, b)
        assert isinstance(found, Contrast)
        robust += found.difference(z=Z).interval.contains(0.0)
        degrees.append(found.df)
        spread = sum(p * (1 - p) / n for p, n in ((found.control, a.leads.sum()), (found.treatment, b.leads.sum())))
        naive += abs(found.treatment - found.control) <= Z * math.sqrt(spread)
    return robust / runs, naive / runs, float(np.median(degrees))


def test_lognormal_accounts():
    """S5: 50 lognormal accounts per arm, ICC .1, 3,000 runs: CR2 with BM df covers .94–.965, naive below .82."""
    robust, naive, _ = coverage(lognormal, 3_000, 550)

    assert 0.94 <= robust <= 0.965
    assert naive < 0.82


def test_zipf_accounts():
    """S6: 50 Zipf(1.7) accounts up to 400 leads: coverage ≥ .915 and a median df below 10 that says so."""
    robust, _, degrees = coverage(zipf, 3_000, 560)

    assert robust >= 0.915
    assert degrees < 10
