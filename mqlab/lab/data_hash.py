"""A hash of the facts an analysis read: two machines with the same one read the same leads, events and outcomes."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any

import pyarrow as pa
from pyarrow import csv

from mqlab.leads.tables import Facts


def data_hash(facts: Facts) -> dict[str, Any]:
    """`{"sha256", "rows": {table: count}}` over every table, column by name, row by row in the ledger's order."""
    found = hashlib.sha256()
    rows: dict[str, int] = {}
    for name in (field.name for field in fields(facts)):
        table = getattr(facts, name)
        if not isinstance(table, pa.Table):
            continue
        rows[name] = table.num_rows
        found.update(f"{name}:{table.num_rows}\n".encode())
        csv.write_csv(table, _Sink(found), csv.WriteOptions(quoting_style="needed"))
    return {"sha256": found.hexdigest(), "rows": rows}


class _Sink:
    """A file that is only hashed."""

    closed = False

    def __init__(self, into: Any) -> None:
        self._into = into

    def write(self, data: Any) -> int:
        self._into.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""
