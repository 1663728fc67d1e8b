"""A definition replayed on the leads of the past: which it would have passed, and what those leads went on to do.

It describes. The leads were handed over under whatever rule was in force when they came, and one that was not handed
over could hardly become an SQL; what another rule would have brought only an experiment shows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
from ibis.expr import types as ir

from mqlab.analysis.analyze_in_engine import absent_columns
from mqlab.analysis.backtest_result import CELLS, Backtest, Cell, Group, Month, Reached, Side
from mqlab.analysis.everyone import Everyone, everyone
from mqlab.analysis.judge_in_engine import slices_of
from mqlab.analysis.lab_in_engine import LabInEngine
from mqlab.definitions.model import Definition
from mqlab.leads.instants import DAY_US, micros
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.warehouse.compile.calendar import local_day
from mqlab.warehouse.dataset import LEAD_ROWS, Dataset, Plan, build_in
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.grouping import grouped
from mqlab.warehouse.slices import Progress, crossings_in_slices

Chosen = Callable[[Mapping[str, Any]], bool]
ASKED, BESIDE = "asked", "beside"


def backtest(
    lab: LabInEngine,
    definition: Definition,
    against: Definition | None,
    *,
    zone: ZoneInfo,
    created_from: datetime | None = None,
    created_to: datetime | None = None,
    qualify_within_us: int | None = None,
    sql_within_days: int = 60,
    won_within_days: int = 180,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    progress: Progress | None = None,
) -> Backtest:
    """Replay one definition, or two, on the leads created from `created_from` to `created_to`, both included.

    Merged leads are one. A lead may qualify from its creation until the lab's `as_of`, or for `qualify_within_us`.
    Stages count within whole days of the creation, and only of leads that were followed for all of them.
    """
    engine, as_of_us = lab.engine, micros(lab.as_of)
    asked = [definition] if against is None else [definition, against]
    people = everyone(
        engine,
        lab.held,
        asked,
        as_of_us=as_of_us,
        created_us=(_us(created_from), _us(created_to)),
        qualify_within_us=qualify_within_us,
        internal_domains=internal_domains,
        null_tokens=null_tokens,
    )
    crossed = crossings_in_slices(
        engine,
        people.starts,
        people.view,
        asked,
        as_of_us=as_of_us,
        slices=slices_of(engine, lab.held.known, people.starts),
        progress=progress,
    )
    judged = _judged(engine, people, crossed, len(asked))
    outcomes, time = lab.outcomes(people.person)
    with build_in(engine, judged, outcomes, Plan(as_of_us, time.cut_off_us), name="backtest") as dataset:
        leads = dataset.leads.filter(dataset.leads.arm == ASKED)
        rows = _counted(leads, sql_within_days, won_within_days)
        medians = [_median_days(engine, leads, place) for place in range(len(asked))]
        months = _months(dataset, leads, len(asked), zone)
    group = _Grouping(rows, sql_within_days, won_within_days).of
    cells = {cell: group(_is_cell(cell)) for cell in CELLS}
    sides = [_side(one.ref, place, rows, group, medians[place]) for place, one in enumerate(asked)]
    return Backtest(
        this=sides[0],
        that=sides[1] if against is not None else None,
        everyone=group(lambda _row: True),
        cells=cells,
        months=months,
        as_of=lab.as_of,
        created_from=created_from,
        created_to=created_to,
        qualify_within_days=None if qualify_within_us is None else qualify_within_us / DAY_US,
        engine=engine.name,
        notes=absent_columns(lab.held.known),
    )


def _us(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def _judged(engine: Engine, people: Everyone, crossed: ir.Table, definitions: int) -> ir.Table:
    """Every lead as the data set takes it, with the crossings of those that are asked about.

    The others are there because an opportunity that two leads claim belongs to the earlier one, whoever is asked about.
    """
    names = [f"{what}_{place}" for place in range(definitions) for what in ("at", "path")]
    found = crossed.select("key", *names)
    rows = people.leads.left_join(found, people.leads.lead_id == found.key)
    nothing = ibis.null("int64")
    instants = {f"at_{place}": rows[f"at_{place}"] for place in range(definitions)}
    columns: dict[str, ir.Value] = {
        "lead_id": rows.lead_id,
        "unit": rows.lead_id,
        "arm": ibis.ifelse(rows.asked, ASKED, BESIDE),
        "phase": ibis.literal(1, "int64"),
        "assigned_us": rows.created_us,
        "qualified_us": ibis.ifelse(rows.asked, instants["at_0"], nothing),
        "handed_us": nothing,
        "sla_us": nothing,
    }
    further: dict[str, ir.Value] = {}
    for place in range(definitions):
        further[f"at_{place}"] = ibis.ifelse(rows.asked, rows[f"at_{place}"], nothing)
        further[f"path_{place}"] = ibis.ifelse(rows.asked, rows[f"path_{place}"], ibis.null("string"))
    if definitions == 1:
        further |= {"at_1": nothing, "path_1": ibis.null("string")}
    table = rows.select(**{name: columns[name] for name in LEAD_ROWS.names}, **further)
    return engine.keep("backtest_judged", table)


def _counted(leads: ir.Table, sql_days: int, won_days: int) -> list[dict[str, Any]]:
    """Leads, mature ones and those that reached a stage, by the paths of the definitions; one GROUP BY."""
    followed = {"sql": leads.follow_up >= sql_days, "won": leads.follow_up >= won_days}
    in_time = {"sql": leads.age_sql <= sql_days, "won": leads.age_won <= won_days}
    measures: dict[str, ir.Value] = {"leads": leads.count()}
    for stage, mature in followed.items():
        measures[f"{stage}_mature"] = leads.count(where=mature)
        measures[stage] = leads.count(where=mature & in_time[stage].fill_null(False))
    return grouped(leads, {"path_0": leads.path_0, "path_1": leads.path_1}, measures)


@dataclass(frozen=True)
class _Grouping:
    """Sums over the counted rows."""

    rows: Sequence[Mapping[str, Any]]
    sql_days: int
    won_days: int

    def of(self, chosen: Chosen) -> Group:
        """The leads of the chosen rows."""
        rows = [row for row in self.rows if chosen(row)]

        def total(name: str) -> int:
            return sum(row[name] for row in rows)

        return Group(
            total("leads"),
            Reached(self.sql_days, total("sql_mature"), total("sql")),
            Reached(self.won_days, total("won_mature"), total("won")),
        )


def _is_cell(cell: Cell) -> Chosen:
    return lambda row: _cell(row) == cell


def _is_path(column: str, path: str) -> Chosen:
    return lambda row: bool(row[column] == path)


def _cell(row: Mapping[str, Any]) -> Cell:
    if row["path_0"] is not None:
        return "only_this" if row["path_1"] is None else "both"
    return "neither" if row["path_1"] is None else "only_that"


def _side(
    ref: str,
    place: int,
    rows: Iterable[Mapping[str, Any]],
    group: Callable[[Chosen], Group],
    median_days: float | None,
) -> Side:
    name = f"path_{place}"
    paths = {row[name] for row in rows if row[name] is not None}
    groups = {path: group(_is_path(name, path)) for path in paths}
    ordered = sorted(groups, key=lambda path: (-groups[path].leads, path))
    return Side(ref, group(lambda row: row[name] is not None), {path: groups[path] for path in ordered}, median_days)


def _median_days(engine: Engine, leads: ir.Table, place: int) -> float | None:
    """The median of the days from creation to qualification, None where no lead qualified."""
    spans = leads.filter(leads[f"at_{place}"].notnull())
    spans = spans.select(span=spans[f"at_{place}"] - spans.assigned_us)
    counted = engine.fetched(spans.aggregate(leads=spans.count()))["leads"][0].as_py()
    if not counted:
        return None
    ranked = spans.mutate(rank=ibis.row_number().over(order_by=spans.span))
    middle = sorted({(counted - 1) // 2, counted // 2})
    found = engine.fetched(ranked.filter(ranked["rank"].isin(middle)).select("span"))["span"].to_pylist()
    return float(sum(found) / len(found) / DAY_US)


def _months(dataset: Dataset, leads: ir.Table, definitions: int, zone: ZoneInfo) -> tuple[Month, ...]:
    """Leads and MQLs by month of creation on the clock of `zone`; days leave the engine, months are made of them."""
    span = dataset.place.fetched(leads.aggregate(first=leads.assigned_us.min(), last=leads.assigned_us.max()))
    first, last = span["first"][0].as_py(), span["last"][0].as_py()
    if first is None:
        return ()
    days = grouped(
        leads,
        {"day": local_day(leads.assigned_us, zone.key, first, last)},
        {"leads": leads.count(), "this": leads.at_0.count(), "that": leads.at_1.count()},
    )
    found: dict[str, list[int]] = {}
    for row in days:
        month = f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(row['day'])):%Y-%m}"
        sums = found.setdefault(month, [0, 0, 0])
        for place, name in enumerate(("leads", "this", "that")):
            sums[place] += row[name]
    return tuple(
        Month(month, leads, this, that if definitions > 1 else None)
        for month, (leads, this, that) in sorted(found.items())
    )
