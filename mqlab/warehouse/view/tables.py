"""The tables of a lab in an engine: which columns they have, and what stands in each, whatever its name's case.

Their columns are those of the canonical tables; every further column of `leads` is a field and every further one of
`events` a property. Ids may be numbers. Where every column is text, as in CSV files, instants and numbers are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import ibis
from ibis.expr import datatypes as dt
from ibis.expr import types as ir

from mqlab.errors import Place, Problem, ProblemsFound, nearest
from mqlab.leads.text import stored_name
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.view.clocks import micros_of, read_instant
from mqlab.warehouse.view.typed import plain_integer, plain_number

ColumnKind = Literal["id", "text", "instant", "integer", "number"]

WANTED: Mapping[ColumnKind, str] = {
    "id": "text or whole numbers",
    "text": "text",
    "instant": "timestamps with a time zone",
    "integer": "whole numbers",
    "number": "numbers",
}
TYPES: Mapping[ColumnKind, str] = {
    "id": "string", "text": "string", "instant": "int64", "integer": "int64", "number": "float64",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A canonical column. An instant is read as microseconds since 1970, so its name then ends in `_us`."""

    name: str
    kind: ColumnKind
    required: bool = False


CANONICAL: Mapping[str, tuple[Column, ...]] = {
    "leads": (
        Column("lead_id", "id", required=True), Column("created_at", "instant", required=True),
        Column("source", "text"), Column("email", "text"), Column("email_domain", "text"), Column("account_key", "id"),
        Column("known_at", "instant"), Column("row_is", "text"),
    ),
    "field_changes": (
        Column("lead_id", "id", required=True), Column("field", "text", required=True), Column("value", "text"),
        Column("changed_at", "instant", required=True), Column("known_at", "instant"),
    ),
    "events": (
        Column("lead_id", "id", required=True), Column("name", "text", required=True),
        Column("occurred_at", "instant", required=True), Column("known_at", "instant"), Column("event_id", "id"),
        Column("source", "text"), Column("version", "integer"),
    ),
    "identity": (
        Column("old_id", "id", required=True), Column("new_id", "id", required=True),
        Column("merged_at", "instant", required=True), Column("known_at", "instant"),
    ),
    "outcomes": (
        Column("lead_id", "id", required=True), Column("kind", "text", required=True),
        Column("occurred_at", "instant", required=True), Column("known_at", "instant"),
        Column("opportunity_id", "id"), Column("amount", "number"), Column("currency", "text"),
        Column("quantity", "number"), Column("reason_code", "text"), Column("owner", "id"), Column("row_id", "id"),
        Column("modified_at", "instant"),
    ),
    "assignments": (
        Column("experiment", "text", required=True), Column("unit", "id", required=True),
        Column("arm", "text", required=True), Column("phase", "integer"), Column("assigned_at", "instant"),
    ),
}  # fmt: skip
"""The canonical columns of every table."""

NEVER_NULL = {"field_changes": ("value",)}
"""Columns that must be there although a row may have nothing in them."""


@dataclass(frozen=True)
class LabTable:
    """A table of a lab: `columns` gives what stands under each canonical name, `further` the other columns.

    `columns` has every canonical column, null where the table has none; `raw` those that are there, as they are. Names
    of further columns are stored names.
    """

    name: str
    table: ir.Table
    columns: Mapping[str, ir.Value]
    raw: Mapping[str, ir.Value]
    further: Mapping[str, ir.Value]

    def typed(self, *names: str) -> dict[str, ir.Value]:
        """Canonical columns by name, instants under the name with `_us` in place of `_at`."""
        return {in_micros(name): self.columns[name] for name in names}


def in_micros(name: str) -> str:
    """The name under which an instant's microseconds stand.

    Example:
        >>> in_micros("created_at"), in_micros("lead_id")
        ('created_us', 'lead_id')
    """
    return f"{name.removesuffix('_at')}_us" if name.endswith("_at") else name


@dataclass(frozen=True)
class LabTables:
    """The tables of a lab; those that are not there are None."""

    leads: LabTable
    field_changes: LabTable | None = None
    events: LabTable | None = None
    identity: LabTable | None = None
    outcomes: LabTable | None = None
    assignments: LabTable | None = None

    def present(self) -> Iterator[LabTable]:
        """Those that are there."""
        tables = (self.leads, self.field_changes, self.events, self.identity, self.outcomes, self.assignments)
        return (table for table in tables if table is not None)


