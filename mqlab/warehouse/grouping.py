"""How every statistic is asked for: which leads, which keys, one GROUP BY, integers back, rows sorted by key.

Rows are sorted here and not in the engine, each of which orders text by a collation of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US
from mqlab.warehouse.columns import segment_column, stratum_column
from mqlab.warehouse.compiled import fetched
from mqlab.warehouse.dataset import Dataset


def leads_of(dataset: Dataset, arms: Sequence[str]) -> ir.Table:
    """The leads of some arms; comparing no text where that is everybody."""
    if dataset.arms and dataset.arms <= set(arms):
        return dataset.leads
    return dataset.leads.filter(dataset.leads.arm.isin(list(arms)))


def followed_by(leads: ir.Table, horizon_days: int, cut_off_us: int | None) -> ir.Table:
    """The leads that had been followed for the whole horizon by `cut_off_us`; all of them without one."""
    if cut_off_us is None:
        return leads
    return leads.filter(leads.assigned_us + horizon_days * DAY_US <= cut_off_us)


def keys_of(leads: ir.Table, *, stratum_of: str | None = None, segment: str | None = None) -> dict[str, ir.Value]:
    """Phase and arm, and where asked for the stratum of a pair and the value of a segment."""
    keys: dict[str, ir.Value] = {"phase": leads.phase, "arm": leads.arm}
    if stratum_of is not None:
        keys["stratum"] = leads[stratum_column(stratum_of)]
    if segment is not None:
        keys["segment"] = leads[segment_column(segment)]
    return keys


def due(dataset: Dataset, leads: ir.Table) -> ir.BooleanValue:
    """Whether a lead was handed over and the promised time to the first touch is over by the cut-off."""
    promised = leads.sla_us.fill_null(0)
    return (leads.handed_us + promised <= dataset.plan.cut_off_us).fill_null(False)


def grouped(
    table: ir.Table, keys: Mapping[str, ir.Value], measures: Mapping[str, ir.Value], *, exact: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Rows of a GROUP BY, sorted by key, measures as Python integers; `exact` ones come as text of wide decimals."""
    found = in_order(fetched(table.group_by(**keys).aggregate(**measures)), list(keys)).to_pylist()
    for row in found:
        for name in measures:
            row[name] = int(row[name].split(".")[0]) if name in exact and row[name] is not None else int(row[name] or 0)
    return list(found)


def in_order(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """Rows sorted by some of their columns: text by its code points, no value last.

    Example:
        >>> rows = pa.table({"arm": ["b", None, "B", "_", "é"], "leads": [1, 2, 3, 4, 5]})
        >>> in_order(rows, ["arm"])["arm"].to_pylist()
        ['B', '_', 'b', 'é', None]
    """
    return rows.sort_by([(name, "ascending") for name in names])
