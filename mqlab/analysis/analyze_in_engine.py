"""One experiment analysed where the data is: a lab's tables in an engine and a protocol in, `AnalysisResult` out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
from ibis.expr import types as ir

from mqlab.analysis.analyze import dataset_plan, money_metrics, reported_currency
from mqlab.analysis.conclusion import concluded
from mqlab.analysis.judge_in_engine import held_of_tables, judge_in, readings_for
from mqlab.analysis.looks import TakenLook
from mqlab.analysis.maturity import Clock, feedback_since
from mqlab.analysis.outcome_rows import Exchange, Prices
from mqlab.analysis.results import AnalysisResult
from mqlab.analysis.study import Standing
from mqlab.definitions.model import Definition
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import micros
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.warehouse.dataset import build_in
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.outcomes import PARTS, outcomes_in
from mqlab.warehouse.slices import Progress
from mqlab.warehouse.view.known import KnownFacts
from mqlab.warehouse.view.tables import lab_tables


def analyze_in(
    engine: Engine,
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    *,
    as_of: datetime,
    position: int,
    timezone: ZoneInfo,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    overrides: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    protocol_unchanged: bool | None = None,
    currency: str = "EUR",
    fx: Exchange | None = None,
    looks_taken: Sequence[TakenLook] = (),
    slices: int | None = None,
    progress: Progress | None = None,
) -> AnalysisResult:
    """As `mqlab.analysis.analyze.analyze`, over the tables of the lab that the engine holds.

    `position` is that of the ledger the experiment's own history was read from; the tables have none. Nothing
    row-level leaves the engine but one row per account or winner where the statistics need it. Leads are judged in so
    many `slices`, by default as many as the engine's memory asks for; `progress` is called with (slices done, slices).
    """
    as_of_us = micros(as_of)
    tables = lab_tables(engine)
    held = held_of_tables(engine, tables, readings_for(protocol, definitions, null_tokens), as_of_us=as_of_us)
    judged = judge_in(
        engine,
        held,
        protocol,
        definitions,
        as_of_us=as_of_us,
        internal_domains=internal_domains,
        null_tokens=null_tokens,
        overrides=overrides,
        slices=slices,
        progress=progress,
    )
    prices = Prices(reported_currency(protocol, currency), currency.upper(), fx)
    outcomes = outcomes_in(
        engine,
        tables.outcomes,
        held.known.leads,
        person=judged.person,
        price=lambda parts, code, at_us: prices.price(Decimal(parts) / PARTS, code, at_us),
        as_of_us=as_of_us,
        zone=timezone,
        since_us=micros(feedback_since(protocol)),
    )
    time = Clock(as_of_us, outcomes.lateness_us, outcomes.timed, outcomes.newest_us)
    plan = dataset_plan(protocol, time, prices.minor)
    with build_in(engine, judged.table, outcomes.rows, plan) as dataset:
        result = concluded(
            protocol,
            definitions,
            Standing(as_of, position, outcomes.unmatched),
            judged,
            dataset,
            _events_of_persons(engine, held.known.events, judged.person),
            prices.said(),
            time,
            money=money_metrics(protocol),
            timezone=timezone,
            protocol_unchanged=protocol_unchanged,
            looks_taken=looks_taken,
        )
    return replace(result, notes=(*absent_columns(held.known), *result.notes))


def absent_columns(known: KnownFacts) -> tuple[str, ...]:
    """What to say of columns that are read and that no table has: a slip in a name looks like a value nobody has."""
    found = [column.partition(".") for column in known.absent]
    return tuple(
        f"the table '{table}' has no column '{name}', which is read: "
        + ("only what 'field_changes' tells of it counts" if table == "leads" else "no event has it")
        for table, _, name in found
    )


def _events_of_persons(engine: Engine, events: ir.Table, person: Mapping[str, str]) -> ir.Table:
    """Who did what, merged ids as the id that stands for them."""
    events = events.select("lead_id", "name")
    if not person:
        return events
    names = engine.load("event_persons", pa.table({"merged": list(person), "person": list(person.values())}))
    rows = events.left_join(names, events.lead_id == names.merged)
    return rows.select(lead_id=rows.person.fill_null(rows.lead_id), name=rows["name"])
