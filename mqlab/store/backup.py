"""A copy of the SQLite store, taken while it is written to; and such a copy in the place of the store."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from mqlab.errors import InputError, MqlabError, Place, RefusedError, UnreachableError
from mqlab.store import schema
from mqlab.store.engine import BUSY_TIMEOUT_MS, parse_url

Progress = Callable[[str, int, int], None]

STEP_PAGES = 4096
"""16 MiB between two words about progress."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A whole copy of a store: where it lies, how large it is, and what it holds."""

    path: Path
    size_bytes: int
    revision: str
    position: int


def back_up(url: str, target: Path, *, overwrite: bool, progress: Progress | None = None) -> Copy:
    """Copies the store at one instant into one file; whoever writes meanwhile is not disturbed.

    The copy is checked for damage before it gets its name. RefusedError where the file is there already, where the
    store is the file itself, and for a PostgreSQL store, with the command that does it there.
    """
    source = _file_of(url, "backup", target)
    if not source.is_file() or not source.stat().st_size:
        raise UnreachableError(f"there is no store at '{source}'.", code="StoreMissing", hint="Nothing to back up.")
    if target.exists() and (target.is_dir() or target.samefile(source)):
        raise RefusedError(f"{target} is {'a folder' if target.is_dir() else 'the store itself'}.", code="BadTarget")
    if target.exists() and not overwrite:
        raise RefusedError(f"{target} exists.", code="FileExists", hint="Name another file, or say --force.")
    with _told(source, target), _temporary(target) as temporary:
        with closing(_open(source)) as here, closing(sqlite3.connect(temporary)) as there:
            here.execute("BEGIN")
            here.execute("SELECT count(*) FROM sqlite_master").fetchone()
            here.backup(there, pages=STEP_PAGES, progress=_shown(progress))
            there.execute("PRAGMA journal_mode = DELETE").fetchone()
        copy = _checked(temporary, target)
        _keep(temporary, target)
    return copy


def restore(url: str, backup: Path, *, overwrite: bool, aside: Path) -> Copy:
    """Puts a copy in the place of the store; the store as it was lies at `aside` afterwards, where there was one.

    At every instant the store's file is either whole. RefusedError for a damaged copy, one of newer code, a store
    that would be overwritten without `overwrite`, or one that is in use.
    """
    store = _file_of(url, "restore", backup)
    if not backup.is_file():
        raise InputError("there is no such file.", code="NoSuchFile", place=Place(str(backup)))
    with _told(backup, store):
        copy = _checked(backup, store)
    there = store.exists() and store.stat().st_size > 0
    if there and store.samefile(backup):
        raise RefusedError(f"{backup} is the store itself.", code="BadTarget")
    if there and not overwrite:
        raise RefusedError(
            f"there is a store at {store}.", code="FileExists", hint="Say --force: it is kept beside the restored one."
        )
    with _told(store, store), _temporary(store) as temporary:
        shutil.copyfile(backup, temporary)
        _checked(temporary, store)
        if there:
            _put_at_rest(store)
            _beside(store, aside)
        _keep(temporary, store)
        for left in ("-wal", "-shm"):
            store.with_name(store.name + left).unlink(missing_ok=True)
    return copy


def _file_of(url: str, verb: str, file: Path) -> Path:
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Path(str(parsed.database))
    raise RefusedError(
        f"the store is on a PostgreSQL server, which makes its own copies; mqlab {verb} is for SQLite files.",
        code="NotSqlite",
        hint=f"Use: {_server_command(parsed, verb, file)}",
    )


def _server_command(url: URL, verb: str, file: Path) -> str:
    """What does the same on a server; psql asks for the password, or reads it from PGPASSWORD."""
    address = URL.create(
        "postgresql", url.username, host=url.host, port=url.port, database=url.database, query=url.query
    ).render_as_string()
    if verb == "backup":
        return f"pg_dump --format=custom --file={file} '{address}'"
    return f"pg_restore --clean --if-exists --single-transaction --dbname='{address}' {file}"


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)


def _checked(file: Path, named: Path) -> Copy:
    """What a copy holds; RefusedError where it is damaged, of newer code, or no ledger."""
    with closing(sqlite3.connect(f"file:{_quoted(file)}?mode=ro&immutable=1", uri=True)) as connection:
        try:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            row = (
                connection.execute("SELECT version_num FROM alembic_version").fetchone() if _LEDGER <= tables else None
            )
            position = connection.execute("SELECT max(position) FROM commits").fetchone()[0] if row else 0
        except sqlite3.DatabaseError as error:
            raise RefusedError(
                f"{file} is damaged or no SQLite file: {error}.", code="DamagedFile", hint="Take another backup."
            ) from error
    if found != "ok":
        raise RefusedError(f"{file} is damaged: {found}.", code="DamagedFile", hint="Take another backup.")
    if row is None:
        raise RefusedError(f"{file} holds no ledger.", code="NoLedger", hint="Name a file that mqlab backup made.")
    if row[0] not in schema.REVISIONS:
        raise RefusedError(
            f"{file} is newer than this program: its revision is {row[0]}, the newest known here is {schema.HEAD}.",
            code="StoreIsNewer", hint="Update mqlab, then run the same command again. Nothing was changed.",
        )  # fmt: skip
    return Copy(named, file.stat().st_size, str(row[0]), int(position or 0))


_LEDGER = {"alembic_version", "commits"}


def _put_at_rest(store: Path) -> None:
    """Brings a store into one file, which fails while anybody has it open; a damaged one stays as it is."""
    with closing(sqlite3.connect(store, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                return
            raise RefusedError(
                f"the store {store} is in use.", code="StoreInUse", hint="End the other commands, then run this again."
            ) from error
        except sqlite3.DatabaseError:
            return


def _beside(store: Path, aside: Path) -> None:
    try:
        os.link(store, aside)
    except OSError:
        shutil.copyfile(store, aside)


def _keep(temporary: Path, target: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(target)


@contextmanager
def _temporary(beside: Path) -> Iterator[Path]:
    """A file of our own in the same folder, gone at the end unless it got its name."""
    beside.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{beside.name}.", dir=beside.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
    finally:
        for left in ("", "-journal", "-wal", "-shm"):
            temporary.with_name(temporary.name + left).unlink(missing_ok=True)


@contextmanager
def _told(source: Path, target: Path) -> Iterator[None]:
    """Failures of the disk or of SQLite in words; nothing has its name then."""
    try:
        yield
    except MqlabError:
        raise
    except (OSError, sqlite3.Error) as error:
        raise UnreachableError(
            f"{source} could not be copied to {target}: {getattr(error, 'strerror', None) or error}.",
            code="CannotCopy",
            hint="Nothing was changed. Make room, or choose another place.",
        ) from error


def _shown(progress: Progress | None) -> Callable[[int, int, int], None] | None:
    if progress is None:
        return None

    def show(_status: int, remaining: int, total: int) -> None:
        progress("copying the store", total - remaining, total)

    return show


def _quoted(file: Path) -> str:
    from urllib.parse import quote

    return quote(str(file.resolve()))
