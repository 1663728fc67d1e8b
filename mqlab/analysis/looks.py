"""Which look an analysis is, and what it may conclude: boundary, repeated intervals and p-values.

Looks are declared as local dates, each meaning the end of its day. Information is counted in effective mature leads
over the declared maximum. An analysis between two declared looks is a look as well, and so are earlier ones the ledger
names. Until the ledger records its first look a declared date counts as taken; from then on one without a record was
missed, and has spent nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mqlab.analysis.maturity import FollowUp
from mqlab.analysis.result_rows import Look
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import DAY_US, end_of_day, micros
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.sequential import boundaries, deciding_look, information_fractions, repeated_p_value
from mqlab.stats.tails import critical_z

MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class TakenLook:
    """A look the ledger recorded: where it stood, and what it said then.

    `effective_leads` is the information it counted, by (metric, horizon in days, arm); `deciding` the estimator that
    decided, by arm; `p_always` the p-values valid at any time, by (metric, horizon, arm, estimator).
    """

    as_of: datetime
    effective_leads: Mapping[tuple[str, int, str], float] = field(default_factory=dict)
    deciding: Mapping[str, str] = field(default_factory=dict)
    p_always: Mapping[tuple[str, int, str, str], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The looks up to this one, as instants; the last of them is this analysis.

    `final`: the planned end is reached, and this look spends what is left. `declared`: it stands on a declared date.
    `first`: the first declared date that is still to come, when none has been reached. `recorded` holds, by instant,
    what the ledger says of an earlier look; `missed` are declared dates at which nobody looked. `overrun`: the last
    look was recorded, and this analysis reads what has come since.
    """

    looks_us: tuple[int, ...]
    final: bool
    declared: bool
    first: date | None
    undeclared: int
    recorded: Mapping[int, TakenLook] = field(default_factory=dict)
    missed: tuple[date, ...] = ()
    overrun: bool = False


def schedule(protocol: Protocol, as_of: datetime, taken: Sequence[TakenLook], lab_zone: ZoneInfo) -> Schedule:
    """Where `as_of` stands among the declared looks; `taken` are the looks recorded before it.

    A date is reached at the end of its day in the experiment's zone, or in the lab's where that is earlier (a date as
    `--as-of` means the end of the lab's day); 23:59 is the end of a day. Any instant of the day after is the same look;
    of several records of one look the first counts, and records out of order, or of an instant not yet reached, are no
    matter.
    """
    zone = ZoneInfo(protocol.timezone)
    now = micros(as_of)
    days = {min(micros(end_of_day(day, zone)), micros(end_of_day(day, lab_zone))): day for day in protocol.looks.dates}
    instants = sorted(days)
    reached = [at for at in instants if at < now + MINUTE_US]
    recorded: dict[int, TakenLook] = {}
    for look in sorted(taken, key=lambda look: look.as_of):
        at = micros(look.as_of)
        if at < now:
            recorded.setdefault(_declared_at(at, instants) or at, look)
    if not reached:
        first = min(protocol.looks.dates) if protocol.looks.dates else None
        return Schedule((now,), False, False, first, 0)
    final = len(reached) == len(instants)
    declared = final or now - reached[-1] < DAY_US
    here = reached[-1] if declared else now
    since = min(recorded, default=here)
    before = [at for at in reached if at < here and (at < since or at in recorded)]
    extra = [at for at in recorded if at not in days and instants[0] < at < here]
    return Schedule(
        looks_us=(*sorted({*before, *extra}), now),
        final=final,
        declared=declared,
        first=None,
        undeclared=len(extra) + (not declared),
        recorded={at: look for at, look in recorded.items() if at < here},
        missed=tuple(days[at] for at in reached if at < here and at not in before),
        overrun=final and here in recorded and now - here >= DAY_US,
    )


def _declared_at(at: int, instants: Sequence[int]) -> int | None:
    """The declared look an instant belongs to: any instant of the day after it."""
    return next((look for look in instants if 0 <= at - look < DAY_US), None)


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

    @property
    def decided_before(self) -> bool:
        """Whether an earlier look spent all the error: its verdict stands, and this look only publishes."""
        found = deciding_look(self.information, maximum=self.maximum)
        return found is not None and found < len(self.information) - 1

    def z(self, alpha: float) -> float:
        """The boundary on |z| at the two-sided level `alpha`: what repeated intervals use as z."""
        found = self._levels.get(alpha)
        if found is None:
            found = boundaries(self.information, maximum=self.maximum, alpha=alpha, last=self.final)[-1]
            self._levels[alpha] = found
        return found

    def look(self, alpha: float) -> Look:
        """The look as a row shows it."""
        return Look(information=self.fraction, bound=self.z(alpha), effective_leads=self.information[-1])

    def p_values(self, fixed: float | NotEstimable) -> tuple[float | NotEstimable, float | None]:
        """(the repeated p-value, the plain one: only at the planned end) of a test whose plain p is `fixed`."""
        if isinstance(fixed, NotEstimable):
            return fixed, None
        if self.final and len(self.information) == 1:
            return fixed, fixed
        z = critical_z(min(max(fixed, 1e-300), 1 - 1e-16)) if fixed < 1 else 0.0
        repeated = repeated_p_value(z, self.information, maximum=self.maximum, last=self.final)
        return repeated, fixed if self.final else None
