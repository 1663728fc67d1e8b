"""Nothing counts on LEAST and GREATEST skipping nulls.

PostgreSQL, DuckDB, Spark and Databricks skip them (https://www.postgresql.org/docs/18/functions-conditional.html); in
BigQuery, Snowflake and Trino one null makes the answer null (https://docs.snowflake.com/en/sql-reference/functions/least,
https://trino.io/docs/current/functions/comparison.html). DuckDB plays the second kind here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
from ibis.expr import types as ir

from mqlab.analysis.analyze import analyze
from mqlab.analysis.analyze_in_engine import analyze_in
from mqlab.warehouse.engines.duckdb import DuckDBEngine
from mqlab.warehouse.engines.engine import open_engine
from mqlab.warehouse.engines.kept import Recipe
from tests.analysis.lab_tables import write
from tests.analysis.test_analyze_in_engine import ZONE, said, world
from tests.analysis.world import THREE_ARMS, TWO_ARMS, definitions, protocol

pytestmark = pytest.mark.engines

MACROS = "; ".join(
    f"CREATE OR REPLACE TEMP MACRO strict_{name}"
    + ", ".join(
        f"({', '.join(given)}) AS CASE WHEN {' AND '.join(f'{one} IS NOT NULL' for one in given)} "
        f"THEN {name}({', '.join(given)}) END"
        for given in ("ab", "abc")
    )
    for name in ("least", "greatest")
)
EXTREME = re.compile(r"\b(LEAST|GREATEST)\(")


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """DuckDB as an engine in which a null alone makes LEAST and GREATEST null; counts how often it was asked."""
    asked_for: Counter[str] = Counter()
    rows, make = DuckDBEngine.rows, DuckDBEngine.make

    def rewritten(engine: DuckDBEngine, sql: str) -> str:
        engine.backend.con.execute(MACROS)
        asked_for.update(EXTREME.findall(sql))
        return EXTREME.sub(r"strict_\1(", sql)

    def strict_rows(self: DuckDBEngine, sql: str, schema: pa.Schema) -> pa.Table:
        return rows(self, rewritten(self, sql), schema)

    def strict_make(self: DuckDBEngine, name: str, recipe: Recipe) -> ir.Table:
        return make(self, name, Recipe(recipe.columns, rewritten(self, recipe.sql)))

    with monkeypatch.context() as patched:
        patched.setattr(DuckDBEngine, "rows", strict_rows)
        patched.setattr(DuckDBEngine, "make", strict_make)
        yield asked_for


def test_duckdb_plays_the_other_kind(strict: Counter[str]) -> None:
    """The engine of these tests does what it is meant to do."""
    with open_engine("duckdb://") as engine:
        table = engine.load("pairs", pa.table({"a": pa.array([1, None, 3]), "b": pa.array([2, 2, None], pa.int64())}))
        found = engine.fetched(
            table.select(least=ibis.least(table.a, table.b), greatest=ibis.greatest(table.a, table.b))
        )

    assert found.to_pylist()[0] == {"least": 1, "greatest": 2}
    assert found.to_pylist()[1:] == [{"least": None, "greatest": None}] * 2


@pytest.mark.parametrize(
    ("unit", "arms"), [pytest.param("lead", THREE_ARMS, id="leads"), pytest.param("account", TWO_ARMS, id="accounts")]
)
def test_an_analysis_says_what_the_ledger_says(unit: str, arms: str, tmp_path: Path, strict: Counter[str]) -> None:
    """Tables, enrolment, merges, sweep, strata, outcomes and counts."""
    facts, plan = world(7, accounts=60), protocol(unit=unit, arms=arms)
    write(facts, tmp_path)
    with open_engine(f"parquet:///{tmp_path}") as engine:
        found = analyze_in(engine, plan, definitions(), as_of=facts.as_of, position=facts.position, timezone=ZONE)

    assert min(strict["LEAST"], strict["GREATEST"]) > 1
    assert said(found) == said(analyze(plan, definitions(), facts, timezone=ZONE))
