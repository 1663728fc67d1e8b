"""A register: rows of one table appended one at a time and read back in the order they came."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, insert, select

from mqlab.store.engine import reading, writing
from mqlab.store.intake import next_position
from mqlab.store.models import Row
from mqlab.store.records import Record, canonical_json

R = TypeVar("R", bound=Record)

_JSON = frozenset({"details", "explanation", "result", "raw", "notes", "null_tokens", "scopes"})
_LISTS = frozenset({"notes", "null_tokens", "scopes"})


class Register(Generic[R]):
    """Appends and lists the rows of one table as records."""

    def __init__(self, engine: Engine, model: type[Row], record: type[R]) -> None:
        self._engine = engine
        self._model = model
        self._record = record

    def _add(self, *, now: datetime, connection: Connection | None = None, **values: Any) -> None:
        if connection is None:
            with writing(self._engine) as opened:
                self._add(now=now, connection=opened, **values)
            return
        connection.execute(
            insert(self._model).values(position=next_position(connection) - 1, recorded_at=now, **written(values))
        )

    def _list(self, *where: ColumnElement[bool], limit: int | None = None, newest_first: bool = False) -> tuple[R, ...]:
        identity = self._model.id
        query = select(self._model.__table__).where(*where).order_by(identity.desc() if newest_first else identity)  # type: ignore[attr-defined]
        with reading(self._engine) as connection:
            return tuple(self._of(row._asdict()) for row in connection.execute(query.limit(limit)))

    def _of(self, row: Mapping[str, Any], **more: Any) -> R:
        return self._record(**restored({**row, **more}, [item.name for item in fields(self._record)]))


def written(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as columns hold them: objects and lists as canonical JSON."""
    return {name: canonical_json(value) if name in _JSON else value for name, value in values.items()}


def restored(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The named values of a row, JSON read again."""
    values: dict[str, Any] = {}
    for name in names:
        value = row[name]
        if name in _JSON:
            value = json.loads(value)
            value = tuple(value) if name in _LISTS else value
        values[name] = value
    return values
