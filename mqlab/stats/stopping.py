"""When a sequential design stops: the chance of crossing at each look under a drift, and what the looks cost.

Sources: Armitage, McPherson & Rowe 1969 (the recursion), Jennison & Turnbull 2000 ch. 19 (power and expected
information), checked against R's rpact (`getDesignCharacteristics`, `getPowerAndAverageSampleNumber`). No Python
library that is kept up offers Lan–DeMets spending, so it is written here, on the boundaries of `sequential`.

With W a Brownian motion and θ the drift, B_k = W(t_k) + θ t_k is looked at when t_k of the information is in; θ² is the
information of the whole design in units of one over the squared effect. A fixed design needs
θ = z_{1−α/2} + z_{1−β}, a sequential one √inflation times as much. The recursion runs once, without drift: a drift
only reweights what it found, by exp(θ B_k − θ² t_k / 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mqlab.stats.sequential import boundaries
from mqlab.stats.tails import critical_z

_NORMAL = NormalDist()
_POINTS = 801
_REACH = 14.0
"""How far paths are followed, in standard deviations without drift: a drift moves them by up to half of it."""
_SMALLEST_STEP = 1e-4
"""Looks that add a smaller share of the information than this are one look."""


@dataclass(frozen=True)
class Stopping:
    """A two-sided design: looks at `times`, rising shares of the information up to 1, which stop where |Z_k| > b_k."""

    times: tuple[float, ...]
    bounds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.times or len(self.times) != len(self.bounds):
            raise ValueError("a design needs at least one look, and a boundary for each")
        if any(later <= earlier for earlier, later in zip((0.0, *self.times), self.times, strict=False)):
            raise ValueError(f"the looks must come with rising information, not {self.times}")

    def upper(self, drift: float) -> NDArray[np.float64]:
        """The chance of stopping at each look above its boundary, under `drift`; shape (looks,).

        Example:
            >>> design = Stopping((1.0,), (1.959964,))
            >>> [round(float(chance), 4) for chance in design.upper(2.801585)]
            [0.8]
        """
        from scipy.special import ndtr

        if not math.isfinite(drift):
            raise ValueError(f"a drift must be a finite number, not {drift}")
        found = []
        for k, (time, bound) in enumerate(zip(self.times, self.bounds, strict=True)):
            edge = bound * math.sqrt(time)
            if k == 0:
                found.append(float(ndtr((drift * time - edge) / math.sqrt(time))))
                continue
            gap, (grid, mass) = time - self.times[k - 1], _paths(self.times, self.bounds)[k - 1]
            weight = mass * np.exp(drift * grid - drift**2 * self.times[k - 1] / 2)
            found.append(float(weight @ ndtr((grid + drift * gap - edge) / math.sqrt(gap))))
        return np.array(found)

    def lower(self, drift: float) -> NDArray[np.float64]:
        """The chance of stopping at each look below minus its boundary, under `drift`; shape (looks,)."""
        return self.upper(-drift)

    def power(self, drift: float) -> float:
        """The chance, in [0, 1], of ever stopping above, which is to find an effect in its true direction."""
        return float(self.upper(drift).sum())

    def drift(self, power: float) -> float:
        """The drift that gives `power`, in (0, 1)."""
        return _drift(self, power)

    def ends(self, drift: float) -> NDArray[np.float64]:
        """The chance that the experiment ends at each look, by crossing either boundary or by being the last.

        Example:
            >>> design = group_sequential([1, 2, 3, 4], alpha=0.05)
            >>> [round(float(chance), 3) for chance in design.ends(design.drift(0.8))]
            [0.002, 0.166, 0.372, 0.46]
        """
        chances = self.upper(drift) + self.lower(drift)
        chances[-1] += max(0.0, 1 - float(chances.sum()))
        return np.asarray(chances / chances.sum())


def group_sequential(information: Sequence[float], *, alpha: float, maximum: float | None = None) -> Stopping:
    """The Lan–DeMets O'Brien–Fleming design with these looks, the last of which spends all of two-sided `alpha`.

    `information` is in any one unit; `maximum`, what was declared of it, is the last look's where it is not given.
    Looks without information, or with no more than the one before, are left out.
    """
    kept: list[float] = []
    floor = _SMALLEST_STEP * max(information, default=0.0)
    for amount in information:
        if amount - (kept[-1] if kept else 0.0) > floor:
            kept.append(float(amount))
    if not kept:
        raise ValueError("a design needs a look with information")
    bounds = boundaries(kept, maximum=maximum or kept[-1], alpha=alpha, last=True)
    return Stopping(tuple(amount / kept[-1] for amount in kept), bounds)


def inflation(design: Stopping, *, alpha: float, power: float) -> float:
    """How many times the information of a fixed design this one needs for the same `power`.

    Example:
        >>> round(inflation(group_sequential([1, 2, 3, 4], alpha=0.05), alpha=0.05, power=0.8), 4)
        1.0196
    """
    return spent(design.drift(power), design, alpha=alpha)


def spent(drift: float, design: Stopping, *, alpha: float) -> float:
    """How many times the information of a fixed design of the same power this one takes under `drift`."""
    return (drift / (critical_z(alpha) + _NORMAL.inv_cdf(design.power(drift)))) ** 2


@lru_cache(maxsize=1024)
def _drift(design: Stopping, power: float) -> float:
    from scipy.optimize import brentq

    if not design.power(0.0) < power < 1:
        raise ValueError(f"power must lie above the error spent and below 1, not {power}")
    high = 1.0
    while design.power(high) < power and high < _REACH:
        high += 0.5
    return float(brentq(lambda drift: design.power(drift) - power, 0.0, high, xtol=1e-10))


@lru_cache(maxsize=256)
def _paths(
    times: tuple[float, ...], bounds: tuple[float, ...]
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]:
    """After each look but the last: a grid of B-values between the boundaries, and the mass of the paths there."""
    found: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for k, (time, bound) in enumerate(zip(times[:-1], bounds[:-1], strict=True)):
        edge = min(abs(bound), _REACH) * math.sqrt(time)
        points = _points(edge, times[k + 1] - time)
        grid = np.linspace(-edge, edge, points)
        if k == 0:
            density = np.exp(-(grid**2) / (2 * time)) / math.sqrt(2 * math.pi * time)
        else:
            gap, (before, mass) = time - times[k - 1], found[-1]
            kernel = np.exp(-((grid[:, None] - before[None, :]) ** 2) / (2 * gap)) / math.sqrt(2 * math.pi * gap)
            density = kernel @ mass
        found.append((grid, density * _simpson(grid)))
    return tuple(found)


def _points(edge: float, gap: float) -> int:
    """An odd number of grid points, close enough together for the step to the next look."""
    return min(4_001, max(_POINTS, 2 * math.ceil(2 * edge / math.sqrt(gap)) + 1))


def _simpson(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.ones(grid.size)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return weights * float(grid[1] - grid[0]) / 3
