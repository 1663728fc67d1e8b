"""How far a table was read: the highest value of a column, kept in the ledger beside the rows it was seen with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from mqlab.errors import InputError
from mqlab.leads.instants import DAY_US

Sort = Literal["instant", "local", "day", "number", "text"]
"""What a cursor holds: instants with a zone, without one, days, whole numbers, or ISO text."""

Value = datetime | date | int | str

PREFIX = "cursor "
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Mark:
    """The highest value that was seen; text counts by its day."""

    sort: Sort
    value: Value

    def back(self, lookback_us: int = 0, steps: int = 0) -> Value:
        """The value from which rows are asked again: a length of time before it, or `steps` below a whole number.

        Example:
            >>> Mark("text", "2026-07-10").back(3 * DAY_US), Mark("number", 5000).back(steps=100)
            ('2026-07-07', 4900)
        """
        if isinstance(self.value, int):
            return self.value - steps
        if isinstance(self.value, datetime):
            return self.value - timedelta(microseconds=lookback_us)
        days = timedelta(days=-(-lookback_us // DAY_US))
        if isinstance(self.value, str):
            return (date.fromisoformat(self.value) - days).isoformat()
        return self.value - days


class Cursor:
    """Follows one column through an import.

    `of` names what is read (a digest: source, table or query, kind, mapping, column); `before` is the mark that an
    earlier import left; instants later than `now` are not believed, lest rows before them are never asked for.
    What goes back from the cursor is `lookback_us` where it holds times, `steps` where it holds whole numbers.
    """

    def __init__(
        self, column: str, *, of: str, before: Mark | None, now: datetime, lookback_us: int = 0, steps: int = 0
    ) -> None:
        self.column = column
        self.before = before
        self._of = of
        self._now = now
        self._mark = before
        self._lookback_us, self._steps = lookback_us, steps

    @property
    def start(self) -> Value | None:
        """The value from which rows are asked, None for all of them."""
        if self.before is None:
            return None
        self._fits(self.before.sort)
        return self.before.back(self._lookback_us, self._steps)

    def see(self, values: Sequence[Any]) -> None:
        """Takes note of a column of rows; InputError for values that have no order in every database.

        InputError too where the way to go back does not fit them: at the first import, not only when it is needed.
        """
        found = [mark for value in values if (mark := self._marked(value)) is not None]
        if not found:
            return
        sorts = {mark.sort for mark in found}
        if self._mark is not None:
            sorts.add(self._mark.sort)
            found.append(self._mark)
        if len(sorts) > 1:
            raise _unordered(self.column, f"it holds values of different kinds: {', '.join(sorted(sorts))}")
        self._mark = max(found, key=lambda mark: mark.value)
        self._fits(self._mark.sort)

    def _fits(self, sort: Sort) -> None:
        """InputError where what goes back is not counted as the cursor is."""
        if sort == "number" and self._lookback_us:
            what, hint = "whole numbers", "Say how many of them to go back, such as --lookback 1000."
        elif sort != "number" and self._steps:
            what, hint = "times", "Say how long to go back, such as --lookback 3d."
        else:
            return
        message = f"the cursor '{self.column}' holds {what}, and --lookback says something else."
        raise InputError(message, code="BadLookback", hint=hint)

    def remembered(self) -> tuple[str, ...]:
        """The mark as the register of imports keeps it; nothing before the first value."""
        if self._mark is None:
            return ()
        value = self._mark.value
        text = value if isinstance(value, int | str) else value.isoformat()
        kept = {"column": self.column, "of": self._of, "sort": self._mark.sort, "value": text}
        return (PREFIX + json.dumps(kept, sort_keys=True),)

    def _marked(self, value: Any) -> Mark | None:
        if value is None or value == "":
            return None
        if isinstance(value, datetime):
            if value.tzinfo is None:
                return Mark("local", min(value, self._now.astimezone(UTC).replace(tzinfo=None)))
            return Mark("instant", min(value, self._now).astimezone(UTC))
        today = self._now.astimezone(UTC).date()
        if isinstance(value, date):
            return Mark("day", min(value, today))
        if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return Mark("number", value)
        if isinstance(value, str) and _ISO_DAY.match(value):
            try:
                return Mark("text", min(date.fromisoformat(value[:10]), today).isoformat())
            except ValueError:
                pass  # such as 30 February: told like any other text that is no date
        raise _unordered(self.column, f"it holds '{str(value)[:40]}'")


def mark_of(notes: Iterable[str], *, of: str) -> Mark | None:
    """The mark that the newest of the earlier imports left; `notes` are those of the imports, newest first."""
    for note in notes:
        if note.startswith(PREFIX):
            kept = json.loads(note.removeprefix(PREFIX))
            if kept["of"] == of:
                return Mark(kept["sort"], _read(kept["sort"], kept["value"]))
    return None


def _read(sort: Sort, value: Any) -> Value:
    if sort in {"instant", "local"}:
        return datetime.fromisoformat(value)
    found: Value = date.fromisoformat(value) if sort == "day" else value
    return found


def _unordered(column: str, why: str) -> InputError:
    return InputError(
        f"the column '{column}' cannot be a cursor: {why}.",
        code="BadCursor",
        hint="A cursor holds instants, dates, whole numbers, or text that begins with a date such as 2026-07-01.",
    )
