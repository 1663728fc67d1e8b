"""How far a table was read: which values have an order, what is kept, and from where rows are asked again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from mqlab.crm.cursor import Cursor, Mark, mark_of
from mqlab.errors import InputError
from mqlab.leads.instants import DAY_US

NOW = datetime(2026, 12, 1, tzinfo=UTC)
EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("values", "mark", "back"),
    [
        pytest.param(
            [datetime(2026, 7, 1, 10, tzinfo=EAST), None, datetime(2026, 7, 1, 9, tzinfo=UTC)],
            Mark("instant", datetime(2026, 7, 1, 9, tzinfo=UTC)),
            datetime(2026, 6, 29, 21, tzinfo=UTC),
            id="instants",
        ),
        pytest.param(
            [datetime.fromisoformat("2026-07-01T09:00"), datetime.fromisoformat("2026-06-01")],
            Mark("local", datetime.fromisoformat("2026-07-01T09:00")),
            datetime.fromisoformat("2026-06-29T21:00"),
            id="no zone",
        ),
        pytest.param([date(2026, 7, 1)], Mark("day", date(2026, 7, 1)), date(2026, 6, 29), id="days, rounded up"),
        pytest.param(["2026-07-01 09:00", ""], Mark("text", "2026-07-01"), "2026-06-29", id="text"),
        pytest.param(
            [datetime(9999, 12, 31, tzinfo=UTC)], Mark("instant", NOW), NOW - timedelta(hours=36), id="the end of time"
        ),
    ],
)
def test_the_highest_value_is_remembered_and_gone_back_from(values: list[Any], mark: Mark, back: object):
    """What is kept is read again as it was; 36 hours before it are whole days where the hour is not known."""
    cursor = Cursor("at", of="x", before=None, now=NOW)
    cursor.see(values)

    assert mark_of(["a note", *cursor.remembered()], of="x") == mark
    assert mark.back(DAY_US * 3 // 2) == back


def test_numbers_go_up_and_are_gone_back_from_by_numbers():
    """A number is asked for again, itself, or what lies so many below it."""
    cursor = Cursor("id", of="x", before=Mark("number", 7), now=NOW, steps=5)
    cursor.see([3, Decimal("5")])

    assert mark_of(cursor.remembered(), of="x") == Mark("number", 7)
    assert (cursor.start, Cursor("id", of="x", before=Mark("number", 7), now=NOW).start) == (2, 7)
    assert Cursor("id", of="x", before=None, now=NOW, steps=5).start is None


@pytest.mark.parametrize(
    ("lookback", "value", "said"),
    [
        ({"lookback_us": DAY_US}, 7, "holds whole numbers.*--lookback 1000"),
        ({"steps": 5}, date(2026, 7, 1), "holds times.*--lookback 3d"),
    ],
    ids=["days before a number", "numbers before a day"],
)
def test_a_lookback_is_counted_as_its_cursor_is(lookback: dict[str, int], value: Any, said: str):
    """It is told at the first import, when nothing is gone back from yet, and at any later one."""
    with pytest.raises(InputError, match=said):
        Cursor("at", of="x", before=None, now=NOW, **lookback).see([value])
    seen = Cursor("at", of="x", before=None, now=NOW)
    seen.see([value])
    with pytest.raises(InputError, match=said):
        _ = Cursor("at", of="x", before=mark_of(seen.remembered(), of="x"), now=NOW, **lookback).start


@pytest.mark.parametrize("value", ["abc", "2026-02-30", True, 1.5, Decimal("0.5"), b"x"], ids=str)
def test_values_without_an_order_in_every_database_are_refused(value: object):
    """Text that is no date is sorted differently by every database, and rows would be missed."""
    with pytest.raises(InputError, match="cannot be a cursor"):
        Cursor("at", of="x", before=None, now=NOW).see([value])


def test_a_column_of_two_kinds_is_refused():
    """Days and numbers cannot be compared, not even across imports."""
    with pytest.raises(InputError, match="different kinds: day, number"):
        Cursor("at", of="x", before=Mark("number", 1), now=NOW).see([date(2026, 7, 1)])


def test_only_a_mark_of_the_same_source_is_used():
    """Another table's mark, and ordinary notes, are passed over; nothing seen leaves nothing."""
    other = Cursor("at", of="y", before=Mark("number", 1), now=NOW).remembered()

    assert mark_of(other, of="x") is None
    assert Cursor("at", of="x", before=None, now=NOW).remembered() == ()
