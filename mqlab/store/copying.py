"""Appending to PostgreSQL by COPY, while the import reads on: the server writes the rows, we prepare the next ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection


class Copying:
    """Rows on their way to the server, in the transaction of one connection, sent by a thread of their own.

    While they are under way the connection takes nothing else: `settle` before asking it. Leaving the block settles,
    and where the block raises, gives up what is under way.
    """

    def __init__(self) -> None:
        self._under_way = ExitStack()

    def send(
        self, connection: Connection, table: Any, columns: Mapping[str, Sequence[Any]], stamp: Mapping[str, int]
    ) -> int:
        """Begins to append rows, returns how many; `stamp` holds numbers that are the same in every row."""
        from psycopg.copy import QueuedLibpqWriter

        content = _text(columns, stamp)
        names = ", ".join(f'"{name}"' for name in (*stamp, *columns))
        self.settle()
        driver: Any = connection.connection.driver_connection
        with ExitStack() as opened:
            cursor = opened.enter_context(driver.cursor())
            statement = f'COPY "{table.name}" ({names}) FROM STDIN (ENCODING utf8)'
            opened.enter_context(cursor.copy(statement, writer=QueuedLibpqWriter(cursor))).write(content)
            self._under_way = opened.pop_all()
        return len(next(iter(columns.values())))

    def settle(self) -> None:
        """Waits until every row has arrived; raises what the server says of them."""
        self._under_way.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._under_way.__exit__(kind, error, trace)


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
    elif pc.any(pc.match_substring_regex(column, _SPECIAL)).as_py():
        for plain, escaped in _ESCAPES:
            column = pc.replace_substring(column, plain, escaped)
    return column.fill_null("\\N")


_SPECIAL = r"[\\\t\n\r]"
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
