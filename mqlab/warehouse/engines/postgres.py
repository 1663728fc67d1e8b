"""PostgreSQL: questions run on the server, in temporary tables of one connection; rows travel by COPY."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.csv as pa_csv
from ibis.expr import types as ir

from mqlab.errors import InputError, MissingExtraError, UnreachableError
from mqlab.warehouse.engines.engine import Engine, arriving
from mqlab.warehouse.engines.kept import Recipe
from mqlab.warehouse.engines.missing import no_table
from mqlab.warehouse.engines.urls import EngineUrl

SETTINGS = {
    "application_name": "mqlab",
    "client_encoding": "UTF8",
    "datestyle": "ISO",
    "jit": "off",
    "timezone": "UTC",
    "temp_buffers": "64MB",
    "work_mem": "128MB",
}
"""Of the session. Compiling our long queries takes longer than it saves; sorting them on disk does, too."""

CONNECT_SECONDS = 10
BATCH_ROWS = 65_536

HINTS = (
    ("password", "Check the user and the password in [warehouse] url, or in the file ~/.pgpass."),
    ("authentication", "Check the user and the password in [warehouse] url, and what pg_hba.conf allows."),
    ("role", "Check the user in [warehouse] url."),
    ("database", "Check the database in [warehouse] url."),
    ("translate host", "Check the host in [warehouse] url."),
)
"""What a server's message speaks of → what to do."""


