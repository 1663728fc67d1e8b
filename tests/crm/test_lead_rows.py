"""Flat lead rows for `assign`: every row in order, or every row that cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mqlab.crm.lead_rows import read_lead_rows
from mqlab.errors import ProblemsFound
from mqlab.experiments.arrival import Arrival
from tests.crm.conftest import BERLIN


def test_rows_are_read_in_order_with_or_without_an_instant(tmp_path: Path):
    """`created_at` may be absent as a column or in a row; other columns are fields."""
    path = tmp_path / "leads.csv"
    path.write_text("lead_id,created_at,email,account_key,Size\nb,2026-07-01,ada@x.com,ACME,40\na,,,,\n")

    first, second = read_lead_rows(path, timezone=BERLIN)

    assert first == Arrival("b", datetime(2026, 6, 30, 22, tzinfo=UTC), None, "acme", "x.com", {"size": "40"})
    assert second == Arrival("a")
    path.write_text("lead_id\nz\ny\n")
    assert read_lead_rows(path, timezone=BERLIN) == (Arrival("z"), Arrival("y"))


def test_every_row_that_cannot_be_read_is_told(tmp_path: Path):
    """An answer is owed for every row, so a bad row stops the whole with its line."""
    path = tmp_path / "leads.csv"
    path.write_text("lead_id,created_at\na,2026-07-01\n,2026-07-01\nb,never\nc\n")

    with pytest.raises(ProblemsFound) as refused:
        read_lead_rows(path, timezone=BERLIN)

    assert [(problem.code, problem.place.line) for problem in refused.value.problems] == [
        ("missing_id", 3),
        ("unstated_format", 4),
        ("ragged_row", 5),
    ]


def test_a_row_of_a_day_to_come_is_told_as_ingest_would_set_it_aside(tmp_path: Path):
    """Up to a day ahead is a clock that is not ours; without `now` any instant will do."""
    path = tmp_path / "leads.csv"
    path.write_text("lead_id,created_at\na,2026-07-02T09:00:00Z\nb,\nc,2026-07-03T09:00:00Z\nd,2062-07-01\n")
    now = datetime(2026, 7, 1, 12, tzinfo=UTC)

    with pytest.raises(ProblemsFound) as refused:
        read_lead_rows(path, timezone=BERLIN, now=now)

    assert [(problem.code, problem.place.line) for problem in refused.value.problems] == [
        ("in_the_future", 4),
        ("in_the_future", 5),
    ]
    assert "correct the date. created_at: 2026-07-03T09:00:00Z, read on 2026-07-01" in str(refused.value.problems[0])
    assert "release" not in str(refused.value)
    assert len(read_lead_rows(path, timezone=BERLIN)) == 4
