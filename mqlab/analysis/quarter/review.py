"""Everything a quarterly review says, as one result: reports draw it and compute nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mqlab.analysis.feedback.window import Window
from mqlab.analysis.quarter.calendar import Quarter
from mqlab.analysis.quarter.cohort import Horizons
from mqlab.analysis.quarter.costs import Spending
from mqlab.analysis.quarter.early import Waiting
from mqlab.analysis.quarter.experiments import Ran
from mqlab.analysis.quarter.funnel import Funnel
from mqlab.analysis.quarter.kinds import Part
from mqlab.analysis.quarter.lineage import Lineage
from mqlab.analysis.quarter.performance import Performance
from mqlab.analysis.quarter.proposals import Proposal
from mqlab.analysis.quarter.sales import Sales
from mqlab.analysis.quarter.thresholds import Revisit
from mqlab.leads.instants import iso

NOTE = (
    "Rates are of the leads that came in the quarter and within a fixed number of days from each lead's creation. "
    "Conversions by stage describe; who is an MQL hangs on the definition. Only experiments compare definitions."
)


@dataclass(frozen=True)
class Review:
    """A quarter of a lab, as known at `as_of` in the ledger up to `position`; `notes` say what could not be asked.

    `last_look` is the row of the last look that was recorded by then.
    """

    lab: str
    quarter: Quarter
    window: Window
    last: Window
    zone: ZoneInfo
    as_of: datetime
    position: int
    horizons: Horizons
    lateness_us: int
    funnel: Funnel
    experiments: tuple[Ran, ...]
    definitions: tuple[Performance, ...]
    lineage: tuple[Lineage, ...]
    spending: Spending
    sources: tuple[Part, ...]
    kinds: tuple[Part, ...]
    sales: Sales
    thresholds: Revisit
    waiting: tuple[Waiting, ...]
    proposals: tuple[Proposal, ...]
    notes: tuple[str, ...] = ()
    last_look: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing happened: no lead came, in this quarter or the last, and no experiment was of it."""
        handed = self.sales.rejections.handed + self.sales.rejections.rejected
        return not (self.funnel.leads or self.funnel.last_leads or self.experiments or handed)

    @property
    def unfinished(self) -> bool:
        """Whether the quarter was not over at `as_of`."""
        return self.as_of < self.window.end

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "report": "quarter",
            "lab": self.lab,
            "quarter": self.quarter.name,
            "fiscal_year_start": self.quarter.starts,
            "first_day": str(self.quarter.first),
            "last_day": str(self.quarter.last),
            "from": iso(self.window.begin),
            "to": iso(self.window.end),
            "last_quarter": self.last.name,
            "timezone": self.zone.key,
            "as_of": iso(self.as_of),
            "ledger": self.position,
            "unfinished": self.unfinished,
            "within_days": {"sql": self.horizons.sql_days, "won": self.horizons.won_days},
            "lateness_days": self.lateness_us / 86_400_000_000,
            "note": NOTE,
            "funnel": self.funnel.to_dict(),
            "experiments": [one.to_dict() for one in self.experiments],
            "definitions": [one.to_dict() for one in self.definitions],
            "lineage": [one.to_dict() for one in self.lineage],
            "costs": self.spending.to_dict(),
            "sources": [one.to_dict() for one in self.sources],
            "kinds": [one.to_dict() for one in self.kinds],
            "sales": self.sales.to_dict(),
            "thresholds": self.thresholds.to_dict(),
            "too_early": [one.to_dict() for one in self.waiting],
            "proposals": [one.to_dict() for one in self.proposals],
            "notes": list(self.notes),
        }
