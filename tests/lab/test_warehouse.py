"""`[warehouse] url` as a user meets it: the same answer from tables in place, and one message for what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from mqlab.lab import Lab
from tests.analysis.lab_tables import write
from tests.cli.runner import Done, mqlab
from tests.cli.small_lab import LOOK

pytestmark = pytest.mark.engines

ANALYZE = ("analyze", "demo-requests", "--as-of", "2026-06-30")
Change = Callable[[pa.Table], pa.Table]


@pytest.fixture
def lab(fed: Lab) -> Path:
    """A fed lab whose facts also lie in `data/` as Parquet files; the warehouse is that folder."""
    (fed.folder / "data").mkdir()
    write(fed.reading.facts(as_of=LOOK), fed.folder / "data")
    warehouse(fed.folder, "parquet:///data")
    return fed.folder


def warehouse(lab: Path, url: str, **further: str) -> None:
    """Set `[warehouse]` in `mqlab.toml`."""
    settings = lab / "mqlab.toml"
    before = settings.read_text().partition("[warehouse]")[0]
    lines = [f'{key} = "{value}"' for key, value in {"url": url, **further}.items()]
    settings.write_text("\n".join([before.rstrip("\n"), "[warehouse]", *lines, ""]))


def changed(lab: Path, name: str, change: Change) -> None:
    """Change a table of the folder."""
    file = lab / "data" / f"{name}.parquet"
    pq.write_table(change(pq.read_table(file)), file)


def replaced(column: str, change: Callable[[pa.ChunkedArray], pa.Array | pa.ChunkedArray]) -> Change:
    """A table with one column made anew."""
    return lambda table: table.set_column(table.column_names.index(column), column, change(table[column]))


def renamed(before: str, after: str) -> Change:
    """A table with one column under another name."""
    return lambda table: table.rename_columns([after if name == before else name for name in table.column_names])


def message(done: Done, *, code: int) -> str:
    """What a command that failed said, on one line; nothing else came out and nothing is a traceback."""
    assert (code, "") == (done.code, done.out), done.err
    assert "Traceback" not in done.err
    return " ".join(done.err.split())


def test_tables_in_place_say_what_the_ledger_says(lab: Path) -> None:
    """A folder of Parquet files and DuckDB fed from the ledger print the same JSON."""
    there = mqlab(*ANALYZE, "--format", "json", lab=lab).json
    warehouse(lab, "duckdb://")
    fed = mqlab(*ANALYZE, "--format", "json", lab=lab).json

    assert there["metrics"] == fed["metrics"]
    assert there["engine"] == fed["engine"] == "duckdb"


@pytest.mark.parametrize(
    ("table", "change", "says"),
    [
        pytest.param(
            "leads", renamed("created_at", "created"),
            "leads.created_at the table 'leads' has no column 'created_at'. Did you mean 'created'? (MissingColumn)",
            id="missing column",
        ),
        pytest.param(
            "events", replaced("occurred_at", lambda column: column.cast(pa.int64())),
            "'occurred_at' of 'events' is of the type int64; it should hold timestamps with a time zone. Cast it",
            id="mistyped column",
        ),
        pytest.param(
            "leads", replaced("created_at", lambda column: column.cast(pa.timestamp("us"))),
            "the instants in 'created_at' of 'leads' have no time zone. Give the column a type with a zone",
            id="no time zone",
        ),
        pytest.param(
            "leads", lambda table: pa.concat_tables([table, table.slice(0, 3)]),
            "'leads' has 3 rows too many: a lead has one row, 'L0000' has several. Keep one row per lead",
            id="lead ids twice",
        ),
        pytest.param(
            "leads", replaced("source", pc.utf8_upper),
            "3 different texts in 'source' of 'leads' are not normalised: 'ORGANIC' should be 'organic'. Store it",
            id="text not normalised",
        ),
        pytest.param(
            "events", replaced("name", lambda column: pa.nulls(len(column), pa.string())),
            "rows without 'name', such as one of 'L0000'. Fill it, or leave the row out. (MissingValue)", id="no value",
        ),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_used_are_told(lab: Path, table: str, change: Change, says: str) -> None:
    """Place, what is wrong and what to do, in one message; exit 2, and no look is recorded."""
    changed(lab, table, change)

    assert says in message(mqlab(*ANALYZE, lab=lab), code=2)
    assert not Lab.open(lab).reading.looks.taken("demo-requests")


def test_several_problems_are_told_at_once(lab: Path) -> None:
    """Two tables that cannot be used are two findings of one message."""
    changed(lab, "leads", renamed("lead_id", "id"))
    changed(lab, "outcomes", renamed("kind", "stage"))

    said = message(mqlab(*ANALYZE, lab=lab), code=2)

    assert "leads.lead_id" in said
    assert "outcomes.kind" in said


@pytest.mark.parametrize(
    ("table", "column", "says"),
    [
        pytest.param(
            "leads", "employees", "the table 'leads' has no column 'employees', which is read: only what "
            "'field_changes' tells of it counts", id="field",
        ),
        pytest.param("events", "path", "the table 'events' has no column 'path', which is read: no event has it",
                     id="property"),
    ],
)  # fmt: skip
def test_a_column_that_a_definition_reads_and_nobody_has_is_noted(
    lab: Path, table: str, column: str, says: str
) -> None:
    """It may be a field that nobody filled in, so the analysis goes on; it may be a slip, so a note says so."""
    assert says not in mqlab(*ANALYZE, "--format", "json", lab=lab).json["notes"]
    changed(lab, table, renamed(column, f"{column}_renamed"))

    assert says in mqlab(*ANALYZE, "--format", "json", lab=lab).json["notes"]


def test_leads_that_are_not_there_are_told(lab: Path) -> None:
    """An empty folder, one without leads, and a DuckDB file without them name what there is and what is wanted."""
    import duckdb

    (lab / "empty").mkdir()
    warehouse(lab, "parquet:///empty")
    said = message(mqlab(*ANALYZE, lab=lab), code=2)
    assert "no table 'leads'. There is no table at all. A table is a file leads.parquet, or a folder leads/" in said

    (lab / "data" / "leads.parquet").rename(lab / "data" / "lead.parquet")
    warehouse(lab, "parquet:///data")
    said = message(mqlab(*ANALYZE, lab=lab), code=2)
    assert "there is no table 'leads'. Did you mean 'lead'? There is events, field_changes" in said

    with duckdb.connect(str(lab / "some.duckdb")) as file:
        file.execute("CREATE TABLE contacts (id INTEGER)")
    warehouse(lab, "duckdb:///some.duckdb")
    assert "no table 'leads'. There is contacts." in message(mqlab(*ANALYZE, lab=lab), code=2)


def test_files_that_cannot_be_read_are_told(lab: Path) -> None:
    """A file that is no Parquet, and CSV in another encoding, are told with the file's name."""
    (lab / "data" / "leads.parquet").write_text("this is no table")
    said = message(mqlab(*ANALYZE, lab=lab), code=2)
    assert "the table 'leads' cannot be read: " in said
    assert f"It is read from {lab}/data/leads.parquet. (UnreadableTable)" in said

    (lab / "data" / "leads.csv").write_bytes("lead_id,created_at\nMüller,2026-01-05T00:00:00Z\n".encode("latin-1"))
    warehouse(lab, "csv:///data")
    said = message(mqlab(*ANALYZE, lab=lab), code=2)
    assert "nvalid unicode" in said
    assert "leads.csv. (UnreadableTable)" in said


