"""The ledger on a PostgreSQL server: says what SQLite's says, minds other writers, and survives a restart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError

from mqlab.crm.ingest import ingest
from mqlab.errors import UnreachableError
from mqlab.lab import Lab
from mqlab.store.engine import told
from mqlab.store.ledger import Ledger
from tests.cli.runner import Done, mqlab
from tests.cli.small_lab import LOOK, started_lab, write_feeds, write_lab
from tests.store.conftest import NOW
from tests.store.server import OwnServer, own_database

pytestmark = pytest.mark.engines
UTC = ZoneInfo("UTC")
NAME = "demo-requests"
MANY = 20_000
SECRET = "open:sesame@now"


def take(ledger: Ledger, kind: str, path: Path, **options: Any) -> Any:
    """Ingest a file."""
    return ingest(ledger, kind, path, timezone=UTC, now=NOW, **options)


def many_leads(path: Path, count: int = MANY) -> Path:
    """A file of leads with addresses."""
    rows = (f"L{number},2026-07-01T00:00:00Z,p{number}@acme.example,company {number % 97}" for number in range(count))
    path.write_text("lead_id,created_at,email,company\n" + "\n".join(rows) + "\n")
    return path


def test_any_text_comes_back_as_it_was(ledger: Ledger, tmp_path: Path):
    """Tabs, ends of lines, backslashes, what PostgreSQL means by nothing and by the end, and texts of other scripts."""
    texts = ["a\tb", "a\nb\r\nc", "\\", "\\n", "\\N", "x\\.\n\\.\ny", "'\";--", "日本語", "😀", "\u0001", "null", "{}"]
    rows = [{"lead_id": f"L{n}", "created_at": "2026-07-01T00:00:00Z", "x": one} for n, one in enumerate(texts)]
    (tmp_path / "leads.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    take(ledger, "leads", tmp_path / "leads.jsonl")

    leads = {row["lead_id"]: json.loads(row["fields"]) for row in ledger.facts(as_of=NOW).leads.to_pylist()}
    assert [leads[f"L{n}"].get("x") for n in range(len(texts))] == [one.casefold() for one in texts]


def small(folder: Path) -> dict[str, Done]:
    """The small lab, fed in three imports and fed again; what its commands say."""
    lab = started_lab(folder / "lab")
    feeds = write_feeds(folder)
    positions = []
    for kind, path in feeds.items():
        lab.ingest(kind, path, now=LOOK)
        positions.append(lab.ledger.position())
    correction = folder / "late.csv"
    correction.write_text("lead_id,kind,occurred_at,known_at\nL0003,sql,2026-01-20T10:00:00Z,2026-07-02T10:00:00Z\n")
    lab.ingest("outcomes", correction, now=LOOK)
    lab.ingest("leads", feeds["leads"], now=LOOK)
    lab.let_go()
    as_of = ("--as-of", "2026-06-30T20:00:00Z", "--format", "json")
    said = {
        "latest": mqlab("analyze", NAME, *as_of, lab=lab.folder),
        "why": mqlab("why", "L0003", "--format", "json", "--as-of", "2026-06-30T20:00:00Z", lab=lab.folder),
        "status": mqlab("experiments", "status", "--format", "json", lab=lab.folder),
        "quarantine": mqlab("quarantine", "list", "--format", "json", lab=lab.folder),
    }
    for position in positions:
        said[f"at {position}"] = mqlab("analyze", NAME, *as_of, "--ledger", position, lab=lab.folder)
    return said


def test_both_databases_say_the_same_bytes(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch):
    """The small lab in a file and on a server: every command, at the latest and at each earlier position."""
    (tmp_path / "file").mkdir()
    (tmp_path / "server").mkdir()
    in_file = small(tmp_path / "file")
    with own_database(postgres_url) as url:
        monkeypatch.setenv("MQLAB_STORE_URL", url)
        on_server = small(tmp_path / "server")

    assert not (tmp_path / "server" / "lab" / ".mqlab" / "ledger.sqlite").exists()
    assert in_file["latest"].code == 0, in_file["latest"].err
    assert in_file["latest"].json["metrics"]
    assert len(in_file) == 7
    assert on_server == in_file


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_demo_says_the_same_bytes(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch):
    """Both experiments of the demo, analysed at the same instants from either database."""

    def demo(folder: Path) -> list[Done]:
        made = mqlab("demo", folder, "--seed", 7)
        assert made.code == 0, made.err
        lab = Lab.open(folder)
        names = sorted(path.stem for path in (folder / "experiments").glob("*.yaml"))
        position = lab.reading.position()
        lab.let_go()
        options = ("--format", "json", "--as-of", "2027-06-30")
        return [
            mqlab("analyze", name, *options, "--ledger", at, lab=folder)
            for name in names
            for at in (position, position - 1)
        ]

    in_file = demo(tmp_path / "file")
    with own_database(postgres_url) as url:
        monkeypatch.setenv("MQLAB_STORE_URL", url)
        on_server = demo(tmp_path / "server")

    assert all(done.code == 0 for done in in_file), [done.err for done in in_file]
    assert on_server == in_file


def test_what_is_asked_of_one_lead_is_read_from_an_index(ledger: Ledger, tmp_path: Path):
    """No step of reading one lead's facts, or a small import, reads a large table from end to end."""
    outcomes, events, few = tmp_path / "outcomes.csv", tmp_path / "events.csv", tmp_path / "few.csv"
    numbers = range(MANY)
    outcomes.write_text(
        "lead_id,email,kind,occurred_at\n" + "".join(f",p{n}@acme.example,sql,2026-08-01T00:00:00Z\n" for n in numbers)
    )
    events.write_text(
        "event_id,lead_id,name,occurred_at\n" + "".join(f"E{n},L{n},visit,2026-08-01T00:00:00Z\n" for n in numbers)
    )
    few.write_text("lead_id,kind,occurred_at\n" + "".join(f"L{n},accepted,2026-09-01T00:00:00Z\n" for n in range(20)))
    for kind, path in (("leads", many_leads(tmp_path / "leads.csv")), ("outcomes", outcomes), ("events", events)):
        assert take(ledger, kind, path).new == MANY
    asked: list[tuple[str, Any]] = []
    on_server = ledger._engine.dialect.name == "postgresql"

    @event.listens_for(ledger._engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and "pg_" not in statement and "LIMIT" not in statement:
            asked.append((statement, parameters))

    found = ledger.facts(as_of=NOW, leads=["L7"])
    ledger.decisions.of("L7")
    take(ledger, "outcomes", few)
    event.remove(ledger._engine, "before_cursor_execute", note)

    assert (found.leads.num_rows, found.outcomes.num_rows, found.events.num_rows) == (1, 1, 1)
    assert len(asked) > 10
    with ledger._engine.connect() as connection:
        cursor: Any = connection.connection.cursor()
        for statement, parameters in {one[0]: one for one in asked}.values():
            cursor.execute(("EXPLAIN " if on_server else "EXPLAIN QUERY PLAN ") + statement, parameters)
            plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
            for table in ("leads", "outcomes", "events"):
                assert f"Seq Scan on {table} " not in plan, (statement, plan)
                assert f"SCAN {table}" not in plan, (statement, plan)
        cursor.close()


WRITER = """
    import sys
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo
    from mqlab.crm.ingest import ingest
    from mqlab.store.ledger import Ledger

    url, *files = sys.argv[1:]
    with Ledger.open(url, create=False) as ledger:
        print("ready", flush=True)
        sys.stdin.readline()
        for file in files:
            done = ingest(ledger, "leads", file, timezone=ZoneInfo("UTC"), now=datetime(2026, 12, 1, tzinfo=UTC))
            print(done.new, done.unchanged)
"""


def test_two_imports_at_once(ledger_url: str, tmp_path: Path):
    """Two processes with files that overlap: each row is new once, and positions are those of one after the other."""
    files = []
    for part in range(4):
        files.append(tmp_path / f"part{part}.csv")
        rows = "".join(f"L{number},2026-07-01T00:00:00Z,acme\n" for number in range(part * 500, part * 500 + 1000))
        files[-1].write_text("lead_id,created_at,company\n" + rows)
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(WRITER), ledger_url, *map(str, files)]
    writers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    ended = [writer.communicate(timeout=120) for writer in writers]

    assert [(writer.returncode, said[1]) for writer, said in zip(writers, ended, strict=True)] == [(0, ""), (0, "")]
    counted = [tuple(map(int, line.split())) for out, _ in ended for line in out.splitlines()]
    assert (sum(new for new, _ in counted), sum(map(sum, counted))) == (2_500, 8_000)
    with Ledger.open(ledger_url, create=False) as ledger:
        imports = sorted(ledger.imports.list(), key=lambda one: one.id)
        assert [one.id for one in imports] == list(range(1, 9))
        assert [one.position for one in imports] == sorted(one.position for one in imports)
        assert ledger.position() == sum(one.new > 0 for one in imports) == imports[-1].position
        leads = [ledger.facts(as_of=NOW, position=at).leads.num_rows for at in range(ledger.position() + 1)]
        assert leads == [0, *(sum(one.new for one in imports if one.position <= at) for at in range(1, len(leads)))]


