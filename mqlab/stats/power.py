"""How many units a comparison of two proportions needs, and what a given number of units can see.

Sources: Fleiss, Levin & Paik 2003 ch. 4 (superiority, two variances), Farrington & Manning 1990 (relative
non-inferiority with unrestricted variances; the test itself is the score test at φ = 1 − margin).
"""

from __future__ import annotations

import math
from statistics import NormalDist

from mqlab.stats.tails import critical_z

_NORMAL = NormalDist()


def _check(**rates: float) -> None:
    for name, rate in rates.items():
        if not 0.0 < rate < 1.0:
            raise ValueError(f"{name} must lie in (0, 1), not {rate}")


def units_control(
    *, control_rate: float, treatment_rate: float, alpha: float, power: float, allocation: float = 1.0
) -> float:
    """Units in the control arm (treatment has `allocation` times as many) for a two-sided test of equal rates.

    Not rounded; infinite when the rates are equal.

    Example:
        >>> round(units_control(control_rate=0.10, treatment_rate=0.12, alpha=0.05, power=0.8), 3)
        3840.847
    """
    _check(control_rate=control_rate, treatment_rate=treatment_rate, alpha=alpha, power=power)
    if control_rate == treatment_rate:
        return math.inf
    pooled = (control_rate + allocation * treatment_rate) / (1 + allocation)
    under_null = math.sqrt((1 + 1 / allocation) * pooled * (1 - pooled))
    under_effect = _spread(control_rate, treatment_rate, allocation)
    needed = critical_z(alpha) * under_null + _NORMAL.inv_cdf(power) * under_effect
    return (needed / (treatment_rate - control_rate)) ** 2


def _spread(control_rate: float, treatment_rate: float, allocation: float) -> float:
    return math.sqrt(control_rate * (1 - control_rate) + treatment_rate * (1 - treatment_rate) / allocation)


def power(
    *, control_rate: float, treatment_rate: float, control_units: float, alpha: float, allocation: float = 1.0
) -> float:
    """Chance, in [0, 1], that the two-sided test finds the difference in its true direction.

    Example:
        >>> round(power(control_rate=0.10, treatment_rate=0.12, control_units=3840.847, alpha=0.05), 6)
        0.8
    """
    _check(control_rate=control_rate, treatment_rate=treatment_rate, alpha=alpha)
    pooled = (control_rate + allocation * treatment_rate) / (1 + allocation)
    under_null = math.sqrt((1 + 1 / allocation) * pooled * (1 - pooled))
    reach = abs(treatment_rate - control_rate) * math.sqrt(control_units) - critical_z(alpha) * under_null
    return _NORMAL.cdf(reach / _spread(control_rate, treatment_rate, allocation))


def units_control_non_inferiority(
    *,
    control_rate: float,
    margin: float,
    alpha: float,
    power: float,
    treatment_rate: float | None = None,
    allocation: float = 1.0,
) -> float:
    """Units in the control arm to show "not worse than `margin`", a relative loss in (0, 1), at one-sided α/2.

    `treatment_rate` defaults to equality with control; infinite when it is not above (1 − margin)·control.

    Example:
        >>> math.ceil(units_control_non_inferiority(control_rate=0.08, margin=0.10, alpha=0.05, power=0.8))
        16338
    """
    rate = control_rate if treatment_rate is None else treatment_rate
    _check(control_rate=control_rate, treatment_rate=rate, margin=margin, alpha=alpha, power=power)
    gap = rate - (1 - margin) * control_rate
    if gap <= 0:
        return math.inf
    return (
        (critical_z(alpha) + _NORMAL.inv_cdf(power)) * _margin_spread(control_rate, rate, margin, allocation) / gap
    ) ** 2


def _margin_spread(control_rate: float, treatment_rate: float, margin: float, allocation: float) -> float:
    scaled = (1 - margin) ** 2 * control_rate * (1 - control_rate)
    return math.sqrt(treatment_rate * (1 - treatment_rate) / allocation + scaled)


def power_non_inferiority(
    *,
    control_rate: float,
    margin: float,
    control_units: float,
    alpha: float,
    treatment_rate: float | None = None,
    allocation: float = 1.0,
) -> float:
    """Chance, in [0, 1], that a guardrail with this relative `margin` clears when the truth is `treatment_rate`."""
    rate = control_rate if treatment_rate is None else treatment_rate
    _check(control_rate=control_rate, treatment_rate=rate, margin=margin, alpha=alpha)
    gap = rate - (1 - margin) * control_rate
    standardised = gap * math.sqrt(control_units) / _margin_spread(control_rate, rate, margin, allocation)
    return _NORMAL.cdf(standardised - critical_z(alpha))


def smallest_lift(
    *, control_rate: float, control_units: float, alpha: float, power: float, allocation: float = 1.0
) -> float:
    """The smallest relative lift (0.05: five percent) the units can find with this power; infinite when none can.

    Example:
        >>> round(smallest_lift(control_rate=0.10, control_units=3840.847, alpha=0.05, power=0.8), 4)
        0.2
    """
    from scipy.optimize import brentq

    def excess(rate: float) -> float:
        return (
            units_control(
                control_rate=control_rate, treatment_rate=rate, alpha=alpha, power=power, allocation=allocation
            )
            - control_units
        )

    low, high = control_rate * (1 + 1e-9), 1 - 1e-12
    if control_units <= 0 or excess(high) > 0:
        return math.inf
    return float(brentq(excess, low, high, xtol=1e-14)) / control_rate - 1


def units_triggered(discordant_units: float, *, discordant_share: float) -> float:
    """All units a triggered plan needs, so that the share π_D, in (0, 1], of them is `discordant_units`."""
    return discordant_units / discordant_share if discordant_share > 0 else math.inf
