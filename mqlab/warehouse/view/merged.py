"""Merges of leads: which other leads' facts the survivor has, and from when (definitions.md 3.12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import pyarrow as pa

from mqlab.leads.instants import instant, micros
from mqlab.leads.records import Merge
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.view.from_tables import known_us
from mqlab.warehouse.view.stretches import ALWAYS_US
from mqlab.warehouse.view.tables import LabTable

SHARES = pa.schema([("key", pa.string()), ("lead_id", pa.string()), ("from_us", pa.int64())])


def merges_of(table: LabTable, engine: Engine, *, as_of_us: int) -> tuple[Merge, ...]:
    """The merges that a table `identity` told by `as_of_us`, in the order of their dates."""
    rows = table.table.select(**table.typed("old_id", "new_id", "merged_at"), known_us=known_us(table, "merged_at"))
    rows = rows.filter((rows.merged_us <= as_of_us) & (rows.known_us <= as_of_us))
    found = (
        Merge(row["old_id"], row["new_id"], instant(row["merged_us"]), instant(row["known_us"]))
        for row in engine.fetched(rows.distinct()).to_pylist()
    )
    return tuple(sorted(found, key=lambda merge: (merge.merged_at, merge.known_at, merge.old_id, merge.new_id)))


def shares(merges: Sequence[Merge], is_lead: Callable[[str], bool]) -> pa.Table:
    """What every survivor has of others: `SHARES` rows, the key being the survivor's id.

    `merges` in the order of their dates. An id without a lead row has no facts of its own, and passes on what was
    merged into it.

    Example:
        >>> from datetime import UTC, datetime
        >>> first, then = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC)
        >>> merges = [Merge("a", "b", first, first), Merge("b", "c", then, then)]
        >>> [tuple(row.values()) for row in shares(merges, lambda lead_id: True).to_pylist()]
        [('b', 'a', 0), ('c', 'b', 86400000000), ('c', 'a', 86400000000)]
    """
    whole: dict[str, list[tuple[str, int]]] = {}
    passed_on: dict[str, list[tuple[str, int]]] = defaultdict(list)

    def facts_of(lead_id: str) -> list[tuple[str, int]]:
        return whole.get(lead_id) or ([(lead_id, ALWAYS_US)] if is_lead(lead_id) else [])

    for merge in merges:
        at_us = micros(merge.merged_at)
        arriving = [(lead, max(since, at_us)) for lead, since in (*passed_on[merge.old_id], *facts_of(merge.old_id))]
        survivor = facts_of(merge.new_id)
        if survivor:
            whole[merge.new_id] = list(dict.fromkeys([*survivor, *arriving]))
        else:
            passed_on[merge.new_id] += arriving
    rows = [
        {"key": key, "lead_id": lead, "from_us": since} for key, facts in whole.items() for lead, since in facts[1:]
    ]
    return pa.Table.from_pylist(rows, schema=SHARES)
