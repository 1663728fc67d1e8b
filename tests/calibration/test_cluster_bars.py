"""Coverage when accounts are randomised: bars S5 and S6, through the comparison that the analysis makes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mqlab.analysis.accounts import Measure, contrast_of, per_lead
from mqlab.stats.clusters import Accounts, compare
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.tails import critical_z
from mqlab.warehouse.sufficient import UnitRow

pytestmark = pytest.mark.calibration
Z = critical_z(0.05)
RATE, ICC = 0.10, 0.10
RUNS = 3_000


def lognormal(rng: np.random.Generator, accounts: int) -> np.ndarray:
    return 1 + np.floor(np.exp(rng.normal(1.2, 1.2, accounts))).astype(int)


def zipf(rng: np.random.Generator, accounts: int) -> np.ndarray:
    return np.minimum(rng.zipf(1.7, accounts), 400)


def arm(rng: np.random.Generator, name: str, sizes: np.ndarray) -> list[UnitRow]:
    """One arm's accounts as the engine returns them."""
    mass = 1 / ICC - 1
    sqls = rng.binomial(sizes, rng.beta(RATE * mass, (1 - RATE) * mass, sizes.size))
    return [
        UnitRow(1, name, str(number), "none", None, n, n, 0, {"sql": x}, {}, 0, 0, 0, 0)
        for number, (n, x) in enumerate(zip(sizes.tolist(), sqls.tolist(), strict=True))
    ]


sql: Measure = lambda row: row.x["sql"]  # noqa: E731


def coverage(draw, runs: int, seed: int) -> tuple[float, float, float]:
    """Coverage of the analysis's interval and of the naive binomial one, and the median degrees of freedom."""
    rng = np.random.default_rng(seed)
    robust = naive = 0
    degrees = []
    for _ in range(runs):
        rows = [*arm(rng, "a", draw(rng, 50)), *arm(rng, "b", draw(rng, 50))]
        found = per_lead(rows, "a", "b", sql)
        difference = found.difference(Z)
        assert isinstance(difference, Estimate)
        robust += difference.interval.contains(0.0)
        contrast = contrast_of(rows, "a", "b", sql)
        assert not isinstance(contrast, NotEstimable)
        degrees.append(contrast.df)
        spread = sum(side.value * (1 - side.value) / side.mature_units for side in (found.control, found.treatment))
        naive += abs(found.treatment.value - found.control.value) <= Z * math.sqrt(spread)
    return robust / runs, naive / runs, float(np.median(degrees))


def test_lognormal_accounts():
    """S5: 50 lognormal accounts per arm, ICC .1, 3,000 runs: CR2 with BM df covers .94–.965, naive below .82."""
    robust, naive, _ = coverage(lognormal, RUNS, 550)

    assert 0.94 <= robust <= 0.965
    assert naive < 0.82


def test_zipf_accounts():
    """S6: 50 Zipf(1.7) accounts up to 400 leads: coverage ≥ .915 and a median df below 10 that says so."""
    robust, _, degrees = coverage(zipf, RUNS, 560)

    assert robust >= 0.915
    assert degrees < 10


def test_the_rows_of_the_analysis_are_the_accounts_of_the_mathematics():
    """What `per_lead` makes of rows is what `clusters.compare` makes of their counts, so the bars are about both."""
    rng = np.random.default_rng(570)
    rows = {name: arm(rng, name, lognormal(rng, 50)) for name in ("a", "b")}
    a, b = (Accounts.of([row.mature for row in side], [row.x["sql"] for row in side]) for side in rows.values())
    direct = compare(a, b)
    found = per_lead([*rows["a"], *rows["b"]], "a", "b", sql)

    assert not isinstance(direct, NotEstimable)
    assert found.difference(Z) == direct.difference(z=Z)
    assert found.p_value == direct.p_value()
