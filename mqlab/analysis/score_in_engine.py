"""Every lead of a lab judged by one definition at one instant: how many stand where, and each lead's answer."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr import types as ir

from mqlab.analysis.analyze_in_engine import absent_columns
from mqlab.analysis.everyone import Everyone, everyone, leads_in_slices
from mqlab.analysis.judge_in_engine import slices_of
from mqlab.analysis.lab_in_engine import LabInEngine
from mqlab.analysis.long_windows import cuts
from mqlab.definitions.decision import Verdict
from mqlab.definitions.model import Definition
from mqlab.leads.instants import instant, iso, micros
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.warehouse.compile import crossings, decisions
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.slices import Progress
from mqlab.warehouse.view.stretches import START_COLUMNS

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
    """All leads judged by `definition` at `as_of`; `answers` are the rows of the leads, sorted by id.

    `notes` say what is read and no table has.
    """

    definition: str
    as_of: datetime
    engine: str
    standings: tuple[Standing, ...]
    spreads: tuple[Spread, ...]
    scores: tuple[str, ...]
    answers: pa.Table
    notes: tuple[str, ...] = ()

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
    slices: int | None = None,
    progress: Progress | None = None,
) -> EveryLead:
    """Judge every lead from its creation, without an end of its window, by what is known at the lab's `as_of`.

    The leads are judged in so many `slices`, by default as many as the engine's memory asks for.
    """
    engine, as_of_us = lab.engine, micros(lab.as_of)
    tell = progress or (lambda _done, _total: None)
    asked = everyone(
        engine, lab.held, [definition], as_of_us=as_of_us, internal_domains=internal_domains, null_tokens=null_tokens
    )
    if slices is None:
        slices = slices_of(engine, lab.held.known, asked.starts)
    parts: list[pa.Table] = []
    tell(0, slices)
    for part in leads_in_slices(engine, asked.starts, slices):
        parts.append(_judged(engine, asked, part, definition, as_of_us))
        tell(len(parts), slices)
    answers = pa.concat_tables(parts)
    return EveryLead(
        definition=definition.ref,
        as_of=lab.as_of,
        engine=engine.name,
        standings=_standings(answers),
        spreads=tuple(
            spread
            for index, score in enumerate(definition.scores)
            if (spread := _spread(answers[f"score_0_{index}"], score.name)) is not None
        ),
        scores=tuple(score.name for score in definition.scores),
        answers=answers.take(pc.sort_indices(answers["key"])),
        notes=absent_columns(lab.held.known),
    )


def _judged(engine: Engine, asked: Everyone, starts: ir.Table, definition: Definition, as_of_us: int) -> pa.Table:
    """The decisions on some leads; of a window too long for a decay, stretch by stretch."""
    first = engine.fetched(starts.aggregate(first=starts.start_us.min()))["first"][0].as_py()
    bounds = () if first is None else cuts([definition], first_us=first, as_of_us=as_of_us)
    sooner: list[pa.Table] = []
    for begin, end in pairwise([first, *bounds] if bounds else []):
        stretch = engine.keep("stretch_starts", _within(starts, begin, end))
        found = crossings(asked.view(stretch), [definition], engine, as_of_us=as_of_us)
        sooner.append(engine.fetched(found.filter(found.at_0.notnull()).select("key", "at_0", "path_0")))
    last = engine.keep("stretch_starts", _within(starts, bounds[-1], None)) if bounds else starts
    found = engine.fetched(decisions(asked.view(last), [definition], engine, as_of_us=as_of_us))
    return _with_sooner(found, sooner)


def _within(starts: ir.Table, begin: int, end: int | None) -> ir.Table:
    """The leads' windows inside a stretch of time; who comes later is there for what colleagues read."""
    until: ir.IntegerValue = starts.until_us
    if end is not None:
        starts = starts.filter((starts.start_us < end) | starts.account.notnull())
        until = ibis.ifelse(starts.start_us < end, end, starts.start_us)
    begun = ibis.greatest(starts.start_us, begin)
    return starts.mutate(start_us=begun, until_us=until).select(*START_COLUMNS).cast(START_COLUMNS)


def _with_sooner(found: pa.Table, sooner: Sequence[pa.Table]) -> pa.Table:
    """The decisions at the end with the first crossing of earlier stretches, which come in their order."""
    if not sooner:
        return found
    crossed = sooner[0]
    for later in sooner[1:]:
        first = pc.invert(pc.is_in(later["key"], value_set=crossed["key"].combine_chunks()))
        crossed = pa.concat_tables([crossed, later.filter(first)])
    place = pc.index_in(found["key"], value_set=crossed["key"].combine_chunks())
    known = pc.is_valid(place)
    made = {
        "at_0": pc.coalesce(crossed["at_0"].take(place), found["at_0"]),
        "path_0": pc.if_else(known, crossed["path_0"].take(place), found["path_0"]),
        "verdict_0": pc.if_else(known, "mql", found["verdict_0"]),
    }
    return pa.table({name: made.get(name, found[name]) for name in found.column_names})


def _standings(answers: pa.Table) -> tuple[Standing, ...]:
    """The leads by verdict and path, MQLs first, the most first."""
    rows = answers.group_by(["verdict_0", "path_0"]).aggregate([([], "count_all")]).to_pylist()
    order = ("mql", "held", "disqualified", "not_mql")
    counted = (Standing(row["verdict_0"], row["path_0"], row["count_all"]) for row in rows)
    return tuple(sorted(counted, key=lambda one: (order.index(one.verdict), -one.leads, one.path or "")))


def _spread(score: pa.ChunkedArray, name: str) -> Spread | None:
    """The quantiles of a score, None where no lead has one."""
    values = np.sort(score.drop_null().to_numpy())
    if not values.size:
        return None
    places = [max(math.ceil(share * values.size) - 1, 0) for share in SHARES]
    return Spread(name, values.size, tuple(float(values[place]) for place in places))
