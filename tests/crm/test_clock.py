"""Times as files write them: the quick way and the careful way agree, days begin and end in their zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.crm.clock import Clock
from mqlab.leads.instants import iso, micros

PATIENT = settings(deadline=None)
BERLIN = ZoneInfo("Europe/Berlin")
INSTANTS = st.integers(-2_000_000_000, 7_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def clock(zone: ZoneInfo | None = None, *formats: str) -> Clock:
    """A clock in Berlin, where times without a zone are in `zone`."""
    return Clock(zone=zone, day_zone=BERLIN, formats=formats, null_tokens=frozenset({"", "n/a"}))


@PATIENT
@given(instants=st.lists(INSTANTS, min_size=1), hours=st.integers(-12, 14))
def test_a_whole_column_and_its_values_one_by_one_read_the_same(instants: list[datetime], hours: int):
    """A column of instants with zones is read at once; with one cell that is no instant, value by value: the same."""
    zone = timezone(timedelta(hours=hours))
    texts = tuple(iso(at) if number % 2 else at.astimezone(zone).isoformat(" ") for number, at in enumerate(instants))

    at_once = clock().read(texts, column="at")
    one_by_one = clock().read((*texts, "n/a"), column="at")

    assert at_once.us == [micros(at) for at in instants]
    assert one_by_one.us == [*at_once.us, None] and not one_by_one.findings


@PATIENT
@given(
    at=st.integers(600_000_000, 2_200_000_000).map(
        lambda second: datetime.fromtimestamp(second, UTC).replace(tzinfo=None)
    )
)
def test_a_time_without_a_zone_is_read_in_the_stated_one(at: datetime):
    """Through every change of daylight saving: what the zone's clock showed first."""
    read = clock(BERLIN).read((at.isoformat(),), column="at")

    assert read.us == [micros(at.replace(tzinfo=BERLIN))]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(date(2026, 3, 29), 23, id="the clock goes forward"),
        pytest.param(date(2026, 10, 25), 25, id="the clock goes back"),
        pytest.param(date(2026, 7, 1), 24, id="an ordinary day"),
    ],
)
def test_a_day_begins_and_ends_in_its_zone(day: date, hours: int):
    """From the first instant of a day to its last microsecond, however long the day."""
    start = clock().read((day.isoformat(),), column="at")
    end = clock().read((day.isoformat(),), column="at", end_of_day=True)

    assert (end.us[0] or 0) - (start.us[0] or 0) == hours * 3_600_000_000 - 1
    assert (start.days, end.days) == ({0}, {0})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("2026-07-01T10:00Z", datetime(2026, 7, 1, 10, tzinfo=UTC), id="without seconds"),
        pytest.param("2026-07-01 10:00:00 UTC", datetime(2026, 7, 1, 10, tzinfo=UTC), id="UTC as a word"),
        pytest.param(
            "2026-07-01T10:00:00,5+0200", datetime(2026, 7, 1, 8, 0, 0, 500_000, tzinfo=UTC), id="comma, short offset"
        ),
        pytest.param(
            "2026-07-01T10:00:00.123456789Z", datetime(2026, 7, 1, 10, 0, 0, 123_456, tzinfo=UTC), id="nanoseconds"
        ),
        pytest.param("  2026-07-01T10:00:00Z ", datetime(2026, 7, 1, 10, tzinfo=UTC), id="spaces around"),
        pytest.param(datetime(2026, 7, 1, 10, tzinfo=UTC), datetime(2026, 7, 1, 10, tzinfo=UTC), id="an instant"),
        pytest.param(date(2026, 7, 1), datetime(2026, 6, 30, 22, tzinfo=UTC), id="a date"),
    ],
)
def test_ways_to_write_an_instant(value: Any, expected: datetime):
    """What ISO 8601 allows in exports is read, and typed values are what they are."""
    assert clock().read([value], column="at").us == [micros(expected)]


@pytest.mark.parametrize(
    "text",
    [
        "20260701",
        "2026-W27",
        "1.7.2026",
        "2026-07-01T25:00:00Z",
        "2026-13-01",
        "2026-07-01T10:00:00+99:00",
        "gestern",
        "1782864000",
    ],
)
def test_what_is_no_iso_date_is_not_read(text: str):
    """Nothing is guessed: such a value is a finding with its column and itself."""
    read = clock().read((text,), column="won")

    assert (read.us, text in read.findings[0].detail, "won" in read.findings[0].detail) == ([None], True, True)


def test_seconds_are_no_milliseconds():
    """A number too small to count milliseconds is set aside with what it would be in seconds; so is nothing at all."""
    read = clock(None, "epoch_ms").read(("1771545600000", "1771545600", "5"), column="occurredAt")

    assert read.us == [1_771_545_600_000_000, None, None]
    assert [found.detail for found in read.findings.values()] == [
        "occurredAt: '1771545600' counts milliseconds, and would be 1970-01-21; in seconds (epoch_s) it is 2026-02-20",
        "occurredAt: '5' counts milliseconds, and would be 1970-01-01",
    ]
