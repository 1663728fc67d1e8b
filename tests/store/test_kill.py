"""kill -9 of an import at points drawn over the bytes it writes: afterwards the same command ends as if nothing was."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import make_url, select

from mqlab.crm import reading
from mqlab.crm.counts import ImportCounts
from mqlab.crm.ingest import ingest
from mqlab.store import engine as engine_module
from mqlab.store import ledger as ledgers
from mqlab.store.ledger import Ledger
from mqlab.store.models import Base
from tests.store.conftest import NOW
from tests.store.server import own_database

UTC = ZoneInfo("UTC")
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["mqlab.crm.ingest", "mqlab.store.ledger", "psycopg"])
FEW_ROWS, MANY_ROWS = 10_000, 200_000
FEW_POINTS, MANY_POINTS = 10, 50
PATIENCE_SECONDS = 300
LOOK_SECONDS = 0.0002
CACHES_KIB = (engine_module.CACHE_KIB, 256)
"""SQLite's: as it is, where a small import is written at its commit, and small, where it is written as it goes on."""
HELD_APART = frozenset({"id"})
"""What may differ: the database's own numbers of rows."""


def write_files(folder: Path, rows: int) -> None:
    """Leads, and outcomes of every fate: of known and unknown leads, by address, corrected, twice, and bad ones."""
    leads = (f"L{number},2026-07-01T00:00:00Z,p{number}@acme.example\n" for number in range(rows // 10))
    (folder / "leads.csv").write_text("lead_id,created_at,email\n" + "".join(leads))
    with (folder / "outcomes.csv").open("w") as file:
        file.write("lead_id,email,kind,occurred_at,row_id,modified_at,amount,currency\n")
        for number in range(rows):
            row = number - 1 if number % 13 == 0 else number
            lead = row * 7919 % (rows // 10 + rows // 200)
            who = f",p{lead}@acme.example" if row % 11 == 0 else f"L{lead},"
            kind = "lost and found" if row % 97 == 0 else ("sql", "closed_won", "touched")[row % 3]
            file.write(
                f"{who},{kind},2026-08-{row % 28 + 1:02d}T10:00:00Z,R{row},2026-09-01T00:00:{number % 60:02d}Z,"
                f"{number % 900},EUR\n"
            )


def take(url: str, path: Path) -> ImportCounts:
    """Ingest the outcomes."""
    with Ledger.open(url, create=False) as ledger:
        return ingest(ledger, "outcomes", path, timezone=UTC, now=NOW)


def take_and_tell(url: str, path: Path, cache_kib: int, tell: Connection) -> None:
    """Ingest the outcomes in a process of its own, telling when a transaction begins and when it has ended.

    The file is read by a further process, as a large one is: it ends with the one that is killed.
    """
    engine_module.CACHE_KIB = cache_kib
    reading.LARGE_BYTES = 0
    plain = ledgers.writing

    @contextmanager
    def told(engine: Any) -> Iterator[Any]:
        with plain(engine) as connection:
            tell.send("began")
            yield connection
        tell.send("ended")

    ledgers.writing = told
    take(url, path)


@dataclass(frozen=True)
class Store:
    """A ledger with leads in it, and how many bytes were written since it was made.

    In SQLite the bytes of the file and of its write-ahead log, on a server those of the server's write-ahead log.
    """

    url: str
    written: Callable[[], int]


@contextmanager
def stored(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Any]]:
    """Makes stores that are copies of one with the leads."""
    if kind == "sqlite":
        first = f"sqlite:///{folder}/first.sqlite"
        with Ledger.open(first, create=True) as ledger:
            ingest(ledger, "leads", folder / "leads.csv", timezone=UTC, now=NOW)

        @contextmanager
        def in_file(name: str) -> Iterator[Store]:
            path = folder / f"{name}.sqlite"
            shutil.copy(folder / "first.sqlite", path)
            before = _size(path)
            yield Store(f"sqlite:///{path}", lambda: _size(path) - before)
            for part in folder.glob(f"{name}.sqlite*"):
                part.unlink()

        yield in_file
        return
    import psycopg

    server: str = request.getfixturevalue("postgres_url")
    with own_database(server, like=request.getfixturevalue("empty_database")) as first:
        with Ledger.open(first, create=False) as ledger:
            ingest(ledger, "leads", folder / "leads.csv", timezone=UTC, now=NOW)

        @contextmanager
        def on_server(name: str) -> Iterator[Store]:
            like = str(make_url(first).database)
            with own_database(server, like=like) as made, psycopg.connect(server, autocommit=True) as beside:
                asked = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
                before = int(beside.execute(asked).fetchone()[0])  # type: ignore[index]
                yield Store(made, lambda: int(beside.execute(asked).fetchone()[0]) - before)  # type: ignore[index]

        yield on_server


def _size(path: Path) -> int:
    size = 0
    for part in (path, path.with_name(path.name + "-wal")):
        try:
            size += part.stat().st_size
        except FileNotFoundError:
            continue
    return size


def run_until(store: Store, path: Path, at: int | None, cache_kib: int) -> tuple[int, str]:
    """Import in a process that dies once `at` bytes were written, if at all: the bytes then, and what it told last."""
    hear, tell = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=take_and_tell, args=(store.url, path, cache_kib, tell))
    process.start()
    tell.close()
    until, written = time.monotonic() + PATIENCE_SECONDS, 0
    while process.is_alive():
        assert time.monotonic() < until
        written = max(written, store.written())
        if at is not None and written >= at:
            process.kill()
            break
        time.sleep(LOOK_SECONDS)
    process.join(PATIENCE_SECONDS)
    assert process.exitcode == (0 if at is None else process.exitcode)
    last = "not begun"
    while True:
        try:
            last = hear.recv()
        except EOFError:
            return written, last


def held(url: str) -> dict[str, Counter[Any]]:
    """Every row of every table but the list of imports, with all it holds but the database's own numbers."""
    found = {}
    with Ledger.open(url, create=False) as ledger, ledger._engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name != "imports":
                columns = [column for column in table.columns if column.name not in HELD_APART]
                found[table.name] = Counter(map(tuple, connection.execute(select(*columns))))
    return found


@pytest.mark.engines
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_import_killed_anywhere_ends_as_if_it_had_not_been(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
):
    """Ten points: nothing of the file is there, or all of it; the same import again gives the uninterrupted ledger."""
    _kill(kind, tmp_path, request, FEW_ROWS, FEW_POINTS)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_large_import_killed_anywhere(kind: str, tmp_path: Path, request: pytest.FixtureRequest):
    """Fifty points of an import of 200,000 rows."""
    _kill(kind, tmp_path, request, MANY_ROWS, MANY_POINTS)


def _kill(kind: str, folder: Path, request: pytest.FixtureRequest, rows: int, points: int) -> None:
    write_files(folder, rows)
    path = folder / "outcomes.csv"
    seed = int(os.environ.get("MQLAB_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
    rng = random.Random(seed)
    with stored(kind, folder, request) as copies:
        totals = []
        for cache in CACHES_KIB:
            with copies(f"whole{cache}") as store:
                totals.append(run_until(store, path, None, cache)[0])
                whole = held(store.url)
                with Ledger.open(store.url, create=False) as ledger:
                    first = ledger.imports.list()[0]
        ends: Counter[str] = Counter()
        for number in range(points):
            total, cache = totals[number % 2], CACHES_KIB[number % 2]
            at = rng.randrange(total)
            with copies(f"killed{number}") as store:
                written, last = run_until(store, path, at, cache)
                with Ledger.open(store.url, create=False) as ledger:
                    there = ledger.position() == whole["commits"].total()
                ends["in it" if last == "began" and not there else "committed" if last == "began" else last] += 1
                assert there or not held(store.url)["outcomes"]

                again = take(store.url, path)

                assert again.read == first.read
                assert (again.new, again.corrected) == ((0, 0) if there else (first.new, first.corrected))
                assert held(store.url) == whole, (seed, number, at, written, last)
    sizes = " or ".join(f"{total:,}" for total in totals)
    print(
        f"{kind}: {rows:,} rows, {sizes} bytes, seed {seed}: of {points} kills {ends['in it']} fell inside the "
        f"transaction, {ends['committed']} between its commit and its end, {ends['not begun']} before it and "
        f"{ends['ended']} after it"
    )
    assert ends.total() == points
