"""An analysis where the data is says the same, to the byte, as one of the ledger's facts in Python."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mqlab.analysis import analyze as whole
from mqlab.analysis.analyze import analyze
from mqlab.analysis.analyze_in_engine import analyze_in
from mqlab.leads.tables import INSTANT, Facts
from mqlab.warehouse.engines.engine import Engine, open_engine
from tests.analysis.lab_tables import tables_of, write
from tests.analysis.world import THREE_ARMS, TWO_ARMS, definitions, protocol, random_facts

pytestmark = pytest.mark.engines

ZONE = ZoneInfo("UTC")


def world(seed: int, count: int = 300, *, accounts: int = 0) -> Facts:
    """A funnel without outcomes of unknown leads, which a ledger would not hand out."""
    facts = random_facts(seed, count, accounts=accounts)
    known = pc.is_in(facts.outcomes["lead_id"], value_set=facts.leads["lead_id"].combine_chunks())
    return replace(facts, outcomes=facts.outcomes.filter(known))


def said(result: Any) -> str:
    """The agreed JSON of a result without the name of the engine."""
    return json.dumps({**result.to_dict(), "engine": ""}, sort_keys=True)


@pytest.mark.parametrize("unit", ["lead", "account"])
@pytest.mark.parametrize("arms", [TWO_ARMS, THREE_ARMS])
def test_a_folder_of_parquet_files_says_what_the_ledger_says(unit: str, arms: str, tmp_path: Path) -> None:
    """Two and three arms, leads and accounts, with merges, late arrivals and shared opportunities."""
    facts = world(7, accounts=60 if unit == "account" else 0)
    plan = protocol(unit=unit, arms=arms)
    write(facts, tmp_path)
    with open_engine(f"parquet:///{tmp_path}") as engine:
        found = analyze_in(engine, plan, definitions(), as_of=facts.as_of, position=facts.position, timezone=ZONE)

    assert found.engine == "duckdb"
    assert said(found) == said(analyze(plan, definitions(), facts, timezone=ZONE))


def test_feedback_of_years_before_tells_nothing(tmp_path: Path) -> None:
    """Outcomes of others from more than a year before the enrolment change nothing but the answers about their leads.

    They came a year late, of leads with amounts that nobody could add up, and some of nobody.
    """
    facts, plan = world(17), protocol()
    long_ago = plan.enrolment_start - timedelta(days=366)
    lead = facts.leads.slice(0, 1).set_column(0, "lead_id", pa.array(["long-ago"]))
    lead = lead.set_column(1, "created_at", pa.array([long_ago - timedelta(days=1)], INSTANT))
    won = pc.equal(facts.outcomes["kind"], "closed_won")
    old = pa.concat_tables([facts.outcomes.filter(won).slice(0, 1)] * 400)
    for name, value in {
        "lead_id": "long-ago",
        "occurred_at": long_ago,
        "known_at": long_ago + timedelta(days=365),
        "opportunity_id": "long-ago",
        "amount": Decimal(50_000_000_000_000),
    }.items():
        field = old.schema.field(name)
        old = old.set_column(old.column_names.index(name), field, pa.array([value] * old.num_rows, field.type))
    years = replace(
        facts,
        leads=pa.concat_tables([facts.leads, lead]),
        outcomes=pa.concat_tables([facts.outcomes, old]).combine_chunks(),
    )
    write(years, tmp_path)
    with open_engine(f"parquet:///{tmp_path}") as engine:
        found = analyze_in(engine, plan, definitions(), as_of=years.as_of, position=years.position, timezone=ZONE)

    without, beside = (
        analyze(plan, definitions(), facts, timezone=ZONE),
        analyze(plan, definitions(), years, timezone=ZONE),
    )
    assert said(found) == said(beside)
    assert (beside.checks, beside.metrics) == (without.checks, without.metrics)


def test_slices_of_the_leads_say_what_the_ledger_says(tmp_path: Path) -> None:
    """Accounts, merged persons and shared opportunities in three slices; told after each of them."""
    facts, plan, told = world(13, accounts=60), protocol(unit="account"), []
    write(facts, tmp_path)
    with open_engine(f"parquet:///{tmp_path}") as engine:
        found = analyze_in(
            engine,
            plan,
            definitions(),
            as_of=facts.as_of,
            position=facts.position,
            timezone=ZONE,
            slices=3,
            progress=lambda done, total: told.append((done, total)),
        )

    assert said(found) == said(analyze(plan, definitions(), facts, timezone=ZONE))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_many_leads_of_a_ledger_are_compiled_and_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large ledger is loaded into DuckDB and judged there; nobody can tell from the result."""
    facts, plan = world(11), protocol()
    one_by_one = said(analyze(plan, definitions(), facts, timezone=ZONE))
    monkeypatch.setattr(whole, "MANY_LEADS", 1)

    assert said(analyze(plan, definitions(), facts, timezone=ZONE)) == one_by_one


def test_postgres_says_what_the_ledger_says(postgres_schema: str) -> None:
    """In place on a server: the lab's tables lie in a schema, and only sums come back."""
    facts, plan = world(5), protocol()
    fill_postgres(postgres_schema, facts)
    with open_engine(postgres_schema) as engine:
        found = analyze_in(engine, plan, definitions(), as_of=facts.as_of, position=facts.position, timezone=ZONE)

    assert found.engine == "postgres"
    assert said(found) == said(analyze(plan, definitions(), facts, timezone=ZONE))


@pytest.mark.slow
def test_spark_says_what_the_ledger_says(spark_url: str, tmp_path: Path) -> None:
    """Over a folder of Parquet files."""
    facts, plan = world(3), protocol()
    write(facts, tmp_path)
    separator = "&" if "?" in spark_url else "?"
    with open_engine(f"{spark_url}{separator}folder={tmp_path}") as engine:
        found = analyze_in(engine, plan, definitions(), as_of=facts.as_of, position=facts.position, timezone=ZONE)

    assert found.engine == "spark"
    assert said(found) == said(analyze(plan, definitions(), facts, timezone=ZONE))


def fill_postgres(url: str, facts: Facts) -> None:
    """The facts as tables of the schema that the address names."""
    schema = url.rpartition("schema=")[2]
    with open_engine(url) as engine:
        for name, table in tables_of(facts).items():
            loaded = engine.load(f"filling_{name}", table)
            copy_into(engine, schema, name, loaded.get_name())


def copy_into(engine: Engine, schema: str, name: str, loaded: str) -> None:
    """A temporary table as one that stays."""
    engine.backend.raw_sql(f'CREATE TABLE "{schema}"."{name}" AS SELECT * FROM "{loaded}"').close()
