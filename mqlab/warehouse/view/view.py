"""What compiled definitions read: leads, changes of their fields and events, typed, with instants as integers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import ibis
from ibis.expr import types as ir

from mqlab.leads.values import ValueType
from mqlab.warehouse.readings import Reading, Readings

COLUMN_TYPES: dict[ValueType, str] = {"number": "float64", "bool": "boolean", "string": "string", "enum": "string"}
"""The type of the column in which a reading stands."""


@dataclass(frozen=True)
class View:
    """The facts of the stretches that definitions are judged on, known by one `as_of`.

    A *stretch* (`key`) is normally a lead. A person whose ids the CRM merged has several: each former id until its
    merge, the survivor with the facts of all from the merge on. Instants are int64 microseconds since 1970 UTC.

    - `leads`, one row per key: `key`, `lead_id`, `account` (text or null), `whole` (colleagues of the account read
      it), `start_us`, `until_us` (exclusive end of the window, or null), `created_us`, `row_is_current`, and the row's
      value of every reading of a field.
    - `changes` of the fields that are read: `key`, `field` (stored name), `changed_us`, `known_us`, `from_us` (the
      greater of both, from which the change counts), `has_value`, `text` (canonical text of the raw value, empty for
      none), and the value of the readings of that field, null for others.
    - `events`, one row per event (definitions.md 3.10): `key`, `name` (stored name), `occurred_us`, `known_us` (from
      which it counts, never before it occurred), and the value of every reading of a property.

    The columns of values are those of `value_columns`. `changes` and `events` also have the `start_us` and `until_us`
    of their key; every key of theirs is in `leads`, and what became known after `as_of` is not there.
    """

    readings: Readings
    leads: ir.Table
    changes: ir.Table
    events: ir.Table


def value_columns(prefix: str, readings: tuple[Reading, ...]) -> Iterator[tuple[str, Reading, bool]]:
    """(column, reading, whether it is the reading's spaced text) of every column of values.

    Example:
        >>> [column for column, _, _ in value_columns("f", (Reading("title", "string", spaced=True),))]
        ['f0', 'f0s']
    """
    for place, reading in enumerate(readings):
        yield f"{prefix}{place}", reading, False
        if reading.spaced:
            yield f"{prefix}{place}s", reading, True


def value_types(prefix: str, readings: tuple[Reading, ...]) -> dict[str, ibis.DataType]:
    """The type of every column of values."""
    return {
        column: ibis.dtype("string" if spaced else COLUMN_TYPES[reading.kind])
        for column, reading, spaced in value_columns(prefix, readings)
    }
