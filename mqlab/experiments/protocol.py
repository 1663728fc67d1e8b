"""The protocol of one experiment, resolved: what `experiments/<id>.yaml` says, in typed frozen records.

Percentages are exact decimals in [0, 1], durations and horizons carry their unit in the name, instants are aware UTC.
`mqlab.experiments.load` makes these from YAML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from mqlab.definitions.tree import Expression
from mqlab.leads.instants import end_of_day, start_of_day

MetricName = Literal[
    "accepted_per_lead", "rejected_per_lead", "meeting_per_lead", "sql_per_lead", "opportunity_per_lead",
    "won_per_lead", "accepted_per_mql", "rejected_per_mql", "meeting_per_mql", "sql_per_mql",
    "opportunity_per_mql", "won_per_mql", "mql_per_lead", "revenue_per_lead", "effort_per_win", "touched_within_sla",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phase:
    """A period of constant coverage, from `start` until the next phase; numbered from 1."""

    number: int
    start: datetime
    coverage: Decimal


@dataclass(frozen=True, slots=True)
class Layer:
    """Mutually exclusive experiments share a layer's salt and own slices [low, high) of it."""

    name: str
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of the experiment."""

    name: str
    definition: str
    weight: Decimal


@dataclass(frozen=True, slots=True)
class Margin:
    """How much worse is still acceptable: relative (5% → 0.05) or in points (3pp → 0.03)."""

    size: float
    kind: Literal["relative", "points"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A question asked of every arm. `horizon_days` None: the metric's own default (the primary's horizon)."""

    metric: MetricName
    horizon_days: int | None = None
    minimum_effect: float | None = None
    margin: Margin | None = None
    cap: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Looks:
    """The declared looks: local dates, each meaning the end of its day."""

    dates: tuple[date, ...]
    spending: Literal["obrien_fleming"] = "obrien_fleming"
    maximum_leads: int | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """What things cost, in `currency` units: a lead by source (`default` for the rest), a handed-over MQL."""

    lead: tuple[tuple[str, Decimal], ...] = ()
    mql: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Protocol:
    """The whole pre-registered protocol. `arms` keep the order of the file; the last one is "else" in the split."""

    id: str
    title: str
    hypothesis: str
    aim: Literal["growth", "efficiency"]
    owner: str
    unit: Literal["lead", "account"]
    salt: str
    timezone: str
    enrolment_from: date
    enrolment_to: date
    phases: tuple[Phase, ...]
    control: str
    arms: tuple[Arm, ...]
    qualify_within_us: int
    handling: Literal["blinded", "open"]
    cadence_us: int
    primary: Metric
    precision: Metric | None = None
    then: tuple[Metric, ...] = ()
    beside: tuple[Metric, ...] = ()
    guardrails: tuple[Metric, ...] = ()
    looks: Looks = field(default_factory=lambda: Looks(dates=()))
    alpha: float = 0.05
    segments: tuple[str, ...] = ()
    post_stratify: str | None = None
    costs: Costs | None = None
    layer: Layer | None = None
    eligible: Expression | None = None
    allow_prior_handoff: bool = False
    overrides: tuple[tuple[str, str], ...] = ()
    file: str | None = None
    closed_at: datetime | None = None
    """Where the experiment was stopped or decided before its enrolment ended; never from the file."""

    @property
    def challengers(self) -> tuple[Arm, ...]:
        """Every arm but the control, in the order of the file."""
        return tuple(arm for arm in self.arms if arm.name != self.control)

    @property
    def enrolment_start(self) -> datetime:
        """The first instant of enrolment, UTC."""
        return start_of_day(self.enrolment_from, ZoneInfo(self.timezone))

    @property
    def enrolment_end(self) -> datetime:
        """The last microsecond of enrolment, UTC: `to` is inclusive; earlier where the experiment ended before."""
        end = end_of_day(self.enrolment_to, ZoneInfo(self.timezone))
        return end if self.closed_at is None else min(end, self.closed_at)
