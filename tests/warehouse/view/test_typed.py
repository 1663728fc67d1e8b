"""Columns of any type are read by the declared type as Python reads a stored value, on every engine."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from mqlab.definitions.events import canonical_props
from mqlab.definitions.fields import reader
from mqlab.definitions.model import EnumLabel
from mqlab.leads.instants import micros
from mqlab.leads.records import Scalar
from mqlab.leads.tables import INSTANT
from mqlab.leads.text import spaced as spaced_in_python
from mqlab.leads.values import ValueType
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.readings import Reading
from mqlab.warehouse.view.canonical import canonical_text
from mqlab.warehouse.view.clocks import micros_of
from mqlab.warehouse.view.typed import spaced, typed

TOKENS = ("n/a", "-", "7")
KINDS: tuple[tuple[ValueType, tuple[str, ...]], ...] = (
    ("number", ()), ("string", ()), ("bool", ()), ("enum", ("1", "true", "vp", "müdür")), ("enum", ()),
)  # fmt: skip
COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "text": (
        pa.string(),
        ["12", "-3.5", "+4", ".5", "5.", "1e3", "1,000", "007", "12 34", "", "-", "n/a", "7", "true", "no", "yes", "0",
         "1", "vp", "müdür", "٣", "9" * 300, "0." + "1" * 40, None],
    ),
    "number": (
        pa.float64(),
        [0.0, -0.0, 1.0, 2.5, 7.0, -12.0, 1e14, 0.1, 1.7e308, 5e-324, math.nan, math.inf, -math.inf, None],
    ),
    "whole": (pa.int64(), [0, 1, 7, -12, 10**14, None]),
    "truth": (pa.bool_(), [True, False, None]),
    "exact": (pa.decimal128(12, 2), [Decimal("1.00"), Decimal("7.00"), Decimal("2.50"), Decimal("-3.00"), None]),
}  # fmt: skip


def as_stored(value: Any) -> Scalar:
    """A value as the ledger stores it."""
    return float(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def has_text(value: Any) -> bool:
    """Whether a value is text, a truth, or a number whose text every engine writes."""
    return not isinstance(value, float | Decimal) or (
        math.isfinite(value) and value == int(value) and abs(value) < 1e15
    )


def test_columns_are_read_as_python_reads_values(engine: Engine) -> None:
    """Number text, bool text, null tokens, labels, NaN and infinities; of fractions read as text there is nothing."""
    for kind_of_column, (arrow, values) in COLUMNS.items():
        rows = pa.table({"id": range(len(values)), "value": pa.array(values, arrow)})
        table = engine.load("rows", rows)
        readings = [Reading("x", kind, labels, TOKENS) for kind, labels in KINDS]

        read = table.select("id", **{f"r{at}": typed(table.value, one) for at, one in enumerate(readings)})
        found = engine.fetched(read.order_by("id")).to_pylist()

        for at, one in enumerate(readings):
            python = reader(one.kind, [EnumLabel(label, label, None) for label in one.labels], one.null_tokens)
            as_text = one.kind in {"string", "enum"}
            expected = [python(as_stored(value)) if has_text(value) or not as_text else None for value in values]
            assert (kind_of_column, one, expected) == (kind_of_column, one, [row[f"r{at}"] for row in found])


def test_words_are_the_same_on_every_engine(engine: Engine) -> None:
    """What is a letter or a digit in Python is one in every engine, whatever its tables of characters say."""
    codes = [*range(1, 0x3100), *range(0xA000, 0xAC00), *range(0xF900, 0x10400), *range(0x1F000, 0x1F700), 0x10FFFF]
    texts = [f"a{chr(code)}b {chr(code)}" for code in codes if not 0xD800 <= code <= 0xDFFF and code not in {10, 13}]
    texts += ["", " ", "vp, sales-ops", "--", "x"]
    table = engine.load("texts", pa.table({"id": range(len(texts)), "text": texts}))

    found = engine.fetched(table.select("id", spaced=spaced(table.text)).order_by("id"))["spaced"].to_pylist()

    assert [(text, spaced_in_python(text)) for text in texts] == list(zip(texts, found, strict=True))


def test_instants_are_exact_microseconds(engine: Engine) -> None:
    """Before 1970 too, and to the microsecond in any century a lead may come from."""
    instants = [
        datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(1900, 1, 1, 0, 0, 0, 1, UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC), datetime(2100, 7, 1, 12, 30, 15, 123_457, UTC), None,
    ]  # fmt: skip
    instants += [datetime(2026, 7, 1, tzinfo=UTC) + timedelta(microseconds=7_919 * number) for number in range(50)]
    table = engine.load("instants", pa.table({"id": range(len(instants)), "at": pa.array(instants, INSTANT)}))

    found = engine.fetched(table.select("id", us=micros_of(table["at"], engine.name)).order_by("id"))["us"].to_pylist()

    assert [None if one is None else micros(one) for one in instants] == found


@pytest.mark.parametrize(
    "props",
    [
        pytest.param({"path": "/p", "secs": 4.0, "bot": True}, id="every type"),
        pytest.param({"path": 'q"uo\\te', "secs": -1.0, "bot": False}, id="quotes"),
        pytest.param({"path": "".join(map(chr, range(1, 128))), "secs": None, "bot": None}, id="control characters"),
        pytest.param({"path": "", "secs": None, "bot": None}, id="nothing"),
        pytest.param({"path": None, "secs": 0.5, "bot": None}, id="fraction"),
    ],
)
def test_properties_have_the_canonical_text_of_python(engine: Engine, props: dict[str, Scalar]) -> None:
    """Sorted, escaped as JSON, nothing left out but what is nothing."""
    schema = pa.schema([("secs", pa.float64()), ("path", pa.string()), ("bot", pa.bool_())])
    table = engine.load("props", pa.Table.from_pylist([props], schema=schema))

    text = canonical_text({name: table[name] for name in table.columns})

    assert [canonical_props(props)] == engine.fetched(table.select(text=text))["text"].to_pylist()
