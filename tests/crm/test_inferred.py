"""Stages that sales skipped are implied by later ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from mqlab.crm.inferred import with_inferred
from mqlab.leads.tables import OUTCOMES


def outcomes(*rows: tuple[str, str, int, str | None]) -> pa.Table:
    """Outcomes of (lead, kind, day, opportunity)."""
    blank: dict[str, Any] = dict.fromkeys(OUTCOMES.names)
    made = [
        {
            **blank, "lead_id": lead, "kind": kind, "occurred_at": datetime(2026, 7, day, tzinfo=UTC),
            "known_at": datetime(2026, 7, day + 1, tzinfo=UTC), "opportunity_id": opportunity, "resolution": "instant",
            "backfill": False, "evidence": "stated",
        }
        for lead, kind, day, opportunity in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(made, schema=OUTCOMES)


@pytest.mark.parametrize(
    ("stated", "inferred"),
    [
        pytest.param([("L1", "closed_won", 5, "O1")], [("opportunity", 5), ("sql", 5)], id="only won"),
        pytest.param([("L1", "opportunity", 3, "O1"), ("L1", "closed_won", 5, "O1")], [("sql", 3)], id="SQL skipped"),
        pytest.param(
            [("L1", "sql", 2, None), ("L1", "closed_won", 5, "O1")], [("opportunity", 5)], id="opportunity skipped"
        ),
        pytest.param([("L1", "sql", 6, None), ("L1", "opportunity", 3, "O1")], [("sql", 3)], id="SQL stated too late"),
        pytest.param(
            [("L1", "closed_won", 5, "O1"), ("L1", "opportunity", 6, "O2")],
            [("opportunity", 5), ("sql", 5)],
            id="won first",
        ),
        pytest.param(
            [("L1", "sql", 2, None), ("L1", "opportunity", 3, "O1"), ("L1", "closed_won", 5, "O1")],
            [],
            id="nothing skipped",
        ),
        pytest.param([("L1", "accepted", 2, None), ("L1", "closed_lost", 3, "O1")], [], id="nothing implied"),
    ],
)
def test_a_skipped_stage_has_the_instant_of_the_earliest_that_implies_it(
    stated: list[tuple[str, str, int, str | None]], inferred: list[tuple[str, int]]
):
    """Won implies opportunity implies SQL; stated rows stay, inferred ones are marked and carry no amount."""
    table = with_inferred(outcomes(*stated))

    rows = [row for row in table.to_pylist() if row["evidence"] == "inferred"]
    assert sorted((row["kind"], row["occurred_at"].day) for row in rows) == inferred
    assert table.num_rows == len(stated) + len(inferred)
    assert all(row["known_at"].day == row["occurred_at"].day + 1 and row["amount"] is None for row in rows)


def test_other_leads_imply_nothing():
    """Each lead has stages of its own, and inferring again adds nothing."""
    once = with_inferred(outcomes(("L1", "closed_won", 5, "O1"), ("L2", "sql", 2, None)))

    assert once.num_rows == 4
    assert with_inferred(once) == once
