"""Where to put a score's threshold: bands, the isotonic curve, the frontier of volume against precision, and a choice
that is made on one half of the leads and reported on the other.

Only a lead that was handed over shows what handing over brings. What was never handed over is said so, and a rate
among handed-over leads overstates what the hand-over itself brought (some would have become SQL anyway): the `leak`.
What comes out is a proposal for an experiment, never a result.

Sources: Wilson 1927 and Bonferroni (bands that hold at all thresholds at once), Ayer et al. 1955 (PAVA, which is
`scipy.optimize.isotonic_regression`). A threshold read off the isotonic curve is the one with the largest value in the
sample it was fitted to: that is why its value in that sample is too good, and why there is a second half.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.tails import critical_z

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEVER_HANDED_OVER = NotEstimable(
    "never_handed_over", "No lead with such a score was handed over, so none had a chance."
)
NEVER_WORTH_IT = NotEstimable("never_worth_it", "At no score does a hand-over bring more than it costs.")
NO_LEADS = NotEstimable("no_units", "There are no leads to choose from.")


@dataclass(frozen=True, eq=False)
class Scores:
    """Leads by distinct score, ascending: all, those handed over, and of these those that became SQL.

    ValueError where scores do not rise, or unless 0 ≤ sqls ≤ handed ≤ leads.
    """

    score: Floats
    leads: Counts
    handed: Counts
    sqls: Counts

    def __post_init__(self) -> None:
        if not np.isfinite(self.score).all() or (np.diff(self.score) <= 0).any():
            raise ValueError("scores must be finite numbers in ascending order")
        if (self.sqls < 0).any() or (self.sqls > self.handed).any() or (self.handed > self.leads).any():
            raise ValueError("hand-overs must be leads, and SQLs hand-overs")

    @classmethod
    def of(cls, score: npt.ArrayLike, handed: npt.ArrayLike, sql: npt.ArrayLike) -> Scores:
        """Of one entry per lead: its score, whether it was handed over, whether it became SQL.

        An SQL that was not handed over is no outcome of a hand-over and is not counted.

        Example:
            >>> scores = Scores.of([50, 70, 50, 90], [True, True, False, True], [False, True, True, True])
            >>> scores.score.tolist(), scores.leads.tolist(), scores.handed.tolist(), scores.sqls.tolist()
            ([50.0, 70.0, 90.0], [2, 1, 1], [1, 1, 1], [0, 1, 1])
        """
        yes, won = np.asarray(handed, dtype=bool), np.asarray(sql, dtype=bool)
        values, place = np.unique(np.asarray(score, dtype=np.float64), return_inverse=True)
        count = [np.bincount(place[chosen], minlength=values.size) for chosen in (slice(None), yes, yes & won)]
        return cls(values, *(each.astype(np.int64) for each in count))


@dataclass(frozen=True, slots=True)
class Band:
    """Leads with a score in [low, high]; `rate` is SQLs per hand-over, with Wilson's interval."""

    low: float
    high: float
    leads: int
    handed: int
    sqls: int
    rate: Estimate | NotEstimable


def bands(
    scores: Scores, *, z: float, least: int = 100, most: int = 20, in_force: float | None = None
) -> tuple[Band, ...]:
    """Neighbouring scores merged from below until a band has `least` leads and there are no more than `most` bands.

    A band never spans the threshold `in_force`: below it leads were not handed over as above it.

    Example:
        >>> table = bands(Scores.of([1, 2, 3, 4], [0, 0, 1, 1], [0, 0, 0, 1]), z=1.96, least=2, in_force=3)
        >>> [(band.low, band.high, band.handed, band.sqls) for band in table]
        [(1.0, 2.0, 0, 0), (3.0, 4.0, 2, 1)]
    """
    total = int(scores.leads.sum())
    enough = max(least, math.ceil(total / most))
    cut = scores.score.size if in_force is None else int(np.searchsorted(scores.score, in_force))
    edges = [*_merged(scores.leads[:cut], enough), *(cut + np.array(_merged(scores.leads[cut:], enough), dtype=int))]
    found = []
    for begin, end in pairwise([*edges, scores.score.size]):
        leads, handed, sqls = (int(count[begin:end].sum()) for count in (scores.leads, scores.handed, scores.sqls))
        low, high = float(scores.score[begin]), float(scores.score[end - 1])
        rate = _rate(sqls / handed, handed, z) if handed else NEVER_HANDED_OVER
        found.append(Band(low, high, leads, handed, sqls, rate))
    return tuple(found)


