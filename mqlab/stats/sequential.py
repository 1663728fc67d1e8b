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

from mqlab.stats.tails import critical_z, two_sided_p
from mqlab.stats.walk import NO_STOP, START

__all__ = [
    "NO_STOP",
    "boundaries",
    "deciding_look",
    "information_fractions",
    "obrien_fleming",
    "pocock",
    "repeated_p_value",
]

Spending: TypeAlias = Callable[[float, float], float]

_SAME = 1e-9
_SMALLEST_GAIN = 1e-5
_GAIN_FOR_P = 1e-3
"""Steps a p-value's search tells apart: finer ones change its seventh digit, and cost most of the time."""
_SMALLEST_P = 1e-12
_LOWEST_CRITICAL = 1e-9
_NOTHING, _ALL = 1e-300, 1 - 1e-15
_EXACT = 1e-13
_USUAL_CRITICAL = 1.96
_CLOSE = (0.0, 1e-9, 1e-6, 5e-4)
"""How near the level sought has to be to the last of 1, 2 or more levels tried, for the line or parabola to do."""
_SECANT_STEPS = 30
_MOST_TRIED = 12


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

    return _level_of(abs(z), rising, fractions, spending)


@lru_cache(maxsize=4096)
def _level_of(z: float, information: tuple[float, ...], fractions: tuple[float, ...], spending: Spending) -> float:
    """α at which the last look's boundary is `z`, sought in terms of the fixed test's critical value.

    What the boundary lies above that of a single look that spends as much falls about exponentially: the parabola
    through its logarithm at the levels tried says where the next one has to be.
    """
    low, high = _LOWEST_CRITICAL, min(z, critical_z(_SMALLEST_P))
    if high <= low:
        return 1.0

    def bounds_at(critical: float, guesses: tuple[float, ...] = ()) -> tuple[float, ...]:
        return _recursion(information, fractions, two_sided_p(critical), spending, _GAIN_FOR_P, guesses)

    def alone_at(critical: float) -> list[float]:
        return [_alone(fraction, critical, spending) for fraction in fractions]

    def where(logarithm: Callable[[float], float], start: float) -> float:
        return _root(
            lambda critical: _alone(fractions[-1], critical, spending) + math.exp(min(logarithm(critical), 1.0)) - z,
            start,
            low,
            high,
        )

    tried: list[float] = []
    above: list[list[float]] = []
    logarithms: list[float] = []

    def keep(critical: float, bounds: tuple[float, ...]) -> None:
        tried.append(critical)
        above.append([bound - single for bound, single in zip(bounds, alone_at(critical), strict=True)])
        logarithms.append(math.log(max(above[-1][-1], _EXACT)))

    keep(_USUAL_CRITICAL, _bounds_at_usual_level(information, fractions, spending))
    here = where(_parabola(tried, logarithms), high)
    while math.isfinite(here) and len(tried) < _MOST_TRIED:
        expected = (_parabola(tried[-3:], each)(here) for each in zip(*above[-3:], strict=True))
        guesses = [single + more for single, more in zip(alone_at(here), expected, strict=True)]
        found = bounds_at(here, (*guesses[:-1], z))
        if here == high and found[-1] <= z:
            return max(_SMALLEST_P, two_sided_p(z))
        if here == low and found[-1] >= z:
            return 1.0
        keep(here, found)
        here = where(_parabola(tried[-3:], logarithms[-3:]), here)
        if abs(here - tried[-1]) < _CLOSE[min(len(tried), 3)]:
            return two_sided_p(here)
    return _searched(lambda critical: bounds_at(critical)[-1], z, low, high)


@lru_cache(maxsize=4096)
def _bounds_at_usual_level(
    information: tuple[float, ...], fractions: tuple[float, ...], spending: Spending
) -> tuple[float, ...]:
    """Where every search at these looks begins."""
    return _recursion(information, fractions, two_sided_p(_USUAL_CRITICAL), spending, _GAIN_FOR_P)


def _searched(bound: Callable[[float], float], z: float, low: float, high: float) -> float:
    """The same by bracketing, for levels at which looks have next to nothing to spend."""
    from scipy.optimize import brentq

    if bound(high) <= z + _EXACT:
        return max(_SMALLEST_P, two_sided_p(z))
    if bound(low) >= z:
        return 1.0
    return two_sided_p(brentq(lambda critical: bound(critical) - z, low, high, xtol=1e-11))


def _alone(fraction: float, critical: float, spending: Spending) -> float:
    """The boundary of a look that is the first, at the level with this fixed critical value."""
    return _of_one_look(spending(fraction, two_sided_p(critical)))


def _of_one_look(spent: float) -> float:
    return critical_z(min(2 * spent, _ALL)) if spent > _NOTHING else NO_STOP


def _parabola(at: Sequence[float], values: Sequence[float]) -> Callable[[float], float]:
    """Through one to three points: a constant, a line or a parabola (Newton's form)."""
    slope = (values[1] - values[0]) / (at[1] - at[0]) if len(at) > 1 else 0.0
    bend = ((values[2] - values[1]) / (at[2] - at[1]) - slope) / (at[2] - at[0]) if len(at) > 2 else 0.0
    return lambda x: values[0] + (x - at[0]) * (slope + bend * (x - at[1])) if len(at) > 1 else values[0]


def _root(rising: Callable[[float], float], start: float, low: float, high: float) -> float:
    """Where a rising function is 0, by secants; the end of [low, high] if that is outside, NaN if not found."""
    before, below = start, rising(start)
    here = max(low, min(high, start - below))
    for _ in range(_SECANT_STEPS):
        there = rising(here)
        if abs(there) < _EXACT or here == before:
            return here
        if there == below:
            break
        before, here, below = here, max(low, min(high, here - there * (here - before) / (there - below))), there
    return math.nan


@lru_cache(maxsize=4096)
def _boundaries(
    information: tuple[float, ...], fractions: tuple[float, ...], alpha: float, spending: Spending
) -> tuple[float, ...]:
    return _recursion(information, fractions, alpha, spending, _SMALLEST_GAIN)


def _recursion(
    information: tuple[float, ...],
    fractions: tuple[float, ...],
    alpha: float,
    spending: Spending,
    smallest_gain: float,
    guesses: tuple[float, ...] = (),
) -> tuple[float, ...]:
    """Every look's boundary; `guesses` of them save steps of Newton's method, and change nothing."""
    times = _times(information, smallest_gain)
    bounds: list[float] = []
    walk, time = START, 0.0
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
            guess = guesses[look] if guesses else _of_one_look(now)
            bounds.append(walk.bound_at(time, now - spent_before, guess))
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
