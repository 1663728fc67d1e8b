"""CSV as it comes: its encoding and separator found out and told, ragged and broken rows set aside, nothing guessed."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import IO

from mqlab.crm.batches import BATCH_ROWS, Batch
from mqlab.crm.encoding import encoding_of
from mqlab.crm.footer import Footer
from mqlab.crm.mapping import Mapping
from mqlab.crm.quarantine import BadRow, Finding, Reason
from mqlab.definitions.wording import plural
from mqlab.errors import InputError, Place, Problem, ProblemsFound

BLOCK_CHARACTERS = 1_000_000
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_LINE_END = re.compile(r"\r\n|\r|\n")


class CsvSource:
    """A CSV file: the header is read and checked at once, the rows when asked."""

    def __init__(
        self, stream: IO[bytes], raw: IO[bytes], *, file: str, mapping: Mapping, wanted: Collection[str], total: int
    ) -> None:
        self._raw = raw
        self._file = file
        self._total = total
        self._encoding = encoding_of(stream, mapping.encoding)
        self.notes: list[str] = list(self._encoding.notes)
        self._text = io.TextIOWrapper(stream, encoding=self._encoding.name, newline="")
        self._lines = _Lines(self._text)
        self._skipped = 0
        first = self._header_text()
        delimiter = mapping.delimiter or self._delimiter(first, wanted)
        self.header = self._header(first, delimiter)
        self._feed = iter(self._lines)
        self._reader = csv.reader(self._feed, delimiter=delimiter, strict=True)
        self._footer = Footer(mapping.footer, len(self.header)) if mapping.footer else None

    def batches(self) -> Iterator[Batch]:
        """The rows, `BATCH_ROWS` at a time; InputError where the file is cut off inside quotes or wrongly encoded."""
        ended = False
        while not ended:
            rows: list[list[str]] = []
            began = self._line()
            broken: list[BadRow] = []
            try:
                rows.extend(islice(self._reader, BATCH_ROWS))
                ended = len(rows) < BATCH_ROWS
            except csv.Error as error:
                broken.append(self._broken(str(error), began, rows))
            except UnicodeDecodeError as error:
                raise self._undecodable(error) from error
            lines = self._line_numbers(rows, began, exact=not broken)
            below = 0
            if self._footer is not None:
                rows, lines = self._footer.above(rows, lines)
                if ended:
                    more, more_lines, below = self._footer.ended()
                    rows, lines = [*rows, *more], [*lines, *more_lines]
            yield replace(self._batch(rows, lines, broken), footer=below)

    def _batch(self, rows: list[list[str]], lines: Sequence[int], broken: list[BadRow]) -> Batch:
        width = len(self.header)
        columns = list(zip(*rows, strict=True)) if all(map(width.__eq__, map(len, rows))) else None
        if columns is None or any("\0" in "\n".join(column) for column in columns):
            good: list[list[str]] = []
            good_lines: list[int] = []
            for row, line in zip(rows, lines, strict=True):
                finding = self._finding(row, width)
                if finding is not None:
                    broken.append(BadRow(line, dict(zip(self.header, row, strict=False)) | _rest(row, width), finding))
                elif len(row) == width:
                    good.append(row)
                    good_lines.append(line)
            lines, columns = good_lines, list(zip(*good, strict=True))
        columns = columns or [()] * width
        named = {name: column for name, column in zip(self.header, columns, strict=True) if name}
        return Batch(named, lines, broken, done=self._raw.tell(), total=self._total)

    @staticmethod
    def _finding(row: list[str], width: int) -> Finding | None:
        if len(row) != width and "".join(row).strip():
            return Finding(Reason.RAGGED_ROW, f"{plural(len(row), 'cell')}, the header has {width}")
        if any("\0" in cell for cell in row):
            return Finding(Reason.NUL_BYTE, "a cell holds a NUL byte")
        return None

    def _line(self) -> int:
        return self._reader.line_num + 1 + self._skipped

    def _line_numbers(self, rows: list[list[str]], began: int, *, exact: bool) -> Sequence[int]:
        """The line each row began at: rows are lines, but for line ends inside quotes."""
        if exact and self._line() - began == len(rows):
            return range(began, began + len(rows))
        numbers = []
        for row in rows:
            numbers.append(began)
            began += 1 + sum(len(_LINE_END.findall(cell)) for cell in row)
        return numbers

    def _broken(self, error: str, began: int, rows: list[list[str]]) -> BadRow:
        numbers = self._line_numbers([*rows, []], began, exact=False)
        line = numbers[-1]
        raw = self._lines.between(line, self._line() - 1)
        if "unexpected end of data" in error:
            raise InputError(
                f"the file ends inside a quoted cell that began in line {line}: it was cut off, or a quote is missing.",
                code="Truncated",
                place=Place(self._file, line),
                hint="Export it again, or correct the quotes of that line.",
            )
        if "field larger" not in error:
            return BadRow(line, raw, Finding(Reason.BROKEN_QUOTES, error))
        return BadRow(line, raw + self._rest_of_record(raw), Finding(Reason.HUGE_CELL, error))

    def _rest_of_record(self, raw: str) -> str:
        """The lines up to where the quotes of a record close that a huge cell ended, where they soon do; else none.

        Without them the second line of a cell further on would be taken for a row.
        """
        if raw.count('"') % 2 == 0:
            return ""
        taken: list[str] = []
        left = csv.field_size_limit()
        for line in self._feed:
            taken.append(line)
            left -= len(line)
            if line.count('"') % 2:
                self._skipped += len(taken)
                return "".join(taken)
            if left < 0:
                break
        self._skipped += self._reader.line_num
        self._reader = csv.reader(chain(taken, self._feed), dialect=self._reader.dialect)
        return ""

    def _header_text(self) -> str:
        """The physical lines of the header; leading blank lines are passed over."""
        text = ""
        try:
            while line := self._lines.one():
                self._skipped += 1
                if text or line.strip():
                    text += line
                if text and text.count('"') % 2 == 0:
                    break
        except UnicodeDecodeError as error:
            raise self._undecodable(error) from error
        if not text.strip():
            raise InputError("the file is empty.", code="EmptyFile", place=Place(self._file))
        if "\0" in text and self._encoding.unmarked is not None:
            raise self._encoding.refused(self._file)
        if "\0" in text:
            raise InputError("the header holds a NUL byte: this is not CSV.", code="NotCsv", place=Place(self._file, 1))
        return text

    def _delimiter(self, first: str, wanted: Collection[str]) -> str:
        """The separator whose header has most of the wanted columns, then most columns; a tie is refused."""
        known = {name.strip().casefold() for name in wanted}
        scores = {}
        for delimiter in DELIMITERS:
            names = [name.strip().casefold() for name in _cells(first, delimiter)]
            scores[delimiter] = (len(known.intersection(names)), len(names) if len(names) > 1 else 0)
        best = max(scores.values())
        chosen = [delimiter for delimiter, score in scores.items() if score == best]
        if best[1] == 0:
            return ","
        if len(chosen) > 1:
            raise InputError(
                f"the header can be read with {' or '.join(DELIMITERS[one] for one in chosen)} as separator.",
                code="AmbiguousSeparator",
                place=Place(self._file, 1),
                hint="State `delimiter` in the mapping.",
            )
        if chosen[0] != ",":
            self.notes.append(f"The columns are separated by {DELIMITERS[chosen[0]]}.")
        return chosen[0]

    def _header(self, first: str, delimiter: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in _cells(first, delimiter))
        twice = [name for name, count in Counter(names).items() if count > 1 and name]
        if twice:
            raise ProblemsFound(
                Problem(
                    "DuplicateColumn", f"the column '{name}' stands in the header twice.", Place(self._file, 1),
                    hint="Rename or remove one of them.",
                )
                for name in twice
            )  # fmt: skip
        if "" in names:
            self.notes.append("A column without a name was left out.")
        return names

    def _undecodable(self, error: UnicodeDecodeError) -> InputError:
        """Where the first undecodable byte stands, found by reading the file once more."""
        encoding = self._text.encoding
        if not encoding.startswith("utf-8"):
            return InputError(
                f"the file is not {encoding} text.",
                code="BadEncoding",
                place=Place(self._file),
                hint="Correct its `encoding`.",
            )
        if self._encoding.unmarked is not None:
            return self._encoding.refused(self._file)
        stream = self._text.buffer
        stream.seek(0)
        for number, line in enumerate(stream, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as found:
                shown = line[max(0, found.start - 20) : found.end + 20].decode("cp1252", "replace").strip()
                return InputError(
                    f"the file is not UTF-8 text: byte 0x{line[found.start]:02x}.",
                    code="BadEncoding",
                    place=Place(self._file, number, found.start + 1),
                    hint=f"Read as Latin-1 it says '{shown}'. If so, state `encoding: latin-1` in the mapping.",
                )
        return InputError(f"the file is not UTF-8 text: {error.reason}.", code="BadEncoding", place=Place(self._file))


class _Lines:
    """The lines of a text, read in blocks; the recent blocks are kept for the rows that break."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._blocks: deque[tuple[int, list[str]]] = deque(maxlen=3)
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._read())

    def between(self, first: int, last: int) -> str:
        """The text of some recent lines, both counted in."""
        return "".join(
            line for start, block in self._blocks for number, line in enumerate(block, start) if first <= number <= last
        )

    def one(self) -> str:
        """The next line alone, before any block is read; empty at the end."""
        line = self._text.readline()
        self.count += bool(line)
        return line

    def _read(self) -> Iterator[list[str]]:
        while block := self._text.readlines(BLOCK_CHARACTERS):
            self._blocks.append((self.count + 1, block))
            self.count += len(block)
            yield block


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


def _rest(row: Sequence[str], width: int) -> dict[str, object]:
    return {"": list(row[width:])} if len(row) > width else {}
