"""Looking more than once: Lan–DeMets boundaries on |z| and the repeated p-value.

Sources: O'Brien & Fleming 1979 and Lan & DeMets 1983 (spending), Armitage, McPherson & Rowe 1969 (the recursion, here
on B-values B_k = Z_k √t_k), Jennison & Turnbull 1989 (repeated intervals: an estimate's usual interval with z := b_k).
Both tails spend α/2 each, as rpact and gsDesign do for a symmetric design.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mqlab.stats.tails import critical_z, two_sided_p

Spending: TypeAlias = Callable[[float, float], float]

NO_STOP = 20.0
"""The boundary on |z| where a look has (next to) no error to spend: no data can cross it."""

_POINTS = 2_001
_POINTS_FOR_P = 601
_REACH = 8.5
_COARSE_STEP = 2e-3
_SAME = 1e-9
_SMALLEST_P = 1e-12


def obrien_fleming(fraction: float, alpha: float) -> float:
    """One-sided error spent by information `fraction` t: 2 − 2Φ(Φ⁻¹(1 − α/4)/√t), for two-sided `alpha`.

    Example:
        >>> f"{obrien_fleming(0.2, 0.05):.4e}, {obrien_fleming(1, 0.05):.3f}"
        '5.3887e-07, 0.025'
    """
    return two_sided_p(critical_z(alpha / 2) / math.sqrt(min(1.0, fraction))) if fraction > 0 else 0.0


def pocock(fraction: float, alpha: float) -> float:
    """One-sided error spent by `fraction` with Pocock-like spending: (α/2)·ln(1 + (e − 1)t)."""
    return alpha / 2 * math.log1p((math.e - 1) * min(1.0, max(0.0, fraction)))


def information_fractions(information: Sequence[float], *, maximum: float, last: bool = False) -> tuple[float, ...]:
    """Each look's t = information / `maximum`, at most 1 and never falling; `last` makes the final one 1.

    Information is in any one unit, such as effective mature leads or 1/SE².

    Example:
        >>> information_fractions([1000, 3000, 2900, 6100], maximum=8000, last=True)
        (0.125, 0.375, 0.375, 1.0)
    """
    if maximum <= 0:
        raise ValueError("the maximum information must be positive")
    fractions = [min(1.0, max(0.0, amount) / maximum) for amount in _rising(information)]
    if last and fractions:
        fractions[-1] = 1.0
    return tuple(fractions)


def _rising(information: Sequence[float]) -> list[float]:
    highest, rising = 0.0, []
    for amount in information:
        highest = max(highest, amount)
        rising.append(highest)
    return rising


def boundaries(
    information: Sequence[float],
    *,
    maximum: float,
    alpha: float,
    last: bool = False,
    spending: Spending = obrien_fleming,
) -> tuple[float, ...]:
    """The boundary b_k on |z| at every look so far: the look crosses when |z_k| > b_k.

    `alpha` is two-sided. `last` says that the final look is the declared last one, which spends all that is left
    whatever its information. A look that adds no information keeps the boundary before it; one with nothing to spend
    has `NO_STOP`.

    Example:
        >>> [round(b, 4) for b in boundaries([1, 2], maximum=2, alpha=0.05)]
        [2.9626, 1.9686]
    """
    rising = _rising(information)
    fractions = information_fractions(information, maximum=maximum, last=last)
    return _boundaries(tuple(rising), fractions, alpha, spending, _POINTS)


def repeated_p_value(
    z: float,
    information: Sequence[float],
    *,
    maximum: float,
    last: bool = False,
    spending: Spending = obrien_fleming,
) -> float:
    """The smallest two-sided α at which the current look's boundary is crossed by `z`: the repeated p-value.

    It is the plain two-sided p when the first look is also the last. Never below 1e-12.

    Example:
        >>> round(repeated_p_value(1.959964, [500], maximum=500, last=True), 4)
        0.05
    """
    if not information:
        raise ValueError("a repeated p-value needs at least one look")
    rising = tuple(_rising(information))
    fractions = information_fractions(information, maximum=maximum, last=last)
    if len(fractions) == 1 and fractions[0] == 1.0:
        return max(_SMALLEST_P, two_sided_p(z))

    points = _POINTS_FOR_P if _smallest_step(rising) >= _COARSE_STEP else _POINTS

    def gap(log_alpha: float) -> float:
        return _boundaries(rising, fractions, math.exp(log_alpha), spending, points)[-1] - abs(z)

    from scipy.optimize import brentq

    low, high = math.log(_SMALLEST_P), math.log1p(-1e-9)
    if gap(high) >= 0:
        return 1.0
    if gap(low) <= 0:
        return _SMALLEST_P
    return math.exp(brentq(gap, low, high, xtol=1e-9))


def _smallest_step(information: Sequence[float]) -> float:
    """The smallest gain of information between looks, as a share of the last; 1 of a single look."""
    gains = [after - before for before, after in pairwise(information) if after > before]
    return min(gains) / information[-1] if gains else 1.0


@lru_cache(maxsize=4096)
def _boundaries(
    information: tuple[float, ...], fractions: tuple[float, ...], alpha: float, spending: Spending, points: int
) -> tuple[float, ...]:
    bounds: list[float] = []
    walk: _Walk | None = None
    spent = 0.0
    scale = information[-1] or 1.0
    for amount, fraction in zip(information, fractions, strict=True):
        time = amount / scale
        now = spending(fraction, alpha)
        if time <= _SAME:
            bounds.append(NO_STOP)
            continue
        if walk is None:
            bound = min(NO_STOP, _upper_quantile(now))
            walk = _Walk.start(time, bound, points)
        elif time - walk.time <= _SAME and now - spent <= 0:
            bounds.append(bounds[-1])
            continue
        elif time - walk.time <= _SAME:
            bound = walk.bound_here(now - spent)
        else:
            bound = walk.bound_at(time, now - spent)
            walk = walk.step(time, bound)
        spent = max(spent, now)
        bounds.append(bound)
    return tuple(bounds)


def _upper_quantile(tail: float) -> float:
    return critical_z(2 * tail) if tail > 1e-300 else NO_STOP


class _Walk:
    """The density of the B-value at `time` on paths that have not crossed, on a Simpson grid."""

    def __init__(self, time: float, grid: NDArray[np.float64], density: NDArray[np.float64]) -> None:
        self.time = time
        self.grid = grid
        self.density = density
        self.mass = density * _simpson(grid)

    @classmethod
    def start(cls, time: float, bound: float, points: int) -> _Walk:
        grid = _grid(time, bound, points)
        return cls(time, grid, np.exp(-(grid**2) / (2 * time)) / math.sqrt(2 * math.pi * time))

    def bound_at(self, time: float, tail: float) -> float:
        """b with P(not crossed before, B ≥ b√time) = `tail`."""
        from scipy.optimize import brentq
        from scipy.special import ndtr

        root, spread = math.sqrt(time), math.sqrt(time - self.time)

        def excess(bound: float) -> float:
            return float(self.mass @ ndtr((self.grid - bound * root) / spread)) - tail

        if tail <= 1e-300 or excess(NO_STOP) >= 0:
            return NO_STOP
        return float(brentq(excess, -NO_STOP, NO_STOP, xtol=1e-12)) if excess(-NO_STOP) > 0 else -NO_STOP

    def bound_here(self, tail: float) -> float:
        """As `bound_at` for the time already reached: more error to spend on the same data lowers the boundary."""
        from scipy.integrate import cumulative_simpson

        below_top = cumulative_simpson(self.density[::-1], x=-self.grid[::-1], initial=0.0)
        position = float(np.interp(tail, below_top, self.grid[::-1]))
        return position / math.sqrt(self.time)

    def step(self, time: float, bound: float) -> _Walk:
        gap = time - self.time
        grid = _grid(time, bound, self.grid.size)
        kernel = np.exp(-((grid[:, None] - self.grid[None, :]) ** 2) / (2 * gap)) / math.sqrt(2 * math.pi * gap)
        return _Walk(time, grid, kernel @ self.mass)


def _grid(time: float, bound: float, points: int) -> NDArray[np.float64]:
    root = math.sqrt(time)
    top = max(-_REACH + 1e-3, min(bound, _REACH))
    return np.linspace(-_REACH * root, top * root, points)


def _simpson(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.ones(grid.size)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return weights * float(grid[1] - grid[0]) / 3
