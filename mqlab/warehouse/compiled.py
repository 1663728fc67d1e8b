"""SQL compiled once: the same question to data sets of the same shape is the same text, so it is kept.

Ibis takes longer to compile a question than DuckDB takes to answer it; re-randomised and repeated analyses ask the
same ones. An expression is compared as Ibis compares it, by value: tables of the same name, columns and kind of
connection are equal.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr import types as ir

KEPT = 512
"""Questions whose SQL is remembered; the ones not asked for longest are forgotten."""


def sql_of(backend: Any, expression: ir.Table) -> str:
    """The SQL of an expression on a backend.

    Ibis merges the selections of a question into each other. DuckDB plans the same for it merged or not, and not to
    merge them spares almost half of the compiling; other engines get the shorter text.
    """
    if backend.name != "duckdb":
        return str(backend.compile(expression))
    options = ibis.options.sql
    before, options.fuse_selects = options.fuse_selects, False
    try:
        return str(backend.compile(expression))
    finally:
        options.fuse_selects = before


@lru_cache(maxsize=KEPT)
def compiled(operation: Any) -> tuple[str, pa.Schema]:
    """The SQL of an expression, given as its operation, and the columns it returns."""
    expression = operation.to_expr()
    return sql_of(expression.get_backend(), expression), expression.schema().to_pyarrow()


def fetched(expression: ir.Table) -> pa.Table:
    """The rows of an expression over tables of one `mqlab.warehouse.engines.engine.Engine`, cast to its schema.

    Their order is the expression's own, none without `order_by`.
    """
    sql, schema = compiled(expression.op())
    return expression.get_backend().mqlab_engine.rows(sql, schema)
