"""Slots of one lead: what each comes to at an instant, until when that stays, and when it may move."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from mqlab.definitions.channels import FOREVER, Pool
from mqlab.definitions.decay import steps_of
from mqlab.definitions.events import KnownEvent
from mqlab.definitions.model import Decay
from mqlab.definitions.slots import Value
from mqlab.definitions.tree import Channel
from mqlab.leads.instants import DAY_US


class Tracker(Protocol):
    """One slot of one lead."""

    def read(self, at_us: int) -> tuple[Value, int]:
        """The value at an instant, and the instant until which it stays."""

    def counted(self, at_us: int) -> list[KnownEvent]:
        """The events behind the value, the latest first."""

    def rises(self) -> Iterable[int]:
        """Every instant at which the value may go up, unless it does so smoothly."""

    def falls(self) -> Iterable[int]:
        """Every instant at which the value may go down, unless it does so smoothly."""

    def bound(self, until_us: int, *, highest: bool) -> Value:
        """A value never exceeded (never undercut) up to an instant."""


class CountTracker:
    """A plain count."""

    __slots__ = ("_departures", "channel", "pool")

    def __init__(self, channel: Channel, pool: Pool) -> None:
        self.channel = channel
        self.pool = pool
        self._departures: list[int] | None = None

    def read(self, at_us: int) -> tuple[Value, int]:
        """The count, and until when it stays."""
        channel = self.channel
        if channel.distinct_day:
            found = self.counted(at_us)
            return len(found), self.pool.stays_until(channel, found, at_us)
        arrivals, departures = self.pool.arrivals, self.departures
        come, gone = bisect_right(arrivals, at_us), bisect_right(departures, at_us)
        arrival = arrivals[come] if come < len(arrivals) else FOREVER
        departure = departures[gone] if gone < len(departures) else FOREVER
        count = come - gone
        return count if channel.max_count is None else min(count, channel.max_count), min(arrival, departure)

    @property
    def departures(self) -> list[int]:
        """When each event has come and left its window again, in order: at its arrival where it came too late."""
        if self._departures is None:
            within = self.channel.within_us
            self._departures = (
                []
                if within is None
                else sorted([max(event.known_us, event.occurred_us + within) for event in self.pool.events])
            )
        return self._departures

    def counted(self, at_us: int) -> list[KnownEvent]:
        """The events that count, the latest first."""
        return self.pool.counted(self.channel, at_us)

    def rises(self) -> Iterable[int]:
        """Arrivals."""
        return self.pool.arrivals

    def falls(self) -> Iterable[int]:
        """Events leaving the window."""
        within = self.channel.within_us
        return () if within is None else [occurred + within for occurred in self.pool.occurred]

    def bound(self, until_us: int, *, highest: bool) -> Value:
        """All that arrive, at most `max_count`; or nothing."""
        if not highest:
            return 0
        arrived = bisect_right(self.pool.arrivals, until_us)
        return arrived if self.channel.max_count is None else min(arrived, self.channel.max_count)


class DecayedTracker(CountTracker):
    """A count in which each event weighs what its age leaves of it."""

    __slots__ = ("_decay", "_share")

    def __init__(self, channel: Channel, pool: Pool, decay: Decay, share: Callable[[int], float]) -> None:
        super().__init__(channel, pool)
        self._decay = decay
        self._share = share

    def read(self, at_us: int) -> tuple[Value, int]:
        """The weighed count; it stays for no time unless nothing counts."""
        found = self.counted(at_us)
        if not found:
            return 0.0, self.pool.next_arrival(at_us)
        share = self._share
        return sum([share(at_us - event.occurred_us) for event in found]), at_us + 1

    def falls(self) -> Iterable[int]:
        """Events leaving the window, and steps of the decay."""
        ages = steps_of(self._decay)
        return [*super().falls(), *(occurred + age for age in ages for occurred in self.pool.occurred)]


class SumTracker(CountTracker):
    """A sum of a property; the pool holds only events that have it."""

    __slots__ = ("_amount",)

    def __init__(self, channel: Channel, pool: Pool, amount: Callable[[KnownEvent], float | None]) -> None:
        super().__init__(channel, pool)
        self._amount = amount

    def read(self, at_us: int) -> tuple[Value, int]:
        """The sum, added up without loss: amounts are bounded, and have nine decimals."""
        found = self.counted(at_us)
        return math.fsum([self._amount(event) or 0.0 for event in found]), self.pool.stays_until(
            self.channel, found, at_us
        )

    def rises(self) -> Iterable[int]:
        """Arrivals and departures: amounts may be negative."""
        return [*super().rises(), *super().falls()]

    def falls(self) -> Iterable[int]:
        """Arrivals and departures: amounts may be negative."""
        return self.rises()


class DaysTracker(CountTracker):
    """Whole days since the latest event."""

    __slots__ = ("_thresholds",)

    def __init__(self, channel: Channel, pool: Pool, thresholds: Sequence[int]) -> None:
        super().__init__(channel, pool)
        self._thresholds = thresholds

    def read(self, at_us: int) -> tuple[Value, int]:
        """Days of 86 400 s, rounded down; None where no event counts."""
        found = self.counted(at_us)
        stays = self.pool.stays_until(self.channel, found, at_us)
        if not found:
            return None, stays
        days, into_day = divmod(at_us - found[0].occurred_us, DAY_US)
        return days, min(stays, at_us - into_day + DAY_US)

    def rises(self) -> Iterable[int]:
        """The whole days some comparison asks about; arrivals and departures, which may end "unknown"."""
        days = [occurred + threshold * DAY_US for threshold in self._thresholds for occurred in self.pool.occurred]
        return [*super().rises(), *super().falls(), *days]

    def falls(self) -> Iterable[int]:
        """As `rises`: unknown is neither high nor low."""
        return self.rises()


class AbsenceTracker:
    """Nothing heard for a while."""

    __slots__ = ("_created_us", "_of_us", "pool")

    def __init__(self, of_us: int, created_us: int, pool: Pool) -> None:
        self._of_us = of_us
        self._created_us = created_us
        self.pool = pool

    def read(self, at_us: int) -> tuple[Value, int]:
        """Whether the absence lasts, and until when that stays."""
        latest = self.counted(at_us)
        heard = max(self._created_us, latest[0].occurred_us) if latest else self._created_us
        begins = heard + self._of_us
        arrival = self.pool.next_arrival(at_us)
        return (True, arrival) if at_us >= begins else (False, min(arrival, begins))

    def counted(self, at_us: int) -> list[KnownEvent]:
        """The latest event heard of, if any."""
        for index in range(bisect_right(self.pool.occurred, at_us) - 1, -1, -1):
            if self.pool.events[index].known_us <= at_us:
                return [self.pool.events[index]]
        return []

    def rises(self) -> Iterable[int]:
        """Every instant at which an absence may begin."""
        return [self._created_us + self._of_us, *(occurred + self._of_us for occurred in self.pool.occurred)]

    def falls(self) -> Iterable[int]:
        """Arrivals."""
        return self.pool.arrivals

    def bound(self, until_us: int, *, highest: bool) -> Value:  # noqa: ARG002
        """Absent at best, heard of at worst."""
        return highest
