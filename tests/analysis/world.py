"""A small world of leads for the tests of an analysis: declared texts, and facts made from a seed or by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from mqlab.definitions.load import load_text as load_definition
from mqlab.definitions.model import Definition
from mqlab.experiments.load import load_text as load_protocol
from mqlab.experiments.protocol import Protocol
from mqlab.leads import tables
from mqlab.leads.tables import Facts

START = datetime(2026, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

CONTROL = """
kind: mql-definition/v1
id: forms
version: 1.0.0
fields: {employees: {type: number}}
events: {form_submit: {}, page_view: {}}
scores:
  fit: {rules: [{id: forms, event: form_submit, points: 10, max_count: 3, within: 60d}]}
qualify: "fit >= 20"
handoff: {first_touch: 4h}
"""

CHALLENGER = """
kind: mql-definition/v1
id: visits
version: 1.0.0
fields: {employees: {type: number}}
events: {form_submit: {}, page_view: {}}
scores:
  fit:
    rules:
      - {id: visits, event: page_view, points: 5, max_count: 4, within: 60d}
      - {id: forms, event: form_submit, points: 10, max_count: 2, within: 60d}
qualify: "fit >= 20"
handoff: {first_touch: 4h}
"""

EXPERIMENT = """
kind: mql-experiment/v1
id: forms-or-visits
title: Forms or visits
hypothesis: Visits find more SQLs.
aim: growth
owner: growth
unit: {unit}
salt: forms-or-visits
enrolment: {{from: 2026-07-01, to: 2026-07-30, timezone: UTC}}
phases: {phases}
control: control
arms:
{arms}
qualify_within: 20d
handling: {handling}
cadence: 1h
metrics:
  primary: {{metric: sql_per_lead, horizon: 30d, minimum_effect: 5%}}
  then:
    - {{metric: won_per_lead, horizon: 60d}}
    - {{metric: revenue_per_lead, horizon: 60d, cap: 20000, currency: EUR}}
  beside: [sql_per_mql, mql_per_lead, accepted_per_mql, effort_per_win]
  guardrails:
    - {{metric: won_per_lead, horizon: 60d, margin: 20%}}
    - {{metric: rejected_per_mql, horizon: 30d, margin: 10pp}}
    - {{metric: touched_within_sla, margin: 10pp}}
