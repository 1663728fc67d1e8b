"""The columns of a points table under the names people give them, and its rows with their lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mqlab.errors import InputError, Place, Problem, ProblemsFound, nearest

MOST_BYTES = 5_000_000
SNIFFED_CHARACTERS = 4096

ALIASES: Mapping[str, tuple[str, ...]] = {
    "rule": ("rule", "rule name", "name", "id", "criterion", "criteria", "description"),
    "category": ("category", "group", "section", "dimension", "area"),
    "field": ("field", "field name", "property", "property name", "attribute"),
    "event": ("event", "event name", "activity", "action", "behaviour", "behavior"),
    "operator": ("operator", "op", "condition", "comparison"),
    "value": ("value", "values"),
    "points": ("points", "score", "point value"),
    "max_count": ("max_count", "max count", "max times", "limit"),
    "cap": ("cap", "max points"),
    "within": ("within", "time frame", "timeframe", "period", "window"),
    "half_life": ("half_life", "half life", "decay"),
    "category_max": ("category_max", "category max", "group max", "group limit"),
    "threshold": ("threshold", "mql threshold"),
}
KNOWN = {alias.replace("_", " "): column for column, aliases in ALIASES.items() for alias in aliases}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: its line in the file, and its cells by column, trimmed; empty cells are left out."""

    line: int
    cells: Mapping[str, str]

    def get(self, column: str) -> str | None:
        """The cell, None where it is empty or the table has no such column."""
        return self.cells.get(column)

    def __str__(self) -> str:
        return ", ".join(f"{column}: {value}" for column, value in self.cells.items())


def read_rows(path: Path) -> tuple[Row, ...]:
    """The rows of a CSV file with a header, comma, semicolon or tab between cells; wrong files are InputErrors."""
    text = _read_text(path)
    place = Place(file=str(path))
    if not text.strip():
        raise InputError("The table is empty.", code="EmptyFile", place=place)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = next(lines)
        columns = _columns(header, str(path))
        rows = tuple(_rows(lines, columns, str(path)))
    except csv.Error as error:
        place = Place(file=str(path), line=lines.line_num)
        raise InputError(f"The table cannot be read: {error}.", code="InvalidCsv", place=place) from error
    if not rows:
        raise InputError("The table has a header and no rows.", code="EmptyFile", place=place)
    return rows


def _read_text(path: Path) -> str:
    place = Place(file=str(path))
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"The file cannot be read: {error.strerror or error}."
        raise InputError(message, code="UnreadableFile", place=place) from error
    if len(raw) > MOST_BYTES:
        raise InputError(f"The file is larger than {MOST_BYTES // 1_000_000} MB.", code="TooLarge", place=place)
    if b"\x00" in raw:
        line = raw[: raw.index(b"\x00")].count(b"\n") + 1
        raise InputError("The file holds a NUL byte: it is not text.", code="InvalidCsv", place=Place(str(path), line))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        hint = "Save it as UTF-8 (in a spreadsheet: CSV UTF-8)."
        place = Place(str(path), line)
        raise InputError("The file is not UTF-8 text.", code="BadEncoding", place=place, hint=hint) from error


def _delimiter(text: str) -> str:
    """What stands between the cells of the header: the most frequent of comma, semicolon and tab."""
    header = next(line for line in text[:SNIFFED_CHARACTERS].splitlines() if line.strip())
    return max(",;\t", key=header.count)


def _columns(header: Sequence[str], file: str) -> tuple[str, ...]:
    """The column of each cell of the header; unknown, repeated and ambiguous ones are told together."""
    problems: list[Problem] = []
    found: dict[str, str] = {}
    columns: list[str] = []
    for number, written in enumerate(header, start=1):
        place = Place(file, 1, number)
        column = KNOWN.get(" ".join(written.strip().lower().replace("_", " ").split()))
        if column is None:
            hint = nearest(written.strip().lower(), KNOWN) or f"Known columns: {', '.join(ALIASES)}."
            problems.append(Problem("UnknownColumn", f"Unknown column '{written.strip()}'.", place, hint=hint))
        elif column in found:
            message = f"The columns '{found[column]}' and '{written.strip()}' both mean {column}."
            problems.append(Problem("DuplicateColumn", message, place, hint="Keep one of them."))
        else:
            found[column] = written.strip()
        columns.append(column or "")
    if not problems and "points" not in found:
        problems.append(Problem("MissingColumn", "The table has no column for points.", Place(file, 1)))
    if not problems and not {"field", "event"} & found.keys():
        hint = "Add a column `field`, `event`, or both."
        problems.append(
            Problem("MissingColumn", "The table does not say what points are for.", Place(file, 1), hint=hint)
        )
    if problems:
        raise ProblemsFound(problems)
    return tuple(columns)


def _rows(lines: Iterator[list[str]], columns: Sequence[str], file: str) -> Iterator[Row]:
    number = 1
    problems: list[Problem] = []
    for cells in lines:
        number += 1
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            message = f"The row has {len(cells)} cells, the header {len(columns)}."
            hint = "Put cells that hold the separator in double quotes."
            problems.append(Problem("RaggedRow", message, Place(file, number), hint=hint))
            continue
        named = {column: cell.strip() for column, cell in zip(columns, cells, strict=True) if cell.strip()}
        yield Row(number, named)
    if problems:
        raise ProblemsFound(problems)
