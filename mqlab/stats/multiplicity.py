"""Several questions at once: Dunnett's per-arm level for challengers sharing one control, Holm, Benjamini–Hochberg.

Sources: Dunnett 1955 (the one-factor integral for correlations λ_i λ_j), Holm 1979, Benjamini & Hochberg 1995.
statsmodels' `multipletests` gives the same adjusted p-values (tests hold them together) at the price of importing it;
scipy's `dunnett` integrates by Monte Carlo, so that the same data would not give the same digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mqlab.stats.tails import critical_z, two_sided_p


def dunnett_critical(
    alpha: float, *, control_units: float, challenger_units: Sequence[float], df: float = math.inf
) -> float:
    """c with P(any |Z_i| > c) = `alpha` when no challenger differs; only the ratios of the units matter.

    `df` ≥ 1: degrees of freedom of a shared variance estimate; infinite for proportions. `alpha` in (0, 1), units
    positive and finite, at least one challenger; otherwise ValueError.

    Example:
        >>> round(dunnett_critical(0.05, control_units=1, challenger_units=[1, 1]), 4)
        2.2121
    """
    from scipy.optimize import brentq

    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie in (0, 1), not {alpha}")
    if not df >= 1:
        raise ValueError(f"a variance has at least one degree of freedom, not {df}")
    if not challenger_units or not all(0 < units < math.inf for units in (control_units, *challenger_units)):
        raise ValueError("Dunnett's level needs units in the control and in every challenger")
    if len(challenger_units) == 1 and math.isinf(df):
        return critical_z(alpha)
    loadings = np.sqrt([n / (n + control_units) for n in challenger_units])
    scales, weights = _scales(df)

    def excess(c: float) -> float:
        inside = sum(float(w) * _inside(c * float(s), loadings) for s, w in zip(scales, weights, strict=True))
        return 1 - alpha - inside

    high = next((c for c in (60.0, 1e4, 1e8) if excess(c) <= 0), None)
    if high is None:
        raise ValueError(f"no critical value can be computed for alpha {alpha} with {df} degrees of freedom")
    return float(brentq(excess, 0.0, high, xtol=1e-12))


def dunnett_alpha(alpha: float, *, control_units: float, challenger_units: Sequence[float]) -> float:
    """The two-sided level for each challenger's own comparison so that all together keep `alpha`.

    It feeds a challenger's boundaries and intervals; one challenger keeps `alpha` itself.

    Example:
        >>> round(dunnett_alpha(0.05, control_units=1, challenger_units=[1, 1]), 5)
        0.02696
    """
    critical = dunnett_critical(alpha, control_units=control_units, challenger_units=challenger_units)
    return alpha if len(challenger_units) == 1 else two_sided_p(critical)


def _inside(c: float, loadings: NDArray[np.float64]) -> float:
    """P(all |Z_i| ≤ c), integrating over the control's own deviation x."""
    from scipy.special import ndtr

    x = np.linspace(-8.5, 8.5, 801)
    rest = np.sqrt(1 - loadings**2)
    shift = np.outer(x, loadings)
    each = ndtr((c + shift) / rest) - ndtr((-c + shift) / rest)
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return float(np.sum(density * each.prod(axis=1)) * (x[1] - x[0]))


def _scales(df: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Quadrature nodes and weights of s = √(χ²_df / df)."""
    from scipy.special import gammaln

    if math.isinf(df):
        return np.ones(1), np.ones(1)
    nodes, weights = np.polynomial.legendre.leggauss(96)
    top = 1 + 10 / math.sqrt(2 * df)
    s = (nodes + 1) * top / 2
    log_density = math.log(2) + df / 2 * math.log(df / 2) - gammaln(df / 2) + (df - 1) * np.log(s) - df * s**2 / 2
    weights = weights * np.exp(log_density)
    return s, weights / weights.sum()


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm-adjusted p-values in the order given: reject those ≤ α and the family-wise error is at most α.

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.02, 0.03, 0.04, 0.05])]
        [0.05, 0.08, 0.09, 0.09, 0.09]
    """
    _check_p_values(p_values)
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return tuple(adjusted)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini–Hochberg-adjusted p-values in the order given: keep those ≤ q and the false discovery rate is ≤ q.

    Example:
        >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.02, 0.03, 0.04, 0.05])]
        [0.05, 0.05, 0.05, 0.05, 0.05]
    """
    _check_p_values(p_values)
    adjusted = [0.0] * len(p_values)
    running = 1.0
    order = sorted(range(len(p_values)), key=lambda i: p_values[i], reverse=True)
    for rank, index in zip(range(len(p_values), 0, -1), order, strict=True):
        running = min(running, len(p_values) / rank * p_values[index])
        adjusted[index] = running
    return tuple(adjusted)


def _check_p_values(p_values: Sequence[float]) -> None:
    for p_value in p_values:
        if not 0.0 <= p_value <= 1.0:
            raise ValueError(f"a p-value must lie in [0, 1], not {p_value}")
