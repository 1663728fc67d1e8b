"""Stages that sales skipped: won implies opportunity implies SQL, at the instant of the earliest that implies it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.leads.tables import OUTCOMES

IMPLIED_BY = {"sql": ("opportunity", "closed_won"), "opportunity": ("closed_won",)}
"""A stage, and the later stages that imply it."""

_OF_THE_STATEMENT = ("amount", "currency", "quantity", "reason_code")


def with_inferred(outcomes: pa.Table) -> pa.Table:
    """The outcomes and, marked `evidence: inferred`, the stages they imply; rows in the order of `Facts.outcomes`.

    A stage is inferred for a lead that reached a later one without, or before, the stage itself being stated. The
    inferred row has the instant, the known instant, the opportunity and the owner of the earliest row that implies it.
    """
    names = ["lead_id", "occurred_at", "known_at", "kind", "opportunity_id", "owner", "resolution", "backfill"]
    rows = outcomes.filter(pc.is_in(outcomes["kind"], value_set=pa.array(["sql", *IMPLIED_BY["sql"]]))).select(names)
    found = list(_implied(rows.to_pylist()))
    if not found:
        return outcomes
    blank = dict.fromkeys(_OF_THE_STATEMENT)
    more = pa.Table.from_pylist([{**row, **blank, "evidence": "inferred"} for row in found], schema=OUTCOMES)
    order = [
        "lead_id",
        "occurred_at",
        "kind",
        *(name for name in OUTCOMES.names if name not in {"lead_id", "occurred_at", "kind"}),
    ]
    return pa.concat_tables([outcomes, more]).sort_by([(name, "ascending") for name in order]).combine_chunks()


def _implied(rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(
        rows, key=lambda row: (row["occurred_at"], row["known_at"], row["kind"], row["opportunity_id"] or "")
    ):
        first.setdefault((row["lead_id"], row["kind"]), row)
    for stage, later in IMPLIED_BY.items():
        for lead_id in dict.fromkeys(lead_id for lead_id, kind in first if kind in later):
            implying = min(
                (first[lead_id, kind] for kind in later if (lead_id, kind) in first),
                key=lambda row: (row["occurred_at"], row["known_at"], row["kind"]),
            )
            stated = first.get((lead_id, stage))
            if stated is None or implying["occurred_at"] < stated["occurred_at"]:
                yield {**implying, "kind": stage}
