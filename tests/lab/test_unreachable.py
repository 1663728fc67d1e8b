"""A warehouse that cannot be asked, as a user meets it: one message, exit 3, no traceback, and never a password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from mqlab.lab import Lab
from tests.cli.runner import mqlab
from tests.lab.test_warehouse import message, warehouse

COMMANDS = {
    "analyze": ("analyze", "demo-requests", "--as-of", "2026-06-30"),
    "report": ("report", "experiment", "demo-requests", "--as-of", "2026-06-30"),
    "backtest": ("backtest", "points@1.1.0", "--as-of", "2026-06-30"),
    "score": ("definitions", "score", "points@1.1.0", "--at", "2026-03-20"),
    "assign": ("assign", "demo-requests"),
}
RIGHT, WRONG = "open sesame", "hu%sh:now/or@ne?ver#"


@pytest.fixture
def guarded(postgres_url: str) -> Iterator[str]:
    """The address, without a password, of a server that wants `RIGHT` of `ann`; `not_hers` is not open to her."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        rules = Path(connection.execute("SHOW hba_file").fetchone()[0])  # type: ignore[index]
        before = rules.read_text(encoding="utf-8")
        connection.execute(f"CREATE ROLE ann LOGIN PASSWORD '{RIGHT}'")
        connection.execute("CREATE DATABASE not_hers")
        connection.execute("REVOKE CONNECT ON DATABASE not_hers FROM public")
        rules.write_text(f"local all ann scram-sha-256\n{before}", encoding="utf-8")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield postgres_url.replace("//postgres:@", "//ann@")
        finally:
            rules.write_text(before, encoding="utf-8")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("DROP DATABASE not_hers")
            connection.execute("DROP ROLE ann")


def with_password(url: str, password: str) -> str:
    """The address with a password, as an address has one."""
    return url.replace("//ann@", f"//ann:{quote(password, safe='')}@")


def refused(lab: Path, command: str = "analyze", *, code: int = 3) -> str:
    """What a command said that could not be done: neither a password nor anything of Python's."""
    said = message(mqlab(*COMMANDS[command], lab=lab), code=code)
    for word in (WRONG, RIGHT, *map(quote, (WRONG, RIGHT)), "hu%", "sesame", "psycopg", "Error:"):
        assert word not in said
    return said


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_of_a_server_that_is_down(fed: Lab, command: str) -> None:
    """Address, reason, what to check; no look is recorded and no report written."""
    warehouse(fed.folder, f"postgresql://ann:{quote(WRONG, safe='')}@127.0.0.1:1/crm?connect_timeout=5")

    said = refused(fed.folder, command)

    assert said.startswith("postgresql://ann:***@127.0.0.1:1/crm?connect_timeout=5: connection failed: ")
    assert said.endswith("Check that the server runs and can be reached. (EngineUnreachable)")
    assert not Lab.open(fed.folder).reading.looks.taken("demo-requests")
    assert not list((fed.folder / "reports").glob("*.html"))


def test_a_wrong_password_and_none_are_told(fed: Lab, guarded: str) -> None:
    """Whose password it is, and where to correct it; the right one gets as far as the tables."""
    for url in (with_password(guarded, WRONG), f"{guarded}&password={quote(WRONG, safe='')}"):
        warehouse(fed.folder, url)
        said = refused(fed.folder)
        assert 'password authentication failed for user "ann". Check the user and the password' in said
        assert "***" in said

    warehouse(fed.folder, guarded)
    assert "no password supplied. Check the user and the password in [warehouse] url, or in" in refused(fed.folder)

    warehouse(fed.folder, with_password(guarded, RIGHT))
    assert "there is no table 'leads'" in refused(fed.folder, code=2)


@pytest.mark.parametrize(
    ("database", "says"),
    [
        pytest.param("nowhere", 'database "nowhere" does not exist. Check the database in [warehouse] url.', id="none"),
        pytest.param("not_hers", 'permission denied for database "not_hers". ', id="not allowed"),
    ],
)
def test_a_database_that_cannot_be_used_is_told(fed: Lab, guarded: str, database: str, says: str) -> None:
    """The server's word for it, and what to correct."""
    warehouse(fed.folder, with_password(guarded, RIGHT).replace("/postgres?", f"/{database}?"))

    assert says in refused(fed.folder)


def test_an_address_from_the_environment_is_as_discreet(fed: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wins over the file; what is wrong with it is told without the password, whatever that is."""
    monkeypatch.setenv("MQLAB_WAREHOUSE_URL", f"postgresql://ann:{WRONG}@127.0.0.1:1/crm")
    said = refused(fed.folder, code=2)

    assert "'postgresql://ann:***@127.0.0.1:1/crm' is not the address of an engine" in said
    assert "In a user or a password write %25 for %" in said


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("spark://127.0.0.1:1?folder=data", "nothing answers at 127.0.0.1, port 1: ", id="master"),
        pytest.param("spark://local[2]?folder=nowhere", "nowhere. Create the folder, or correct [war", id="folder"),
        pytest.param("csv:///nowhere", "nowhere. Create the folder, or correct [warehouse] url", id="folder of CSV"),
    ],
)
def test_a_spark_or_a_folder_that_is_not_there_is_told(fed: Lab, url: str, says: str) -> None:
    """At once: no Java is started for it."""
    (fed.folder / "data").mkdir()
    warehouse(fed.folder, url)

    assert says in refused(fed.folder)
