"""Independence in tables of counts: Pearson's χ² (arm × stratum, arm × owner) and Cochran–Mantel–Haenszel over strata.

Sources: Pearson 1900; Mantel & Haenszel 1959, the form without continuity correction (statistics of phases and strata).
scipy's `chi2_contingency` and statsmodels' `StratifiedTable` compute the same (tests hold them together), but stop at
an empty row, column or stratum, which here is ordinary and left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mqlab.stats.estimate import NotEstimable
from mqlab.stats.strata import Pair
from mqlab.stats.tails import chi_square_p


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A χ² test; `smallest_expected` below 5 says the p-value is rough."""

    statistic: float
    df: int
    p_value: float
    smallest_expected: float


@dataclass(frozen=True, slots=True)
class CommonEffect:
    """Cochran–Mantel–Haenszel: χ² with one degree of freedom, its signed root z and the common odds ratio.

    `z` is positive when treatment has more; `odds_ratio` is treatment's odds over control's, None where it is
    infinite or undefined.
    """

    statistic: float
    z: float
    p_value: float
    odds_ratio: float | None


def chi_square(table: Sequence[Sequence[int]]) -> ChiSquare | NotEstimable:
    """Pearson's χ² of independence of rows and columns; empty rows and columns are left out.

    A count that is negative or no number, or rows of different length, are a ValueError.

    Example:
        >>> found = chi_square([[880, 120, 118, 2882], [884, 122, 121, 2873]])
        >>> found.df, round(found.p_value, 2)
        (3, 0.99)
    """
    if len({len(row) for row in table}) > 1:
        raise ValueError("the rows of a table must be of equal length")
    if not all(count >= 0 for row in table for count in row):
        raise ValueError("a table of counts cannot hold a negative count, or none")
    rows = [row for row in table if sum(row)]
    columns = [column for column in zip(*rows, strict=True) if sum(column)]
    if len(rows) < 2 or len(columns) < 2:
        return NotEstimable("one_category", "There is only one group to compare.")
    total = sum(map(sum, columns))
    row_sums = [sum(row) for row in rows]
    statistic, smallest = 0.0, float("inf")
    for column in columns:
        for count, row_sum in zip(column, row_sums, strict=True):
            expected = row_sum * sum(column) / total
            statistic += (count - expected) ** 2 / expected
            smallest = min(smallest, expected)
    df = (len(rows) - 1) * (len(columns) - 1)
    return ChiSquare(statistic, df, chi_square_p(statistic, df), smallest)


def cochran_mantel_haenszel(strata: Sequence[Pair], *, correction: bool = False) -> CommonEffect | NotEstimable:
    """One test of "no effect in any stratum" against a common direction; strata without both arms tell nothing.

    `correction` subtracts ½ as R's `mantelhaen.test` does by default; off here, as the N − 1 test has none either.
    """
    gap = variance = odds_up = odds_down = 0.0
    for pair in strata:
        a, b = pair.control, pair.treatment
        n, x = a.n + b.n, a.x + b.x
        if not pair.filled or n < 2:
            continue
        gap += b.x - b.n * x / n
        variance += a.n * b.n * x * (n - x) / (n * n * (n - 1))
        odds_up += b.x * (a.n - a.x) / n
        odds_down += a.x * (b.n - b.x) / n
    if not variance:
        return NotEstimable("no_outcomes", "No stratum has both arms and both outcomes.")
    size = max(0.0, abs(gap) - 0.5) if correction else abs(gap)
    statistic = size**2 / variance
    z = (1 if gap > 0 else -1) * size / variance**0.5
    return CommonEffect(statistic, z, chi_square_p(statistic, 1), odds_up / odds_down if odds_down else None)
