"""Reaching the database: one engine per ledger, whole transactions, and failures told in words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from mqlab.errors import InputError, MissingExtraError, UnreachableError

BUSY_TIMEOUT_MS = 60_000
"""How long a writer waits for another writer of the same SQLite file."""

_PASSWORD = re.compile(r"(?<=:)[^/].*(?=@)|(?<=password=)[^&]*")

CACHE_KIB = 65_536
WRITE_LOCK = 6_010_117
"""The PostgreSQL advisory lock that makes ledger positions follow the order of commits."""


def parse_url(url: str) -> URL:
    """The store's URL, checked: `sqlite:///path` or `postgresql://…`; anything else is an InputError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise InputError(
            f"the store's url '{_PASSWORD.sub('***', url)}' is not a database URL.",
            code="StoreUrl",
            hint="Write for example sqlite:///.mqlab/ledger.sqlite or postgresql://user@host/name.",
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InputError(
                "a store in memory would be lost; name a file.",
                code="StoreUrl",
                hint="For example sqlite:///.mqlab/ledger.sqlite",
            )
        return parsed
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise InputError(
        f"the store cannot live in '{backend}'.", code="StoreUrl", hint="SQLite and PostgreSQL are supported."
    )


def shown(url: URL) -> str:
    """The URL without its password, wherever that stands in it."""
    query = {name: "***" if name.startswith("password") else value for name, value in url.query.items()}
    return url.set(query=query).render_as_string(hide_password=True).replace("%2A%2A%2A", "***")


def make_engine(url: URL, *, create: bool) -> Engine:
    """An engine for a checked URL; a missing SQLite file is an UnreachableError unless `create`.

    Raises MissingExtraError when PostgreSQL is asked for and psycopg is not installed.
    """
    if url.get_backend_name() == "sqlite":
        _sqlite_file(url, create=create)
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    try:
        return create_engine(url, pool_pre_ping=True, isolation_level="REPEATABLE READ")
    except (ImportError, NoSuchModuleError) as error:
        raise MissingExtraError("PostgreSQL support", "postgres") from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection in one read transaction: everything read in it is of the same instant."""
    with told(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection in one write transaction, the only one at a time: all of it is committed, or nothing."""
    with told(engine), engine.connect() as raw:
        if engine.dialect.name == "postgresql":
            connection = raw.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
                yield connection
            return
        connection = raw.execution_options(begin_with="BEGIN IMMEDIATE")
        with connection.begin():
            yield connection


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """Turns a failure of the database into an UnreachableError that says what to do.

    Where the connection is gone, giving up what was under way may fail in turn: then the first failure tells.
    """
    try:
        yield
    except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
        failure = next(filter(None, (_explain(str(one), engine.url) for one in _chain(error))), None)
        if failure is None:
            raise
        raise failure from error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """What the database said last, and before it what it was said about."""
    while error is not None:
        yield error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        error = error.__context__


def write_ahead(engine: Engine) -> None:
    """Turns a SQLite file to write-ahead logging, so that readers never wait for a writer; it stays so."""
    with told(engine), engine.connect() as raw:
        raw.execution_options(begin_with="").exec_driver_sql("PRAGMA journal_mode = WAL")


def _sqlite_file(url: URL, *, create: bool) -> None:
    path = Path(str(url.database))
    try:
        if path.is_dir():
            raise UnreachableError(f"the store '{path}' is a folder, not a file.", code="StoreMissing")
        if path.exists():
            return
        if not create:
            raise UnreachableError(
                f"there is no store at '{path}'.",
                code="StoreMissing",
                hint="Make it with: mqlab init, or correct [store] url.",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnreachableError(
            f"the store '{path}' cannot be reached: {error.strerror}.",
            code="StoreMissing",
            hint="Check the folder and its rights.",
        ) from error


def _sqlite_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get("begin_with", "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)


def _explain(text: str, url: URL) -> UnreachableError | None:
    where = shown(url)
    for sign, what, hint in _SIGNS:
        if sign in text.lower():
            return UnreachableError(
                f"the store {where} {what}. Nothing was half-written.", code="StoreUnreachable", hint=hint
            )
    return None


_SIGNS = (
    ("disk is full", "has no room left on its disk", "Free some space and run the same command again."),
    (
        "disk i/o error",
        "could not be written or read: its disk is full or failing",
        "Free some space and run the same command again.",
    ),
    ("no space left", "has no room left on its disk", "Free some space and run the same command again."),
    ("could not extend file", "has no room left on its disk", "Free some space and run the same command again."),
    (
        "readonly database",
        "is read-only",
        "Give your user the right to write the file and its folder (SQLite needs it even to read), or work on a copy.",
    ),
    ("read-only transaction", "is read-only", "Use a role that may write."),
    (
        "unable to open database",
        "cannot be opened",
        "Check that the file and its folder exist and that your user may write both.",
    ),
    (
        "file is not a database",
        "is not a SQLite database",
        "Check [store] url; restore the file from a backup if it was damaged.",
    ),
    ("malformed", "is damaged", "Restore it from a backup."),
    (
        "database is locked",
        "is busy: another command is writing to it",
        "Wait until it has ended and run the same command again.",
    ),
    ("permission denied", "refuses this user", "Check the user's rights on the database."),
    ("no password supplied", "asks for a password", "Add it to [store] url, or to PGPASSWORD or ~/.pgpass."),
    ("no pg_hba.conf entry", "refuses this user from here", "Ask for an entry in the server's pg_hba.conf."),
    ('role "', "refuses this user: it has no such role", "Check the user in [store] url."),
    (
        'database "',
        "is not there: the server has no such database",
        "Make it with createdb, or correct [store] url.",
    ),
    ("password authentication failed", "refuses this user or password", "Check the user and password in [store] url."),
    ("does not exist", "is not there, or a part of it is not", "Check [store] url."),
    ("too many clients", "takes no more connections", "Run the same command again later."),
    ("starting up", "is starting", "Run the same command again in a moment."),
    ("shutting down", "is shutting down", "Run the same command again when the server is back."),
    ("server closed", "closed the connection", "Run the same command again when the server is back."),
    ("terminating", "closed the connection", "Run the same command again when the server is back."),
    ("connection is lost", "closed the connection", "Run the same command again when the server is back."),
    ("connection is closed", "closed the connection", "Run the same command again when the server is back."),
    ("connection socket closed", "closed the connection", "Run the same command again when the server is back."),
    ("connection", "cannot be reached", "Check that the server runs and that [store] url is right."),
    ("could not translate host name", "cannot be found", "Check the host in [store] url."),
    ("failed to resolve host", "cannot be found", "Check the host in [store] url."),
)
"""What databases say (in lower case), what that means, and what to do."""
