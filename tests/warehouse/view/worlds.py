"""Made histories as the tables an engine holds, and what the records say a view of them must be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from mqlab.definitions.fields import known_from, reader
from mqlab.definitions.model import EnumLabel
from mqlab.definitions.prepare import prepare
from mqlab.leads.instants import micros
from mqlab.leads.records import Event, FieldChange, History, Merge, Scalar
from mqlab.leads.tables import EVENTS, FIELD_CHANGES, IDENTITY, LEADS, OUTCOMES, Facts, empty
from mqlab.leads.text import DEFAULT_NULL_TOKENS, normalise, spaced, stored_name
from mqlab.leads.values import ValueType, canonical_text
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.readings import Reading, Readings
from mqlab.warehouse.view.tables import LabTables, lab_table
from mqlab.warehouse.view.view import View, value_columns
from tests.definitions.made import START, STEP, Maker

AS_OF = START + 22 * STEP

Row = tuple[Any, ...]


def _reading(name: str, kind: ValueType, *labels: str, spaced: bool = False) -> Reading:
    return Reading(name, kind, labels, DEFAULT_NULL_TOKENS, spaced)


READINGS = Readings(
    fields=(
        _reading("email_domain", "string"),
        _reading("employees", "number"),
        _reading("employees", "string"),
        _reading("need", "enum", "none", "low", "medium", "high"),
        _reading("never", "bool"),
        _reading("opted", "bool"),
        _reading("source", "string"),
        _reading("title", "enum", "vp sales"),
        _reading("title", "string", spaced=True),
    ),
    props=(
        _reading("bot", "bool"),
        _reading("kind", "enum", "ebook", "demo"),
        _reading("path", "string", spaced=True),
        _reading("secs", "number"),
    ),
)
"""Two ways of reading one field, one that nobody has, and text of which words are asked."""

UNICODE = tuple(
    map(
        normalise,
        ("Größe – Straße", "İstanbul Müdürü", "ΔΙΕΥΘΥΝΤΉΣ, πωλήσεων", "sales\u00a0\u2009ops", "e\u0301te\u0327",
         "№ ⅷ ٣", "हिन्दी/中文", "a\u200db 👩\u200d💻", 'q"uo\\te', "\u1e9e\u0130", "Ꭰ", "ﬁ n/a",
         "tab\tend\x1f\x7f"),
    )
)  # fmt: skip


class WorldMaker:
    """Makes histories of several leads, with text in many alphabets and late news of all kinds."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker

    def histories(self, count: int) -> list[History]:
        """The histories of `count` leads."""
        return [self._history(f"lead-{number}") for number in range(count)]

    def merges(self, ids: Sequence[str]) -> list[Merge]:
        """Merges among some ids, known by `AS_OF`, in the order of their dates."""
        found = []
        for number in range(self._maker.number(1, 5)):
            at = START + self._maker.number(-5, 20) * STEP + timedelta(seconds=number)
            old, new = self._maker.one(ids), self._maker.one(ids)
            if old != new:
                found.append(Merge(old, new, at, at))
        return sorted(found, key=lambda merge: merge.merged_at)

    def _history(self, lead_id: str) -> History:
        made = self._maker.history(lead_id, self._maker.one((self._maker.coarse, self._maker.coarse, self._maker.fine)))
        row = {name: self._text(name, value) for name, value in made.lead.fields.items()}
        domain = self._maker.one((None, "buyer.com", "müller.de"))
        events = list(map(self._event, made.events))
        if events and self._maker.chance(0.5):
            events.append(self._version_of(self._maker.one(events)))
        return replace(
            made,
            lead=replace(made.lead, fields=row, email_domain=domain),
            events=tuple(events),
            field_changes=tuple(
                replace(change, value=self._text(change.field, change.value)) for change in made.field_changes
            ),
        )

    def _event(self, event: Event) -> Event:
        return replace(event, props={name: self._text(name, value) for name, value in event.props.items()})

    def _version_of(self, event: Event) -> Event:
        """The same event again, said a little differently."""
        match self._maker.number(0, 4):
            case 0:
                return replace(event, known_at=event.known_at + self._maker.number(-2, 3) * STEP)
            case 1:
                return replace(event, version=self._maker.one((None, 1, 2, 3)))
            case 2:
                return replace(event, name=self._maker.one(("view", "form")), event_id=event.event_id or "e9")
            case 3:
                return replace(event, props={**event.props, "path": self._maker.one(UNICODE)})
            case _:
                return event

    def _text(self, name: str, value: Scalar) -> Scalar:
        return self._maker.one(UNICODE) if name in {"title", "path"} and self._maker.chance(0.5) else value


