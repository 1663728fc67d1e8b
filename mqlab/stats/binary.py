"""Two proportions: score intervals of difference and ratio, the N − 1 score test, Wilson; Newcombe as a cross-check.

Sources: Miettinen & Nurminen 1985 (intervals), Campbell 2007 (N − 1 test), Wilson 1927, Newcombe 1998. statsmodels has
the same ratio, Newcombe and Wilson (tests hold them together); its score difference is wrong in 0.15.0, its root search
does not keep an interval and its p-value from contradicting each other, and it takes no arrays.

Everywhere `z` > 0 is the critical value of an interval, 1.96 or the boundary of a look; otherwise ValueError.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mqlab.stats import score_of_pair
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.tails import two_sided_p

NO_UNITS = NotEstimable("no_units", "An arm has no units to count.")


@dataclass(frozen=True, slots=True)
class Counts:
    """`x` of `n` units had the outcome; 0 ≤ x ≤ n, otherwise ValueError."""

    x: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.x <= self.n:
            raise ValueError(f"{self.x} outcomes among {self.n} units cannot be")

    @property
    def rate(self) -> float | NotEstimable:
        """x / n, in [0, 1]."""
        return self.x / self.n if self.n else NO_UNITS

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.x + other.x, self.n + other.n)


def difference(control: Counts, treatment: Counts, *, z: float) -> Estimate | NotEstimable:
    """Treatment rate − control rate with its Miettinen–Nurminen score interval {δ: |z(δ)| ≤ `z`}.

    Example:
        >>> estimate = difference(Counts(12, 500), Counts(21, 500), z=1.959964)
        >>> round(estimate.interval.low, 7), round(estimate.interval.high, 7)
        (-0.0043792, 0.0419307)
    """
    _check_critical(z)
    if not control.n or not treatment.n:
        return NO_UNITS
    low, high = score_of_pair.difference_limits(control.x, control.n, treatment.x, treatment.n, z)
    return Estimate(treatment.x / treatment.n - control.x / control.n, Interval(low, high))


def ratio(control: Counts, treatment: Counts, *, z: float) -> Estimate | NotEstimable:
    """Treatment rate / control rate with its Miettinen–Nurminen score interval.

    Without an outcome in control the ratio has no value and no upper limit ("at least …"); without any outcome at
    all the interval is [0, ∞).

    Example:
        >>> at_least = ratio(Counts(0, 200), Counts(6, 200), z=1.959964)
        >>> at_least.value, round(at_least.interval.low, 7), at_least.interval.high
        (None, 1.5764064, None)
    """
    _check_critical(z)
    if not control.n or not treatment.n:
        return NO_UNITS
    low, high = score_of_pair.ratio_limits(control.x, control.n, treatment.x, treatment.n, z)
    value = treatment.x * control.n / (treatment.n * control.x) if control.x else None
    return Estimate(value, Interval(low, None if math.isinf(high) else high))


def relative_lift(control: Counts, treatment: Counts, *, z: float) -> Estimate | NotEstimable:
    """`ratio` − 1: 0.05 means five percent more; excludes 0 exactly when `difference` does.

    Example:
        >>> round(relative_lift(Counts(12, 500), Counts(21, 500), z=1.959964).value, 3)
        0.75
    """
    found = ratio(control, treatment, z=z)
    return found if isinstance(found, NotEstimable) else minus_one(found)


def minus_one(estimate: Estimate) -> Estimate:
    """A ratio with its interval as a relative change."""
    low, high = estimate.interval.low, estimate.interval.high
    return Estimate(
        None if estimate.value is None else estimate.value - 1,
        Interval(None if low is None else low - 1, None if high is None else high - 1),
    )


def z_at_difference(control: Counts, treatment: Counts, *, null: float = 0.0) -> float | NotEstimable:
    """The score z of "treatment − control = `null`"; non-inferiority tests with `null` = −margin (in points).

    `null` in [−1, 1], otherwise ValueError.
    """
    if not -1.0 <= null <= 1.0:
        raise ValueError(f"two rates cannot differ by {null}")
    if not control.n or not treatment.n:
        return NO_UNITS
    return score_of_pair.z_difference(control.x, control.n, treatment.x, treatment.n, null)


def z_at_ratio(control: Counts, treatment: Counts, *, null: float = 1.0) -> float | NotEstimable:
    """The score z of "treatment / control = `null`"; non-inferiority tests with `null` = 1 − relative margin.

    `null` positive and finite, otherwise ValueError.
    """
    if not 0.0 < null < math.inf:
        raise ValueError(f"the ratio of two rates must be positive and finite, not {null}")
    if not control.n or not treatment.n:
        return NO_UNITS
    return score_of_pair.z_ratio(control.x, control.n, treatment.x, treatment.n, null)


def p_value(control: Counts, treatment: Counts) -> float | NotEstimable:
    """The two-sided p of the N − 1 score test of equal rates; 1 when nobody or everybody has the outcome.

    Example:
        >>> round(p_value(Counts(12, 500), Counts(21, 500)), 7)
        0.1112925
    """
    z = z_at_difference(control, treatment)
    return z if isinstance(z, NotEstimable) else two_sided_p(z)


def wilson(counts: Counts, *, z: float) -> Estimate | NotEstimable:
    """One rate with Wilson's score interval.

    Example:
        >>> interval = wilson(Counts(15, 148), z=1.959964).interval
        >>> round(interval.low, 5), round(interval.high, 5)
        (0.06239, 0.16049)
    """
    _check_critical(z)
    if not counts.n:
        return NO_UNITS
    p, n = counts.x / counts.n, counts.n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if counts.x == 0 else max(0.0, centre - half)
    return Estimate(p, Interval(low, 1.0 if counts.x == n else min(1.0, centre + half)))


def newcombe(control: Counts, treatment: Counts, *, z: float) -> Estimate | NotEstimable:
    """The difference with Newcombe's hybrid (Wilson) interval; a cross-check only, it does not match the p-value."""
    a, b = wilson(control, z=z), wilson(treatment, z=z)
    if isinstance(a, NotEstimable) or isinstance(b, NotEstimable):
        return NO_UNITS
    pa, pb = control.x / control.n, treatment.x / treatment.n
    a_low, a_high = _limits(a)
    b_low, b_high = _limits(b)
    gap = pb - pa
    return Estimate(gap, Interval(gap - math.hypot(pb - b_low, a_high - pa), gap + math.hypot(b_high - pb, pa - a_low)))


def _check_critical(z: float) -> None:
    if not z > 0:
        raise ValueError(f"the critical value of an interval must be positive, not {z}")


def _limits(estimate: Estimate) -> tuple[float, float]:
    low, high = estimate.interval.low, estimate.interval.high
    if low is None or high is None:
        raise ValueError("a rate's interval is bounded")
    return low, high
