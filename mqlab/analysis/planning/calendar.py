"""When leads arrive and when they can be read: dates as days of enrolment, looks as shares of the information.

Day 1 ends with the first day of enrolment, in the experiment's zone; a look stands at the end of its day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from mqlab.analysis.maturity import DUE_PER_ARM, DUE_SHARE
from mqlab.analysis.planning.arrivals import taken_share
from mqlab.analysis.planning.inputs import PlanInputs
from mqlab.experiments.protocol import Protocol
from mqlab.stats.duration import Arrivals, DelayCurve, effective_units, mature_units
from mqlab.stats.stopping import Stopping, group_sequential

LONGEST_DAYS = 150 * 366
"""A plan that would take longer has no date."""


@dataclass(frozen=True)
class Design:
    """A schedule of looks: their days (those with information), and the stopping rule over them."""

    days: tuple[int, ...]
    leads: tuple[float, ...]
    stopping: Stopping

    @property
    def information(self) -> float:
        """What the last look is worth, in leads followed to the end."""
        return self.leads[-1]


@dataclass(frozen=True)
class Calendar:
    """The enrolment of a protocol as days, and how many leads come on them."""

    protocol: Protocol
    inputs: PlanInputs

    @cached_property
    def open_ended(self) -> Arrivals:
        """Leads that enrol per day, with the last phase going on after the enrolment's end."""
        protocol = self.protocol
        begin = protocol.enrolment_start
        rate = self.inputs.leads_per_day.value * taken_share(protocol)
        starts = [max(0.0, (phase.start - begin).total_seconds() / 86_400) for phase in protocol.phases]
        rates = [rate * float(phase.coverage) for phase in protocol.phases]
        if starts[0] > 0:
            starts, rates = [0.0, *starts], [0.0, *rates]
        return Arrivals(tuple(starts), tuple(rates))

    @cached_property
    def enrolment_days(self) -> float:
        """The length of the enrolment."""
        return max(0.0, (self.protocol.enrolment_end - self.protocol.enrolment_start).total_seconds() / 86_400)

    @cached_property
    def last_day(self) -> int:
        """The day on which the enrolment ends."""
        return self.day(self.protocol.enrolment_end.astimezone(ZoneInfo(self.protocol.timezone)).date())

    @cached_property
    def planned_leads(self) -> float:
        """Leads that enrol by the end of the enrolment."""
        return float(self.open_ended.by(self.enrolment_days))

    @cached_property
    def looks(self) -> tuple[int, ...]:
        """The declared looks as days, in order."""
        return tuple(sorted(self.day(look) for look in self.protocol.looks.dates))

    def day(self, on: date) -> int:
        """The day of enrolment that a date is; the day before the first is 0."""
        return (on - self.protocol.enrolment_from).days + 1

    def date(self, day: float) -> date | None:
        """The date on which a day of enrolment ends; None where it is too far away."""
        if not math.isfinite(day) or day > LONGEST_DAYS:
            return None
        return self.protocol.enrolment_from + timedelta(days=math.ceil(round(day, 6)) - 1)

    def ready(self, leads: float, horizon_days: int) -> float:
        """The day at whose end so many leads have enrolled and had the horizon, with sales' lateness; may be infinite.

        Example: 84 leads at one a day and a horizon of 90 are ready on day 174.
        """
        enrolled = self.open_ended.day_of(leads)
        if not math.isfinite(enrolled):
            return math.inf
        return math.ceil(round(enrolled, 6)) + horizon_days + self.inputs.lateness_days

    def information(self, day: float, curve: DelayCurve, maximum: float) -> float:
        """What the leads enrolled so far, `maximum` at most, are worth at the end of a day: fully followed leads."""
        return effective_units(
            self.open_ended, curve, day=day, maximum=maximum, lateness_days=self.inputs.lateness_days
        )

    def due(self, day: float, curve: DelayCurve, maximum: float, smallest_arm: float) -> bool:
        """Whether a look is reported at the end of a day: enough leads are old enough, overall and in each arm."""
        mature = mature_units(
            self.open_ended, curve.horizon_days, day=day, maximum=maximum, lateness_days=self.inputs.lateness_days
        )
        enrolled = min(maximum, float(self.open_ended.by(day)))
        return mature >= DUE_SHARE * enrolled and mature * smallest_arm >= DUE_PER_ARM

    def design(
        self,
        curve: DelayCurve,
        *,
        alpha: float,
        maximum: float,
        days: Sequence[int],
        smallest_arm: float,
        declared: float | None = None,
    ) -> Design | None:
        """The looks on `days`, the last of which is the end whatever is due then; None where nothing is known by then.

        `maximum`: leads enrolled in the end; `declared`: the information declared, where it is another.
        """  # fmt: skip
        kept: list[int] = []
        leads: list[float] = []
        for day in sorted(set(days)):
            worth = self.information(day, curve, maximum)
            last = day == max(days)
            if worth <= (leads[-1] if leads else 0.0) * (1 + 1e-4) and not (last and leads):
                continue
            if last and leads and worth <= leads[-1] * (1 + 1e-4):
                kept[-1] = day  # all was known at the look before, which becomes the last
            elif last or self.due(day, curve, maximum, smallest_arm):
                kept.append(day)
                leads.append(worth)
        if not leads or leads[-1] <= 0:
            return None
        most = None if declared is None else max(declared, leads[-1])
        return Design(tuple(kept), tuple(leads), group_sequential(leads, alpha=alpha, maximum=most))
