"""Yes/no metrics of assigned leads while some are still being followed: every lead counts as far as it was followed.

The share that reaches a stage within the horizon is the complete incidence of `mqlab.stats.incidence` (product limit,
known follow-up); with every lead followed to the end it is the plain share, and its interval the plain one. Phases are
compared within themselves and weighed by their leads; a phase is left out until it can tell the whole horizon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from mqlab.analysis import rates
from mqlab.analysis.comparison import Comparison, of_contrast, without
from mqlab.analysis.maturity import DUE_PER_ARM
from mqlab.analysis.phases import combined
from mqlab.analysis.rates import NO_UNITS, STRATA, by_phase
from mqlab.analysis.results import ArmValue
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Metric
from mqlab.stats import incidence, incidence_accounts
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.incidence import Followed, Incidence
from mqlab.stats.incidence_accounts import FollowedAccounts
from mqlab.stats.incidence_by_age import FollowedPair
from mqlab.stats.incidence_triggered import FollowedStrata, dilute
from mqlab.stats.means import Contrast
from mqlab.warehouse.followed import FollowedRow
from mqlab.warehouse.sufficient import Cell

_METHOD = "complete incidence (product limit), score interval on effective leads"
_TRIGGERED = "first-divergence strata by age, score interval on effective leads, diluted"
_ACCOUNTS = "complete incidence, accounts as clusters, Bell–McCaffrey degrees of freedom, Fieller ratio"
_STAGE = "reached"


def stage_of(metric: Metric) -> str | None:
    """The stage whose share of assigned leads a metric is; None for metrics of another kind."""
    kind = METRICS[metric.metric]
    return kind.name.removesuffix("_per_lead") if kind.denominator == "lead" and kind.unit == "rate" else None


def per_lead(rows: Sequence[FollowedRow], control: str, arm: str, horizon_days: int) -> Comparison:
    """Outcome per assigned lead within the horizon, as assigned, all phases that can tell it."""
    kept, note = readable(rows, control, arm, horizon_days)
    if _complete(kept, horizon_days):
        return _noted(rates.per_lead(_cells(kept), control, arm, _reached), note)
    parts: list[tuple[float, Incidence, Incidence]] = []
    for group in by_phase(kept).values():
        pair = _pair(group, control, arm, horizon_days)
        a, b = incidence.product_limit(pair.control), incidence.product_limit(pair.treatment)
        for found in (a, b):
            if isinstance(found, NotEstimable):
                return without(found, *_sides(kept, control, arm, horizon_days), _METHOD, note)
        assert isinstance(a, Incidence) and isinstance(b, Incidence)
        parts.append((float(pair.control.units + pair.treatment.units), a, b))
    if not parts:
        return without(NO_UNITS, *_sides(kept, control, arm, horizon_days), _METHOD, note)
    before = incidence.standardised([(weight, a) for weight, a, _ in parts])
    after = incidence.standardised([(weight, b) for weight, _, b in parts])
    return Comparison(
        *_sides(kept, control, arm, horizon_days, (before.rate, after.rate)),
        difference=lambda z: incidence.difference(before, after, z=z),
        relative=lambda z: incidence.relative_lift(before, after, z=z),
        p_value=incidence.p_value(before, after),
        method=_METHOD if len(parts) == 1 else f"{_METHOD}; phases weighed by their leads",
        note=rates.joined(note, rates.few(before.events, after.events)),
    )


def per_lead_triggered(rows: Sequence[FollowedRow], control: str, arm: str, horizon_days: int) -> Comparison:
    """Outcome per assigned lead, from the leads on which the two definitions disagree."""
    kept, note = readable(rows, control, arm, horizon_days)
    if _complete(kept, horizon_days):
        return _noted(rates.per_lead_triggered(_cells(kept), control, arm, _reached), note)
    found = dilute([_strata(group, control, arm, horizon_days) for group in by_phase(kept).values()])
    if isinstance(found, NotEstimable):
        return without(found, *_sides(kept, control, arm, horizon_days), _TRIGGERED, note)
    converted = [row for row in kept if row.converted and row.stratum in DISCORDANT]
    events = (
        sum(row.leads for row in converted if row.arm == control),
        sum(row.leads for row in converted if row.arm == arm),
    )
    several = len(by_phase(kept)) > 1
    return Comparison(
        *_sides(kept, control, arm, horizon_days, found.rates),
        difference=lambda z: found.difference(z=z),
        relative=lambda z: found.relative_lift(z=z),
        p_value=found.p_value,
        method=f"{_TRIGGERED}; phases weighed by their leads" if several else _TRIGGERED,
        note=rates.joined(note, rates.few(*events, " among leads the definitions disagree on")),
        events=events,
    )


def per_lead_accounts(
    rows: Sequence[FollowedRow], control: str, arm: str, horizon_days: int, *, triggered: bool = False
) -> Comparison:
    """Outcome per assigned lead where accounts are randomised; triggered: inside accounts with a discordant lead."""
    kept, note = readable(rows, control, arm, horizon_days)
    contrast = _contrast(kept, control, arm, horizon_days, triggered=triggered)
    method = f"first-divergence strata of accounts, diluted; {_ACCOUNTS}" if triggered else _ACCOUNTS
    if isinstance(contrast, NotEstimable):
        return without(contrast, *_sides(kept, control, arm, horizon_days), method, note)
    sides = _sides(kept, control, arm, horizon_days, (contrast.control, contrast.treatment))
    return of_contrast(contrast, *sides, method, note)


def effective_leads(rows: Sequence[FollowedRow], control: str, arm: str, horizon_days: int) -> float | None:
    """How many mature leads would tell as much: Σ over the arms of F(1 − F) / Var(F).

    Rows with their account count what accounts leave of it. None where an arm's incidence cannot be estimated.
    """
    kept, _ = readable(rows, control, arm, horizon_days)
    if any(row.unit is not None for row in kept):
        contrast = _contrast(kept, control, arm, horizon_days, triggered=False)
        if isinstance(contrast, NotEstimable) or not min(contrast.control_variance, contrast.treatment_variance):
            return None
        both = (contrast.control, contrast.control_variance), (contrast.treatment, contrast.treatment_variance)
        return float(sum(rate * (1 - rate) / variance for rate, variance in both))
    total = 0.0
    for side in (control, arm):
        parts = []
        for group in by_phase(kept).values():
            leads = _followed([row for row in group if row.arm == side], horizon_days)
            found = incidence.product_limit(leads)
            if isinstance(found, NotEstimable):
                return None
            parts.append((float(sum(row.leads for row in group)), found))
        if not parts:
            return None
        total += incidence.standardised(parts).effective_units
    return float(total)


def readable(
    rows: Sequence[FollowedRow], control: str, arm: str, horizon_days: int
) -> tuple[tuple[FollowedRow, ...], str]:
    """The rows of the phases that can tell the whole horizon, and in words what is left out.

    A phase can when all its leads have been followed to the end, or enough of either arm; without any, all do that
    have somebody.
    """
    chosen = tuple(row for row in rows if row.arm in (control, arm))
    groups = by_phase(chosen)
    mature: dict[tuple[int, str], int] = {}
    for row in chosen:
        key = (row.phase, row.arm)
        mature[key] = mature.get(key, 0) + (row.leads if row.follow_up >= horizon_days else 0)

    def tells(phase: int, least: int) -> bool:
        return min(mature.get((phase, side), 0) for side in (control, arm)) >= least

    enough = [
        phase
        for phase, group in groups.items()
        if tells(phase, DUE_PER_ARM) or (tells(phase, 1) and _complete(group, horizon_days))
    ] or [phase for phase in groups if tells(phase, 1)]
    kept = tuple(row for row in chosen if row.phase in enough) if enough else chosen
    waiting = {phase: sum(row.leads for row in groups[phase]) for phase in groups if enough and phase not in enough}
    note = "; ".join(
        f"phase {phase} is not followed for {horizon_days} days yet: its {leads:,} leads are left out"
        for phase, leads in waiting.items()
    )
    return kept, note


DISCORDANT = ("control_first", "arm_first")


def _contrast(
    rows: Sequence[FollowedRow], control: str, arm: str, horizon_days: int, *, triggered: bool
) -> Contrast | NotEstimable:
    """Phase by phase where each has accounts enough, else over all of them."""
    compare = incidence_accounts.compare_triggered if triggered else incidence_accounts.compare
    groups = list(by_phase(rows).values())
    parts: list[tuple[float, Contrast]] = []
    for group in groups:
        found = compare(*(_accounts(group, side, horizon_days) for side in (control, arm)))
        if isinstance(found, NotEstimable):
            break
        parts.append((float(sum(row.leads for row in group)), found))
    if parts and len(parts) == len(groups):
        return combined(parts) if len(parts) > 1 else parts[0][1]
    return compare(*(_accounts(rows, side, horizon_days) for side in (control, arm)))


def _accounts(rows: Sequence[FollowedRow], side: str, horizon_days: int) -> FollowedAccounts:
    chosen = [row for row in rows if row.arm == side]
    return FollowedAccounts.of(
        [row.follow_up for row in chosen],
        [row.converted for row in chosen],
        np.unique(np.array([row.unit or "" for row in chosen], dtype=str), return_inverse=True)[1],
        [row.leads for row in chosen],
        [row.stratum in DISCORDANT for row in chosen],
        horizon_days=horizon_days,
    )


def _followed(rows: Iterable[FollowedRow], horizon_days: int) -> Followed:
    rows = list(rows)
    return Followed.of(
        [row.follow_up for row in rows],
        [row.converted for row in rows],
        [row.leads for row in rows],
        horizon_days=horizon_days,
    )


def _pair(
    rows: Iterable[FollowedRow], control: str, arm: str, horizon_days: int, stratum: str | None = None
) -> FollowedPair:
    chosen = [row for row in rows if stratum in (None, row.stratum)]
    return FollowedPair(
        *(_followed([row for row in chosen if row.arm == side], horizon_days) for side in (control, arm))
    )


def _strata(rows: Sequence[FollowedRow], control: str, arm: str, horizon_days: int) -> FollowedStrata:
    return FollowedStrata(**{name: _pair(rows, control, arm, horizon_days, name) for name in STRATA})


def _complete(rows: Iterable[FollowedRow], horizon_days: int) -> bool:
    return all(row.follow_up >= horizon_days for row in rows)


def _cells(rows: Iterable[FollowedRow]) -> tuple[Cell, ...]:
    """Leads that were all followed to the end, as counts."""
    sums: dict[tuple[int, str, str | None], list[int]] = {}
    for row in rows:
        counted = sums.setdefault((row.phase, row.arm, row.stratum), [0, 0])
        counted[0] += row.leads
        counted[1] += row.leads if row.converted else 0
    return tuple(
        Cell(phase, arm, stratum, None, n, n, mql=0, x={_STAGE: x}, mql_x={}, handed=0, in_time=0)
        for (phase, arm, stratum), (n, x) in sums.items()
    )


def _reached(cell: Cell) -> int:
    return cell.x[_STAGE]


def _sides(
    rows: Sequence[FollowedRow],
    control: str,
    arm: str,
    horizon_days: int,
    values: tuple[float, float] | None = None,
) -> tuple[ArmValue, ArmValue]:
    """Both arms' leads, the mature ones, outcomes so far, and the incidence where there is one."""

    def side(name: str, place: int) -> ArmValue:
        chosen = [row for row in rows if row.arm == name]
        return ArmValue(
            sum(row.leads for row in chosen),
            sum(row.leads for row in chosen if row.follow_up >= horizon_days),
            NO_UNITS if values is None else values[place],
            float(sum(row.leads for row in chosen if row.converted)),
        )

    return side(control, 0), side(arm, 1)


def _noted(comparison: Comparison, note: str) -> Comparison:
    return replace(comparison, note=rates.joined(note, comparison.note)) if note else comparison
