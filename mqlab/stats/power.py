"""How many units a comparison needs, and what a given number of units can see: fixed designs, one look at the end.

Sources: Fleiss, Levin & Paik 2003 ch. 4 (superiority, two variances), Farrington & Manning 1990 (relative
non-inferiority with unrestricted variances; the test itself is the score test at φ = 1 − margin), Deng & Hu 2015
(diluted effects), delta method for log ratios. statsmodels has the arcsine approximation and a pooled normal one, but
neither the two-variance formula with unequal arms nor a relative margin; `stopping` and `duration` add looks and
delays.

Rates lie in (0, 1), `alpha` is two-sided, results are not rounded, and an effect that nobody can find needs infinitely
many units. Where `lower_is_better`, an improvement is a fall, and a margin is a rise.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from mqlab.stats.tails import critical_z

_NORMAL = NormalDist()
_NO_GAP = 1e-12
"""A truth this close to the margin stands on it."""


def _check(**rates: float) -> None:
    for name, rate in rates.items():
        if not 0.0 < rate < 1.0:
            raise ValueError(f"{name} must lie in (0, 1), not {rate}")


def _check_size(*, allocation: float, control_units: float = 0.0) -> None:
    if not 0.0 < allocation < math.inf:
        raise ValueError(f"allocation must be positive and finite, not {allocation}")
    if not 0.0 <= control_units < math.inf:
        raise ValueError(f"control_units cannot be {control_units}")


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
    _check_size(allocation=allocation)
    if control_rate == treatment_rate:
        return math.inf
    under_null = _pooled_spread(control_rate, treatment_rate, allocation)
    under_effect = _spread(control_rate, treatment_rate, allocation)
    needed = critical_z(alpha) * under_null + _NORMAL.inv_cdf(power) * under_effect
    return (needed / (treatment_rate - control_rate)) ** 2


def _pooled_spread(control_rate: float, treatment_rate: float, allocation: float) -> float:
    pooled = (control_rate + allocation * treatment_rate) / (1 + allocation)
    return math.sqrt((1 + 1 / allocation) * pooled * (1 - pooled))


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
    _check_size(allocation=allocation, control_units=control_units)
    under_null = _pooled_spread(control_rate, treatment_rate, allocation)
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
    lower_is_better: bool = False,
) -> float:
    """Units in the control arm to show "not worse than `margin`", a relative loss in (0, 1), at one-sided α/2.

    `treatment_rate` defaults to equality with control; infinite when it is not above (1 − margin)·control.

    Example:
        >>> math.ceil(units_control_non_inferiority(control_rate=0.08, margin=0.10, alpha=0.05, power=0.8))
        16338
    """
    rate = control_rate if treatment_rate is None else treatment_rate
    _check(control_rate=control_rate, treatment_rate=rate, margin=margin, alpha=alpha, power=power)
    _check_size(allocation=allocation)
    allowed = 1 + margin if lower_is_better else 1 - margin
    gap = (rate - allowed * control_rate) * (-1 if lower_is_better else 1)
    return _units_to_clear(gap, _margin_spread(control_rate, rate, allowed, allocation), alpha, power)


def _units_to_clear(gap: float, spread: float, alpha: float, power: float) -> float:
    if gap <= _NO_GAP:
        return math.inf
    return (_reach(alpha, power) * spread / gap) ** 2


def _reach(alpha: float, power: float) -> float:
    """How many standard errors apart truth and margin must lie."""
    return critical_z(alpha) + _NORMAL.inv_cdf(power)


def _margin_spread(control_rate: float, treatment_rate: float, allowed: float, allocation: float) -> float:
    scaled = allowed**2 * control_rate * (1 - control_rate)
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
    _check_size(allocation=allocation, control_units=control_units)
    gap = rate - (1 - margin) * control_rate
    standardised = gap * math.sqrt(control_units) / _margin_spread(control_rate, rate, 1 - margin, allocation)
    return _NORMAL.cdf(standardised - critical_z(alpha))


def units_control_points(
    *,
    control_rate: float,
    margin_points: float,
    alpha: float,
    power: float,
    treatment_rate: float | None = None,
    allocation: float = 1.0,
    lower_is_better: bool = False,
) -> float:
    """As `units_control_non_inferiority` for a margin in points: 0.03 is three percentage points.

    Example (the textbook's 2p(1 − p)(z + z)²/m²: 2·.16·7.8489/.0009):
        >>> round(units_control_points(control_rate=0.2, margin_points=0.03, alpha=0.05, power=0.8), 1)
        2790.7
    """
    rate = control_rate if treatment_rate is None else treatment_rate
    _check(control_rate=control_rate, treatment_rate=rate, alpha=alpha, power=power)
    _check_size(allocation=allocation)
    if not margin_points > 0:
        raise ValueError(f"margin_points must be positive, not {margin_points}")
    gap = margin_points + (control_rate - rate if lower_is_better else rate - control_rate)
    return _units_to_clear(gap, _spread(control_rate, rate, allocation), alpha, power)


def units_control_relative(
    *, effect: float, relative_variance: float, alpha: float, power: float, allocation: float = 1.0
) -> float:
    """Units in the control arm to tell a relative `effect` of means, such as revenue per lead, from none.

    `relative_variance` is one unit's variance over its squared mean. The same number shows that a mean is not worse by
    `effect` when it is equal.

    Example:
        >>> round(units_control_relative(effect=0.1, relative_variance=9.0, alpha=0.05, power=0.8))
        14128
    """
    _check(alpha=alpha, power=power)
    _check_size(allocation=allocation)
    if not 0 <= relative_variance < math.inf:
        raise ValueError(f"relative_variance must be finite and not negative, not {relative_variance}")
    if not math.isfinite(effect):
        raise ValueError(f"effect must be a finite number, not {effect}")
    if effect == 0:
        return math.inf
    return _reach(alpha, power) ** 2 * relative_variance * (1 + 1 / allocation) / effect**2


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

    _check(control_rate=control_rate, alpha=alpha, power=power)
    _check_size(allocation=allocation, control_units=control_units)
    low, high = control_rate * (1 + 1e-9), 1 - 1e-12
    if control_units <= 0 or excess(high) > 0:
        return math.inf
    return float(brentq(excess, low, high, xtol=1e-14)) / control_rate - 1


def units_triggered(discordant_units: float, *, discordant_share: float) -> float:
    """All units a triggered plan needs, so that the share π_D, in [0, 1], of them is `discordant_units`."""
    if not (discordant_units >= 0 and 0 <= discordant_share <= 1):
        raise ValueError(f"{discordant_units} units cannot be a share of {discordant_share}")
    return discordant_units / discordant_share if discordant_share > 0 else math.inf


def discordant_rates(*, rate: float, lift: float, discordant_share: float, control_rate: float) -> tuple[float, float]:
    """(q_A, q_B): the rates among discordant units when the rate of all, `rate`, changes by the relative `lift`.

    The whole change happens where the definitions differ: q_B = q_A + lift·rate/π_D with q_A = `control_rate`.
    ValueError where q_B leaves (0, 1): so large a lift is impossible with so few discordant units.

    Example (statistics.md section 3.3, first row, from its rates):
        >>> q_a, q_b = discordant_rates(rate=0.0794, lift=0.057, discordant_share=0.088, control_rate=0.095)
        >>> round(q_b, 3)
        0.146
    """
    _check(rate=rate, control_rate=control_rate)
    if not 0 < discordant_share <= 1:
        raise ValueError(f"discordant_share must lie in (0, 1], not {discordant_share}")
    treatment_rate = control_rate + lift * rate / discordant_share
    if not 0 < treatment_rate < 1:
        raise ValueError(
            f"a lift of {lift:.4g} needs a rate of {treatment_rate:.4g} among the discordant share of "
            f"{discordant_share:.4g}"
        )
    return control_rate, treatment_rate


def units_precision(
    *,
    control_precision: float,
    control_volume: float,
    treatment_precision: float,
    treatment_volume: float,
    alpha: float,
    power: float,
    control_share: float = 0.5,
) -> float:
    """Assigned units of both arms to show that a share of MQLs differs, from each arm's own MQLs (log-delta).

    `control_volume` and `treatment_volume` are MQLs per unit, `control_share` the control's share of the units.

    Example (28% and 33.6% of a quarter of the units):
        >>> round(units_precision(control_precision=0.28, control_volume=0.25, treatment_precision=0.336,
        ...     treatment_volume=0.20, alpha=0.05, power=0.8))
        9523
    """
    _check(
        control_precision=control_precision, control_volume=control_volume, treatment_precision=treatment_precision,
        treatment_volume=treatment_volume, alpha=alpha, power=power, control_share=control_share,
    )  # fmt: skip
    per_unit = (1 - control_precision) / (control_volume * control_precision * control_share) + (
        1 - treatment_precision
    ) / (treatment_volume * treatment_precision * (1 - control_share))
    return _log_units(control_precision, treatment_precision, per_unit, alpha, power)


def units_precision_triggered(
    *,
    control_precision: float,
    control_volume: float,
    treatment_precision: float,
    discordant_share: float,
    alpha: float,
    power: float,
    control_share: float = 0.5,
) -> float:
    """As `units_precision` for a stricter rule scored once, with the units both rules pick counted for both.

    The stricter rule drops the share `discordant_share` of all units and adds none. ValueError where no rate among the
    dropped ones gives these precisions.

    Example (the same list, a twentieth of the units dropped from it):
        >>> round(units_precision_triggered(control_precision=0.28, control_volume=0.25, treatment_precision=0.336,
        ...     discordant_share=0.05, alpha=0.05, power=0.8))
        410
    """
    _check(
        control_precision=control_precision, control_volume=control_volume, treatment_precision=treatment_precision,
        discordant_share=discordant_share, alpha=alpha, power=power, control_share=control_share,
    )  # fmt: skip
    both = control_volume - discordant_share
    e_a, e_b = control_precision * control_volume, treatment_precision * both
    dropped = (e_a - e_b) / discordant_share
    if both <= 0 or not 0 <= dropped <= 1:
        raise ValueError(
            f"a rule that drops {discordant_share:.4g} of the units, of which {control_volume:.4g} are MQLs, cannot "
            f"raise the precision from {control_precision:.4g} to {treatment_precision:.4g}"
        )
    shift = 1 / e_b - 1 / e_a
    shares = both * (treatment_precision * shift - (1 / both - 1 / control_volume)) ** 2
    shares += discordant_share * (1 / control_volume - dropped / e_a) ** 2
    inside = both * treatment_precision * (1 - treatment_precision) * shift**2
    inside += discordant_share * dropped * (1 - dropped) / (control_share * e_a**2)
    return _log_units(control_precision, treatment_precision, shares + inside, alpha, power)


def _log_units(control: float, treatment: float, variance_per_unit: float, alpha: float, power: float) -> float:
    if control == treatment:
        return math.inf
    return (_reach(alpha, power) / math.log(treatment / control)) ** 2 * variance_per_unit