@pytest.mark.parametrize("harm", ["restart at once", "kill -9 of its process"])
def test_a_server_that_restarts_during_an_import(own_server: OwnServer, tmp_path: Path, harm: str):
    """The import ends with one message and leaves nothing; run again, it reads every row as new."""
    path = many_leads(tmp_path / "leads.csv", 45_000)
    harmed: list[str] = []

    def restart(_what: str, done: int, total: int) -> None:
        if done * 2 > total and not harmed:
            harmed.append(harm)
            if harm == "restart at once":
                own_server.control("-m", "immediate", "restart")
            else:
                os.kill(own_server.busy(), signal.SIGKILL)

    with own_database(own_server.url) as url, Ledger.open(url, create=True) as ledger:
        with pytest.raises(UnreachableError, match=r"Nothing was half-written.*Run the same command again") as told:
            take(ledger, "leads", path, progress=restart)
        assert (harmed, told.value.exit_code) == ([harm], 3)
        own_server.answers()
        assert (ledger.position(), ledger.imports.list()) == (0, ())
        assert ledger.facts(as_of=NOW).leads.num_rows == 0

        again = take(ledger, "leads", path)
        assert (again.new, ledger.position()) == (45_000, 1)


def given_up() -> None:
    """A ROLLBACK that fails while a COPY on a socket that closed is dealt with."""
    try:
        raise psycopg.OperationalError("connection socket closed")
    except psycopg.OperationalError:
        failed = psycopg.OperationalError("sending query failed: another command is already in progress")
        raise OperationalError("ROLLBACK", None, failed) from failed


