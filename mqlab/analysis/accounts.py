"""Metrics of randomised accounts: rates and amounts per lead, CR2 variances, Bell–McCaffrey degrees of freedom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mqlab.analysis.comparison import Comparison, of_contrast, scaled, without
from mqlab.analysis.phases import combined
from mqlab.analysis.rates import by_phase
from mqlab.analysis.result_rows import ArmValue
from mqlab.stats.clusters import Accounts, compare, compare_triggered
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.means import Contrast, RatioSums, ratio_metric
from mqlab.warehouse.sufficient import UnitRow

Measure = Callable[[UnitRow], int]
Group = tuple[Accounts, Accounts]
"""The accounts of one phase: control's, and the other arm's."""
Compared = Callable[[Accounts, Accounts], Contrast | NotEstimable]
DISCORDANT = ("control_first", "arm_first")


def mature(row: UnitRow) -> int:
    """A lead-based metric's denominator."""
    return row.mature


def accounts_of(rows: Sequence[UnitRow], side: str, denominator: Measure, numerator: Measure) -> Accounts:
    """The accounts of one arm that have something in the denominator."""
    chosen = [row for row in rows if row.arm == side]
    return Accounts.of(
        [denominator(row) for row in chosen],
        [numerator(row) for row in chosen],
        [row.stratum in DISCORDANT for row in chosen],
    )


def per_lead(
    rows: Sequence[UnitRow],
    control: str,
    arm: str,
    numerator: Measure,
    *,
    denominator: Measure = mature,
    triggered: bool = False,
    minor: int = 1,
    note: str = "",
) -> Comparison:
    """`numerator` per `denominator`, accounts as clusters; `minor` of the numerator make one unit of the result.

    Triggered: an account is discordant if any of its leads is, and then all of them are.
    """
    sides = _sides(rows, control, arm, denominator, numerator, minor)
    contrast = contrast_of(rows, control, arm, numerator, denominator=denominator, triggered=triggered)
    if isinstance(contrast, NotEstimable):
        return without(contrast, *sides, note=note)
    contrast = scaled(contrast, 1 / minor)
    method = "accounts as clusters, CR2 with Bell–McCaffrey degrees of freedom, Fieller ratio"
    if triggered:
        method = f"first-divergence strata of accounts, diluted; {method}"
    return of_contrast(
        contrast,
        ArmValue(sides[0].units, sides[0].mature_units, contrast.control, sides[0].numerator),
        ArmValue(sides[1].units, sides[1].mature_units, contrast.treatment, sides[1].numerator),
        method,
        note,
    )


def contrast_of(
    rows: Sequence[UnitRow],
    control: str,
    arm: str,
    numerator: Measure,
    *,
    denominator: Measure = mature,
    triggered: bool = False,
) -> Contrast | NotEstimable:
    """The comparison of two arms' rates, phase by phase where each phase has accounts enough, else over all of them."""
    groups = groups_of(rows, control, arm, numerator, denominator=denominator)
    return over_phases(groups, compare_triggered if triggered else compare)


def groups_of(
    rows: Sequence[UnitRow], control: str, arm: str, numerator: Measure, *, denominator: Measure = mature
) -> tuple[Group, ...]:
    """The accounts of both arms, phase by phase; one group of nobody where there are no rows."""
    return tuple(
        (accounts_of(group, control, denominator, numerator), accounts_of(group, arm, denominator, numerator))
        for group in list(by_phase(rows).values()) or [()]
    )


def over_phases(
    groups: Sequence[Group], method: Compared, *, weight: Callable[[Accounts], float] = lambda each: each.leads.sum()
) -> Contrast | NotEstimable:
    """`method` phase by phase, weighed by leads, where each phase has accounts enough; else over all accounts."""
    parts: list[tuple[float, Contrast]] = []
    for a, b in groups:
        found = method(a, b)
        if isinstance(found, NotEstimable):
            break
        parts.append((float(weight(a) + weight(b)), found))
    if len(parts) == len(groups):
        return combined(parts) if len(parts) > 1 else parts[0][1]
    return method(*together(groups))


def together(groups: Sequence[Group]) -> Group:
    """The accounts of all phases."""
    a, b = (
        Accounts(*(np.concatenate([getattr(group[side], name) for group in groups]) for name in _COLUMNS))
        for side in (0, 1)
    )
    return a, b


_COLUMNS = ("leads", "totals", "discordant")


def effort(rows: Sequence[UnitRow], control: str, arm: str) -> Comparison:
    """Touches and meetings per deal won: sums by account, delta method over accounts (CR1).

    Its degrees of freedom are Bell and McCaffrey's, an account's leverage being its share of the arm's wins.
    """
    sides, sums, winning = [], [], []
    for side in (control, arm):
        chosen = [row for row in rows if row.arm == side and row.mature]
        t, w = sum(row.t for row in chosen), sum(row.x["won"] for row in chosen)
        sums.append(
            RatioSums(
                n=len(chosen),
                y=t,
                w=w,
                yy=sum(row.t**2 for row in chosen),
                ww=sum(row.x["won"] ** 2 for row in chosen),
                yw=sum(row.t * row.x["won"] for row in chosen),
            )
        )
        winning.append(Accounts.of([row.x["won"] for row in chosen], [row.t for row in chosen]))
        value = t / 1000 / w if w else NotEstimable("no_outcomes", "The arm has no deal won yet.")
        leads = sum(row.leads for row in rows if row.arm == side)
        sides.append(ArmValue(leads, sum(row.mature for row in chosen), value, t / 1000))
    contrast, leverage = ratio_metric(sums[0], sums[1]), compare(winning[0], winning[1])
    if isinstance(contrast, NotEstimable):
        return without(contrast, sides[0], sides[1])
    if isinstance(leverage, NotEstimable):
        return without(ONE_WINNER, sides[0], sides[1])
    method = "ratio of means over accounts, delta method; Fieller ratio"
    return of_contrast(scaled(replace(contrast, df=leverage.df), 0.001), sides[0], sides[1], method)


ONE_WINNER = NotEstimable("one_account", "All deals an arm won belong to one account.")


def _sides(
    rows: Sequence[UnitRow], control: str, arm: str, denominator: Measure, numerator: Measure, minor: int
) -> tuple[ArmValue, ArmValue]:
    def side(name: str) -> ArmValue:
        chosen = [row for row in rows if row.arm == name]
        n, x = sum(map(denominator, chosen)), sum(map(numerator, chosen))
        value = x / n / minor if n else NotEstimable("no_units", "The arm has nothing to count yet.")
        units = sum(row.leads for row in chosen) if denominator is mature else n
        return ArmValue(units, n, value, x / minor)

    return side(control), side(arm)
