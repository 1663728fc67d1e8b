"""The walk of a test from look to look: how likely its paths are to stand where, having crossed no boundary before.

The recursion of Armitage, McPherson & Rowe 1969 on B-values B_k = Z_k √t_k by composite Gauss–Legendre quadrature; one
side, as both spend alike. Two looks that are close need nodes as close as the step between them is small, but only
near the boundary: a path that stood more than `REACH` standard deviations below it was never stopped, and an earlier
walk, which knows nothing of the boundary, tells its chances as well. So a walk before a small step holds nodes near
its top alone, and the last walk with nodes everywhere stands behind it for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from mqlab.stats.tails import critical_z

Floats: TypeAlias = NDArray[np.float64]

NO_STOP = 20.0
"""The boundary on |z| where a look has (next to) no error to spend: no data can cross it."""
REACH = 9.0
"""Standard deviations beyond which a step does not lead."""

_LOWEST, _HIGHEST = -7.0, 8.5
_WIDTH = 4.0
"""Standard deviations that one panel of nodes may span."""
_NODES = 12
_SMALLEST_TAIL = 1e-300
_STEPS = 30
_SETTLED = 5e-4
"""Steps so short, as a share of the walk's own, that the third power of them, the error left, is nothing."""
_MOST_BENT = 1.0
_DENSE = 0.4
_ROOT_2_PI = math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """The density at `time` of the B-value on paths that have crossed no boundary: `mass` at the nodes `at`.

    With a walk `behind` it the nodes reach down only so far as the boundaries that one does not know can be felt at
    the next look: boundaries from time `since` on, of which `lowest` is the lowest.
    """

    time: float
    top: float
    at: Floats
    mass: Floats
    behind: Walk | None = None
    since: float = 0.0
    lowest: float = 0.0

    def bound_at(self, time: float, tail: float, guess: float | None = None) -> float:
        """b with P(not crossed before, B ≥ b√time) = `tail`.

        Halley's method on the logarithm, which is concave, Newton's where the curve is too bent for it: from the right,
        where one look alone would have its bound, or from a `guess`. A bracketed search stands by for tails of half the
        mass and more, and for next to none.
        """
        if tail <= _SMALLEST_TAIL:
            return NO_STOP
        root = math.sqrt(time)
        highest = min(NO_STOP, critical_z(2 * tail)) if tail < 0.5 else 0.0
        if self.time == 0.0 and tail < 0.5:
            return highest
        bound = highest if guess is None else min(guess, highest)
        precise = _SETTLED * math.sqrt(time - self.time) / root
        for _ in range(_STEPS):
            chance, density, slope = self._above(bound * root, time)
            if min(chance, density) <= _SMALLEST_TAIL:
                break
            excess, falls = math.log(chance / tail), density * root / chance
            bend = excess * (1 + slope / density * (chance / density))
            move = excess / (falls * (1 + bend / 2 if bend > -_MOST_BENT else 1.0))
            bound = min(bound + move, NO_STOP) if guess is None else min(bound + move, highest)
            if abs(move) < precise:
                return bound
        return self._searched(time, tail)

    def _above(self, edge: float, time: float) -> tuple[float, float, float]:
        """P(not crossed before, B ≥ `edge`), the density there, and its slope, all at `time`."""
        seam = self._seam(time)
        if edge >= seam:
            spread = math.sqrt(time - self.time)
            away = (self.at - edge) / spread
            near = self.mass * np.exp(-0.5 * away * away)
            scale = 1 / (spread * _ROOT_2_PI)
            return float(self.mass @ _ndtr()(away)), scale * float(near.sum()), scale * float(near @ away) / spread
        assert self.behind is not None
        everyone, density, slope = self.behind._above(edge, time)
        return self._above(seam, time)[0] + everyone - self.behind._above(seam, time)[0], density, slope

    def _searched(self, time: float, tail: float) -> float:
        from scipy.optimize import brentq

        root, wanted = math.sqrt(time), math.log(tail)

        def excess(bound: float) -> float:
            return math.log(max(self._above(bound * root, time)[0], _SMALLEST_TAIL)) - wanted

        if excess(NO_STOP) >= 0:
            return NO_STOP
        return float(brentq(excess, -NO_STOP, NO_STOP, xtol=1e-11)) if excess(-NO_STOP) > 0 else -NO_STOP

    def step(self, time: float, bound: float, then: float) -> Walk:
        """The walk at `time` where it stops above `bound`, ready for the look at `then`."""
        root, spread, on = math.sqrt(time), math.sqrt(time - self.time), math.sqrt(then - time)
        low, top = _LOWEST * root, max(_LOWEST + 1e-3, min(bound, _HIGHEST)) * root
        behind: Walk | None
        behind, since, lowest = (self, time, top) if self.behind is None else (self.behind, self.since, self.lowest)
        lowest = min(lowest, top)
        floor = lowest - REACH * (math.sqrt(then - since) + on)
        if floor <= low + 0.2 * (top - low):
            behind, floor = None, low
        at, weight = _panels(floor, top, _WIDTH * min(root, on), self.top, _WIDTH * spread)
        return Walk(time, top, at, weight * self._density(at, time), behind, since, lowest)

    def _seam(self, time: float) -> float:
        """Up to where the walk behind tells the density at `time`."""
        return -math.inf if self.behind is None else self.lowest - REACH * math.sqrt(time - self.since)

    def _density(self, points: Floats, time: float) -> Floats:
        """The density at rising `points` before anything is stopped at `time`."""
        spread = math.sqrt(time - self.time)
        if self.behind is None:
            return _spread_out(self.at, self.mass, points, spread)
        first = int(np.searchsorted(points, self._seam(time)))
        near = _spread_out(self.at, self.mass, points[first:], spread)
        return near if first == 0 else np.concatenate([self.behind._density(points[:first], time), near])


