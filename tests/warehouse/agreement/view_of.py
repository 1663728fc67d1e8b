"""The view of an example, built lead by lead in Python: the compiler is tested apart from how engines build views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from mqlab.definitions.events import EventLog
from mqlab.definitions.fields import known_from, reader, row_values
from mqlab.definitions.model import EnumLabel
from mqlab.leads.instants import micros
from mqlab.leads.records import Scalar
from mqlab.leads.text import spaced, stored_name
from mqlab.leads.values import ValueType, canonical_text
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.readings import Reading, Readings, readings_of
from mqlab.warehouse.view.view import View
from tests.warehouse.agreement.makes import Example, Judged

ARROW: dict[ValueType, pa.DataType] = {
    "number": pa.float64(),
    "string": pa.string(),
    "enum": pa.string(),
    "bool": pa.bool_(),
}
LEADS: tuple[tuple[str, pa.DataType], ...] = (
    ("key", pa.string()),
    ("lead_id", pa.string()),
    ("account", pa.string()),
    ("whole", pa.bool_()),
    ("start_us", pa.int64()),
    ("until_us", pa.int64()),
    ("created_us", pa.int64()),
    ("row_is_current", pa.bool_()),
)
CHANGES: tuple[tuple[str, pa.DataType], ...] = (
    ("key", pa.string()),
    ("start_us", pa.int64()),
    ("until_us", pa.int64()),
    ("field", pa.string()),
    ("changed_us", pa.int64()),
    ("known_us", pa.int64()),
    ("from_us", pa.int64()),
    ("has_value", pa.bool_()),
    ("text", pa.string()),
)
EVENTS: tuple[tuple[str, pa.DataType], ...] = (
    ("key", pa.string()),
    ("start_us", pa.int64()),
    ("until_us", pa.int64()),
    ("name", pa.string()),
    ("occurred_us", pa.int64()),
    ("known_us", pa.int64()),
)
Row = dict[str, Any]


def view_of(example: Example, engine: Engine) -> View:
    """The view that the example's definitions read, loaded into an engine."""
    readings = readings_of(example.definitions)
    leads, changes, events = tables_of(example, readings)
    return View(
        readings=readings,
        leads=engine.load("agreement_leads", leads),
        changes=engine.load("agreement_changes", changes),
        events=engine.load("agreement_events", events),
    )


def tables_of(example: Example, readings: Readings) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Leads, changes and events known by the example's `as_of`."""
    fields = [_Column(f"f{number}", reading) for number, reading in enumerate(readings.fields)]
    props = [_Column(f"p{number}", reading) for number, reading in enumerate(readings.props)]
    return (
        _table(LEADS, fields, (_lead(judged, fields) for judged in example.leads)),
        _table(
            CHANGES, fields, (row for judged in example.leads for row in _changes(judged, fields, example.as_of_us))
        ),
        _table(EVENTS, props, (row for judged in example.leads for row in _events(judged, props, example.as_of_us))),
    )


class _Column:
    """One reading and the column or two that it fills."""

    def __init__(self, name: str, reading: Reading) -> None:
        self.name = name
        self.reading = reading
        labels = [EnumLabel(label, label, None) for label in reading.labels]
        self._read = reader(reading.kind, labels, reading.null_tokens)

    def of(self, value: Scalar) -> Row:
        """What a stored value becomes."""
        found = self._read(value)
        if not self.reading.spaced:
            return {self.name: found}
        return {self.name: found, f"{self.name}s": spaced(found) if isinstance(found, str) else None}

    def types(self) -> list[tuple[str, pa.DataType]]:
        """The columns with their types."""
        own = [(self.name, ARROW[self.reading.kind])]
        return [*own, (f"{self.name}s", pa.string())] if self.reading.spaced else own


def _lead(judged: Judged, columns: Sequence[_Column]) -> Row:
    lead = judged.history.lead
    row = row_values(lead)
    values = {
        **_stretch(judged),
        "lead_id": lead.lead_id,
        "account": judged.account,
        "whole": True,
        "created_us": micros(lead.created_at),
        "row_is_current": lead.row_is == "current",
    }
    for column in columns:
        values |= column.of(row.get(column.reading.name))
    return values


def _stretch(judged: Judged) -> Row:
    return {"key": judged.history.lead.lead_id, "start_us": judged.start_us, "until_us": judged.until_us}


def _changes(judged: Judged, columns: Sequence[_Column], as_of_us: int) -> Iterable[Row]:
    read = {column.reading.name for column in columns}
    for change in judged.history.field_changes:
        field = stored_name(change.field)
        if known_from(change) > as_of_us or field not in read:
            continue
        row: Row = {
            **_stretch(judged),
            "field": field,
            "changed_us": micros(change.changed_at),
            "known_us": micros(change.known_at),
            "from_us": known_from(change),
            "has_value": change.value is not None,
            "text": canonical_text(change.value),
        }
        for column in columns:
            if column.reading.name == field:
                row |= column.of(change.value)
        yield row


def _events(judged: Judged, columns: Sequence[_Column], as_of_us: int) -> Iterable[Row]:
    for event in EventLog(judged.history.events).known_by(as_of_us):
        row: Row = {
            **_stretch(judged),
            "name": event.name,
            "occurred_us": event.occurred_us,
            "known_us": event.known_us,
        }
        for column in columns:
            row |= column.of(event.props.get(column.reading.name))
        yield row


def _table(fixed: Sequence[tuple[str, pa.DataType]], columns: Sequence[_Column], rows: Iterable[Row]) -> pa.Table:
    types = [*fixed, *(pair for column in columns for pair in column.types())]
    found = list(rows)
    return pa.table({name: pa.array([row.get(name) for row in found], kind) for name, kind in types})
