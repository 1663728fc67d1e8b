"""Instants of an engine's own type as int64 microseconds since 1970 UTC, exact on every engine.

Sessions run in UTC: `mqlab.warehouse.engines` sees to it.
"""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr import types as ir

INSTANT_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(:[0-9]{2})?)$"
)
"""Text that says an instant: day, time and zone."""

MICROS, HALF = ibis.literal(1e6), ibis.literal(0.5)


@ibis.udf.scalar.builtin(name="epoch_us")  # type: ignore[untyped-decorator]
def _epoch_us(instant: datetime) -> int:  # type: ignore[empty-body]
    """DuckDB's own; its difference of instants takes a hundred times as long."""


@ibis.udf.scalar.builtin(name="unix_micros")  # type: ignore[untyped-decorator]
def _unix_micros(instant: datetime) -> int:  # type: ignore[empty-body]
    """Spark's own, and BigQuery's."""


@ibis.udf.scalar.builtin(name="to_unixtime")  # type: ignore[untyped-decorator]
def _to_unixtime(instant: datetime) -> float:  # type: ignore[empty-body]
    """Trino's own, in seconds; its difference of instants knows no microseconds."""


def micros_of(instant: ir.TimestampValue, engine: str) -> ir.IntegerValue:
    """Microseconds since 1970 of a timestamp with a zone, on an engine as `Engine.name` names it, or in a dialect."""
    match engine:
        case "duckdb":
            return _epoch_us(instant).cast("int64")
        case "spark" | "databricks" | "bigquery":
            return _unix_micros(instant).cast("int64")
        case "trino":
            seconds = _to_unixtime(instant).cast("float64")
            return (seconds * MICROS.cast("float64") + HALF.cast("float64")).floor().cast("int64")
        case _:
            return instant.delta(ibis.timestamp("1970-01-01"), unit="microsecond").cast("int64")


def read_instant(text: ir.StringValue, engine: str) -> ir.IntegerValue:
    """Microseconds since 1970 of an instant written as text, null where it is none."""
    fits = ibis.ifelse(text.re_search(INSTANT_PATTERN), text, ibis.null("string"))
    return micros_of(fits.try_cast("timestamp('UTC')"), engine)
