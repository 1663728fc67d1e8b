"""Error rates of many looks and many arms: bars S10 and S14.

Boundaries are those of `analysis.looks.Boundary`, and whether an experiment crosses one is read off the repeated
interval of `analysis.delays.per_lead`, as in the rows of `mqlab analyze`.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mqlab.analysis import delays
from mqlab.analysis.looks import Boundary
from mqlab.stats.binary import Counts, z_at_difference
from mqlab.stats.estimate import Estimate
from mqlab.stats.multiplicity import dunnett_alpha
from tests.calibration.mature_rows import ARMS, HORIZON, PLANNED_END_Z, one_stratum

pytestmark = pytest.mark.calibration
Floats = NDArray[np.float64]
Counted = NDArray[np.int64]
WEEKS, PER_WEEK = 26, 140
LEADS = PER_WEEK * np.arange(1, WEEKS + 1)


def simulate(rng: np.random.Generator, runs: int, p_a: float, p_b: float) -> tuple[Counted, Counted]:
    """Outcomes of control and treatment up to each of 26 weekly looks, shape (runs, looks)."""
    x_a, x_b = (np.cumsum(rng.binomial(PER_WEEK, p, (runs, WEEKS)), axis=1) for p in (p_a, p_b))
    return x_a, x_b


def z_scores(x_a: Counted, x_b: Counted) -> Floats:
    """|z| of the score test at each look."""
    leads = LEADS.tolist() * len(x_a)
    flat = zip(x_a.ravel().tolist(), x_b.ravel().tolist(), leads, strict=True)
    z = [z_at_difference(Counts(a, n), Counts(b, n)) for a, b, n in flat]
    return np.abs(np.array(z, dtype=np.float64)).reshape(x_a.shape)


def boundaries(information: NDArray[np.int64], alpha: float) -> Floats:
    """The boundary of each look as an analysis on its day asks for it: from the looks up to it alone."""
    so_far = [tuple(information[: look + 1].tolist()) for look in range(len(information))]
    maximum = float(information[-1])
    return np.array([Boundary(seen, maximum, final=seen[-1] == maximum).z(alpha) for seen in so_far])


def crossings(rng: np.random.Generator, runs: int, p_a: float, p_b: float) -> float:
    """Share of experiments whose repeated interval excludes "no difference" at any of 26 looks.

    Only the look at which an experiment comes closest to its boundary, or goes farthest beyond, is drawn as a row.
    """
    x_a, x_b = simulate(rng, runs, p_a, p_b)
    bounds = boundaries(2 * LEADS, 0.05)
    closest = np.argmax(z_scores(x_a, x_b) / bounds, axis=1)
    crossed = 0
    for run, look in enumerate(closest.tolist()):
        n = int(LEADS[look])
        row = delays.per_lead(one_stratum(int(x_a[run, look]), n, int(x_b[run, look]), n), *ARMS, HORIZON)
        found = row.difference(float(bounds[look]))
        assert isinstance(found, Estimate)
        crossed += not found.interval.contains(0.0)
    return crossed / runs


def test_weekly_looks_keep_their_error_and_power():
    """S10: 26 weekly looks at p = .10: type I .042–.058 over 8,000 null runs, power at +25% at least .88."""
    rng = np.random.default_rng(1_010)

    assert 0.042 <= crossings(rng, 8_000, 0.10, 0.10) <= 0.058
    assert crossings(rng, 6_000, 0.10, 0.125) >= 0.88


def test_the_plain_test_does_not_survive_weekly_looks():
    """The wrong method fails S10: z against 1.96 at every weekly look rejects in 20% and more of the null runs."""
    z = z_scores(*simulate(np.random.default_rng(1_011), 8_000, 0.10, 0.10))

    assert np.mean(np.any(z > PLANNED_END_Z, axis=1)) >= 0.20


@pytest.mark.parametrize("challengers", [2, 3])
def test_several_challengers_and_looks_keep_the_family_error(challengers):
    """S14: Dunnett-level boundaries over 6 looks: family-wise error .048–.053 over 100,000 draws; at .05 each, more."""
    rng = np.random.default_rng(1_400)
    looks = np.arange(1, 7)
    level = dunnett_alpha(0.05, control_units=1, challenger_units=[1] * challengers)
    walks = np.cumsum(rng.standard_normal((100_000, challengers + 1, looks.size)), axis=2)
    z = np.abs(walks[:, 1:] - walks[:, :1]) / np.sqrt(2 * looks)

    def family_error(alpha: float) -> float:
        return float(np.mean(np.any(z > boundaries(looks, alpha), axis=(1, 2))))

    assert 0.048 <= family_error(level) <= 0.053
    assert family_error(0.05) > 0.08
