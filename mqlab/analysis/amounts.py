"""Money and effort of randomised leads: capped revenue per lead, and touches and meetings per deal won.

An amount is a whole number of minor units, 0 or more, as sales feedback lets it in: negative, unreadable and endless
amounts wait in quarantine, and a lead with revenue of 0 is no winner. Few winners, arms of unequal size and skewed
amounts are said in the row's note (statistics.md section 9).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mqlab.analysis.comparison import Comparison, of_contrast, scaled, without
from mqlab.analysis.phases import combined
from mqlab.analysis.rates import NO_UNITS, by_phase
from mqlab.analysis.result_rows import ArmValue
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.means import (
    NO_SPREAD,
    Contrast,
    Moments,
    MomentStrata,
    RatioSums,
    diluted,
    ratio_metric_in_phases,
    skewness,
    units_for_normal_limits,
    welch,
)
from mqlab.stats.permutation import Winnings, permutation_p, pooled_p
from mqlab.warehouse.sufficient import EffortCell, MoneyCell, Winner

SEED = 20_260_701
"""Of the permutations: fixed, so that the same data give the same bytes."""

DRAWS = 9_999
FEW_WINS, SOME_WINS, MANY_WINS = 10, 30, 3_000
FAIR_SHARE = (0.3, 0.7)
"""Outside these shares of a phase's leads Welch's interval misses too often when money is skewed."""
STRAY = 0.1
"""The share of leads that may lie in phases of unequal arms before the row says so."""
DISCORDANT = ("control_first", "arm_first")

TOO_FEW_WINS = NotEstimable("too_few_wins", "An arm has fewer than 10 leads with revenue, too few to compare.")
NO_DEALS = NotEstimable("no_outcomes", "The arm has no deal won yet.")
WELCH = "Welch on capped amounts, Fieller ratio"
TRIGGERED = "first-divergence strata, Welch inside them, diluted; Fieller ratio"


@dataclass(frozen=True)
class _Phase:
    """One phase of a comparison: its difference, its mature leads, and the leads whose labels may be shuffled."""

    contrast: Contrast
    leads: int
    control: Moments
    treatment: Moments
    winnings: Winnings


def revenue(cells: Sequence[MoneyCell], winners: Sequence[Winner], control: str, arm: str, minor: int) -> Comparison:
    """Capped revenue per assigned lead: Welch's interval, Fieller's ratio, a permutation p; `minor` units make one.

    Phases in which an arm has fewer than two mature leads are left out, and their winners with them.
    """
    sides = _sides(cells, control, arm, minor)
    if reason := _reason(cells, control, arm):
        return without(reason, *sides)
    phases = []
    for phase, group in by_phase(cells).items():
        a, b = (_moments(cell for cell in group if cell.arm == side) for side in (control, arm))
        contrast = welch(a, b)
        if not isinstance(contrast, NotEstimable):
            winnings = _winnings((one for one in winners if one.phase == phase), control, arm, a.n, b.n)
            phases.append(_Phase(contrast, a.n + b.n, a, b, winnings))
    if not phases:
        return without(NO_UNITS, *sides)
    return _compared(phases, sides, minor, WELCH)


def revenue_triggered(
    cells: Sequence[MoneyCell], winners: Sequence[Winner], control: str, arm: str, minor: int
) -> Comparison:
    """Capped revenue per assigned lead, from the leads on which the two definitions disagree.

    Labels are shuffled among those leads only: on all others the arms are handled alike.
    """
    sides = _sides(cells, control, arm, minor)
    if reason := _reason(cells, control, arm):
        return without(reason, *sides)
    phases = []
    missing: NotEstimable = NO_UNITS
    for phase, group in by_phase(cells).items():
        alike = tuple(_moments(cell for cell in group if cell.stratum == stratum) for stratum in ("both", "none"))
        a, b = (
            _moments(cell for cell in group if cell.arm == side and cell.stratum in DISCORDANT)
            for side in (control, arm)
        )
        contrast = diluted(MomentStrata(a, b, tuple(moments for moments in alike if moments.n)))
        if isinstance(contrast, NotEstimable):
            missing = contrast
            continue
        apart = (one for one in winners if one.phase == phase and one.stratum in DISCORDANT)
        leads = sum(cell.mature for cell in group)
        phases.append(_Phase(contrast, leads, a, b, _winnings(apart, control, arm, a.n, b.n)))
    if not phases:
        return without(missing, *sides)
    return _compared(phases, sides, minor, TRIGGERED, " among leads the definitions disagree on")


def effort(cells: Sequence[EffortCell], control: str, arm: str) -> Comparison:
    """Touches and meetings per deal won: a ratio of two means per arm, delta method, phase by phase."""
    sides = []
    for side in (control, arm):
        chosen = [cell for cell in cells if cell.arm == side]
        sums = _effort_sums(chosen)
        value = sums.y / 1000 / sums.w if sums.w else NO_DEALS
        sides.append(ArmValue(sum(cell.leads for cell in chosen), sums.n, value, sums.y / 1000))
    contrast = ratio_metric_in_phases(
        [
            (
                _effort_sums(cell for cell in group if cell.arm == control),
                _effort_sums(c for c in group if c.arm == arm),
            )
            for group in by_phase(cells).values()
        ]
    )
    if isinstance(contrast, NotEstimable):
        return without(contrast, sides[0], sides[1])
    contrast = scaled(contrast, 0.001)
    return of_contrast(
        contrast,
        _revalued(sides[0], contrast.control),
        _revalued(sides[1], contrast.treatment),
        "ratio of means, delta method; Fieller ratio",
    )


def _effort_sums(cells: Iterable[EffortCell]) -> RatioSums:
    chosen = tuple(cells)
    n, t, tt, w, tw = (sum(getattr(cell, name) for cell in chosen) for name in ("mature", "t", "tt", "w", "tw"))
    return RatioSums(n=n, y=t, w=w, yy=tt, ww=w, yw=tw)


def _revalued(side: ArmValue, value: float) -> ArmValue:
    return ArmValue(side.units, side.mature_units, value, side.numerator)


def _compared(
    phases: Sequence[_Phase], sides: tuple[ArmValue, ArmValue], minor: int, method: str, where: str = ""
) -> Comparison:
    """All phases together, with the p-value and the warnings that the numbers of winners call for."""
    parts = [(float(phase.leads), phase.contrast) for phase in phases]
    contrast = scaled(combined(parts) if len(parts) > 1 else parts[0][1], 1 / minor)
    sides = (_revalued(sides[0], contrast.control), _revalued(sides[1], contrast.treatment))
    if not contrast.standard_error:
        return without(NO_SPREAD, *sides, method)
    winnings = [phase.winnings for phase in phases]
    p, how = _p_value(phases)
    if len(phases) > 1:
        how += " within phases"
    notes = [_few(winnings, where), _unequal(winnings), _skewed(winnings, where)]
    return of_contrast(contrast, *sides, f"{method}; {how}", "; ".join(filter(None, notes)), p)


def _p_value(phases: Sequence[_Phase]) -> tuple[float | None, str]:
    """By permutation; of very many winners by the normal distribution that a permutation then has.

    Early looks ask for smaller p-values than so many draws can show: where no draw lies as far as the data, and arms
    are of comparable size, the normal tail says how far beyond them the data lie.
    """
    winnings = [phase.winnings for phase in phases]
    pooled = pooled_p([(phase.control, phase.treatment) for phase in phases])
    if sum(len(one.control) + len(one.treatment) for one in winnings) > MANY_WINS:
        return (None, "Welch p") if isinstance(pooled, NotEstimable) else (pooled, "pooled-variance p")
    p = permutation_p(winnings, rng=np.random.Generator(np.random.PCG64(SEED)), draws=DRAWS)
    if isinstance(p, NotEstimable):
        return None, "Welch p"
    if p > 1 / (1 + DRAWS) or isinstance(pooled, NotEstimable) or _unequal(winnings):
        return p, "permutation p"
    return min(p, pooled), "permutation p, beyond its draws by pooled variance"


def _few(winnings: Sequence[Winnings], where: str) -> str:
    a, b = sum(len(one.control) for one in winnings), sum(len(one.treatment) for one in winnings)
    return f"few deals ({a} and {b}{where}), read with care" if min(a, b) < SOME_WINS else ""


def _unequal(winnings: Sequence[Winnings]) -> str:
    low, high = FAIR_SHARE
    stray = sum(one.units for one in winnings if not low <= one.treatment_units / one.units <= high)
    if stray <= STRAY * sum(one.units for one in winnings):
        return ""
    return "arms of very different size: trust the p-value, not the interval"


def _skewed(winnings: Sequence[Winnings], where: str) -> str:
    """A warning where an arm has fewer leads than the skewness of its amounts asks for."""
    arms = (
        ([amount for one in winnings for amount in one.control], sum(one.control_units for one in winnings)),
        ([amount for one in winnings for amount in one.treatment], sum(one.treatment_units for one in winnings)),
    )
    needs = []
    for amounts, leads in arms:
        skew = skewness(amounts, leads)
        if not isinstance(skew, NotEstimable) and leads < units_for_normal_limits(skew):
            needs.append(units_for_normal_limits(skew))
    if not needs:
        return ""
    return f"skewed amounts: rule of thumb asks for {max(needs):,} leads per arm{where} (355·skewness²)"


def _winnings(winners: Iterable[Winner], control: str, arm: str, control_leads: int, arm_leads: int) -> Winnings:
    chosen = tuple(winners)
    return Winnings(_amounts(chosen, control), _amounts(chosen, arm), control_leads, arm_leads)


def _amounts(winners: Iterable[Winner], name: str) -> list[int]:
    return [winner.amount for winner in winners if winner.arm == name]


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
