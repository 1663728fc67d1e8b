"""Time in an analysis: how late sales feedback arrives, up to when it is complete, and which leads are mature.

The data cut-off is `as_of` less the lateness L, the 99th percentile of `known_at − occurred_at` of what occurred from
a year before the enrolment on: how sales reported earlier tells little about how it reports now. A lead is mature for
a horizon when it has been followed that many whole days by the cut-off. A share of assigned leads that reach a stage
is read from all of them as far as each was followed (`mqlab.analysis.delays`); other metrics from mature leads only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import end_of_day, micros

DUE_SHARE = 0.10
"""A metric can be read from the first look at which this share of the enrolled leads is mature …"""
DUE_PER_ARM = 30
"""… and this many leads of every arm."""

FEEDBACK_BEFORE = timedelta(days=365)
"""How long before an enrolment sales feedback begins to tell how late it comes and how well it finds its leads."""

ByFollowUp = Callable[[int], Mapping[str, Mapping[int, int]]]
"""At an instant (microseconds since 1970 UTC): leads by arm and whole days since they were assigned."""


@dataclass(frozen=True, slots=True)
class Clock:
    """`as_of_us`, the lateness L (None: no row has a real arrival time) and how many rows it was read from.

    `newest_us` is when the last of all feedback was known, None where there is none, or nobody looked.
    """

    as_of_us: int
    lateness_us: int | None
    rows: int
    newest_us: int | None = None

    @property
    def cut_off_us(self) -> int:
        """The last instant of which sales feedback is complete."""
        return self.cut_off_at(self.as_of_us)

    def cut_off_at(self, as_of_us: int) -> int:
        """The cut-off an analyst standing at `as_of_us` has, with the lateness known now."""
        return as_of_us - (self.lateness_us or 0)


def feedback_since(protocol: Protocol) -> datetime:
    """From when on sales feedback tells something about an experiment, whoever it is about; of its leads all counts."""
    return protocol.enrolment_start - FEEDBACK_BEFORE


def clock(outcomes: pa.Table, as_of: datetime, since: datetime | None = None) -> Clock:
    """The clock of an analysis; `outcomes` are rows of `mqlab.leads.tables.OUTCOMES`, read from `since` on.

    Backfilled and inferred rows, whose arrival nobody saw, tell nothing about lateness. A row known before it occurred
    (a date-only outcome is the end of its day) is not late.
    """
    if since is not None:
        outcomes = outcomes.filter(pc.greater_equal(outcomes["occurred_at"].cast(pa.int64()), micros(since)))
    seen = outcomes.filter(
        pc.and_(
            pc.invert(pc.fill_null(outcomes["backfill"], False)),
            pc.not_equal(pc.fill_null(outcomes["evidence"], "stated"), "inferred"),
        )
    )
    delays = _us(seen["known_at"]) - _us(seen["occurred_at"])
    newest = int(_us(outcomes["known_at"]).max()) if outcomes.num_rows else None
    if not len(delays):
        return Clock(micros(as_of), None, 0, newest)
    ordered = np.sort(np.maximum(delays, 0))
    rank = -(-len(ordered) * 99 // 100) - 1
    return Clock(micros(as_of), int(ordered[rank]), len(ordered), newest)


def _us(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)


@dataclass(frozen=True)
class FollowUp:
    """How long the enrolled leads of every arm have been followed, whenever one stands there.

    `leads_of` counts the leads by arm; `followed(at_us)` gives them by arm and whole days since assignment, below 0 for
    those not assigned yet.
    """

    leads_of: Mapping[str, int]
    followed: ByFollowUp
    clock: Clock

    @classmethod
    def of(cls, leads_of: Mapping[str, int], followed: ByFollowUp, clock: Clock) -> FollowUp:
        """With every instant asked for once."""
        return cls(leads_of, cache(followed), clock)

    @cached_property
    def _columns(self) -> dict[int, dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]]:
        return {}

    @property
    def leads(self) -> int:
        """All enrolled leads."""
        return sum(self.leads_of.values())

    def mature(self, horizon_days: int, as_of_us: int) -> Mapping[str, int]:
        """By arm: leads followed for `horizon_days` when one stands at `as_of_us`."""
        return self._at_least(self.clock.cut_off_at(as_of_us), horizon_days)

    def known(self, arms: Sequence[str], as_of_us: int) -> int:
        """Leads of `arms` that had been assigned when one stands at `as_of_us`."""
        assigned = self._at_least(as_of_us, 0)
        return sum(assigned[name] for name in arms)

    def _at_least(self, at_us: int, days: int) -> Mapping[str, int]:
        if (at_us, days) not in self._counted:
            if at_us not in self._columns:
                by_arm = self.followed(at_us)
                self._columns[at_us] = {name: _columns_of(by_arm.get(name, {})) for name in self.leads_of}
            self._counted[at_us, days] = {
                name: int(leads[followed >= days].sum()) for name, (followed, leads) in self._columns[at_us].items()
            }
        return self._counted[at_us, days]

    @cached_property
    def _counted(self) -> dict[tuple[int, int], Mapping[str, int]]:
        return {}

    def due(self, horizon_days: int, as_of_us: int, arms: Sequence[str]) -> bool:
        """Whether a metric of this horizon can be read: enough mature leads of the compared `arms`, or all of them."""
        mature = self.mature(horizon_days, as_of_us)
        counts = [mature[name] for name in arms]
        everyone = self.known(arms, as_of_us)
        if not everyone or not min(counts):
            return False
        if sum(counts) == everyone:
            return True
        return sum(counts) >= DUE_SHARE * everyone and min(counts) >= DUE_PER_ARM


def _columns_of(leads_by_days: Mapping[int, int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return np.array(list(leads_by_days), dtype=np.int64), np.array(list(leads_by_days.values()), dtype=np.int64)


def due_on(
    follow_up: FollowUp, horizon_days: int, arms: Sequence[str], looks: Sequence[date], zone: ZoneInfo, after: datetime
) -> date | None:
    """The first declared look later than `after` at which the leads enrolled so far make a metric due."""
    for day in sorted(looks):
        at = end_of_day(day, zone)
        if at > after and follow_up.due(horizon_days, micros(at), arms):
            return day
    return None
