"""Properties as one text, by which versions of an event without an id are known and told apart.

The text is that of `mqlab.definitions.events.canonical_props`, made of columns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import ibis
from ibis.expr import types as ir

from mqlab.warehouse.view.typed import finite, is_whole, text_of

OPEN, MIDDLE, CLOSE = "\ue000", "\ue001", "\ue002"
"""Private characters that stand for `, "`, `": "` and `"` until the texts between them are escaped."""

ESCAPED = '["\\\\\x01-\x1f]'
"""A character that JSON escapes."""


@ibis.udf.scalar.builtin(name="chr")  # type: ignore[untyped-decorator]
def _chr(code: int) -> str:  # type: ignore[empty-body]
    """The engine's own: literals of control characters are not written for every engine as it reads them."""


def canonical_text(props: Mapping[str, ir.Value]) -> ir.StringValue:
    """The canonical text of an event's properties, by stored name; absent, null and empty are the same.

    Columns that hold neither text, numbers, truths nor instants are left out.

    Example:
        >>> import pyarrow as pa
        >>> table = ibis.memtable(pa.table({"path": ["/p"], "ms": [4.0]}))
        >>> canonical_text({"path": table.path, "ms": table.ms}).to_pyarrow().to_pylist()
        ['{"ms": "4", "path": "/p"}']
    """
    parts = [
        ibis.ifelse(
            value.fill_null("") == "",
            "",
            ibis.literal(OPEN + name + MIDDLE) + value.fill_null("") + ibis.literal(CLOSE),
        )
        for name, value in sorted((name, _written(column)) for name, column in props.items() if _is_scalar(column))
    ]
    if not parts:
        return ibis.literal("{}")
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + part
    escaped = joined.replace("\\", "\\\\").replace('"', '\\"')
    for code in range(1, 0x20):
        escaped = escaped.replace(_chr(code), json.dumps(chr(code))[1:-1])
    joined = ibis.ifelse(joined.re_search(ESCAPED), escaped, joined)
    marked = joined.replace(CLOSE + OPEN, '", "').replace(OPEN, '"').replace(MIDDLE, '": "').replace(CLOSE, '"')
    return ibis.literal("{") + marked + ibis.literal("}")


def _is_scalar(column: ir.Value) -> bool:
    kind = column.type()
    return any((kind.is_string(), kind.is_numeric(), kind.is_boolean(), kind.is_temporal(), kind.is_uuid()))


def _written(column: ir.Value) -> ir.StringValue:
    kind = column.type()
    if kind.is_string():
        return text_of(column).lower()
    if kind.is_floating() or kind.is_decimal():
        number = finite(column.cast("float64"))
        return ibis.ifelse(is_whole(number), text_of(column), number.cast("string"))
    if kind.is_temporal():
        return column.cast("string")
    return text_of(column)
