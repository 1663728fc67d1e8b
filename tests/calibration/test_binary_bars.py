"""Exact coverage and error rates of the score methods, by enumeration: bar S1.

Every outcome of two arms that matters goes through `analysis.delays.per_lead`, as the rows of `mqlab analyze` do; the
figures are those of statistics.md section 17, G2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, hypergeom

from mqlab.analysis import delays
from mqlab.analysis.comparison import Comparison
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from tests.calibration.mature_rows import ARMS, HORIZON, PLANNED_END_Z, one_stratum

pytestmark = pytest.mark.calibration
Floats = NDArray[np.float64]
Design = tuple[int, int, float, float]
NEGLIGIBLE = 1e-12


def grid(design: Design) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Outcomes in control (down) and treatment (across) with their probability; the rest weighs next to nothing."""
    axes, kept = [], 1.0
    for n, p in zip(design[:2], design[2:], strict=True):
        x = np.arange(int(binom.ppf(NEGLIGIBLE / 10, n, p)), int(binom.isf(NEGLIGIBLE / 10, n, p)) + 1)
        kept -= float(binom.cdf(x[0] - 1, n, p) + binom.sf(x[-1], n, p))
        axes.append((x, binom.pmf(x, n, p)))
    assert 1 - kept < NEGLIGIBLE
    (x_a, w_a), (x_b, w_b) = axes
    return x_a[:, None], x_b[None, :], w_a[:, None] * w_b[None, :]


def comparisons(design: Design) -> Iterator[tuple[float, Comparison]]:
    """Each outcome's probability, and what an analysis makes of it."""
    n_a, n_b = design[:2]
    for a, b, weight in np.nditer([*grid(design)]):
        yield float(weight), delays.per_lead(one_stratum(int(a), n_a, int(b), n_b), *ARMS, HORIZON)


def limits(found: Estimate | NotEstimable) -> Interval:
    assert isinstance(found, Estimate)
    return found.interval


def misses(interval: Interval, truth: float) -> tuple[bool, bool]:
    """Whether the truth lies below the interval, and whether it lies above it."""
    return interval.low is not None and truth < interval.low, interval.high is not None and truth > interval.high


@pytest.mark.parametrize(
    ("design", "difference", "sides", "ratio"),
    [
        pytest.param((200, 200, 0.05, 0.05), 0.95187, (0.02406, 0.02406), None, id="200 v 200"),
        pytest.param((1000, 1000, 0.02, 0.026), 0.95013, None, 0.95077, id="1000 v 1000"),
        pytest.param((500, 500, 0.01, 0.02), 0.95129, None, 0.95301, id="500 v 500"),
        pytest.param((1800, 200, 0.02, 0.04), 0.95183, (0.03288, 0.01529), None, id="1800 v 200"),
        pytest.param((5000, 5000, 0.005, 0.005), 0.95123, None, None, id="5000 v 5000"),
    ],
)
def test_exact_coverage(design, difference, sides, ratio):
    """Difference and relative change cover as often as enumeration says, to five decimals; misses below and above."""
    gap, lift = design[3] - design[2], design[3] / design[2] - 1
    missed, missed_lift = np.zeros(2), np.zeros(2)
    for weight, comparison in comparisons(design):
        missed += weight * np.array(misses(limits(comparison.difference(PLANNED_END_Z)), gap))
        if ratio:
            missed_lift += weight * np.array(misses(limits(comparison.relative(PLANNED_END_Z)), lift))

    assert round(1 - missed.sum(), 5) == difference
    if sides:
        assert missed.round(5).tolist() == [*sides]
    if ratio:
        assert round(1 - missed_lift.sum(), 5) == ratio


def rejected(design: Design) -> float:
    """The chance that the p-value of an analysis with one look falls below 5%."""
    chance = 0.0
    for weight, comparison in comparisons(design):
        assert isinstance(comparison.p_value, float)
        chance += weight * (comparison.p_value < 0.05)
    return chance


def test_exact_type_one_error_against_the_usual_tests():
    """At 2% and 1,000 v 1,000 the N − 1 score test errs .04994; Pearson errs .05151 and doubled Fisher .0336."""
    design = (1000, 1000, 0.02, 0.02)
    x_a, x_b, weight = grid(design)
    pooled = (x_a + x_b) / 2000
    pearson = np.abs(x_b - x_a) / 1000 > PLANNED_END_Z * np.sqrt(pooled * (1 - pooled) * 2 / 1000)
    lower = hypergeom.cdf(x_b, 2000, x_a + x_b, 1000)
    upper = hypergeom.sf(x_b - 1, 2000, x_a + x_b, 1000)
    fisher = 2 * np.minimum(lower, upper) < 0.05

    assert round(rejected(design), 5) == 0.04994
    assert round(float(weight[pearson].sum()), 5) == 0.05151
    assert round(float(weight[fisher].sum()), 4) == 0.0336


def test_exact_type_one_error_of_unequal_arms():
    """At 1800 v 200 and 2% the score test errs .0470 where Wald's errs .09159."""
    design = (1800, 200, 0.02, 0.02)
    x_a, x_b, weight = grid(design)
    p_a, p_b = x_a / 1800, x_b / 200
    wald = np.abs(p_b - p_a) > PLANNED_END_Z * np.sqrt(p_a * (1 - p_a) / 1800 + p_b * (1 - p_b) / 200)

    assert round(rejected(design), 4) == 0.0470
    assert round(float(weight[wald].sum()), 5) == 0.09159
