"""The day of an instant in a time zone, as an expression of whole numbers that every engine computes alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import ibis
from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US, instant

_US = timedelta(microseconds=1)


def local_day(at_us: ir.IntegerValue, zone: ZoneInfo, *, low_us: int, high_us: int) -> ir.IntegerValue:
    """Days since 1970-01-01 on the wall clock of `zone`, for instants from `low_us` up to `high_us`."""
    *changes, (_, last) = offsets(zone, low_us, high_us)
    local = at_us + last
    if changes:
        local = ibis.cases(*((at_us < until_us, at_us + offset) for until_us, offset in changes), else_=local)
    return (local // DAY_US).cast("int64")


def offsets(zone: ZoneInfo, low_us: int, high_us: int) -> Iterator[tuple[int, int]]:
    """How far the zone is ahead of UTC: until when (microseconds, not included), and by how many microseconds.

    Example:
        >>> from datetime import UTC, datetime
        >>> from mqlab.leads.instants import iso, micros
        >>> new_year, summer = (micros(datetime(2026, month, 1, tzinfo=UTC)) for month in (1, 7))
        >>> found = offsets(ZoneInfo("Europe/Berlin"), new_year, summer)
        >>> [(iso(instant(until)), us // 3_600_000_000) for until, us in found]
        [('2026-03-29T01:00:00Z', 1), ('2026-07-01T00:00:00.000001Z', 2)]
    """
    at, offset = low_us, _offset(zone, low_us)
    while at < high_us:
        later = min(at + DAY_US, high_us)
        changed = _offset(zone, later)
        if changed != offset:
            before, after = at, later
            while after - before > 1:
                middle = (before + after) // 2
                before, after = (middle, after) if _offset(zone, middle) == offset else (before, middle)
            yield after, offset
            offset = changed
        at = later
    yield high_us + 1, offset


def _offset(zone: ZoneInfo, us: int) -> int:
    ahead = instant(us).astimezone(zone).utcoffset()
    return 0 if ahead is None else ahead // _US
