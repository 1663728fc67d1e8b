"""The rows of a funnel as Arrow facts: what ingesting the feeds into a store and reading them back would give."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.crm.email import hashed_owner
from mqlab.leads.instants import micros
from mqlab.leads.tables import EVENTS, FIELD_CHANGES, IDENTITY, INSTANT, LEADS, OUTCOMES, Facts
from mqlab.leads.text import normalise
from mqlab.simulation.rows import FIELDS, PROPS, Column, Columns, Rows

AMOUNT = pa.decimal128(20, 4)


def facts_of(rows: Rows, as_of: datetime, *, unmatched: int = 0, quarantined: int = 0) -> Facts:
    """Everything in `rows` the business knew at `as_of`; of an outcome reported twice, the later version."""
    edge = micros(as_of) // 1_000_000
    known = [
        {name: column[table["known_at"] <= edge] for name, column in table.items()}
        for table in (rows.leads, rows.events, rows.field_changes, rows.identity, rows.outcomes)
    ]
    leads, events, changes, identity, outcomes = known
    return Facts(
        as_of=as_of,
        position=0,
        leads=_leads(leads),
        field_changes=_changes(changes),
        events=_events(events),
        identity=_table(
            {
                **{name: _text(identity[name]) for name in ("old_id", "new_id")},
                **_instants(identity, "merged_at", "known_at"),
            },
            IDENTITY,
        ),
        outcomes=_outcomes(_current(outcomes)),
        unmatched_outcomes=unmatched,
        quarantined=quarantined,
    )


def _leads(rows: Columns) -> pa.Table:
    domains = [email.rpartition("@")[2] for email in rows["email"].tolist()]
    values = {name: _normalised(rows[name]) for name in FIELDS}
    packed = zip(*(values[name] for name in FIELDS), strict=True)
    objects = [_json({name: value for name, value in zip(FIELDS, row, strict=True) if value}) for row in packed]
    return _table(
        {
            "lead_id": _text(rows["lead_id"]),
            **_instants(rows, "created_at", "known_at"),
            "source": _text(np.array(_normalised(rows["source"]), dtype=np.str_)),
            "email_domain": pa.array([domain or None for domain in domains], pa.string()),
            "account_key": _text(rows["account_key"]),
            "row_is": pa.array(["initial"] * len(objects), pa.string()),
            "fields": pa.array(objects, pa.string()),
        },
        LEADS,
    )


def _changes(rows: Columns) -> pa.Table:
    values = [json.dumps(value, ensure_ascii=False) for value in _normalised(rows["value"])]
    return _table(
        {
            "lead_id": _text(rows["lead_id"]),
            "field": _text(rows["field"]),
            "value": pa.array(values, pa.string()),
            **_instants(rows, "changed_at", "known_at"),
        },
        FIELD_CHANGES,
    )


def _events(rows: Columns) -> pa.Table:
    packed = zip(*(rows[name].tolist() for name in PROPS), strict=True)
    seen: dict[tuple[str, ...], str] = {}
    objects = []
    for row in packed:
        if row not in seen:
            seen[row] = _json({name: normalise(value) for name, value in zip(PROPS, row, strict=True) if value})
        objects.append(seen[row])
    return _table(
        {
            **{name: _text(rows[name]) for name in ("lead_id", "source", "event_id", "name")},
            **_instants(rows, "occurred_at", "known_at"),
            "version": pa.nulls(len(objects), pa.int64()),
            "props": pa.array(objects, pa.string()),
        },
        EVENTS,
    )


def _current(rows: Columns) -> Columns:
    """Of every `row_id` the row modified last, known since the first of them was."""
    order = np.lexsort((rows["modified_at"], rows["row_id"]))
    ids = rows["row_id"][order]
    changes = ids[1:] != ids[:-1]
    first, last = np.concatenate([[True], changes]), np.concatenate([changes, [True]])
    known = rows["known_at"][order[first]]
    current = {name: column[order[last]] for name, column in rows.items()} | {"known_at": known}
    again = np.lexsort((current["row_id"], current["known_at"]))
    return {name: column[again] for name, column in current.items()}


def _outcomes(rows: Columns) -> pa.Table:
    size = len(rows["lead_id"])
    amounts = [Decimal(text) if text else None for text in rows["amount"].tolist()]
    quantities = [float(text) if text else None for text in rows["quantity"].tolist()]
    hashes = {owner: hashed_owner(owner) if owner else "" for owner in np.unique(rows["owner"]).tolist()}
    return _table(
        {
            **{name: _text(rows[name]) for name in ("lead_id", "kind", "opportunity_id", "currency")},
            "reason_code": _text(np.array(_normalised(rows["reason_code"]), dtype=np.str_)),
            "owner": _text(np.array([hashes[owner] for owner in rows["owner"].tolist()], dtype=np.str_)),
            **_instants(rows, "occurred_at", "known_at"),
            "amount": pa.array(amounts, AMOUNT),
            "quantity": pa.array(quantities, pa.float64()),
            "resolution": pa.array(["instant"] * size, pa.string()),
            "backfill": pa.array([False] * size, pa.bool_()),
            "evidence": pa.array(["stated"] * size, pa.string()),
        },
        OUTCOMES,
    )


def _table(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _text(column: Column) -> pa.Array:
    values = pa.array(column.astype(np.str_).tolist(), pa.string())
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def _instants(rows: Columns, *names: str) -> dict[str, pa.Array]:
    return {name: pa.array(rows[name].astype(np.int64) * 1_000_000, pa.int64()).cast(INSTANT) for name in names}


def _normalised(column: Column) -> list[str]:
    known: dict[str, str] = {}
    return [known.setdefault(text, normalise(text)) for text in column.tolist()]


def _json(values: dict[str, str]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
