"""`ingest`: a file into the ledger, by the lab's preset and mapping."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.lab.experiments import close_due

if TYPE_CHECKING:
    from mqlab.crm.counts import ImportCounts
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

    settings = lab.settings
    configured = lab.folder / settings.crm.mapping if settings.crm.mapping else None
    counts = read(
        lab.ledger,
        kind,
        file,
        preset=preset or settings.crm.preset,
        mapping=mapping or configured,
        table=table,
        timezone=settings.zone,
        now=now,
        snapshot_at=snapshot_at,
        null_tokens=settings.lab.null_tokens,
        internal_domains=settings.lab.internal_domains,
        dry_run=dry_run,
        progress=progress,
    )
    if not dry_run:
        close_due(lab, now)
    return counts
