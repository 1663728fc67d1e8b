"""Tables that are already there: in folders, files and schemas, read where they lie."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mqlab.errors import InputError, UnreachableError
from mqlab.warehouse.engines.engine import Engine, open_engine

LEADS = pa.table(
    {
        "lead_id": ["007", "b", "Ä"],
        "created_at": pa.array([datetime(2026, 7, 1, tzinfo=UTC)] * 3, pa.timestamp("us", tz="UTC")),
        "signed_at": pa.array([None] * 3, pa.timestamp("us")),
        "employees": pa.array([10, None, 3], pa.int64()),
    }
)


def ids(engine: Engine, name: str = "leads") -> list[str]:
    """The lead ids of a table, sorted by the engine."""
    table = engine.table(name)
    found: list[str] = engine.fetched(table.select("lead_id").order_by("lead_id"))["lead_id"].to_pylist()
    return found


def parts(folder: Path) -> Path:
    """A folder in which `leads` is two part files and `events` is one file, as Spark and others write them."""
    (folder / "leads").mkdir(parents=True)
    pq.write_table(LEADS.slice(0, 2), folder / "leads" / "part-0.parquet")
    pq.write_table(LEADS.slice(2), folder / "leads" / "part-1.parquet")
    (folder / "leads" / "_SUCCESS").write_text("")
    (folder / "leads" / "_tmp").mkdir()
    pq.write_table(LEADS, folder / "leads" / "_tmp" / "part-2.parquet")
    pq.write_table(LEADS.slice(0, 1), folder / "events.parquet")
    return folder


@pytest.mark.parametrize("scheme", ["parquet", "spark"])
def test_parquet_is_read_where_it_lies(tmp_path: Path, scheme: str, request: pytest.FixtureRequest) -> None:
    """Part files are one table, bookkeeping is none, and types are those of the files; on DuckDB and on Spark."""
    parts(tmp_path / "lake")
    url = "parquet:///lake"
    if scheme == "spark":
        url = f"{request.getfixturevalue('spark_url')}?folder=lake"
    with open_engine(url, folder=tmp_path) as engine:
        assert ids(engine) == ["007", "b", "Ä"]
        assert ids(engine, "events") == ["007"]
        assert engine.table("leads").schema()["created_at"].timezone == "UTC"
        assert engine.table("leads").schema()["signed_at"].timezone is None
        assert engine.fetched(engine.table("leads").order_by("lead_id"))["employees"].to_pylist() == [10, None, 3]
        assert engine.has("events") and not engine.has("outcomes")
        with pytest.raises(InputError, match=r"no table 'lead'.*Did you mean 'leads'.*There is events, leads"):
            engine.table("lead")


def test_csv_is_text(tmp_path: Path) -> None:
    """Nothing in a CSV file is guessed: an id keeps its zeros, an empty value is null, quoted lines stay whole."""
    (tmp_path / "leads.csv").write_text('lead_id,note\n007,"a\nb"\nb,\n', encoding="utf-8")
    with open_engine(f"csv:///{tmp_path}") as engine:
        found = engine.fetched(engine.table("leads").order_by("lead_id")).to_pylist()

    assert found == [{"lead_id": "007", "note": "a\nb"}, {"lead_id": "b", "note": None}]


def test_a_duckdb_file_is_read_and_not_written(tmp_path: Path) -> None:
    """Its tables and views are there; temporary tables go beside it, also under a name that it has."""
    file = tmp_path / "lake.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.register("arriving", LEADS)
        connection.execute("CREATE TABLE leads AS FROM arriving")
        connection.execute("CREATE VIEW events AS SELECT lead_id FROM leads LIMIT 1")
    before = file.read_bytes()

    with open_engine("duckdb:///lake.duckdb", folder=tmp_path) as engine:
        mine = engine.load("leads", pa.table({"lead_id": ["mine"]}))

        assert engine.fetched(mine).to_pylist() == [{"lead_id": "mine"}]
        assert ids(engine) == ["007", "b", "Ä"]
        assert engine.has("events") and not engine.has("outcomes")
        with pytest.raises(InputError, match="no table 'outcomes'"):
            engine.table("outcomes")
    assert file.read_bytes() == before


def test_a_schema_of_postgres_is_read_in_place(postgres_schema: str) -> None:
    """Its tables and views are there whatever their collation; temporary tables hide none of them."""
    schema = postgres_schema.rpartition("=")[2]
    with psycopg.connect(postgres_schema.rpartition("schema=")[0][:-1], autocommit=True) as connection:
        connection.execute(f'CREATE TABLE {schema}.people (lead_id varchar(9) COLLATE "unicode", employees bigint)')
        connection.execute(f"INSERT INTO {schema}.people VALUES ('b', NULL), ('Ä', 3), ('007', 10)")
        connection.execute(f"CREATE VIEW {schema}.leads AS SELECT * FROM {schema}.people")

    with open_engine(postgres_schema) as engine:
        mine = engine.load("leads", pa.table({"lead_id": ["b"]}))
        theirs = engine.table("leads")
        both = theirs.join(mine, theirs.lead_id == mine.lead_id)

        assert ids(engine) == ["007", "b", "Ä"]
        assert engine.fetched(both.select("employees", "lead_id")).to_pylist() == [{"employees": None, "lead_id": "b"}]
        assert engine.has("people") and not engine.has("events")
        with pytest.raises(InputError, match=r"no table 'lead'.*Did you mean 'leads'"):
            engine.table("lead")


@pytest.mark.parametrize("scheme", ["parquet", "csv"])
def test_columns_that_differ_in_case_only_are_refused(tmp_path: Path, scheme: str) -> None:
    """`plan` beside `Plan` would be one column under two names, and nobody could say which is read."""
    if scheme == "csv":
        (tmp_path / "leads.csv").write_text("lead_id,created_at,plan,Plan\na,2026-07-01T00:00:00Z,free,paid\n")
    else:
        plans = {"plan": pa.array(["free"] * 3), "Plan": pa.array(["paid"] * 3)}
        table = pa.table({**{name: LEADS[name] for name in LEADS.column_names}, **plans})
        pq.write_table(table, tmp_path / "leads.parquet")
    with (
        open_engine(f"{scheme}:///{tmp_path}") as engine,
        pytest.raises(InputError, match=r"the columns 'plan' and 'Plan' are the same name.*Keep one of them"),
    ):
        engine.table("leads")


def test_text_is_compared_by_bytes_whatever_a_file_says(tmp_path: Path) -> None:
    """Ids that differ in case only stay two leads in a DuckDB file whose columns ignore case."""
    with duckdb.connect(str(tmp_path / "lab.duckdb")) as made:
        made.execute("CREATE TABLE leads (lead_id VARCHAR COLLATE NOCASE)").fetchall()
        made.execute("INSERT INTO leads VALUES ('a'), ('A')").fetchall()
    with open_engine(f"duckdb:///{tmp_path}/lab.duckdb") as engine:
        leads = engine.table("leads")
        assert ids(engine) == ["A", "a"]
        assert engine.fetched(leads.aggregate(ids=leads.lead_id.nunique()))["ids"].to_pylist() == [2]


@pytest.mark.parametrize("scheme", ["parquet", "csv", "duckdb"])
def test_a_place_that_is_not_there_is_told(tmp_path: Path, scheme: str) -> None:
    """A missing folder or file is unreachable, and the usual slip, three slashes for four, is named."""
    with pytest.raises(UnreachableError, match=f"there is no (file|folder) {tmp_path}/nowhere"):
        open_engine(f"{scheme}:///nowhere", folder=tmp_path)
    with pytest.raises(UnreachableError, match=rf"absolute it is {scheme}:///{tmp_path}"):
        open_engine(f"{scheme}://{tmp_path}", folder=tmp_path / "lab")


def test_an_unreadable_file_is_told(tmp_path: Path, spark_url: str) -> None:
    """A file that is not what its ending says is named; on DuckDB and on Spark."""
    (tmp_path / "leads.parquet").write_text("not Parquet", encoding="utf-8")
    for url in (f"parquet:///{tmp_path}", f"{spark_url}?folder={tmp_path}"):
        with open_engine(url) as engine, pytest.raises(InputError, match=r"'leads' cannot be read.*leads\.parquet"):
            engine.table("leads")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """A DuckDB address of something else is unreachable, with DuckDB's own reason."""
    (tmp_path / "x.duckdb").write_text("not a database, but long enough to be looked at " * 200, encoding="utf-8")
    with pytest.raises(UnreachableError, match="DuckDB cannot open it"):
        open_engine("duckdb:///x.duckdb", folder=tmp_path)
