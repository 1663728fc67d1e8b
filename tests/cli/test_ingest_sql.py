"""`mqlab ingest … --from-sql`: the options together, and what is said."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.runner import mqlab
from tests.cli.small_lab import write_feeds


@pytest.fixture
def warehouse(tmp_path: Path) -> str:
    """A SQLite database with the feeds of the small lab as tables."""
    path = tmp_path / "warehouse.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        for kind, file in write_feeds(tmp_path).items():
            with file.open(newline="") as stream:
                header, *rows = csv.reader(stream)
            connection.execute(f"CREATE TABLE {kind} ({', '.join(header)})")
            connection.executemany(f"INSERT INTO {kind} VALUES ({', '.join('?' * len(header))})", rows)
    return f"sqlite:///{path}"


def test_a_table_is_read_and_later_only_what_is_new(fed_folder: Path, warehouse: str, tmp_path: Path):
    """What the files brought is unchanged; the second time with a cursor asks for the last days only."""
    sql = ("ingest", "outcomes", "--from-sql", warehouse, "--table", "outcomes", "--format", "json")
    cursor = ("--cursor", "known_at", "--lookback", "3d")

    whole = mqlab(*sql, *cursor, "--as-table", "x", lab=fed_folder)
    assert (whole.code, "has no table 'x'" in whole.err) == (2, True)
    first = mqlab(*sql, *cursor, lab=fed_folder).json
    second = mqlab(*sql, *cursor, lab=fed_folder).json

    assert (first["new"], first["corrected"], first["unchanged"]) == (0, 0, first["read"])
    assert 0 < second["read"] < first["read"]
    assert (second["new"], second["quarantined"]) == (0, 0)


def test_a_dry_run_shows_how_a_query_is_read(fed_folder: Path, warehouse: str):
    """The mapping and the first rows, with the query under its digest; nothing is written."""
    query = "SELECT lead_id, kind, occurred_at FROM outcomes LIMIT 3"
    done = mqlab("ingest", "outcomes", "--from-sql", warehouse, "--query", query, "--dry-run", lab=fed_folder)

    assert done.code == 0
    assert done.lines[0].startswith("query ")
    assert "The first rows:" in done.out
    assert "Nothing was written (--dry-run)." in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is nothing to read"),
        (["x.csv", "--from-sql", "URL", "--table", "t"], "both a file ('x.csv') and a database"),
        (["--from-sql", "URL"], "a table or a query, not both"),
        (["--from-sql", "URL", "--table", "t", "--query", "SELECT 1"], "a table or a query, not both"),
        (["x.csv", "--query", "SELECT 1"], "--query needs a database"),
        (["x.csv", "--cursor", "at"], "--cursor needs a database"),
        (["--from-sql", "URL", "--table", "t", "--lookback", "3d"], "--lookback goes back from a cursor"),
        (["--from-sql", "URL", "--table", "t", "--cursor", "a", "--lookback", "-5"], "'-5' is negative"),
        (["--from-sql", "URL", "--table", "t", "--cursor", "a", "--lookback", "soon"], "'soon' is no length of time"),
        (["x.csv", "--table", "a", "--as-table", "b"], "--table and --as-table say the same"),
    ],
    ids=str,
)
def test_options_that_do_not_go_together_are_refused(fed_once: Path, arguments: list[str], said: str):
    """Before anything is opened, in one sentence."""
    done = mqlab("ingest", "outcomes", *arguments, lab=fed_once)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_database_that_is_down_is_exit_3(fed_once: Path):
    """The address is told without the user and the password."""
    url = "postgresql://ada:hush@localhost:1/warehouse"
    done = mqlab("ingest", "leads", "--from-sql", url, "--table", "lead", lab=fed_once)

    assert (done.code, done.out) == (3, "")
    assert "postgresql://localhost:1/warehouse cannot be reached" in done.err
    assert "hush" not in done.err
