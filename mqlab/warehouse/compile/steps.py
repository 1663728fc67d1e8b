"""A long question as named steps, each compiled by itself.

Ibis merges the selections of one expression into each other, so that what is read in ten places is written ten times;
of a long sweep that makes hundreds of thousands of characters of SQL. A step is read by its name, as any table.
"""

from __future__ import annotations

from ibis.expr import types as ir

from mqlab.warehouse.compiled import sql_of
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.engines.kept import Recipe

BACKTICKED = {"spark", "databricks", "bigquery"}
"""Engines on which a double quote begins a text, not a name."""


class Steps:
    """The steps of one question to one engine, in order."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._parts: dict[str, str] = {}

    def step(self, name: str, expression: ir.Table) -> ir.Table:
        """The rows of an expression under a name that later steps read; nothing is run."""
        self._parts[name] = sql_of(self._engine.backend, expression)
        return self._engine.temporary(name, expression.schema())

    def recipe(self, expression: ir.Table) -> Recipe:
        """The whole question: the SQL of an expression over the steps."""
        last = sql_of(self._engine.backend, expression)
        quote = "`" if self._engine.name in BACKTICKED else '"'
        parts = ", ".join(f"{quote}{name}{quote} AS ({sql})" for name, sql in self._parts.items())
        return Recipe(expression.schema(), f"WITH {parts} {_joined(last)}")


def _joined(sql: str) -> str:
    """A last selection that may begin with steps of its own, as one more in a row of them."""
    return f"SELECT * FROM ({sql}) AS last_step"
