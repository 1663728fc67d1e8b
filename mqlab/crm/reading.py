"""What the rows of a file say, batch by batch: read here, or for a large file by another process that runs ahead.

Such a process asks the ledger nothing. What it does not tell, because it cannot be started or comes to an error, is
read here from where it stopped: the same facts, later, and with the error told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mqlab.crm.batches import Batch, Source
from mqlab.crm.clock import Clock
from mqlab.crm.door import Door
from mqlab.crm.header import wanted_names
from mqlab.crm.mapping import Mapping, zone_of
from mqlab.crm.money import Numbers
from mqlab.crm.quarantine import BadRow, slug
from mqlab.crm.sink import Kind
from mqlab.crm.sources import opened
from mqlab.crm.spelled import tables
from mqlab.crm.statements import Statement, statements
from mqlab.crm.unpack import unpacked
from mqlab.crm.work import Context, Facts
from mqlab.leads.instants import micros
from mqlab.leads.text import normalise
from mqlab.worker import Worker, worker

LARGE_BYTES = 10_000_000
"""A file from this size on is read by a process of its own; with a smaller one starting it takes more than it saves."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What reading needs beside the rows and their mapping; the same words as of an import.

    `now` is the instant after which no row may lie, None where any will do.
    """

    timezone: ZoneInfo
    null_tokens: Collection[str]
    internal_domains: Collection[str]
    snapshot_at: datetime | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """What one batch of a file states, each of its rules for itself.

    `rows` counts the rows read, `blank` those that state nothing, `staged` those in a list of stages or statuses;
    `broken` are the rows that broke on reading; `done` and `total` say how far reading has come.
    """

    facts: Sequence[Facts]
    broken: Sequence[BadRow]
    rows: int
    blank: int
    footer: int
    staged: Counter[str]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class _Ended:
    """Every row was read; what there is to say of the file."""

    notes: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Job:
    """A file to read in another process."""

    path: Path
    kind: Kind
    mapping: Mapping
    table: str | None
    around: Surroundings


class Reading:
    """One source on its way to facts; it is read once, from its first row to its last."""

    def __init__(
        self, kind: Kind, source: Source, mapping: Mapping, around: Surroundings, *, table: str | None, place: str
    ) -> None:
        self._kind = kind
        self._source = source
        self._mapping = mapping
        self._around = around
        self._table = table
        self._place = place
        self._context = _context(mapping, source.header, around)
        self._laid_out: tuple[tuple[str, ...] | None, list[Statement]] = (None, [])
        self._batches = source.batches()
        self._latest: tuple[int, Batch | None] = (-1, None)
        self._ended: _Ended | None = None
        self._left_out: tuple[str, ...] = ()

    @property
    def header(self) -> Sequence[str]:
        """The names of the columns, as the source spells them."""
        return self._source.header

    @property
    def personal(self) -> frozenset[str]:
        """Names of fields that are never stored."""
        return self._context.personal

    @property
    def notes(self) -> tuple[str, ...]:
        """What is unusual about the source, in sentences."""
        if self._ended is not None:
            return self._ended.notes
        return (*self._source.notes, *self._context.door.numbers.notes)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The columns of which nothing is kept."""
        return self._left_out if self._ended is None else self._ended.left_out

    def statements(self, header: Sequence[str]) -> list[Statement]:
        """What the rows of a file with this header can say."""
        key = tuple(header)
        if key != self._laid_out[0]:
            found = statements(self._mapping, self._kind, self._table, header, self._context, file=self._place)
            self._left_out = tuple(dict.fromkeys(name for one in found for name in one.layout.left_out))
            self._laid_out = (key, found)
        return self._laid_out[1]

    @contextmanager
    def stated(self, path: Path | None = None) -> Iterator[Iterator[tuple[int, Stated]]]:
        """Every batch with its number; the file at `path` is read by another process, where it is large."""
        if path is None or path.stat().st_size < LARGE_BYTES:
            yield self._from(0)
            return
        with worker("mqlab.crm.reader") as process:
            yield self._from(0) if process is None else self._told(process, path)

    def raw(self, number: int, row: int) -> dict[str, Any]:
        """A row of a batch as it was read; batches are asked for in their order."""
        batch = self._batch(number)
        assert batch is not None
        return batch.raw(row)

    def _batch(self, number: int) -> Batch | None:
        while self._latest[0] < number:
            self._latest = (self._latest[0] + 1, next(self._batches, None))
        return self._latest[1]

    def _from(self, number: int) -> Iterator[tuple[int, Stated]]:
        while (batch := self._batch(number)) is not None:
            yield number, self._of(batch)
            number += 1

    def _told(self, process: Worker, path: Path) -> Iterator[tuple[int, Stated]]:
        process.ask(_Job(path, self._kind, self._mapping, self._table, self._around))
        number = 0
        for told in process.answers():
            if isinstance(told, _Ended):
                self._ended = told
                return
            yield number, told
            number += 1
        yield from self._from(number)

    def _of(self, batch: Batch) -> Stated:
        lines = batch.lines if isinstance(batch.lines, range) else set(batch.lines)
        facts: list[Facts] = []
        staged: Counter[str] = Counter()
        told: set[int] = set()
        if len(batch):
            for one in self.statements(list(dict.fromkeys([*self._source.header, *batch.columns]))):
                facts.append(one.read(batch))
                told.update(facts[-1].columns["line"])
                told.update(row.line for row in facts[-1].bad)
                staged.update(dict.fromkeys(one.stages, len(facts[-1].rows) + len(facts[-1].bad)))
        return Stated(
            facts, batch.broken, rows=len(lines) + len(batch.broken), blank=len(lines) - len(told),
            footer=batch.footer, staged=staged, done=batch.done, total=batch.total,
        )  # fmt: skip


def _context(mapping: Mapping, header: Sequence[str], around: Surroundings) -> Context:
    null_tokens = frozenset(normalise(token) for token in (*around.null_tokens, *mapping.nulls, ""))
    clock = Clock(
        zone=zone_of(mapping, header),
        day_zone=mapping.zone or around.timezone,
        formats=mapping.formats,
        null_tokens=null_tokens,
    )
    return Context(
        mapping.system,
        Door(
            clock=clock,
            numbers=Numbers(decimal=mapping.decimal, null_tokens=null_tokens),
            null_tokens=null_tokens,
            internal_domains=frozenset(around.internal_domains),
        ),
        snapshot_at=around.snapshot_at,
        row_is=(mapping.leads.row_is if mapping.leads else None) or "initial",
        personal=frozenset(slug(name) for name in mapping.private),
        now_us=None if around.now is None else micros(around.now),
    )


def read(job: _Job) -> Iterator[Stated | _Ended]:
    """What the other process does."""
    with opened(job.path, job.mapping, wanted_names(*tables(job.mapping, job.kind))) as source:
        rows = unpacked(source, job.mapping)
        reading = Reading(job.kind, rows, job.mapping, job.around, table=job.table, place=str(job.path))
        with reading.stated() as batches:
            yield from (stated for _, stated in batches)
        yield _Ended(reading.notes, reading.left_out)
