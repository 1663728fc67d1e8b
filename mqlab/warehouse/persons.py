"""One person behind one or several lead ids, in an engine: who stands for whom, and what is judged from when.

Merges are few beside leads: the ids that the identity table names are fetched, joined up in Python by
`mqlab.experiments.enrol.carry_merges`, and loaded back; the other leads never leave the engine.

A history that is judged has a *key*, which is a lead id: the id that lives on stands for the person with everything
that was merged into it, and each id that ceased stands for the person with its own facts until its merge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from mqlab.assignment.units import lead_unit
from mqlab.experiments.enrol import Assignment, carry_merges
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import Merge
from mqlab.warehouse.enrolment import COLUMNS, POSITIONS
from mqlab.warehouse.view.merged import shares
from mqlab.warehouse.view.stretches import START_COLUMNS

if TYPE_CHECKING:
    from mqlab.warehouse.engines.engine import Engine

MERGED: Mapping[str, str] = {**COLUMNS, "cross_arm_merge": "boolean", "merged_into": "string"}
"""The columns of an enrolment after merges; `merged_into` is null of whoever stands for the person."""

_ARROW = {"string": pa.string(), "int64": pa.int64(), "boolean": pa.bool_()}


@dataclass(frozen=True)
class Persons:
    """The enrolment after merges: `rows` has one row of `MERGED` per lead.

    `merged` are the rows of ids that a merge names, by id and in the order of ids, as they are after it; `enrolled`
    those of them that were enrolled before it; `created_us` their instants of creation; `merges` in the order of their
    dates.
    """

    rows: ir.Table
    merges: tuple[Merge, ...] = ()
    merged: Mapping[str, Assignment] = field(default_factory=dict)
    enrolled: frozenset[str] = frozenset()
    created_us: Mapping[str, int] = field(default_factory=dict)

    @property
    def person(self) -> Mapping[str, str]:
        """Every merged id → the id that stands for it."""
        return {lead_id: row.merged_into for lead_id, row in self.merged.items() if row.merged_into is not None}


@dataclass(frozen=True)
class Stretches:
    """What is judged: the tables that `mqlab.warehouse.view.stretches.view_of` takes.

    In `starts` the history `key`, which is that lead's (`lead_id` is the same), may qualify in [start_us, until_us);
    `whole` marks the one history per person that colleagues of the `account` read (null where no definition reads
    accounts), and a colleague that is not judged itself has an empty window. `shares` says whose facts came to a
    history by merges. `places` orders the histories of the persons that have several: of two that qualify at one
    instant the first one's path is the person's.
    """

    starts: ir.Table
    shares: ir.Table
    places: Mapping[str, int]


def is_kept(rows: ir.Table) -> ir.BooleanValue:
    """Whether a row of `MERGED` is analysed: it stands for a person that is in, by no override and in one arm only."""
    return rows.merged_into.isnull() & rows.in_experiment & ~rows.override & ~rows.cross_arm_merge


def persons(
    engine: Engine,
    enrolment: ir.Table,
    merges: Sequence[Merge],
    *,
    own: Mapping[str, str] | None = None,
    name: str = "persons",
) -> Persons:
    """The enrolment (`mqlab.warehouse.enrolment.enrolled`), kept as `name`, after `merges` in the order of their dates.

    `own` gives the lead ids that are not their own unit theirs (`Units.own`). Positions stay where the enrolment has
    them.
    """
    types = {**MERGED, **{column: kind for column, kind in POSITIONS.items() if column in enrolment.columns}}
    plain = enrolment.mutate(cross_arm_merge=ibis.literal(False), merged_into=ibis.null("string"))
    plain = engine.keep(name, plain.select(*types).cast(types))
    named = {lead_unit(one) for merge in merges for one in (merge.old_id, merge.new_id)}
    named |= {lead_id for lead_id, unit in (own or {}).items() if unit in named}
    ids = engine.load(f"{name}_named", pa.table({"named": pa.array(sorted(named), pa.string())}))
    found = engine.fetched(plain.semi_join(ids, plain.lead_id == ids.named)).to_pylist() if named else []
    if not found:
        return Persons(plain, tuple(merges))
    single = sorted(map(_assignment, found), key=lambda row: row.lead_id)
    created = {row["lead_id"]: row["created_us"] for row in found}
    merged = {row.lead_id: row for row in carry_merges(single, merges)}
    carried = engine.load(
        f"{name}_merged", _arrow(types, [_columns(row, created[row.lead_id]) for row in merged.values()])
    )
    rest = plain.anti_join(carried, plain.lead_id == carried.lead_id)
    enrolled = frozenset(row.lead_id for row in single if row.in_experiment)
    return Persons(rest.union(carried), tuple(merges), merged, enrolled, created)


def stretches(
    engine: Engine, found: Persons, *, qualify_within_us: int, by_account: bool, name: str = "stretches"
) -> Stretches:
    """What definitions are judged on, for every person that is analysed, and with `by_account` for their colleagues."""
    rows = found.rows
    here, places = _merged_starts(found, qualify_within_us, by_account=by_account)
    if found.merged:
        ids = engine.load(f"{name}_merged", pa.table({"merged_id": pa.array(list(found.merged), pa.string())}))
        rows = rows.anti_join(ids, rows.lead_id == ids.merged_id)
    kept = rows.filter(is_kept(rows))
    starts = _starts(kept, kept.start_us + qualify_within_us, by_account=by_account)
    if by_account:
        units = found.rows.filter(is_kept(found.rows)).select(kept_unit="unit").distinct()
        beside = rows.filter(rows.merged_into.isnull() & ~is_kept(rows))
        beside = beside.semi_join(units, beside.unit == units.kept_unit).mutate(start_us=ibis.null("int64"))
        starts = starts.union(_starts(beside, beside.created_us, by_account=True))
    if here:
        starts = starts.union(engine.load(f"{name}_starts", _arrow(START_COLUMNS, here)))
    came = shares(found.merges, found.created_us.__contains__)
    living = [found.merged[key].merged_into is None for key in came["key"].to_pylist()]
    return Stretches(starts, engine.load(f"{name}_shares", came.filter(pa.array(living, pa.bool_()))), places)


def _starts(rows: ir.Table, until_us: ir.IntegerValue, *, by_account: bool) -> ir.Table:
    """Leads that no merge names: one whole history each."""
    return rows.select(
        key=rows.lead_id,
        lead_id=rows.lead_id,
        start_us=ibis.greatest(ibis.coalesce(rows.start_us, rows.created_us), rows.created_us),
        until_us=until_us,
        account=rows.unit if by_account else ibis.null("string"),
        whole=ibis.literal(True),
    ).cast(START_COLUMNS)


def _merged_starts(
    found: Persons, qualify_within_us: int, *, by_account: bool
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The starts of persons that a merge names, and the places of those that have several histories.

    What `mqlab.analysis.people` says of a person.
    """
    ended: dict[str, int] = {}
    for merge in found.merges:
        ended.setdefault(merge.old_id, micros(merge.merged_at))
    ceased: dict[str, list[str]] = defaultdict(list)
    for lead_id, person in found.person.items():
        if lead_id in found.enrolled:
            ceased[person].append(lead_id)
    rows: list[dict[str, Any]] = []
    places: dict[str, int] = {}
    for lead_id, row in found.merged.items():
        if row.merged_into is not None:
            continue
        created, account = found.created_us[lead_id], row.unit if by_account else None
        if not row.in_experiment or row.assigned_at is None or row.why == "override" or row.cross_arm_merge:
            if by_account:
                rows.append(_start(lead_id, created, created, account, whole=True))
            continue
        assigned = micros(row.assigned_at)
        until, others = assigned + qualify_within_us, ceased[lead_id]
        for other in others:
            begin, end = max(assigned, found.created_us[other]), min(until, ended.get(other, until))
            if begin < end:
                rows.append(_start(other, begin, end, account, whole=False))
        begin = max(assigned, created)
        if others and lead_id not in found.enrolled:
            begin = max(begin, min(ended.get(other, begin) for other in others))
        rows.append(_start(lead_id, begin, max(begin, until), account, whole=True))
        if others:
            places.update({key: place for place, key in enumerate([*others, lead_id])})
    return rows, places


