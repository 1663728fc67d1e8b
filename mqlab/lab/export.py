"""`export`: assignments, decisions and outcomes as tables for the warehouse, and an upsert file for the CRM."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.judge_in_engine import enrolled_persons, judge_in, readings_for
from mqlab.analysis.lab_in_engine import LabInEngine
from mqlab.errors import InputError, RefusedError, UnreachableError, nearest
from mqlab.experiments.protocol import Protocol
from mqlab.lab.experiments import definitions_of, logs
from mqlab.lab.files import in_a_known_folder
from mqlab.lab.place import leads_in_engine
from mqlab.lab.registered import governed
from mqlab.leads.instants import iso, micros
from mqlab.leads.tables import INSTANT
from mqlab.warehouse.columns import at_column
from mqlab.warehouse.engines.engine import open_engine

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress

What = Literal["assignments", "decisions", "outcomes"]
WHAT: tuple[What, ...] = ("assignments", "decisions", "outcomes")

ASSIGNMENTS = pa.schema(
    [("experiment", pa.string()), ("unit", pa.string()), ("arm", pa.string()), ("phase", pa.int64()),
     ("assigned_at", INSTANT)]
)  # fmt: skip
DECISIONS = pa.schema(
    [("experiment", pa.string()), ("lead_id", pa.string()), ("unit", pa.string()), ("arm", pa.string()),
     ("definition", pa.string()), ("acts", pa.bool_()), ("verdict", pa.string()), ("path", pa.string()),
     ("qualified_at", INSTANT), ("handed_at", INSTANT)]
)  # fmt: skip

UPSERT: Mapping[str, Mapping[str, str]] = {
    "salesforce": {
        "lead_id": "Id", "experiment": "MQL_Experiment__c", "arm": "MQL_Arm__c", "definition": "MQL_Definition__c",
        "verdict": "MQL_Verdict__c", "qualified_at": "MQL_Qualified_At__c",
    },
    "hubspot": {
        "lead_id": "hs_object_id", "experiment": "mql_experiment", "arm": "mql_arm", "definition": "mql_definition",
        "verdict": "mql_verdict", "qualified_at": "mql_qualified_at",
    },
    "csv": {name: name for name in ("lead_id", "experiment", "arm", "definition", "verdict", "qualified_at")},
}  # fmt: skip
"""What each CRM calls the columns of an upsert file: its id, and fields that its administrator makes once."""

SECONDS = pa.timestamp("s", tz="UTC")
"""How a CRM reads instants: without fractions of a second."""

TELLING = ("arm", "definition")
"""The columns that tell the arm, kept from sales where handling is blinded."""

FORMULA = r"^[=+\-@\t\r]"
"""How a text begins that a spreadsheet takes for a formula."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: rows, and from which instant and ledger position; the same two give the same bytes."""

    what: str
    file: Path
    rows: int
    experiments: tuple[str, ...]
    as_of: datetime
    ledger: int
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON."""
        return {
            "what": self.what, "file": str(self.file), "rows": self.rows, "experiments": list(self.experiments),
            "as_of": iso(self.as_of), "ledger": self.ledger, "notes": list(self.notes),
        }  # fmt: skip


def export(
    lab: Lab,
    what: str,
    file: Path,
    *,
    experiment: str | None,
    as_of: datetime,
    position: int | None,
    upsert: str | None,
    overwrite: bool,
    progress: Progress,
) -> Exported:
    """Write a table as Parquet or CSV, by the file's ending; `experiment` None means every one that was started.

    `upsert` writes a CRM's own columns, one row per lead with its own arm's decision; where handling is blinded
    neither the arm nor its definition is in it. RefusedError where the file exists, InputError for another ending and
    for a folder in a folder that is not there.
    """
    _asked(what, in_a_known_folder(file), upsert)
    if file.exists() and not overwrite:
        raise RefusedError(f"{file} exists.", code="FileExists", hint="Name another file, or say --force.")
    at = _reached(lab, position)
    notes: list[str] = []
    plans: list[Protocol] = []
    if what == "outcomes":
        table = _outcomes(lab, as_of, at)
    else:
        plans = [governed(lab, name) for name in ([experiment] if experiment else started(lab))]
        if what == "assignments":
            table = _together([_assignments(lab, plan, as_of, at, progress) for plan in plans], ASSIGNMENTS)
        else:
            table = _together([_decisions(lab, plan, as_of, at, progress) for plan in plans], DECISIONS)
    if upsert:
        table, hidden = _for_crm(table, plans, upsert)
        if hidden:
            notes.append("Handling is blinded: the arm and its definition are left out, so that sales cannot see them.")
    if file.suffix.lower() == ".csv":
        formulas = _formulas(table)
        if formulas:
            notes.append(
                f"Texts that a spreadsheet would take for a formula: {formulas}. They are written as they are: "
                "import the columns as text."
            )
    _write(table, file)
    return Exported(what, file, table.num_rows, tuple(plan.id for plan in plans), as_of, at, tuple(notes))


def started(lab: Lab) -> tuple[str, ...]:
    """The experiments that were started, by name."""
    return tuple(sorted(name for name, log in logs(lab).items() if any(step.step == "start" for step in log)))


def _asked(what: str, file: Path, upsert: str | None) -> None:
    if what not in WHAT:
        hint = nearest(what, WHAT) or f"One of: {', '.join(WHAT)}."
        raise InputError(f"'{what}' is nothing to export.", code="UnknownTable", hint=hint)
    if file.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"'{file.name}' is neither .parquet nor .csv.", code="UnknownFile", hint="Name it so.")
    if upsert is None:
        return
    if upsert not in UPSERT:
        hint = nearest(upsert, UPSERT) or f"One of: {', '.join(UPSERT)}."
        raise InputError(f"there is no upsert file for '{upsert}'.", code="UnknownCrm", hint=hint)
    if what != "decisions":
        raise InputError("an upsert file holds decisions.", code="UpsertOfDecisions", hint="mqlab export decisions …")


def _reached(lab: Lab, position: int | None) -> int:
    latest = lab.reading.position()
    if position is not None and not 0 <= position <= latest:
        raise InputError(
            f"the ledger has no position {position}.", code="NoSuchPosition", hint=f"Its latest position is {latest}."
        )
    return latest if position is None else position


def _outcomes(lab: Lab, as_of: datetime, position: int) -> pa.Table:
    """The current outcomes with the id of their lead, as the lab's table `outcomes` has them."""
    if lab.settings.warehouse.holds_the_lab:
        raise RefusedError(
            "the warehouse holds the lab's outcomes already.", code="HeldThere", hint="Read its table `outcomes`."
        )
    return lab.reading.facts(as_of=as_of, position=position).outcomes


