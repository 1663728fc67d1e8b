"""Appending to PostgreSQL by COPY, while the import reads on: the server writes the rows, we prepare the next ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection


class Copying:
    """Rows on their way to the server, in the transaction of one connection, sent by a thread of their own.

    While they are under way the connection takes nothing else: `settle` before asking it. The latest rows are held
    back until the next ones come, so that a question in between, asked `beside` them, waits for older rows only.
    Leaving the block settles, and where the block raises, gives up what is under way.
    """

    def __init__(self) -> None:
        self._under_way = ExitStack()
        self._held: _Rows | None = None

    def send(
        self, connection: Connection, table: Any, columns: Mapping[str, Sequence[Any]], stamp: Mapping[str, int]
    ) -> int:
        """Begins to append rows, returns how many; `stamp` holds numbers that are the same in every row."""
        names = ", ".join(f'"{name}"' for name in (*stamp, *columns))
        statement = f'COPY "{table.name}" ({names}) FROM STDIN (ENCODING utf8)'
        rows = _Rows(connection, table.name, statement, _text(columns, stamp))
        self._start()
        self._held = rows
        return len(next(iter(columns.values())))

    def settle(self) -> None:
        """Waits until every row has arrived; raises what the server says of them."""
        self._start()
        self._under_way.close()

    @contextmanager
    def beside(self, table: Any) -> Iterator[None]:
        """A block that may ask the connection about `table`; of other tables rows may still be on their way."""
        if self._held is not None and self._held.table == table.name:
            self.settle()
        else:
            self._under_way.close()
        yield
        self._start()

    def _start(self) -> None:
        """Sets the rows that were held back under way."""
        rows, self._held = self._held, None
        if rows is None:
            return
        from psycopg.copy import QueuedLibpqWriter

        self._under_way.close()
        driver: Any = rows.connection.connection.driver_connection
        with ExitStack() as opened:
            cursor = opened.enter_context(driver.cursor())
            writer = QueuedLibpqWriter(cursor)
            writer.flush_threshold = 0  # else the last megabyte, which is all of it, stays here until it is asked for
            opened.enter_context(cursor.copy(rows.statement, writer=writer)).write(rows.content)
            self._under_way = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.settle()
        else:
            self._held = None
            self._under_way.__exit__(kind, error, trace)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in COPY's text format, and where they go."""

    connection: Connection
    table: str
    statement: str
    content: bytes


def _text(columns: Mapping[str, Sequence[Any]], stamp: Mapping[str, int]) -> bytes:
    """The rows in COPY's text format."""
    fields = [*(pa.scalar(str(int(value))) for value in stamp.values()), *map(_copied, columns.values())]
    lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*fields, "\t"), "\n", "")
    offsets, content = np.frombuffer(lines.buffers()[1], np.int32), lines.buffers()[2]
    return bytes(memoryview(content)[offsets[lines.offset] : offsets[lines.offset + len(lines)]])


def _copied(values: Sequence[Any]) -> pa.Array:
    """Values as COPY reads them: backslashes, tabs and ends of lines escaped, nothing as \\N."""
    column = pa.array(values)
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    elif _has_special(column):
        for plain, escaped in _ESCAPES:
            column = pc.replace_substring(column, plain, escaped)
    return column.fill_null("\\N") if column.null_count else column


def _has_special(column: pa.Array) -> bool:
    """Whether any of the texts holds a character that COPY would read as something else."""
    letters = column.buffers()[2]
    content = b"" if letters is None else letters.to_pybytes()
    return any(plain.encode() in content for plain, _ in _ESCAPES)


_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
