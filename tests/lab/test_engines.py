"""The same lab asked in every place its tables can lie: `analyze --format json` says the same, to the byte.

The ledger's facts, read by DuckDB in process, are what the others are held against. Two things may differ: the name of
the engine, and how many rows wait in the ledger's quarantine, which tables elsewhere know nothing of.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from mqlab.analysis.analyze_in_engine import analyze_in
from mqlab.cli.output import json_text
from mqlab.lab import Lab
from mqlab.lab.demo import demo_run
from mqlab.leads.instants import iso
from mqlab.leads.tables import Facts
from mqlab.warehouse.engines.engine import open_engine
from tests.analysis.lab_tables import tables_of, write
from tests.analysis.test_analyze_in_engine import ZONE, fill_postgres, said
from tests.analysis.world import definitions, protocol
from tests.cli.runner import mqlab
from tests.cli.small_lab import LOOK
from tests.engines import SMALL, in_its_own_process
from tests.lab.olist_lab import olist_lab
from tests.lab.test_warehouse import warehouse

pytestmark = pytest.mark.engines

DEMO = ("trap", "challenger")
SEED = 8
PLACES = ("parquet", "file", "postgres", "spark")
LARGE_LEADS = 2_000_000
LARGE_SECONDS = 3_000
CLUSTER_SECONDS = 1_500


@dataclass(frozen=True)
class Asked:
    """A lab with its tables beside it (`data/` and `lab.duckdb`), and what `analyze` says of each experiment by it."""

    folder: Path
    as_of: str
    facts: Facts
    by_ledger: dict[str, str]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """The demo's lab, made once."""
    folder = tmp_path_factory.mktemp("engines") / "demo"
    run = demo_run(folder, seed=SEED, overwrite=False, progress=lambda *_: None)
    results = {name: run.analyses[name].to_dict() for name in DEMO}
    return with_tables(run.lab, run.as_of, results)


