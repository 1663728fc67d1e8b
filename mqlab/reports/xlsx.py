"""A document as a workbook by XlsxWriter: a sheet for each section with typed numbers, and one of all raw numbers.

Texts are written as strings, never as formulas, numbers or addresses, whatever they look like.
"""

from __future__ import annotations

import io
import re
import textwrap
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mqlab.reports.archive import repacked
from mqlab.reports.data import block_dict
from mqlab.reports.document import Answer, Block, Cards, Cell, Chart, Document, Kind, Number, Pairs, Table
from mqlab.reports.numbers import numbers
from mqlab.reports.slides import lines
from mqlab.reports.theme import PAPER

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

NUMBERS = "Numbers"
_MOST = 32_000
_WIDE = 8
_SCALED: dict[Kind, int] = {"per_thousand": 3, "change_per_thousand": 3, "points": 2}
"""Numbers that sheets show times a power of ten; the raw ones stand in the sheet of all numbers."""
_FORMATS: dict[Kind, str] = {
    "count": "#,##0",
    "rate": "0.0%",
    "change": "+0.0%;-0.0%;0.0%",
    "points": '+0.0" points";-0.0" points";0.0" points"',
    "per_thousand": "0.0",
    "change_per_thousand": "+0.0;-0.0;0.0",
    "number": "#,##0.00",
    "change_of_number": "+#,##0.00;-#,##0.00;0.00",
    "p": "0.000",
    "probability": "0.0%",
}


def render(document: Document) -> bytes:
    """The file; the same document gives the same bytes."""
    import xlsxwriter

    written = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(written, options) as book:
        book.set_properties(_about(document))
        _Sheets(book, document).write()
    return repacked(written.getvalue(), document.as_of)


def _about(document: Document) -> dict[str, Any]:
    about: dict[str, Any] = {"title": document.title[:255], "author": document.made_by[:255]}
    if document.as_of is not None:
        about["created"] = document.as_of.astimezone(UTC).replace(tzinfo=None)
    return about


class Exact(float):
    """A number that a workbook's file holds with every digit, where the library would write sixteen.

    Example:
        >>> f"{Exact(22 / 201):.16G}", f"{22 / 201:.16G}"
        ('0.10945273631840796', '0.109452736318408')
    """

    def __format__(self, _spec: str) -> str:
        return repr(float(self))


def shown(number: Number, value: float) -> float:
    """The number as its sheet shows it: of 1,000, or in points, exactly shifted."""
    power = _SCALED.get(number.kind, 0)
    return float(Decimal(repr(value)).scaleb(power)) if power else value


