"""Rows of a database read like the CSV of them: values, cursor, secrets, and what is refused."""

from __future__ import annotations

import csv
import io
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import make_url

from mqlab.crm.counts import ImportCounts
from mqlab.crm.ingest_sql import ingest_sql
from mqlab.crm.sql_address import Address
from mqlab.crm.sql_source import SqlRead, as_text, sql_opened
from mqlab.errors import InputError, MqlabError, UnreachableError
from tests.crm.conftest import BERLIN, NOW, Desk

LEADS = "lead_id,created_at\n" + "".join(f"L{n},2026-07-01T08:00:00Z\n" for n in range(1, 6))
DEALS = """kind,lead_id,occurred_at,opportunity_id,amount,currency,reason_code,modified_at
sql,L1,2026-07-05,,,,,2026-07-06T10:00:00Z
closed_won,L2,2026-07-10T08:00:00+02:00,O1,100.50,EUR,,2026-07-11T10:00:00Z
rejected,L3,2026-07-12,,,,FIT-01,2026-07-13T10:00:00Z
sql,,2026-07-12,,,,,2026-07-13T11:00:00Z
sql,L9,2026-07-12,,,,,
"""
MAPPING = """kind: crm-preset/v1
id: csv
outcomes:
  - {kind: {column: kind}, lead: {column: lead_id, optional: true}, at: occurred_at}
"""


def table(path: Path, name: str, content: str) -> str:
    """A table of text with the rows of a CSV, empty cells as NULL; returns the database's URL."""
    header, *rows = csv.reader(io.StringIO(content))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(header)})")
        connection.executemany(
            f"INSERT INTO {name} VALUES ({', '.join('?' * len(header))})",
            [[cell or None for cell in row] for row in rows],
        )
    return f"sqlite:///{path}"


Take = Callable[..., ImportCounts]


@pytest.fixture
def take(desk: Desk) -> Take:
    """Reads from a database at the desk, with the leads there, remembering how far it came."""
    desk.take("leads", LEADS)

    def take(asked: SqlRead, **options: Any) -> ImportCounts:
        earlier = [note for row in desk.ledger.imports.list() for note in row.notes]
        given = {"timezone": BERLIN, "now": NOW, "earlier": earlier, **options}
        return ingest_sql(desk.ledger, options.pop("kind", "outcomes"), asked, **given)

    return take


def test_the_same_rows_give_the_same_facts_as_the_csv_of_them(desk: Desk, take: Take, tmp_path: Path):
    """After the table, its CSV brings nothing new; in a second ledger the other way round."""
    url = table(tmp_path / "wh.sqlite", "deals", DEALS)

    first = take(SqlRead(url, table="deals"))
    again = desk.take("outcomes", DEALS)

    assert (first.new, first.unmatched, first.quarantined, first.read) == (3, 1, 1, 5)
    assert (again.new, again.unchanged, again.corrected, again.read) == (0, 3, 0, 5)
    assert desk.ledger.imports.list()[1].file == f"{url} deals"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (7, "7"),
        (2**60, str(2**60)),
        (5.0, "5"),
        (0.1, "0.1"),
        (Decimal("100.50"), "100.50"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 7, 1), "2026-07-01"),
        (datetime.fromisoformat("2026-07-01T08:30"), "2026-07-01T08:30:00"),
        (datetime(2026, 7, 1, 8, 30, tzinfo=BERLIN), "2026-07-01T08:30:00+02:00"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        ({"b": 1, "a": "é"}, '{"a": "é", "b": 1}'),
        (["x", 1], '["x", 1]'),
    ],
    ids=str,
)
def test_each_type_is_written_as_a_csv_would(value: object, text: str):
    """Numbers shortest, decimals exactly, instants in ISO with their zone or without one, objects as JSON."""
    assert as_text(value) == text