def _spread_out(at: Floats, mass: Floats, points: Floats, spread: float) -> Floats:
    """Σ mass·φ((point − at)/spread)/spread at each point, nodes out of reach left out where most of them are."""
    if points.size == 0:
        return points
    if 2 * REACH * spread > _DENSE * float(at[-1] - at[0]):
        kernel = (points[:, None] - at) * (1 / spread)
        kernel *= kernel
        kernel *= -0.5
        density = np.exp(kernel, out=kernel) @ mass
    else:
        first = np.searchsorted(at, points - REACH * spread)
        width = int(np.max(np.searchsorted(at, points + REACH * spread) - first))
        near = first[:, None] + np.arange(width)
        nodes = np.concatenate([at, np.full(width, np.inf)])
        masses = np.concatenate([mass, np.zeros(width)])
        kernel = (nodes[near] - points[:, None]) / spread
        density = np.einsum("ij,ij->i", np.exp(-0.5 * kernel * kernel), masses[near])
    return np.asarray(density / (spread * _ROOT_2_PI), dtype=np.float64)


START = Walk(0.0, 0.0, np.zeros(1), np.ones(1))
"""Before the first look: everybody stands at 0."""


def _panels(low: float, top: float, widest: float, layer: float, thinnest: float) -> tuple[Floats, Floats]:
    """Nodes and weights on [low, top] in panels at most `widest`, and from `thinnest` on around the point `layer`.

    Around the boundary of the look before, the density falls off within that look's step, which may be the shorter.
    """
    panels = math.ceil((top - low) / widest)
    width = (top - low) / panels
    if thinnest >= widest:
        at, weight = _alike(panels)
        return low + width * at, width * weight
    edges = low + width * np.arange(panels + 1)
    away = thinnest * 2.0 ** np.arange(math.ceil(math.log2(widest / thinnest)) + 1)
    around = np.concatenate([layer - away, [layer], layer + away])
    edges = np.sort(np.concatenate([edges, around[(around > low) & (around < top)]]))
    at, weight = _alike(1)
    steps = edges[1:] - edges[:-1]
    return (edges[:-1, None] + steps[:, None] * at).ravel(), (steps[:, None] * weight).ravel()


@lru_cache(maxsize=256)
def _alike(panels: int) -> tuple[Floats, Floats]:
    """Nodes and weights on [0, `panels`] in panels of width 1."""
    at, weight = np.polynomial.legendre.leggauss(_NODES)
    return (np.arange(panels)[:, None] + (at + 1) / 2).ravel(), np.tile(weight / 2, panels)


@lru_cache(maxsize=1)
def _ndtr() -> Callable[[Floats], Floats]:
    from scipy.special import ndtr

    return cast(Callable[[Floats], Floats], ndtr)
