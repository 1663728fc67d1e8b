"""The compiled query holds functions of the engine and nothing else: no Python runs where the data is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlglot
from ibis.expr import types as ir
from sqlglot import expressions as sge

from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.engines.kept import Recipe
from tests.warehouse.agreement import kinds
from tests.warehouse.agreement.answers import in_engine
from tests.warehouse.agreement.makes import ExampleMaker

LOGIC = {"and", "or", "if", "case", "cast", "try_cast", "coalesce", "nullif", "least", "greatest"}
NUMBERS = {"abs", "is_nan", "floor", "ln", "log", "power", "exp"}
TEXTS = {"contains", "str_position", "starts_with", "prefix", "left", "ends_with", "suffix", "right", "length"}
AGGREGATES = {"sum", "min", "max", "count", "first", "arg_min", "row_number", "lead"}
ARRAYS = {"array", "array_agg", "array_size", "cardinality", "sort_array", "array_sort", "list_extract", "unnest"}
ALLOWED = LOGIC | NUMBERS | TEXTS | AGGREGATES | ARRAYS
"""Built-in functions, by the names under which sqlglot knows them or the engine is called."""
ENOUGH = {"duckdb": 8, "postgres": 4, "spark": 1}
"""Examples of three definitions; Spark takes seconds for one."""


def functions(sql: str, dialect: str) -> Iterator[str]:
    """The functions that a query calls."""
    for call in sqlglot.parse_one(sql, dialect=dialect).find_all(sge.Func):
        yield call.name.lower() if isinstance(call, sge.Anonymous) else call.sql_name().lower()


@pytest.mark.engines
def test_only_functions_of_the_engine_are_called(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function of every compiled query is one of the engine's own."""
    asked: list[str] = []
    make = engine.make

    def noting(name: str, recipe: Recipe) -> ir.Table:
        asked.append(recipe.sql)
        return make(name, recipe)

    monkeypatch.setattr(engine, "make", noting)
    seen: set[str] = set()
    for number in range(ENOUGH[engine.name]):
        example = ExampleMaker(number).example(definitions=3)
        in_engine(engine)(example)
        seen.update(kind for definition in example.definitions for kind in kinds.found(definition))

    called = {name for sql in asked for name in functions(sql, engine.name)}
    assert called - ALLOWED == set()
    assert {"sum", "if" if "if" in called else "case"} <= called
    assert len(seen) > 30
