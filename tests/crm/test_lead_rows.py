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
