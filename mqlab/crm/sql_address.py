"""The address of a database that rows are read from: checked, connected to for reading only, told without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from mqlab.errors import InputError, MissingExtraError, UnreachableError

DRIVERS = {
    "bigquery": "sqlalchemy-bigquery",
    "databricks": "databricks-sqlalchemy",
    "duckdb": "duckdb-engine",
    "mssql": "pyodbc",
    "mysql": "pymysql",
    "mariadb": "pymysql",
    "oracle": "oracledb",
    "redshift": "sqlalchemy-redshift",
    "snowflake": "snowflake-sqlalchemy",
    "trino": "trino",
}
"""The package that reads each kind of database, where mqlab brings none."""

_SECRET = re.compile(r"pass|pwd|token|secret|key|credential", re.IGNORECASE)


class Address:
    """A database's URL; `label` is how it is told: no user, no password, no options.

    Example:
        >>> Address("postgresql://reader:hush@db.example.com/warehouse").label
        'postgresql://db.example.com/warehouse'
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise InputError(
                "this is not the URL of a database.",
                code="SqlUrl",
                hint="Write for example sqlite:///warehouse.sqlite or postgresql://reader@host/warehouse.",
            ) from None
        self.backend = parsed.get_backend_name()
        if parsed.drivername in {"postgresql", "postgres"}:
            self.backend = "postgresql"
            parsed = parsed.set(drivername="postgresql+psycopg")
        self._url = parsed
        self.label = URL.create(
            self.backend, host=parsed.host, port=parsed.port, database=parsed.database
        ).render_as_string(hide_password=True)

    @property
    def identity(self) -> str:
        """What tells it from other databases, without what is secret."""
        options = sorted((name, value) for name, value in self._url.query.items() if not _SECRET.search(name))
        return f"{self.label} {options}"

    def unspoken(self, text: str) -> str:
        """The first line of what a driver says, without the password and other secrets of the URL."""
        first = next((line.strip() for line in text.splitlines() if line.strip()), "it does not say why").rstrip(".")
        for secret in self._secrets():
            for spelt in (quote(secret, safe=""), quote_plus(secret), secret):
                first = first.replace(spelt, "***")
        return first

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection in a transaction that only reads and is never committed.

        Raises InputError for a kind of database nobody knows, UnreachableError where it is not there, and its
        MissingExtraError where PostgreSQL is asked for and psycopg is not installed.
        """
        engine = self._engine()
        try:
            raw = self._connect(engine)
            try:
                yield raw
            finally:
                raw.close()
        finally:
            engine.dispose()

    def _engine(self) -> Engine:
        if self.backend == "sqlite":
            self._sqlite_file()
        connect_args = {"read_only": True} if self.backend == "duckdb" else {}
        try:
            return create_engine(self._url, poolclass=NullPool, connect_args=connect_args, hide_parameters=True)
        except (NoSuchModuleError, ImportError) as error:
            raise self._no_driver(error) from error
        except (SQLAlchemyError, TypeError, ValueError) as error:
            raise InputError(
                f"the database {self.label} cannot be used: {self.unspoken(str(error))}.", code="SqlUrl"
            ) from None

    def _no_driver(self, error: Exception) -> Exception:
        if self.backend == "postgresql" and self._url.get_driver_name() == "psycopg":
            return MissingExtraError("PostgreSQL support", "postgres")
        package = DRIVERS.get(self.backend) or (error.name if isinstance(error, ImportError) else None)
        if package is None:
            return InputError(
                f"'{self.backend}' is not a kind of database that can be read.",
                code="UnknownDriver",
                hint=f"Known are postgresql, sqlite, {', '.join(DRIVERS)}; another one needs its SQLAlchemy dialect.",
            )
        return UnreachableError(
            f"the driver for '{self._url.drivername}' is not installed.",
            code="MissingDriver",
            hint=f"Install it with: pip install {package}",
        )

    def _connect(self, engine: Engine) -> Connection:
        try:
            raw = engine.connect()
            if self.backend == "postgresql":
                return raw.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            if self.backend == "sqlite":
                raw.exec_driver_sql("PRAGMA query_only = ON")
            return raw
        except DBAPIError as error:
            raise UnreachableError(
                f"the database {self.label} cannot be reached: {self.unspoken(str(error.orig))}.",
                code="SqlUnreachable",
                hint="Check that it runs, and its address, user and password.",
            ) from None
        except (SQLAlchemyError, OSError, RuntimeError, ValueError) as error:
            raise UnreachableError(
                f"the database {self.label} cannot be reached: {self.unspoken(str(error))}.", code="SqlUnreachable"
            ) from None

    def _sqlite_file(self) -> None:
        name = self._url.database
        if not name or name == ":memory:" or not Path(name).is_file():
            raise UnreachableError(
                f"there is no SQLite file '{name or ''}'.",
                code="SqlUnreachable",
                hint="Write sqlite:///warehouse.sqlite, or sqlite:////data/warehouse.sqlite for a path from the root.",
            )

    def _secrets(self) -> Iterator[str]:
        if self._url.password:
            yield str(self._url.password)
        for name, value in self._url.query.items():
            if _SECRET.search(name):
                yield from (value,) if isinstance(value, str) else value
