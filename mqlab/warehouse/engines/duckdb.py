"""DuckDB in process: alone, over a DuckDB file, or over folders of Parquet or CSV files."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
from ibis.expr import operations as ops
from ibis.expr import types as ir

from mqlab.errors import InputError, Place, UnreachableError
from mqlab.warehouse.engines.engine import Engine, arriving
from mqlab.warehouse.engines.files import TableFiles
from mqlab.warehouse.engines.kept import Recipe
from mqlab.warehouse.engines.missing import no_file, no_table, unreadable
from mqlab.warehouse.engines.urls import EngineUrl

THREADS = 2
"""Fixed, and every result is an integer over an explicit order: the same bytes each time."""

READERS = {
    "parquet": "read_parquet({files}, union_by_name = true)",
    "csv": "read_csv({files}, header = true, all_varchar = true, union_by_name = true)",
}

PARTED = "FORMAT parquet, PARTITION_BY ({by}), COMPRESSION lz4_raw, DICTIONARY_SIZE_LIMIT 1000"
"""How divided rows are written: ids get no dictionary, which is what writing them would spend its time on."""


class DuckDBEngine(Engine):
    """DuckDB in this process, inside `memory_limit`; what does not fit goes to a folder that `close` removes.

    A DuckDB file is opened for reading only. Every column of a CSV file is text, an empty one null: what a file does
    not say is not guessed.
    """

    name = "duckdb"

    def __init__(self, url: EngineUrl, *, memory_limit: str | None = None, folder: Path | None = None) -> None:
        self._url = url
        path = url.resolved(folder)
        database = ":memory:"
        if url.kind == "duckdb" and path is not None:
            if not Path(path).is_file():
                raise no_file(url, path)
            database = path
        self._files = TableFiles.of(url, folder) if url.kind in READERS else None
        self._parts: dict[str, tuple[Path, int]] = {}
        self._scratch = tempfile.mkdtemp(prefix="mqlab-duckdb-")
        self._cleaned = weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        try:
            super().__init__(ibis.duckdb.connect(database, read_only=database != ":memory:", threads=THREADS))
            self._do("SET temp_directory = ?", [self._scratch])
            if memory_limit is not None:
                self._do("SET memory_limit = ?", [memory_limit])
        except duckdb.Error as error:
            self._cleaned()
            raise UnreachableError(
                f"{url.shown}: DuckDB cannot open it: {_first_line(error)}",
                code="EngineUnreachable",
                hint="Check that the file is a DuckDB database and that no other program is writing to it.",
            ) from error

    def load(self, name: str, table: pa.Table) -> ir.Table:
        """A temporary table of these rows, copied."""
        table, columns = arriving(table)
        con = self.backend.con
        con.register("arriving", table)
        try:
            with self._working():
                con.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS SELECT * FROM arriving")
        finally:
            con.unregister("arriving")
        return self.temporary(name, columns)

    def make(self, name: str, recipe: Recipe) -> ir.Table:
        """A temporary table with the columns Ibis expects: DuckDB's own sums of integers would be wider."""
        making = quoted(f"{name}:making")
        with self._working():
            self._do(f"CREATE OR REPLACE TEMP TABLE {making} ({_typed(recipe.columns)})")
            try:
                self._do(f"INSERT INTO {making} {recipe.sql}")
            except duckdb.Error:
                self._do(f"DROP TABLE IF EXISTS temp.{making}")
                raise
            self.drop(name)
            self._do(f"ALTER TABLE temp.{making} RENAME TO {quoted(name)}")
        return self.temporary(name, recipe.columns)

    def divided(self, name: str, expression: ir.Table, *, by: str, parts: int) -> list[ir.Table]:
        """Every part is a view of Parquet files of its own, so that no memory is held for any of them."""
        recipe = Recipe.of(expression)
        self.drop(name)
        folder = Path(tempfile.mkdtemp(prefix="divided-", dir=self._scratch))
        self._parts[name] = (folder, parts)
        rows, written = f"SELECT {_cast_columns(recipe.columns)} FROM ({recipe.sql})", PARTED.format(by=quoted(by))
        try:
            with self._working():
                self._do(f"COPY ({rows}) TO {text(folder)} ({written})")
            return [self._part(name, number, by, recipe.columns) for number in range(parts)]
        except BaseException:
            self.drop(name)
            raise

    def _part(self, name: str, number: int, by: str, columns: ibis.Schema) -> ir.Table:
        """One part of divided rows; without files it has no rows."""
        own = ibis.schema({column: kind for column, kind in columns.items() if column != by})
        part, files = f"{name}_{number}", self._parts[name][0] / f"{by}={number}"
        if files.is_dir():
            rows = f"SELECT * FROM read_parquet({text(files / '*.parquet')}, hive_partitioning = false)"
        else:
            rows = f"SELECT {', '.join(f'NULL::{kind} AS {column}' for column, kind in _kinds(own))} LIMIT 0"
        self._do(f"CREATE OR REPLACE TEMP VIEW {quoted(part)} AS {rows}")
        return self.temporary(part, own)

    def has(self, name: str) -> bool:
        """Whether the folder or the file has that table."""
        if self._files is not None:
            return bool(self._files.of_table(name))
        return name in self._names()

    def table(self, name: str) -> ir.Table:
        """A table of the folder or of the file."""
        if self._files is None:
            if name not in self._names():
                raise no_table(self._url, name, self._names())
            return self._by_bytes(name)
        files = self._files.of_table(name)
        if not files:
            raise no_table(self._url, name, self._files.names())
        listed = "[" + ", ".join(map(text, files)) + "]"
        reader = READERS[self._url.kind].format(files=listed)
        view = f"lab_{name}"
        try:
            self._do(f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS SELECT * FROM {reader}")
        except duckdb.Error as error:
            raise unreadable(self._url, name, _reason(error), [str(file) for file in files]) from error
        if (twins := self._files.twins(name)) is not None:
            raise InputError(
                f"the columns '{twins[0]}' and '{twins[1]}' are the same name: its case does not count.",
                code="DuplicateColumn",
                place=Place(path=f"{name}.{twins[1]}"),
                hint="Keep one of them.",
            )
        return self._there("temp", view)

    def drop(self, *names: str) -> None:
        """Drop temporary tables, and the parts of those that were divided."""
        for name in names:
            self._do(f"DROP TABLE IF EXISTS temp.{quoted(name)}")
            if name in self._parts:
                folder, parts = self._parts.pop(name)
                for number in range(parts):
                    self._do(f"DROP VIEW IF EXISTS temp.{quoted(f'{name}_{number}')}")
                shutil.rmtree(folder, ignore_errors=True)

    def rows(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a query."""
        with self._working():
            return self.backend.con.sql(sql).to_arrow_table().cast(schema)

    def memory_bytes(self) -> int:
        """The memory limit that is set, DuckDB's own where none was given."""
        return _bytes(str(self.backend.con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]))

    def close(self) -> None:
        """Disconnect, and remove what was spilled."""
        self.backend.disconnect()
        self._cleaned()

    def _by_bytes(self, name: str) -> ir.Table:
        """A table or view of the file, its text compared by bytes whatever collation its columns have."""
        columns = self._there(self._catalog, name).schema()
        chosen = ", ".join(
            f'{quoted(column)} COLLATE "C" AS {quoted(column)}' if kind.is_string() else quoted(column)
            for column, kind in columns.items()
        )
        view = f"by_bytes_{name}"
        self._do(
            f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS SELECT {chosen} "
            f"FROM {quoted(self._catalog)}.main.{quoted(name)}"
        )
        return self._there("temp", view)

    def _there(self, catalog: str, name: str) -> ir.Table:
        """A table or view by its whole name, with the columns that its rows come out with."""
        place = ops.Namespace(catalog=catalog, database="main")
        rows = f"SELECT * FROM {quoted(catalog)}.main.{quoted(name)} LIMIT 0"
        columns = ibis.Schema.from_pyarrow(self.backend.con.sql(rows).to_arrow_table().schema)
        return ops.DatabaseTable(name, schema=columns, source=self.backend, namespace=place).to_expr()

    @cached_property
    def _catalog(self) -> str:
        """What DuckDB calls the file."""
        return str(self.backend.con.execute("SELECT current_database()").fetchone()[0])

    def _names(self) -> list[str]:
        """The tables and views of the file."""
        found = self.backend.con.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_catalog = ? AND table_schema = 'main'",
            [self._catalog],
        )
        return sorted(row[0] for row in found.fetchall())

    def _do(self, sql: str, values: list[Any] | None = None) -> None:
        self.backend.con.execute(sql, values)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """What goes wrong for want of memory or disk, said so."""
        try:
            yield
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise UnreachableError(
                f"DuckDB could not finish: {_first_line(error).rstrip('.')}.",
                code="EngineFailed",
                hint="Raise [warehouse] memory_limit in mqlab.toml, or make room for temporary files.",
            ) from error
        except duckdb.DataError as error:
            raise InputError(
                f"a value in the tables cannot be worked with: {_first_line(error).rstrip('.')}.",
                code="BadValue",
                hint="Correct it in the table, or offer a view without it.",
            ) from error


