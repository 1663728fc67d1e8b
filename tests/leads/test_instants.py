"""Instants and days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.leads.instants import end_of_day, instant, micros, start_of_day


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_the_round_trip(at: datetime):
    """Microseconds since 1970 hold every instant exactly, before 1970 too."""
    assert at == instant(micros(at))


def test_the_offset_does_not_matter():
    """The same instant in two zones is one number."""
    berlin = datetime(2026, 7, 1, 10, tzinfo=timezone(timedelta(hours=2)))

    assert micros(berlin) == micros(datetime(2026, 7, 1, 8, tzinfo=UTC))


def test_a_naive_instant_is_refused():
    """An instant without a zone is an error, never a guess."""
    with pytest.raises(ValueError, match="no time zone"):
        micros(datetime(2026, 7, 1))  # noqa: DTZ001


def test_a_day_of_clock_change_is_as_long_as_it_is():
    """The day that summer time ends lasts 25 hours."""
    zone = ZoneInfo("Europe/Berlin")
    day = date(2026, 10, 25)

    length = end_of_day(day, zone) - start_of_day(day, zone)

    assert timedelta(hours=25) - timedelta(microseconds=1) == length