def test_instants_in_csv_files_need_their_zone(lab: Path) -> None:
    """Text that is a day or a word is counted, and what to write is said once."""
    (lab / "data" / "leads.csv").write_text("lead_id,created_at\nL1,2026-01-05\nL2,soon\n")
    warehouse(lab, "csv:///data")

    assert (
        "'leads' has 2 rows where 'created_at' is not an instant with its zone, such as one of 'L1'. "
        "Write an instant with its zone, such as 2026-07-01T08:30:00Z. (BadInstant)"
    ) in message(mqlab(*ANALYZE, lab=lab), code=2)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param(
            "parquet:///nowhere", "nowhere. Create the folder, or correct [warehouse] url in mqlab.toml.", id="folder"
        ),
        pytest.param("duckdb:///no.duckdb", "no.duckdb. Create the file, or correct [warehouse] url", id="file"),
        pytest.param("duckdb:///mqlab.toml", "is not a valid DuckDB database file", id="not a DuckDB file"),
        pytest.param(
            "postgresql://ann:secret@127.0.0.1:1/crm",
            "postgresql://ann:***@127.0.0.1:1/crm: connection failed: connection to server", id="PostgreSQL down",
        ),
        pytest.param("spark://127.0.0.1:1?folder=data", "Check that the Spark master runs", id="Spark down"),
    ],
)  # fmt: skip
def test_an_engine_that_cannot_be_reached_is_told(lab: Path, url: str, says: str) -> None:
    """Address without the password, reason and what to check; exit 3."""
    warehouse(lab, url)

    said = message(mqlab(*ANALYZE, lab=lab), code=3)

    assert says in said
    assert "(EngineUnreachable)" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("postgrsql://host/crm", "Did you mean 'postgresql'? Known forms: duckdb://", id="a slip"),
        pytest.param("bigquery://project/set", "compiles definitions for that engine but does not connect", id="cloud"),
        pytest.param("parquet://data", "three slashes, relative to the lab, or four, absolute", id="slashes"),
    ],
)
def test_an_address_of_no_engine_is_told_with_its_line(lab: Path, url: str, says: str) -> None:
    """Every command that reads the settings refuses it, with file, line and the known forms; exit 2."""
    warehouse(lab, url)

    said = message(mqlab(*ANALYZE, lab=lab), code=2)

    assert says in said
    assert "mqlab.toml:" in said


