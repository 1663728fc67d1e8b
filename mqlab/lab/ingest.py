"""`ingest`: a file, or rows of a database, into the ledger, by the lab's preset and mapping."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab.lab.experiments import close_due

if TYPE_CHECKING:
    from mqlab.crm.counts import ImportCounts
    from mqlab.crm.sql_source import SqlRead
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress


def ingest(
    lab: Lab,
    kind: str,
    file: Path,
    *,
    now: datetime,
    preset: str | None,
    mapping: Path | None,
    table: str | None,
    snapshot_at: datetime | None,
    dry_run: bool,
    progress: Progress,
) -> ImportCounts:
    """Read one file; what the command line does not say comes from `[crm]`."""
    from mqlab.crm.ingest import ingest as read

    counts = read(
        lab.ledger, kind, file, preset=preset or lab.settings.crm.preset, mapping=mapping or _configured(lab),
        table=table, now=now, snapshot_at=snapshot_at, dry_run=dry_run, progress=progress, **_of_lab(lab),
        today=max(now, lab.clock()),  # a lab of the past may be played, as the demo does
    )  # fmt: skip
    if not dry_run:
        close_due(lab, now)
    return counts


def ingest_sql(
    lab: Lab,
    kind: str,
    asked: SqlRead,
    *,
    now: datetime,
    preset: str | None,
    mapping: Path | None,
    table: str | None,
    snapshot_at: datetime | None,
    dry_run: bool,
    progress: Progress,
) -> ImportCounts:
    """Read rows of a database; `table` is the preset's, `asked` names the database's own."""
    from mqlab.crm.ingest_sql import ingest_sql as read

    earlier = [] if asked.cursor is None else lab.ledger.imports.list()
    counts = read(
        lab.ledger, kind, asked, preset=preset or lab.settings.crm.preset, mapping=mapping or _configured(lab),
        table=table, now=now, snapshot_at=snapshot_at, dry_run=dry_run, progress=progress,
        earlier=[note for row in earlier for note in row.notes], **_of_lab(lab),
    )  # fmt: skip
    if not dry_run:
        close_due(lab, now)
    return counts


def _configured(lab: Lab) -> Path | None:
    mapping = lab.settings.crm.mapping
    return lab.folder / mapping if mapping else None


def _of_lab(lab: Lab) -> dict[str, Any]:
    settings = lab.settings
    return {
        "timezone": settings.zone,
        "null_tokens": settings.lab.null_tokens,
        "internal_domains": settings.lab.internal_domains,
    }
