"""A real Spark cluster: a master and two workers, processes of their own, asked from yet another process."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mqlab.warehouse.engines.engine import open_engine
from tests.engines import MEMORY, SMALL, in_its_own_process

COUNT = 50_000


def asked_of(url: str) -> dict[str, Any]:
    """What an engine says about a folder of events, joined with loaded rows and kept in between."""
    with open_engine(url, memory_limit=MEMORY) as engine:
        events = engine.table("events")
        names = engine.load("names", pa.table({"kind": range(7), "name": [f"kind {number}" for number in range(7)]}))
        many = engine.load("many", pa.table({"n": range(COUNT), "m": [number % 3 for number in range(COUNT)]}))
        running = events.mutate(
            seen=events.n.sum().over(ibis.window(group_by=events.kind, order_by=events.n, range=(None, 0))),
            prefix=engine.md5_prefix(events.lead_id),
        )
        kept = engine.keep("running", running)
        joined = kept.join(many, kept.n == many.n).join(names, kept.kind == names.kind)
        found = joined.group_by(names.name).aggregate(
            rows=joined.count(), seen=joined.seen.max(), least=joined.prefix.min(), m=joined.m.sum()
        )
        where = {"executors": 1}
        if engine.name == "spark":
            where["executors"] = engine.backend._session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1
        return {"rows": engine.fetched(found.order_by("name")).to_pylist(), **where}


def test_two_workers_say_what_duckdb_says(spark_cluster: str, tmp_path: Path) -> None:
    """A window, two joins and a kept table over Parquet give the same rows on the cluster as on DuckDB."""
    rows = {
        "lead_id": [f"lead {number}" for number in range(COUNT)],
        "kind": [number % 7 for number in range(COUNT)],
        "n": list(range(COUNT)),
    }
    pq.write_table(pa.table(rows), tmp_path / "events.parquet")

    found = in_its_own_process(asked_of, f"{spark_cluster}?folder={tmp_path}&{SMALL}")

    assert found["executors"] == 2
    assert found["rows"] == asked_of(f"parquet:///{tmp_path}")["rows"]
    assert found["rows"][0]["least"] == min(
        hashlib.md5(f"lead {number}".encode()).hexdigest()[:8] for number in range(0, COUNT, 7)
    )


def no_memory(url: str) -> str:
    """What a cluster says that cannot give an executor what it is asked for."""
    from mqlab.errors import UnreachableError
    from mqlab.warehouse.engines import spark_context

    spark_context.WORKER_SECONDS = 3
    with pytest.raises(UnreachableError) as told:
        open_engine(f"{url}?spark.executor.memory=900g", memory_limit=MEMORY)
    return str(told.value)


def test_a_cluster_without_room_is_told(spark_cluster: str) -> None:
    """Work that no worker can take does not wait for ever."""
    assert "no worker took the work" in in_its_own_process(no_memory, spark_cluster)
