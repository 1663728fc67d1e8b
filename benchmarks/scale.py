"""What an experiment costs by size: leads with six events each in Parquet files, judged by two definitions.

Each size is a process of its own over a folder of Parquet files, inside `memory_limit`: the tables are checked, leads
enrolled and split by MD5, both arms' definitions judged in as many slices as the memory asks for, strata found, and the
whole analysis concluded. Told are seconds of wall time and of CPU, those of CPU by part and per million leads, and the
peak memory of the process. Linear means that a million leads cost as much CPU at every size.

Run: python benchmarks/scale.py [LEADS ...] [MEMORY LIMIT, such as 4GB]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from mqlab.analysis.analyze_in_engine import analyze_in
from mqlab.definitions.load import load_text
from mqlab.experiments.load import load_text as load_protocol
from mqlab.warehouse.engines.engine import open_engine

SIZES = (250_000, 500_000, 1_000_000)
EVENTS_EACH = 6
START = datetime(2026, 7, 1, tzinfo=UTC)

DEFINITION = """
kind: mql-definition/v1
id: {name}
version: 1.0.0
events: {{page_view: {{props: {{path: string}}}}, webinar: {{}}, click: {{}}, demo: {{}}}}
scores:
  interest:
    rules:
      - id: pricing
        event: page_view
        where: path == '/pricing'
        points: 12
        max_count: 3
        within: 90d
        decay: {{half_life: {half_life}}}
      - {{id: webinar, event: webinar, points: {webinar}, max_count: 2, within: 180d, decay: {{half_life: 30d}}}}
      - {{id: click, event: click, points: 3, max_count: 5, within: 30d}}
      - {{id: demo, event: demo, points: 20, within: 60d}}
qualify: interest >= {threshold}
"""
EXPERIMENT = """
kind: mql-experiment/v1
id: scale
title: Scale
hypothesis: The newer score finds more SQLs.
aim: growth
owner: growth
unit: lead
salt: scale
enrolment: {from: 2026-07-01, to: 2026-09-30, timezone: UTC}
phases: [{from: 2026-07-01, coverage: 100%}]
control: older
arms:
  older: {definition: older@1.0.0, weight: 1}
  newer: {definition: newer@1.0.0, weight: 1}
qualify_within: 60d
handling: blinded
cadence: 1h
metrics:
  primary: {metric: sql_per_lead, horizon: 60d, minimum_effect: 5%}
looks: {dates: [2026-12-31]}
"""
LEADS = """
COPY (
  SELECT 'L' || i AS lead_id, TIMESTAMPTZ '2026-07-01 00:00:00+00' + to_microseconds((hash(i) % {span})::BIGINT)
    AS created_at
  FROM range({count}) r(i)
) TO '{folder}/leads.parquet'
"""
EVENTS = """
COPY (
  SELECT lead_id, ['page_view', 'webinar', 'click', 'demo'][1 + (hash(j * 7, lead_id) % 10)::INT // 3] AS name,
    lead_id || '-' || j AS event_id, occurred_at,
    occurred_at + to_microseconds(CASE WHEN hash(lead_id, j) % 10 = 0
      THEN (hash(j, lead_id) % {late})::BIGINT ELSE 0 END) AS known_at,
    CASE WHEN hash(lead_id, j * 13) % 3 = 0 THEN '/pricing' ELSE '/blog' END AS path
  FROM (
    SELECT lead_id, j, created_at - INTERVAL 30 DAY + to_microseconds((hash(lead_id, j * 17) % {around})::BIGINT)
      AS occurred_at
    FROM '{folder}/leads.parquet', range({each}) r(j)
  )
) TO '{folder}/events.parquet'
"""
OUTCOMES = """
COPY (
  SELECT lead_id, 'sql' AS kind, created_at + to_microseconds((hash(lead_id, 3) % {around})::BIGINT) AS occurred_at
  FROM '{folder}/leads.parquet' WHERE hash(lead_id, 5) % 10 = 0
) TO '{folder}/outcomes.parquet'
"""
DAY_US = 86_400_000_000


def write(folder: Path, count: int) -> None:
    """The lab's tables as Parquet files, in a process that has nothing to do with the one measured."""
    with duckdb.connect(config={"memory_limit": "4GB", "threads": 2}) as connection:
        for text in (LEADS, EVENTS, OUTCOMES):
            connection.execute(
                text.format(
                    folder=folder, count=count, each=EVENTS_EACH, span=90 * DAY_US, late=5 * DAY_US, around=100 * DAY_US
                )
            )


def measure(folder: Path, leads: int, memory_limit: str) -> None:
    """Analyse the folder once; print seconds, those of CPU by part, slices and peak memory."""
    texts = {
        "older": DEFINITION.format(name="older", half_life="14d", webinar=15, threshold=25),
        "newer": DEFINITION.format(name="newer", half_life="21d", webinar=20, threshold=30),
    }
    definitions = {f"{name}@1.0.0": load_text(text, file=f"{name}@1.0.0.yaml") for name, text in texts.items()}
    begun, moments = time.perf_counter(), [time.process_time()]
    slices = 1

    def told(_done: int, total: int) -> None:
        nonlocal slices
        moments.append(time.process_time())
        slices = total

    with open_engine(f"parquet:///{folder}", memory_limit=memory_limit) as engine:
        result = analyze_in(
            engine,
            load_protocol(EXPERIMENT, file="scale.yaml", definitions=definitions),
            definitions,
            as_of=START + timedelta(days=200),
            position=0,
            timezone=ZoneInfo("UTC"),
            progress=told,
        )
    wall, cpu = time.perf_counter() - begun, time.process_time()
    if not result.metrics:
        raise SystemExit("nothing was analysed")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    parts = (moments[1] - moments[0], moments[-1] - moments[1], cpu - moments[-1])
    print(
        f"{wall:8.1f} {cpu:8.1f} {cpu / leads * 1e6:11.1f} {parts[0]:10.1f} {parts[1]:8.1f} {parts[2]:10.1f}"
        f" {slices:7d} {peak:6.2f}",
        flush=True,
    )


def main(sizes: list[int], memory_limit: str) -> None:
    """One line per size."""
    print(f"two definitions, {EVENTS_EACH} events per lead, memory_limit {memory_limit}; seconds and GiB")
    print("     leads      wall      CPU per million   enrolled   judged  concluded  slices   peak", flush=True)
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), size)
            print(f"{size:10,} ", end="", flush=True)
            subprocess.run([sys.executable, __file__, "--measure", folder, str(size), memory_limit], check=True)


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["--measure"]:
        measure(Path(given[1]), int(given[2]), given[3])
    else:
        limits = [one for one in given if not one.isdigit()]
        main([int(one) for one in given if one.isdigit()] or list(SIZES), limits[0] if limits else "4GB")
