"""The window of time that a feedback report is about: a month of the lab's calendar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mqlab.errors import InputError
from mqlab.leads.instants import micros, start_of_day

MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
FIRST_YEAR, LAST_YEAR = 1900, 2199


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` up to `end`, which is excluded; `name` is the month, such as 2026-07."""

    name: str
    begin: datetime
    end: datetime

    @property
    def begin_us(self) -> int:
        """The first instant, in microseconds since 1970 UTC."""
        return micros(self.begin)

    @property
    def end_us(self) -> int:
        """The first instant after it."""
        return micros(self.end)


def month(text: str, zone: ZoneInfo) -> Window:
    """A month of the local calendar, as typed; InputError where the text is none.

    Example:
        >>> found = month("2026-03", ZoneInfo("Europe/Berlin"))
        >>> found.begin.isoformat(), found.end.isoformat()
        ('2026-02-28T23:00:00+00:00', '2026-03-31T22:00:00+00:00')
    """
    year, number = (int(part) for part in text.split("-")) if MONTH.fullmatch(text) else (0, 0)
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= number <= 12):
        raise InputError(f"'{text}' is no month.", code="NoMonth", hint="Write the year and the month, as in 2026-07.")
    following = date(year + number // 12, number % 12 + 1, 1)
    return Window(text, start_of_day(date(year, number, 1), zone), start_of_day(following, zone))


def after(window: Window, zone: ZoneInfo) -> Window:
    """The month that begins where a window ends.

    Example:
        >>> berlin = ZoneInfo("Europe/Berlin")
        >>> after(month("2026-12", berlin), berlin).name
        '2027-01'
    """
    return month(f"{window.end.astimezone(zone):%Y-%m}", zone)
