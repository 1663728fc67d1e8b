"""The day of an instant on the wall clock of a zone: in Python and on every engine the same."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from mqlab.leads.instants import end_of_day, instant, micros, start_of_day
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.local_day import local_day

EPOCH = date(1970, 1, 1)
ZONES = ("America/Los_Angeles", "Asia/Tokyo", "Australia/Lord_Howe", "UTC")
CHANGES = (date(2026, 3, 8), date(2026, 4, 5), date(2026, 10, 4), date(2026, 11, 1))
"""Los Angeles moves its clocks by an hour, Lord Howe by half of one."""


def edges(zone: ZoneInfo) -> list[int]:
    """The first and the last microsecond of days around the changes of the clock, and of one before 1970."""
    days = [change + timedelta(days=late) for change in CHANGES for late in (-1, 0, 1)]
    return [micros(end(day, zone)) for day in (date(1969, 7, 4), *days) for end in (start_of_day, end_of_day)]


def test_every_engine_says_the_day_of_the_wall_clock(engine: Engine) -> None:
    """To the microsecond, and never the day of UTC where that is another."""
    for number, name in enumerate(ZONES):
        zone = ZoneInfo(name)
        at = edges(zone)
        rows = engine.load(f"edges_{number}", pa.table({"at": pa.array(at, pa.int64())}))
        day = local_day(rows.at, zone, low_us=min(at), high_us=max(at))

        found = engine.fetched(rows.select("at", day=day).order_by("at")).to_pylist()

        expected = [(us, (instant(us).astimezone(zone).date() - EPOCH).days) for us in sorted(at)]
        assert [(row["at"], row["day"]) for row in found] == expected
