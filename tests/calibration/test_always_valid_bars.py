"""Looking every day: bar S11 of the confidence sequence and the label process, bar S16 of the sample-ratio alarm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from mqlab.analysis.live import LabelRow, label_row_of
from mqlab.stats import score
from mqlab.stats.always_valid import FEWEST_OUTCOMES, multiplier
from mqlab.stats.sample_ratio import RunningSampleRatio, running_sample_ratio
from mqlab.stats.tails import critical_z

pytestmark = pytest.mark.calibration
DAYS, PER_DAY = 180, 20
N = PER_DAY * np.arange(1, DAYS + 1)
Counts = NDArray[np.int64]


def outcomes(rng: np.random.Generator, runs: int, rate: float) -> Counts:
    """Outcomes so far of one arm of 20 leads a day, shape (runs, days)."""
    return np.cumsum(rng.binomial(PER_DAY, rate, (runs, DAYS)), axis=1)


def ever(crossed: NDArray[np.bool_]) -> float:
    """The share of runs in which any day crosses."""
    return float(crossed.any(axis=1).mean())


def judged(first: Counts, second: Counts, judge: Callable[[int, int], bool]) -> NDArray[np.bool_]:
    """`judge` of every pair of counts, called once for each pair that occurs."""
    base = int(second.max()) + 1
    pairs, where = np.unique(first * base + second, return_inverse=True)
    found = np.array([judge(*divmod(pair, base)) for pair in pairs.tolist()])
    return found[where.reshape(first.shape)]


def daily_z(rng: np.random.Generator, runs: int, control: float, treatment: float) -> tuple[Counts, NDArray[np.bool_]]:
    """|z| of the score test on each day, and whether that day may be read at all."""
    x_a, x_b = outcomes(rng, runs, control), outcomes(rng, runs, treatment)
    return np.abs(score.z_difference(x_a, N, x_b, N)), np.minimum(x_a, x_b) >= FEWEST_OUTCOMES


def multipliers() -> NDArray[np.float64]:
    """The critical value of each of 180 days, as a reading at that day uses it."""
    return np.array([multiplier(day / DAYS, alpha=0.05) for day in range(1, DAYS + 1)])


@pytest.mark.parametrize("rate", [0.02, 0.10])
def test_the_confidence_sequence_survives_daily_looks(rate):
    """S11: 180 daily looks, 8,000 null runs: at most 3% ever cross; the plain z at each look does in 25% and more."""
    z, readable = daily_z(np.random.default_rng(1_100 + round(100 * rate)), 8_000, rate, rate)

    assert ever((z > multipliers()) & readable) <= 0.03
    assert ever(z > critical_z(0.05)) >= 0.25


def test_the_confidence_sequence_has_its_power():
    """At 10% and +25% it finds .714 of the effects within 180 days (6,000 runs; band of 3.3 standard errors)."""
    z, readable = daily_z(np.random.default_rng(1_130), 6_000, 0.10, 0.125)

    assert ever((z > multipliers()) & readable) == pytest.approx(0.714, abs=0.025)


def test_the_label_process_survives_daily_looks():
    """S11: wins of 2% of the leads, looked at every day, 8,000 null runs: at most 5% ever reach e = 20."""
    rng = np.random.default_rng(1_150)
    x_a, x_b = outcomes(rng, 8_000, 0.02), outcomes(rng, 8_000, 0.02)

    assert ever(judged(x_a, x_b, rejects)) <= 0.05


def test_the_label_process_has_its_power():
    """At 2% and +70% it finds .810 of the effects within 180 days (6,000 runs; band of 3.3 standard errors)."""
    rng = np.random.default_rng(1_160)
    x_a, x_b = outcomes(rng, 6_000, 0.02), outcomes(rng, 6_000, 0.034)

    assert ever(judged(x_a, x_b, rejects)) == pytest.approx(0.81, abs=0.025)


def rejects(control_wins: int, treatment_wins: int) -> bool:
    """Whether the label row of these wins excludes no effect at 5%."""
    row = label_row_of(
        control_wins,
        treatment_wins,
        treatment_share=0.5,
        expected_wins_at_end=0.02 * 2 * float(N[-1]),
        alpha=0.05,
    )
    assert isinstance(row, LabelRow)
    return row.e_value >= 20


def test_the_sample_ratio_alarm_may_be_looked_at_daily():
    """S16: 40 units a day for 180 days, 4,000 runs: a fair split raises it in at most 1.2%, 53/47 in 93% and more.

    χ² at p < .01 looked at as often cries wolf in 8% and more of the fair splits.
    """
    rng = np.random.default_rng(1_600)
    fair, off = (np.cumsum(rng.binomial(2 * PER_DAY, share, (4_000, DAYS)), axis=1) for share in (0.5, 0.53))
    chi = (2 * fair - 2 * N) / np.sqrt(2 * N)

    assert ever(judged(2 * N - fair, fair, alarmed)) <= 0.012
    assert ever(judged(2 * N - off, off, alarmed)) >= 0.93
    assert ever(np.abs(chi) > critical_z(0.01)) >= 0.08


def alarmed(first: int, second: int) -> bool:
    """Whether the alarm of an even split rings."""
    found = running_sample_ratio([first, second], [1, 1])
    assert isinstance(found, RunningSampleRatio)
    return found.alarm
