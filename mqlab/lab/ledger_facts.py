"""The facts of a lab's ledger, for reports that need the whole of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.errors import RefusedError
from mqlab.leads.tables import Facts

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress


def ledger_facts(lab: Lab, report: str, *, as_of: datetime, position: int | None, progress: Progress) -> Facts:
    """Everything known at `as_of`; RefusedError, naming the report, where the warehouse holds the lab's tables."""
    if lab.settings.warehouse.holds_the_lab:
        raise RefusedError(
            f"{report} reads the ledger, and this lab's tables lie in its warehouse.",
            code="HeldThere",
            hint="Ingest them into a ledger: in a lab without a [warehouse] url, mqlab ingest leads, events, outcomes.",
        )
    progress("reading the ledger", 0, 1)
    facts = lab.reading.facts(as_of=as_of, position=position)
    progress("reading the ledger", 1, 1)
    return facts
