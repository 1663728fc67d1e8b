"""Parquet files, read in batches; instants keep their zone, or the lack of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mqlab.crm.batches import BATCH_ROWS, Batch
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
                columns = {name: _values(part.column(index)) for index, name in enumerate(self.header)}
                yield Batch(columns, range(row, row + len(part)), done=row + len(part) - 1, total=total)
                row += len(part)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"the file is damaged: {error}.", code="BadParquet", place=self._place) from error


def _values(column: pa.Array) -> list[object]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("us", tz=column.type.tz), safe=False)
    values: list[object] = column.to_pylist()
    return values
