"""SQL compiled once: the same question to data sets of the same shape is the same text, so it is kept.

Ibis takes longer to compile a question than DuckDB takes to answer it; re-randomised and repeated analyses ask the
same ones. An expression is compared as Ibis compares it, by value: tables of the same name, columns and kind of
connection are equal.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyarrow as pa
from ibis.expr import types as ir

KEPT = 512
"""Questions whose SQL is remembered; the ones not asked for longest are forgotten."""


def fetched(expression: ir.Table) -> pa.Table:
    """The rows of an expression over tables of one DuckDB connection."""
    connection = expression.get_backend()
    text, schema = _compiled(expression.op())
    return connection.con.sql(text).to_arrow_table().cast(schema)


@lru_cache(maxsize=KEPT)
def _compiled(operation: Any) -> tuple[str, pa.Schema]:
    """The SQL of an expression, and the columns it returns."""
    expression = operation.to_expr()
    return expression.get_backend().compile(expression), expression.schema().to_pyarrow()
