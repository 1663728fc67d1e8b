"""Looking more than once: Lan–DeMets boundaries on |z| and the repeated p-value.

Sources: O'Brien & Fleming 1979 and Lan & DeMets 1983 (spending), Armitage, McPherson & Rowe 1969 (the recursion, here
on B-values B_k = Z_k √t_k), Jennison & Turnbull 1989 (repeated intervals: an estimate's usual interval with z := b_k).
Both tails spend α/2 each, as rpact and gsDesign do for a symmetric design. No Python library that is kept up computes
these boundaries, and a multivariate normal integral per look (scipy) is neither fast nor exact enough beyond a few
looks; the recursion is one narrow matrix product per look.

How odd calendars are read: looks are those really taken, so a missed one is simply absent and an added one present.
Information that falls counts as information that stands still. A look whose information passes the maximum spends
all that is left; looks after it keep its boundary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mqlab.stats.tails import critical_z, two_sided_p

Floats: TypeAlias = NDArray[np.float64]
Spending: TypeAlias = Callable[[float, float], float]

NO_STOP = 20.0
"""The boundary on |z| where a look has (next to) no error to spend: no data can cross it."""

_LOWEST, _HIGHEST = -7.0, 8.5
_SAME = 1e-9
_SMALLEST_GAIN = 1e-5
_GAIN_FOR_P = 1e-3
"""Steps a p-value's search tells apart: finer ones change its seventh digit, and cost most of the time."""
_SMALLEST_P = 1e-12
_LOWEST_CRITICAL = 1e-9
_SMALLEST_TAIL = 1e-300
_NEWTON_STEPS = 30
_SECANT_STEPS = 12


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

    Information is in any one unit, such as effective mature leads or 1/SE². What is not a finite number, or a
    maximum that is not positive, is a ValueError.

    Example:
        >>> information_fractions([1000, 3000, 2900, 6100], maximum=8000, last=True)
        (0.125, 0.375, 0.375, 1.0)
    """
    if not (math.isfinite(maximum) and maximum > 0):
        raise ValueError(f"the maximum information must be positive and finite, not {maximum}")
    fractions = [min(1.0, amount / maximum) for amount in _rising(information)]
    if last and fractions:
        fractions[-1] = 1.0
    return tuple(fractions)


def deciding_look(information: Sequence[float], *, maximum: float) -> int | None:
    """The position, from 0, of the first look whose information reaches the maximum; None while none has.

    It has spent everything, so it decides: looks after it keep its boundary and only publish the final figure. To
    decide by them as well would cost error of its own: four more, up to 1.4 times the maximum, make 5% into 8.6%.

    Example:
        >>> deciding_look([4000, 8100, 9000], maximum=8000)
        1
    """
    fractions = information_fractions(information, maximum=maximum)
    return fractions.index(1.0) if 1.0 in fractions else None


def _rising(information: Sequence[float]) -> list[float]:
    highest, rising = 0.0, []
    for amount in information:
        if not math.isfinite(amount):
            raise ValueError(f"the information of a look must be a finite number, not {amount}")
        highest = max(highest, float(amount))
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
    whatever its information. A look with nothing new to spend, because it adds no information or because all is
    spent, keeps the boundary before it; one before anything is spent has `NO_STOP`.

    Example:
        >>> [round(b, 4) for b in boundaries([1, 2], maximum=2, alpha=0.05)]
        [2.9626, 1.9686]
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie in (0, 1), not {alpha}")
    fractions = information_fractions(information, maximum=maximum, last=last)
    return _boundaries(tuple(_rising(information)), fractions, alpha, spending)


def repeated_p_value(
    z: float,
    information: Sequence[float],
    *,
    maximum: float,
    last: bool = False,
    spending: Spending = obrien_fleming,
) -> float:
    """The smallest two-sided α at which the current look's boundary is crossed by `z`: the repeated p-value.

    It is the plain two-sided p when the first look is also the last, and 1 while there is no information. 1e-12 stands
    for "1e-12 or less", also at a first look that is the last.

    Example:
        >>> round(repeated_p_value(1.959964, [500], maximum=500, last=True), 4)
        0.05
    """
    if len(information) == 0:
        raise ValueError("a repeated p-value needs at least one look")
    rising = tuple(_rising(information))
    fractions = information_fractions(information, maximum=maximum, last=last)
    if rising[-1] == 0.0:
        return 1.0
    if len(fractions) == 1 and fractions[0] == 1.0:
        return max(_SMALLEST_P, two_sided_p(z))

    def excess(critical: float) -> float:
        return _boundaries(rising, fractions, two_sided_p(critical), spending, _GAIN_FOR_P)[-1] - abs(z)

    low, high = _LOWEST_CRITICAL, min(abs(z), critical_z(_SMALLEST_P))
    if high <= low:
        return 1.0
    above = excess(high)
    if above <= 0:
        return max(_SMALLEST_P, two_sided_p(z))
    # in terms of the fixed test's critical value the boundary is all but a straight line, and never below it
    before, here = high, max(low, high - above)
    for _ in range(_SECANT_STEPS):
        there = excess(here)
        if there == above:
            break
        before, here, above = here, here - there * (here - before) / (there - above), there
        if not low < here < high:
            break
        if abs(here - before) < 1e-10:
            return two_sided_p(here)

    from scipy.optimize import brentq

    return 1.0 if excess(low) >= 0 else two_sided_p(brentq(excess, low, high, xtol=1e-11))


@lru_cache(maxsize=4096)
def _boundaries(
    information: tuple[float, ...],
    fractions: tuple[float, ...],
    alpha: float,
    spending: Spending,
    smallest_gain: float = _SMALLEST_GAIN,
) -> tuple[float, ...]:
    times = _times(information, smallest_gain)
    bounds: list[float] = []
    walk, time = _START, 0.0
    spent = spent_before = 0.0
    for look, fraction in enumerate(fractions):
        now = spending(fraction, alpha)
        if times[look] == 0.0:
            bounds.append(NO_STOP)
        elif spent > 0.0 and now <= spent:
            bounds.append(bounds[-1])
        else:
            if times[look] > time:
                walk = walk.step(time, bounds[-1], times[look]) if time else walk
                time, spent_before = times[look], spent
            bounds.append(walk.bound_at(time, now - spent_before))
            spent = max(spent, now)
    return tuple(bounds)


def _times(information: tuple[float, ...], smallest_gain: float) -> list[float]:
    """Information as the walk's time, 1 at the end: equal where no data came, otherwise at least a small step on.

    The smallest step makes neighbouring looks less alike than they are: the safe side.
    """
    scale = max(information, default=0.0) or 1.0
    times: list[float] = []
    time = before = 0.0
    for amount in information:
        if amount > before * (1 + _SAME):
            time, before = max(amount / scale, time * (1 + smallest_gain)), amount
        times.append(time)
    return times


class _Walk:
    """The density at `time` of the B-value on paths that have crossed no boundary: `mass` at the nodes `at`.

    Composite Gauss–Legendre quadrature, fine enough for the step to the next look; nodes beyond nine of its standard
    deviations are left out of each sum.
    """

    def __init__(self, time: float, top: float, at: Floats, mass: Floats) -> None:
        self.time = time
        self.top = top
        self.at = at
        self.mass = mass

    def bound_at(self, time: float, tail: float) -> float:
        """b with P(not crossed before, B ≥ b√time) = `tail`.

        Newton's method on the logarithm, which is concave: from the right, where one look alone would have its bound,
        it comes down without overshooting. A bracketed search stands by for tails of half the mass and more, and for
        next to none.
        """
        from scipy.special import ndtr

        if tail <= _SMALLEST_TAIL:
            return NO_STOP
        spread = math.sqrt(time - self.time)
        at, step = self.at / spread, math.sqrt(time) / spread
        bound = min(NO_STOP, critical_z(2 * tail)) if tail < 0.5 else 0.0
        for _ in range(_NEWTON_STEPS):
            away = at - bound * step
            chance = float(self.mass @ ndtr(away))
            slope = float(self.mass @ np.exp(-0.5 * away * away)) * step / math.sqrt(2 * math.pi)
            if min(chance, slope) <= _SMALLEST_TAIL:
                break
            move = chance / slope * math.log(chance / tail)
            bound += move
            if abs(move) < 1e-10:
                return min(bound, NO_STOP)
        return self._searched(at, step, math.log(tail))

    def _searched(self, at: Floats, step: float, wanted: float) -> float:
        from scipy.optimize import brentq
        from scipy.special import ndtr

        def excess(bound: float) -> float:
            return math.log(max(float(self.mass @ ndtr(at - bound * step)), _SMALLEST_TAIL)) - wanted

        if excess(NO_STOP) >= 0:
            return NO_STOP
        return float(brentq(excess, -NO_STOP, NO_STOP, xtol=1e-11)) if excess(-NO_STOP) > 0 else -NO_STOP

    def step(self, time: float, bound: float, then: float) -> _Walk:
        """The walk at `time` where it stops above `bound`, ready for the look at `then`."""
        root, spread = math.sqrt(time), math.sqrt(time - self.time)
        low, top = _LOWEST * root, max(_LOWEST + 1e-3, min(bound, _HIGHEST)) * root
        at, weight = _panels(low, top, 4 * min(root, math.sqrt(then - time)), self.top, 4 * spread)
        return _Walk(time, top, at, weight * self._density(at, spread))

    def _density(self, at: Floats, spread: float) -> Floats:
        first = np.searchsorted(self.at, at - 9 * spread)
        width = int(np.max(np.searchsorted(self.at, at + 9 * spread) - first))
        near = first[:, None] + np.arange(width)
        nodes = np.concatenate([self.at, np.full(width, np.inf)])
        mass = np.concatenate([self.mass, np.zeros(width)])
        kernel = (nodes[near] - at[:, None]) / spread
        density = np.einsum("ij,ij->i", np.exp(-0.5 * kernel * kernel), mass[near])
        return np.asarray(density / (spread * math.sqrt(2 * math.pi)), dtype=np.float64)


_START = _Walk(0.0, 0.0, np.zeros(1), np.ones(1))


def _panels(low: float, top: float, widest: float, layer: float, thinnest: float) -> tuple[Floats, Floats]:
    """Nodes and weights on [low, top] in panels at most `widest`, and from `thinnest` on around the point `layer`.

    Around the boundary of the look before, the density falls off within that look's step, which may be the shorter.
    """
    panels = math.ceil((top - low) / widest)
    edges = low + (top - low) / panels * np.arange(panels + 1)
    if thinnest < widest:
        away = thinnest * 2.0 ** np.arange(math.ceil(math.log2(widest / thinnest)) + 1)
        around = np.concatenate([layer - away, [layer], layer + away])
        edges = np.unique(np.concatenate([edges, around[(around > low) & (around < top)]]))
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    at, weight = _legendre()
    return (middle[:, None] + half[:, None] * at).ravel(), (half[:, None] * weight).ravel()


@lru_cache(maxsize=1)
def _legendre() -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(12)
