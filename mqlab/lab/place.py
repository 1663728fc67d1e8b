"""Where a lab's leads are asked: in the warehouse that holds its tables, else in DuckDB over the ledger's facts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.analysis.lab_in_engine import LabInEngine
from mqlab.warehouse.engines.engine import open_engine
from mqlab.warehouse.readings import Readings

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress


@contextmanager
def leads_in_engine(lab: Lab, readings: Readings, *, as_of: datetime, progress: Progress) -> Iterator[LabInEngine]:
    """The lab's leads in an engine, as known at `as_of`; the engine is let go at the end."""
    warehouse = lab.settings.warehouse
    if warehouse.holds_the_lab:
        with open_engine(warehouse.url, memory_limit=warehouse.memory_limit, folder=lab.folder) as engine:
            yield LabInEngine.of_tables(engine, readings, as_of=as_of)
        return
    progress("reading the ledger", 0, 1)
    facts = lab.reading.facts(as_of=as_of)
    progress("reading the ledger", 1, 1)
    with open_engine("duckdb://", memory_limit=warehouse.memory_limit) as engine:
        yield LabInEngine.of_facts(engine, facts, readings)
