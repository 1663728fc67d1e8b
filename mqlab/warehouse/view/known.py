"""What the business knew by one instant, typed, in an engine; before anybody says whose facts are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ibis.expr import types as ir

from mqlab.warehouse.readings import Readings

LEAD_COLUMNS: Mapping[str, str] = {
    "lead_id": "string", "source": "string", "account_key": "string", "email_domain": "string", "created_us": "int64",
    "known_us": "int64", "row_is_current": "boolean",
}  # fmt: skip
CHANGE_COLUMNS: Mapping[str, str] = {
    "lead_id": "string", "field": "string", "changed_us": "int64", "known_us": "int64", "has_value": "boolean",
    "text": "string",
}  # fmt: skip
EVENT_COLUMNS: Mapping[str, str] = {
    "lead_id": "string", "name": "string", "occurred_us": "int64", "known_us": "int64",
}  # fmt: skip
VERSION_COLUMNS: Mapping[str, str] = {"source": "string", "event_id": "string", "version": "int64"}
"""The columns of known facts and their types, without those of values."""


@dataclass(frozen=True)
class KnownFacts:
    """Leads, changes and events known by one instant. Instants are int64 microseconds since 1970 UTC.

    - `leads`: `lead_id`, `source`, `account_key`, `email_domain`, `created_us`, `known_us`, `row_is_current`, `f<i>`.
    - `changes`: `lead_id`, `field`, `changed_us`, `known_us`, `has_value`, `text`, `f<i>`.
    - `events`: `lead_id`, `name`, `occurred_us`, `known_us` (its arrival), `p<i>`; every version of an event is a row.
    - `versions`: the same and `source`, `event_id` (null where there is none), `version`, and what
      `mqlab.definitions.events.canonical_props` writes of the properties: in a column `canonical`, or to be made of
      the columns `v<i>`, which hold the properties of the names `identifying`. It may hold the events of some leads
      only: those in `repeated`, and those the CRM merged.
    - `repeated`: `lead_id` of the leads that may have several versions of one event; None where there is no such lead.

    `absent` names what is read of a table that has no such column, such as `leads.employees`: it is missing everywhere.
    """

    readings: Readings
    leads: ir.Table
    changes: ir.Table
    events: ir.Table
    versions: ir.Table
    repeated: ir.Table | None
    identifying: tuple[str, ...] | None = None
    absent: tuple[str, ...] = ()
