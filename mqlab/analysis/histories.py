"""Facts as histories: what each lead was and did, in the shape the evaluator reads."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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

    `leads` are the lead rows, by id. Events become records when the history they belong to is first asked for: most
    questions are about some of the leads. `stray_events` and `stray_changes` count the rows whose lead has no row.
    """

    by_id: Mapping[str, History]
    leads: tuple[Lead, ...]
    merges: tuple[Merge, ...]
    changes: Mapping[str, tuple[FieldChange, ...]]
    stray_events: int
    stray_changes: int

    def without_events(self, lead: Lead) -> History:
        """A lead with its field changes only."""
        return History(lead, field_changes=self.changes.get(lead.lead_id, ()))


class _ByLead(Mapping[str, History]):
    """Histories by id, each made when it is first asked for."""

    def __init__(
        self,
        leads: Mapping[str, Lead],
        events: _Events,
        changes: Mapping[str, tuple[FieldChange, ...]],
        recycled: Mapping[str, list[datetime]],
    ) -> None:
        self._leads, self._events, self._changes, self._recycled = leads, events, changes, recycled
        self._made: dict[str, History] = {}

    def __getitem__(self, lead_id: str) -> History:
        found = self._made.get(lead_id)
        if found is None:
            found = self._made[lead_id] = History(
                self._leads[lead_id],
                self._events.of(lead_id),
                self._changes.get(lead_id, ()),
                tuple(sorted(self._recycled.get(lead_id, ()))),
            )
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._leads)

    def __len__(self) -> int:
        return len(self._leads)

    def __contains__(self, lead_id: object) -> bool:
        return lead_id in self._leads


class _Events:
    """The rows of events, those of one lead together in the order of the table."""

    def __init__(self, table: pa.Table, decode: _Json) -> None:
        ids = pc.fill_null(table["lead_id"], "").combine_chunks().dictionary_encode()
        number = np.asarray(ids.indices.to_numpy(), dtype=np.int64)
        order = np.argsort(number, kind="stable")
        ends = np.cumsum(np.bincount(number, minlength=len(ids.dictionary))).tolist()
        self.spans = dict(zip(ids.dictionary.to_pylist(), zip([0, *ends], ends, strict=False), strict=True))
        table = table.take(pa.array(order))
        self._columns = (
            _texts(table, "name"),
            _us(table, "occurred_at"),
            _us(table, "known_at"),
            _texts(table, "event_id"),
            _texts(table, "source"),
            _texts(table, "props"),
            table["version"].to_pylist(),
        )
        self._decode = decode

    def of(self, lead_id: str) -> tuple[Event, ...]:
        """One lead's events; an event known when it occurred has one instant for both."""
        begin, end = self.spans.get(lead_id, (0, 0))
        found = []
        for name, occurred_us, known_us, event_id, source, props, version in zip(
            *(column[begin:end] for column in self._columns), strict=True
        ):
            occurred = instant(occurred_us)
            known = occurred if known_us == occurred_us else instant(known_us)
            found.append(Event(name, occurred, known, event_id, source or "", self._decode.object(props), version))
        return tuple(found)


def histories(facts: Facts) -> Histories:
    """Every lead of `facts` with its events, field changes and recycles, sorted by id."""
    decode, instants = _Json(), _Instants()
    leads = {lead.lead_id: lead for lead in sorted(_leads(facts.leads, decode, instants), key=lambda one: one.lead_id)}
    events = _Events(facts.events, decode)
    changes = {lead_id: tuple(rows) for lead_id, rows in _changes(facts.field_changes, decode, instants).items()}
    return Histories(
        by_id=_ByLead(leads, events, changes, _recycled(facts.outcomes, instants)),
        leads=tuple(leads.values()),
        merges=merges_of(facts),
        changes=changes,
        stray_events=sum(end - begin for lead_id, (begin, end) in events.spans.items() if lead_id not in leads),
        stray_changes=sum(len(rows) for lead_id, rows in changes.items() if lead_id not in leads),
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


def merges_of(facts: Facts) -> tuple[Merge, ...]:
    """The merges known by `as_of`, in the order of their dates."""
    instants = _Instants()
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
