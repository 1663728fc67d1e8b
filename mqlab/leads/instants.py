"""Instants are aware UTC datetimes outside and integer microseconds since 1970 inside; dates get a zone at the door."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MICROSECOND = timedelta(microseconds=1)
DAY_US = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(instant: datetime) -> int:
    """Microseconds since 1970-01-01 UTC of an aware datetime; a naive one raises ValueError.

    Example:
        >>> micros(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
        1000000
    """
    if instant.tzinfo is None:
        raise ValueError(f"the instant {instant.isoformat()} has no time zone")
    return (instant - EPOCH) // MICROSECOND


EARLIEST_US = micros(datetime(1900, 1, 1, tzinfo=UTC))
LATEST_US = micros(datetime(2200, 1, 1, tzinfo=UTC))
"""Instants before the first, or not before the second, are a slip of whoever wrote them."""


def instant(us: int) -> datetime:
    """The aware UTC datetime at `us` microseconds since 1970-01-01 UTC."""
    return EPOCH + timedelta(microseconds=us)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The last microsecond of a local day, in UTC: what a date-only outcome and a date as `--as-of` mean."""
    return start_of_day(day + timedelta(days=1), zone) - MICROSECOND


def iso(value: datetime) -> str:
    """An instant as it is printed everywhere: ISO 8601, UTC, with a Z.

    Example:
        >>> iso(datetime(2026, 7, 1, 8, 30, tzinfo=UTC))
        '2026-07-01T08:30:00Z'
    """
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
