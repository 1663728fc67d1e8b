"""A table or a query of a database as a source: streamed in batches, each value as the text its CSV would hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NoReturn

from sqlalchemy import Connection, CursorResult, TextClause, inspect, text
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from mqlab.crm.batches import BATCH_ROWS, Batch
from mqlab.crm.cursor import Cursor, Value
from mqlab.crm.quarantine import BadRow, Finding, Reason
from mqlab.crm.sql_address import Address
from mqlab.errors import InputError, Place, Problem, ProblemsFound, UnreachableError, nearest
from mqlab.leads.text import normalise
from mqlab.leads.values import canonical_text

SHOWN = 20
"""How many tables are named where none is like the one that is missing."""


@dataclass(frozen=True, slots=True)
class SqlRead:
    """What to read: `table` (perhaps `schema.table`) or `query` of the database at `url`.

    With `cursor`, a column, only rows from its highest value seen before, less `lookback_us` (of whole numbers, less
    `lookback_steps`), and rows without a value.
    """

    url: str
    table: str | None = None
    query: str | None = None
    cursor: str | None = None
    lookback_us: int = 0
    lookback_steps: int = 0

    def __post_init__(self) -> None:
        if (self.table is None) == (self.query is None):
            raise InputError(
                "say what to read from the database: a table or a query, not both.",
                code="TableOrQuery",
                hint="Add --table NAME, or --query SQL.",
            )

    @property
    def what(self) -> str:
        """The table, or the query by a digest."""
        if self.table is not None:
            return self.table
        return f"query {hashlib.sha256(self.statement.encode()).hexdigest()[:8]}"

    @property
    def statement(self) -> str:
        """The query without the semicolon at its end."""
        return (self.query or "").strip().rstrip(";").strip()


class SqlSource:
    """Rows of a database; a row's line is its number from 1. It is the origin of its import too."""

    def __init__(
        self, connection: Connection, address: Address, asked: SqlRead, *, before: Callable[[str], Cursor | None]
    ) -> None:
        self._connection = connection
        self._address = address
        self._asked = asked
        self._digest = hashlib.sha256()
        self.name = self.place = f"{address.label} {asked.what}"
        self.notes: list[str] = []
        whole = self._whole()
        self.cursor: Cursor | None = None
        statement = text(_escaped(whole))
        if asked.cursor is not None:
            column = self._column(asked.cursor, self._header(self._execute(text(_escaped(_none_of(whole))))))
            self.cursor = before(column)
            start = None if self.cursor is None else self.cursor.start
            if start is not None:
                statement = self._since(whole, column, start)
        self._result = self._execute(statement, stream=True)
        self.header = self._header(self._result)

    def batches(self) -> Iterator[Batch]:
        """The rows, `BATCH_ROWS` at a time."""
        row = 1
        while rows := self._fetched():
            lines = range(row, row + len(rows))
            row += len(rows)
            raw = list(zip(*rows, strict=True))
            if self.cursor is not None:
                self.cursor.see(raw[self.header.index(self.cursor.column)])
            columns = {name: self._texts(name, values) for name, values in zip(self.header, raw, strict=True)}
            for values in columns.values():
                self._digest.update("\0".join(values).encode("utf-8", "surrogatepass"))
            yield _without_nul(columns, lines)

    def sha256(self) -> str:
        """The digest of the rows that were read, in their order."""
        return self._digest.hexdigest()

    def remembered(self) -> tuple[str, ...]:
        """How far the cursor has come."""
        return () if self.cursor is None else self.cursor.remembered()

    def _whole(self) -> str:
        if self._asked.table is None:
            return self._asked.statement
        *schema, table = self._asked.table.split(".")
        self._check_table(".".join(schema) or None, table)
        quote = self._connection.dialect.identifier_preparer.quote
        return f"SELECT * FROM {'.'.join(quote(part) for part in (*schema, table))}"

    def _check_table(self, schema: str | None, table: str) -> None:
        try:
            there = inspect(self._connection)
            if there.has_table(table, schema=schema):
                return
            names = sorted({*there.get_table_names(schema=schema), *there.get_view_names(schema=schema)})
        except (NotImplementedError, NoSuchModuleError):
            return  # a dialect that cannot say: the query itself tells
        except SQLAlchemyError as error:
            self._fail(error)
        shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        raise InputError(
            f"there is no table '{self._asked.table}' in {self._address.label}.",
            code="NoSuchTable",
            hint=nearest(table, names) or (f"There are: {shown}." if names else "There is no table at all."),
        )

    def _column(self, asked: str, header: Sequence[str]) -> str:
        if asked in header:
            return asked
        found = [name for name in header if normalise(name) == normalise(asked)]
        if len(found) == 1:
            return found[0]
        raise InputError(
            f"there is no column '{asked}' to be the cursor.",
            code="MissingColumn",
            place=Place(self.place),
            hint=nearest(asked, header) or f"There are: {', '.join(header)}.",
        )

    def _since(self, whole: str, column: str, start: Value) -> TextClause:
        self.notes.append(
            f"Only rows whose {column} is {start} or later, or missing, were asked for: earlier ones were read before."
        )
        name = _escaped(self._connection.dialect.identifier_preparer.quote(column))
        query = f"SELECT * FROM ({_escaped(whole)}\n) AS mqlab_rows WHERE {name} >= :mqlab_from OR {name} IS NULL"
        return text(query).bindparams(mqlab_from=start)

    def _execute(self, statement: TextClause, *, stream: bool = False) -> CursorResult[Any]:
        options = {"stream_results": True, "max_row_buffer": BATCH_ROWS} if stream else {}
        try:
            return self._connection.execute(statement, execution_options=options)
        except SQLAlchemyError as error:
            self._fail(error)

    def _fetched(self) -> Sequence[Sequence[Any]]:
        try:
            return self._result.fetchmany(BATCH_ROWS)
        except SQLAlchemyError as error:
            self._fail(error)

    def _fail(self, error: SQLAlchemyError) -> NoReturn:
        cause = error.orig if isinstance(error, DBAPIError) else error
        said = self._address.unspoken(str(cause))
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise UnreachableError(
                f"the database {self._address.label} closed the connection: {said}. Nothing was written.",
                code="SqlUnreachable",
                hint="Run the same command again.",
            ) from None
        raise InputError(
            f"{self._address.label} refuses the query: {said}.",
            code="BadQuery",
            hint="It is read inside a transaction that may not write; try the query in the database's own client.",
        ) from None

    def _header(self, result: CursorResult[Any]) -> tuple[str, ...]:
        if not result.returns_rows:
            raise InputError("the query returns no rows: it is not a SELECT.", code="BadQuery", place=Place(self.place))
        header = tuple(result.keys())
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise ProblemsFound(
                Problem(
                    "DuplicateColumn", f"the column '{name}' is there twice.", Place(self.place),
                    hint="Name the columns of the query with AS.",
                )
                for name in twice
            )  # fmt: skip
        return header

    def _texts(self, name: str, values: Sequence[Any]) -> tuple[str, ...]:
        try:
            return tuple(map(as_text, values))
        except TypeError:
            raise InputError(
                f"the column '{name}' holds bytes, which say nothing without their encoding.",
                code="BytesColumn",
                place=Place(self.place),
                hint="Leave it out with --query, or turn it into text there.",
            ) from None


