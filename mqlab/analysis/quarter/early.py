"""What is too early to call, and when it will be: numbers whose leads still have time, and looks that lie ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mqlab.analysis.quarter.cohort import Stage
from mqlab.analysis.quarter.experiments import Ran
from mqlab.analysis.quarter.funnel import Funnel, TooEarly
from mqlab.leads.instants import instant


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that cannot be said yet. Of `stages` of the funnel, or a look of `experiment`."""

    due: date
    stages: tuple[Stage, ...] = ()
    within_days: int | None = None
    followed: int = 0
    leads: int = 0
    experiment: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "due": str(self.due),
            "stages": list(self.stages),
            "within_days": self.within_days,
            "followed": self.followed,
            "leads": self.leads,
            "experiment": self.experiment,
        }


def waiting(found: Funnel, ran: Sequence[Ran], zone: ZoneInfo) -> tuple[Waiting, ...]:
    """Everything that is too early, the soonest first."""
    early: dict[date, list[tuple[Stage, int, TooEarly]]] = {}
    for row in found.rows:
        if isinstance(row.this, TooEarly):
            due = day_of(instant(row.this.due_us), zone)
            early.setdefault(due, []).append((row.stage, row.within_days, row.this))
    rows = [
        Waiting(due, tuple(stage for stage, _, _ in mine), mine[0][1], mine[0][2].followed, mine[0][2].leads)
        for due, mine in early.items()
    ]
    rows += [
        Waiting(one.next_look, experiment=one.experiment)
        for one in ran
        if one.next_look is not None and not one.decided
    ]
    return tuple(sorted(rows, key=lambda row: (row.due, row.experiment or "")))


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The local day at whose end an instant has passed."""
    return at.astimezone(zone).date()
