"""Every table that a Salesforce connector lands, read as every kind: each row accounted for, or refused in words."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mqlab.errors import InputError
from tests.crm.conftest import Desk

KINDS = ("leads", "events", "field-changes", "identity", "outcomes")
READ = {
    "sf_lead_data": {"leads", "identity", "outcomes"},
    "sf_opportunity_data": {"identity", "outcomes"},
    "sf_opportunity_history_data": {"outcomes"},
    "sf_contact_data": {"identity"},
    "sf_contact_history_data": {"identity"},
    "sf_task_data": {"outcomes"},
    "sf_event_data": {"outcomes"},
}
"""From which files which kinds are read; from accounts, users, products and orders none is."""


def test_every_shape_is_read_or_refused(salesforce_shapes: Path, desk: Desk):
    """Fourteen files times five kinds: the counts are those of the rows, or a message says what the file looks like."""
    files = sorted(salesforce_shapes.glob("sf_*.csv"))
    read: dict[str, set[str]] = {}
    for path in files:
        with path.open(newline="", encoding="utf-8") as file:
            rows = sum(bool(row) for row in csv.reader(file)) - 1
        for kind in KINDS:
            before = desk.ledger.position()
            try:
                counts = desk.take(kind, path.read_bytes(), name=path.name, preset="salesforce")
            except InputError as refused:
                told = {problem.code for problem in refused.problems}
                if not told <= {"WrongTable", "NoTable", "MissingColumn", "AmbiguousTable"}:
                    pytest.fail(f"{path.name} as {kind}: {refused}")
                if desk.ledger.position() != before:
                    pytest.fail(f"{path.name} as {kind} was refused and yet written")
                continue
            read.setdefault(path.stem, set()).add(kind)
            parts = (counts.new, counts.unchanged, counts.corrected, counts.unmatched, counts.quarantined)
            assert (counts.rows, counts.quarantined) == (rows, 0), (path.name, kind, counts)
            assert counts.read == sum(parts) >= rows - counts.blank

    assert len(files) == 14
    assert read == READ


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("sf_product_2_data", "'product'", id="products"),
        pytest.param("sf_contact_data", "'contact'", id="contacts"),
        pytest.param("sf_order_data", "'order'", id="orders"),
        pytest.param("sf_account_data", "'account'", id="accounts"),
    ],
)
def test_a_table_that_holds_no_leads_is_not_taken_for_them(salesforce_shapes: Path, desk: Desk, name: str, said: str):
    """Ids and dates alone make no leads of products, contacts, orders or accounts: the message says what they are."""
    content = (salesforce_shapes / f"{name}.csv").read_bytes()

    with pytest.raises(InputError, match=f"by its columns the file is {said} .*from which no leads are read"):
        desk.take("leads", content, preset="salesforce")
