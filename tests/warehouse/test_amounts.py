"""What deals were first won with: an engine says what Python says."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa

from mqlab.leads.amounts import SAME_SAVE_US, Telling, in_force
from mqlab.warehouse.amounts import with_amounts_in_force
from mqlab.warehouse.engines.engine import open_engine


def test_the_engine_freezes_the_amounts_that_python_freezes() -> None:
    """Of many small deals, with wins told twice, amounts before and after them, missing ones and mixed codes."""
    rng = np.random.default_rng(5)
    count = 3_000
    rows = [
        {
            "lead_id": f"L{rng.integers(300)}", "opportunity_id": f"o{rng.integers(3)}" if rng.random() < 0.9 else None,
            "kind": str(rng.choice(["closed_won", "amount_changed", "opportunity"])),
            "occurred_us": int(rng.integers(5)) * SAME_SAVE_US // 2, "known_us": int(rng.integers(9)),
            "amount_parts": int(rng.integers(1, 9)) if rng.random() < 0.7 else None,
            "currency": str(rng.choice(["EUR", "USD"])) if rng.random() < 0.6 else None,
            "backfill": bool(rng.random() < 0.5),
        }
        for _ in range(count)
    ]  # fmt: skip
    with open_engine("duckdb://") as engine:
        found = engine.fetched(with_amounts_in_force(engine.load("outcomes", pa.Table.from_pylist(rows))))

    assert sorted(map(repr, found.select(list(rows[0])).to_pylist())) == sorted(map(repr, frozen(rows)))


def frozen(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The rows as Python freezes them."""
    deals = defaultdict(list)
    for row in rows:
        if row["opportunity_id"] is not None and row["kind"] != "opportunity":
            deals[row["lead_id"], row["opportunity_id"]].append(row)
    made = {}
    for about, deal in deals.items():
        wins = [row["occurred_us"] for row in deal if row["kind"] == "closed_won"]
        if wins:
            made[about] = min(wins), in_force([telling(row) for row in deal])
    ends = []
    for row in rows:
        first_us, found = made.get((row["lead_id"], row["opportunity_id"]), (None, None))
        if found is not None and row["kind"] == "closed_won" and row["occurred_us"] == first_us:
            ends.append({**row, "amount_parts": found[0], "currency": found[1]})
        else:
            ends.append(row)
    return ends


def telling(row: dict[str, object]) -> Telling:
    """A row as Python takes it."""
    won = row["kind"] == "closed_won"
    return Telling(
        row["occurred_us"], row["known_us"], row["occurred_us"], row["amount_parts"], row["currency"], won,
        typed=won and row["backfill"],
    )  # fmt: skip
