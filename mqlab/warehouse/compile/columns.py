"""Leaves that stand in columns of a view: an event's properties, a lead's fields."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis.expr import types as ir

from mqlab.definitions.model import Definition, EnumLabel
from mqlab.definitions.tree import FieldRef, Missing, Node, PropRef
from mqlab.warehouse.compile.expression import Leaves, number
from mqlab.warehouse.compile.signals import PropColumn
from mqlab.warehouse.readings import Readings, declared_field, field_reading


class PropLeaves(Leaves):
    """Reads an event's properties from the columns a source names."""

    def __init__(self, events: ir.Table, columns: Sequence[PropColumn]) -> None:
        self._events = events
        self._columns = {column.name: column for column in columns}

    def leaf(self, node: Node) -> ir.Value:
        """A property by its declared type."""
        return self._events[self._columns[node.name].column] if isinstance(node, PropRef) else super().leaf(node)

    def declared(self, ref: FieldRef | PropRef) -> ir.Value:
        """The number an enum property's label stands for."""
        return _numbered(self._events[self._columns[ref.name].column], self._columns[ref.name].numbers)

    def spaced(self, ref: FieldRef | PropRef) -> ir.Value:
        """The property's spaced text."""
        return self._events[f"{self._columns[ref.name].column}s"]


class FieldLeaves(Leaves):
    """Reads a definition's fields from the columns of a view's leads, after their defaults."""

    def __init__(self, leads: ir.Table, definition: Definition, readings: Readings) -> None:
        self._leads = leads
        self._definition = definition
        self._readings = readings

    def leaf(self, node: Node) -> ir.Value:
        """A field, or whether its raw value is missing."""
        match node:
            case FieldRef(name=name):
                return self.field(name)
            case Missing(field=name):
                return self._leads[self._column(name)].isnull()
            case _:
                return super().leaf(node)

    def field(self, name: str) -> ir.Value:
        """A field's value after its default."""
        value = self._leads[self._column(name)]
        decl = declared_field(self._definition, name)
        if decl.kind == "enum":
            return value if decl.default_label is None else value.fill_null(decl.default_label)
        return value if decl.impute is None else value.fill_null(number(decl.impute))

    def number(self, name: str) -> ir.Value:
        """The declared value of an enum's label, 1 or 0 for a bool, the number itself for a number."""
        decl, value = declared_field(self._definition, name), self.field(name)
        match decl.kind:
            case "enum":
                return _numbered(value, _numbers(decl.labels))
            case "bool":
                return ibis.cases((value.isnull(), ibis.null("float64")), (value, number(1)), else_=number(0))
            case _:
                return value

    def declared(self, ref: FieldRef | PropRef) -> ir.Value:
        """The number an enum field's label stands for."""
        return self.number(ref.name)

    def spaced(self, ref: FieldRef | PropRef) -> ir.Value:
        """The field's spaced text."""
        return self.spaced_field(ref.name)

    def spaced_field(self, name: str) -> ir.Value:
        """A field's spaced text, by the field's name."""
        return self._leads[f"{self._column(name)}s"]

    def _column(self, name: str) -> str:
        return self._readings.field(field_reading(self._definition, name))


def _numbers(labels: Sequence[EnumLabel]) -> tuple[tuple[str, float | None], ...]:
    return tuple((label.label, label.value) for label in labels)


def _numbered(value: ir.Value, numbers: Sequence[tuple[str, float | None]]) -> ir.Value:
    """The number of each label, null for those without one."""
    known = [(value == label, number(meaning)) for label, meaning in numbers if meaning is not None]
    return ibis.cases(*known, else_=ibis.null("float64")) if known else ibis.null("float64")
