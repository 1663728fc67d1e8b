"""Every lead of a lab judged by one definition at one instant: how many stand where, and each lead's answer."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr import types as ir

from mqlab.analysis.everyone import everyone
from mqlab.analysis.lab_in_engine import LabInEngine
from mqlab.definitions.decision import Verdict
from mqlab.definitions.model import Definition
from mqlab.leads.instants import instant, iso, micros
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.warehouse.compile import decisions
from mqlab.warehouse.engines.engine import Engine

SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""The quantiles that are told of a score."""

BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How many leads have a verdict by a path."""

    verdict: Verdict
    path: str | None
    leads: int


@dataclass(frozen=True, slots=True)
class Spread:
    """A score over the leads that have one: `quantiles` are its values at `SHARES`, by nearest rank."""

    score: str
    leads: int
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class EveryLead:
    """All leads judged by `definition` at `as_of`; `answers` are the rows of the leads, sorted by id."""

    definition: str
    as_of: datetime
    engine: str
    standings: tuple[Standing, ...]
    spreads: tuple[Spread, ...]
    scores: tuple[str, ...]
    answers: pa.Table

    @property
    def leads(self) -> int:
        """How many leads there are."""
        return sum(one.leads for one in self.standings)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One object per lead, sorted by id, made as it is asked for; scores that are not known are left out."""
        at = iso(self.as_of)
        for batch in self.answers.to_batches(max_chunksize=BATCH_ROWS):
            for row in batch.to_pylist():
                yield {
                    "lead": row["key"],
                    "definition": self.definition,
                    "as_of": at,
                    "verdict": row["verdict_0"],
                    "holds_now": row["holds_0"],
                    "path": row["path_0"],
                    "qualified_at": None if row["at_0"] is None else iso(instant(row["at_0"])),
                    "scores": {
                        name: value
                        for index, name in enumerate(self.scores)
                        if (value := row[f"score_0_{index}"]) is not None
                    },
                    **({"probability": row["probability_0"]} if "probability_0" in row else {}),
                }


def score_everyone(
    lab: LabInEngine,
    definition: Definition,
    *,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
) -> EveryLead:
    """Judge every lead from its creation, without an end of its window, by what is known at the lab's `as_of`."""
    engine, as_of_us = lab.engine, micros(lab.as_of)
    asked = everyone(
        engine, lab.held, [definition], as_of_us=as_of_us, internal_domains=internal_domains, null_tokens=null_tokens
    )
    found = decisions(asked.view(asked.starts), [definition], engine, as_of_us=as_of_us)
    answers = engine.fetched(found)
    return EveryLead(
        definition=definition.ref,
        as_of=lab.as_of,
        engine=engine.name,
        standings=_standings(engine, found),
        spreads=tuple(
            spread
            for index, score in enumerate(definition.scores)
            if (spread := _spread(engine, found[f"score_0_{index}"], score.name)) is not None
        ),
        scores=tuple(score.name for score in definition.scores),
        answers=answers.take(pc.sort_indices(answers["key"])),
    )


def _standings(engine: Engine, found: ir.Table) -> tuple[Standing, ...]:
    """The leads by verdict and path, MQLs first, the most first."""
    rows = engine.fetched(found.group_by(verdict=found.verdict_0, path=found.path_0).aggregate(leads=found.count()))
    order = ("mql", "held", "disqualified", "not_mql")
    counted = (Standing(row["verdict"], row["path"], row["leads"]) for row in rows.to_pylist())
    return tuple(sorted(counted, key=lambda one: (order.index(one.verdict), -one.leads, one.path or "")))


def _spread(engine: Engine, score: ir.Value, name: str) -> Spread | None:
    """The quantiles of a score, None where no lead has one."""
    values = score.name("value").as_table()
    values = values.filter(values["value"].notnull())
    leads = engine.fetched(values.aggregate(leads=values.count()))["leads"][0].as_py()
    if not leads:
        return None
    places = [max(math.ceil(share * leads) - 1, 0) for share in SHARES]
    ranked = values.mutate(place=ibis.row_number().over(order_by=values["value"]))
    rows = engine.fetched(ranked.filter(ranked.place.isin(sorted(set(places))))).to_pylist()
    by_place = {row["place"]: row["value"] for row in rows}
    return Spread(name, leads, tuple(by_place[place] for place in places))
