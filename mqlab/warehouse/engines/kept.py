"""How rows are kept: the columns an expression promises, and the SQL that fills them; made once, used by each engine.

A recipe is the same for every connection of one kind of engine, so whoever asks the same question of data sets of
the same shape remembers it; `mqlab.warehouse.dataset` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis.expr import types as ir

from mqlab.warehouse.compiled import sql_of


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a temporary table is made on one engine: its columns, and the SQL of its rows."""

    columns: ibis.Schema
    sql: str

    @classmethod
    def of(cls, expression: ir.Table) -> Recipe:
        """The recipe of an expression over tables of an engine."""
        return cls(expression.schema(), sql_of(expression.get_backend(), expression))
