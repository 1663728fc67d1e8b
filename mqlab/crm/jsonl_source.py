"""JSON lines: one object a line; a line that is none is set aside."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import IO, Any

from mqlab.crm.batches import BATCH_ROWS, Batch
from mqlab.crm.mapping import Mapping
from mqlab.crm.quarantine import BadRow, Finding, Reason
from mqlab.errors import InputError, Place


class JsonlSource:
    """A file of JSON objects, one a line; `header` is every key of the first batch with a readable object."""

    def __init__(self, stream: IO[bytes], raw: IO[bytes], *, file: str, mapping: Mapping, total: int) -> None:
        self._raw = raw
        self._file = file
        self._total = total
        self._text = io.TextIOWrapper(stream, encoding=mapping.encoding or "utf-8-sig", newline="\n")
        self._number = 0
        self.notes: list[str] = []
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
            hint="Write one JSON object a line.",
        )

    def _read(self) -> Batch:
        rows: list[dict[str, Any]] = []
        lines: list[int] = []
        broken: list[BadRow] = []
        names: dict[str, None] = {}
        try:
            while len(rows) < BATCH_ROWS and len(broken) < BATCH_ROWS:
                line = self._text.readline()
                if not line:
                    break
                self._number += 1
                if line.isspace():
                    continue
                row = _parse(line)
                if isinstance(row, Finding):
                    broken.append(BadRow(self._number, line.rstrip("\r\n"), row))
                else:
                    rows.append(row)
                    lines.append(self._number)
                    names.update(dict.fromkeys(row))
        except UnicodeDecodeError as error:
            raise InputError(
                f"the file is not {error.encoding} text after line {self._number}.",
                code="BadEncoding",
                place=Place(self._file, self._number + 1),
                hint="State its `encoding` in the mapping.",
            ) from error
        columns = {name: [row.get(name) for row in rows] for name in names}
        return Batch(columns, lines, broken, done=self._raw.tell(), total=self._total)


def _parse(line: str) -> dict[str, Any] | Finding:
    try:
        row = json.loads(line, object_pairs_hook=_once)
    except (json.JSONDecodeError, RecursionError) as error:
        return Finding(Reason.BAD_JSON, getattr(error, "msg", "nested too deeply"))
    except _Twice as error:
        return Finding(Reason.BAD_JSON, f"the key '{error}' stands there twice")
    except ValueError as error:
        return Finding(Reason.BAD_JSON, str(error))
    if not isinstance(row, dict):
        return Finding(Reason.BAD_JSON, "not an object")
    if "\\u" in line:
        text = "".join(_texts(row))
        if "\0" in text:
            return Finding(Reason.NUL_BYTE, "a value holds a NUL character")
        try:
            text.encode()
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


class _Twice(Exception):
    """A key stands in an object twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        seen: set[str] = set()
        raise _Twice(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return row
