"""`ingest_sql`: rows of a database into the ledger, all that it has or those since the last import."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from mqlab.crm.counts import ImportCounts
from mqlab.crm.cursor import Cursor, mark_of
from mqlab.crm.ingest import Import, Progress, fingerprint, known_kind, spelling_of
from mqlab.crm.mapping import load_preset
from mqlab.crm.reading import Surroundings
from mqlab.crm.sink import Sink
from mqlab.crm.sql_address import Address
from mqlab.crm.sql_source import SqlRead, sql_opened
from mqlab.leads.text import DEFAULT_NULL_TOKENS


def ingest_sql(
    sink: Sink,
    kind: str,
    asked: SqlRead,
    *,
    timezone: ZoneInfo,
    now: datetime,
    earlier: Iterable[str] = (),
    preset: str = "csv",
    mapping: Path | str | None = None,
    table: str | None = None,
    snapshot_at: datetime | None = None,
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    internal_domains: Collection[str] = (),
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportCounts:
    """Reads rows of a database as `ingest` reads a file: the same rows give the same facts as the CSV of them.

    `earlier` are the notes of the earlier imports in the register, newest first, among which the cursor finds how far
    it has come; another mapping, and another cursor, begin from the first row. Where the cursor stands is written in
    the transaction of the rows. Raises what `sql_opened` does, and InputError or ProblemsFound before the first row.
    """
    spelling = spelling_of(preset, mapping, table)
    around = Surroundings(timezone, null_tokens, internal_domains, snapshot_at, now)
    address = Address(asked.url)
    known_kind(kind)

    def before(column: str) -> Cursor:
        parts = (address.identity, asked.table or asked.statement, kind, fingerprint(spelling), column)
        of = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        return Cursor(
            column, of=of, before=mark_of(earlier, of=of), now=now, lookback_us=asked.lookback_us,
            steps=asked.lookback_steps,
        )  # fmt: skip

    with sql_opened(address, asked, before=before) as source:
        below = load_preset(preset)
        found = Import(known_kind(kind), source, spelling, source, around, preset=below, progress=progress)
        return found.run(sink, now=now, dry_run=dry_run)
