"""Times as files write them, read as instants: ISO 8601, or the formats the mapping states; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.crm.quarantine import Finding, Reason
from mqlab.leads.instants import EARLIEST_US, LATEST_US, end_of_day, instant, iso, micros, start_of_day
from mqlab.leads.text import is_null, normalise

EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
"""Formats that count since 1970, with the microseconds of their unit."""

MILLISECONDS_SINCE_US = micros(datetime(1990, 1, 1, tzinfo=UTC))
"""No system of sales wrote milliseconds before: a smaller number counts in another unit."""

_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ](\d{2}(?::?\d{2}(?::?\d{2}(?:[.,]\d{1,9})?)?)?) ?(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_KEPT = 200_000

Read = tuple[int | None, bool] | Finding
"""Microseconds (None: no value) and whether only a day was written, or why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Instants:
    """A column read: microseconds or None per row, which rows name a day only, and what is wrong with rows."""

    us: list[int | None]
    days: frozenset[int] = frozenset()
    findings: dict[int, Finding] = field(default_factory=dict)


class Clock:
    """Reads times. `zone` is the zone of times written without one (None: they are refused), `day_zone` of days."""

    def __init__(
        self, *, zone: ZoneInfo | None, day_zone: ZoneInfo, formats: Sequence[str], null_tokens: Collection[str]
    ) -> None:
        self._zone = zone
        self._day_zone = day_zone
        self._formats = tuple(formats)
        self._null_tokens = null_tokens
        self._seen: dict[tuple[Any, bool, tuple[str, ...], bool], Read] = {}

    def read(
        self,
        values: Sequence[Any],
        *,
        column: str,
        end_of_day: bool = False,
        formats: Sequence[str] = (),
        only_day: bool = False,
    ) -> Instants:
        """A column as instants; a day is its start, or with `end_of_day` its last microsecond.

        `only_day`: whatever time stands beside a date means nothing.
        """
        stated = tuple(formats) or self._formats
        if not only_day:
            fast = _iso_with_zone(values)
            if fast is not None:
                return Instants(fast)
        if len(self._seen) > _KEPT:
            self._seen.clear()
        us: list[int | None] = []
        days: list[int] = []
        findings: dict[int, Finding] = {}
        for row, value in enumerate(values):
            key = (value, end_of_day, stated, only_day)
            found = self._seen.get(key)
            if found is None:
                found = self._seen[key] = self._one(value, end_of_day, stated, only_day)
            if isinstance(found, Finding):
                findings[row] = Finding(found.reason, f"{column}: {found.detail}")
                us.append(None)
            else:
                us.append(found[0])
                if found[1]:
                    days.append(row)
        return Instants(us, frozenset(days), findings)

    def _one(self, value: Any, end: bool, formats: tuple[str, ...], only_day: bool) -> Read:
        if value is None:
            return None, False
        if isinstance(value, datetime) and only_day:
            return self._day(value.date(), end)
        if isinstance(value, datetime):
            return self._instant(value, str(value))
        if isinstance(value, date):
            return self._day(value, end)
        if isinstance(value, bool):
            return Finding(Reason.NOT_A_DATE, str(value))
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
        if is_null(normalise(text), self._null_tokens):
            return None, False
        iso = _ISO.fullmatch(text)
        if iso:
            return self._iso(text, iso, end, only_day)
        if not formats:
            return Finding(Reason.UNSTATED_FORMAT, f"'{text}'")
        found = {read for one in formats if (read := self._by_format(text, one, end, only_day)) is not None}
        if len(found) == 1:
            return found.pop()
        if found:
            return Finding(Reason.AMBIGUOUS_DATE, f"'{text}' fits {' and '.join(formats)}")
        return Finding(Reason.NOT_A_DATE, f"'{text}' is neither ISO nor {' nor '.join(formats)}")

    def _iso(self, text: str, iso: re.Match[str], end: bool, only_day: bool) -> Read:
        day, time, zone = iso.groups()
        try:
            if time is None or only_day:
                return self._day(date.fromisoformat(day), end)
            zone = "Z" if zone in {"Z", "z", "UTC", "GMT"} else zone or ""
            return self._instant(datetime.fromisoformat(f"{day}T{time.replace(',', '.')}{zone}"), text)
        except ValueError:
            return Finding(Reason.NOT_A_DATE, f"'{text}'")

    def _by_format(self, text: str, one: str, end: bool, only_day: bool) -> Read | None:
        if one in EPOCHS:
            if not re.fullmatch(r"-?\d{1,17}(\.0+)?", text):
                return None
            read = _counted(int(text.split(".", maxsplit=1)[0]), one, text)
            if not only_day or isinstance(read, Finding):
                return read
            return self._day((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=read[0] or 0)).date(), end)
        try:
            found = datetime.strptime(text, one)  # noqa: DTZ007
        except ValueError:
            return None
        if only_day or not any(part in one for part in ("%H", "%I", "%c", "%X")):
            return self._day(found.date(), end)
        return self._instant(found, text)

    def _day(self, day: date, end: bool) -> Read:
        if not 1900 <= day.year < 2200:
            return Finding(Reason.INSTANT_OUT_OF_RANGE, f"'{day}'")
        return micros(end_of_day(day, self._day_zone) if end else start_of_day(day, self._day_zone)), True

    def _instant(self, found: datetime, text: str) -> Read:
        if not 1900 <= found.year < 2200:
            return Finding(Reason.INSTANT_OUT_OF_RANGE, f"'{text}'")
        if found.tzinfo is None:
            if self._zone is None:
                return Finding(Reason.NO_TIMEZONE, f"'{text}'")
            found = found.replace(tzinfo=self._zone)
        return _in_range(micros(found), text)


def _counted(number: int, unit: str, text: str) -> Read:
    """An instant that counts since 1970; a number of seconds where milliseconds are stated is refused."""
    us = number * EPOCHS[unit]
    if unit == "epoch_ms" and us < MILLISECONDS_SINCE_US:
        seconds = _in_range(number * EPOCHS["epoch_s"], text)
        said = (
            f"'{text}' counts milliseconds, and would be {iso(instant(us))[:10]}" if us >= EARLIEST_US else f"'{text}'"
        )
        if not isinstance(seconds, Finding) and (seconds[0] or 0) >= MILLISECONDS_SINCE_US:
            said += f"; in seconds (epoch_s) it is {iso(instant(seconds[0] or 0))[:10]}"
        return Finding(Reason.INSTANT_OUT_OF_RANGE, said)
    return _in_range(us, text)


def _in_range(us: int, text: str) -> Read:
    if not EARLIEST_US <= us < LATEST_US:
        return Finding(Reason.INSTANT_OUT_OF_RANGE, f"'{text}'")
    return us, False


def _iso_with_zone(values: Sequence[Any]) -> list[int | None] | None:
    """The whole column at once where every value is an ISO instant with its zone, or empty; else None."""
    try:
        texts = pa.array([value or None for value in values], pa.string())
        stamps = pc.cast(texts, pa.timestamp("us", tz="UTC"))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return None
    if stamps.null_count == len(stamps):
        return [None] * len(stamps)
    low, high = pc.min_max(stamps.cast(pa.int64())).values()
    if low.as_py() < EARLIEST_US or high.as_py() >= LATEST_US:
        return None
    us: list[int | None] = stamps.cast(pa.int64()).to_pylist()
    return us
