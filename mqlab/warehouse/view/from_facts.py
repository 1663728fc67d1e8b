"""The facts of a ledger, read as definitions read them and loaded into an engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.definitions.events import canonical_props
from mqlab.definitions.fields import reader
from mqlab.definitions.model import EnumLabel
from mqlab.leads.records import Scalar
from mqlab.leads.tables import Facts
from mqlab.leads.text import spaced, stored_name
from mqlab.leads.values import canonical_text
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.readings import Reading, Readings
from mqlab.warehouse.view.known import CHANGE_COLUMNS, EVENT_COLUMNS, LEAD_COLUMNS, VERSION_COLUMNS, KnownFacts
from mqlab.warehouse.view.versions import SECOND_US
from mqlab.warehouse.view.view import value_columns, value_types

BATCH_ROWS = 65_536
_DECODER = json.JSONDecoder(parse_int=float)

Columns = Mapping[str, Any]


def known_from_facts(facts: Facts, readings: Readings, engine: Engine, *, name: str = "known") -> KnownFacts:
    """What the facts say, typed batch by batch and loaded into the engine under names that begin with `name`."""
    versions, repeated = _several(facts)
    return KnownFacts(
        readings=readings,
        leads=engine.load(f"{name}_leads", _leads(facts.leads, readings.fields)),
        changes=engine.load(f"{name}_changes", _changes(facts.field_changes, readings.fields)),
        events=engine.load(f"{name}_events", _events(facts.events, readings.props)),
        versions=engine.load(f"{name}_versions", _events(versions, readings.props, with_versions=True)),
        repeated=engine.load(f"{name}_repeated", repeated) if repeated.num_rows else None,
    )


def _several(facts: Facts) -> tuple[pa.Table, pa.Table]:
    """The events of leads that may have several versions of one event, merged leads included; and the former leads."""
    events = facts.events
    event_id = pc.fill_null(events["event_id"], "")
    has_id = pc.not_equal(event_id, "")
    second = pa.array(_us(events["occurred_at"]).to_numpy() // SECOND_US, pa.int64())
    keys = pa.table(
        {
            "lead_id": events["lead_id"],
            "kind": pc.if_else(has_id, pc.fill_null(events["source"], ""), _stored(events["name"])),
            "key": event_id,
            "second": pc.if_else(has_id, pa.scalar(None, pa.int64()), second),
        }
    )
    counted = keys.group_by(keys.column_names).aggregate([([], "count_all")])
    repeated = pc.unique(counted.filter(pc.greater(counted["count_all"], 1))["lead_id"].combine_chunks())
    merged = [facts.identity[name].combine_chunks() for name in ("old_id", "new_id")]
    wanted = pa.concat_arrays([repeated, *merged])
    return events.filter(pc.is_in(events["lead_id"], value_set=wanted)), pa.table({"lead_id": repeated})


def _leads(table: pa.Table, readings: Sequence[Reading]) -> pa.Table:
    read = _Reader("f", readings)

    def row(fields: str | None, source: str | None, domain: str | None) -> tuple[Scalar, ...]:
        values = _object(fields)
        values["source"] = source
        if values.get("email_domain") is None:
            values["email_domain"] = domain
        return read.of(values)

    def batch(rows: pa.Table) -> Columns:
        created = _us(rows["created_at"])
        columns = (rows[name].to_pylist() for name in ("fields", "source", "email_domain"))
        return {
            **{name: rows[name] for name in ("lead_id", "source", "account_key", "email_domain")},
            "created_us": created,
            "known_us": pc.coalesce(_us(rows["known_at"]), created),
            "row_is_current": pc.fill_null(pc.equal(rows["row_is"], "current"), False),
            **read.columns([row(*one) for one in zip(*columns, strict=True)]),
        }

    return _typed(table, batch, {**LEAD_COLUMNS, **value_types("f", tuple(readings))})


def _changes(table: pa.Table, readings: Sequence[Reading]) -> pa.Table:
    """The changes of the fields that are read."""
    table = table.set_column(table.column_names.index("field"), "field", _stored(table["field"]))
    names = pa.array({one.name for one in readings}, pa.string())
    table = table.filter(pc.is_in(table["field"], value_set=names))
    read = _Reader("f", readings)

    def batch(rows: pa.Table) -> Columns:
        values = [None if text is None else cast("Scalar", _DECODER.decode(text)) for text in rows["value"].to_pylist()]
        changed = zip(rows["field"].to_pylist(), values, strict=True)
        return {
            "lead_id": rows["lead_id"],
            "field": rows["field"],
            "changed_us": _us(rows["changed_at"]),
            "known_us": _us(rows["known_at"]),
            "has_value": [value is not None for value in values],
            "text": [canonical_text(value) for value in values],
            **read.columns([read.of({field: value}) for field, value in changed]),
        }

    return _typed(table, batch, {**CHANGE_COLUMNS, **value_types("f", tuple(readings))})


def _events(table: pa.Table, readings: Sequence[Reading], *, with_versions: bool = False) -> pa.Table:
    read = _Reader("p", readings)

    def batch(rows: pa.Table) -> Columns:
        props = rows["props"].combine_chunks().dictionary_encode()
        objects = [_object(text) for text in props.dictionary.to_pylist()]
        columns = read.columns([read.of(one) for one in objects])
        numbers = props.indices
        found: dict[str, Any] = {
            "lead_id": rows["lead_id"],
            "name": _stored(rows["name"]),
            "occurred_us": _us(rows["occurred_at"]),
            "known_us": _us(rows["known_at"]),
            **{name: values.take(numbers) for name, values in columns.items()},
        }
        if with_versions:
            event_id = rows["event_id"]
            found |= {
                "source": pc.fill_null(rows["source"], ""),
                "event_id": pc.if_else(pc.equal(event_id, ""), pa.scalar(None, pa.string()), event_id),
                "version": rows["version"],
                "canonical": pc.fill_null(pa.array(map(canonical_props, objects), pa.string()).take(numbers), "{}"),
            }
        return found

    schema = {
        **EVENT_COLUMNS,
        **({**VERSION_COLUMNS, "canonical": "string"} if with_versions else {}),
        **value_types("p", tuple(readings)),
    }
    return _typed(table, batch, schema)


class _Reader:
    """The values of readings, row by row."""

    def __init__(self, prefix: str, readings: Sequence[Reading]) -> None:
        self._prefix = prefix
        self._readings = tuple(readings)
        self._read = [
            (
                reading.name,
                reader(reading.kind, [EnumLabel(one, one, None) for one in reading.labels], reading.null_tokens),
            )
            for reading in readings
        ]

    def of(self, values: Mapping[str, Scalar]) -> tuple[Scalar, ...]:
        """The value of every reading from values by stored name."""
        return tuple(read(values.get(name)) for name, read in self._read)

    def columns(self, rows: Sequence[tuple[Scalar, ...]]) -> dict[str, pa.Array]:
        """The columns of values of some rows."""
        by_reading = dict(zip(self._readings, zip(*rows, strict=True) if rows else (), strict=False))
        types = value_types(self._prefix, self._readings)
        found = {}
        for column, reading, is_spaced in value_columns(self._prefix, self._readings):
            values: Sequence[Any] = by_reading.get(reading, ())
            if is_spaced:
                values = [None if value is None else spaced(value) for value in values]
            found[column] = pa.array(values, types[column].to_pyarrow())
        return found


def _typed(table: pa.Table, batch: Callable[[pa.Table], Columns], columns: Mapping[str, Any]) -> pa.Table:
    """A table with `columns` of types, made of batches of rows."""
    schema = ibis.schema(columns).to_pyarrow()
    starts = range(0, table.num_rows, BATCH_ROWS)
    parts = [pa.table(batch(table.slice(start, BATCH_ROWS))).select(schema.names).cast(schema) for start in starts]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _object(text: str | None) -> dict[str, Scalar]:
    """A JSON object of scalars under stored names; nothing is the empty object."""
    if not text:
        return {}
    found = cast("Mapping[str, Scalar]", _DECODER.decode(text))
    return {stored_name(name): value for name, value in found.items()}


def _us(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Instants as microseconds since 1970 UTC."""
    return column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())


def _stored(names: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of names as stored names."""
    found = {name: stored_name(name) for name in pc.unique(names).to_pylist() if name is not None}
    if all(name == stored for name, stored in found.items()):
        return names
    encoded = names.combine_chunks().dictionary_encode()
    stored = pa.array([found.get(name) for name in encoded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([stored.take(encoded.indices)])
