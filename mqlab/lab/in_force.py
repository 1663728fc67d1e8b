"""The definition that governs every lead no running experiment governs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.experiments.in_force import InForce, in_force_at

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def in_force(lab: Lab, at: datetime) -> str | None:
    """The definition in force at an instant: by the ledger, else by `mqlab.toml`."""
    entries = [
        InForce(row.definition, row.from_at, row.by, row.because, row.experiment) for row in lab.reading.in_force.list()
    ]
    return in_force_at(entries, at, lab.settings.lab.in_force)
