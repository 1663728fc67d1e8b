"""The Miettinen–Nurminen score statistic of two proportions, on arrays: restricted rates, z, and interval limits.

Source: Miettinen & Nurminen 1985; the closed-form cubic is Farrington & Manning 1990, the ratio's quadratic
Miettinen & Nurminen 1985. Both z share one numerator and one variance at "no effect", the N − 1 χ test of Campbell
2007, so difference, ratio and p-value can never contradict each other.

Control is a, treatment is b; δ = b − a, φ = b / a. All arguments broadcast; units of `n` must be at least 1.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]

_HALVINGS = 70
_FARTHEST = 1e150


def _floats(*values: ArrayLike) -> list[Floats]:
    return [np.asarray(value, dtype=np.float64) for value in values]


def restricted_by_difference(
    x_a: ArrayLike, n_a: ArrayLike, x_b: ArrayLike, n_b: ArrayLike, delta: ArrayLike
) -> tuple[Floats, Floats]:
    """The maximum-likelihood rates (q_a, q_b) under q_b − q_a = `delta`, `delta` in [−1, 1]."""
    xa, na, xb, nb, d = _floats(x_a, n_a, x_b, n_b, delta)
    pa, pb, theta = xa / na, xb / nb, na / nb
    a = 1 + theta
    b = -(1 + theta + pb + theta * pa + d * (theta + 2))
    c = d * d + d * (2 * pb + theta + 1) + pb + theta * pa
    e = -pb * d * (1 + d)
    centre = b / (3 * a)
    v = centre**3 - b * c / (6 * a * a) + e / (2 * a)
    u = np.where(v < 0, -1.0, 1.0) * np.sqrt(np.maximum(centre**2 - c / (3 * a), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.where(u == 0, 0.0, v / u**3)
    w = (np.pi + np.arccos(np.clip(cosine, -1.0, 1.0))) / 3
    qb = np.clip(2 * u * np.cos(w) - centre, np.maximum(d, 0.0), np.minimum(1 + d, 1.0))
    pooled = (xa + xb) / (na + nb)
    qb = np.where(d == 0, pooled, qb)
    return np.where(d == 0, pooled, np.clip(qb - d, 0.0, 1.0)), qb


def restricted_by_ratio(
    x_a: ArrayLike, n_a: ArrayLike, x_b: ArrayLike, n_b: ArrayLike, phi: ArrayLike
) -> tuple[Floats, Floats]:
    """The maximum-likelihood rates (q_a, q_b) under q_b / q_a = `phi`, `phi` > 0."""
    xa, na, xb, nb, f = _floats(x_a, n_a, x_b, n_b, phi)
    a = (na + nb) * f
    b = nb * f + xb + na + xa * f
    c = xa + xb
    qa = 2 * c / (b + np.sqrt(np.maximum(b * b - 4 * a * c, 0.0)))
    pooled = c / (na + nb)
    qa = np.where(f == 1, pooled, np.clip(qa, 0.0, 1.0))
    return qa, np.where(f == 1, pooled, np.clip(f * qa, 0.0, 1.0))


ROUNDING = 1e-15
"""A gap no larger than this is rounding: where nothing varies it would be divided by nothing."""


def _standardised(gap: Floats, variance: Floats, units: Floats) -> Floats:
    spread = np.sqrt(np.maximum(variance, 0.0) * units / (units - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = gap / spread
    return np.where(np.abs(gap) <= ROUNDING, 0.0, z)


def z_difference(x_a: ArrayLike, n_a: ArrayLike, x_b: ArrayLike, n_b: ArrayLike, delta: ArrayLike = 0.0) -> Floats:
    """z(δ), decreasing in δ; 0 where observed and supposed difference agree, even if nothing varies."""
    xa, na, xb, nb, d = _floats(x_a, n_a, x_b, n_b, delta)
    qa, qb = restricted_by_difference(xa, na, xb, nb, d)
    return _standardised(xb / nb - xa / na - d, qb * (1 - qb) / nb + qa * (1 - qa) / na, na + nb)


def z_ratio(x_a: ArrayLike, n_a: ArrayLike, x_b: ArrayLike, n_b: ArrayLike, phi: ArrayLike = 1.0) -> Floats:
    """z(φ), decreasing in φ; equals z(δ = 0) at φ = 1."""
    xa, na, xb, nb, f = _floats(x_a, n_a, x_b, n_b, phi)
    qa, qb = restricted_by_ratio(xa, na, xb, nb, f)
    return _standardised(xb / nb - f * (xa / na), qb * (1 - qb) / nb + f * f * qa * (1 - qa) / na, na + nb)


def _low_difference(xa: Floats, na: Floats, xb: Floats, nb: Floats, z: Floats) -> Floats:
    observed = xb / nb - xa / na
    above_none = z_difference(xa, na, xb, nb) > z
    outside = np.where(above_none, 0.0, -1.0)
    inside = np.where(above_none, observed, np.minimum(observed, 0.0))
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        excluded = z_difference(xa, na, xb, nb, middle) > z
        outside, inside = np.where(excluded, middle, outside), np.where(excluded, inside, middle)
    return inside


def difference_limits(
    x_a: ArrayLike, n_a: ArrayLike, x_b: ArrayLike, n_b: ArrayLike, z: ArrayLike
) -> tuple[Floats, Floats]:
    """The limits of {δ: |z(δ)| ≤ z}, in [−1, 1].

    0 lies outside exactly when |z(0)| > z: the bisection never crosses it.
    """
    xa, na, xb, nb, zc = np.broadcast_arrays(*_floats(x_a, n_a, x_b, n_b, z))
    return _low_difference(xa, na, xb, nb, zc), -_low_difference(xb, nb, xa, na, zc)


def _low_ratio(xa: Floats, na: Floats, xb: Floats, nb: Floats, z: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.where(xa > 0, xb * na / (nb * xa), np.inf)
    above_none = z_ratio(xa, na, xb, nb) > z
    outside = np.where(above_none, 1.0, 0.0)
    inside = np.where(above_none, observed, np.minimum(observed, 1.0))
    reach = np.where(np.isinf(inside), 2.0, inside)
    short = np.isinf(inside)
    while short.any():
        short &= (reach < _FARTHEST) & (z_ratio(xa, na, xb, nb, np.maximum(reach, np.finfo(float).tiny)) > z)
        reach = np.where(short, 2 * reach, reach)
    inside = reach
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        excluded = z_ratio(xa, na, xb, nb, np.maximum(middle, np.finfo(float).tiny)) > z
        outside, inside = np.where(excluded, middle, outside), np.where(excluded, inside, middle)
    return np.where(xb == 0, 0.0, inside)


def ratio_limits(x_a: ArrayLike, n_a: ArrayLike, x_b: ArrayLike, n_b: ArrayLike, z: ArrayLike) -> tuple[Floats, Floats]:
    """The limits of {φ: |z(φ)| ≤ z}, in [0, ∞]; no outcome in control gives ∞ above, none in treatment 0 below.

    1 lies outside exactly when |z(1)| > z.
    """
    xa, na, xb, nb, zc = np.broadcast_arrays(*_floats(x_a, n_a, x_b, n_b, z))
    with np.errstate(divide="ignore"):
        return _low_ratio(xa, na, xb, nb, zc), 1.0 / _low_ratio(xb, nb, xa, na, zc)
