"""Where the leads of a quarter came from, and which kinds of MQLs they made: by source, and by how they qualified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mqlab.analysis.quarter.cohort import PATH, Cohort, Stage, names
from mqlab.analysis.quarter.funnel import Step, TooEarly, step

By = Literal["source", "path"]


@dataclass(frozen=True, slots=True)
class Part:
    """The leads of one source, or the MQLs of one kind; `name` is None where it is not known."""

    name: str | None
    leads: int
    last_leads: int
    steps: Mapping[Stage, Step | TooEarly]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "leads": self.leads,
            "last_leads": self.last_leads,
            "stages": {stage: found.to_dict() for stage, found in self.steps.items()},
        }


def by_source(this: Cohort, last: Cohort) -> tuple[Part, ...]:
    """Every lead once, by its source, the largest first."""
    return tuple(_part(name, this, last, "source") for name in names(this.leads.source))


def by_kind(this: Cohort, last: Cohort) -> tuple[Part, ...]:
    """Every MQL of the quarter's leads once, by the path on which it qualified; None: sales was handed it by hand.

    MQLs are those within the days of an SQL; where these are not over, those so far.
    """
    days = this.horizons.sql_days
    mqls, before = (one.of(one.leads.reached("mql", days)) for one in (this, last))
    return tuple(_part(name, mqls, before, "path") for name in names(mqls.leads.path))


def _part(name: str | None, this: Cohort, last: Cohort, by: By) -> Part:
    mine, before = (one.of(getattr(one.leads, by) == name) for one in (this, last))
    return Part(name, mine.count, before.count, {stage: step(mine, stage) for stage in PATH})
