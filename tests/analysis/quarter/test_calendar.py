"""Which days a fiscal quarter has."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.analysis.quarter.calendar import Quarter, quarter, quarter_of
from mqlab.errors import InputError

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "starts", "first", "last"),
    [
        pytest.param("2026Q3", 1, date(2026, 7, 1), date(2026, 9, 30), id="calendar year"),
        pytest.param("2026q4", 1, date(2026, 10, 1), date(2026, 12, 31), id="small letter"),
        pytest.param("2026-Q1", 1, date(2026, 1, 1), date(2026, 3, 31), id="hyphen"),
        pytest.param("2026Q1", 2, date(2025, 2, 1), date(2025, 4, 30), id="from February"),
        pytest.param("2026Q4", 2, date(2025, 11, 1), date(2026, 1, 31), id="from February, over New Year"),
        pytest.param("2026Q1", 10, date(2025, 10, 1), date(2025, 12, 31), id="the US government's"),
        pytest.param("2026Q2", 12, date(2026, 3, 1), date(2026, 5, 31), id="from December"),
        pytest.param("2028Q2", 11, date(2028, 2, 1), date(2028, 4, 30), id="with a leap day"),
    ],
)
def test_the_days_of_a_quarter(text: str, starts: int, first: date, last: date):
    """A fiscal year is named by the calendar year in which it ends."""
    found = quarter(text, starts)

    assert (found.first, found.last) == (first, last)


@given(st.integers(1950, 2150), st.integers(1, 4), st.integers(1, 12))
def test_quarters_follow_each_other_without_a_gap(year: int, number: int, starts: int):
    """A quarter begins where the one before it ended, four make a year that ends in its own, and names come back."""
    found = Quarter(year, number, starts)

    assert found.before.window(BERLIN).end == found.window(BERLIN).begin
    assert found.following.before == found
    assert found.before.last + timedelta(days=1) == found.first
    assert Quarter(year, 4, starts).last.year == year
    assert quarter(found.name, starts) == found
    assert quarter_of(found.window(BERLIN).begin, BERLIN, starts) == found
    assert quarter_of(found.window(BERLIN).end - timedelta(microseconds=1), BERLIN, starts) == found


def test_the_borders_are_midnight_on_the_lab_s_clock():
    """In Berlin the third quarter begins and ends at 22:00 UTC of the day before, for summer time ends later."""
    window = quarter("2026Q3").window(BERLIN)

    assert (window.begin.isoformat(), window.end.isoformat()) == (
        "2026-06-30T22:00:00+00:00",
        "2026-09-30T22:00:00+00:00",
    )


@pytest.mark.parametrize(
    "text", ["2026", "2026Q5", "2026Q0", "Q3", "2026-07", "26Q3", "2026Q33", "1900Q1", "", "²026Q3"]
)
def test_what_is_no_quarter(text: str):
    """The message shows how one is written."""
    with pytest.raises(InputError, match="is no quarter") as error:
        quarter(text)

    assert error.value.problem.hint == "Write the year and one of Q1 to Q4, as in 2026Q3."
