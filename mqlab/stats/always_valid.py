"""Looking at any time, with no end declared: an interval wide enough for all looks together, and its p-value.

The asymptotic confidence sequence with a normal mixture, which is the mixture sequential ratio test turned round.
Sources: Robbins 1970, Johari, Koomen, Pekelis & Walsh 2022 (mSPRT), Howard, Ramdas, McAuliffe & Sekhon 2021,
Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024. `confseq` has the same bound, but needs a compiler, and the
formula is one line.

The mixture's one parameter is set so that the interval is narrowest at the planned end I*: information I counts as
x = c(α)·I/I*, and an estimate's interval is that of its fixed test with the critical value m(x) in place of z. It holds
at every moment at once, to the accuracy of the normal approximation, so begin once every arm has `FEWEST_OUTCOMES`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

FEWEST_OUTCOMES = 10
"""Outcomes in each arm from which the normal approximation, and so the sequence, may be read."""


def tuning(alpha: float) -> float:
    """c(α) = −W₋₁(−α²/e) − 1: the x at which the multiplier of a two-sided level `alpha` is smallest, in SE units.

    `alpha` in [1e-150, 1), otherwise ValueError.

    Example:
        >>> round(tuning(0.05), 6), round(tuning(0.01), 6)
        (8.211968, 11.756371)
    """
    from scipy.special import lambertw

    if not 1e-150 <= alpha < 1.0:
        raise ValueError(f"alpha must lie in (0, 1), not {alpha}")
    return float(-lambertw(-(alpha**2) / math.e, k=-1).real - 1)


def multiplier(information_fraction: float, *, alpha: float) -> float:
    """The critical value m that stands where z stood: √((1 + 1/x)·log((1 + x)/α²)) with x = c(α)·I/I*.

    `information_fraction` is I/I*, in [0, ∞): the planned end is 1 and may be passed. Infinite without information.

    Example:
        >>> [round(multiplier(fraction, alpha=0.05), 4) for fraction in (0.25, 1, 2)]
        [3.2511, 3.0351, 3.064]
    """
    return multiplier_at(_mixed(information_fraction, alpha), alpha=alpha)


def multiplier_at(x: float, *, alpha: float) -> float:
    """The multiplier in the mixture's own unit: `x` is the prior variance of the effect in units of SE² (tρ²).

    Times the standard error σ/√t it is confseq's and gbstats' margin σ·√(2(tρ² + 1)/(t²ρ²)·log(√(tρ² + 1)/α)).

    Example (t = 100, ρ² = .1, σ = 1; the literature's margin is .3037811):
        >>> round(multiplier_at(10.0, alpha=0.05) / 10, 7)
        0.3037811
    """
    if x < 0 or math.isnan(x) or not 0.0 < alpha < 1.0:
        raise ValueError(f"there is no multiplier of information {x} at the level {alpha}")
    if x == 0.0 or math.isinf(x):
        return math.inf
    return math.sqrt((1 + 1 / x) * (math.log1p(x) - 2 * math.log(alpha)))


def p_value(z: float, information_fraction: float, *, alpha_for_tuning: float = 0.05) -> float:
    """min(1, √(1 + x)·exp(−z²x/(2(1 + x)))): valid whenever it is looked at, 1 without information.

    It is below `alpha_for_tuning` exactly when |z| exceeds that level's multiplier. `z` is the estimate over its
    standard error under no effect (pooled).

    Example:
        >>> round(p_value(3.5, 1), 7)
        0.0129087
    """
    x = _mixed(information_fraction, alpha_for_tuning)
    if math.isnan(z):
        raise ValueError("z is not a number")
    if x == 0.0 or math.isinf(x):
        return 1.0
    return min(1.0, math.exp(0.5 * math.log1p(x) - 0.5 * z * z * (x / (1 + x))))


def running_p(
    zs: Sequence[float], information_fractions: Sequence[float], *, alpha_for_tuning: float = 0.05
) -> tuple[float, ...]:
    """The p-value of all looks so far, one per look: the smallest seen, so it never rises.

    Example:
        >>> [round(p, 4) for p in running_p([1.0, 3.5, 2.0], [0.5, 1.0, 1.5])]
        [1.0, 0.0129, 0.0129]
    """
    if len(zs) != len(information_fractions):
        raise ValueError(f"{len(zs)} statistics were given and {len(information_fractions)} information fractions")
    each = (p_value(z, t, alpha_for_tuning=alpha_for_tuning) for z, t in zip(zs, information_fractions, strict=True))
    return tuple(accumulate(each, min))


def _mixed(information_fraction: float, alpha: float) -> float:
    if information_fraction < 0 or math.isnan(information_fraction):
        raise ValueError(f"an information fraction cannot be {information_fraction}")
    return tuning(alpha) * information_fraction
