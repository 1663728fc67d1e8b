"""How far the leads of a quarter got, stage by stage, beside those of the quarter before.

Every count is of the cohort, the leads that came in the quarter, and within a fixed number of days from each lead's
creation, so that two quarters are compared at the same age. A rate per lead counts whoever reached the stage. From one
stage to the next only MQLs are counted: that conversion is conditioned on the definition, which says who is an MQL. All
of it is descriptive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mqlab.analysis.feedback.rejections import plain
from mqlab.analysis.quarter.cohort import PATH, Cohort, Stage
from mqlab.analysis.result_rows import estimate_dict
from mqlab.leads.instants import instant, iso
from mqlab.stats import binary
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.tails import critical_z

ALPHA = 0.05
NO_LEADS = NotEstimable("no_leads", "No lead came in the quarter.")
NOBODY_BEFORE = NotEstimable("no_units", "No lead reached the stage before.")


@dataclass(frozen=True, slots=True)
class TooEarly:
    """A number that is not due, as leads have time left, but at `due_us`; `followed` of `leads` are through."""

    due_us: int
    followed: int
    leads: int

    @property
    def reason(self) -> NotEstimable:
        """As the reason of a missing number."""
        return NotEstimable("too_early", f"Too early: due {iso(instant(self.due_us))}.")

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "not_estimable": "too_early",
            "due": iso(instant(self.due_us)),
            "followed": self.followed,
            "leads": self.leads,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """Leads of a cohort that reached a stage within `within_days`, of `leads`; of them `before` reached the one before.

    `reached` counts MQLs from `sal` on; `without` reached the stage and were no MQLs within the same days. `before` is
    counted within the same days, so that `reached` is a part of it.
    """

    stage: Stage
    within_days: int
    leads: int
    before: int
    reached: int
    without: int

    @property
    def everybody(self) -> int:
        """All leads that reached the stage, MQL or not."""
        return self.reached + self.without

    @property
    def rate(self) -> float | NotEstimable:
        """All that reached it, of the cohort's leads; no definition of an MQL is in it, from `sal` on."""
        return self.everybody / self.leads if self.leads else NO_LEADS

    @property
    def conversion(self) -> float | NotEstimable:
        """Of those that reached the stage before; conditioned on the definition."""
        return self.reached / self.before if self.before else NOBODY_BEFORE

    @property
    def counts(self) -> binary.Counts:
        """All that reached it, of the cohort."""
        return binary.Counts(self.everybody, self.leads)

    def to_dict(self) -> dict[str, Any]:
        """The counts and shares as JSON."""
        return {
            "leads": self.leads,
            "before": self.before,
            "reached_by_mqls": self.reached,
            "reached": self.everybody,
            "without_mql": self.without,
            "per_lead": plain(self.rate),
            "per_stage_before": plain(self.conversion),
        }


@dataclass(frozen=True, slots=True)
class Row:
    """A stage in the quarter and in the one before; `change` is of the rates per lead, with its 95% interval."""

    stage: Stage
    within_days: int
    this: Step | TooEarly
    last: Step | TooEarly

    @property
    def change(self) -> Estimate | NotEstimable:
        """This quarter's rate per lead − last quarter's; leads count as independent."""
        if isinstance(self.this, TooEarly):
            return self.this.reason
        if isinstance(self.last, TooEarly):
            return self.last.reason
        if not (self.this.leads and self.last.leads):
            return NO_LEADS
        return binary.difference(self.last.counts, self.this.counts, z=critical_z(ALPHA))

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "stage": self.stage,
            "within_days": self.within_days,
            "this": self.this.to_dict(),
            "last": self.last.to_dict(),
            "change_per_lead": estimate_dict(self.change),
        }


@dataclass(frozen=True, slots=True)
class Furthest:
    """Each lead of a cohort once, by the furthest it got within `within_days`; the counts add up to the cohort.

    `unqualified` were no MQLs and not taken up, `without_mql` became SQLs or more without being MQLs.
    """

    within_days: int
    leads: int
    counts: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"within_days": self.within_days, "leads": self.leads, **self.counts}


@dataclass(frozen=True, slots=True)
class Funnel:
    """Rows in the order of the path, PQL after MQL where it is used; `furthest` is None while its days are not over."""

    leads: int
    last_leads: int
    rows: tuple[Row, ...]
    furthest: Furthest | TooEarly

    def row(self, stage: Stage) -> Row:
        """The row of a stage."""
        return next(row for row in self.rows if row.stage == stage)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "leads": self.leads,
            "last_leads": self.last_leads,
            "stages": [row.to_dict() for row in self.rows],
            "furthest": self.furthest.to_dict(),
        }


def funnel(this: Cohort, last: Cohort) -> Funnel:
    """The funnel of a quarter beside the one before."""
    stages: list[Stage] = list(PATH)
    if this.uses_pql or last.uses_pql:
        stages.insert(1, "pql")
    rows = tuple(Row(stage, this.horizons.of(stage), step(this, stage), step(last, stage)) for stage in stages)
    early = too_early(this, "sql")
    return Funnel(this.count, last.count, rows, early or furthest(this))


def step(cohort: Cohort, stage: Stage) -> Step | TooEarly:
    """One stage of a cohort, or when it will be due."""
    return too_early(cohort, stage) or reached(cohort, stage)


def too_early(cohort: Cohort, stage: Stage) -> TooEarly | None:
    """When a stage will be due, None where it is."""
    if cohort.due(stage):
        return None
    return TooEarly(cohort.due_at_us(stage), cohort.followed(stage), cohort.count)


def reached(cohort: Cohort, stage: Stage) -> Step:
    """The counts of one stage, due or not."""
    leads, days = cohort.leads, cohort.horizons.of(stage)
    there = leads.reached(stage, days)
    mqls = leads.reached("mql", days)
    if stage in ("mql", "pql"):
        return Step(stage, days, cohort.count, cohort.count, int(there.sum()), 0)
    earlier = mqls if stage == "sal" else mqls & leads.reached(PATH[PATH.index(stage) - 1], days)
    return Step(stage, days, cohort.count, int(earlier.sum()), int((there & mqls).sum()), int((there & ~mqls).sum()))


def furthest(cohort: Cohort) -> Furthest:
    """Where each lead stands within the days of an SQL."""
    leads, days = cohort.leads, cohort.horizons.sql_days
    mqls = leads.reached("mql", days)
    counts: dict[str, int] = {}
    taken = leads.reached("sql", days)
    counts["unqualified"] = int((~mqls & ~taken).sum())
    counts["without_mql"] = int((~mqls & taken).sum())
    for stage, later in zip(PATH, [*PATH[1:], None], strict=True):
        mine = mqls & leads.reached(stage, days)
        counts[stage] = int((mine if later is None else mine & ~leads.reached(later, days)).sum())
    return Furthest(days, cohort.count, counts)
