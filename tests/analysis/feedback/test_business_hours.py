"""Working hours: holidays, weekends, changes of the clock, and a count of minutes one by one as the oracle."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.analysis.feedback.business_hours import BusinessHours, business_hours, elapsed_us, working_days
from mqlab.errors import InputError
from mqlab.leads.instants import micros

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
EVERY_DAY = BusinessHours(BERLIN, time(1), time(5), lambda _day: True)
"""Hours in which the clocks of Berlin change, on every day."""


def local(text: str, zone: ZoneInfo = BERLIN) -> int:
    """A local time as microseconds."""
    return micros(datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC))


def minute_by_minute(hours: BusinessHours, first_us: int, last_us: int) -> int:
    """The same sum the slow way: every minute that begins on a working day within the hours of the local clock."""
    worked = 0
    for at_us in range(first_us, last_us, MINUTE_US):
        clock = datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone(hours.zone)
        worked += MINUTE_US * (hours.works(clock.date()) and hours.begin <= clock.time() < hours.end)
    return worked


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        pytest.param("2026-07-06 10:00", "2026-07-06 11:30", 1.5, id="within a day"),
        pytest.param("2026-07-06 07:00", "2026-07-06 20:00", 8, id="a whole day"),
        pytest.param("2026-07-03 16:00", "2026-07-06 10:00", 2, id="over a weekend"),
        pytest.param("2026-07-04 10:00", "2026-07-05 10:00", 0, id="on a weekend"),
        pytest.param("2026-04-02 16:00", "2026-04-07 10:00", 2, id="over Easter: Good Friday to Easter Monday"),
        pytest.param("2026-12-24 15:00", "2026-12-28 09:30", 2.5, id="over Christmas; the 24th is no public holiday"),
        pytest.param("2026-07-06 18:00", "2026-07-07 08:00", 0, id="at night"),
        pytest.param("2026-07-06 12:00", "2026-07-06 11:00", 0, id="backwards"),
    ],
)
def test_hours_worked_in_germany(first: str, last: str, expected: float) -> None:
    """From 9 to 5 on working days; the holidays are those of the German calendar of 2026."""
    hours = business_hours(BERLIN, "DE")

    assert hours.between(local(first), local(last)) == expected * HOUR_US


def test_regions_have_holidays_of_their_own() -> None:
    """Corpus Christi, 4 June 2026, is a holiday in Bavaria and not in Berlin."""
    first, last = local("2026-06-03 16:00"), local("2026-06-05 10:00")

    assert business_hours(BERLIN, "DE", "BY").between(first, last) == 2 * HOUR_US
    assert business_hours(BERLIN, "DE", "BE").between(first, last) == 10 * HOUR_US


def test_countries_have_weekends_of_their_own() -> None:
    """In Israel Friday and Saturday are the weekend, and a Sunday that is no holiday is worked."""
    works = working_days("IL")

    assert [works(date(2026, 7, day)) for day in (10, 11, 12)] == [False, False, True]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2026-03-28", 4, id="usual"),
        pytest.param("2026-03-29", 3, id="spring: 2 to 3 does not exist"),
        pytest.param("2026-10-25", 5, id="autumn: 2 to 3 comes twice"),
    ],
)
def test_a_day_on_which_the_clocks_change(day: str, expected: int) -> None:
    """From 1 to 5 on the local clock is an hour less in spring and an hour more in autumn."""
    assert EVERY_DAY.between(local(f"{day} 00:00"), local(f"{day} 23:00")) == expected * HOUR_US


@given(
    start=st.integers(local("2026-03-01 00:00") // MINUTE_US, local("2026-11-20 00:00") // MINUTE_US),
    minutes=st.integers(0, 5 * 1440),
    begin=st.integers(0, 22),
    length=st.integers(1, 23),
    place=st.sampled_from([("DE", BERLIN), ("US", NEW_YORK), ("AU", ZoneInfo("Australia/Lord_Howe"))]),
)
@settings(max_examples=60, deadline=None)
def test_as_a_count_of_minutes(start: int, minutes: int, begin: int, length: int, place: tuple[str, ZoneInfo]) -> None:
    """Any span of up to five days is what counting its minutes one by one gives, where clocks change too."""
    country, zone = place
    hours = business_hours(zone, country, begin=time(begin), end=time(min(23, begin + length)))
    first = start * MINUTE_US
    last = first + minutes * MINUTE_US

    expected = 0 if hours.begin >= hours.end else minute_by_minute(hours, first, last)

    assert expected == hours.between(first, last)


@given(
    first=st.integers(local("2026-01-01 00:00"), local("2026-12-01 00:00")),
    one=st.integers(0, 20 * 24 * HOUR_US),
    other=st.integers(0, 20 * 24 * HOUR_US),
)
@settings(max_examples=80, deadline=None)
def test_parts_add_up_and_never_exceed_the_wall_clock(first: int, one: int, other: int) -> None:
    """Two spans that follow each other sum to the whole, and no span has more work than time."""
    for hours in (business_hours(BERLIN, "DE"), EVERY_DAY, None):
        whole = elapsed_us(hours, first, first + one + other)

        assert whole == elapsed_us(hours, first, first + one) + elapsed_us(hours, first + one, first + one + other)
        assert 0 <= whole <= one + other


@pytest.mark.parametrize(
    ("country", "region", "code"),
    [
        pytest.param("XX", None, "UnknownCountry", id="country"),
        pytest.param("de", None, "UnknownCountry", id="small letters"),
        pytest.param("DE", "ZZ", "UnknownRegion", id="region"),
    ],
)
def test_what_is_not_known_is_an_error(country: str, region: str | None, code: str) -> None:
    """A country or region without a calendar is told, with what there is."""
    with pytest.raises(InputError) as raised:
        business_hours(BERLIN, country, region)

    assert raised.value.problem.code == code
    assert raised.value.problem.hint


def test_a_long_wait_is_counted_in_full() -> None:
    """A year of German working days, 254 of them in 2026 by the calendar: 365 less 104 weekend days less 7 holidays.

    New Year (Thu), Good Friday, Easter Monday, 1 May (Fri), Ascension (Thu), Whit Monday, 25 December (Fri); 3 October
    and 26 December fall on Saturdays.
    """
    hours = business_hours(BERLIN, "DE")
    first, last = local("2026-01-01 00:00"), local("2027-01-01 00:00")

    assert hours.between(first, last) == 254 * 8 * HOUR_US
    assert timedelta(microseconds=last - first) == timedelta(days=365)
