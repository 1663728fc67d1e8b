"""A lead's history made ready once, so that several definitions can read it at the price of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mqlab.definitions.events import EventLog, KnownEvent
from mqlab.definitions.fields import Timeline, known_from, row_values, timeline
from mqlab.leads.instants import DAY_US, instant, micros
from mqlab.leads.records import Event, FieldChange, History, Scalar
from mqlab.leads.text import stored_name

EDGE_US = (micros(datetime.min.replace(tzinfo=UTC)), micros(datetime.max.replace(tzinfo=UTC)))
"""The first and the last instant a datetime can tell."""


class View:
    """What the business knew about a lead by one `as_of`: one version per event, the row, the changes by field."""

    __slots__ = ("_current", "_timelines", "by_name", "changed", "created_us", "row")

    def __init__(
        self,
        events: list[KnownEvent],
        row: Mapping[str, Scalar],
        changes: Mapping[str, list[FieldChange]],
        *,
        row_is_current: bool,
        created_us: int,
    ) -> None:
        by_name: dict[str, list[KnownEvent]] = {}
        for event in events:
            by_name.setdefault(event.name, []).append(event)
        self.by_name = by_name
        self.created_us = created_us
        self.row = row
        self.changed = changes
        self._timelines: dict[str, Timeline] = {}
        self._current = row_is_current

    def timeline(self, field: str) -> Timeline:
        """The raw values over time of a field that has changes."""
        found = self._timelines.get(field)
        if found is None:
            found = timeline(self.row.get(field), self.changed[field], row_is_current=self._current)
            self._timelines[field] = found
        return found


class Prepared:
    """A history with instants as integers; made once by `prepare` and shared between evaluators."""

    __slots__ = ("_changes", "_days", "_last", "_last_change_us", "_log", "created_us", "history", "row", "start_us")

    def __init__(self, history: History) -> None:
        lead = history.lead
        self.history = history
        self.created_us = micros(lead.created_at)
        self.start_us = self.created_us if lead.assigned_at is None else micros(lead.assigned_at)
        self.row = row_values(lead)
        self._log = EventLog(history.events)
        self._changes = [(known_from(change), change) for change in history.field_changes]
        self._last_change_us = max((known for known, _ in self._changes), default=-(2**63))
        self._last: tuple[int, View] | None = None
        self._days: dict[str, dict[int, int]] = {}

    def view(self, as_of_us: int) -> View:
        """What was known by `as_of_us`; the last view is kept, as callers mostly stand at one `as_of`."""
        newest = max(self._log.last_us, self._last_change_us)
        as_of_us = min(as_of_us, newest)
        if self._last is not None and self._last[0] == as_of_us:
            return self._last[1]
        changes: dict[str, list[FieldChange]] = {}
        for known, change in self._changes:
            if known <= as_of_us:
                changes.setdefault(stored_name(change.field), []).append(change)
        view = View(
            self._log.known_by(as_of_us),
            self.row,
            changes,
            row_is_current=self.history.lead.row_is == "current",
            created_us=self.created_us,
        )
        self._last = (as_of_us, view)
        return view

    def local_day(self, occurred_us: int, zone: ZoneInfo) -> int:
        """The local calendar day of an instant, as a day number; remembered per zone."""
        days = self._days.setdefault(zone.key, {})
        day = days.get(occurred_us)
        if day is None:
            day = days[occurred_us] = local_day(occurred_us, zone)
        return day


def local_day(at_us: int, zone: ZoneInfo) -> int:
    """The calendar day of an instant in a zone, as a proleptic ordinal (1 is 0001-01-01).

    Example:
        >>> berlin, summer_night = ZoneInfo("Europe/Berlin"), datetime(2026, 7, 1, 22, 30, tzinfo=ZoneInfo("UTC"))
        >>> local_day(micros(summer_night), berlin) - summer_night.toordinal()
        1
    """
    low, high = EDGE_US
    if not low + DAY_US <= at_us <= high - DAY_US:  # where a zone would leave the calendar, days are UTC
        return instant(at_us).toordinal()
    return instant(at_us).astimezone(zone).toordinal()


def prepare(history: History | Prepared) -> Prepared:
    """`history` made ready for any number of evaluators; what is already prepared is given back."""
    return history if isinstance(history, Prepared) else Prepared(history)


def as_if_on_time(history: History, as_of: datetime) -> History:
    """The history as it would be had every fact known by `as_of` been known when it occurred (definitions.md 3.11).

    Of several versions of an event only the one that is the event by `as_of` is kept.
    """
    as_of_us = micros(as_of)
    events = []
    for event in EventLog(history.events).known_by(as_of_us):
        event_id, source, _ = event.identity
        occurred = instant(event.occurred_us)
        events.append(Event(event.name, occurred, occurred, event_id or None, source, event.props))
    changes = tuple(
        replace(change, known_at=change.changed_at)
        for change in history.field_changes
        if known_from(change) <= as_of_us
    )
    return replace(history, events=tuple(events), field_changes=changes)
