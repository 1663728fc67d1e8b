"""The Miettinen–Nurminen score statistic of one two-by-two table, in plain floats.

The formulas are those of `score`, which works on arrays: one table costs numpy as much as a thousand do, and an
analysis asks for a hundred limits, one by one. Sources as there. scipy's `brentq` finds the limits.

Control is a, treatment is b; δ = b − a, φ = b / a. Counts may be fractions (effective leads); units are at least 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from mqlab.stats.score import ROUNDING

_STEEP = 1e6
_TINY = 1e-300
_FARTHEST = 340.0
"""|ln φ| beyond this is infinite: e^340 squared is the largest float."""


def z_difference(x_a: float, n_a: float, x_b: float, n_b: float, delta: float = 0.0) -> float:
    """z(δ), falling in δ; 0 where observed and supposed difference agree, even if nothing varies.

    Example:
        >>> round(z_difference(12, 500, 21, 500), 7)
        1.5924106
    """
    p_a, p_b = x_a / n_a, x_b / n_b
    gap = p_b - p_a - delta
    if abs(gap) <= ROUNDING:
        return 0.0
    if delta == 0:
        q_a = q_b = (x_a + x_b) / (n_a + n_b)
    else:
        q_a, q_b = _restricted_by_difference(p_a, p_b, n_a / n_b, delta)
    return _standardised(gap, q_b * (1 - q_b) / n_b + q_a * (1 - q_a) / n_a, n_a + n_b)


def z_ratio(x_a: float, n_a: float, x_b: float, n_b: float, phi: float = 1.0) -> float:
    """z(φ), falling in φ; equals z(δ = 0) at φ = 1.

    Example:
        >>> round(z_ratio(12, 500, 21, 500), 7)
        1.5924106
    """
    gap = x_b / n_b - phi * (x_a / n_a)
    if abs(gap) <= ROUNDING:
        return 0.0
    x = x_a + x_b
    if phi == 1:
        q_a = q_b = x / (n_a + n_b)
    else:
        b = n_b * phi + x_b + n_a + x_a * phi
        root = math.sqrt(max(b * b - 4 * (n_a + n_b) * phi * x, 0.0))
        q_a = min(2 * x / (b + root), 1.0)
        q_b = min(phi * q_a, 1.0)
    return _standardised(gap, q_b * (1 - q_b) / n_b + phi * phi * q_a * (1 - q_a) / n_a, n_a + n_b)


def _restricted_by_difference(p_a: float, p_b: float, theta: float, d: float) -> tuple[float, float]:
    a = 1 + theta
    b = -(1 + theta + p_b + theta * p_a + d * (theta + 2))
    c = d * d + d * (2 * p_b + theta + 1) + p_b + theta * p_a
    e = -p_b * d * (1 + d)
    centre = b / (3 * a)
    v = centre**3 - b * c / (6 * a * a) + e / (2 * a)
    u = math.copysign(math.sqrt(max(centre**2 - c / (3 * a), 0.0)), v)
    cubed = u**3
    cosine = max(-1.0, min(1.0, v / cubed)) if cubed else 0.0
    q_b = 2 * u * math.cos((math.pi + math.acos(cosine)) / 3) - centre
    q_b = min(max(q_b, d, 0.0), 1 + d, 1.0)
    return min(max(q_b - d, 0.0), 1.0), q_b


def _standardised(gap: float, variance: float, units: float) -> float:
    spread = math.sqrt(max(variance, 0.0) * units / (units - 1)) if units > 1 else 0.0
    return gap / spread if spread else math.copysign(math.inf, gap)


def difference_limits(x_a: float, n_a: float, x_b: float, n_b: float, z: float) -> tuple[float, float]:
    """The limits of {δ: |z(δ)| ≤ z}, in [−1, 1]; 0 lies outside exactly when |z(0)| > z.

    Example:
        >>> low, high = difference_limits(12, 500, 21, 500, 1.959964)
        >>> round(low, 7), round(high, 7)
        (-0.0043792, 0.0419307)
    """
    return _low_difference(x_a, n_a, x_b, n_b, z), -_low_difference(x_b, n_b, x_a, n_a, z)


def _low_difference(x_a: float, n_a: float, x_b: float, n_b: float, z: float) -> float:
    observed = x_b / n_b - x_a / n_a
    above_none = z_difference(x_a, n_a, x_b, n_b) > z
    inside, end = (observed, 0.0) if above_none else (min(observed, 0.0), -1.0)
    if inside <= end:
        return inside
    rate = (x_a + x_b + 1) / (n_a + n_b + 2)
    step = 1.2 * z * math.sqrt(rate * (1 - rate) * (1 / n_a + 1 / n_b))
    found = _crossing(lambda delta: z_difference(x_a, n_a, x_b, n_b, delta) - z, inside, end, step)
    return max(found, _TINY) if above_none else found


def ratio_limits(x_a: float, n_a: float, x_b: float, n_b: float, z: float) -> tuple[float, float]:
    """The limits of {φ: |z(φ)| ≤ z}, in [0, ∞]; no outcome in control gives ∞ above, none in treatment 0 below.

    1 lies outside exactly when |z(1)| > z.

    Example:
        >>> low, high = ratio_limits(0, 200, 6, 200, 1.959964)
        >>> round(low, 7), high
        (1.5764064, inf)
    """
    low, turned = _low_ratio(x_a, n_a, x_b, n_b, z), _low_ratio(x_b, n_b, x_a, n_a, z)
    return low, 1 / turned if turned else math.inf


def _low_ratio(x_a: float, n_a: float, x_b: float, n_b: float, z: float) -> float:
    if not x_b:
        return 0.0

    def excess(log_phi: float) -> float:
        return z_ratio(x_a, n_a, x_b, n_b, math.exp(log_phi)) - z

    observed = math.log(x_b * n_a / (n_b * x_a)) if x_a else _FARTHEST
    step = 1.2 * z * math.sqrt(1 / (x_a + 0.5) + 1 / (x_b + 0.5))
    above_none = z_ratio(x_a, n_a, x_b, n_b) > z
    if not above_none:
        return math.exp(_crossing(excess, min(observed, 0.0), -_FARTHEST, step))
    if not x_a:
        return math.exp(-_crossing(lambda at: -excess(-at), 0.0, -_FARTHEST, step))
    return max(math.exp(_crossing(excess, observed, 0.0, step)), 1 + 2**-52)


def _crossing(excess: Callable[[float], float], inside: float, end: float, step: float) -> float:
    """Where a falling `excess` becomes positive on the way from `inside` down to `end`, looked for in growing steps."""
    from scipy.optimize import brentq

    def bounded(at: float) -> float:
        return max(-_STEEP, min(_STEEP, excess(at)))

    near, far = inside, max(inside - step, end)
    while far > end and bounded(far) <= 0:
        near, step = far, 2 * step
        far = max(far - step, end)
    if bounded(near) > 0:
        return near
    if far <= end and bounded(end) <= 0:
        return end
    return float(brentq(bounded, far, near, xtol=1e-300, rtol=1e-15, maxiter=200))