def _start(key: str, start_us: int, until_us: int, account: str | None, *, whole: bool) -> dict[str, Any]:
    return {
        "key": key,
        "lead_id": key,
        "start_us": start_us,
        "until_us": until_us,
        "account": account,
        "whole": whole,
    }


def _assignment(row: Mapping[str, Any]) -> Assignment:
    """A row of the enrolment as Python has it."""
    start = row["start_us"]
    return Assignment(
        lead_id=row["lead_id"],
        unit=row["unit"],
        position=row.get("position", 0),
        traffic_position=row.get("traffic_position", 0),
        in_experiment=row["in_experiment"],
        arm=row["arm"],
        phase=row["phase"],
        why=row["why"],
        assigned_at=None if start is None else instant(start),
    )


def _columns(row: Assignment, created_us: int) -> dict[str, Any]:
    """An assignment after merges as a row of the enrolment."""
    return {
        **{name: getattr(row, name) for name in (*POSITIONS, *MERGED) if hasattr(row, name)},
        "start_us": None if row.assigned_at is None else micros(row.assigned_at),
        "created_us": created_us,
        "override": row.why == "override",
    }


def _arrow(types: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table of these columns; what else a row has is left out."""
    return pa.table({name: pa.array([row[name] for row in rows], _ARROW[kind]) for name, kind in types.items()})
