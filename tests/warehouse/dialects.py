"""Engines that only compile: the SQL of a dialect without a server, and the few facts that compiling asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from mqlab.warehouse.engines.engine import MD5_DIGITS, Engine
from mqlab.warehouse.engines.kept import Recipe

GENERATED = re.compile(r"ibis_bq_\w+")
"""Names that Ibis draws anew each time."""

LEFT_OUT = re.compile(r"(EXCEPT|EXCLUDE) \(([^()]+)\)")
"""Columns that a selection leaves out, in whatever order a set has them."""


def _sorted(found: re.Match[str]) -> str:
    return f"{found[1]} ({', '.join(sorted(found[2].split(', ')))})"


class Dialect:
    """A backend that compiles tables nobody holds."""

    def __init__(self, name: str) -> None:
        self.name = name

    def compile(self, expression: ir.Table) -> str:
        """The dialect's SQL, the same on every run."""
        sql = str(ibis.to_sql(expression.unbind(), dialect=self.name))
        sql = LEFT_OUT.sub(_sorted, sql)
        names = {found: f"one_{number}" for number, found in enumerate(dict.fromkeys(GENERATED.findall(sql)))}
        return GENERATED.sub(lambda found: names[found.group()], sql)


class CompileOnly(Engine):
    """An engine that runs nothing: `asked` are the tables it was to make, by name, with their SQL.

    Compiling asks for some facts, such as which fields changed at all; `facts` answers by the name of the column.
    """

    name = "dialect"

    def __init__(self, dialect: str, facts: Mapping[str, list[Any]]) -> None:
        super().__init__(Dialect(dialect))
        self.name = dialect  # type: ignore[misc]  one class for all dialects
        self.asked: dict[str, str] = {}
        self._facts = facts

    def sql(self) -> str:
        """Everything that was asked, in order, each a table of its own."""
        return "\n".join(self._statements())

    def _statements(self) -> Iterator[str]:
        for name, sql in self.asked.items():
            yield f"-- {name}\n{sql};"

    def given(self, name: str, /, **columns: str) -> ir.Table:
        """A table that is there."""
        return self.temporary(name, ibis.schema(columns))

    def md5_prefix(self, text: ir.StringValue) -> ir.StringValue:
        """MD5 gives bytes in BigQuery and Trino, and Trino writes them in capitals."""
        match self.name:
            case "bigquery":
                return _to_hex(_md5_of_text(text)).substr(0, MD5_DIGITS)
            case "trino":
                return _to_hex(_md5_of_bytes(_to_utf8(text))).lower().substr(0, MD5_DIGITS)
            case _:
                return super().md5_prefix(text)

    def make(self, name: str, recipe: Recipe) -> ir.Table:
        """Noted, not made."""
        self.asked[name] = recipe.sql
        return self.temporary(name, recipe.columns)

    def fetched(self, expression: ir.Table) -> pa.Table:
        """A fact; the question is compiled, too."""
        self.backend.compile(expression)
        return pa.table({name: self._facts[name] for name in expression.columns})

    def load(self, name: str, table: pa.Table) -> ir.Table:
        """Rows that come along."""
        return self.temporary(name, ibis.Schema.from_pyarrow(table.schema))

    def has(self, name: str) -> bool:
        """Nothing is there."""
        return False

    def table(self, name: str) -> ir.Table:
        """Nothing is there."""
        raise KeyError(name)

    def drop(self, *names: str) -> None:
        """Nothing is there."""

    def close(self) -> None:
        """Nothing is open."""

    def rows(self, sql: str, schema: pa.Schema) -> pa.Table:
        """Nothing runs."""
        raise NotImplementedError(sql)


@ibis.udf.scalar.builtin(name="md5", signature=(("string",), "binary"))
def _md5_of_text(text):
    """BigQuery's."""


@ibis.udf.scalar.builtin(name="md5", signature=(("binary",), "binary"))
def _md5_of_bytes(octets):
    """Trino's."""


@ibis.udf.scalar.builtin(name="to_hex", signature=(("binary",), "string"))
def _to_hex(octets):
    """Bytes as hexadecimal digits."""


@ibis.udf.scalar.builtin(name="to_utf8", signature=(("string",), "binary"))
def _to_utf8(text):
    """Text as bytes."""
