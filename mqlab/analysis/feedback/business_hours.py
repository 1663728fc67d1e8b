"""How long sales had something: on the wall clock, or only while sales works, holidays left out.

A working day begins and ends on the local clock, so it is an hour shorter or longer where the clocks change within it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from mqlab.errors import InputError, nearest
from mqlab.leads.instants import instant, micros

DAY = timedelta(days=1)
FROM, TO = time(9), time(17)
"""When sales works where the lab names a country and no hours."""


@dataclass(frozen=True)
class BusinessHours:
    """Sales works from `begin` to `end` of the local clock on every day that `works` says is a working day.

    Example:
        >>> hours = BusinessHours(ZoneInfo("Europe/Berlin"), time(9), time(17), lambda day: day.weekday() < 5)
        >>> friday, monday = datetime(2026, 7, 3, 14, tzinfo=UTC), datetime(2026, 7, 6, 8, tzinfo=UTC)
        >>> hours.between(micros(friday), micros(monday)) / 3_600_000_000
        2.0
    """

    zone: ZoneInfo
    begin: time
    end: time
    works: Callable[[date], bool]
    words: str = ""

    def between(self, first_us: int, last_us: int) -> int:
        """Microseconds of work from the first instant to the last; 0 where the last is not later."""
        if last_us <= first_us:
            return 0
        worked = 0
        day = instant(first_us).astimezone(self.zone).date()
        last_day = instant(last_us).astimezone(self.zone).date()
        while day <= last_day:
            begin_us, end_us = self._span(day)
            worked += max(0, min(end_us, last_us) - max(begin_us, first_us))
            day += DAY
        return worked

    def _span(self, day: date) -> tuple[int, int]:
        """The working hours of a local day; empty where nobody works."""
        if not self.works(day):
            return 0, 0
        begin, end = (
            micros(datetime.combine(day, clock, tzinfo=self.zone).astimezone(UTC)) for clock in (self.begin, self.end)
        )
        return begin, end


def elapsed_us(hours: BusinessHours | None, first_us: int, last_us: int) -> int:
    """Microseconds from the first instant to the last, of work where `hours` are given; never negative."""
    return max(0, last_us - first_us) if hours is None else hours.between(first_us, last_us)


def business_hours(
    zone: ZoneInfo, country: str, region: str | None = None, *, begin: time | None = None, end: time | None = None
) -> BusinessHours:
    """The hours of sales in a country (ISO 3166-1) and, where holidays differ, a region of it (ISO 3166-2).

    Its weekend and its public holidays are those of the package `holidays`. InputError where it does not know them.
    """
    begin, end = begin or FROM, end or TO
    where = f"{country}-{region}" if region else country
    return BusinessHours(
        zone,
        begin,
        end,
        working_days(country, region),
        f"working hours: {begin:%H:%M} to {end:%H:%M}, without weekends and the holidays of {where}",
    )


@cache
def working_days(country: str, region: str | None = None) -> Callable[[date], bool]:
    """Whether sales works on a day: neither weekend, as it was then, nor a public holiday, or a day worked instead.

    InputError where the package does not know the country or the region.

    Example:
        >>> works = working_days("DE", "BY")
        >>> works(date(2026, 6, 3)), works(date(2026, 6, 4)), works(date(2026, 6, 6))
        (True, False, False)
    """
    import holidays

    regions = holidays.list_supported_countries(include_aliases=False)
    if country not in regions:
        hint = nearest(country, regions) or "Write an ISO 3166-1 code, such as DE or US."
        raise InputError(f"the holidays of '{country}' are not known.", code="UnknownCountry", hint=hint)
    if region is not None and region not in regions[country]:
        known = ", ".join(regions[country]) or "none"
        raise InputError(
            f"'{region}' is no region of {country} whose holidays are known.",
            code="UnknownRegion",
            hint=nearest(region, regions[country]) or f"Regions of {country}: {known}.",
        )
    calendar = holidays.country_holidays(country, subdiv=region)
    return cache(calendar.is_working_day)
