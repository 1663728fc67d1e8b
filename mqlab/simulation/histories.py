"""Rows as histories, the shape in which definitions read leads."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from functools import lru_cache

from mqlab.leads.records import Event, FieldChange, History, Lead, Scalar
from mqlab.leads.text import normalise
from mqlab.simulation.population import Population
from mqlab.simulation.rows import FIELDS, PROPS, Columns, Rows

_normalised = lru_cache(maxsize=65_536)(normalise)


def histories_of(rows: Rows, who: Population) -> list[History]:
    """One history per lead of `who`, in order; second records have none, as they did nothing a definition counts."""
    leads = _leads(rows.leads)
    changes = _changes(rows.field_changes)
    events = _events(rows.events)
    return [
        History(
            lead=leads[lead_id], events=tuple(events.get(lead_id, ())), field_changes=tuple(changes.get(lead_id, ()))
        )
        for lead_id in who.lead_id.tolist()
    ]


def _leads(rows: Columns) -> dict[str, Lead]:
    names = ("lead_id", "created_at", "known_at", "source", "account_key", "email", *FIELDS)
    leads: dict[str, Lead] = {}
    for lead_id, created, known, source, account, email, *values in zip(
        *(rows[name].tolist() for name in names), strict=True
    ):
        fields: dict[str, Scalar] = {
            name: _normalised(value) for name, value in zip(FIELDS, values, strict=True) if value
        }
        leads[lead_id] = Lead(
            lead_id=lead_id,
            created_at=_instant(created),
            source=_normalised(source) or None,
            account_key=account or None,
            email_domain=email.rpartition("@")[2] or None,
            fields=fields,
            known_at=_instant(known),
        )
    return leads


def _changes(rows: Columns) -> dict[str, list[FieldChange]]:
    changes: dict[str, list[FieldChange]] = defaultdict(list)
    names = ("lead_id", "field", "value", "changed_at", "known_at")
    for lead_id, field, value, changed, known in zip(*(rows[name].tolist() for name in names), strict=True):
        changes[lead_id].append(FieldChange(field, _normalised(value) or None, _instant(changed), _instant(known)))
    return changes


def _events(rows: Columns) -> dict[str, list[Event]]:
    events: dict[str, list[Event]] = defaultdict(list)
    names = ("lead_id", "event_id", "source", "name", "occurred_at", "known_at", *PROPS)
    seen: dict[tuple[str, ...], dict[str, Scalar]] = {}
    for lead_id, event_id, source, name, occurred, known, *values in zip(
        *(rows[name].tolist() for name in names), strict=True
    ):
        key = tuple(values)
        if key not in seen:
            seen[key] = {name: _normalised(value) for name, value in zip(PROPS, values, strict=True) if value}
        events[lead_id].append(Event(name, _instant(occurred), _instant(known), event_id, source, seen[key]))
    return events


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
