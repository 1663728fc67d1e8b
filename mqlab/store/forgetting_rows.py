"""What is said of a forgotten person outside the facts: rows that could not be used, and the names of files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from mqlab.store.models import ImportRow, QuarantineRow, QuarantineStepRow
from mqlab.store.records import canonical_json

MASK = "***"
EMPTIED = canonical_json(MASK)


def quarantined(connection: Connection) -> Iterator[tuple[int, str, Any]]:
    """The id, the kind and the content of every row that could not be used and was not emptied yet."""
    columns = (QuarantineRow.id, QuarantineRow.kind, QuarantineRow.raw, QuarantineRow.lead_ref)
    for row in connection.execute(select(*columns).where(QuarantineRow.raw != EMPTIED)):
        yield row.id, row.kind, [json.loads(row.raw), row.lead_ref]


def empty_quarantined(connection: Connection, mentioned: Callable[[Any], bool], *, position: int, now: datetime) -> int:
    """Empties the rows that name the person, and sets aside those that are open; says how many there were."""
    found = [row_id for row_id, _, row in quarantined(connection) if mentioned(row)]
    settled = set(connection.scalars(select(QuarantineStepRow.quarantine_id)))
    for row_id in found:
        empty = {"raw": EMPTIED, "detail": "", "lead_ref": None, "email_hash": None}
        connection.execute(update(QuarantineRow).where(QuarantineRow.id == row_id).values(**empty))
        if row_id not in settled:
            connection.execute(
                insert(QuarantineStepRow).values(
                    position=position, recorded_at=now, quarantine_id=row_id, step="discarded", by="mqlab",
                    because="the lead is forgotten",
                )
            )  # fmt: skip
    return len(found)


def mask_file_names(connection: Connection, hashes: Collection[str]) -> None:
    """Masks the addresses with these hashes in the names of files that were read."""
    for found in sorted(hashes):
        word = re.compile(rf"sha256:{found}@[^\s<>]*")
        for model in (ImportRow, QuarantineRow):
            there = select(model.file).where(model.file.contains(found)).distinct()
            for name in connection.scalars(there).all():
                connection.execute(update(model).where(model.file == name).values(file=word.sub(MASK, name)))
