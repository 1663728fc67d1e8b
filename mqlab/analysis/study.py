"""Everything the parts of one analysis share: what was declared, the data set, the clock and the looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from ibis.expr import types as ir

from mqlab.analysis import delays
from mqlab.analysis.followed_leads import FollowedLeads
from mqlab.analysis.judge import Judged
from mqlab.analysis.looks import Boundary, Schedule
from mqlab.analysis.maturity import Clock, FollowUp, due_on
from mqlab.analysis.outcome_rows import OutcomeMoney
from mqlab.definitions.model import Definition
from mqlab.experiments import maturity as calendar
from mqlab.experiments.metrics import horizon_days
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.leads.instants import DAY_US, instant
from mqlab.stats.multiplicity import dunnett_alpha
from mqlab.warehouse import census, sufficient
from mqlab.warehouse.census import Census, Log
from mqlab.warehouse.dataset import RESPONSE_KINDS, TOUCH_KINDS, Dataset
from mqlab.warehouse.followed import followed
from mqlab.warehouse.judged import JudgedLeads
from mqlab.warehouse.sufficient import Cell, EffortCell, MoneyCell, UnitRow, Winner

EVEN = (0.30, 0.70)
"""The share of a pair within which money's interval, and few outcomes, are safe."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the analyst stands: `position` of the ledger, and what of the feedback could not be used."""

    as_of: datetime
    position: int
    unmatched_outcomes: int = 0
    quarantined: int = 0