def lab_tables(engine: Engine) -> LabTables:
    """The tables of a lab that an engine holds.

    Raises InputError where there is no table `leads`, ProblemsFound where a table lacks a column or has one of a type
    that cannot be used.
    """
    names = [name for name in CANONICAL if name == "leads" or engine.has(name)]
    return as_lab_tables({name: engine.table(name) for name in names}, engine.name)


def as_lab_tables(tables: Mapping[str, ir.Table], engine: str) -> LabTables:
    """Tables by their canonical names, `leads` among them, as those of a lab; see `lab_tables`."""
    problems: list[Problem] = []
    found = {name: lab_table(name, table, engine, problems) for name, table in tables.items()}
    if problems:
        raise ProblemsFound(problems)
    return LabTables(**found)


def lab_table(name: str, table: ir.Table, engine: str, problems: list[Problem]) -> LabTable:
    """A table as the canonical one of that name; what cannot be used is added to `problems`."""
    actual: dict[str, str] = {}
    for column in table.columns:
        stored = stored_name(column)
        if stored in actual:
            problems.append(
                _problem(
                    "DuplicateColumn",
                    name,
                    column,
                    f"the columns '{actual[stored]}' and '{column}' are the same name: its case does not count.",
                    "Keep one of them.",
                )
            )
        actual[stored] = column
    columns: dict[str, ir.Value] = {}
    raw: dict[str, ir.Value] = {}
    for declared in CANONICAL[name]:
        here = actual.pop(declared.name, None)
        columns[declared.name] = ibis.null(TYPES[declared.kind])
        if here is not None:
            value = raw[declared.name] = table[here]
            read = _read(value, declared, engine)
            if read is not None:
                columns[declared.name] = read
            elif not isinstance(value.type(), dt.Null):
                problems.append(_mistyped(name, declared, value.type()))
        elif declared.required or declared.name in NEVER_NULL.get(name, ()):
            problems.append(
                _problem(
                    "MissingColumn",
                    name,
                    declared.name,
                    f"the table '{name}' has no column '{declared.name}'.",
                    nearest(declared.name, actual.values())
                    or f"Rename one, or offer a view that has it; there is {_listed(list(table.columns))}.",
                )
            )
    return LabTable(name, table, columns, raw, {stored: table[column] for stored, column in actual.items()})


def _read(value: ir.Value, column: Column, engine: str) -> ir.Value | None:
    """What stands in a column, None where its type does not fit."""
    kind = value.type()
    if kind.is_string():
        text = value if kind == dt.string else value.cast("string")
        match column.kind:
            case "id" | "text":
                return text
            case "instant":
                return read_instant(text, engine) if engine == "duckdb" else None
            case "integer":
                return plain_integer(text) if engine == "duckdb" else None
            case "number":
                return plain_number(text) if engine == "duckdb" else None
    match column.kind:
        case "id":
            return value.cast("string") if kind.is_integer() or kind.is_uuid() else None
        case "text":
            return None
        case "instant":
            return micros_of(value, engine) if kind.is_timestamp() and kind.timezone is not None else None
        case "integer":
            return value.cast("int64") if kind.is_integer() else None
        case "number":
            return value.cast("float64") if kind.is_numeric() and not kind.is_boolean() else None


def _mistyped(table: str, column: Column, kind: dt.DataType) -> Problem:
    if column.kind == "instant" and kind.is_timestamp():
        return _problem(
            "NaiveInstant",
            table,
            column.name,
            f"the instants in '{column.name}' of '{table}' have no time zone.",
            "Give the column a type with a zone: TIMESTAMP WITH TIME ZONE (Spark: TIMESTAMP, not TIMESTAMP_NTZ).",
        )
    return _problem(
        "ColumnType",
        table,
        column.name,
        f"the column '{column.name}' of '{table}' is of the type {kind}; it should hold {WANTED[column.kind]}.",
        "Cast it in the table, or offer a view with that type.",
    )


def _problem(code: str, table: str, column: str, message: str, hint: str) -> Problem:
    return Problem(code, message, Place(path=f"{table}.{column}"), hint=hint)


def _listed(names: list[str], shown: int = 20) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")
