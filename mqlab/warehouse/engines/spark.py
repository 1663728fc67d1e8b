"""Apache Spark over a folder of Parquet files: on a cluster, or on the cores of this machine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr import datatypes as dt
from ibis.expr import types as ir

from mqlab.errors import UnreachableError
from mqlab.warehouse.engines import spark_context
from mqlab.warehouse.engines.engine import Engine, arriving
from mqlab.warehouse.engines.files import TableFiles
from mqlab.warehouse.engines.kept import Recipe
from mqlab.warehouse.engines.missing import no_table, unreadable
from mqlab.warehouse.engines.urls import EngineUrl

PLAIN_BYTES = 1_000_000
"""Loaded tables up to this size travel inside the query; larger ones are spread over the cluster once."""


class SparkEngine(Engine):
    """A session of its own, with its own temporary views, in the one Spark of this process.

    A kept table is spread over the executors' memory and disks; if one of them is lost the run fails and has to be
    repeated.
    """

    name = "spark"

    def __init__(self, url: EngineUrl, *, memory_limit: str | None = None, folder: Path | None = None) -> None:
        self._url = url
        self._place = url.resolved(folder)
        self._files = TableFiles.of(url, folder) if self._place and "://" not in self._place else None
        self._spread: dict[str, list[Any]] = {}
        with warnings.catch_warnings():
            # of pandas, which nothing here goes through
            warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
            self._session = spark_context.session(url, memory_limit)
            try:
                super().__init__(ibis.pyspark.from_connection(self._session))
            except BaseException:
                self.close()
                raise

    def load(self, name: str, table: pa.Table) -> ir.Table:
        """A temporary view of these rows; through Arrow, which keeps nulls."""
        table, columns = arriving(table)
        with self._working():
            frame = self._session.createDataFrame(table)
            if table.nbytes > PLAIN_BYTES:
                self._spread_out(name, frame)
            else:
                self._forget(name)
                frame.createOrReplaceTempView(name)
        return self.temporary(name, columns)

    def make(self, name: str, recipe: Recipe) -> ir.Table:
        """A temporary view of rows computed now, with the columns Ibis expects."""
        defined = recipe.columns.to_sqlglot_column_defs("databricks")
        columns = [
            f"CAST({quoted(column.name)} AS {column.kind.sql('databricks')}) AS {quoted(column.name)}"
            for column in defined
        ]
        with self._working():
            self._spread_out(name, self._session.sql(recipe.sql).selectExpr(*columns))
        return self.temporary(name, recipe.columns)

    def _spread_out(self, name: str, frame: Any) -> None:
        """Compute the rows where they will stay, cut off from the question they came from: later plans stay short."""
        before = self._stored()
        kept = frame.localCheckpoint(eager=True)
        now = self._stored()
        self._forget(name)
        kept.createOrReplaceTempView(name)
        self._spread[name] = [rows for key, rows in now.items() if key not in before]

    def _stored(self) -> dict[int, Any]:
        """What the executors hold."""
        return dict(self._session.sparkContext._jsc.getPersistentRDDs())

    def _forget(self, name: str) -> None:
        for rows in self._spread.pop(name, ()):
            rows.unpersist(False)

    def has(self, name: str) -> bool:
        """Whether the folder has that table."""
        if self._files is not None:
            return bool(self._files.of_table(name))
        return self._place is not None and self._remote(name) is not None

    def table(self, name: str) -> ir.Table:
        """A table of the folder."""
        if self._files is not None:
            paths = [str(path.absolute()) for path in self._files.of_table(name)]
            known = self._files.names()
        else:
            found = self._remote(name) if self._place is not None else None
            paths, known = ([found] if found else []), []
        if not paths:
            raise no_table(self._url, name, known)
        errors = spark_context.pyspark_errors()
        view = f"lab_{name}"
        try:
            frame = self._session.read.option("mergeSchema", "true").parquet(*paths)
            frame.createOrReplaceTempView(view)
        except (errors.PySparkException, spark_context.java_error()) as error:
            raise unreadable(self._url, name, first_line(error), paths) from error
        return self.temporary(view, _zoned(self.backend.table(view).schema(), frame.dtypes))

    def _remote(self, name: str) -> str | None:
        """Where a table lies in a store that Spark reaches and Python does not."""
        jvm, context = self._session._jvm, self._session.sparkContext._jsc
        for place in (f"{self._place}/{name}.parquet", f"{self._place}/{name}"):
            path = jvm.org.apache.hadoop.fs.Path(place)
            with self._working():
                if path.getFileSystem(context.hadoopConfiguration()).exists(path):
                    return place
        return None

    def drop(self, *names: str) -> None:
        """Drop temporary views and what the executors hold of them."""
        for name in names:
            self._session.catalog.dropTempView(name)
            self._forget(name)

    def rows(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a query."""
        with self._working():
            return self._session.sql(sql).toArrow().cast(schema)

    def close(self) -> None:
        """Let go of the session; the last one stops Spark, if we started it."""
        if spark_context.alive(self._session):
            self.drop(*list(self._spread))
        spark_context.release(self._session)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """What goes wrong on the cluster and is not a fault of the question, said so."""
        try:
            yield
        except (spark_context.java_error(), spark_context.pyspark_errors().PySparkException) as error:
            raise UnreachableError(
                f"{self._url.shown}: Spark could not finish: {first_line(error)}",
                code="EngineFailed",
                hint="Look at the cluster's own logs; run it again when the cluster is well.",
            ) from error


def quoted(name: str) -> str:
    """A name as Spark takes any name."""
    return "`" + name.replace("`", "``") + "`"


def _zoned(columns: ibis.Schema, spark: list[tuple[str, str]]) -> ibis.Schema:
    """Columns with the zone that Spark's instants have, and that Ibis does not tell from clock time without one."""
    instants = {name: dt.Timestamp(timezone="UTC") for name, kind in spark if kind == "timestamp"}
    return ibis.Schema({**columns, **instants})


def first_line(error: BaseException) -> str:
    """What Spark says in one line; of an error in Java its own message, not the place it came from."""
    java = getattr(error, "java_exception", None)
    text = str(java.toString() if java is not None else error)
    return text.strip().split("\n", 1)[0]
