"""What links, merges and stages make of the tables that were read: pure functions on Arrow tables."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.leads.amounts import Stated, Telling, changed, in_force
from mqlab.leads.identity import UNDATED
from mqlab.leads.links import Claim, opportunity_ref
from mqlab.leads.moved_back import BACK_FROM, MARK, Said, moved_back
from mqlab.leads.tables import CLAIMS


def claims_table(
    refs: pa.ChunkedArray, opportunities: pa.ChunkedArray, claimed: Mapping[str, tuple[Claim, ...]]
) -> pa.Table:
    """Who claims the opportunities that rows name and that are linked to several leads."""
    several = pa.array(sorted(link for link, leads in claimed.items() if len(leads) > 1), pa.string())
    chosen = pc.is_in(refs, value_set=several)
    pairs = set(zip(refs.filter(chosen).to_pylist(), opportunities.filter(chosen).to_pylist(), strict=True))
    rows = sorted((own, claim.kind, claim.lead) for link, own in pairs if own is not None for claim in claimed[link])
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table([pa.array(values, field.type) for values, field in zip(columns, CLAIMS, strict=True)], CLAIMS)


def dated(merges: pa.Table) -> pa.Table:
    """The merges without dates that only stand in for one, where another row of the same two ids has one."""
    undated = pc.fill_null(pc.equal(merges["version"], UNDATED), False)
    if not pc.any(undated, min_count=0).as_py():
        return merges
    pairs = list(zip(merges["old_id"].to_pylist(), merges["new_id"].to_pylist(), strict=True))
    stands_in = undated.to_pylist()
    dated = {pair for pair, guess in zip(pairs, stands_in, strict=True) if not guess}
    keep = [not guess or pair not in dated for pair, guess in zip(pairs, stands_in, strict=True)]
    return merges.filter(pa.array(keep, pa.bool_()))


def with_merged_deals(outcomes: pa.Table, merged: Mapping[str, str]) -> pa.Table:
    """The outcomes with the id of the opportunity that theirs was merged into."""
    if not merged:
        return outcomes
    refs = zip(outcomes["system"].to_pylist(), outcomes["opportunity_id"].to_pylist(), strict=True)
    became = [
        own if own is None else merged.get(ref := opportunity_ref(system, own), ref).split(":", 2)[2]
        for system, own in refs
    ]
    place = outcomes.column_names.index("opportunity_id")
    return outcomes.set_column(place, "opportunity_id", pa.array(became, pa.string()))


def only_moved_back(table: pa.Table, standing: Mapping[str, str]) -> pa.Table:
    """The outcomes, those of marked kinds only where a stage moved back, and without the mark."""
    marked = pc.ends_with(table["kind"], MARK)
    if not pc.any(marked, min_count=0).as_py():
        return table
    kinds = pa.array(sorted({*BACK_FROM, *(kind for late in BACK_FROM.values() for kind in late)}), pa.string())
    stage = np.flatnonzero(pc.or_(marked, pc.is_in(table["kind"], value_set=kinds)).to_numpy())
    few = table.take(pa.array(stage)).select(
        ["lead_id", "opportunity_id", "kind", "known_at", "occurred_at", "backfill", "version"]
    )
    said = [
        Said(about, at_us, row["kind"], number)
        for number, row in zip(stage.tolist(), few.to_pylist(), strict=True)
        for about, at_us in _about(row, standing)
    ]
    keep = pc.invert(marked).to_numpy().copy()
    keep[sorted(moved_back(said))] = True
    bare = pc.replace_substring(table["kind"], MARK, "")
    return table.set_column(table.column_names.index("kind"), "kind", bare).filter(pa.array(keep))


def with_changed_amounts(table: pa.Table, standing: Mapping[str, str], as_of_us: int) -> pa.Table:
    """The outcomes, and an `amount_changed` for every later row of a won deal that states another amount.

    Such rows are the versions of a win of which the first stands: their version, when the system said so, counts
    backwards.
    """
    won = pc.and_(pc.equal(table["kind"], "closed_won"), pc.fill_null(pc.less(table["version"], 0), False))
    won = pc.and_(won, pc.and_(pc.is_valid(table["opportunity_id"]), pc.is_valid(table["amount"])))
    several = _with_several_amounts(table.filter(won))
    if not len(several):
        return table
    stated = pc.or_(won, pc.equal(table["kind"], "amount_changed"))
    stated = np.flatnonzero(pc.and_(stated, pc.is_in(table["opportunity_id"], value_set=several)).to_numpy())
    few = table.take(pa.array(stated))
    amounts = [
        Stated(
            (standing.get(row["lead_id"], row["lead_id"]), row["opportunity_id"]),
            abs(row["version"]) if row["kind"] == "closed_won" else row["known_at"],
            row["amount"], row["currency"], row["kind"] == "closed_won", number,
        )
        for number, row in enumerate(few.to_pylist())
    ]  # fmt: skip
    rows = changed(amounts)
    if not rows:
        return table
    later = few.take(pa.array(rows, pa.int64()))
    told = pc.abs(later["version"])
    said = {
        "kind": pa.array(["amount_changed"] * len(later), pa.string()), "key": _keys(later["key"], told),
        "version": pa.nulls(len(later), pa.int64()), "occurred_at": told, "known_at": told,
        "resolution": pa.array(["instant"] * len(later), pa.string()), "backfill": pa.array([False] * len(later)),
        "reason_code": pa.nulls(len(later), pa.string()),
    }  # fmt: skip
    for name, values in said.items():
        later = later.set_column(later.column_names.index(name), table.schema.field(name), values)
    return pa.concat_tables([table, later.filter(pc.less_equal(later["known_at"], as_of_us))])


def with_amounts_in_force(table: pa.Table, standing: Mapping[str, str]) -> pa.Table:
    """The current outcomes, the first win of each deal with the amount that the deal had then.

    Only deals with several rows about their money are looked at. A version that counts backwards is that of a row that
    says how the deal stands, so its amount is of then; any other row of a win tells its amount of the win.
    """
    won = pc.and_(pc.equal(table["kind"], "closed_won"), pc.is_valid(table["opportunity_id"]))
    several = _with_several_rows(table, won)
    if not len(several):
        return table
    money = pc.or_(won, pc.equal(table["kind"], "amount_changed"))
    rows = np.flatnonzero(pc.and_(money, pc.is_in(table["opportunity_id"], value_set=several)).to_numpy())
    deals: dict[tuple[str, str], list[tuple[int, Telling]]] = defaultdict(list)
    for number, row in zip(rows.tolist(), table.take(pa.array(rows)).to_pylist(), strict=True):
        about = (standing.get(row["lead_id"], row["lead_id"]), row["opportunity_id"])
        deals[about].append((number, _telling(row)))
    amounts, codes = table["amount"].to_pylist(), table["currency"].to_pylist()
    for deal in deals.values():
        wins = [(number, one.occurred_us) for number, one in deal if one.won]
        found = in_force([one for _, one in deal]) if wins else None
        if found is not None:
            first_us = min(occurred_us for _, occurred_us in wins)
            for number, occurred_us in wins:
                if occurred_us == first_us:
                    amounts[number], codes[number] = found
    for name, values in (("amount", amounts), ("currency", codes)):
        field = table.schema.field(name)
        table = table.set_column(table.column_names.index(name), field, pa.array(values, field.type))
    return table


def _telling(row: Mapping[str, Any]) -> Telling:
    won, version = row["kind"] == "closed_won", row["version"]
    told_us = -version if won and version is not None and version < 0 else row["occurred_at"]
    return Telling(
        row["occurred_at"], row["known_at"], told_us, row["amount"], row["currency"], won, typed=won and row["backfill"]
    )


def _with_several_rows(table: pa.Table, won: pa.ChunkedArray) -> pa.Array:
    """The opportunities won that have several rows about their money."""
    told = pc.and_(pc.equal(table["kind"], "amount_changed"), pc.is_valid(table["opportunity_id"]))
    if (
        not pc.any(told, min_count=0).as_py()
        and pc.sum(won, min_count=0).as_py() == pc.count_distinct(table["opportunity_id"].filter(won)).as_py()
    ):
        return pa.array([], pa.string())
    rows = table["opportunity_id"].filter(pc.or_(won, told)).value_counts()
    several = rows.filter(pc.greater(rows.field("counts"), 1)).field("values")
    return several.filter(pc.is_in(several, value_set=table["opportunity_id"].filter(won).combine_chunks()))


def _with_several_amounts(won: pa.Table) -> pa.Array:
    """The opportunities whose wins state more than one amount, or currency."""
    pairs = won.group_by(["opportunity_id", "amount", "currency"]).aggregate([])
    counted = pairs.group_by("opportunity_id").aggregate([("amount", "count")])
    return counted.filter(pc.greater(counted["amount_count"], 1))["opportunity_id"].combine_chunks()


def _keys(keys: pa.ChunkedArray, told: pa.ChunkedArray) -> pa.Array:
    """The keys of changes: of the win's and of when it was said."""
    pairs = zip(keys.to_pylist(), told.to_pylist(), strict=True)
    made = (hashlib.blake2b(f"{key} {at_us}".encode(), digest_size=8).digest() for key, at_us in pairs)
    return pa.array([int.from_bytes(digest, "big", signed=True) for digest in made], pa.int64())


def _about(row: Mapping[str, Any], standing: Mapping[str, str]) -> list[tuple[tuple[str, ...], int]]:
    """What a row is about, the lead and perhaps its deal, and when the system said so.

    That is when the business knew; of a row that does not say, its version, which may count backwards.
    """
    told = row["known_at"] if not row["backfill"] or row["version"] is None else abs(row["version"])
    lead, deal, kind = standing.get(row["lead_id"], row["lead_id"]), row["opportunity_id"], row["kind"]
    about: list[tuple[tuple[str, ...], int]] = [] if kind.startswith("reopened") else [((lead,), told)]
    return about if deal is None or kind.startswith("recycled") else [*about, ((lead, deal), told)]


def other_names(owner: pa.ChunkedArray, refs: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    """0 where a row names the lead it counts for, else the rank of the name it gives."""
    ranks = np.zeros(len(refs), dtype=np.int64)
    other = np.flatnonzero(pc.not_equal(owner, refs).to_numpy())
    if len(other):
        names = np.array(refs.take(pa.array(other)).to_pylist(), dtype=object)
        ranks[other] = np.unique(names, return_inverse=True)[1] + 1
    return ranks
