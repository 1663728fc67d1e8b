"""`assign` for leads that come along in a lab whose tables lie in a warehouse: beside them, as `analyze` sees them.

Hand-overs, merges, assignments made at the door, field changes and the earlier leads of the same units are those of
the warehouse; nothing but the answers leaves it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from mqlab.analysis.judge_in_engine import Held, enrolled_persons, readings_for
from mqlab.experiments.arrival import Arrival
from mqlab.experiments.enrol import Assignment
from mqlab.experiments.protocol import Protocol
from mqlab.lab.assign_everyone import PLAIN
from mqlab.lab.experiments import definitions_of
from mqlab.lab.place import leads_in_engine
from mqlab.lab.progress import silent
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import Lead
from mqlab.leads.tables import EVENTS, FIELD_CHANGES, IDENTITY, LEADS, OUTCOMES, Facts
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.view.from_facts import known_from_facts

if TYPE_CHECKING:
    from mqlab.lab.core import Lab

Row = Lead | Arrival


def assign_in_place(lab: Lab, plan: Protocol, leads: Sequence[Row], *, as_of: datetime) -> list[Assignment]:
    """Where leads belong, in their order; a lead of the warehouse that has the same id gives way to the one given.

    A lead without `created_at` stands in the last phase, after every other one of its unit. Of a lead that comes
    several times each row is answered by itself.
    """
    definitions, settings = definitions_of(lab, plan), lab.settings.lab
    overrides = lab.reading.assignments.overrides(plan.id)
    forced = dict(zip(overrides["unit"].to_pylist(), overrides["arm"].to_pylist(), strict=True))
    readings = readings_for(plan, definitions, settings.null_tokens)
    found: dict[int, Assignment] = {}
    with leads_in_engine(lab, readings, as_of=as_of, progress=silent) as place:
        for rows in _rounds(leads):
            people = enrolled_persons(
                place.engine,
                _with_arriving(place.engine, place.held, list(rows.values()), plan, as_of),
                plan,
                definitions,
                as_of_us=micros(as_of),
                internal_domains=settings.internal_domains,
                null_tokens=settings.null_tokens,
                overrides=forced,
                positions=True,
            )
            ids = place.engine.load("asked", pa.table({"asked": pa.array([row.lead_id for row in rows.values()])}))
            answers = people.rows.semi_join(ids, people.rows.lead_id == ids.asked).select(*PLAIN, "start_us")
            by_id = {row["lead_id"]: row for row in place.engine.fetched(answers).to_pylist()}
            for index, row in rows.items():
                answer = by_id[row.lead_id]
                start = None if row.created_at is None else answer["start_us"]
                found[index] = Assignment(
                    **{name: answer[name] for name in PLAIN}, assigned_at=None if start is None else instant(start)
                )
    return [found[index] for index in range(len(leads))]


def _rounds(leads: Sequence[Row]) -> Iterator[Mapping[int, Row]]:
    """The leads by their places, in rounds in which every id stands once; nearly always one round."""
    left = dict(enumerate(leads))
    while left:
        first = {row.lead_id: index for index, row in reversed(left.items())}
        chosen = {index: left[index] for index in sorted(first.values())}
        yield chosen
        left = {index: row for index, row in left.items() if index not in chosen}


def _with_arriving(engine: Engine, held: Held, leads: Sequence[Row], plan: Protocol, as_of: datetime) -> Held:
    """What the engine holds, with these leads among the others."""
    given = known_from_facts(_facts(leads, plan, as_of), held.known.readings, engine, name="arriving").leads
    before = held.known.leads
    rows = before.select(given_lead="lead_id", was_current="row_is_current")
    joined = given.left_join(rows, given.lead_id == rows.given_lead)
    given = joined.mutate(row_is_current=joined.was_current.fill_null(False)).select(*before.columns)
    everybody = engine.keep("arriving_and_known", before.anti_join(given, "lead_id").union(given))
    changes = held.known.changes
    undated = [row.lead_id for row in leads if row.created_at is None]
    if undated:
        ids = engine.load("undated", pa.table({"undated": pa.array(undated, pa.string())}))
        changes = changes.anti_join(ids, changes.lead_id == ids.undated)
    return replace(held, known=replace(held.known, leads=everybody, changes=changes), plain_ids=False)


def _facts(leads: Sequence[Row], plan: Protocol, as_of: datetime) -> Facts:
    """The given leads as rows of the ledger's table."""
    rows = [
        {
            "lead_id": row.lead_id,
            "created_at": row.created_at or plan.enrolment_end,
            "known_at": None,
            "source": row.source,
            "email_domain": row.email_domain,
            "account_key": row.account_key,
            "row_is": "initial",
            "fields": json.dumps(dict(row.fields)),
        }
        for row in leads
    ]
    others = (schema.empty_table() for schema in (FIELD_CHANGES, EVENTS, IDENTITY, OUTCOMES))
    return Facts(as_of, 0, pa.Table.from_pylist(rows, schema=LEADS), *others)
