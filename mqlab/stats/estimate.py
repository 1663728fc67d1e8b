"""An estimate with its interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided interval; a limit is None where the interval is unbounded on that side."""

    low: float | None
    high: float | None

    def contains(self, value: float) -> bool:
        """Whether `value` lies inside, limits included."""
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval. `value` is None only where the ratio itself is infinite (`≥ low`)."""

    value: float | None
    interval: Interval


@dataclass(frozen=True, slots=True)
class NotEstimable:
    """There is no number, and this is why; `reason` is a snake_case code, `detail` a sentence."""

    reason: str
    detail: str = ""


def implied_z(found: Estimate | NotEstimable, bound: float) -> float | None:
    """The statistic that an estimate and its repeated limits imply: beyond `bound` exactly where they exclude 0.

    It is the estimate over the distance to its limit on the side of 0, in units of `bound`; None without either.

    Example:
        >>> round(implied_z(Estimate(0.006, Interval(0.001, 0.012)), 2.5), 6)
        3.0
    """
    if isinstance(found, NotEstimable) or found.value is None:
        return None
    near = found.interval.low if found.value > 0 else found.interval.high
    if near is None or near == found.value:
        return None
    return bound * found.value / abs(found.value - near)
