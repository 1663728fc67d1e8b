"""One metric compared in two arms by one estimator: everything a row needs, whatever the mathematics behind it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from mqlab.analysis.result_rows import ArmValue
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.means import Contrast

AtZ = Callable[[float], Estimate | NotEstimable]
"""An estimate whose interval is drawn with a critical value: 1.96, or the boundary of a look."""


@dataclass(frozen=True)
class Comparison:
    """Control and treatment side by side; `p_value` is the plain two-sided one, `method` names test and interval.

    `events` are the outcomes of either arm that the comparison rests on, where they are not simply the arms' own.
    """

    control: ArmValue
    treatment: ArmValue
    difference: AtZ
    relative: AtZ
    p_value: float | NotEstimable
    method: str
    note: str = ""
    events: tuple[float, float] | None = None


def without(
    reason: NotEstimable, control: ArmValue, treatment: ArmValue, method: str = "", note: str = ""
) -> Comparison:
    """A comparison that cannot be made, with the reason in every place of a number."""

    def nothing(_: float) -> NotEstimable:
        return reason

    return Comparison(control, treatment, nothing, nothing, reason, method, note)


def of_contrast(
    contrast: Contrast,
    control: ArmValue,
    treatment: ArmValue,
    method: str,
    note: str = "",
    p_value: float | None = None,
) -> Comparison:
    """A comparison of two means: t interval of the difference, Fieller's of the ratio."""
    return Comparison(
        control,
        treatment,
        lambda z: contrast.difference(z=z),
        lambda z: contrast.relative_lift(z=z),
        contrast.p_value() if p_value is None else p_value,
        method,
        note,
    )


def scaled(contrast: Contrast, factor: float) -> Contrast:
    """The same contrast in another unit: minor units as currency units, thousandths as pieces."""
    return Contrast(
        contrast.control * factor,
        contrast.treatment * factor,
        contrast.control_variance * factor**2,
        contrast.treatment_variance * factor**2,
        contrast.covariance * factor**2,
        contrast.df,
    )


NO_VARIATION = NotEstimable("no_variation", "The units do not vary, so there is nothing to estimate from.")


def a_number(p_value: float | NotEstimable) -> float | NotEstimable:
    """The p-value, or why there is none."""
    return NO_VARIATION if isinstance(p_value, float) and math.isnan(p_value) else p_value


def finite(estimate: Estimate | NotEstimable) -> Estimate | NotEstimable:
    """The estimate as it may be printed: an infinite limit is an open side, and what is no number has a reason."""
    if isinstance(estimate, NotEstimable):
        return estimate
    low, high, value = estimate.interval.low, estimate.interval.high, estimate.value
    if any(number is not None and math.isnan(number) for number in (low, high, value)):
        return NO_VARIATION
    return Estimate(
        None if value is None or math.isinf(value) else value,
        Interval(
            None if low is None or math.isinf(low) else low,
            None if high is None or math.isinf(high) else high,
        ),
    )