def test_a_connection_that_fails_again_when_it_is_given_up_is_told():
    """The first failure tells what to do."""
    nowhere = create_engine("postgresql+psycopg://nobody@localhost/nothing")

    with pytest.raises(UnreachableError, match=r"closed the connection.*Run the same command again"), told(nowhere):
        given_up()


def test_a_server_that_is_stopped_is_told(own_server: OwnServer):
    """A server that does not run cannot be reached."""
    own_server.control("-m", "fast", "stop")

    with pytest.raises(UnreachableError, match=r"cannot be reached.*Check that the server runs"):
        Ledger.open(own_server.url, create=False)


def test_a_server_without_room_is_told_and_leaves_nothing(own_server: OwnServer, tmp_path: Path):
    """With no room for a table's file the import ends with exit code 3; with room again it reads every row as new."""
    path = tmp_path / "leads.csv"
    text = "a long note " * 100
    path.write_text(
        "lead_id,created_at,note\n"
        + "".join(f"L{number},2026-07-01T00:00:00Z,{text}{number}\n" for number in range(MANY))
    )

    with own_database(own_server.url) as url:
        with own_server.room(18 << 20), Ledger.open(url, create=True) as ledger:
            with pytest.raises(
                UnreachableError, match=r"has no room left on its disk.*Nothing was half-written"
            ) as told:
                take(ledger, "leads", path)
            assert told.value.exit_code == 3
            assert (ledger.position(), ledger.imports.list()) == (0, ())

        with Ledger.open(url, create=False) as ledger:
            assert (take(ledger, "leads", path).new, ledger.position()) == (MANY, 1)


def test_a_server_that_only_reads_is_told_and_stays_as_it_is(server_ledger_url: str, tmp_path: Path):
    """On a copy that may only be read, as a standby is, an import ends with exit code 3 and reading goes on."""
    path = many_leads(tmp_path / "leads.csv", 10)
    with psycopg.connect(server_ledger_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')

    with Ledger.open(server_ledger_url, create=False) as ledger:
        with pytest.raises(UnreachableError, match=r"is read-only.*Nothing was half-written") as told:
            take(ledger, "leads", path)
        assert (told.value.exit_code, ledger.position(), ledger.imports.list()) == (3, 0, ())


@pytest.fixture
def guarded(postgres_url: str) -> Iterator[str]:
    """The address of a server that wants a password of `keeper`, who may not read what is not hers."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        rules = Path(connection.execute("SHOW hba_file").fetchone()[0])  # type: ignore[index]
        before = rules.read_text(encoding="utf-8")
        connection.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{SECRET}'")
        rules.write_text(f"local all keeper scram-sha-256\n{before}", encoding="utf-8")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield postgres_url.replace("//postgres:@", f"//keeper:{quote(SECRET)}@")
        finally:
            rules.write_text(before, encoding="utf-8")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("DROP ROLE keeper")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param((quote(SECRET), "wr%C3%B6ng"), "refuses this user or password", id="wrong password"),
        pytest.param((f":{quote(SECRET)}@", "@"), "asks for a password", id="no password"),
        pytest.param(("//keeper", "//nobody"), "has no such role", id="no such user"),
        pytest.param(("/postgres?", "/nowhere?"), "has no such database", id="no such database"),
        pytest.param(("/postgres?", "/postgres?port=1&"), "cannot be reached", id="no server"),
        pytest.param(("", ""), "refuses this user", id="no right to make tables"),
    ],
)
def test_a_server_that_cannot_be_used_is_told(
    guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], said: str
):
    """Exit 3, one message with what to correct, and never a password."""
    lab = write_lab(tmp_path / "lab")
    (tmp_path / "leads.csv").write_text("lead_id,created_at\nL1,2026-07-01\n")
    monkeypatch.setenv("MQLAB_STORE_URL", guarded.replace(*change) if change[0] else guarded)

    done = mqlab("ingest", "leads", tmp_path / "leads.csv", lab=lab)

    assert (done.code, done.out) == (3, "")
    assert said in " ".join(done.err.split())
    for word in (SECRET, quote(SECRET), "sesame", "wr%C3", "Traceback", "psycopg."):
        assert word not in done.err
