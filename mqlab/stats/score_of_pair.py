"""The score limits of one pair of arms in plain floats: what `score` finds on arrays, some thirty times faster.

An analysis asks for hundreds of intervals one by one, and arrays of one number cost more than the arithmetic. The
formulas are those of `score` (Miettinen & Nurminen 1985, Farrington & Manning 1990). The root is found by secants from
Wald's limit, and by Brent's method where they do not settle.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from mqlab.stats.score import ROUNDING

_STEEP = 1e6
_NEAR = 1e-15
_FARTHEST = 1e150
_SECANTS = 12
_SETTLED = 1e-8
"""A secant step that is this small, relative to the one from the estimate, leaves an error of rounding only."""


def difference_limits(x_a: float, n_a: float, x_b: float, n_b: float, z: float) -> tuple[float, float]:
    """The limits of {δ: |z(δ)| ≤ `z`}, in [−1, 1]; 0 lies outside exactly when |z(0)| > `z`.

    Example:
        >>> [round(limit, 7) for limit in difference_limits(12, 500, 21, 500, 1.959964)]
        [-0.0043792, 0.0419307]
    """
    return _low_difference(x_a, n_a, x_b, n_b, z), -_low_difference(x_b, n_b, x_a, n_a, z)


def ratio_limits(x_a: float, n_a: float, x_b: float, n_b: float, z: float) -> tuple[float, float]:
    """The limits of {φ: |z(φ)| ≤ `z`}, in [0, ∞]; no outcome in control gives ∞ above, none in treatment 0 below.

    Example:
        >>> [round(limit, 7) for limit in ratio_limits(12, 500, 21, 500, 1.959964)]
        [0.8828726, 3.4754768]
    """
    above = _low_ratio(x_b, n_b, x_a, n_a, z)
    return _low_ratio(x_a, n_a, x_b, n_b, z), 1 / above if above else math.inf


def z_difference(x_a: float, n_a: float, x_b: float, n_b: float, delta: float = 0.0) -> float:
    """z(δ), decreasing in δ."""
    pa, pb, total = x_a / n_a, x_b / n_b, n_a + n_b
    if delta == 0.0:
        qa = qb = (x_a + x_b) / total
    else:
        qb = _restricted(pa, pb, n_a / n_b, delta)
        qa = min(max(qb - delta, 0.0), 1.0)
    return _standardised(pb - pa - delta, qb * (1 - qb) / n_b + qa * (1 - qa) / n_a, total)


def _restricted(pa: float, pb: float, theta: float, delta: float) -> float:
    a = 1 + theta
    b = -(1 + theta + pb + theta * pa + delta * (theta + 2))
    c = delta * delta + delta * (2 * pb + theta + 1) + pb + theta * pa
    d = -pb * delta * (1 + delta)
    centre = b / (3 * a)
    v = centre**3 - b * c / (6 * a * a) + d / (2 * a)
    u = math.copysign(math.sqrt(max(centre * centre - c / (3 * a), 0.0)), -1.0 if v < 0 else 1.0)
    cube = u * u * u
    cosine = min(max(v / cube, -1.0), 1.0) if cube else 0.0
    found = 2 * u * math.cos((math.pi + math.acos(cosine)) / 3) - centre
    return min(max(found, delta, 0.0), 1 + delta, 1.0)


def z_ratio(x_a: float, n_a: float, x_b: float, n_b: float, phi: float = 1.0) -> float:
    """z(φ), decreasing in φ; equals z(δ = 0) at φ = 1."""
    total, c = n_a + n_b, x_a + x_b
    if phi == 1.0:
        qa = qb = c / total
    else:
        b = n_b * phi + x_b + n_a + x_a * phi
        root = b + math.sqrt(max(b * b - 4 * total * phi * c, 0.0))
        qa = min(max(2 * c / root, 0.0), 1.0)
        qb = min(max(phi * qa, 0.0), 1.0)
    variance = qb * (1 - qb) / n_b + phi * phi * qa * (1 - qa) / n_a
    return _standardised(x_b / n_b - phi * (x_a / n_a), variance, total)


def _standardised(gap: float, variance: float, units: float) -> float:
    if abs(gap) <= ROUNDING:
        return 0.0
    spread = math.sqrt(max(variance, 0.0) * units / (units - 1)) if units > 1 else 0.0
    return gap / spread if spread else math.copysign(math.inf, gap)


def _low_difference(x_a: float, n_a: float, x_b: float, n_b: float, z: float) -> float:
    observed = x_b / n_b - x_a / n_a
    above_none = z_difference(x_a, n_a, x_b, n_b) > z
    outside, inside = (0.0, observed) if above_none else (-1.0, min(observed, 0.0))
    pa, pb = x_a / n_a, x_b / n_b
    wald = observed - z * math.sqrt(pa * (1 - pa) / n_a + pb * (1 - pb) / n_b)
    found = _root(lambda delta: z_difference(x_a, n_a, x_b, n_b, delta) - z, outside, inside, wald)
    return max(found, math.ulp(0.0)) if above_none else found


def _low_ratio(x_a: float, n_a: float, x_b: float, n_b: float, z: float) -> float:
    if not x_b:
        return 0.0
    observed = x_b * n_a / (n_b * x_a) if x_a else math.inf
    above_none = z_ratio(x_a, n_a, x_b, n_b) > z
    outside, inside = (1.0, observed) if above_none else (0.0, min(observed, 1.0))
    if math.isinf(inside):
        inside = 2.0
        while inside < _FARTHEST and z_ratio(x_a, n_a, x_b, n_b, inside) > z:
            outside, inside = inside, 2 * inside
    wald = inside * math.exp(-z * math.sqrt(max(1 / x_b - 1 / n_b + 1 / x_a - 1 / n_a, 0.0))) if x_a else outside
    found = _root(lambda phi: z_ratio(x_a, n_a, x_b, n_b, phi) - z, outside, inside, wald)
    return max(found, math.nextafter(1.0, 2.0)) if above_none else found


def _root(falling: Callable[[float], float], outside: float, inside: float, guess: float) -> float:
    """Where a falling function crosses 0 between a point at which it is positive and one at which it is not."""
    if outside < guess < inside:
        found = _by_secants(falling, outside, inside, guess)
        if found is not None:
            return found
    from scipy.optimize import brentq

    def bounded(at: float) -> float:
        return max(-_STEEP, min(_STEEP, falling(at)))

    if outside >= inside or bounded(inside) > 0:
        return inside
    if bounded(outside) <= 0:
        return outside
    return float(brentq(bounded, outside, inside, xtol=_NEAR, rtol=4 * math.ulp(1.0)))


def _by_secants(falling: Callable[[float], float], outside: float, inside: float, guess: float) -> float | None:
    """The same near a good `guess`; None as soon as a step leads out of (outside, inside)."""
    here, height = guess, falling(guess)
    before, was = inside, falling(inside)
    whole = inside - guess
    for _ in range(_SECANTS):
        if height == 0.0:
            return here
        if not math.isfinite(height - was) or height == was:
            return None
        step = height * (here - before) / (height - was)
        if not outside < here - step < inside:
            return None
        before, was, here = here, height, here - step
        if abs(step) <= _SETTLED * whole:
            return here
        height = falling(here)
    return None
