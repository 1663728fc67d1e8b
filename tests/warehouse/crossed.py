"""Judged leads from facts, with the crossings that an engine sweeps out or that the evaluator works out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.histories import Histories, histories
from mqlab.analysis.judge import Judged
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.merges import merge_histories
from mqlab.definitions.model import Definition
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import History
from mqlab.leads.tables import Facts
from mqlab.warehouse.columns import segment_column
from mqlab.warehouse.compile.sweep import crossings
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.enrolment import enrolled
from mqlab.warehouse.judged import JudgedLeads, judged_leads, refs_of
from mqlab.warehouse.persons import Stretches, persons, stretches
from mqlab.warehouse.readings import readings_of
from mqlab.warehouse.view.from_facts import known_from_facts
from mqlab.warehouse.view.stretches import view_of


def judged_in(
    engine: Engine,
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    facts: Facts,
    *,
    by_account: bool,
    segments: Judged,
    overrides: Mapping[str, str] | None = None,
    sweep: bool = False,
) -> JudgedLeads:
    """The judged leads of an engine, with the crossings that the evaluator or its own `sweep` finds.

    The segments are those that Python found.
    """
    as_of_us = micros(facts.as_of)
    outcomes = facts.outcomes.filter(pc.equal(facts.outcomes["kind"], "handed_off"))
    leads = engine.load(
        "raw_leads",
        pa.table(
            {
                "lead_id": facts.leads["lead_id"],
                "created_us": facts.leads["created_at"].cast(pa.int64()),
                "account_key": facts.leads["account_key"],
                "email_domain": facts.leads["email_domain"],
            }
        ),
    )
    handed = pa.table({"lead_id": outcomes["lead_id"], "occurred_us": outcomes["occurred_at"].cast(pa.int64())})
    rows, units = enrolled(engine, protocol, leads, handoffs=engine.load("handed", handed), overrides=overrides)
    people = persons(engine, rows, histories(facts).merges, own=units.own)
    found = stretches(engine, people, qualify_within_us=protocol.qualify_within_us, by_account=by_account)
    declared = [definitions[ref] for ref in refs_of(protocol)]
    crossed = (swept if sweep else crossings_of)(engine, declared, found, facts)
    names = [segment_column(name) for name in protocol.segments]
    return judged_leads(
        engine,
        protocol,
        definitions,
        people,
        found,
        engine.load("crossings", crossed),
        as_of_us=as_of_us,
        segments=engine.load("segments", segments.table.select(["lead_id", *names])),
    )


def swept(engine: Engine, definitions: Sequence[Definition], found: Stretches, facts: Facts) -> pa.Table:
    """What the engine's own sweep says of the histories to be judged."""
    as_of_us = micros(facts.as_of)
    known = known_from_facts(facts, readings_of(definitions), engine)
    view = view_of(known, engine.keep("kept_starts", found.starts), as_of_us=as_of_us, shares=found.shares)
    return engine.fetched(crossings(view, definitions, engine, as_of_us=as_of_us))


def crossings_of(engine: Engine, definitions: Sequence[Definition], found: Stretches, facts: Facts) -> pa.Table:
    """One row per history to be judged: instants and paths of every definition."""
    known = histories(facts)
    coming: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in engine.fetched(found.shares).to_pylist():
        coming[row["key"]].append((row["lead_id"], row["from_us"]))
    starts = engine.fetched(found.starts).to_pylist()
    assert len({row["key"] for row in starts}) == len(starts)
    history = {row["key"]: _history(known, row["key"], coming[row["key"]]) for row in starts}
    account: dict[str, list[History]] = defaultdict(list)
    for row in starts:
        if row["whole"] and row["account"] is not None:
            account[row["account"]].append(history[row["key"]])
    evaluators = [Evaluator(definition) for definition in definitions]
    columns: dict[str, list[Any]] = defaultdict(list)
    for row in starts:
        columns["key"].append(row["key"])
        for number, evaluator in enumerate(evaluators):
            first = None
            if row["start_us"] < row["until_us"]:
                first = evaluator.first_crossing(
                    history[row["key"]],
                    as_of=facts.as_of,
                    start=instant(row["start_us"]),
                    qualify_within_us=row["until_us"] - row["start_us"],
                    account=account.get(row["account"], []),
                )
            columns[f"at_{number}"].append(first and first.qualified_at_us)
            columns[f"path_{number}"].append(first.path if first and first.qualified_at_us is not None else None)
    kinds = {name: pa.int64() if name.startswith("at_") else pa.string() for name in columns}
    empty = {"key": pa.string()} | {
        f"{part}_{number}": kind
        for number in range(len(definitions))
        for part, kind in (("at", pa.int64()), ("path", pa.string()))
    }
    return pa.table({name: pa.array(columns[name], kinds.get(name, kind)) for name, kind in empty.items()})


def _history(known: Histories, key: str, coming: Sequence[tuple[str, int]]) -> History:
    """A lead's own history with the facts that merges brought."""
    history = known.by_id[key]
    for source, from_us in coming:
        history = merge_histories(history, [known.by_id[source]], instant(from_us))
    return history