WORLDS = st.randoms(use_true_random=True).map(lambda rng: WorldMaker(Maker(rng)))


def as_text(histories: Iterable[History]) -> list[History]:
    """The histories as they are where every value is text; a number that is none is nothing."""
    return [
        replace(
            one,
            lead=replace(one.lead, fields={name: _written(value) for name, value in one.lead.fields.items()}),
            events=tuple(
                replace(event, props={name: _written(value) for name, value in event.props.items()})
                for event in one.events
            ),
            field_changes=tuple(replace(change, value=_written(change.value)) for change in one.field_changes),
        )
        for one in histories
    ]


def _written(value: Scalar) -> str | None:
    return None if value is None or value != value else canonical_text(value)


def facts_of(histories: Sequence[History], merges: Sequence[tuple[str, str, datetime]] = ()) -> Facts:
    """The histories as the facts of a ledger."""
    return Facts(
        as_of=AS_OF,
        position=1,
        leads=_table(map(_lead_row, histories), LEADS),
        field_changes=_table(
            (_change_row(one, change) for one in histories for change in one.field_changes), FIELD_CHANGES
        ),
        events=_table((_event_row(one, event) for one in histories for event in one.events), EVENTS),
        identity=_table(
            ({"old_id": old, "new_id": new, "merged_at": at, "known_at": at} for old, new, at in merges), IDENTITY
        ),
        outcomes=empty(OUTCOMES),
    )


def _lead_row(history: History) -> Mapping[str, Any]:
    lead = history.lead
    return {
        "lead_id": lead.lead_id, "created_at": lead.created_at, "known_at": lead.known_at, "source": lead.source,
        "email_domain": lead.email_domain, "account_key": lead.account_key, "row_is": lead.row_is,
        "fields": json.dumps(dict(lead.fields)),
    }  # fmt: skip


def _change_row(history: History, change: FieldChange) -> Mapping[str, Any]:
    return {
        "lead_id": history.lead.lead_id, "field": change.field, "value": json.dumps(change.value),
        "changed_at": change.changed_at, "known_at": change.known_at,
    }  # fmt: skip


def _event_row(history: History, event: Event) -> Mapping[str, Any]:
    return {
        "lead_id": history.lead.lead_id, "source": event.source, "event_id": event.event_id, "name": event.name,
        "occurred_at": event.occurred_at, "known_at": event.known_at, "version": event.version,
        "props": json.dumps(dict(event.props), ensure_ascii=False),
    }  # fmt: skip


def tables_of(histories: Sequence[History], engine: Engine) -> LabTables:
    """The histories as the tables of a lab in which fields and properties are columns of text."""
    fields = sorted({name for one in histories for name in one.lead.fields})
    props = sorted({name for one in histories for event in one.events for name in event.props})
    lead_schema = pa.schema([(one.name, one.type) for one in LEADS if one.name != "fields"])
    event_schema = pa.schema([(one.name, one.type) for one in EVENTS if one.name != "props"])
    tables = {
        "leads": _table(({**_lead_row(one), **one.lead.fields} for one in histories), _with_text(lead_schema, fields)),
        "field_changes": _table(
            ({**_change_row(one, change), "value": change.value} for one in histories for change in one.field_changes),
            FIELD_CHANGES,
        ),
        "events": _table(
            ({**_event_row(one, event), **event.props} for one in histories for event in one.events),
            _with_text(event_schema, props),
        ),
    }
    problems: list[Any] = []
    found = {
        name: lab_table(name, engine.load(f"raw_{name}", table), engine.name, problems)
        for name, table in tables.items()
    }
    assert problems == []
    return LabTables(**found)


