"""Leads that were all followed to the end, as the warehouse hands them to an analysis."""

from __future__ import annotations

from collections.abc import Iterable

from mqlab.analysis.looks import Boundary
from mqlab.analysis.rates import STRATA
from mqlab.warehouse.followed import FollowedRow

ARMS = ("control", "arm")
HORIZON = 90

PLANNED_END_Z = Boundary((1.0,), 1.0, final=True).z(0.05)
"""The critical value of an analysis whose only look is its planned end."""


def one_stratum(x_a: int, n_a: int, x_b: int, n_b: int) -> tuple[FollowedRow, ...]:
    """`x` of `n` leads of each arm had the outcome; neither definition fired for any of them."""
    return (*_rows("control", "none", x_a, n_a), *_rows("arm", "none", x_b, n_b))


def by_stratum(
    x_a: Iterable[int], n_a: Iterable[int], x_b: Iterable[int], n_b: Iterable[int]
) -> tuple[FollowedRow, ...]:
    """The same for every stratum, in the order both, control first, arm first, none."""
    rows: list[FollowedRow] = []
    for arm, xs, ns in (("control", x_a, n_a), ("arm", x_b, n_b)):
        for stratum, x, n in zip(STRATA, xs, ns, strict=True):
            rows += _rows(arm, stratum, x, n)
    return tuple(rows)


def _rows(arm: str, stratum: str, x: int, n: int) -> list[FollowedRow]:
    """Those without the outcome and those with it; there is no row of nobody."""
    counted = ((0, n - x), (HORIZON // 3, x))
    return [FollowedRow(1, arm, stratum, None, None, HORIZON, age, leads) for age, leads in counted if leads]
