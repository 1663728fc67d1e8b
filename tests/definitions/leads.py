"""Leads, events and definitions in few words, for the tests of the evaluator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.leads.records import Event, FieldChange, History, Lead, Scalar

NOW = datetime(2026, 7, 31, 12, tzinfo=UTC)
DAY_US = 86_400_000_000


def ago(days: float = 0, **more: float) -> datetime:
    """An instant before NOW."""
    return NOW - timedelta(days=days, **more)


def event(name: str, at: datetime, *, known: datetime | None = None, **props: Scalar) -> Event:
    """An event of a source that names no ids, known when it occurs unless said otherwise."""
    return Event(name, at, known or at, props=props)


def change(field: str, value: Scalar, at: datetime, *, known: datetime | None = None) -> FieldChange:
    """A change, known when it happens unless said otherwise."""
    return FieldChange(field, value, at, known or at)


def lead(*facts: Event | FieldChange, created: datetime | None = None, **fields: Scalar) -> History:
    """A lead created 30 days before NOW with the given row, events and changes."""
    return History(
        Lead("lead-1", created or ago(30), fields=fields),
        tuple(fact for fact in facts if isinstance(fact, Event)),
        tuple(fact for fact in facts if isinstance(fact, FieldChange)),
    )


def definition(body: str) -> Definition:
    """A definition `small@1.0.0` with the usual fields and events and the given keys."""
    return load_text(
        f"""
kind: mql-definition/v1
id: small
version: 1.0.0
fields:
  employees: {{type: number}}
  need: {{type: enum, values: {{none: 0, low: 1, medium: 2, high: 3}}, missing: none}}
  region: {{type: enum, values: [north, south]}}
  opted: {{type: bool}}
  title: {{type: string}}
events:
  view: {{props: {{path: string, secs: number}}}}
  form: {{props: {{kind: string}}}}
  click: {{props: {{bot: bool}}}}
{body}
""",
        file="small@1.0.0.yaml",
    )