def _with_text(schema: pa.Schema, names: Iterable[str]) -> pa.Schema:
    return pa.schema([*schema, *((name, pa.string()) for name in names)])


def _table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)


def starts_of(histories: Sequence[History]) -> pa.Table:
    """Every lead as its own stretch, from the instant it starts at."""
    return pa.Table.from_pylist(
        [
            {
                "key": one.lead.lead_id, "lead_id": one.lead.lead_id, "account": one.lead.account_key, "whole": True,
                "start_us": micros(one.lead.assigned_at or one.lead.created_at), "until_us": None,
            }
            for one in histories
        ],
        schema=STARTS,
    )  # fmt: skip


STARTS = pa.schema(
    [
        ("key", pa.string()), ("lead_id", pa.string()), ("account", pa.string()), ("whole", pa.bool_()),
        ("start_us", pa.int64()), ("until_us", pa.int64()),
    ]
)  # fmt: skip


def rows_of(view: View, engine: Engine) -> dict[str, list[Row]]:
    """What a view holds, in the columns the records can say: leads, changes and events, sorted."""
    fields = [column for column, _, _ in value_columns("f", view.readings.fields)]
    props = [column for column, _, _ in value_columns("p", view.readings.props)]
    wanted = {
        "leads": view.leads.select("key", "lead_id", "start_us", "created_us", "row_is_current", *fields),
        "changes": view.changes.select(
            "key", "field", "changed_us", "known_us", "from_us", "has_value", "text", *fields
        ),
        "events": view.events.select("key", "name", "occurred_us", "known_us", *props),
    }
    return {
        name: _sorted(tuple(row.values()) for row in engine.fetched(table).to_pylist())
        for name, table in wanted.items()
    }


def records_of(
    histories: Mapping[str, History], readings: Readings = READINGS, as_of: datetime = AS_OF
) -> dict[str, list[Row]]:
    """What a view must hold according to the records; histories are by the key of their stretch."""
    as_of_us = micros(as_of)
    leads, changes, events = [], [], []
    for key, history in histories.items():
        prepared = prepare(history)
        view = prepared.view(as_of_us)
        current = history.lead.row_is == "current"
        leads.append(
            (key, history.lead.lead_id, prepared.start_us, prepared.created_us, current,
             *_values("f", readings.fields, prepared.row))
        )  # fmt: skip
        for field, found in view.changed.items():
            if any(one.name == field for one in readings.fields):
                changes += [
                    (key, field, micros(change.changed_at), micros(change.known_at), known_from(change),
                     change.value is not None, canonical_text(change.value),
                     *_values("f", readings.fields, {field: change.value}))
                    for change in found
                ]  # fmt: skip
        for named in view.by_name.values():
            for event in named:
                events.append(
                    (key, event.name, event.occurred_us, event.known_us, *_values("p", readings.props, event.props))
                )
    return {"leads": _sorted(leads), "changes": _sorted(changes), "events": _sorted(events)}


def _values(prefix: str, readings: tuple[Reading, ...], values: Mapping[str, Scalar]) -> list[Scalar]:
    found: list[Scalar] = []
    for _, reading, is_spaced in value_columns(prefix, readings):
        labels = [EnumLabel(label, label, None) for label in reading.labels]
        value = reader(reading.kind, labels, reading.null_tokens)(values.get(stored_name(reading.name)))
        found.append(spaced(value) if is_spaced and isinstance(value, str) else value)
    return found


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=repr)
