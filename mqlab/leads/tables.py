"""The canonical tables as Arrow schemas: what the store hands out and what an analysis takes in.

`fields` and `props` are JSON objects of scalars, `value` a JSON scalar; all text in them is normalised. Instants are
microseconds UTC. Rows are already those of one `as_of` and one ledger position: one current row per lead, every
version of an event, every change, the current version of every outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

INSTANT = pa.timestamp("us", tz="UTC")

LEADS = pa.schema(
    [
        ("lead_id", pa.string()),
        ("created_at", INSTANT),
        ("known_at", INSTANT),
        ("source", pa.string()),
        ("email_domain", pa.string()),
        ("account_key", pa.string()),
        ("row_is", pa.string()),
        ("fields", pa.string()),
    ]
)
FIELD_CHANGES = pa.schema(
    [
        ("lead_id", pa.string()),
        ("field", pa.string()),
        ("value", pa.string()),
        ("changed_at", INSTANT),
        ("known_at", INSTANT),
    ]
)
EVENTS = pa.schema(
    [
        ("lead_id", pa.string()),
        ("source", pa.string()),
        ("event_id", pa.string()),
        ("name", pa.string()),
        ("occurred_at", INSTANT),
        ("known_at", INSTANT),
        ("version", pa.int64()),
        ("props", pa.string()),
    ]
)
IDENTITY = pa.schema([("old_id", pa.string()), ("new_id", pa.string()), ("merged_at", INSTANT), ("known_at", INSTANT)])
OUTCOMES = pa.schema(
    [
        ("lead_id", pa.string()),
        ("kind", pa.string()),
        ("occurred_at", INSTANT),
        ("known_at", INSTANT),
        ("opportunity_id", pa.string()),
        ("amount", pa.decimal128(20, 4)),
        ("currency", pa.string()),
        ("quantity", pa.float64()),
        ("reason_code", pa.string()),
        ("owner", pa.string()),
        ("resolution", pa.string()),
        ("backfill", pa.bool_()),
        ("evidence", pa.string()),
    ]
)
CLAIMS = pa.schema([("opportunity_id", pa.string()), ("kind", pa.int64()), ("lead_id", pa.string())])
"""The leads that an opportunity is linked to, where they are several, and by what (`mqlab.leads.links.LinkKind`)."""

OVERRIDES = pa.schema([("unit", pa.string()), ("arm", pa.string())])
"""Assignments that win over the hash for one experiment; rows come from the `assignments` table."""


@dataclass(frozen=True)
class Facts:
    """Everything the business knew at `as_of`, read at one ledger position.

    `leads_before` and `leads_after` count leads that are not among `leads`, where only those that an experiment
    concerns were read: created before its enrolment, and after it.
    """

    as_of: datetime
    position: int
    leads: pa.Table
    field_changes: pa.Table
    events: pa.Table
    identity: pa.Table
    outcomes: pa.Table
    claims: pa.Table = field(default_factory=CLAIMS.empty_table)
    unmatched_outcomes: int = 0
    quarantined: int = 0
    leads_before: int = 0
    leads_after: int = 0


def empty(schema: pa.Schema) -> pa.Table:
    """A table of `schema` without rows."""
    return schema.empty_table()