def _merged(leads: Counts, enough: int) -> list[int]:
    """Where bands begin; what is left over at the top joins the last one."""
    begins, inside, left = [0] if leads.size else [], 0, int(leads.sum())
    for place, count in enumerate(leads.tolist()):
        if inside >= enough and left >= enough:
            begins.append(place)
            inside = 0
        inside += count
        left -= count
    return begins


def _rate(rate: float, n: float, z: float) -> Estimate:
    """Wilson's interval of a rate that `n` leads, or as much information as `n` leads have, gave."""
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    low = 0.0 if rate <= 0 else max(0.0, centre - half)
    return Estimate(rate, Interval(low, 1.0 if rate >= 1 else min(1.0, centre + half)))


@dataclass(frozen=True, eq=False)
class Curve:
    """SQLs per hand-over as a non-decreasing step function of the score, at the scores that were handed over."""

    score: Floats
    rate: Floats


def curve(scores: Scores) -> Curve | NotEstimable:
    """The isotonic least-squares curve (PAVA), each score weighted by its hand-overs.

    Example:
        >>> fitted = curve(Scores.of([1, 1, 2, 2, 3, 3], [1] * 6, [0, 1, 0, 0, 1, 1]))
        >>> fitted.rate.tolist()
        [0.25, 0.25, 1.0]
    """
    from scipy.optimize import isotonic_regression

    chosen = scores.handed > 0
    if not chosen.any():
        return NEVER_HANDED_OVER
    handed = scores.handed[chosen].astype(np.float64)
    fitted = isotonic_regression(scores.sqls[chosen] / handed, weights=handed)
    return Curve(scores.score[chosen], np.asarray(fitted.x))


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold would hand over: `volume` leads of the table, the share that becomes SQL, and how many do."""

    threshold: float
    volume: int
    precision: Estimate | NotEstimable
    sqls: Estimate | NotEstimable


def frontier(table: Sequence[Band], *, alpha: float) -> tuple[Point, ...]:
    """Volume, precision and SQLs of a threshold at the foot of each band, with limits that hold at all of them at once.

    Bands count by all their leads: one of which only an explored share was handed over stands for the rest of it. A
    threshold below a band that was never handed over has no precision. `alpha` is divided by the thresholds that have
    one (Bonferroni).
    """
    estimable = 0
    for band in reversed(table):
        if not band.handed:
            break
        estimable += 1
    z = critical_z(alpha / max(1, estimable))
    found = []
    for place, band in enumerate(table):
        above = table[place:]
        volume = sum(one.leads for one in above)
        if len(above) > estimable:
            found.append(Point(band.low, volume, NEVER_HANDED_OVER, NEVER_HANDED_OVER))
            continue
        precision = _precision(above, volume, z)
        low, high = precision.interval.low or 0.0, precision.interval.high or 0.0
        expected = (precision.value or 0.0) * volume
        found.append(Point(band.low, volume, precision, Estimate(expected, Interval(low * volume, high * volume))))
    return tuple(found)


def _precision(above: Sequence[Band], volume: int, z: float) -> Estimate:
    rate = sum(band.leads * band.sqls / band.handed for band in above) / volume
    if all(band.handed == band.leads for band in above):
        return _rate(rate, volume, z)
    variance = 0.0
    for band in above:
        # one success and one failure more: a few hand-overs without an SQL are not certain to bring none
        smoothed = (band.sqls + 1) / (band.handed + 2)
        variance += (band.leads / volume) ** 2 * smoothed * (1 - smoothed) / band.handed
    smoothed = min(max(rate, 1 / (volume + 2)), 1 - 1 / (volume + 2))
    return _rate(rate, min(float(volume), smoothed * (1 - smoothed) / variance), z)


@dataclass(frozen=True, slots=True)
class Worth:
    """What an SQL is worth and what a hand-over costs, in one currency; `leak`: SQLs per lead without a hand-over.

    With a leak of 0 the raw rate counts as if handing over had brought all of it, which overstates it.
    """

    per_sql: float
    per_handover: float
    leak: float = 0.0

    def __post_init__(self) -> None:
        if not (self.per_sql > 0 and self.per_handover >= 0 and 0 <= self.leak < 1):
            raise ValueError("an SQL must be worth something, a hand-over cost 0 or more, and the leak lie in [0, 1)")


def choose_threshold(fitted: Curve, worth: Worth) -> float | NotEstimable:
    """The smallest score at which (rate − leak) · value of an SQL exceeds the cost of a hand-over.

    Example:
        >>> choose_threshold(Curve(np.array([40.0, 60.0, 80.0]), np.array([0.05, 0.2, 0.4])), Worth(1_000, 150))
        60.0
    """
    worthwhile = (fitted.rate - worth.leak) * worth.per_sql > worth.per_handover
    return float(fitted.score[int(np.argmax(worthwhile))]) if worthwhile.any() else NEVER_WORTH_IT


def value_per_lead(scores: Scores, threshold: float, worth: Worth, *, z: float) -> Estimate | NotEstimable:
    """Value minus cost of handing over from `threshold` on, per lead that was handed over at any score, with limits.

    A lead below the threshold brings 0, one above it (sql − leak) · value − cost.
    """
    n = int(scores.handed.sum())
    if not n:
        return NEVER_HANDED_OVER
    above = scores.score >= threshold
    handed, sqls = int(scores.handed[above].sum()), int(scores.sqls[above].sum())
    lost = worth.leak * worth.per_sql + worth.per_handover
    gained = worth.per_sql - lost
    mean = (sqls * gained - (handed - sqls) * lost) / n
    squares = (sqls * gained**2 + (handed - sqls) * lost**2) / n
    error = math.sqrt(max(0.0, squares - mean**2) / n)
    return Estimate(mean, Interval(mean - z * error, mean + z * error))


@dataclass(frozen=True, slots=True)
class SplitHalf:
    """A threshold chosen on one half of the leads, its value per handed-over lead there, and on the other half.

    `held_out` is unbiased; `in_sample` is not, and `optimism` says by how much it is larger (0.13: 13%).
    """

    threshold: float
    in_sample: float
    held_out: Estimate
    optimism: float | NotEstimable


def split_half(
    score: npt.ArrayLike,
    handed: npt.ArrayLike,
    sql: npt.ArrayLike,
    choosing: npt.ArrayLike,
    worth: Worth,
    *,
    z: float,
) -> SplitHalf | NotEstimable:
    """Chooses on the leads where `choosing` is true (half of them, by a hash of the lead) and reports on the others.

    One entry per lead in each array. No hand-over in a half, or a threshold nowhere, is a reason.
    """
    mask: Mask = np.asarray(choosing, dtype=bool)
    columns = [np.asarray(column) for column in (score, handed, sql)]
    if any(column.shape != mask.shape for column in columns):
        raise ValueError("there must be one score, hand-over, outcome and half for every lead")
    if not mask.any() or mask.all():
        return NO_LEADS
    one, other = (Scores.of(*(column[half] for column in columns)) for half in (mask, ~mask))
    fitted = curve(one)
    if isinstance(fitted, NotEstimable):
        return fitted
    threshold = choose_threshold(fitted, worth)
    if isinstance(threshold, NotEstimable):
        return threshold
    inside, outside = (value_per_lead(half, threshold, worth, z=z) for half in (one, other))
    if isinstance(inside, NotEstimable) or isinstance(outside, NotEstimable):
        return NEVER_HANDED_OVER
    in_sample, held_out = inside.value or 0.0, outside.value or 0.0
    optimism = in_sample / held_out - 1 if held_out > 0 else NO_HELD_OUT_VALUE
    return SplitHalf(threshold, in_sample, outside, optimism)


NO_HELD_OUT_VALUE = NotEstimable("no_held_out_value", "On the other half the threshold brings nothing or less.")