looks: {{dates: {looks}, spending: obrien_fleming, maximum_leads: {maximum}}}
segments: [source]
"""

TWO_ARMS = """  control: {definition: forms@1.0.0, weight: 1}
  challenger: {definition: visits@1.0.0, weight: 1}"""
THREE_ARMS = """  control: {definition: forms@1.0.0, weight: 1}
  challenger: {definition: visits@1.0.0, weight: 1}
  other: {definition: any-visit@1.0.0, weight: 1}"""

ANY_VISIT = """
kind: mql-definition/v1
id: any-visit
version: 1.0.0
events: {form_submit: {}, page_view: {}}
qualify: "count(page_view) >= 1"
handoff: {first_touch: 4h}
"""


def definitions() -> dict[str, Definition]:
    """The definitions of the tests, by reference."""
    loaded = [load_definition(text, file="test.yaml") for text in (CONTROL, CHALLENGER, ANY_VISIT)]
    return {definition.ref: definition for definition in loaded}


def protocol(
    *,
    unit: str = "lead",
    handling: str = "blinded",
    phases: str = "[{from: 2026-07-01, coverage: 100%}]",
    looks: str = "[2026-11-30]",
    maximum: int = 2000,
    arms: str = TWO_ARMS,
    extra: str = "",
) -> Protocol:
    """The experiment of the tests."""
    text = EXPERIMENT.format(unit=unit, handling=handling, phases=phases, looks=looks, maximum=maximum, arms=arms)
    return load_protocol(text + extra, file="test.yaml", definitions=definitions(), timezone="UTC")


def facts(
    leads: Sequence[Mapping[str, Any]],
    *,
    events: Sequence[Mapping[str, Any]] = (),
    changes: Sequence[Mapping[str, Any]] = (),
    merges: Sequence[Mapping[str, Any]] = (),
    outcomes: Sequence[Mapping[str, Any]] = (),
    as_of: datetime = datetime(2026, 12, 1, tzinfo=UTC) - timedelta(microseconds=1),
) -> Facts:
    """Facts from plain rows; what a row leaves out has the usual value."""
    return Facts(
        as_of=as_of,
        position=7,
        leads=_table(
            tables.LEADS,
            [
                {"source": "organic", "row_is": "initial", "known_at": row["created_at"], **row}
                | {"fields": json.dumps(row.get("fields", {}))}
                for row in leads
            ],
        ),
        field_changes=_table(
            tables.FIELD_CHANGES,
            [{"known_at": row["changed_at"], **row} | {"value": json.dumps(row["value"])} for row in changes],
        ),
        events=_table(
            tables.EVENTS,
            [
                {"source": "web", "known_at": row["occurred_at"], "event_id": f"e-{index}", **row}
                | {"props": json.dumps(row.get("props", {}))}
                for index, row in enumerate(events)
            ],
        ),
        identity=_table(tables.IDENTITY, [{"known_at": row["merged_at"], **row} for row in merges]),
        outcomes=_table(
            tables.OUTCOMES,
            [
                {
                    "known_at": row["occurred_at"],
                    "currency": "EUR" if row.get("amount") is not None else None,
                    "resolution": "instant",
                    "backfill": False,
                    "evidence": "stated",
                    **row,
                }
                for row in outcomes
            ],
        ),
    )


def _table(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)


def random_facts(seed: int, count: int = 600, *, accounts: int = 0) -> Facts:
    """A funnel with every kind of outcome, merges, ties, outcomes before assignment and shared opportunities."""
    rng = np.random.default_rng(seed)
    leads, events, outcomes = [], [], []
    for index in range(count):
        lead_id = f"L{index:05d}"
        created = START - 2 * DAY + timedelta(seconds=int(rng.integers(0, 34 * 86_400)))
        leads.append(
            {
                "lead_id": lead_id,
                "created_at": created,
                "source": str(rng.choice(["organic", "paid", "event"])),
                "account_key": f"acc-{int(rng.integers(0, accounts))}" if accounts else None,
                "fields": {"employees": float(rng.integers(1, 500))},
            }
        )
        for name, mean in (("page_view", 2.0), ("form_submit", 1.2)):
            for _ in range(int(rng.poisson(mean))):
                occurred = created + timedelta(hours=int(rng.integers(-10, 400)))
                late = timedelta(hours=int(rng.integers(0, 5)))
                events.append({"lead_id": lead_id, "name": name, "occurred_at": occurred, "known_at": occurred + late})
        outcomes += _outcomes(rng, lead_id, index, created)
    outcomes.append({"lead_id": "nobody", "kind": "sql", "occurred_at": START + 3 * DAY})
    return facts(leads, events=events, outcomes=outcomes)


def _outcomes(rng: np.random.Generator, lead_id: str, index: int, created: datetime) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []

    def add(kind: str, days: float, **more: Any) -> None:
        at = created + timedelta(seconds=int(days * 86_400))
        rows.append(
            {
                "lead_id": lead_id,
                "kind": kind,
                "occurred_at": at,
                "known_at": at + int(rng.integers(0, 3)) * DAY,
                **more,
            }
        )

    if rng.random() < 0.5:
        add("handed_off", 1)
        add("touched", 1 + float(rng.random()) * 0.4, quantity=float(rng.integers(1, 4)), owner=f"rep-{index % 3}")
        add("meeting", 5 + float(rng.random()) * 60)
        add("accepted" if rng.random() < 0.7 else "rejected", 2)
    if rng.random() < 0.3:
        add("sql", float(rng.random()) * 50)
    if rng.random() < 0.25:
        opportunity = f"O{index // 2}" if rng.random() < 0.3 else f"O-{index}"
        add("opportunity", float(rng.random()) * 60, opportunity_id=opportunity)
        if rng.random() < 0.7:
            won = float(rng.random()) * 90
            amount = Decimal(int(rng.integers(100_000, 3_000_000))) / 100
            add("closed_won", won, opportunity_id=opportunity, amount=amount)
            if rng.random() < 0.2:
                add("closed_won", won + 3, opportunity_id=opportunity, amount=amount * 2)
    if rng.random() < 0.03:
        add("closed_won", -3, opportunity_id=f"early-{index}", amount=Decimal("10"))
    return rows
