"""Two groups compared by ranks: Wilcoxon, Mann and Whitney's test by its normal approximation, ties and all."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mqlab.stats.estimate import NotEstimable


def mid_ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value from 1 on; equal values share the middle of theirs, infinite ones are the largest.

    NaN is a ValueError: it has no rank.

    Example:
        >>> mid_ranks([3.0, 1.0, 3.0, 2.0])
        [3.5, 1.0, 3.5, 2.0]
    """
    if any(map(math.isnan, values)):
        raise ValueError("what is not a number has no rank")
    _, place, counts = np.unique(np.asarray(values, dtype=float), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return [float(rank) for rank in (last - (counts - 1) / 2)[place]]


def rank_sum_p(a: Sequence[float], b: Sequence[float]) -> float | NotEstimable:
    """The two-sided p-value, in [0, 1], of two groups that differ in rank, with Yates' half and corrected for ties.

    The normal approximation (Hollander, Wolfe and Chicken 2014, section 4.1): for groups of some twenty and more.
    Where all values are equal, or a group is empty: `NotEstimable`. NaN is a ValueError.

    Example:
        >>> round(rank_sum_p([1.83, 0.50, 1.62, 2.48, 1.68], [0.878, 0.647, 0.598, 2.05, 1.06]), 6)
        0.403395
    """
    from scipy.special import ndtr

    if not a or not b:
        return NotEstimable("no_units")
    both = np.asarray([*a, *b], dtype=float)
    ranks = mid_ranks(both.tolist())
    _, counts = np.unique(both, return_counts=True)
    if len(counts) < 2:
        return NotEstimable("no_variation")
    n_a, n_b, n = len(a), len(b), len(both)
    above = sum(ranks[:n_a]) - n_a * (n_a + 1) / 2
    ties = counts.astype(float)
    spread = math.sqrt(n_a * n_b / 12 * ((n + 1) - float(np.sum(ties**3 - ties)) / (n * (n - 1))))
    z = (max(above, n_a * n_b - above) - n_a * n_b / 2 - 0.5) / spread
    return float(min(2 * ndtr(-z), 1.0))
