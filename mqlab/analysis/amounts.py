"""Money and effort of randomised leads: capped revenue per lead, and touches and meetings per deal won."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mqlab.analysis.comparison import Comparison, of_contrast, scaled, without
from mqlab.analysis.phases import combined
from mqlab.analysis.rates import NO_UNITS, by_phase
from mqlab.analysis.results import ArmValue
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.means import (
    Contrast,
    Moments,
    MomentStrata,
    RatioSums,
    diluted,
    permutation_p,
    ratio_metric,
    welch,
)
from mqlab.warehouse.sufficient import EffortCell, MoneyCell, Winner

SEED = 20_260_701
"""Of the permutations: fixed, so that the same data give the same bytes."""

FEW_WINS, SOME_WINS, MANY_WINS = 10, 30, 3_000
DISCORDANT = ("control_first", "arm_first")

TOO_FEW_WINS = NotEstimable("too_few_wins", "An arm has fewer than 10 leads with revenue, so only totals are shown.")


def revenue(cells: Sequence[MoneyCell], winners: Sequence[Winner], control: str, arm: str, minor: int) -> Comparison:
    """Capped revenue per assigned lead: Welch's interval, Fieller's ratio, a permutation p; `minor` units make one."""
    sides = _sides(cells, control, arm, minor)
    if reason := _reason(cells, control, arm):
        return without(reason, *sides)
    parts = []
    for group in by_phase(cells).values():
        a, b = (_moments(cell for cell in group if cell.arm == side) for side in (control, arm))
        contrast = welch(a, b)
        if not isinstance(contrast, NotEstimable):
            parts.append((float(a.n + b.n), contrast))
    if not parts:
        return without(NO_UNITS, *sides)
    return _compared(parts, sides, winners, control, arm, minor, "Welch on capped amounts, Fieller ratio")


def revenue_triggered(
    cells: Sequence[MoneyCell], winners: Sequence[Winner], control: str, arm: str, minor: int
) -> Comparison:
    """Capped revenue per assigned lead, from the leads on which the two definitions disagree."""
    sides = _sides(cells, control, arm, minor)
    if reason := _reason(cells, control, arm):
        return without(reason, *sides)
    parts: list[tuple[float, Contrast]] = []
    missing: NotEstimable = NO_UNITS
    for group in by_phase(cells).values():
        alike = tuple(_moments(cell for cell in group if cell.stratum == stratum) for stratum in ("both", "none"))
        apart = [
            _moments(cell for cell in group if cell.arm == side and cell.stratum in DISCORDANT)
            for side in (control, arm)
        ]
        contrast = diluted(MomentStrata(apart[0], apart[1], tuple(moments for moments in alike if moments.n)))
        if isinstance(contrast, NotEstimable):
            missing = contrast
        else:
            parts.append((float(sum(cell.mature for cell in group)), contrast))
    if not parts:
        return without(missing, *sides)
    chosen = [winner for winner in winners if winner.stratum in DISCORDANT]
    inside = [cell for cell in cells if cell.stratum in DISCORDANT]
    return _compared(
        parts,
        sides,
        chosen,
        control,
        arm,
        minor,
        "first-divergence strata, Welch inside them, diluted; Fieller ratio",
        inside,
    )


def effort(cells: Sequence[EffortCell], control: str, arm: str) -> Comparison:
    """Touches and meetings per deal won: a ratio of two means per arm, delta method."""
    sides = []
    sums = []
    for side in (control, arm):
        chosen = [cell for cell in cells if cell.arm == side]
        n, t, tt, w, tw = (sum(getattr(cell, name) for cell in chosen) for name in ("mature", "t", "tt", "w", "tw"))
        sums.append(RatioSums(n=n, y=t, w=w, yy=tt, ww=w, yw=tw))
        value = t / 1000 / w if w else NotEstimable("no_outcomes", "The arm has no deal won yet.")
        sides.append(ArmValue(sum(cell.leads for cell in chosen), n, value, t / 1000))
    contrast = ratio_metric(sums[0], sums[1])
    if isinstance(contrast, NotEstimable):
        return without(contrast, sides[0], sides[1])
    return of_contrast(scaled(contrast, 0.001), sides[0], sides[1], "ratio of means, delta method; Fieller ratio")


def _compared(
    parts: Sequence[tuple[float, Contrast]],
    sides: tuple[ArmValue, ArmValue],
    winners: Sequence[Winner],
    control: str,
    arm: str,
    minor: int,
    method: str,
    cells: Sequence[MoneyCell] | None = None,
) -> Comparison:
    contrast = scaled(combined(parts) if len(parts) > 1 else parts[0][1], 1 / minor)
    sides = (
        ArmValue(sides[0].units, sides[0].mature_units, contrast.control, sides[0].numerator),
        ArmValue(sides[1].units, sides[1].mature_units, contrast.treatment, sides[1].numerator),
    )
    notes = []
    a, b = ([winner.amount for winner in winners if winner.arm == side] for side in (control, arm))
    if min(len(a), len(b)) < SOME_WINS:
        notes.append(f"few deals ({len(a)} and {len(b)}), read with care")
    n_a, n_b = (
        (sum(cell.mature for cell in cells if cell.arm == side) for side in (control, arm))
        if cells is not None
        else (side.mature_units for side in sides)
    )
    if not 0.3 <= n_a / (n_a + n_b) <= 0.7:
        notes.append("arms of very different size: trust the permutation p, not the interval")
    if len(parts) == 1 and len(a) + len(b) <= MANY_WINS:
        rng = np.random.Generator(np.random.PCG64(SEED))
        p = permutation_p(a, b, n_a, n_b, rng=rng)
        if not isinstance(p, NotEstimable):
            return of_contrast(contrast, *sides, f"{method}; permutation p", "; ".join(notes), p)
    return of_contrast(contrast, *sides, method, "; ".join(notes))


def _reason(cells: Sequence[MoneyCell], control: str, arm: str) -> NotEstimable | None:
    for side in (control, arm):
        chosen = [cell for cell in cells if cell.arm == side]
        if not sum(cell.mature for cell in chosen):
            return NO_UNITS
    if min(sum(cell.wins for cell in cells if cell.arm == side) for side in (control, arm)) < FEW_WINS:
        return TOO_FEW_WINS
    return None


def _moments(cells: Iterable[MoneyCell]) -> Moments:
    total = Moments(0, 0, 0)
    for cell in cells:
        total += Moments(cell.mature, cell.total, cell.squares)
    return total


def _sides(cells: Sequence[MoneyCell], control: str, arm: str, minor: int) -> tuple[ArmValue, ArmValue]:
    def side(name: str) -> ArmValue:
        chosen = [cell for cell in cells if cell.arm == name]
        moments = _moments(chosen)
        value = moments.mean / minor if moments.n else NO_UNITS
        return ArmValue(sum(cell.leads for cell in chosen), moments.n, value, moments.total / minor)

    return side(control), side(arm)
