"""Metrics of randomised accounts: rates and amounts per lead, CR2 variances, Bell–McCaffrey degrees of freedom."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mqlab.analysis.comparison import Comparison, of_contrast, scaled, without
from mqlab.analysis.phases import combined
from mqlab.analysis.rates import by_phase
from mqlab.analysis.results import ArmValue
from mqlab.stats.clusters import Accounts, compare, compare_triggered
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.means import Contrast, RatioSums, ratio_metric
from mqlab.warehouse.sufficient import UnitRow

Measure = Callable[[UnitRow], int]
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
    method = compare_triggered if triggered else compare
    groups = list(by_phase(rows).values())
    parts: list[tuple[float, Contrast]] = []
    for group in groups:
        a, b = (accounts_of(group, side, denominator, numerator) for side in (control, arm))
        found = method(a, b)
        if isinstance(found, NotEstimable):
            break
        parts.append((float(a.leads.sum() + b.leads.sum()), found))
    if len(parts) == len(groups) and parts:
        return combined(parts) if len(parts) > 1 else parts[0][1]
    a, b = (accounts_of(rows, side, denominator, numerator) for side in (control, arm))
    return method(a, b)


def effort(rows: Sequence[UnitRow], control: str, arm: str) -> Comparison:
    """Touches and meetings per deal won: sums by account, delta method over accounts."""
    sides, sums = [], []
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
        value = t / 1000 / w if w else NotEstimable("no_outcomes", "The arm has no deal won yet.")
        leads = sum(row.leads for row in rows if row.arm == side)
        sides.append(ArmValue(leads, sum(row.mature for row in chosen), value, t / 1000))
    contrast = ratio_metric(sums[0], sums[1])
    if isinstance(contrast, NotEstimable):
        return without(contrast, sides[0], sides[1])
    return of_contrast(
        scaled(contrast, 0.001), sides[0], sides[1], "ratio of means over accounts, delta method; Fieller ratio"
    )


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
