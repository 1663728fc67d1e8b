"""No result depends on the order in which an engine gives rows, nor on how its texts are ordered there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from mqlab.analysis.analyze import analyze
from mqlab.analysis.analyze_in_engine import analyze_in
from mqlab.analysis.backtest import backtest
from mqlab.analysis.lab_in_engine import LabInEngine
from mqlab.analysis.score_in_engine import score_everyone
from mqlab.leads.tables import Facts
from mqlab.warehouse.engines.duckdb import DuckDBEngine
from mqlab.warehouse.engines.engine import open_engine
from mqlab.warehouse.readings import readings_of
from tests.analysis.lab_tables import write
from tests.analysis.test_analyze_in_engine import ZONE, fill_postgres, said, world
from tests.analysis.test_everyone import asked, merged_world
from tests.analysis.world import THREE_ARMS, TWO_ARMS, definitions, protocol

pytestmark = pytest.mark.engines

BEGINNINGS = ("zoe_", "z-", "é ", "e.", "_e", "ø", "10", "9")
"""Of ids and values: a language orders them otherwise than their bytes do."""

SCHEMA_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s AND data_type = 'text'
"""


def with_unlike_texts(facts: Facts) -> Facts:
    """The facts with ids, sources, owners and opportunities whose order depends on the language."""

    def renamed(table: pa.Table, *columns: str) -> pa.Table:
        for column in columns:
            texts = [
                None if text is None else BEGINNINGS[sum(text.encode()) % len(BEGINNINGS)] + text
                for text in table[column].to_pylist()
            ]
            table = table.set_column(table.column_names.index(column), column, pa.array(texts, pa.string()))
        return table

    return replace(
        facts,
        leads=renamed(facts.leads, "lead_id", "source", "account_key"),
        events=renamed(facts.events, "lead_id"),
        field_changes=renamed(facts.field_changes, "lead_id"),
        identity=renamed(facts.identity, "old_id", "new_id"),
        outcomes=renamed(facts.outcomes, "lead_id", "opportunity_id", "owner"),
    )


@pytest.mark.parametrize(
    ("unit", "arms"), [pytest.param("lead", THREE_ARMS, id="leads"), pytest.param("account", TWO_ARMS, id="accounts")]
)
def test_an_engine_may_give_its_rows_in_any_order(
    unit: str, arms: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every answer of the engine turned round: an analysis says the same, to the byte."""
    facts, plan = with_unlike_texts(world(7, accounts=60)), protocol(unit=unit, arms=arms)
    write(facts, tmp_path)
    as_given = DuckDBEngine.rows
    turned: list[int] = []

    def rows(self: DuckDBEngine, sql: str, schema: pa.Schema) -> pa.Table:
        found = as_given(self, sql, schema)
        turned.append(found.num_rows)
        return found.take(pa.array(range(found.num_rows - 1, -1, -1), pa.int64()))

    monkeypatch.setattr(DuckDBEngine, "rows", rows)
    with open_engine(f"parquet:///{tmp_path}") as engine:
        found = analyze_in(engine, plan, definitions(), as_of=facts.as_of, position=facts.position, timezone=ZONE)
    monkeypatch.undo()

    assert max(turned) > 1
    assert said(found) == said(analyze(plan, definitions(), facts, timezone=ZONE))


def in_language_order(url: str) -> None:
    """Give every text of the schema the collation `unicode`.

    A server without ICU refuses to order or compare by it, so whatever did would fail; one with ICU orders otherwise.
    """
    address, _, schema = url.rpartition("schema=")
    with psycopg.connect(address[:-1], autocommit=True) as connection:
        for table, column in connection.execute(SCHEMA_COLUMNS, (schema,)).fetchall():
            connection.execute(f'ALTER TABLE {schema}."{table}" ALTER "{column}" TYPE text COLLATE "unicode"')


def answers(lab: LabInEngine) -> tuple[Any, Any]:
    """What scoring everyone and a backtest say."""
    one, other = asked()["forms@1.0.0"], asked()["colleagues@1.0.0"]
    scored = score_everyone(lab, other)
    return list(scored.rows()), backtest(lab, one, other, zone=ZONE).to_dict() | {"engine": ""}


def test_postgres_never_orders_by_the_collation_of_a_table(postgres_schema: str) -> None:
    """Tables whose texts are in the order of a language say what the ledger says, and every lead is judged alike."""
    facts, plan = with_unlike_texts(world(5)), protocol()
    fill_postgres(postgres_schema, facts)
    in_language_order(postgres_schema)
    with open_engine(postgres_schema) as engine:
        found = analyze_in(engine, plan, definitions(), as_of=facts.as_of, position=facts.position, timezone=ZONE)

    assert said(found) == said(analyze(plan, definitions(), facts, timezone=ZONE))


def test_everyone_on_postgres_never_orders_by_the_collation_of_a_table(postgres_schema: str) -> None:
    """Scores and a backtest, with merges and accounts, likewise; the answers are sorted by the bytes of ids."""
    facts = with_unlike_texts(merged_world())
    readings = readings_of([asked()["forms@1.0.0"], asked()["colleagues@1.0.0"]])
    fill_postgres(postgres_schema, facts)
    in_language_order(postgres_schema)
    with open_engine(postgres_schema) as engine:
        in_place = answers(LabInEngine.of_tables(engine, readings, as_of=facts.as_of))
    with open_engine("duckdb://") as engine:
        by_ledger = answers(LabInEngine.of_facts(engine, facts, readings))

    assert in_place == by_ledger
    ids = [row["lead"] for row in in_place[0]]
    assert ids == sorted(ids)