def test_a_cursor_asks_only_for_what_is_new_and_for_rows_without_a_value(take: Take, tmp_path: Path):
    """The first import reads everything; the next the day of the last row, the lookback before it, and NULLs."""
    url = table(tmp_path / "wh.sqlite", "deals", DEALS)
    asked = SqlRead(url, table="deals", cursor="Modified_At")

    assert take(asked).rows == 5
    assert take(asked).rows == 3
    assert take(replace(asked, lookback_us=2 * 86_400_000_000)).rows == 4

    table(tmp_path / "wh.sqlite", "deals", DEALS.splitlines()[0] + "\nsql,L4,2026-07-20,,,,,2026-07-21T10:00:00Z\n")
    later = take(asked)
    assert (later.rows, later.new) == (4, 1)
    assert "Only rows whose modified_at is 2026-07-13 or later, or missing" in " ".join(later.notes)
    assert take(asked).rows == 2


def test_a_cursor_begins_anew_with_another_mapping_query_or_kind(desk: Desk, take: Take, tmp_path: Path):
    """What was read under another meaning was not read; a dry run remembers nothing."""
    url = table(tmp_path / "wh.sqlite", "deals", DEALS)
    asked = SqlRead(url, table="deals", cursor="modified_at")

    assert take(asked, dry_run=True).rows == 5
    assert take(asked).rows == 5
    assert take(SqlRead(url, query="SELECT * FROM deals;", cursor="modified_at")).rows == 5
    assert take(asked, mapping=desk.write(MAPPING, "mapping.yaml")).rows == 5
    assert take(asked).rows == 3


