"""Normal and t tails: critical values, two-sided p-values, and the t quantile that stands where a z stands.

`z` is the currency of every interval in this package: a repeated interval passes its boundary b_k as `z`.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()


def critical_z(alpha: float) -> float:
    """The two-sided standard normal critical value, z with P(|Z| > z) = `alpha`; `alpha` in (0, 1).

    Example:
        >>> round(critical_z(0.05), 6)
        1.959964
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie in (0, 1), not {alpha}")
    return -_NORMAL.inv_cdf(alpha / 2)


def two_sided_p(z: float) -> float:
    """P(|Z| ≥ |z|) for a standard normal Z, from the complementary error function, so tails keep their digits.

    Example:
        >>> round(two_sided_p(1.5924106), 7)
        0.1112925
    """
    return math.erfc(abs(z) / math.sqrt(2))


def t_in_place_of(z: float, df: float) -> float:
    """The t quantile with the same upper tail as `z`: t_ν⁻¹(Φ(z)); `df` infinite gives `z` back.

    Example:
        >>> round(t_in_place_of(1.959964, 10), 4)
        2.2281
    """
    from scipy.special import ndtr, stdtrit

    if math.isinf(df):
        return z
    return float(-stdtrit(df, ndtr(-z)))


def two_sided_p_t(t: float, df: float) -> float:
    """P(|T| ≥ |t|) for Student's t with `df` degrees of freedom (real, positive; infinite means normal).

    Example:
        >>> round(two_sided_p_t(-1.8608135, 17.776474), 5)
        0.07939
    """
    from scipy.special import stdtr

    if math.isinf(df):
        return two_sided_p(t)
    return float(2 * stdtr(df, -abs(t)))


def chi_square_p(statistic: float, df: int) -> float:
    """P(χ²_df ≥ `statistic`).

    Example:
        >>> round(chi_square_p(5.76, 1), 8)
        0.01639507
    """
    from scipy.special import chdtrc

    return float(chdtrc(df, statistic))
