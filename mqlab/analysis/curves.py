"""Time to SQL and time to won: by arm, which share of assigned leads got there by each day after assignment.

It describes the arms as assigned. Leads that are still being followed count as far as they were; phases that cannot
tell the whole horizon yet are left out where another can, as in `delays`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mqlab.analysis.followed_leads import FollowedLeads
from mqlab.analysis.maturity import DUE_PER_ARM
from mqlab.analysis.study import Study
from mqlab.experiments.metrics import declared, horizon_days
from mqlab.experiments.protocol import Protocol
from mqlab.stats.incidence_curve import Step, curve
from mqlab.stats.tails import critical_z
from mqlab.warehouse.followed import followed

STAGES = ("sql", "won")
TOLD = (7, 14, 30, 60, 90, 180)
"""The days that every table shows, with the horizon."""

_FINE_DAYS, _COARSE_STEPS = 30, 30


@dataclass(frozen=True, slots=True)
class Curve:
    """One arm's way to a stage: the share of assigned leads that reached it by each of some days.

    The steps end where follow-up does. `leads` of the arm stand behind it, `reached` of them got there.
    """

    arm: str
    stage: str
    horizon_days: int
    leads: int
    reached: int
    steps: tuple[Step, ...]

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON."""
        return {
            "arm": self.arm,
            "stage": self.stage,
            "horizon_days": self.horizon_days,
            "leads": self.leads,
            "reached": self.reached,
            "days": [
                {
                    "day": step.age_days,
                    "estimate": step.rate,
                    "low": step.interval.low,
                    "high": step.interval.high,
                    "at_risk": step.at_risk,
                }
                for step in self.steps
            ],
        }


def curves(study: Study) -> tuple[Curve, ...]:
    """Every arm's curve to SQL and to won; a stage of which no metric is declared takes the primary's horizon."""
    return tuple(found for stage in STAGES for found in _curves(study, stage, counted_within(study.protocol, stage)))


def days_told(horizon_days: int) -> tuple[int, ...]:
    """The days for which a curve has a point: each of the first month, then about thirty more, and those of tables.

    Example:
        >>> days_told(60)[-4:]
        (57, 58, 59, 60)
        >>> len(days_told(180)), 90 in days_told(180)
        (60, True)
    """
    step = max(1, (horizon_days - _FINE_DAYS) // _COARSE_STEPS)
    days = {*range(1, min(_FINE_DAYS, horizon_days) + 1), *range(_FINE_DAYS + step, horizon_days, step)}
    return tuple(sorted({*days, *(day for day in TOLD if day < horizon_days), horizon_days}))


def counted_within(protocol: Protocol, stage: str) -> int:
    """The most days within which a declared metric counts the stage, the primary's where none does."""
    asked = [metric for metric in declared(protocol) if metric.metric.startswith(f"{stage}_per_")]
    return max(horizon_days(metric, protocol) for metric in (asked or [protocol.primary]))


def _curves(study: Study, stage: str, horizon: int) -> Iterator[Curve]:
    arms = [arm.name for arm in study.protocol.arms]
    rows = followed(study.dataset, stage, horizon, arms=arms, by_unit=study.by_account)
    groups = _groups(FollowedLeads.of(rows), arms, horizon)
    account = _accounts(groups) if study.by_account else {}
    z = critical_z(study.protocol.alpha)
    for arm in arms:
        mine = [(float(group.units), group.arm(arm)) for group in groups]
        yield Curve(
            arm,
            stage,
            horizon,
            sum(leads.units for _, leads in mine),
            sum(leads.events for _, leads in mine),
            curve(
                [(weight, leads.followed(horizon)) for weight, leads in mine],
                days_told(horizon),
                z=z,
                accounts=[_codes(leads, account) for _, leads in mine] if account else None,
            )
            if mine
            else (),
        )


def _groups(leads: FollowedLeads, arms: list[str], horizon: int) -> list[FollowedLeads]:
    """The phases that have every arm; of those the ones that can tell the whole horizon, where there are any."""
    whole = [group for group in leads.by_phase().values() if all(group.arm(arm).units for arm in arms)]
    enough = [
        group
        for group in whole
        if group.complete(horizon) or min(group.arm(arm).mature(horizon) for arm in arms) >= DUE_PER_ARM
    ]
    return enough or whole


def _accounts(groups: list[FollowedLeads]) -> Mapping[str, int]:
    names = sorted({str(unit) for group in groups if group.unit is not None for unit in group.unit.tolist()})
    return {name: place for place, name in enumerate(names)}


def _codes(leads: FollowedLeads, account: Mapping[str, int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    units = [] if leads.unit is None else leads.unit.tolist()
    return np.array([account[str(unit)] for unit in units], dtype=np.int64)
