"""Yes/no metrics of assigned leads while some are still being followed: every lead counts as far as it was followed.

The share that reaches a stage within the horizon is the complete incidence of `mqlab.stats.incidence` (product limit,
known follow-up); with every lead followed to the end it is the plain share, and its interval the plain one. Phases are
compared within themselves and weighed by their leads; a phase is left out until it can tell the whole horizon.
"""

from __future__ import annotations

from dataclasses import replace

from mqlab.analysis import rates
from mqlab.analysis.comparison import Comparison, of_contrast, without
from mqlab.analysis.followed_leads import FollowedLeads, Rows, leads_of
from mqlab.analysis.phases import combined
from mqlab.analysis.rates import NO_UNITS
from mqlab.analysis.result_rows import ArmValue
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Metric
from mqlab.stats import incidence, incidence_accounts
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.incidence import Incidence
from mqlab.stats.incidence_triggered import dilute
from mqlab.stats.means import Contrast
from mqlab.warehouse.sufficient import Cell

_METHOD = "complete incidence (product limit), score interval on effective leads"
_TRIGGERED = "first-divergence strata by age, score interval on effective leads, diluted"
_ACCOUNTS = "complete incidence, accounts as clusters, Bell–McCaffrey degrees of freedom, Fieller ratio"
_STAGE = "reached"


def stage_of(metric: Metric) -> str | None:
    """The stage whose share of assigned leads a metric is; None for metrics of another kind."""
    kind = METRICS[metric.metric]
    return kind.name.removesuffix("_per_lead") if kind.denominator == "lead" and kind.unit == "rate" else None


def per_lead(rows: Rows, control: str, arm: str, horizon_days: int) -> Comparison:
    """Outcome per assigned lead within the horizon, as assigned, all phases that can tell it."""
    kept, note = leads_of(rows).readable(control, arm, horizon_days)
    if kept.complete(horizon_days):
        return _noted(rates.per_lead(_cells(kept), control, arm, _reached), note)
    parts: list[tuple[float, Incidence, Incidence]] = []
    for group in kept.by_phase().values():
        a, b = (group.arm(side).incidence(horizon_days) for side in (control, arm))
        for found in (a, b):
            if isinstance(found, NotEstimable):
                return without(found, *_sides(kept, control, arm, horizon_days), _METHOD, note)
        assert isinstance(a, Incidence) and isinstance(b, Incidence)
        parts.append((float(group.units), a, b))
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


def per_lead_triggered(rows: Rows, control: str, arm: str, horizon_days: int) -> Comparison:
    """Outcome per assigned lead, from the leads on which the two definitions disagree."""
    kept, note = leads_of(rows).readable(control, arm, horizon_days)
    if kept.complete(horizon_days):
        return _noted(rates.per_lead_triggered(_cells(kept), control, arm, _reached), note)
    phases = [group.strata(control, arm, horizon_days) for group in kept.by_phase().values()]
    found = dilute(phases)
    if isinstance(found, NotEstimable):
        return without(found, *_sides(kept, control, arm, horizon_days), _TRIGGERED, note)
    discordant = kept.discordant()
    events = discordant.arm(control).events, discordant.arm(arm).events
    return Comparison(
        *_sides(kept, control, arm, horizon_days, found.rates),
        difference=lambda z: found.difference(z=z),
        relative=lambda z: found.relative_lift(z=z),
        p_value=found.p_value,
        method=_TRIGGERED if len(phases) == 1 else f"{_TRIGGERED}; phases weighed by their leads",
        note=rates.joined(note, rates.few(*events, " among leads the definitions disagree on")),
        events=events,
    )


def per_lead_accounts(rows: Rows, control: str, arm: str, horizon_days: int, *, triggered: bool = False) -> Comparison:
    """Outcome per assigned lead where accounts are randomised; triggered: inside accounts with a discordant lead."""
    kept, note = leads_of(rows).readable(control, arm, horizon_days)
    contrast = _contrast(kept, control, arm, horizon_days, triggered=triggered)
    method = f"first-divergence strata of accounts, diluted; {_ACCOUNTS}" if triggered else _ACCOUNTS
    if isinstance(contrast, NotEstimable):
        return without(contrast, *_sides(kept, control, arm, horizon_days), method, note)
    sides = _sides(kept, control, arm, horizon_days, (contrast.control, contrast.treatment))
    return of_contrast(contrast, *sides, method, note)


def effective_leads(rows: Rows, control: str, arm: str, horizon_days: int) -> float | None:
    """How many mature leads would tell as much: Σ over the arms of F(1 − F) / Var(F).

    Rows with their account count what accounts leave of it. None where an arm's incidence cannot be estimated.
    """
    kept, _ = leads_of(rows).readable(control, arm, horizon_days)
    if kept.has_units:
        contrast = _contrast(kept, control, arm, horizon_days, triggered=False)
        if isinstance(contrast, NotEstimable) or not min(contrast.control_variance, contrast.treatment_variance):
            return None
        both = (contrast.control, contrast.control_variance), (contrast.treatment, contrast.treatment_variance)
        return float(sum(rate * (1 - rate) / variance for rate, variance in both))
    total = 0.0
    for side in (control, arm):
        parts = []
        for group in kept.by_phase().values():
            found = group.arm(side).incidence(horizon_days)
            if isinstance(found, NotEstimable):
                return None
            parts.append((float(group.units), found))
        if not parts:
            return None
        total += incidence.standardised(parts).effective_units
    return float(total)


def _contrast(
    leads: FollowedLeads, control: str, arm: str, horizon_days: int, *, triggered: bool
) -> Contrast | NotEstimable:
    """Phase by phase where each has accounts enough, else over all of them."""
    compare = incidence_accounts.compare_triggered if triggered else incidence_accounts.compare
    groups = leads.by_phase().values()
    parts: list[tuple[float, Contrast]] = []
    for group in groups:
        found = compare(*(group.arm(side).accounts(horizon_days) for side in (control, arm)))
        if isinstance(found, NotEstimable):
            break
        parts.append((float(group.units), found))
    if parts and len(parts) == len(groups):
        return combined(parts) if len(parts) > 1 else parts[0][1]
    return compare(*(leads.arm(side).accounts(horizon_days) for side in (control, arm)))


def _cells(leads: FollowedLeads) -> tuple[Cell, ...]:
    """Leads that were all followed to the end, as counts."""
    return tuple(
        Cell(phase, arm, stratum, None, n, n, mql=0, x={_STAGE: x}, mql_x={}, handed=0, in_time=0)
        for (phase, arm, stratum, _), (n, x) in leads.counts().items()
    )


def _reached(cell: Cell) -> int:
    return cell.x[_STAGE]


def _sides(
    leads: FollowedLeads,
    control: str,
    arm: str,
    horizon_days: int,
    values: tuple[float, float] | None = None,
) -> tuple[ArmValue, ArmValue]:
    """Both arms' leads, the mature ones, outcomes so far, and the incidence where there is one."""

    def side(name: str, place: int) -> ArmValue:
        mine = leads.arm(name)
        value = NO_UNITS if values is None else values[place]
        return ArmValue(mine.units, mine.mature(horizon_days), value, float(mine.events))

    return side(control, 0), side(arm, 1)


def _noted(comparison: Comparison, note: str) -> Comparison:
    return replace(comparison, note=rates.joined(note, comparison.note)) if note else comparison
