"""Objects in a column: `properties`, whose keys are columns, and histories, whose values are rows of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from mqlab.crm.batches import Batch, Source
from mqlab.crm.forms import parsed
from mqlab.crm.mapping import Mapping
from mqlab.leads.text import normalise

HISTORY = ("property", "value", "timestamp", "source")
"""The columns of a row of history: what had which value since when, and who says so."""


def unpacked(source: Source, mapping: Mapping) -> Source:
    """The source with the objects of the mapping's `unpack` and `histories` taken apart.

    The keys of an object become columns, but for those the file has anyway; the column itself stays, and a value that
    is no object is left alone. A history `{property: [{value, timestamp, sourceType}, …]}` becomes a row for each
    value, beside the row's other columns.
    """
    histories = _there(source, mapping.histories)
    objects = [] if histories else _there(source, mapping.unpack)
    return _Unpacked(source, objects, histories) if objects or histories else source


def _there(source: Source, names: Sequence[str]) -> list[str]:
    wanted = {normalise(name) for name in names}
    return [name for name in source.header if normalise(name) in wanted]


class _Unpacked:
    """A source whose header is known once the first batch is."""

    def __init__(self, source: Source, objects: Sequence[str], histories: Sequence[str]) -> None:
        self._source = source
        self._objects = objects
        self._histories = histories
        self._batches = source.batches()
        self._first = next(self._batches, None)
        if self._first is not None:
            self._first = self._unpacked(self._first)
        columns = () if self._first is None else self._first.columns
        own = (name for name in source.header if not histories or name not in histories)
        self.header = tuple(dict.fromkeys([*own, *columns]))

    @property
    def notes(self) -> Sequence[str]:
        """What is unusual about the file, in sentences."""
        return self._source.notes

    def batches(self) -> Iterator[Batch]:
        """The rows."""
        if self._first is not None:
            yield self._first
        for batch in self._batches:
            yield self._unpacked(batch)

    def _unpacked(self, batch: Batch) -> Batch:
        return self._with_histories(batch) if self._histories else self._with_objects(batch)

    def _with_histories(self, batch: Batch) -> Batch:
        rows: list[int] = []
        past: list[tuple[Any, ...]] = []
        for name in self._histories:
            for row, value in enumerate(batch.columns.get(name, ())):
                for key, versions in _object(value).items():
                    for one in versions if isinstance(versions, list) else ():
                        if isinstance(one, dict):
                            rows.append(row)
                            past.append((key, one.get("value"), one.get("timestamp"), one.get("sourceType")))
        for row in sorted(set(range(len(batch))) - set(rows)):
            rows.append(row)
            past.append((None, None, None, None))
        columns = {column: [one[place] for one in past] for place, column in enumerate(HISTORY)}
        plain = Batch(
            {name: values for name, values in batch.columns.items() if name not in self._histories},
            batch.lines,
            origin=(batch, range(len(batch))),
        )
        return _like(plain.some(rows, columns), batch)

    def _with_objects(self, batch: Batch) -> Batch:
        more: dict[str, list[Any]] = {}
        for name in self._objects:
            for row, value in enumerate(batch.columns.get(name, ())):
                for key, inner in _object(value).items():
                    if str(key) not in batch.columns:
                        more.setdefault(str(key), [None] * len(batch))[row] = inner
        if not more:
            return batch
        whole = Batch({**batch.columns, **more}, batch.lines, origin=(batch, range(len(batch))))
        return _like(whole, batch)


def _like(made: Batch, batch: Batch) -> Batch:
    return replace(made, broken=batch.broken, done=batch.done, total=batch.total, footer=batch.footer)


def _object(value: Any) -> dict[Any, Any]:
    if isinstance(value, list) and value and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value):
        return dict(value)
    found = parsed(value)
    return found if isinstance(found, dict) else {}
