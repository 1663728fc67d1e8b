"""A fresh ledger in a file, and on each database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mqlab.store.ledger import Ledger
from tests.store import server
from tests.store.server import OwnServer, own_database

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a test's ledger lives."""
    return f"sqlite:///{tmp_path}/ledger.sqlite"


@pytest.fixture(scope="session")
def empty_database(postgres_url: str) -> Iterator[str]:
    """The name of a database with an empty ledger, to be copied: cheaper than to be made."""
    with own_database(postgres_url) as made:
        Ledger.open(made, create=True).close()
        yield made.rpartition("/")[2].partition("?")[0]


@pytest.fixture
def server_ledger_url(postgres_url: str, empty_database: str) -> Iterator[str]:
    """An empty ledger on the server."""
    with own_database(postgres_url, like=empty_database) as made:
        yield made


@pytest.fixture(scope="session")
def second_server(postgres_url: str) -> Iterator[OwnServer]:
    """A server beside that of the other tests, which has to run too."""
    assert postgres_url
    with server.own_server() as made:
        yield made


@pytest.fixture
def own_server(second_server: OwnServer) -> Iterator[OwnServer]:
    """A server that may be harmed; it is whole again for the next test."""
    second_server.start()
    yield second_server
    second_server.start()


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """An empty ledger on each database."""
    if request.param == "postgres":
        return str(request.getfixturevalue("server_ledger_url"))
    made = str(request.getfixturevalue("url"))
    Ledger.open(made, create=True).close()
    return made


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger, on each database."""
    with Ledger.open(ledger_url, create=False) as opened:
        yield opened
