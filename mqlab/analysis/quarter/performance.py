"""How the leads of each definition fared: by the version that governed a lead when it came.

The denominator is every lead a version governed, those it did not let through included, so that versions that let more
or fewer through can be set side by side. Which leads a version got is no accident outside of an experiment: in force it
got other weeks and other sources than another one. Only an experiment's verdict compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mqlab.analysis.quarter.cohort import PATH, Cohort, Stage, names
from mqlab.analysis.quarter.funnel import Step, TooEarly, step


@dataclass(frozen=True, slots=True)
class Performance:
    """The leads that one version governed (`definition` None: none did) in the quarter and in the one before.

    `experiments` are those whose arm it was for some of the quarter's leads, with how many.
    """

    definition: str | None
    leads: int
    last_leads: int
    experiments: Mapping[str, int]
    in_force_leads: int
    steps: Mapping[Stage, Step | TooEarly]
    last: Mapping[Stage, Step | TooEarly]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "definition": self.definition,
            "leads": self.leads,
            "last_leads": self.last_leads,
            "in_force_leads": self.in_force_leads,
            "experiments": dict(self.experiments),
            "this": {stage: found.to_dict() for stage, found in self.steps.items()},
            "last": {stage: found.to_dict() for stage, found in self.last.items()},
        }


def performances(this: Cohort, last: Cohort) -> tuple[Performance, ...]:
    """One row per version that governed a lead of the quarter, the one with most leads first."""
    return tuple(_performance(name, this, last) for name in names(this.leads.definition))


def _performance(definition: str | None, this: Cohort, last: Cohort) -> Performance:
    mine, before = (one.of(one.leads.definition == definition) for one in (this, last))
    taken = mine.leads.experiment
    counted = {str(name): int((taken == name).sum()) for name in names(taken) if name is not None}
    return Performance(
        definition,
        mine.count,
        before.count,
        dict(sorted(counted.items())),
        mine.count - sum(counted.values()),
        {stage: step(mine, stage) for stage in PATH},
        {stage: step(before, stage) for stage in PATH},
    )
