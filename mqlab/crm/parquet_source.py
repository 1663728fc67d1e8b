"""Parquet files, read in batches; instants keep their zone, or the lack of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mqlab.crm.batches import BATCH_ROWS, Batch
from mqlab.crm.quarantine import BadRow, Finding, Reason
from mqlab.errors import InputError, Place, Problem, ProblemsFound


class ParquetSource:
    """A Parquet file; a row's line is its number from 1."""

    def __init__(self, raw: IO[bytes], *, file: str) -> None:
        self._place = Place(file)
        self.notes: list[str] = []
        try:
            self._file = pq.ParquetFile(raw)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"this is not a Parquet file: {error}.", code="BadParquet", place=self._place) from error
        self.header = tuple(self._file.schema_arrow.names)
        twice = sorted({name for name in self.header if self.header.count(name) > 1})
        if twice:
            raise ProblemsFound(
                Problem("DuplicateColumn", f"the column '{name}' is there twice.", self._place) for name in twice
            )

    def batches(self) -> Iterator[Batch]:
        """The rows, `BATCH_ROWS` at a time."""
        total = self._file.metadata.num_rows
        row = 1
        try:
            for part in self._file.iter_batches(batch_size=BATCH_ROWS):
                lines = range(row, row + len(part))
                row += len(part)
                yield self._batch(part, lines, total)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"the file is damaged: {error}.", code="BadParquet", place=self._place) from error

    def _batch(self, part: pa.RecordBatch, lines: range, total: int) -> Batch:
        columns = {name: _values(part.column(index)) for index, name in enumerate(self.header)}
        bad = _with_nul(part)
        if not bad:
            return Batch(columns, lines, done=lines[-1], total=total)
        whole = Batch(columns, lines)
        finding = Finding(Reason.NUL_BYTE, "a value holds a NUL character")
        broken = [BadRow(lines[row], whole.raw(row), finding) for row in sorted(bad)]
        good = [row for row in range(len(lines)) if row not in bad]
        kept = {name: [values[row] for row in good] for name, values in columns.items()}
        return Batch(kept, [lines[row] for row in good], broken, done=lines[-1], total=total)


def _with_nul(part: pa.RecordBatch) -> set[int]:
    """The rows in which a text holds a NUL character, which no database keeps."""
    found: set[int] = set()
    for column in part.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            mask = pc.fill_null(pc.match_substring(column, "\0"), False)
            found.update(np.flatnonzero(mask.to_numpy(zero_copy_only=False)).tolist())
    return found


def _values(column: pa.Array) -> list[object]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("us", tz=column.type.tz), safe=False)
    values: list[object] = column.to_pylist()
    return values
