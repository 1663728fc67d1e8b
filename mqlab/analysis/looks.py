"""Which look an analysis is, and what it may conclude: boundary, repeated intervals and p-values.

Looks are declared as local dates, each meaning the end of its day. Information is counted in mature leads over the
declared maximum. An analysis between two declared looks is a look as well, and so are earlier ones the ledger names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mqlab.analysis.maturity import FollowUp
from mqlab.analysis.results import Look
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import DAY_US, end_of_day, micros
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.sequential import boundaries, information_fractions, repeated_p_value
from mqlab.stats.tails import critical_z


@dataclass(frozen=True, slots=True)
class Schedule:
    """The looks up to this one, as instants; the last of them is this analysis.

    `final`: the planned end is reached, and this look spends what is left. `declared`: it stands on a declared date.
    `first`: the first declared date that is still to come, when none has been reached.
    """

    looks_us: tuple[int, ...]
    final: bool
    declared: bool
    first: date | None
    undeclared: int


def schedule(protocol: Protocol, as_of: datetime, taken: Sequence[datetime], lab_zone: ZoneInfo) -> Schedule:
    """Where `as_of` stands among the declared looks; `taken` are the instants of analyses made before it.

    A date is reached at the end of its day in the experiment's zone, or in the lab's where that is earlier (a date as
    `--as-of` means the end of the lab's day). Any instant of the day after is the same look.
    """
    zone = ZoneInfo(protocol.timezone)
    now = micros(as_of)
    instants = sorted(
        min(micros(end_of_day(day, zone)), micros(end_of_day(day, lab_zone))) for day in protocol.looks.dates
    )
    reached = [at for at in instants if at <= now]
    if not reached:
        first = min(protocol.looks.dates) if protocol.looks.dates else None
        return Schedule((now,), False, False, first, 0)
    final = len(reached) == len(instants)
    declared = final or now - reached[-1] < DAY_US
    before = reached[:-1] if declared else reached
    extra = sorted({at for at in map(micros, taken) if at < now and not _on_declared(at, instants)})
    looks = (*sorted({*before, *extra}), now)
    return Schedule(looks, final, declared, None, len(extra) + (not declared))


def _on_declared(at: int, instants: Sequence[int]) -> bool:
    return any(0 <= at - look < DAY_US for look in instants)


def planned_leads(protocol: Protocol, follow_up: FollowUp, as_of: datetime) -> int:
    """The declared maximum, else the leads enrolled, projected to the end of enrolment while it runs."""
    if protocol.looks.maximum_leads is not None:
        return protocol.looks.maximum_leads
    begin, end, now = (micros(at) for at in (protocol.enrolment_start, protocol.enrolment_end, as_of))
    if now >= end or now <= begin:
        return max(1, follow_up.leads)
    return max(1, -(-follow_up.leads * (end - begin) // (now - begin)))


@dataclass(frozen=True)
class Boundary:
    """One look at one horizon: turns a level into an interval's z, and a statistic into its p-values."""

    information: tuple[float, ...]
    maximum: float
    final: bool
    _levels: dict[float, float] = field(default_factory=dict, repr=False, compare=False)

    @property
    def fraction(self) -> float:
        """The information at this look, in [0, 1]."""
        return information_fractions(self.information, maximum=self.maximum, last=self.final)[-1]

    def z(self, alpha: float) -> float:
        """The boundary on |z| at the two-sided level `alpha`: what repeated intervals use as z."""
        found = self._levels.get(alpha)
        if found is None:
            found = boundaries(self.information, maximum=self.maximum, alpha=alpha, last=self.final)[-1]
            self._levels[alpha] = found
        return found

    def look(self, alpha: float) -> Look:
        """The look as a row shows it."""
        return Look(information=self.fraction, bound=self.z(alpha))

    def p_values(self, fixed: float | NotEstimable) -> tuple[float | NotEstimable, float | None]:
        """(the repeated p-value, the plain one: only at the planned end) of a test whose plain p is `fixed`."""
        if isinstance(fixed, NotEstimable):
            return fixed, None
        if self.final and len(self.information) == 1:
            return fixed, fixed
        z = critical_z(min(max(fixed, 1e-300), 1 - 1e-16)) if fixed < 1 else 0.0
        repeated = repeated_p_value(z, self.information, maximum=self.maximum, last=self.final)
        return repeated, fixed if self.final else None


def boundary_of(
    schedule: Schedule, follow_up: FollowUp, arms: Sequence[str], maximum: int
) -> Callable[[int], Boundary]:
    """The boundary at a horizon: looks at which the horizon was not due yet have spent nothing."""
    known: dict[int, Boundary] = {}

    def at(horizon_days: int) -> Boundary:
        if horizon_days not in known:
            looks = [at_us for at_us in schedule.looks_us[:-1] if follow_up.due(horizon_days, at_us, arms)]
            counts = [sum(follow_up.mature(horizon_days, at_us).values()) for at_us in (*looks, schedule.looks_us[-1])]
            known[horizon_days] = Boundary(tuple(map(float, counts)), float(maximum), schedule.final)
        return known[horizon_days]

    return at