def test_a_wrong_user_is_told(lab: Path, postgres_url: str) -> None:
    """The server's word and what to check; exit 3."""
    warehouse(lab, postgres_url.replace("//postgres:", "//nobody:"))

    assert 'role "nobody" does not exist. Check the user' in message(mqlab(*ANALYZE, lab=lab), code=3)


def test_a_schema_without_leads_is_told(lab: Path, postgres_schema: str) -> None:
    """An empty schema: exit 2, and how to name another."""
    warehouse(lab, postgres_schema)

    assert "There is no table at all. Name the schema" in message(mqlab(*ANALYZE, lab=lab), code=2)


def elsewhere(lab: Path, before: str = "pass", env: dict[str, str] | None = None) -> Done:
    """The analysis in a process of its own, after a line of Python."""
    argv = ["mqlab", *ANALYZE, "--lab", str(lab)]
    code = f"import sys; {before}; from mqlab.cli.main import main; sys.argv = {argv!r}; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120, env=env
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("module", "url", "says"),
    [
        pytest.param("psycopg", "postgresql://host/crm", "pip install 'mqlab[postgres]'", id="psycopg"),
        pytest.param("pyspark", "spark://local[2]?folder=data", "pip install 'mqlab[spark]'", id="PySpark"),
    ],
)
def test_a_part_that_is_not_installed_is_told(lab: Path, module: str, url: str, says: str) -> None:
    """The line that installs it; exit 3."""
    warehouse(lab, url)

    assert says in message(elsewhere(lab, f"sys.modules[{module!r}] = None"), code=3)


def test_spark_without_java_is_told(lab: Path, tmp_path: Path) -> None:
    """Which Java to install; exit 3."""
    pytest.importorskip("pyspark", reason="PySpark is not installed")
    warehouse(lab, "spark://local[2]?folder=data")
    bare = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"} | {"PATH": str(tmp_path)}

    said = message(elsewhere(lab, env=bare), code=3)

    assert "needs Java 17" in said
    assert "none was found" in said
