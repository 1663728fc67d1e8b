"""JSON lines: one object a line, or an array of them; a line that is neither is set aside."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import IO, Any

from mqlab.crm.batches import BATCH_ROWS, Batch
from mqlab.crm.encoding import encoding_of
from mqlab.crm.mapping import Mapping
from mqlab.crm.quarantine import BadRow, Finding, Reason
from mqlab.errors import InputError, Place

ESCAPE = "\\u"
Found = tuple[int, str, "dict[str, Any] | Finding"]
"""A row's number, its text, and the row, or what is wrong with it."""


class JsonlSource:
    """A file of JSON objects, one a line; `header` is every key of the first batch with a readable object.

    The objects of a line's array are a row each. A row's number is its line's, counted on through such arrays.
    """

    unit = "line"
    hint = "Write one JSON object a line."

    def __init__(self, stream: IO[bytes], raw: IO[bytes], *, file: str, mapping: Mapping, total: int) -> None:
        self._raw = raw
        self._file = file
        self._total = total
        self._encoding = encoding_of(stream, mapping.encoding)
        self._text = io.TextIOWrapper(stream, encoding=self._encoding.name, newline="\n")
        self._number = 0
        self._found = self._rows()
        self.notes: list[str] = list(self._encoding.notes)
        if self._encoding.unmarked is not None:
            raise self._encoding.refused(file)
        self._first = self._read()
        self.header = tuple(self._first.columns) or self._later_header()

    def batches(self) -> Iterator[Batch]:
        """The rows, `BATCH_ROWS` at a time."""
        batch = self._first
        while len(batch) or batch.broken:
            yield batch
            batch = self._read()

    def _later_header(self) -> tuple[str, ...]:
        """The keys of the first batch that has any, behind one without; then the file is read from its start again."""
        batch, objects = self._first, 0
        while not batch.columns and (len(batch) or batch.broken):
            objects += len(batch)
            batch = self._read()
        if not batch.columns and not objects:
            raise self._unreadable()
        self._text.seek(0)
        self._number = 0
        self._found = self._rows()
        self._first = self._read()
        return tuple(batch.columns)

    def _unreadable(self) -> InputError:
        if not self._first.broken:
            return InputError("the file is empty.", code="EmptyFile", place=Place(self._file))
        first = self._first.broken[0]
        what = "is a JSON object" if first.finding.reason is Reason.BAD_JSON else "can be read"
        return InputError(
            f"no row of the file {what}; the first: {first.finding.detail}.",
            code="NoRows",
            place=Place(self._file, first.line),
            hint=self.hint,
        )

    def _read(self) -> Batch:
        rows: list[dict[str, Any]] = []
        lines: list[int] = []
        broken: list[BadRow] = []
        names: dict[str, None] = {}
        try:
            for number, text, row in self._found:
                if isinstance(row, Finding):
                    broken.append(BadRow(number, text, row))
                else:
                    rows.append(row)
                    lines.append(number)
                    names.update(dict.fromkeys(row))
                if len(rows) >= BATCH_ROWS or len(broken) >= BATCH_ROWS:
                    break
        except UnicodeDecodeError as error:
            raise InputError(
                f"the file is not {error.encoding} text after {self.unit} {self._number}.",
                code="BadEncoding",
                place=Place(self._file, self._number + 1),
                hint="State its `encoding` in the mapping.",
            ) from error
        columns = {name: [row.get(name) for row in rows] for name in names}
        return Batch(columns, lines, broken, done=self._raw.tell(), total=self._total)

    def _rows(self) -> Iterator[Found]:
        while line := self._text.readline():
            self._number += 1
            if line.isspace():
                continue
            found = _parsed(line)
            if isinstance(found, Finding):
                yield self._number, line.rstrip("\r\n"), found
                continue
            escaped = ESCAPE in line
            for place, row in enumerate(found):
                self._number += place > 0
                text = line.rstrip("\r\n") if len(found) == 1 else json.dumps(row)
                yield self._number, text, usable(row, escaped=escaped)


def _parsed(line: str) -> list[dict[str, Any]] | Finding:
    """The objects of a line."""
    try:
        found = json.loads(line, object_pairs_hook=once)
    except (json.JSONDecodeError, RecursionError) as error:
        return Finding(Reason.BAD_JSON, getattr(error, "msg", "nested too deeply"))
    except ValueError as error:
        return Finding(Reason.BAD_JSON, str(error))
    rows = found if isinstance(found, list) else [found]
    return rows if all(isinstance(row, dict) for row in rows) else Finding(Reason.BAD_JSON, "not an object")


def usable(row: Any, *, escaped: bool) -> dict[str, Any] | Finding:
    """A JSON value as a row, or why it is none; `escaped`: it was written with escapes, which may hide a bad text."""
    if not isinstance(row, dict):
        return Finding(Reason.BAD_JSON, "not an object")
    if escaped:
        said = "".join(_texts(row))
        if "\0" in said:
            return Finding(Reason.NUL_BYTE, "a value holds a NUL character")
        try:
            said.encode()
        except UnicodeEncodeError:
            return Finding(Reason.BAD_TEXT, "half of a surrogate pair")
    return row


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its pairs; ValueError where a key stands in it twice."""
    row = dict(pairs)
    if len(row) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key '{twice}' stands there twice")
    return row
