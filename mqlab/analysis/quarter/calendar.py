"""The lab's fiscal calendar: which days a quarter such as 2026Q3 has.

A fiscal year is named by the calendar year in which it *ends*: where it starts in February, 2026Q1 is February to April
2025. Where it starts in January, fiscal and calendar quarters are the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mqlab.analysis.feedback.window import FIRST_YEAR, LAST_YEAR, Window
from mqlab.errors import InputError
from mqlab.leads.instants import start_of_day

QUARTER = re.compile(r"([0-9]{4})-?[Qq]([0-9]+)")


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of the fiscal calendar of a lab whose year starts in the month `starts` (1 to 12)."""

    year: int
    number: int
    starts: int

    @property
    def name(self) -> str:
        """As it is typed, such as 2026Q3."""
        return f"{self.year}Q{self.number}"

    @property
    def first(self) -> date:
        """The first local day."""
        begun = self.year if self.starts == 1 else self.year - 1
        months = self.starts - 1 + 3 * (self.number - 1)
        return date(begun + months // 12, months % 12 + 1, 1)

    @property
    def last(self) -> date:
        """The last local day."""
        return self.following.first - timedelta(days=1)

    @property
    def following(self) -> Quarter:
        """The quarter after this one."""
        year, number = (self.year + 1, 1) if self.number == 4 else (self.year, self.number + 1)
        return Quarter(year, number, self.starts)

    @property
    def before(self) -> Quarter:
        """The quarter before this one."""
        year, number = (self.year - 1, 4) if self.number == 1 else (self.year, self.number - 1)
        return Quarter(year, number, self.starts)

    def window(self, zone: ZoneInfo) -> Window:
        """Its instants on the lab's clock."""
        return Window(self.name, start_of_day(self.first, zone), start_of_day(self.following.first, zone))


def quarter(text: str, starts: int = 1) -> Quarter:
    """A quarter as typed; InputError where the text is none.

    Example:
        >>> found = quarter("2026Q1", starts=2)
        >>> found.first.isoformat(), found.last.isoformat()
        ('2025-02-01', '2025-04-30')
    """
    match = QUARTER.fullmatch(text.strip())
    year, number = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (FIRST_YEAR < year < LAST_YEAR and 1 <= number <= 4):
        raise InputError(
            f"'{text}' is no quarter.",
            code="NoQuarter",
            hint="Write the year and one of Q1 to Q4, as in 2026Q3.",
        )
    return Quarter(year, number, starts)


def quarter_of(at: datetime, zone: ZoneInfo, starts: int = 1) -> Quarter:
    """The quarter in which an instant lies.

    Example:
        >>> from datetime import UTC
        >>> quarter_of(datetime(2026, 8, 1, tzinfo=UTC), ZoneInfo("Europe/Berlin"), starts=7).name
        '2027Q1'
    """
    day = at.astimezone(zone).date()
    months = (day.month - starts) % 12
    year = day.year + (1 if starts > 1 and day.month >= starts else 0)
    return Quarter(year, months // 3 + 1, starts)