@dataclass
class Study:
    """One experiment at one `as_of`; what it reads from the data set is read once."""

    protocol: Protocol
    definitions: Mapping[str, Definition]
    judged: Judged | JudgedLeads
    dataset: Dataset
    events: ir.Table
    outcomes: OutcomeMoney
    money_number: Mapping[Metric, int]
    clock: Clock
    follow_up: FollowUp
    schedule: Schedule
    maximum_leads: int
    unmatched_outcomes: int = 0
    _cells: dict[tuple[str, int, str | None], tuple[Cell, ...]] = field(default_factory=dict)
    _units: dict[tuple[str, int, str | None, int | None], tuple[UnitRow, ...]] = field(default_factory=dict)
    _money: dict[tuple[str, int], tuple[MoneyCell, ...]] = field(default_factory=dict)
    _winners: dict[tuple[str, int], tuple[Winner, ...]] = field(default_factory=dict)
    _followed: dict[tuple[str, str, int, str | None, bool, int | None], FollowedLeads] = field(default_factory=dict)
    _boundaries: dict[tuple[str, int, str | None], Boundary] = field(default_factory=dict)
    _alphas: dict[str, float] = field(default_factory=dict)

    @property
    def control(self) -> str:
        """The name of the control arm."""
        return self.protocol.control

    @property
    def by_account(self) -> bool:
        """Whether accounts are randomised."""
        return self.protocol.unit == "account"

    def horizon(self, metric: Metric) -> int:
        """Days within which an outcome counts."""
        return horizon_days(metric, self.protocol)

    def cells(self, arm: str, horizon_days: int, segment: str | None = None) -> tuple[Cell, ...]:
        """Counts of the pair by (phase, arm, stratum[, segment])."""
        key = (arm, horizon_days, segment)
        if key not in self._cells:
            self._cells[key] = sufficient.cells(
                self.dataset, horizon_days, arms=(self.control, arm), stratum_of=arm, segment=segment
            )
        return self._cells[key]

    def units(
        self, arm: str, horizon_days: int, segment: str | None = None, money_number: int | None = None
    ) -> tuple[UnitRow, ...]:
        """The accounts of the pair."""
        key = (arm, horizon_days, segment, money_number)
        if key not in self._units:
            self._units[key] = sufficient.units(
                self.dataset,
                horizon_days,
                arms=(self.control, arm),
                stratum_of=arm,
                segment=segment,
                money_number=money_number,
            )
        return self._units[key]

    def money(self, arm: str, number: int) -> tuple[MoneyCell, ...]:
        """Sums of a money measure of the pair."""
        if (arm, number) not in self._money:
            self._money[arm, number] = sufficient.money(self.dataset, number, arms=(self.control, arm), stratum_of=arm)
        return self._money[arm, number]

    def uncapped_number(self, metric: Metric) -> int:
        """The money measure of a revenue metric without its cap."""
        return self.money_number[metric] + len(self.money_number)

    def winners(self, arm: str, number: int) -> tuple[Winner, ...]:
        """The leads of the pair with revenue."""
        if (arm, number) not in self._winners:
            self._winners[arm, number] = sufficient.winners(
                self.dataset, number, arms=(self.control, arm), stratum_of=arm
            )
        return self._winners[arm, number]

    def effort(self, arm: str, horizon_days: int) -> tuple[EffortCell, ...]:
        """Touches and wins of the pair."""
        return sufficient.effort(self.dataset, horizon_days, arms=(self.control, arm))

    @cached_property
    def census(self) -> tuple[Census, ...]:
        """Units by phase, arm and strata."""
        return census.census(self.dataset, [arm.name for arm in self.protocol.challengers])

    @cached_property
    def log(self) -> tuple[Log, ...]:
        """The stated outcome rows by kind and by what became of them."""
        return census.log(self.dataset)

    @property
    def touches(self) -> int:
        """Counted rows of touches and meetings."""
        return sum(row.rows for row in self.log if row.fate == "counted" and row.kind in TOUCH_KINDS)

    @property
    def responses(self) -> tuple[int, int]:
        """Counted rows of any answer of sales, and those of them with a time of day."""
        rows = [row for row in self.log if row.fate == "counted" and row.kind in RESPONSE_KINDS]
        return sum(row.rows for row in rows), sum(row.timed for row in rows)

    @cached_property
    def deals_won(self) -> tuple[int, int]:
        """Counted deals won, and those of them without an amount."""
        return census.deals_won(self.dataset)

    def worked(self, arm: str) -> tuple[int, int]:
        """Leads of an arm handed over long enough ago, and those of them that sales said anything about."""
        rows = [row for row in self.census if row.arm == arm]
        return sum(row.handed for row in rows), sum(row.told for row in rows)

    def followed(
        self,
        arm: str,
        horizon_days: int,
        stage: str,
        *,
        segment: str | None = None,
        by_unit: bool = False,
        cut_off_us: int | None = None,
    ) -> FollowedLeads:
        """Leads of the pair by follow-up and age of conversion; by account where asked for."""
        key = (arm, stage, horizon_days, segment, by_unit, cut_off_us)
        if key not in self._followed:
            self._followed[key] = FollowedLeads.of(
                followed(
                    self.dataset,
                    stage,
                    horizon_days,
                    arms=(self.control, arm),
                    stratum_of=arm,
                    segment=segment,
                    by_unit=by_unit,
                    cut_off_us=cut_off_us,
                )
            )
        return self._followed[key]

    def complete(self, arm: str, horizon_days: int) -> bool:
        """Whether every lead of the pair has been followed for the whole horizon."""
        mature = self.follow_up.mature(horizon_days, self.clock.as_of_us)
        return all(mature[side] == self.follow_up.leads_of[side] for side in (self.control, arm))

    def boundary(self, arm: str, horizon_days: int, metric: Metric | None = None) -> Boundary:
        """The boundary of this look for a pair and a horizon; looks at which it was not due yet have spent nothing.

        Information is counted in effective mature leads for a metric whose outcomes are delayed, else in mature leads,
        against the pair's share of the declared maximum.
        An earlier look that the ledger recorded counts what it counted then.
        """
        stage = delays.stage_of(metric) if metric is not None else None
        key = (arm, horizon_days, stage)
        if key not in self._boundaries:
            pair = (self.control, arm)
            counted = []
            for at_us in self.schedule.looks_us[:-1]:
                if not self.follow_up.due(horizon_days, at_us, pair):
                    continue
                then = self.schedule.recorded.get(at_us)
                known = then.effective_leads.get((metric.metric, horizon_days, arm)) if then and metric else None
                counted.append(self._information(arm, horizon_days, stage, at_us) if known is None else known)
            counted.append(self._information(arm, horizon_days, stage, None))
            weights = {each.name: float(each.weight) for each in self.protocol.arms}
            planned = self.maximum_leads * (weights[self.control] + weights[arm]) / (sum(weights.values()) or 1.0)
            self._boundaries[key] = Boundary(tuple(counted), max(1.0, planned), self.schedule.final)
        return self._boundaries[key]

    def _information(self, arm: str, horizon_days: int, stage: str | None, at_us: int | None) -> float:
        """Effective mature leads of the pair at a look, now where `at_us` is None."""
        look_us = self.clock.as_of_us if at_us is None else at_us
        mature = self.follow_up.mature(horizon_days, look_us)
        plain = float(sum(mature[side] for side in (self.control, arm)))
        if stage is None or (not self.by_account and plain == self.follow_up.known((self.control, arm), look_us)):
            return plain
        rows = self.followed(
            arm,
            horizon_days,
            stage,
            by_unit=self.by_account,
            cut_off_us=None if at_us is None else self.clock.cut_off_at(at_us),
        )
        found = delays.effective_leads(rows, self.control, arm, horizon_days)
        return plain if found is None else found

    def alpha(self, arm: str) -> float:
        """The two-sided level of a challenger's own comparison: with several challengers Dunnett's."""
        if not self._alphas:
            weights = {each.name: float(each.weight) for each in self.protocol.arms}
            challengers = [each.name for each in self.protocol.challengers]
            if len(challengers) == 1 or weights[self.control] <= 0 or min(weights[name] for name in challengers) <= 0:
                level = self.protocol.alpha
            else:
                level = dunnett_alpha(
                    self.protocol.alpha,
                    control_units=weights[self.control],
                    challenger_units=[weights[name] for name in challengers],
                )
            self._alphas = dict.fromkeys(challengers, level)
        return self._alphas[arm]

    def share(self, arm: str) -> float:
        """The share, in [0, 1], that `arm` is allotted of the leads of its pair."""
        weights = {each.name: float(each.weight) for each in self.protocol.arms}
        both = weights[self.control] + weights[arm]
        return weights[arm] / both if both else 0.0

    def even(self, arm: str) -> bool:
        """Whether each arm of the pair is allotted 30% to 70% of it."""
        return EVEN[0] <= self.share(arm) <= EVEN[1]

    def due(self, arm: str, horizon_days: int) -> bool:
        """Whether a metric of this horizon can be read now: at the planned end whatever is mature is read."""
        pair = (self.control, arm)
        if self.follow_up.due(horizon_days, self.clock.as_of_us, pair):
            return True
        return (
            self.schedule.final and min(self.follow_up.mature(horizon_days, self.clock.as_of_us)[a] for a in pair) > 0
        )

    def due_on(self, arm: str, metric: Metric) -> date | None:
        """When a metric that is not due will be; None where time alone does not make it due."""
        now = instant(self.clock.as_of_us)
        zone = ZoneInfo(self.protocol.timezone)
        pair = (self.control, arm)
        look = due_on(self.follow_up, self.horizon(metric), pair, self.protocol.looks.dates, zone, now)
        if look is not None:
            return look
        lateness = -(-(self.clock.lateness_us or 0) // DAY_US)
        day = calendar.due_on(metric, self.protocol, lateness)
        return day if day > now.astimezone(zone).date() else None