def _assignments(lab: Lab, plan: Protocol, as_of: datetime, position: int, progress: Progress) -> pa.Table:
    """One row per unit in the experiment, as the lab's table `assignments` has them; overrides are left out."""
    definitions = definitions_of(lab, plan)
    with _leads(lab, plan, as_of, position, progress) as place:
        found = enrolled_persons(
            place.engine, place.held, plan, definitions, as_of_us=micros(as_of), **_given(lab, plan, position)
        )
        rows = found.rows.filter(found.rows.in_experiment & found.rows.arm.notnull() & (found.rows.why != "override"))
        units = rows.group_by("unit").aggregate(
            arm=rows.arm.min(), phase=rows.phase.min().cast("int64"), assigned_us=rows.start_us.min()
        )
        table = place.engine.fetched(units)
    return pa.table(
        {
            "experiment": pa.array([plan.id] * table.num_rows, pa.string()), "unit": table["unit"],
            "arm": table["arm"], "phase": table["phase"], "assigned_at": _instants(table["assigned_us"]),
        }
    ).sort_by("unit").cast(ASSIGNMENTS)  # fmt: skip


def _decisions(lab: Lab, plan: Protocol, as_of: datetime, position: int, progress: Progress) -> pa.Table:
    """One row per lead and arm, as `analyze` judges them; that of the lead's own arm acts, the others are shadows."""
    definitions = definitions_of(lab, plan)
    with _leads(lab, plan, as_of, position, progress) as place:
        judged = judge_in(
            place.engine,
            place.held,
            plan,
            definitions,
            as_of_us=micros(as_of),
            progress=lambda done, total: progress("judging leads", done, total),
            **_given(lab, plan, position),
        )
        names = [at_column(arm.name) for arm in plan.arms]
        table = place.engine.fetched(judged.table.select("lead_id", "unit", "arm", "path", "handed_us", *names))
    parts = []
    for arm in plan.arms:
        at = table[at_column(arm.name)]
        acts = pc.equal(table["arm"], arm.name)
        parts.append(
            pa.table(
                {
                    "experiment": pa.array([plan.id] * table.num_rows, pa.string()), "lead_id": table["lead_id"],
                    "unit": table["unit"], "arm": pa.array([arm.name] * table.num_rows, pa.string()),
                    "definition": pa.array([arm.definition] * table.num_rows, pa.string()), "acts": acts,
                    "verdict": pc.if_else(pc.is_valid(at), "mql", "not_mql"),
                    "path": pc.if_else(acts, table["path"], pa.scalar(None, pa.string())),
                    "qualified_at": _instants(at),
                    "handed_at": _instants(pc.if_else(acts, table["handed_us"], pa.scalar(None, pa.int64()))),
                }
            ).cast(DECISIONS)
        )  # fmt: skip
    return pa.concat_tables(parts).sort_by([("lead_id", "ascending"), ("arm", "ascending")])


