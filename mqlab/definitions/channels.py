"""Which events of a channel count at an instant: known, in the window, one a day, the latest (definitions.md 3.6)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from mqlab.definitions.events import KnownEvent
from mqlab.definitions.tree import Channel

FOREVER = 2**63
"""Later than any instant, in microseconds."""


class Pool:
    """The events one channel looks at, of one lead or account, from the earliest to the latest.

    Name, `where` and `ignore_events` are already applied; window, calendar day and `max_count` are not, for they
    depend on the instant.
    """

    __slots__ = ("_days", "_local_day", "arrivals", "events", "occurred")

    def __init__(self, events: Sequence[KnownEvent], local_day: Callable[[int], int]) -> None:
        self.events = events
        self.occurred = [event.occurred_us for event in events]
        self.arrivals = sorted([event.known_us for event in events])
        self._local_day = local_day
        self._days: list[int] | None = None

    @property
    def days(self) -> list[int]:
        """The local calendar day of each event."""
        if self._days is None:
            self._days = [self._local_day(occurred) for occurred in self.occurred]
        return self._days

    def next_arrival(self, at_us: int) -> int:
        """The first instant after `at_us` at which an event becomes known."""
        index = bisect_right(self.arrivals, at_us)
        return self.arrivals[index] if index < len(self.arrivals) else FOREVER

    def counted(self, channel: Channel, at_us: int) -> list[KnownEvent]:
        """The events that count at an instant, the latest first.

        Known by then and inside the window; of each local day the latest; then the latest `max_count`.
        """
        oldest = -FOREVER if channel.within_us is None else at_us - channel.within_us
        most = channel.max_count
        seen: set[int] = set()
        found: list[KnownEvent] = []
        for index in range(bisect_right(self.occurred, at_us) - 1, -1, -1):
            event = self.events[index]
            if event.occurred_us <= oldest:
                break
            if event.known_us > at_us:
                continue
            if channel.distinct_day:
                day = self.days[index]
                if day in seen:
                    continue
                seen.add(day)
            found.append(event)
            if len(found) == most:
                break
        return found

    def stays_until(self, channel: Channel, counted: Sequence[KnownEvent], at_us: int) -> int:
        """The first instant after `at_us` at which other events may count: an arrival, or the oldest leaving."""
        arrival = self.next_arrival(at_us)
        if counted and channel.within_us is not None:
            return min(arrival, counted[-1].occurred_us + channel.within_us)
        return arrival
