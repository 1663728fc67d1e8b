"""What every engine can do, whichever it is; and how one is opened from its address."""

from __future__ import annotations

import abc
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import ibis
import pyarrow as pa
from ibis.expr import operations as ops
from ibis.expr import types as ir

from mqlab.warehouse.compiled import fetched
from mqlab.warehouse.engines.kept import Recipe
from mqlab.warehouse.engines.urls import parse

MD5_DIGITS = 8
"""How much of an MD5 the split reads: 32 bits."""


def arriving(table: pa.Table) -> tuple[pa.Table, ibis.Schema]:
    """Rows as they are loaded, encoded plainly, and their columns: an Arrow dictionary is only a way of storing text.

    Example:
        >>> table, columns = arriving(pa.table({"kind": pa.array(["a", "a"]).dictionary_encode()}))
        >>> columns["kind"]
        String(length=None, nullable=True)
    """
    columns = ibis.Schema.from_pyarrow(table.schema)
    return table.cast(columns.to_pyarrow()), columns


class Engine(abc.ABC):
    """A place where expressions run, and the temporary tables that live there until it is closed.

    `name` is the engine as results name it, `backend` the Ibis backend that tables belong to. A temporary name is
    this connection's own: another one, on the same server too, does not see it.
    """

    name: ClassVar[str]

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        backend.mqlab_engine = self  # by which a table finds who fetches its rows

    @abc.abstractmethod
    def load(self, name: str, table: pa.Table) -> ir.Table:
        """A temporary table of these rows, nulls and all. Loading a name again replaces its rows."""

    @abc.abstractmethod
    def make(self, name: str, recipe: Recipe) -> ir.Table:
        """The rows of a recipe, computed once and kept under a temporary name. Making a name again replaces it."""

    @abc.abstractmethod
    def has(self, name: str) -> bool:
        """Whether a table of that canonical name is already there."""

    @abc.abstractmethod
    def table(self, name: str) -> ir.Table:
        """A table that is already there, by its canonical name; InputError where it is not."""

    @abc.abstractmethod
    def drop(self, *names: str) -> None:
        """Let temporary tables go; a name that is not there is nothing to drop."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let the engine go, with every temporary thing in it. Closing twice is closing once."""

    @abc.abstractmethod
    def rows(self, sql: str, schema: pa.Schema) -> pa.Table:
        """The rows of a query in the engine's own SQL, cast to `schema`."""

    def memory_bytes(self) -> int | None:
        """How much memory the engine may take; None where that is not this process's to mind."""
        return None

    def keep(self, name: str, expression: ir.Table) -> ir.Table:
        """The rows of an expression, computed once and kept under a temporary name with the expression's schema.

        The expression may read the table that the name held until then.
        """
        return self.make(name, Recipe.of(expression))

    def divided(self, name: str, expression: ir.Table, *, by: str, parts: int) -> list[ir.Table]:
        """The rows of an expression, computed once and kept in parts: number n has those whose column `by` is n.

        Parts lack that column; rows whose number is not in [0, parts) are in none. To read a part costs no more than
        its own rows where the engine can arrange that. They go with `drop(name)`.
        """
        kept = self.keep(name, expression)
        return [kept.filter(kept[by] == number).drop(by) for number in range(parts)]

    def fetched(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression over tables of this engine, cast to the expression's schema.

        Their order is the expression's own, none without `order_by`. The same question is compiled once.
        """
        return fetched(expression)

    def md5_prefix(self, text: ir.StringValue) -> ir.StringValue:
        """The first eight lower-case hexadecimal digits of the MD5 of a text in UTF-8, as `hashlib` has them."""
        return _md5(text).substr(0, MD5_DIGITS)

    def temporary(self, name: str, columns: ibis.Schema) -> ir.Table:
        """The expression of a temporary table: a temporary name goes before all others, so it stands alone."""
        return ops.DatabaseTable(name, schema=columns, source=self.backend, namespace=ops.Namespace()).to_expr()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@ibis.udf.scalar.builtin(name="md5")  # type: ignore[untyped-decorator]
def _md5(text: str) -> str:  # type: ignore[empty-body]
    """The engine's own MD5, in lower-case hexadecimal digits on all of them."""


def open_engine(url: str, *, memory_limit: str | None = None, folder: Path | None = None) -> Engine:
    """The engine at an address; `folder` is the lab, which relative paths start from.

    `memory_limit`, such as "4GB", bounds what DuckDB in process or Spark's own process takes; a server has its own.
    An address that is none of the known forms is an InputError; an engine that does not answer, a part that is not
    installed and a folder that is not there are an UnreachableError.

    Example:
        >>> with open_engine("duckdb://") as engine:
        ...     leads = engine.load("leads", pa.table({"lead_id": ["l1"]}))
        ...     engine.fetched(leads.select(prefix=engine.md5_prefix(leads.lead_id))).to_pylist()
        [{'prefix': '377fd569'}]
    """
    address = parse(url)
    match address.kind:
        case "postgres":
            from mqlab.warehouse.engines.postgres import PostgresEngine

            return PostgresEngine(address)
        case "spark":
            from mqlab.warehouse.engines.spark import SparkEngine

            return SparkEngine(address, memory_limit=memory_limit, folder=folder)
        case _:
            from mqlab.warehouse.engines.duckdb import DuckDBEngine

            return DuckDBEngine(address, memory_limit=memory_limit, folder=folder)
