"""From the leads on which two definitions disagree to all assigned leads: Δ = π·δ with limits, π being estimated too.

δ has score limits and π, the share of those leads, Wilson's. Where π's part of the variance of Δ̂, (1 − π)/(πN)·δ̂² of
the whole, is negligible, the limits are δ's times π. A large δ makes it more than that: of MQLs themselves, or of SQLs
that nobody becomes without a hand-over, δ may be the whole of a rate, and π × its limits would cover a true Δ in 18 of
100 experiments instead of 95. There the limits are those at which the recovered variances of both add up: Δ₀ = π·δ₀
with (δ̂ − δ₀)² = (δ̂ − L)² + k²δ₀² for δ's limit L and k, how far π's limit lies from π as a share of itself. At no
effect π tells nothing, so that limits exclude 0 exactly where δ's do.

Source: Newcombe 2016, "MOVER-R confidence intervals for ratios and products of two independently estimated
quantities", with the limit of π chosen by the sign of the limit, as a product needs it where δ's limits differ in sign.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mqlab.stats.estimate import Estimate, Interval

NEGLIGIBLE = 0.02
"""The part of the variance that is none: it moves limits by 1% of their width, and coverage from .950 to .948."""


@dataclass(frozen=True, slots=True)
class Share:
    """`value` = π in [0, 1], of `units` ≥ 1 leads that tell of it (effective ones where some are still followed)."""

    value: float
    units: float

    def __post_init__(self) -> None:
        if not (0 <= self.value <= 1 and 1 <= self.units < math.inf):
            raise ValueError(f"{self.value} cannot be the share of {self.units} leads")

    @property
    def relative_variance(self) -> float:
        """(1 − π)/(πN): the variance of π̂ as a share of π²; 0 where no lead is of that share."""
        return (1 - self.value) / (self.value * self.units) if self.value else 0.0


def diluted(inside: Estimate, within: float, share: Share, *, z: float) -> Estimate:
    """π·δ̂ from the estimate of δ with its limits at `z`; `within` is the variance of δ̂. Limits lie in [−1, 1].

    ValueError: a variance that is negative or not finite.

    Example (10 of 100 leads differ, and all of those become MQLs under one definition only):
        >>> found = diluted(Estimate(1.0, Interval(0.7, 1.0)), 0.0, Share(0.1, 100.0), z=1.959964)
        >>> found.value, round(found.interval.low, 4), round(found.interval.high, 4)
        (0.1, 0.0497, 0.1744)
    """
    if not 0 <= within < math.inf:
        raise ValueError(f"a variance cannot be {within}")
    value, low, high = inside.value or 0.0, inside.interval.low, inside.interval.high
    pi, shared = share.value, value**2 * share.relative_variance
    if shared > NEGLIGIBLE * (within + shared):
        low = None if low is None else _limit(value, low, share, z)
        high = None if high is None else -_limit(-value, -high, share, z)
    return Estimate(
        pi * value,
        Interval(None if low is None else max(-1.0, pi * low), None if high is None else min(1.0, pi * high)),
    )


def _limit(value: float, low: float, share: Share, z: float) -> float:
    """The lower limit δ₀ for a lower limit `low` of δ."""
    below, above = _wilson(share, z)
    k = share.value / below - 1 if low > 0 else 1 - share.value / above
    inner = low * (2 * value - low)
    root = math.sqrt(max(0.0, value**2 - (1 - k**2) * inner))
    return inner / (value + root) if value > 0 else (value - root) / (1 - k**2)


def _wilson(share: Share, z: float) -> tuple[float, float]:
    pi, n = share.value, share.units
    middle, half = pi + z**2 / (2 * n), z * math.sqrt(pi * (1 - pi) / n + (z / (2 * n)) ** 2)
    return (middle - half) / (1 + z**2 / n), min(1.0, (middle + half) / (1 + z**2 / n))


def widened(value: float, inside: Interval, other: float, *, z: float) -> Interval:
    """Limits of a relative lift `value`, from those of δ's own uncertainty and `other`, the rest of log(1 + lift)'s.

    `other` is a variance; distances from the estimate are added in squares on the log scale (Zou & Donner 2008).
    ValueError: a lift of −1 or less, or a variance that is negative or not finite.

    Example:
        >>> found = widened(0.2, Interval(0.1, 0.3), 0.0004, z=1.959964)
        >>> round(found.low, 4), round(found.high, 4)
        (0.0908, 0.3119)
    """
    if not (-1 < value < math.inf and 0 <= other < math.inf):
        raise ValueError(f"no limits of a lift of {value} with a variance of {other}")
    middle = math.log1p(value)

    def limit(at: float, sign: int) -> float:
        distance = middle - math.log1p(at)
        return math.expm1(middle + sign * math.sqrt(distance**2 + z**2 * other))

    low, high = inside.low, inside.high
    return Interval(
        None if low is None else -1.0 if low <= -1 else limit(low, -1), None if high is None else limit(high, 1)
    )
