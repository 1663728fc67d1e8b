"""What a lead's fields are at an instant: the row, and the changes the business knew by then (definitions.md 3.2)."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from mqlab.definitions.model import EnumLabel
from mqlab.leads.instants import micros
from mqlab.leads.records import FieldChange, History, Lead, Scalar
from mqlab.leads.text import stored_name
from mqlab.leads.values import ValueType, canonical_text, read


class Timeline(NamedTuple):
    """A field's value over time: `first` until `known_us[0]`, then `values[i]` from `known_us[i]` on (microseconds)."""

    first: Scalar
    known_us: tuple[int, ...] = ()
    values: tuple[Scalar, ...] = ()

    def at(self, at_us: int) -> Scalar:
        """The raw value at an instant; what becomes known at that very instant is known."""
        index = bisect_right(self.known_us, at_us)
        return self.values[index - 1] if index else self.first


def row_values(lead: Lead) -> dict[str, Scalar]:
    """The values of the lead's row by stored field name; `source` and `email_domain` are fields like any other."""
    row = {stored_name(name): value for name, value in lead.fields.items()}
    row["source"] = lead.source
    if row.get("email_domain") is None:
        row["email_domain"] = lead.email_domain
    return row


def known_from(change: FieldChange) -> int:
    """The instant, in microseconds, from which a change counts: max(changed_at, known_at)."""
    return max(micros(change.changed_at), micros(change.known_at))


ChangeOrder = tuple[int, int, bool, str]


def _order(change: FieldChange) -> ChangeOrder:
    value = change.value
    return micros(change.changed_at), micros(change.known_at), value is not None, canonical_text(value)


def timeline(row_value: Scalar, changes: Iterable[FieldChange], *, row_is_current: bool = False) -> Timeline:
    """One field's timeline from the changes known by `as_of` (the caller has dropped later ones).

    At each instant the change with the greatest (changed_at, known_at, canonical text) of those known wins; nothing
    sorts below every text. A row that holds today's values says nothing about a field that has changes.
    """
    arrivals = [(known_from(change), _order(change), change.value) for change in changes]
    arrivals.sort(key=lambda arrival: arrival[:2])
    first = None if row_is_current and arrivals else row_value
    known: list[int] = []
    values: list[Scalar] = []
    newest: ChangeOrder | None = None
    for known_us, order, value in arrivals:
        if newest is not None and order < newest:
            continue
        newest = order
        if known and known[-1] == known_us:
            values[-1] = value
        else:
            known.append(known_us)
            values.append(value)
    return Timeline(first, tuple(known), tuple(values))


def timelines(lead: Lead, changes: Sequence[FieldChange], as_of_us: int) -> dict[str, Timeline]:
    """The timeline of every field the row or a change known by `as_of_us` names, by stored name."""
    by_field: dict[str, list[FieldChange]] = {}
    for change in changes:
        if known_from(change) <= as_of_us:
            by_field.setdefault(stored_name(change.field), []).append(change)
    row = row_values(lead)
    current = lead.row_is == "current"
    return {
        name: timeline(row.get(name), by_field.get(name, ()), row_is_current=current) for name in {**row, **by_field}
    }


def values_at(history: History, at: datetime, as_of: datetime) -> Mapping[str, Scalar]:
    """The raw field values of a lead known at `at` by an analyst who stands at `as_of`, by stored field name.

    `source` and `email_domain` are always among them. A missing value is None.

    Example:
        >>> from datetime import UTC
        >>> day = lambda number: datetime(2026, 7, number, tzinfo=UTC)
        >>> lead = Lead("l-1", created_at=day(1), fields={"employees": "40"})
        >>> change = FieldChange("employees", "400", changed_at=day(3), known_at=day(5))
        >>> history = History(lead, field_changes=(change,))
        >>> values_at(history, day(4), as_of=day(9))["employees"], values_at(history, day(5), as_of=day(9))["employees"]
        ('40', '400')
    """
    at_us, as_of_us = micros(at), micros(as_of)
    if not history.field_changes:
        return row_values(history.lead)
    found = timelines(history.lead, history.field_changes, as_of_us)
    return {name: line.at(at_us) for name, line in found.items()}


def reader(kind: ValueType, labels: Sequence[EnumLabel], null_tokens: Collection[str]) -> Callable[[Scalar], Scalar]:
    """How a stored value is read by its declared type; text that does not fit, NaN and infinities are missing."""
    known = frozenset(label.label for label in labels)
    tokens = frozenset(null_tokens)

    @lru_cache(maxsize=4096)
    def read_text(value: str) -> Scalar:
        return read(value, kind, tokens, known)

    def read_value(value: Scalar) -> Scalar:
        if value is None:
            return None
        if isinstance(value, str):
            return read_text(value)
        if isinstance(value, float) and kind == "number":
            return value if math.isfinite(value) else None
        return read(value, kind, tokens, known)

    return read_value
