"""A column read by a declared type, as `mqlab.leads.values.read` reads a stored value.

Text must be normalised; of numbers only whole ones have a text that every engine writes alike.
"""

from __future__ import annotations

import sys
from functools import lru_cache

import ibis
from ibis.expr import datatypes as dt
from ibis.expr import types as ir

from mqlab.leads.values import BOOL_TEXT
from mqlab.warehouse.readings import Reading
from mqlab.warehouse.view.view import COLUMN_TYPES

NUMBER_PATTERN = r"^[+-]?[0-9]+(\.[0-9]+)?$"
INTEGER_PATTERN = r"^[+-]?[0-9]{1,18}$"
LONGEST_NUMBER = 300
"""Characters of the longest text that is read as a number; a longer one may be too great for a double."""

WHOLE_BELOW = 1e15
"""Whole numbers below this have a text, as `mqlab.leads.values.canonical_text` writes it."""

NOT_PLAIN = "[^ -~]"
"""A character that is not printable ASCII."""


def typed(value: ir.Value, reading: Reading) -> ir.Value:
    """A column's values as a reading reads them, null where they are missing or do not fit.

    Example:
        >>> import pyarrow as pa
        >>> column = ibis.memtable(pa.table({"staff": ["12", "many", "n/a"]})).staff
        >>> typed(column, Reading("staff", "number", null_tokens=("n/a",))).to_pyarrow().to_pylist()
        [12.0, None, None]
    """
    match reading.kind:
        case "number":
            return _number(value, reading)
        case "bool":
            return _boolean(value, reading)
        case "string":
            return _text(value, reading)
        case "enum":
            return _only(_text(value, reading), reading.labels)


def missing(reading: Reading) -> ir.Value:
    """The value of a reading whose column is not there."""
    return ibis.null(COLUMN_TYPES[reading.kind])


def plain_number(text: ir.StringValue) -> ir.FloatingValue:
    """The number that text stands for, null where it is none."""
    fits = text.re_search(NUMBER_PATTERN) & (text.length() <= LONGEST_NUMBER)
    return ibis.ifelse(fits, text, ibis.null("string")).cast("float64")


def plain_integer(text: ir.StringValue) -> ir.IntegerValue:
    """The whole number that text stands for, null where it is none."""
    return ibis.ifelse(text.re_search(INTEGER_PATTERN), text, ibis.null("string")).cast("int64")


def text_of(value: ir.Value) -> ir.StringValue:
    """Canonical text: text as it is, whole numbers as digits, true and false; null for every other number."""
    kind = value.type()
    if kind.is_string():
        return value if kind == dt.string else value.cast("string")
    if kind.is_boolean():
        return ibis.cases((value, "true"), (~value, "false"), else_=ibis.null("string"))
    if kind.is_integer() or kind.is_uuid():
        return value.cast("string")
    if kind.is_floating() or kind.is_decimal():
        number = value.cast("float64")
        return ibis.ifelse(is_whole(number), number, ibis.null("float64")).cast("int64").cast("string")
    return ibis.null("string")


def is_whole(number: ir.FloatingValue) -> ir.BooleanValue:
    """Whether a number is a whole one that has a text."""
    return (number.abs() < float_of(WHOLE_BELOW)) & (number.floor() == number)


def finite(number: ir.FloatingValue) -> ir.FloatingValue:
    """A number, null where it is infinite or none: every engine holds NaN for the greatest number of all."""
    return ibis.ifelse(number.abs() <= float_of(sys.float_info.max), number, ibis.null("float64"))


def float_of(value: float) -> ir.FloatingValue:
    """A literal that is a double on every engine."""
    return ibis.literal(float(value)).cast("float64")


def spaced(text: ir.StringValue) -> ir.StringValue:
    """Text with single spaces for whatever is neither letter nor digit, as `mqlab.leads.text.spaced` writes it.

    Example:
        >>> import pyarrow as pa
        >>> spaced(ibis.memtable(pa.table({"title": ["vp, sales-ops"]})).title).to_pyarrow().to_pylist()
        [' vp sales ops ']
    """
    padded = ibis.literal(" ") + text + ibis.literal(" ")
    return ibis.ifelse(
        text.re_search(NOT_PLAIN),
        padded.re_replace(f"[^a-zA-Z0-9{_letters()}]+", " "),
        padded.re_replace("[^a-zA-Z0-9]+", " "),
    )


@lru_cache(maxsize=1)
def _letters() -> str:
    """Every letter and digit beyond ASCII as ranges of a regular expression: engines disagree about classes."""
    ranges: list[str] = []
    first: int | None = None
    for code in range(0x80, 0x110001):
        inside = code < 0x110000 and not 0xD800 <= code <= 0xDFFF and chr(code).isalnum()
        if inside and first is None:
            first = code
        elif not inside and first is not None:
            ranges.append(chr(first) if first == code - 1 else f"{chr(first)}-{chr(code - 1)}")
            first = None
    return "".join(ranges)


def _number(value: ir.Value, reading: Reading) -> ir.FloatingValue:
    kind = value.type()
    if kind.is_string():
        return plain_number(_only_values(value, reading))
    if not kind.is_numeric() or kind.is_boolean():
        return missing(reading)
    number = value.cast("float64")
    if kind.is_integer():
        return number
    return finite(number)


def _boolean(value: ir.Value, reading: Reading) -> ir.BooleanValue:
    kind = value.type()
    if kind.is_boolean():
        return value
    if kind.is_string():
        text = _only_values(value, reading)
        said = {meaning: [word for word, meant in BOOL_TEXT.items() if meant is meaning] for meaning in (True, False)}
        return ibis.cases((text.isin(said[True]), True), (text.isin(said[False]), False), else_=ibis.null("boolean"))
    if kind.is_numeric():
        return ibis.cases((value == 1, True), (value == 0, False), else_=ibis.null("boolean"))
    return missing(reading)


def _text(value: ir.Value, reading: Reading) -> ir.StringValue:
    return _only_values(text_of(value), reading)


def _only_values(text: ir.StringValue, reading: Reading) -> ir.StringValue:
    """Text that does not stand for "no value"."""
    return ibis.ifelse(text.isin(sorted({"", *reading.null_tokens})), ibis.null("string"), text)


def _only(text: ir.StringValue, labels: tuple[str, ...]) -> ir.StringValue:
    return ibis.ifelse(text.isin(list(labels)), text, ibis.null("string")) if labels else ibis.null("string")