def quoted(name: str) -> str:
    """A name as SQL takes any name."""
    return '"' + name.replace('"', '""') + '"'


def text(path: Path) -> str:
    """A path as SQL takes a text."""
    return "'" + str(path).replace("'", "''") + "'"


@lru_cache(maxsize=64)
def _typed(columns: ibis.Schema) -> str:
    """Columns as CREATE TABLE takes them."""
    return ", ".join(column.sql("duckdb") for column in columns.to_sqlglot_column_defs("duckdb"))


def _kinds(columns: ibis.Schema) -> list[tuple[str, str]]:
    """Every column, quoted, and its type."""
    definitions = columns.to_sqlglot_column_defs("duckdb")
    return [(quoted(name), one.args["kind"].sql("duckdb")) for name, one in zip(columns, definitions, strict=True)]


def _cast_columns(columns: ibis.Schema) -> str:
    """Columns as a selection that makes them what Ibis expects: a sum of integers would else be written as a double."""
    return ", ".join(f"{column}::{kind} AS {column}" for column, kind in _kinds(columns))


def _bytes(size: str) -> int:
    """A size as DuckDB writes it, such as 3.7 GiB, in bytes."""
    number, unit = size.split()
    return int(float(number) * 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit))


def _reason(error: Exception) -> str:
    """The first line of an error, and the second where the first only names a line of a CSV file."""
    lines = [line.strip() for line in str(error).strip().split("\n") if line.strip()]
    return " ".join(lines[: 3 if "CSV Error on Line" in lines[0] else 1])


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
