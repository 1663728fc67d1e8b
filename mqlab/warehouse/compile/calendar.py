"""Local calendar days in integers: no engine's time zones are asked, so none can disagree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import ibis
from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US, instant, micros

SECOND_US = 1_000_000
EARLIEST_DAY = 4_000_000
"""Days before 1970 from which days are counted, and only whole ones are divided: engines agree about remainders of
positive numbers and about exact divisions, and some divide with a rounded result."""


def local_day(at_us: ir.Value, zone: str, first_us: int, last_us: int) -> ir.Value:
    """The number of the local day of instants that lie in [`first_us`, `last_us`]; days count from 1970-01-01.

    The offsets of the zone between the two are written into the expression: about two a year.
    """
    offsets = transitions(zone, first_us, last_us)
    offset: ir.Value = ibis.literal(offsets[-1][1]).cast("int64")
    if len(offsets) > 1:
        # each offset holds until the next one begins
        until = [(at_us < begins, before) for (_, before), (begins, _) in pairwise(offsets)]
        offset = ibis.cases(*until, else_=offsets[-1][1]).cast("int64")
    local = at_us + offset + EARLIEST_DAY * DAY_US
    return ((local - local % DAY_US) // DAY_US - EARLIEST_DAY).cast("int64")


@lru_cache(maxsize=256)
def transitions(zone: str, first_us: int, last_us: int) -> tuple[tuple[int, int], ...]:
    """The offsets of a zone over a span: (from when, offset), microseconds, the first as of `first_us`.

    Example:
        >>> year = (micros(datetime(2026, 1, 1, tzinfo=UTC)), micros(datetime(2026, 12, 31, tzinfo=UTC)))
        >>> berlin = transitions("Europe/Berlin", *year)
        >>> [(f"{instant(begins):%m-%d %H}", offset // 3_600_000_000) for begins, offset in berlin]
        [('01-01 00', 1), ('03-29 01', 2), ('10-25 01', 1)]
    """
    where = ZoneInfo(zone)
    low, high = (micros(datetime(year, 1, 2, tzinfo=UTC)) for year in (1, 9998))
    first_us, last_us = (min(max(at, low), high) for at in (first_us, last_us))
    found = [(first_us, _offset(where, first_us))]
    at = first_us
    while at < last_us:
        after = min(at + DAY_US, last_us)
        if _offset(where, after) != found[-1][1]:
            begins = _change(where, at, after)
            found.append((begins, _offset(where, begins)))
            after = begins
        at = after
    return tuple(found)


def _change(where: ZoneInfo, before_us: int, after_us: int) -> int:
    """The first whole second after `before_us` whose offset is not that of `before_us`."""
    old = _offset(where, before_us)
    low, high = before_us // SECOND_US, -(-after_us // SECOND_US)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(where, middle * SECOND_US) == old:
            low = middle
        else:
            high = middle
    return high * SECOND_US


def _offset(where: ZoneInfo, at_us: int) -> int:
    offset = instant(at_us).astimezone(where).utcoffset() or timedelta(0)
    return int(offset / timedelta(microseconds=1))
