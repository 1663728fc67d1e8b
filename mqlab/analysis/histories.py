"""Facts as histories: what each lead was and did, in the shape the evaluator reads."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import cast

import pyarrow as pa

from mqlab.leads.instants import instant
from mqlab.leads.records import Event, FieldChange, History, Lead, Merge, Scalar
from mqlab.leads.tables import Facts

_DECODER = json.JSONDecoder(parse_int=float)


class _Json:
    """Decodes JSON, each different text once: properties repeat."""

    def __init__(self) -> None:
        self._objects: dict[str, Mapping[str, Scalar]] = {}
        self._scalars: dict[str, Scalar] = {}

    def object(self, text: str | None) -> Mapping[str, Scalar]:
        """A JSON object of scalars; nothing is the empty object."""
        if not text:
            return {}
        found = self._objects.get(text)
        if found is None:
            found = self._objects[text] = cast("Mapping[str, Scalar]", _DECODER.decode(text))
        return found

    def scalar(self, text: str | None) -> Scalar:
        """A JSON scalar; nothing is missing."""
        if text is None:
            return None
        if text not in self._scalars:
            self._scalars[text] = cast("Scalar", _DECODER.decode(text))
        return self._scalars[text]


class _Instants:
    """Microseconds as datetimes, each different instant once."""

    def __init__(self) -> None:
        self._known: dict[int, datetime] = {}

    def of(self, us: int) -> datetime:
        """The aware UTC datetime."""
        found = self._known.get(us)
        if found is None:
            found = self._known[us] = instant(us)
        return found


@dataclass(frozen=True)
class Histories:
    """The history of every id that has a lead row, before any merge, and the merges known by `as_of`.

    `stray_events` and `stray_changes` count the rows whose lead has no row.
    """

    by_id: Mapping[str, History]
    merges: tuple[Merge, ...]
    stray_events: int
    stray_changes: int

    @cached_property
    def leads(self) -> tuple[Lead, ...]:
        """The lead rows, by id."""
        return tuple(history.lead for history in self.by_id.values())


def histories(facts: Facts) -> Histories:
    """Every lead of `facts` with its events, field changes and recycles, sorted by id."""
    decode, instants = _Json(), _Instants()
    events = _events(facts.events, decode, instants)
    changes = _changes(facts.field_changes, decode, instants)
    recycled = _recycled(facts.outcomes, instants)
    by_id: dict[str, History] = {}
    for lead in sorted(_leads(facts.leads, decode, instants), key=lambda lead: lead.lead_id):
        lead_id = lead.lead_id
        by_id[lead_id] = History(
            lead,
            tuple(events.pop(lead_id, ())),
            tuple(changes.pop(lead_id, ())),
            tuple(sorted(recycled.get(lead_id, ()))),
        )
    return Histories(
        by_id=by_id,
        merges=_merges(facts, instants),
        stray_events=sum(map(len, events.values())),
        stray_changes=sum(map(len, changes.values())),
    )


def _leads(table: pa.Table, decode: _Json, instants: _Instants) -> list[Lead]:
    columns = zip(
        _texts(table, "lead_id"),
        _us(table, "created_at"),
        _texts(table, "source"),
        _texts(table, "account_key"),
        _texts(table, "email_domain"),
        _texts(table, "fields"),
        _texts(table, "row_is"),
        _us(table, "known_at"),
        strict=True,
    )
    return [
        Lead(
            lead_id,
            instants.of(created),
            source,
            account_key,
            email_domain,
            decode.object(fields),
            "current" if row_is == "current" else "initial",
            None,
            None if known is None else instants.of(known),
        )
        for lead_id, created, source, account_key, email_domain, fields, row_is, known in columns
    ]


def _events(table: pa.Table, decode: _Json, instants: _Instants) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    columns = zip(
        _texts(table, "lead_id"),
        _texts(table, "name"),
        _us(table, "occurred_at"),
        _us(table, "known_at"),
        _texts(table, "event_id"),
        _texts(table, "source"),
        _texts(table, "props"),
        table["version"].to_pylist(),
        strict=True,
    )
    for lead_id, name, occurred, known, event_id, source, props, version in columns:
        found[lead_id].append(
            Event(
                name, instants.of(occurred), instants.of(known), event_id, source or "", decode.object(props), version
            )
        )
    return found


def _changes(table: pa.Table, decode: _Json, instants: _Instants) -> dict[str, list[FieldChange]]:
    found: dict[str, list[FieldChange]] = defaultdict(list)
    columns = zip(
        _texts(table, "lead_id"),
        _texts(table, "field"),
        _texts(table, "value"),
        _us(table, "changed_at"),
        _us(table, "known_at"),
        strict=True,
    )
    for lead_id, field, value, changed, known in columns:
        found[lead_id].append(FieldChange(field, decode.scalar(value), instants.of(changed), instants.of(known)))
    return found


def _recycled(table: pa.Table, instants: _Instants) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = defaultdict(list)
    columns = zip(
        _texts(table, "lead_id"), _texts(table, "kind"), _us(table, "occurred_at"), _us(table, "known_at"), strict=True
    )
    for lead_id, kind, occurred, known in columns:
        if kind == "recycled":
            found[lead_id].append(instants.of(max(occurred, known)))
    return found


def _merges(facts: Facts, instants: _Instants) -> tuple[Merge, ...]:
    """The merges known by `as_of`, in the order of their dates."""
    table = facts.identity
    columns = zip(
        _texts(table, "old_id"), _texts(table, "new_id"), _us(table, "merged_at"), _us(table, "known_at"), strict=True
    )
    merges = (
        Merge(old_id, new_id, instants.of(merged), instants.of(known)) for old_id, new_id, merged, known in columns
    )
    known_by_then = (merge for merge in merges if max(merge.merged_at, merge.known_at) <= facts.as_of)
    return tuple(sorted(known_by_then, key=lambda m: (m.merged_at, m.known_at, m.old_id, m.new_id)))


def _texts(table: pa.Table, name: str) -> list[str]:
    return cast("list[str]", table[name].to_pylist())


def _us(table: pa.Table, name: str) -> list[int]:
    """A column of instants as microseconds since 1970 UTC."""
    return cast("list[int]", table[name].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_pylist())
