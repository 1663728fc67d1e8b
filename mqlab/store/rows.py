"""Rows in and out in bulk: long lists as one parameter, plain tuples in, Arrow tables out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Text,
    any_,
    bindparam,
    exists,
    func,
    text,
)

from mqlab.leads.identity import LINK
from mqlab.leads.tables import INSTANT
from mqlab.store.copying import Copying
from mqlab.store.models import MergeRow, OutcomeRow, QuarantineRow, QuarantineStepRow

READ_ROWS = 2_000
"""Rows fetched at a time: so few that they stay in the processor's cache until they are columns."""

Version = tuple[str, int, int | None, int, int, bool, str | None]
"""A stored version of a fact: lead_ref, key, version, content, known at (µs), backfill, e-mail hash it came with,
after which an @ and the company's domain may stand."""


def insert(
    connection: Connection,
    table: Any,
    columns: Mapping[str, Sequence[Any]],
    *,
    stamp: Mapping[str, int] | None = None,
    once: bool = False,
    copying: Copying | None = None,
) -> int:
    """Appends rows given as columns of equal length, returns how many; `once` skips those already there.

    `stamp` holds numbers that are the same in every row. A column without any value is left to its default, nothing.
    Where they are `copying` to a PostgreSQL server, they may still be on their way.
    """
    stated = {name: values for name, values in columns.items() if values and not _is_blank(values)}
    if not stated:
        return 0
    if connection.dialect.name == "postgresql" and copying is not None:
        return copying.send(connection, table, stated, stamp or {})
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    rows = list(zip(*stated.values(), strict=True))
    same = {name: str(int(value)) for name, value in (stamp or {}).items()}
    names = ", ".join(f'"{name}"' for name in (*same, *stated))
    sql = f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join([*same.values(), *[mark] * len(stated)])})'
    return connection.exec_driver_sql(f"{sql} ON CONFLICT DO NOTHING" if once else sql, rows).rowcount


def _is_blank(values: Sequence[Any]) -> bool:
    return values[0] is None and values.count(None) == len(values)


def versions_of(connection: Connection, table: Any, refs: Sequence[str], keys: Sequence[int]) -> list[Version]:
    """The stored versions of the facts (ref, key).

    PostgreSQL looks up refs in an array faster than pairs in JSON; where most refs have several of the facts asked for,
    all of theirs are read, and those asked for are picked here.
    """
    email = (
        "f.email_hash || COALESCE('@' || f.account_domain, '')" if table.name == OutcomeRow.__tablename__ else "NULL"
    )
    columns = f'f.lead_ref, f."key", f.version, f.content, f.known_at, f.backfill, {email}'
    pairs = list(zip(refs, keys, strict=True))
    asked: Any = json.dumps(pairs)
    chosen: set[tuple[str, int]] | None = None
    if connection.dialect.name == "sqlite":
        query = (
            f'SELECT {columns} FROM json_each(:asked) AS a CROSS JOIN "{table.name}" AS f '
            "ON f.lead_ref = json_extract(a.value, '$[0]') AND f.\"key\" = json_extract(a.value, '$[1]')"
        )
    elif 2 * len(named := sorted(set(refs))) <= len(refs):
        asked, chosen = named, set(pairs)
        query = f'SELECT {columns} FROM "{table.name}" AS f WHERE f.lead_ref = ANY(:asked)'
    else:
        query = (
            f"SELECT {columns} FROM json_array_elements(CAST(:asked AS json)) AS a(value) "
            f'JOIN "{table.name}" AS f ON f.lead_ref = a.value->>0 AND f."key" = CAST(a.value->>1 AS bigint)'
        )
    result = connection.execute(text(query), {"asked": asked})
    found: list[Version] = list(result.cursor.fetchall())
    result.close()
    return found if chosen is None else [one for one in found if one[:2] in chosen]


def among(connection: Connection, column: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """Whether `column` is one of `values`, however many, in the form that each database answers from an index.

    PostgreSQL sees by the array how few values are asked for, before it has counted the table.
    """
    if connection.dialect.name == "postgresql":
        asked: BindParameter[Any] = bindparam("among", list(values), unique=True, type_=ARRAY(Text))
        one_of: ColumnElement[bool] = column == any_(asked)
        return one_of
    given: BindParameter[str] = bindparam("among", json.dumps(list(values)), unique=True)
    listed: ColumnElement[bool] = column.in_(text("SELECT value FROM json_each(:among)").bindparams(given))
    return listed


def is_link() -> ColumnElement[bool]:
    """Whether a merge links an opportunity or an account to somebody; `LIKE` of SQLite would not look at the case."""
    return func.substr(MergeRow.lead_ref, 1, len(LINK)) == LINK


def unsettled(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether nothing was done about a quarantined row, of the steps `where`."""
    return ~exists().where(QuarantineStepRow.quarantine_id == QuarantineRow.id, *where)


def listed_pairs(connection: Connection, pairs: Iterable[tuple[str, str]]) -> Any:
    """A subquery of pairs of texts, however many, for `tuple_(…).in_(…)`."""
    given: BindParameter[str] = bindparam("pairs", json.dumps(list(pairs)), unique=True)
    if connection.dialect.name == "sqlite":
        query = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:pairs)"
    else:
        query = "SELECT value->>0, value->>1 FROM json_array_elements(CAST(:pairs AS json))"
    return text(query).bindparams(given)


def read(connection: Connection, statement: Select[Any], types: Sequence[tuple[str, pa.DataType]]) -> pa.Table:
    """The rows of `statement` as an Arrow table; instants and money arrive as the integers they are stored as."""
    schema = pa.schema(types)
    is_sqlite = connection.dialect.name == "sqlite"
    result = connection.execute(statement, execution_options={"stream_results": not is_sqlite})
    fetch = result.cursor.fetchmany if is_sqlite else result.fetchmany
    batches = []
    while rows := fetch(READ_ROWS):
        columns = [
            pa.array(map(bool, column) if pa.types.is_boolean(kind) else column, kind)
            for column, (_, kind) in zip(zip(*rows, strict=True), types, strict=True)
        ]
        batches.append(pa.record_batch(columns, schema))
    result.close()
    return pa.Table.from_batches(batches, schema)


def instants(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Stored microseconds as UTC timestamps."""
    return column.cast(pa.timestamp("us")).cast(INSTANT)


def money(column: pa.ChunkedArray) -> pa.Array:
    """Stored ten-thousandths as decimals with four places."""
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    low = values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    wide = np.empty((len(low), 2), dtype=np.int64)
    wide[:, 0] = low
    wide[:, 1] = low >> 63
    valid = pa.array(values.is_valid().to_numpy(zero_copy_only=False))
    exact = pa.Array.from_buffers(pa.decimal128(20, 4), len(low), [None, pa.py_buffer(wide.tobytes())])
    return pc.if_else(valid, exact, pa.scalar(None, pa.decimal128(20, 4)))
