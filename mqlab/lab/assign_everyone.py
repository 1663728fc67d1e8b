"""`assign` without a file: every lead of the lab, placed where the leads are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.analyze_in_engine import absent_columns
from mqlab.analysis.judge_in_engine import enrolled_persons, readings_for
from mqlab.definitions.tree import FieldRef
from mqlab.definitions.walk import walk
from mqlab.experiments.enrol import Assignment
from mqlab.experiments.protocol import Protocol
from mqlab.lab.experiments import definitions_of
from mqlab.lab.place import leads_in_engine
from mqlab.lab.registered import governed
from mqlab.leads.instants import instant, micros
from mqlab.leads.text import stored_name
from mqlab.warehouse.view.known import KnownFacts

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress

BATCH_ROWS = 10_000
PLAIN = (
    "lead_id", "unit", "position", "traffic_position", "in_experiment", "arm", "phase", "why", "cross_arm_merge",
    "merged_into",
)  # fmt: skip


@dataclass(frozen=True)
class EveryPlace:
    """Where every lead belongs in `experiment`; `table` has its rows, sorted by lead.

    `notes` say what `eligible` reads and no table has.
    """

    experiment: str
    engine: str
    table: pa.Table
    notes: tuple[str, ...] = ()

    def assignments(self) -> Iterator[Assignment]:
        """One per lead, sorted by id, made as it is asked for."""
        for batch in self.table.to_batches(max_chunksize=BATCH_ROWS):
            for row in batch.to_pylist():
                start = row["start_us"]
                yield Assignment(
                    **{name: row[name] for name in PLAIN}, assigned_at=None if start is None else instant(start)
                )

    def counts(self) -> list[tuple[str | None, int | None, str, int]]:
        """(arm, phase, why, leads), the arms first; ids that were merged into another count with it, not again."""
        persons = self.table.filter(pc.is_null(self.table["merged_into"]))
        found = persons.group_by(["arm", "phase", "why"]).aggregate([([], "count_all")]).to_pylist()
        rows = [(row["arm"], row["phase"], row["why"], row["count_all"]) for row in found]
        return sorted(rows, key=lambda row: (row[0] is None, row[0] or "", row[2], row[1] or 0))


def assign_everyone(lab: Lab, experiment: str, *, as_of: datetime, progress: Progress) -> EveryPlace:
    """Where every lead known at `as_of` belongs, as `analyze` sees it. Nothing is written.

    RefusedError where the experiment was edited since its start.
    """
    plan = governed(lab, experiment)
    definitions, settings = definitions_of(lab, plan), lab.settings.lab
    table = lab.reading.assignments.overrides(plan.id)
    with leads_in_engine(
        lab, readings_for(plan, definitions, settings.null_tokens), as_of=as_of, progress=progress
    ) as place:
        progress("placing leads", 0, 1)
        found = enrolled_persons(
            place.engine,
            place.held,
            plan,
            definitions,
            as_of_us=micros(as_of),
            internal_domains=settings.internal_domains,
            null_tokens=settings.null_tokens,
            overrides=dict(zip(table["unit"].to_pylist(), table["arm"].to_pylist(), strict=True)),
            positions=True,
        )
        rows = place.engine.fetched(found.rows.select(*PLAIN, "start_us"))
        progress("placing leads", 1, 1)
        return EveryPlace(
            plan.id, place.engine.name, rows.take(pc.sort_indices(rows["lead_id"])), _notes(plan, place.held.known)
        )


def _notes(plan: Protocol, known: KnownFacts) -> tuple[str, ...]:
    """What to say of columns that no table has; only `eligible` has a say in where a lead belongs."""
    if plan.eligible is None:
        return ()
    read = {f"leads.{stored_name(node.name)}" for node in walk(plan.eligible.tree) if isinstance(node, FieldRef)}
    return absent_columns(replace(known, absent=tuple(column for column in known.absent if column in read)))
