"""Units that arrive over time and convert late: how much information there is on a day.

A unit assigned at s is followed at age u by day τ when s ≤ τ − u, ages counting whole days as in statistics.md section
7. The incidence F(h) of `delays` then has the variance of N·IF(τ) units followed to the end, with
IF(τ) = F(h) / Σ_u dF(u) / G_τ(u), G_τ(u) the share of the N units followed to age u (for rare outcomes; Gooley et al.
1999, Lin, Shen, Ying & Breslow 1996 for the variance it comes from). Days are floats counted from the start of
enrolment. Numpy suffices; survival libraries estimate curves and plan nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

SPREAD = 0.8
"""σ of the logarithm of a delay where only its median is known: two thirds lie between 0.45 and 2.2 medians."""


@dataclass(frozen=True, slots=True)
class DelayCurve:
    """`shares[u − 1]`: which share of the outcomes within the horizon of len(shares) days has come by age u."""

    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.shares or abs(self.shares[-1] - 1) > 1e-9:
            raise ValueError("a delay curve ends at 1, on the last day of its horizon")
        if self.shares[0] < 0 or any(after < before for before, after in pairwise(self.shares)):
            raise ValueError("a delay curve rises from 0 to 1")

    @property
    def horizon_days(self) -> int:
        """The last age that counts."""
        return len(self.shares)

    @property
    def median_days(self) -> int:
        """The age by which half of the outcomes within the horizon have come."""
        return 1 + next(age for age, share in enumerate(self.shares) if share >= 0.5)


def lognormal_delays(*, median_days: float, horizon_days: int, spread: float = SPREAD) -> DelayCurve:
    """Delays whose logarithm is normal, cut at the horizon; the median is that of all delays, cut or not.

    Example:
        >>> lognormal_delays(median_days=30, horizon_days=60).median_days
        25
    """
    from scipy.special import ndtr

    if not (0 < median_days < math.inf and 0 < spread < math.inf and horizon_days >= 1):
        raise ValueError("the median, the spread and the horizon of delays must be positive and finite")
    ages = np.arange(1, horizon_days + 1)
    return _normalised(ndtr(np.log(ages / median_days) / spread))


def observed_delays(ages: ArrayLike, *, horizon_days: int) -> DelayCurve:
    """The delays of past outcomes, in days (1: within the first); those beyond the horizon are left out.

    Example:
        >>> observed_delays([1, 2, 2, 4, 90], horizon_days=4).shares
        (0.25, 0.75, 0.75, 1.0)
    """
    delays = np.asarray(ages, dtype=np.float64)
    if not np.isfinite(delays).all():
        raise ValueError("delays must be finite numbers of days")
    days = np.maximum(1, np.ceil(delays)).astype(np.int64)
    inside = days[days <= horizon_days]
    if not inside.size:
        raise ValueError(f"no delay lies within {horizon_days} days")
    return _normalised(np.cumsum(np.bincount(inside, minlength=horizon_days + 1)[1:]).astype(np.float64))


def stated_delays(days: Sequence[float], shares: Sequence[float], *, horizon_days: int) -> DelayCurve:
    """A curve through points (day, share of the outcomes that has come), straight between them, cut at the horizon.

    Example:
        >>> stated_delays([2, 4], [0.5, 1.0], horizon_days=4).shares
        (0.25, 0.5, 0.75, 1.0)
    """
    if horizon_days < 1:
        raise ValueError(f"a horizon has at least one day, not {horizon_days}")
    if len(days) != len(shares) or not days or not min(days) >= 0 or not all(b > a for a, b in pairwise(days)):
        raise ValueError("the days of a delay curve rise from 0 on, each with its share")
    if not min(shares) >= 0 or not all(b >= a for a, b in pairwise(shares)):
        raise ValueError("the shares of a delay curve never fall")
    ages = np.arange(1, horizon_days + 1, dtype=np.float64)
    return _normalised(np.interp(ages, [0.0, *days], [0.0, *shares]))


def _normalised(cumulative: NDArray[np.float64]) -> DelayCurve:
    if not cumulative[-1] > 0:
        raise ValueError("no outcome comes within the horizon")
    shares = np.minimum(cumulative / cumulative[-1], 1.0)
    return DelayCurve((*map(float, shares[:-1]), 1.0))


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Units per day, constant from each of `starts` (days, the first 0) until the next; the last rate goes on."""

    starts: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.starts or len(self.starts) != len(self.rates) or min(self.rates) < 0:
            raise ValueError("arrivals need a start for every rate, and no rate is negative")
        if any(b <= a for a, b in pairwise(self.starts)):
            raise ValueError("the starts of arrivals must rise")

    def by(self, day: ArrayLike) -> NDArray[np.float64]:
        """Units that have arrived by each of `day`; none before the first start.

        Example:
            >>> Arrivals((0.0, 14.0), (10.0, 100.0)).by([7.0, 15.0]).tolist()
            [70.0, 240.0]
        """
        days = np.asarray(day, dtype=np.float64)
        total = np.zeros_like(days)
        for start, end, rate in zip(self.starts, (*self.starts[1:], math.inf), self.rates, strict=True):
            if rate:
                total = total + rate * np.clip(days - start, 0.0, end - start)
        return total

    def day_of(self, units: float) -> float:
        """The day on which so many have arrived; infinite where that many never do.

        Example:
            >>> Arrivals((0.0, 14.0), (10.0, 100.0)).day_of(240)
            15.0
        """
        arrived = 0.0
        for start, end, rate in zip(self.starts, (*self.starts[1:], math.inf), self.rates, strict=True):
            if rate and arrived + rate * (end - start) >= units:
                return start + max(0.0, units - arrived) / rate
            arrived += rate * (end - start) if math.isfinite(end) else 0.0
        return math.inf


def effective_units(
    arrivals: Arrivals, curve: DelayCurve, *, day: float, maximum: float = math.inf, lateness_days: float = 0.0
) -> float:
    """How many fully followed units the incidence at the horizon is worth on `day`: N·IF; 0 before any is mature.

    Arrivals end with the `maximum`-th unit, and the data are complete up to `day` − `lateness_days`.

    Example (statistics.md section 7's design, 6,000 units in 84 days, a horizon of 90):
        >>> slow = lognormal_delays(median_days=45, horizon_days=90, spread=1.0)
        >>> [round(effective_units(Arrivals((0.0,), (6000 / 84,)), slow, day=day, maximum=6000) / 6000, 3)
        ...  for day in (95, 125, 150, 174)]
        [0.48, 0.864, 0.977, 1.0]
    """
    if math.isnan(day):
        raise ValueError("a day must be a number")
    ages = np.arange(1, curve.horizon_days + 1)
    followed = np.minimum(maximum, arrivals.by(day - lateness_days - ages))
    gained = np.diff(np.array([0.0, *curve.shares]))
    needed = gained > 0
    if float(followed[-1]) <= 0:
        return 0.0
    return float(1 / np.sum(gained[needed] / followed[needed]))


def mature_units(
    arrivals: Arrivals, horizon_days: int, *, day: float, maximum: float = math.inf, lateness_days: float = 0.0
) -> float:
    """Units followed for the whole horizon on `day`."""
    if math.isnan(day):
        raise ValueError("a day must be a number")
    return float(np.minimum(maximum, arrivals.by(day - lateness_days - horizon_days)))


def expected_day(chances: ArrayLike, days: ArrayLike) -> float:
    """The mean of `days` with these chances, which sum to 1."""
    return float(np.asarray(chances, dtype=np.float64) @ np.asarray(days, dtype=np.float64))