class PostgresEngine(Engine):
    """One connection to a server. Text in temporary tables is ordered by its bytes, as everywhere else.

    `?schema=` of the address names where the canonical tables lie; without it they are looked for in the connection's
    own schema. The server needs the right to make temporary tables and nothing more.
    """

    name = "postgres"

    def __init__(self, url: EngineUrl) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise MissingExtraError("psycopg, which reaches PostgreSQL,", "postgres") from error
        self._url = url
        self._psycopg = psycopg
        timeout: dict[str, Any] = {} if "connect_timeout" in url.target else {"connect_timeout": CONNECT_SECONDS}
        try:
            self._con = psycopg.connect(url.target, autocommit=True, **timeout)
        except psycopg.Error as error:
            raise _unreachable(url, error) from error
        try:
            self._begin()
        except BaseException:
            self._con.close()
            raise

    def _begin(self) -> None:
        """The session's settings, and what must hold for results to be right."""
        for setting, value in SETTINGS.items():
            self._do("SELECT set_config(%s, %s, false)", (setting, value))
        encoding = self._one("SHOW server_encoding")
        if encoding != "UTF8":
            raise UnreachableError(
                f"{self._url.shown}: the database's encoding is {encoding}.",
                code="EngineUnsuited",
                hint="Hashes are made of UTF-8 text: use a database whose encoding is UTF8.",
            )
        self._schema = self._url.options.get("schema") or self._one("SELECT current_schema()")
        if not self._one("SELECT count(*) FROM pg_namespace WHERE nspname = %s", (self._schema,)):
            known = self._column("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'")
            raise InputError(
                f"{self._url.shown}: there is no schema '{self._schema}'.",
                code="NoSuchSchema",
                hint=f"There is {', '.join(sorted(known))}.",
            )
        super().__init__(ibis.postgres.from_connection(self._con))

    def load(self, name: str, table: pa.Table) -> ir.Table:
        """A temporary table of these rows, by COPY."""
        table, columns = arriving(table)
        with self._working(), self._con.transaction():
            self.drop(name)
            self._do(f"CREATE TEMP TABLE {quoted(name)} ({', '.join(_typed(columns))})")
            self._copy(name, table)
            self._do(f"ANALYZE {quoted(name)}")
        return self.temporary(name, columns)

    def _copy(self, name: str, table: pa.Table) -> None:
        """The rows as CSV, nulls unquoted and every value quoted, so that an empty text stays one."""
        style = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")
        sql = f"COPY {quoted(name)} FROM STDIN (FORMAT csv)"
        with self._con.cursor() as cursor, cursor.copy(sql) as copy:
            for batch in table.to_batches(max_chunksize=BATCH_ROWS):
                sink = io.BytesIO()
                pa_csv.write_csv(batch, sink, write_options=style)
                copy.write(sink.getvalue())

    def make(self, name: str, recipe: Recipe) -> ir.Table:
        """A temporary table with the columns Ibis expects: PostgreSQL's own sums of integers would be wider."""
        making = quoted(f"{name}:making")
        columns = ", ".join(
            f"CAST({named} AS {kind}){collated} AS {named}" for named, kind, collated in _parts(recipe.columns)
        )
        with self._working(), self._con.transaction():
            self._do(f"CREATE TEMP TABLE {making} AS SELECT {columns} FROM ({recipe.sql}) AS q")
            self.drop(name)
            self._do(f"ALTER TABLE pg_temp.{making} RENAME TO {quoted(name)}")
            self._do(f"ANALYZE {quoted(name)}")
        return self.temporary(name, recipe.columns)

    def has(self, name: str) -> bool:
        """Whether the schema has that table or view."""
        return name in self._names()

    def table(self, name: str) -> ir.Table:
        """A table or view of the schema, its text ordered by bytes."""
        if not self.has(name):
            raise no_table(self._url, name, self._names())
        columns = self.backend.get_schema(name, database=self._schema)
        chosen = ", ".join(
            f"CAST({named} AS {kind}){collated} AS {named}" if collated else named
            for named, kind, collated in _parts(columns)
        )
        view = f"lab_{name}"
        with self._working():
            self._do(
                f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS "
                f"SELECT {chosen} FROM {quoted(self._schema)}.{quoted(name)}"
            )
            self._do(f"SELECT FROM {quoted(view)} LIMIT 0")
        return self.temporary(view, columns)

    def drop(self, *names: str) -> None:
        """Drop temporary tables."""
        for name in names:
            self._do(f"DROP TABLE IF EXISTS pg_temp.{quoted(name)}")

    def rows(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a query, by COPY."""
        with self._working(), self._con.cursor() as cursor:
            sink = pa.BufferOutputStream()
            with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)") as copy:
                for part in copy:
                    sink.write(part)
        text = sink.getvalue()
        return _read(text, schema) if text.size else schema.empty_table()

    def close(self) -> None:
        """Disconnect; the server drops what was temporary."""
        self._con.close()

    def _names(self) -> list[str]:
        """The tables and views of the schema, sorted."""
        return sorted(
            self._column(
                "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE nspname = %s AND relkind IN ('r', 'p', 'v', 'm', 'f')",
                (self._schema,),
            )
        )

    def _do(self, sql: str, values: tuple[Any, ...] | None = None) -> None:
        self._con.execute(sql, values)

    def _column(self, sql: str, values: tuple[Any, ...] | None = None) -> list[Any]:
        return [row[0] for row in self._con.execute(sql, values).fetchall()]

    def _one(self, sql: str, values: tuple[Any, ...] | None = None) -> Any:
        return self._column(sql, values)[0]

    @contextmanager
    def _working(self) -> Iterator[None]:
        """What goes wrong on the server and is not a fault of ours, said so."""
        errors = self._psycopg.errors
        try:
            yield
        except errors.InsufficientPrivilege as error:
            raise UnreachableError(
                f"{self._url.shown}: {_first_line(error)}.",
                code="EngineRefused",
                hint="The user must be allowed to read the tables, and to make temporary ones: GRANT TEMPORARY.",
            ) from error
        except errors.UntranslatableCharacter as error:
            raise _nul(self._url) from error
        except errors.CharacterNotInRepertoire as error:
            raise _nul(self._url) from error
        except self._psycopg.OperationalError as error:
            raise UnreachableError(
                f"{self._url.shown}: {_first_line(error)}.",
                code="EngineFailed",
                hint="Nothing was left behind; run it again when the server is well.",
            ) from error


def quoted(name: str) -> str:
    """A name as SQL takes any name."""
    return '"' + name.replace('"', '""') + '"'


def _parts(columns: ibis.Schema) -> Iterator[tuple[str, str, str]]:
    """Of each column its quoted name, its type, and the collation of text."""
    for column, kind in zip(columns.to_sqlglot_column_defs("postgres"), columns.types, strict=True):
        yield quoted(column.name), column.kind.sql("postgres"), ' COLLATE "C"' if kind.is_string() else ""


def _typed(columns: ibis.Schema) -> list[str]:
    return [f"{name} {kind}{collated}" for name, kind, collated in _parts(columns)]


def _read(text: pa.Buffer, schema: pa.Schema) -> pa.Table:
    """CSV as PostgreSQL writes it: an unquoted nothing is null, a quoted one is an empty text."""
    return pa_csv.read_csv(
        pa.BufferReader(text),
        read_options=pa_csv.ReadOptions(column_names=schema.names),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pa_csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    ).cast(schema)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(".")


def _unreachable(url: EngineUrl, error: Exception) -> UnreachableError:
    """Why no connection came about, in the server's or the network's words."""
    said = _first_line(error)
    hint = next((hint for word, hint in HINTS if word in said), "Check that the server runs and can be reached.")
    return UnreachableError(f"{url.shown}: {said}.", code="EngineUnreachable", hint=hint)


def _nul(url: EngineUrl) -> InputError:
    return InputError(
        f"{url.shown}: a text holds the character NUL, which PostgreSQL cannot store.",
        code="InvalidText",
        hint="Remove it where the text comes from.",
    )