@contextmanager
def sql_opened(
    address: Address, asked: SqlRead, *, before: Callable[[str], Cursor | None] = lambda _column: None
) -> Iterator[SqlSource]:
    """The rows as a source, until the block ends; `before` gives the cursor of a column, with what it saw before.

    Raises InputError for an unknown table or column and for a query that the database refuses, UnreachableError where
    the database is not there.
    """
    with address.connected() as connection:
        yield SqlSource(connection, address, asked, before=before)


def as_text(value: Any) -> str:
    """A value as its CSV would hold it, missing as nothing; TypeError for bytes.

    Example:
        >>> as_text(Decimal("100.50")), as_text(True), as_text(date(2026, 7, 1)), as_text(None)
        ('100.50', 'true', '2026-07-01', '')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        raise TypeError("bytes")
    if value is None or isinstance(value, bool | float):
        return canonical_text(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return str(value)


def _none_of(query: str) -> str:
    return f"SELECT * FROM ({query}\n) AS mqlab_rows WHERE 1 = 0"


def _escaped(query: str) -> str:
    """The query as SQLAlchemy reads it literally: a colon in it names no parameter."""
    return query.replace(":", "\\:")


def _without_nul(columns: dict[str, tuple[str, ...]], lines: range) -> Batch:
    """A batch whose rows with a NUL character, which no ledger keeps, are set aside."""
    bad = {
        row
        for values in columns.values()
        if "\0" in "".join(values)
        for row, value in enumerate(values)
        if "\0" in value
    }
    whole = Batch(columns, lines, done=lines[-1])
    if not bad:
        return whole
    finding = Finding(Reason.NUL_BYTE, "a value holds a NUL character")
    good = [row for row in range(len(lines)) if row not in bad]
    kept = {name: tuple(values[row] for row in good) for name, values in columns.items()}
    broken = [BadRow(lines[row], whole.raw(row), finding) for row in sorted(bad)]
    return Batch(kept, [lines[row] for row in good], broken, done=lines[-1])
