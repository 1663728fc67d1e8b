"""The facts of a ledger as the tables of a lab: a column per field and per property, as an engine would hold them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mqlab.leads.tables import Facts


def tables_of(facts: Facts) -> dict[str, pa.Table]:
    """Every canonical table, by name."""
    return {
        "leads": _spread(facts.leads, "fields"),
        "field_changes": _plain_values(facts.field_changes),
        "events": _spread(facts.events, "props"),
        "identity": facts.identity,
        "outcomes": facts.outcomes,
    }


def write(facts: Facts, folder: Path) -> None:
    """The tables as Parquet files `<name>.parquet` of a folder."""
    for name, table in tables_of(facts).items():
        pq.write_table(table, folder / f"{name}.parquet")


def _spread(table: pa.Table, column: str) -> pa.Table:
    """A column of JSON objects as a column for each of their keys."""
    objects = [json.loads(text) if text else {} for text in table[column].to_pylist()]
    for key in sorted({key for one in objects for key in one}):
        values = [one.get(key) for one in objects]
        table = table.append_column(key, pa.array(_alike(values)))
    return table.drop_columns([column])


def _alike(values: list[Any]) -> list[Any]:
    """Values of one type: numbers as doubles; where they differ, text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float}:
        return [None if value is None else float(value) for value in values]
    return values if len(kinds) <= 1 else [None if value is None else _text(value) for value in values]


def _plain_values(table: pa.Table) -> pa.Table:
    text: Callable[[Any], str | None] = lambda value: None if value is None else _text(value)  # noqa: E731
    values = [None if one is None else text(json.loads(one)) for one in table["value"].to_pylist()]
    return table.set_column(table.column_names.index("value"), "value", pa.array(values, pa.string()))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:g}" if float(value).is_integer() else repr(value)
