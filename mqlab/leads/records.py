"""What is known about leads, as frozen records. Instants are aware UTC; text is already normalised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

Scalar = str | float | bool | None
"""A field's or property's stored value: normalised text, number, bool, or missing.

Definitions read it by the declared type (`mqlab.leads.values.read`): number text becomes a number, and so on.
"""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a lead took a value at `changed_at`; the business knew at `known_at`. None means "became missing"."""

    field: str
    value: Scalar
    changed_at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something a lead did. `version` orders several versions of one event key; None where the source has none."""

    name: str
    occurred_at: datetime
    known_at: datetime
    event_id: str | None = None
    source: str = ""
    props: Mapping[str, Scalar] = field(default_factory=dict)
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Lead:
    """A person in the database, with the values of its row.

    `row_is`: "initial", the row is the value before any change; "current", the row holds today's values, so it is
    ignored for every field that has changes. `assigned_at`: where a caller fixed the start; else `created_at` is it.
    """

    lead_id: str
    created_at: datetime
    source: str | None = None
    account_key: str | None = None
    email_domain: str | None = None
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    row_is: Literal["initial", "current"] = "initial"
    assigned_at: datetime | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A lead with its events and field changes: everything a definition may read about one lead."""

    lead: Lead
    events: tuple[Event, ...] = ()
    field_changes: tuple[FieldChange, ...] = ()
    recycled_at: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """`old_id` became `new_id` at `merged_at`."""

    old_id: str
    new_id: str
    merged_at: datetime
    known_at: datetime


class OutcomeKind(StrEnum):
    """What sales can report about a lead; a closed list."""

    HANDED_OFF = "handed_off"
    TOUCHED = "touched"
    MEETING = "meeting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RECYCLED = "recycled"
    PQL = "pql"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    CLOSED_WON = "closed_won"
    CLOSED_LOST = "closed_lost"
    REOPENED = "reopened"
    AMOUNT_CHANGED = "amount_changed"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What sales reported about a lead. `amount` is in currency units with its ISO code; `owner` is a hash."""

    lead_id: str
    kind: OutcomeKind
    occurred_at: datetime
    known_at: datetime
    opportunity_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    quantity: float | None = None
    reason_code: str | None = None
    owner: str | None = None
    row_id: str | None = None
    modified_at: datetime | None = None
    resolution: Literal["instant", "day"] = "instant"
    backfill: bool = False
    evidence: Literal["stated", "inferred", "account_domain"] = "stated"