@pytest.fixture(scope="session")
def olist_run(olist: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """The Olist funnel's lab, made once."""
    run = olist_lab(olist, tmp_path_factory.mktemp("engines-olist"), root / "docs" / "olist")
    name = "pages-v-channels"
    return with_tables(run.lab, run.as_of, {name: run.lab.analyze(name, as_of=run.as_of).to_dict()})


@pytest.fixture
def small(fed: Lab) -> Asked:
    """A small lab with one experiment."""
    return with_tables(fed, LOOK, {"demo-requests": fed.analyze("demo-requests", as_of=LOOK).to_dict()})


def with_tables(lab: Lab, as_of: datetime, results: dict[str, Any]) -> Asked:
    """Write what the ledger knows as Parquet files and as a DuckDB file."""
    facts = with_unmatched(lab.reading.facts(as_of=as_of))
    (lab.folder / "data").mkdir()
    write(facts, lab.folder / "data")
    with duckdb.connect(str(lab.folder / "lab.duckdb")) as file:
        file.execute("SET TimeZone = 'UTC'").fetchall()
        for name, table in tables_of(facts).items():
            file.register("arriving", table)
            file.execute(f"CREATE TABLE {name} AS SELECT * FROM arriving").fetchall()
            file.unregister("arriving")
    lab.reading.close()
    return Asked(lab.folder, iso(as_of), facts, {name: comparable(json_text(one)) for name, one in results.items()})


def with_unmatched(facts: Facts) -> Facts:
    """The outcomes of nobody's lead, which the ledger only counts, as rows: tables elsewhere have them."""
    strays = facts.outcomes.slice(0, 1).to_pylist() * facts.unmatched_outcomes
    rows = [{**row, "lead_id": f"nobody-{number}"} for number, row in enumerate(strays)]
    more = pa.Table.from_pylist(rows, schema=facts.outcomes.schema)
    return replace(facts, outcomes=pa.concat_tables([facts.outcomes, more]))


def comparable(text: str) -> str:
    """The JSON without what may differ."""
    data = json.loads(text)
    data.pop("engine")
    data["counts"].pop("quarantined")
    return json_text(data)


def asked_at(asked: Asked, folder: Path, url: str, experiment: str) -> dict[str, Any]:
    """What a lab like `asked`, whose tables lie at `url`, prints; its ledger is a copy."""
    copy = folder / "lab"
    folder.mkdir(exist_ok=True)
    shutil.copytree(asked.folder, copy, ignore=shutil.ignore_patterns("feeds", "reports"))
    warehouse(copy, url)
    done = mqlab("analyze", experiment, "--as-of", asked.as_of, "--format", "json", lab=copy)
    assert (done.code, done.err) == (0, ""), f"exit {done.code}: {done.err}"
    assert comparable(done.out) == asked.by_ledger[experiment]
    return dict(done.json)


def address(place: str, asked: Asked, request: pytest.FixtureRequest) -> str:
    """Where the tables lie."""
    match place:
        case "parquet":
            return "parquet:///data"
        case "file":
            return "duckdb:///lab.duckdb"
        case "postgres":
            url = str(request.getfixturevalue("postgres_schema"))
            fill_postgres(url, asked.facts)
            return url
        case _:
            return f"{request.getfixturevalue('spark_url')}?{SMALL}&folder=data"


@pytest.mark.parametrize("place", ["parquet", "file", "postgres"])
def test_a_small_lab_says_the_same_everywhere(
    small: Asked, place: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A folder, a file and a server print what the ledger says."""
    found = asked_at(small, tmp_path / "copy", address(place, small, request), "demo-requests")

    assert found["engine"] == ("postgres" if place == "postgres" else "duckdb")


@pytest.mark.slow
def test_the_demo_says_the_same_in_a_folder_and_on_a_server(
    demo: Asked, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """18,400 leads, accounts, merges, late and unmatched outcomes: both experiments, the same bytes."""
    for place, experiment in (("parquet", "challenger"), ("postgres", "trap")):
        asked_at(demo, tmp_path / place, address(place, demo, request), experiment)


def test_olist_says_the_same_in_a_folder(olist_run: Asked, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """8,000 real leads and 842 real wins: the same bytes."""
    asked_at(olist_run, tmp_path, address("parquet", olist_run, request), "pages-v-channels")


@pytest.mark.long
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("experiment", DEMO)
def test_the_demo_says_the_same_everywhere(
    demo: Asked, place: str, experiment: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every engine prints what the ledger says, apart from its name."""
    found = asked_at(demo, tmp_path, address(place, demo, request), experiment)

    assert found["engine"] == {"postgres": "postgres", "spark": "spark"}.get(place, "duckdb")


@pytest.mark.long
@pytest.mark.parametrize("place", PLACES)
def test_olist_says_the_same_everywhere(
    olist_run: Asked, place: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every engine prints what the ledger says, apart from its name."""
    asked_at(olist_run, tmp_path, address(place, olist_run, request), "pages-v-channels")


@pytest.mark.long
@pytest.mark.parametrize("experiment", DEMO)
def test_a_cluster_says_what_the_ledger_says(demo: Asked, experiment: str, spark_cluster: str, tmp_path: Path) -> None:
    """A master and two workers, each a process of its own, print the ledger's JSON."""
    url = f"{spark_cluster}?{SMALL}&folder={demo.folder / 'data'}"
    found = in_its_own_process(asked_at, demo, tmp_path, url, experiment, seconds=CLUSTER_SECONDS)

    assert found["engine"] == "spark"


def large_lab(folder: Path, leads: int) -> datetime:
    """Parquet tables of so many leads with events and outcomes, made by arithmetic; returns an instant after them."""
    with duckdb.connect() as made:
        made.execute("SET TimeZone = 'UTC'").fetchall()
        made.execute(
            f"""CREATE TABLE numbered AS SELECT i, 'L' || lpad(i::VARCHAR, 8, '0') AS lead_id,
                TIMESTAMPTZ '2026-07-01 00:00:00Z' + to_seconds(hash(i, 1) % (29 * 86400)) AS created_at,
                hash(i, 2) % 4 AS views, hash(i, 3) % 3 AS forms, hash(i, 4) % 100 AS luck FROM range({leads}) t(i)"""
        ).fetchall()
        tables = {
            "leads": """SELECT lead_id, created_at,
                ['organic', 'paid', 'event'][(1 + hash(i, 5) % 3)::BIGINT] AS source,
                (1 + hash(i, 6) % 500)::DOUBLE AS employees FROM numbered""",
            "events": """SELECT lead_id, 'page_view' AS name, created_at + to_seconds(hash(i, n, 7) % 2000000)
                AS occurred_at FROM numbered, range(4) u(n) WHERE n < views UNION ALL
                SELECT lead_id, 'form_submit', created_at + to_seconds(hash(i, n, 8) % 2000000)
                FROM numbered, range(3) u(n) WHERE n < forms""",
            "outcomes": """SELECT lead_id, 'sql' AS kind, created_at + to_seconds(hash(i, 9) % 3000000) AS occurred_at,
                created_at + to_seconds(hash(i, 9) % 3000000 + 3600) AS known_at FROM numbered WHERE luck < 20
                UNION ALL SELECT lead_id, 'closed_won', created_at + to_seconds(3000000 + hash(i, 10) % 2000000),
                created_at + to_seconds(3000000 + hash(i, 10) % 2000000 + 3600) FROM numbered WHERE luck < 5""",
        }
        for name, rows in tables.items():
            made.execute(f"COPY ({rows}) TO '{folder / name}.parquet' (FORMAT parquet)").fetchall()
    return datetime(2026, 11, 30, 23, tzinfo=UTC)


def large_said(url: str, as_of: datetime) -> tuple[str, str]:
    """The engine's name and what it says of the two definitions of the small world."""
    with open_engine(url, memory_limit="4GB") as engine:
        found = analyze_in(engine, protocol(), definitions(), as_of=as_of, position=0, timezone=ZONE)
    return found.engine, said(found)


@pytest.mark.parametrize("leads", [pytest.param(LARGE_LEADS, marks=pytest.mark.long, id="two million")])
def test_a_cluster_says_of_many_leads_what_duckdb_says(leads: int, spark_cluster: str, tmp_path: Path) -> None:
    """Two million leads on a master and two workers: the same result as DuckDB on one machine."""
    as_of = large_lab(tmp_path, leads)
    _, expected = large_said(f"parquet:///{tmp_path}", as_of)
    url = f"{spark_cluster}?spark.sql.shuffle.partitions=16&folder={tmp_path}"
    engine, found = in_its_own_process(large_said, url, as_of, seconds=LARGE_SECONDS)

    assert engine == "spark"
    assert found == expected
