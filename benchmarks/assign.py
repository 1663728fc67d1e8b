"""How long one assignment takes: in Python as a ratio to a loop that does nothing but hashlib.md5 (goal: at most 3),
in DuckDB as a ratio to an MD5 query written by hand for the same enrolment, ramp and split (goal: at most 1.2).

Run: python benchmarks/assign.py [UNITS] [UNITS IN DUCKDB]
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from mqlab.assignment.position import bound, hex_bound, position
from mqlab.assignment.split import Split
from mqlab.experiments.protocol import Arm, Metric, Phase, Protocol
from mqlab.leads.instants import DAY_US, micros
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.enrolment import enrolled

SALT = "2026q3-intent"
REPEATS = 7
ENGINE_REPEATS = 3
START, RAMP = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)
PROTOCOL = Protocol(
    id="benchmark",
    title="",
    hypothesis="",
    aim="growth",
    owner="",
    unit="lead",
    salt=SALT,
    timezone="UTC",
    enrolment_from=date(2026, 7, 1),
    enrolment_to=date(2026, 9, 30),
    phases=(Phase(1, START, Decimal("0.1")), Phase(2, RAMP, Decimal("0.9"))),
    control="current",
    arms=(Arm("current", "a@1.0.0", Decimal(1)), Arm("challenger", "b@1.0.0", Decimal(1))),
    qualify_within_us=60 * DAY_US,
    handling="blinded",
    cadence_us=3_600_000_000,
    primary=Metric("sql_per_lead"),
)
BY_HAND = f"""
CREATE OR REPLACE TEMP TABLE by_hand AS
SELECT lead_id, CASE
    WHEN created_us < {micros(PROTOCOL.enrolment_start)} OR created_us > {micros(PROTOCOL.enrolment_end)} THEN NULL
    WHEN left(md5('{SALT}-traffic-' || lead_id), 8)
        >= CASE WHEN created_us >= {micros(RAMP)} THEN '{hex_bound(bound(Decimal("0.9")))}'
                ELSE '{hex_bound(bound(Decimal("0.1")))}' END THEN NULL
    WHEN left(md5('{SALT}-split-' || lead_id), 8) < '80000000' THEN 'current'
    ELSE 'challenger' END AS arm
FROM leads
"""


def best_of(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def in_python(count: int) -> None:
    """Print microseconds per unit and the ratios."""
    units = [f"company-{number}.example.com" for number in range(count)]
    split = Split.of(SALT, [("current", Decimal(1)), ("challenger", Decimal(1))])
    half = bound(Decimal("0.5"))

    def reference() -> None:
        for unit in units:
            hashlib.md5(f"{SALT}-split-{unit}".encode()).hexdigest()

    def one_position() -> None:
        for unit in units:
            position(unit, "2026q3-intent-split")

    def assign() -> None:
        place = split.placer()
        for unit in units:
            place(unit, half)

    base = best_of(reference)
    for name, work in (("position", one_position), ("assign (coverage and split)", assign)):
        seconds = best_of(work)
        print(f"{name:40} {seconds / count * 1e6:6.3f} us per unit, {seconds / base:4.2f} x the md5 loop")
    print(f"{'md5 loop':40} {base / count * 1e6:6.3f} us per unit")


def in_duckdb(engine: Engine, count: int) -> None:
    """Print seconds and ratios for `count` leads of which 2 % arrive outside the enrolment; both must agree."""
    sql = engine.backend.con.execute
    span = micros(PROTOCOL.enrolment_end) - micros(PROTOCOL.enrolment_start)
    sql(
        "CREATE TEMP TABLE leads AS SELECT 'company-' || i || '.example.com' AS lead_id, "
        f"({micros(START)} + ({span} / {count} * 1.02 * i)::BIGINT) AS created_us FROM range({count}) AS r(i)"
    )
    leads = engine.backend.table("leads", database=("temp", "main"))

    def arms() -> None:
        rows, _ = enrolled(engine, PROTOCOL, leads, plain_ids=True)
        engine.keep("arms", rows.select("lead_id", "arm"))

    def looked_at() -> None:
        rows, _ = enrolled(engine, PROTOCOL, leads)
        engine.keep("looked_at", rows.select("lead_id", "arm"))

    def whole() -> None:
        rows, _ = enrolled(engine, PROTOCOL, leads, plain_ids=True)
        engine.keep("whole", rows)

    base = best_of(lambda: sql(BY_HAND), ENGINE_REPEATS)
    print(f"{f'DuckDB, {count:,} units by hand':40} {base:6.2f} s")
    compiled = {"lead and arm": arms, "with a look at every id": looked_at, "all nine columns": whole}
    for name, work in compiled.items():
        seconds = best_of(work, ENGINE_REPEATS)
        print(f"{f'compiled, {name}':40} {seconds:6.2f} s, {seconds / base:4.2f} x by hand")
    differing = sql(
        "SELECT count(*) FROM by_hand JOIN arms USING (lead_id) WHERE by_hand.arm IS DISTINCT FROM arms.arm"
    )
    print(f"{'units that differ':40} {differing.fetchone()[0]}")


def main(count: int, engine_count: int) -> None:
    """Both."""
    in_python(count)
    with open_engine("duckdb://") as engine:
        in_duckdb(engine, engine_count)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [200_000, 1_000_000][len(given) :]))