def test_an_import_that_fails_leaves_the_cursor_where_it_was(desk: Desk, take: Take, tmp_path: Path):
    """How far it came is written with the rows, in one transaction, or not at all."""
    url = table(tmp_path / "wh.sqlite", "deals", DEALS)
    asked = SqlRead(url, table="deals", cursor="modified_at")

    def killed(_what: str, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(asked, progress=killed)
    assert len(desk.ledger.imports.list()) == 1
    assert take(asked).rows == 5


def test_a_query_is_read_literally(take: Take, tmp_path: Path):
    """Colons, percent signs, a comment and a semicolon at the end mean what they mean to the database."""
    url = table(tmp_path / "wh.sqlite", "deals", DEALS)
    query = "SELECT *, '10:30 :a %s ::x' AS owner FROM deals WHERE kind LIKE 'sq%' -- the last: line\n;"

    assert take(SqlRead(url, query=query)).rows == 3
    assert take(SqlRead(url, query=query, cursor="modified_at")).rows == 3
    with sql_opened(Address(url), SqlRead(url, query=query)) as source:
        assert [set(batch.columns["owner"]) for batch in source.batches()] == [{"10:30 :a %s ::x"}]


def test_a_missing_column_is_told_before_the_first_row(take: Take, tmp_path: Path):
    """The preset's column, and the nearest that the query gives."""
    url = table(tmp_path / "wh.sqlite", "deals", DEALS)

    with pytest.raises(InputError, match=r"'occurred_at' is missing.*Did you mean 'occured_at'"):
        take(SqlRead(url, query="SELECT kind, lead_id, occurred_at AS occured_at FROM deals"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"table": "deal"}, "no table 'deal'.*Did you mean 'deals'"),
        ({"table": "zzz"}, "There are: deals, v"),
        ({"query": "SELEKT 1"}, "refuses the query: .*syntax error"),
        ({"query": "DELETE FROM deals"}, "refuses the query|returns no rows"),
        ({"query": "SELECT kind, kind FROM deals"}, "'kind' is there twice"),
        ({"table": "deals", "cursor": "modifed_at"}, "no column 'modifed_at'.*Did you mean 'modified_at'"),
        ({"table": "deals", "cursor": "kind"}, "'kind' cannot be a cursor"),
        ({"query": "SELECT *, x'00' AS photo FROM deals"}, "'photo' holds bytes"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused_in_words(take: Take, tmp_path: Path, asked: dict[str, Any], said: str):
    """Unknown tables and columns with the nearest name, a query the database refuses, and bytes; nothing is written."""
    url = table(tmp_path / "wh.sqlite", "deals", DEALS)
    with closing(sqlite3.connect(tmp_path / "wh.sqlite")) as connection:
        connection.execute("CREATE VIEW v AS SELECT 1")

    with pytest.raises(InputError, match=f"(?s){said}"):
        take(SqlRead(url, **asked))
    with closing(sqlite3.connect(tmp_path / "wh.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM deals").fetchone() == (5,)


def test_a_view_is_read_like_a_table_and_a_name_with_signs_too(take: Take, tmp_path: Path):
    """Names are quoted where the database needs it."""
    url = table(tmp_path / "wh.sqlite", '"Deals 2026"', DEALS)
    with closing(sqlite3.connect(tmp_path / "wh.sqlite")) as connection:
        connection.execute("CREATE VIEW sold AS SELECT * FROM \"Deals 2026\" WHERE kind = 'closed_won'")

    assert take(SqlRead(url, table="sold")).rows == 1
    assert take(SqlRead(url, table="main.Deals 2026")).rows == 5


@pytest.mark.parametrize(
    ("url", "said", "kind"),
    [
        ("just text hush", "not the URL of a database", InputError),
        ("nothing://a:hush@h/x", "'nothing' is not a kind of database", InputError),
        ("snowflake://a:hush@h/x?password=hush", "pip install snowflake-sqlalchemy", UnreachableError),
        ("sqlite:///gone.sqlite", "no SQLite file 'gone.sqlite'", UnreachableError),
        ("sqlite://", "no SQLite file", UnreachableError),
        ("postgresql://ada:hush@localhost:1/x", "cannot be reached", UnreachableError),
    ],
)
def test_a_database_that_is_not_there_is_told_without_its_password(url: str, said: str, kind: type[MqlabError]):
    """Each with what to do; neither the password nor the user is repeated."""
    with pytest.raises(kind, match=said) as caught, sql_opened(Address(url), SqlRead(url, table="t")):
        pass

    assert "hush" not in str(caught.value)
    assert "ada" not in str(caught.value)


def test_neither_user_nor_secret_is_part_of_what_is_kept():
    """Two users of a database read the same source; a token among the options is as secret as the password."""
    one = Address("postgresql://ada:hush@db.example.com:5432/wh?sslmode=require&token=hush2")
    other = Address("postgresql+psycopg://bob:other@db.example.com:5432/wh?sslmode=require")

    assert one.identity == other.identity
    assert one.label == "postgresql://db.example.com:5432/wh"
    assert one.unspoken("no hush for hush2\nmore") == "no *** for ***2"


def test_a_nul_character_is_quarantined(desk: Desk, take: Take, tmp_path: Path):
    """SQLite keeps one inside a text; the row is set aside, whole, and the others are read."""
    url = table(tmp_path / "wh.sqlite", "deals", DEALS)
    with closing(sqlite3.connect(tmp_path / "wh.sqlite")) as connection, connection:
        connection.execute("UPDATE deals SET reason_code = 'a' || char(0) WHERE lead_id = 'L1'")

    counts = take(SqlRead(url, table="deals"))

    assert (counts.new, counts.quarantined, counts.read) == (2, 2, 5)
    assert sorted(desk.reasons()) == ["missing_lead", "nul_byte"]


def test_rows_are_streamed(tmp_path: Path):
    """Four times the rows take hardly more memory: batches are not kept."""
    peaks = []
    for number in (20_000, 80_000):
        path = tmp_path / f"{number}.sqlite"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE t (id, note)")
            connection.executemany("INSERT INTO t VALUES (?, ?)", ((n, f"note {n}" * 10) for n in range(number)))
        url = f"sqlite:///{path}"
        with sql_opened(Address(url), SqlRead(url, table="t")) as source:
            tracemalloc.start()
            rows = sum(len(batch) for batch in source.batches())
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert rows == number
    assert peaks[1] < 1.5 * peaks[0]


@pytest.fixture
def warehouse(postgres_url: str) -> Iterator[str]:
    """A PostgreSQL database with a table of every type, in a schema of its own."""
    import psycopg

    from tests.store.server import own_database

    with own_database(postgres_url) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA raw")
        connection.execute(
            "CREATE TABLE raw.deal (kind text, lead_id text, occurred_at date, known_at timestamptz,"
            " opportunity_id integer, amount numeric(12,2), currency char(3), modified_at timestamptz,"
            " synced timestamp)"
        )
        connection.execute("SET timezone = 'America/Sao_Paulo'")
        connection.execute(
            "INSERT INTO raw.deal SELECT 'closed_won', 'L' || n, date '2026-07-10' + n,"
            " timestamptz '2026-08-01 12:00Z', n, 100.50 * n, 'EUR',"
            " timestamptz '2026-08-01 12:00Z' + n * interval '1 day',"
            " timestamp '2026-08-01 12:00' + n * interval '1 day' FROM generate_series(1, 5) AS n"
        )
        connection.execute(
            "CREATE FUNCTION raw.sneak() RETURNS text LANGUAGE sql VOLATILE AS"
            " $$ INSERT INTO raw.deal (kind) VALUES ('sneaked') RETURNING kind $$"
        )
        yield url


def test_postgresql_gives_the_facts_of_its_own_csv(warehouse: str, desk: Desk, take: Take, tmp_path: Path):
    """What COPY … CSV writes brings nothing new after the table was read; reading cannot write."""
    import psycopg

    first = take(SqlRead(warehouse, table="raw.deal"))
    copying = "COPY raw.deal TO STDOUT WITH (FORMAT csv, HEADER)"
    with psycopg.connect(warehouse) as connection, connection.cursor() as cursor, cursor.copy(copying) as copy:
        content = b"".join(bytes(part) for part in copy)
    again = desk.take("outcomes", content)

    assert (first.new, first.read) == (5, 5)
    assert (again.new, again.unchanged, again.corrected) == (0, 5, 0)
    with pytest.raises(InputError, match="read-only transaction"):
        take(SqlRead(warehouse, query="SELECT raw.sneak() AS kind, lead_id, occurred_at FROM raw.deal"))
    with pytest.raises(InputError, match="Did you mean 'deal'"):
        take(SqlRead(warehouse, table="raw.deals"))


@pytest.mark.parametrize("column", ["modified_at", "synced", "occurred_at", "opportunity_id"])
def test_every_type_of_postgresql_can_be_a_cursor(warehouse: str, take: Take, column: str):
    """Instants with a zone and without one, days and numbers: the last row comes again, and those before it do not."""
    query = "SELECT * FROM raw.deal WHERE lead_id::text LIKE 'L%'"
    asked = SqlRead(warehouse, query=query, cursor=column)

    assert [take(asked).rows, take(asked).rows] == [5, 1]
    if column != "opportunity_id":
        assert take(replace(asked, lookback_us=2 * 86_400_000_000)).rows == 3


def test_neither_password_nor_user_is_in_the_ledger(warehouse: str, take: Take, desk: Desk):
    """Not in the register of imports, its notes, a quarantined row, or anywhere in the ledger's file."""
    import psycopg

    reader = f"reader_{uuid4().hex}"
    with psycopg.connect(warehouse, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {reader} LOGIN PASSWORD 'hush-hush-7'")
        try:
            connection.execute(f"GRANT USAGE ON SCHEMA raw TO {reader}")
            connection.execute(f"GRANT SELECT ON raw.deal TO {reader}")
            url = make_url(warehouse).set(username=reader, password="hush-hush-7")
            asked = SqlRead(url.render_as_string(hide_password=False), table="raw.deal", cursor="modified_at")
            assert (take(asked).rows, take(asked).rows) == (5, 1)
        finally:
            connection.execute(f"DROP OWNED BY {reader}")
            connection.execute(f"DROP ROLE {reader}")

    assert desk.ledger.imports.list()[0].file.endswith(" raw.deal")
    kept = b"".join(path.read_bytes() for path in desk.folder.glob("ledger.sqlite*"))
    assert b"raw.deal" in kept
    assert b"hush-hush-7" not in kept
    assert reader.encode() not in kept
