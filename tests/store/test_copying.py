"""Rows on their way to a PostgreSQL server: none is seen too late, none is left behind, none outlives a failure."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Connection, func, select

from mqlab.store.copying import Copying
from mqlab.store.engine import make_engine, parse_url
from mqlab.store.models import LeadRow, MappingRow, OutcomeRow, QuarantineRow

TABLE = MappingRow.__table__


@pytest.fixture
def connection(server_ledger_url: str) -> Iterator[Connection]:
    """A connection to an empty ledger on the server."""
    engine = make_engine(parse_url(server_ledger_url), create=False)
    with engine.connect() as made:
        yield made
    engine.dispose()


def send(copying: Copying, connection: Connection, *names: str) -> None:
    """Rows of a table that has nothing but text."""
    copying.send(connection, TABLE, {"fingerprint": names, "text": ["a\tb\\c\n"] * len(names)}, {})


def there(connection: Connection) -> list[str]:
    """What has arrived."""
    return sorted(connection.scalars(select(MappingRow.fingerprint)))


def test_every_row_has_arrived_when_the_block_ends(connection: Connection):
    """Also the last ones, which are held back until the next ones come."""
    copying = Copying()
    with connection.begin():
        with copying:
            for name in "abc":
                send(copying, connection, name)
        assert there(connection) == ["a", "b", "c"]
        assert set(connection.scalars(select(MappingRow.text))) == {"a\tb\\c\n"}


def test_a_question_beside_waits_for_older_rows_alone(connection: Connection):
    """Of another table it may be asked at once; of the same one every row is there; and afterwards none is lost."""
    copying = Copying()
    with connection.begin(), copying:
        send(copying, connection, "a")
        send(copying, connection, "b")
        with copying.beside(QuarantineRow.__table__):
            assert connection.scalar(select(func.count()).select_from(OutcomeRow)) == 0
            assert there(connection) == ["a"]
        send(copying, connection, "c")
        with copying.beside(TABLE):
            assert there(connection) == ["a", "b", "c"]
        copying.settle()
        assert there(connection) == ["a", "b", "c"]


def test_after_a_failure_nothing_is_sent_any_more(connection: Connection):
    """What is under way and what is held back is given up; the connection can be used again."""
    copying = Copying()

    def failing() -> None:
        with copying:
            send(copying, connection, "a")
            send(copying, connection, "b")
            raise ZeroDivisionError

    with connection.begin() as transaction:
        with pytest.raises(ZeroDivisionError):
            failing()
        transaction.rollback()
    with connection.begin():
        copying.settle()
        assert there(connection) == []


def test_what_the_server_refuses_is_raised(connection: Connection):
    """The second of two rows with one key breaks the import, at the latest when the block ends."""

    def twice() -> None:
        with Copying() as copying:
            send(copying, connection, "a")
            send(copying, connection, "a")

    with connection.begin() as transaction:
        with pytest.raises(psycopg.errors.UniqueViolation):
            twice()
        transaction.rollback()


def test_a_ledger_in_a_file_needs_no_driver_of_postgresql(monkeypatch: pytest.MonkeyPatch):
    """`make demo` installs none: nothing that is asked of a file's ledger may ask for it."""
    for name in ("psycopg", "psycopg.copy"):
        monkeypatch.setitem(sys.modules, name, None)

    with Copying() as copying:
        copying.settle()
        with copying.beside(LeadRow.__table__):
            pass
