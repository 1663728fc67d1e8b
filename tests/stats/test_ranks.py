"""Groups compared by ranks."""

from __future__ import annotations

import math

import pytest
from scipy.stats import mannwhitneyu, rankdata

from mqlab.stats.estimate import NotEstimable
from mqlab.stats.ranks import mid_ranks, rank_sum_p

PERMEABILITY = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46], [1.15, 0.88, 0.90, 0.74, 1.21]
"""Hollander and Wolfe (1973), p. 69: of the human chorioamnion, at term and between 12 and 26 weeks."""


def test_the_rank_sum_is_the_one_worked_by_hand():
    """
    R's help page of wilcox.test gives W = 35 for these; of 10 and 5 values without ties the mean is 25 and the variance
    10 · 5 · 16 / 12 = 200 / 3, so z = (35 − 25 − 1/2) / √(200/3) and p = erfc(z / √2) = 0.2446.
    """
    assert rank_sum_p(*PERMEABILITY) == pytest.approx(math.erfc(9.5 / math.sqrt(200 / 3) / math.sqrt(2)), rel=1e-12)
    assert rank_sum_p(*PERMEABILITY) == pytest.approx(0.2446, abs=5e-5)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param(*PERMEABILITY, id="no ties"),
        pytest.param([1.0, 2.0, 2.0, 3.0] * 6, [2.0, 2.0, 4.0] * 9, id="ties"),
        pytest.param([1.0, 5.0] * 12, [2.0, 4.0] * 12, id="no difference"),
    ],
)
def test_ties_are_corrected_as_scipy_corrects_them(a, b):
    """
    The p-value and the ranks are those of scipy's mannwhitneyu and rankdata.
    """
    assert rank_sum_p(a, b) == float(mannwhitneyu(a, b, method="asymptotic").pvalue)
    assert mid_ranks([*a, *b]) == rankdata([*a, *b]).tolist()


def test_whoever_still_waits_waits_longest():
    """
    Infinite values share the last ranks.
    """
    assert mid_ranks([math.inf, 1.0, math.inf]) == [2.5, 1.0, 2.5]


def test_values_that_do_not_vary_have_no_p():
    """
    Without two different values, or without a group, there is nothing to compare.
    """
    assert rank_sum_p([1.0, 1.0], [1.0]) == NotEstimable("no_variation")
    assert rank_sum_p([], [1.0, 2.0]) == NotEstimable("no_units")
