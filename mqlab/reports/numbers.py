"""Every number of a document with its place: what a workbook lists, a manifest keeps and `report verify` counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mqlab.reports.document import Block, Cell, Chart, Document, Number, Table

_SHORT = 50


@dataclass(frozen=True, slots=True)
class Placed:
    """A number in its cell: the section's and the table's title, what names the row, and the column's title.

    `address` is unique in the document and stable: the table's id, the row and the column, counted from 1.
    """

    address: str
    section: str
    caption: str
    row: str
    column: str
    cell: Cell
    number: Number

    def to_dict(self) -> dict[str, Any]:
        """As a manifest keeps it."""
        return {
            "at": self.address,
            "text": self.cell.text,
            **number_dict(self.number),
            **({"source": self.cell.source} if self.cell.source else {}),
        }

    @property
    def words(self) -> str:
        """Where it stands, as people say it."""
        return f"{self.section}, “{self.caption}”, {self.row}, {self.column}"


def numbers(document: Document) -> Iterator[Placed]:
    """The numbers of all tables and charts, in reading order."""
    for section in document.sections:
        for block in section.blocks:
            table = table_of(block)
            if table is not None:
                yield from _in_table(section.title, table)


def table_of(block: Block) -> Table | None:
    """A table, or the one that stands beside a chart."""
    if isinstance(block, Chart):
        return block.numbers
    return block if isinstance(block, Table) else None


def _in_table(section: str, table: Table) -> Iterator[Placed]:
    for k, row in enumerate(table.rows, 1):
        for column, (title, cell) in enumerate(zip(table.columns, row, strict=True), 1):
            if cell.number is not None:
                name = _named(table, row)
                yield Placed(f"{table.id}/{k}/{column}", section, table.caption, name, title.title, cell, cell.number)


def _named(table: Table, row: tuple[Cell, ...]) -> str:
    """What names a row: its first cell, and the short texts beside it."""
    beside = [
        cell.text
        for cell, head in zip(row[1:], table.columns[1:], strict=True)
        if not head.numeric and cell.kind == "text" and 0 < len(cell.text) <= _SHORT
    ]
    return ", ".join([row[0].text, *beside])


def number_dict(number: Number) -> dict[str, Any]:
    """A number as JSON: its value and kind, its limits where it has an interval, its currency where it is money."""
    found: dict[str, Any] = {"value": number.value, "kind": number.kind}
    if number.ranged:
        found |= {"low": number.low, "high": number.high}
    return found | ({"currency": number.currency} if number.currency else {})