@contextmanager
def _leads(lab: Lab, plan: Protocol, as_of: datetime, position: int, progress: Progress) -> Iterator[LabInEngine]:
    """The lab's leads as known at `as_of`: in the warehouse that holds them, else of the ledger at `position`."""
    readings = readings_for(plan, definitions_of(lab, plan), lab.settings.lab.null_tokens)
    if lab.settings.warehouse.holds_the_lab:
        with leads_in_engine(lab, readings, as_of=as_of, progress=progress) as place:
            yield place
        return
    facts = lab.reading.facts(as_of=as_of, position=position)
    with open_engine("duckdb://", memory_limit=lab.settings.warehouse.memory_limit) as engine:
        yield LabInEngine.of_facts(engine, facts, readings)


def _given(lab: Lab, plan: Protocol, position: int) -> dict[str, Any]:
    table = lab.reading.assignments.overrides(plan.id, position=position)
    return {
        "internal_domains": lab.settings.lab.internal_domains,
        "null_tokens": lab.settings.lab.null_tokens,
        "overrides": dict(zip(table["unit"].to_pylist(), table["arm"].to_pylist(), strict=True)),
    }


def _for_crm(table: pa.Table, plans: Sequence[Protocol], crm: str) -> tuple[pa.Table, bool]:
    """One row per lead with its own arm's decision under the CRM's names, and whether the arm was left out."""
    own = table.filter(table["acts"])
    hidden = any(plan.handling == "blinded" for plan in plans)
    names = {name: theirs for name, theirs in UPSERT[crm].items() if not (hidden and name in TELLING)}
    at = own.column_names.index("qualified_at")
    own = own.set_column(at, "qualified_at", pc.floor_temporal(own["qualified_at"], unit="second").cast(SECONDS))
    return own.select(list(names)).rename_columns(list(names.values())), hidden


def _together(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables(tables) if tables else schema.empty_table()


def _instants(us: Any) -> Any:
    return us.cast(pa.timestamp("us")).cast(INSTANT)


def _formulas(table: pa.Table) -> int:
    texts = [column for column in table.columns if pa.types.is_string(column.type)]
    return sum(pc.sum(pc.match_substring_regex(column, FORMULA)).as_py() or 0 for column in texts)


def _write(table: pa.Table, file: Path) -> None:
    """The whole file, or what was there before. The same rows give the same bytes."""
    write: Callable[[pa.Table, Any], None] = _parquet if file.suffix.lower() == ".parquet" else _csv
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                write(table, stream)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.chmod(0o644)
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UnreachableError(
            f"{file} cannot be written: {error.strerror or error}.", code="CannotWrite",
            hint="Nothing was changed. Make room or choose another place.",
        ) from error  # fmt: skip


def _parquet(table: pa.Table, stream: Any) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, stream, compression="zstd")


def _csv(table: pa.Table, stream: Any) -> None:
    """Every text in quotes, nothing for what is missing, instants as ISO 8601 with a Z."""
    from pyarrow import csv

    columns = {
        name: pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ") if pa.types.is_timestamp(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    csv.write_csv(pa.table(columns), stream, csv.WriteOptions(quoting_style="needed"))