class _Sheets:
    """The workbook's sheets, as they are written."""

    def __init__(self, book: Workbook, document: Document) -> None:
        self.book, self.document = book, document
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._names: set[str] = {NUMBERS.lower()}

    def write(self) -> None:
        """All of them: the report's head with its answers, the sections, the numbers."""
        first = self._sheet(self.document.title)
        row = self._line(first, 0, self.document.title, {"bold": True, "font_size": 18, "font_name": "Georgia"}, 30)
        row = self._line(first, row, self.document.subtitle, {"font_color": PAPER["muted"]}) + 1
        for name, text in self.document.facts:
            row = self._pair(first, row, name, text)
        row += 1
        for section in self.document.sections:
            for block in section.blocks:
                if isinstance(block, Answer):
                    row = self._block(first, row, block) + 1
        for section in self.document.sections:
            sheet = self._sheet(section.title)
            row = self._line(sheet, 0, section.title, {"bold": True, "font_size": 16, "font_name": "Georgia"}, 26) + 1
            for block in section.blocks:
                row = self._block(sheet, row, block) + 1
        self._numbers()

    def _sheet(self, title: str, name: str = "") -> Worksheet:
        sheet = self.book.add_worksheet(name or self._named(title))
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_column(0, 0, 44)
        sheet.set_column(1, 1, 30)
        sheet.set_column(2, 40, 15)
        sheet.set_footer("&R&P / &N")
        return sheet

    def _named(self, title: str) -> str:
        """A name that a sheet may have, and no other has."""
        plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title)
        base = " ".join(plain.split()).strip("'")[:31].strip().strip("'") or "Sheet"
        found, k = base, 2
        while found.lower() in self._names or found.lower() == "history":
            found, k = f"{base[: 30 - len(str(k))]} {k}", k + 1
        self._names.add(found.lower())
        return found

    def _style(self, **given: Any) -> Any:
        style = {"font_name": "Calibri", "font_size": 11, "valign": "top", "font_color": PAPER["ink"], **given}
        key = tuple(sorted(style.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(style)
        return self._formats[key]

    def _line(self, sheet: Worksheet, row: int, text: str, style: dict[str, Any], high: float | None = None) -> int:
        """A text over the width of the sheet; returns the next row."""
        wide = max(int(150 * 11 / style.get("font_size", 11)), 40)
        rows = max(len(textwrap.wrap(text[:_MOST], wide)), 1)
        size = style.get("font_size", 11)
        sheet.set_row(row, min(high * rows if high else rows * size * 1.4 + 2, 400))
        found = self._style(text_wrap=True, **style)
        sheet.merge_range(row, 0, row, _WIDE - 1, "", found)
        sheet.write_string(row, 0, text[:_MOST], found)
        return row + 1

    def _pair(self, sheet: Worksheet, row: int, name: str, text: str) -> int:
        sheet.write_string(row, 0, name[:_MOST], self._style(font_color=PAPER["muted"]))
        sheet.write_string(row, 1, text[:_MOST], self._style())
        return row + 1

    def _block(self, sheet: Worksheet, row: int, block: Block) -> int:
        match block:
            case Table():
                return self._table(sheet, row, block)
            case Chart():
                return self._table(sheet, row, block.numbers)
            case Answer():
                style = {"bold": True, "font_color": PAPER[block.tone], "bg_color": PAPER[f"{block.tone}-soft"]}
                row = self._line(sheet, row, f"{block.label}: {block.arm}", style)
                row = self._line(sheet, row, block.sentence, {"font_size": 13})
                for also in block.also:
                    row = self._line(sheet, row, f"•  {also}", {"font_color": PAPER["muted"]})
            case Pairs(items):
                for name, text in items:
                    row = self._pair(sheet, row, name, text)
            case Cards(cards):
                for card in cards:
                    row = self._line(sheet, row, card.title, {"bold": True})
                    row = self._line(sheet, row, card.subtitle, {"font_color": PAPER["muted"]})
                    for item in (*card.blocks, *card.more):
                        for line in lines(item):
                            row = self._line(sheet, row, line, {})
                    row += 1
            case _:
                lead = block_dict(block).get("kind") == "lead"
                for line in lines(block):
                    row = self._line(sheet, row, line, {"font_size": 13} if lead else {})
        return row

    def _table(self, sheet: Worksheet, row: int, table: Table) -> int:
        """A table with typed cells; a column of numbers with intervals is followed by their limits."""
        ranged = [
            any(cells[k].number is not None and cells[k].number.ranged for cells in table.rows)  # type: ignore[union-attr]
            for k in range(len(table.columns))
        ]
        row = self._line(sheet, row, table.caption, {"bold": True})
        column = 0
        for title, wide in zip(table.columns, ranged, strict=True):
            align = "right" if title.numeric else "left"
            style = self._style(font_color=PAPER["muted"], bottom=1, text_wrap=True, align=align, valign="bottom")
            for name in (title.title, "low", "high")[: 3 if wide else 1]:
                sheet.write_string(row, column, name[:_MOST], style)
                column += 1
        high = max(len(title.title) for title in table.columns)
        sheet.set_row(row, 32 if high > 14 else 17)
        for cells in table.rows:
            row += 1
            column = 0
            for cell, wide in zip(cells, ranged, strict=True):
                self._cell(sheet, row, column, cell, wide)
                column += 3 if wide else 1
        row += 1
        return self._line(sheet, row, table.note, {"font_color": PAPER["muted"]}) if table.note else row

    def _cell(self, sheet: Worksheet, row: int, column: int, cell: Cell, ranged: bool) -> None:
        colour = {} if cell.tone == "plain" else {"font_color": PAPER[cell.tone]}
        if cell.number is None:
            given: dict[str, Any] = {"text_wrap": True, "bottom": 4, "bottom_color": PAPER["line"], **colour}
            given |= {"italic": True} if cell.kind == "missing" else {}
            given |= {"align": "right"} if cell.kind == "number" else {}
            sheet.write_string(row, column, cell.text[:_MOST], self._style(**given))
            return
        number = cell.number
        style = {"num_format": number_format(number), "bottom": 4, "bottom_color": PAPER["line"]}
        values = [number.value, number.low, number.high] if ranged and number.ranged else [number.value]
        for k, value in enumerate(values):
            if value is None:
                sheet.write_string(
                    row, column + k, "no bound" if k else cell.text, self._style(align="right", **colour)
                )
            else:
                sheet.write_number(row, column + k, Exact(shown(number, value)), self._style(**style, **colour))

    def _numbers(self) -> None:
        """Every number, raw, with its place in the report and in the analysis."""
        sheet = self._sheet("", NUMBERS)
        heads = ("Section", "Table", "Row", "Column", "Value", "Low", "High", "Kind", "Currency", "As written",
                 "In the report", "In the analysis")  # fmt: skip
        style = self._style(bold=True, bottom=1)
        for k, head in enumerate(heads):
            sheet.write_string(0, k, head, style)
        plain = self._style()
        found = list(numbers(self.document))
        for row, placed in enumerate(found, 1):
            number = placed.number
            texts = {0: placed.section, 1: placed.caption, 2: placed.row, 3: placed.column, 7: number.kind,
                     8: number.currency or "", 9: placed.cell.text, 10: placed.address,
                     11: placed.cell.source or ""}  # fmt: skip
            for column, text in texts.items():
                sheet.write_string(row, column, text[:_MOST], plain)
            for column, value in ((4, number.value), (5, number.low), (6, number.high)):
                if value is not None:
                    sheet.write_number(row, column, Exact(value), plain)
        sheet.set_column(0, 3, 28)
        sheet.set_column(4, 9, 14)
        sheet.set_column(10, 11, 28)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(found), 1), len(heads) - 1)


def number_format(number: Number) -> str:
    """The format of a cell, as a spreadsheet writes it; the reader's own separators are the spreadsheet's."""
    if number.kind in ("money", "change_of_money"):
        amount = f"[${number.currency or ''}] #,##0.00"
        return amount if number.kind == "money" else f"+{amount};-{amount};{amount}"
    if number.kind == "rate" and number.value is not None and 0 < abs(number.value) < 0.01:
        return "0.00%"
    return _FORMATS[number.kind]
