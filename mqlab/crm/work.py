"""One batch on its way: the values of each key at the door, and what is found wrong with rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mqlab.crm.batches import Batch
from mqlab.crm.door import Door, flat
from mqlab.crm.forms import formed
from mqlab.crm.header import Layout
from mqlab.crm.quarantine import BadRow, Finding, Reason, slug
from mqlab.leads.text import normalise

_NO_IDS = {bool: "true or false", list: "a list", dict: "an object"}
"""What JSON and Parquet may hold in place of an id or a name, in words."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one batch as columns of equal length, and the rows of the batch they came from.

    `rows` are indices into the batch; `bad` the rows set aside; `blank` how many rows stated nothing.
    """

    columns: dict[str, list[Any]]
    rows: list[int]
    bad: list[BadRow] = field(default_factory=list)
    blank: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """What a transformation needs beside the batch: the system, the door, and the snapshot's instant.

    `personal` are names of fields that are never stored, as definitions write them; `now_us` is when the rows are read,
    None where any instant will do.
    """

    system: str
    door: Door
    snapshot_at: datetime | None = None
    row_is: str = "initial"
    personal: frozenset[str] = frozenset()
    now_us: int | None = None


class Work:
    """One batch on its way: values by key, and findings by row."""

    def __init__(self, batch: Batch, layout: Layout, context: Context) -> None:
        self.batch = batch
        self.layout = layout
        self.context = context
        self.door = context.door
        self.findings: dict[int, Finding] = {}
        self.blank: set[int] = set()

    def raw(self, key: str) -> Sequence[Any]:
        return formed(self.layout[key].values(self.batch), self.layout[key].declared)

    def name(self, key: str) -> str:
        return self.layout[key].name or key

    def texts(self, key: str) -> list[str | None]:
        return self.door.texts(self.raw(key))

    def ids(self, key: str) -> list[str | None]:
        return self.door.ids(self._plain(key, Reason.MISSING_LEAD if key == "lead" else Reason.MISSING_ID))

    def names(self, key: str) -> list[str | None]:
        return self.door.texts(self._plain(key, Reason.MISSING_NAME))

    def _plain(self, key: str, reason: Reason) -> Sequence[Any]:
        """The values of ids or names; rows with one that is neither text nor a number are refused."""
        values = self.raw(key)
        if not isinstance(values, tuple) and not _NO_IDS.keys().isdisjoint(map(type, values)):
            for row, value in enumerate(values):
                if type(value) in _NO_IDS:
                    self.refuse(row, reason, f"{self.name(key)} is {_NO_IDS[type(value)]}: {str(flat(value))[:40]}")
        return values

    def needed(self, values: Sequence[Any], reason: Reason, key: str) -> None:
        for row, value in enumerate(values):
            if value is None:
                self.refuse(row, reason, f"{self.name(key)} is empty")

    def refuse(self, row: int, reason: Reason, detail: str) -> None:
        self.findings.setdefault(row, Finding(reason, detail))

    def instants(self, key: str, *, needed: bool, end_of_day: bool = False) -> tuple[list[int | None], frozenset[int]]:
        spot = self.layout[key]
        if spot.absent:
            return [None] * len(self.batch), frozenset()
        values = self.raw(key)
        if not isinstance(values, tuple):
            values = [
                value if isinstance(value, datetime) or not isinstance(value, dict | list) else flat(value)
                for value in values
            ]
        read = self.door.clock.read(
            values,
            column=self.name(key),
            end_of_day=end_of_day,
            formats=spot.declared.format,
            only_day=spot.declared.resolution == "day",
        )
        for row, finding in read.findings.items():
            self.findings.setdefault(row, finding)
        if needed:
            for row, us in enumerate(read.us):
                if us is None and row not in self.findings:
                    self.refuse(row, Reason.MISSING_INSTANT, f"{self.name(key)} is empty")
        return read.us, read.days

    def known(self, at: Sequence[int | None]) -> tuple[list[int | None], list[bool]]:
        """When the business knew; where the file does not say, when it happened, marked as backfill."""
        stated, _ = self.instants("known_at", needed=False)
        return (
            [happened if us is None else us for us, happened in zip(stated, at, strict=True)],
            [us is None for us in stated],
        )

    def objects(self, extra_key: str) -> list[str]:
        """Per row the further columns, and the object in `extra_key`, as one canonical JSON object."""
        columns: dict[str, Sequence[Any]] = {
            name: formed(spot.values(self.batch), spot.declared) for name, spot in self.layout.rest.items()
        }
        if not self.layout[extra_key].absent:
            columns = self._with_objects(columns, extra_key)
        return self.door.objects(columns, len(self.batch))

    def _with_objects(self, columns: dict[str, Sequence[Any]], extra_key: str) -> dict[str, Sequence[Any]]:
        given = self.door.flattened(self.layout[extra_key].values(self.batch))
        for row, found in enumerate(given):
            if found is None:
                self.refuse(row, Reason.BAD_JSON, f"{self.name(extra_key)} is not a JSON object")
        names = {normalise(str(name)) for found in given if found for name in found}
        names = {name for name in names if slug(name) not in self.context.personal}
        folded = [{normalise(str(name)): value for name, value in (found or {}).items()} for found in given]
        both: dict[str, Sequence[Any]] = dict(columns)
        for name in names:
            beside = columns.get(name, [None] * len(given))
            both[name] = [flat(one.get(name, other)) for one, other in zip(folded, beside, strict=True)]
        return dict(sorted(both.items()))

    def done(self, columns: dict[str, list[Any]]) -> Facts:
        """The facts without the rows set aside."""
        count = len(self.batch)
        columns["system"] = [self.context.system] * count
        columns["line"] = list(self.batch.lines)
        bad = [
            BadRow(self.batch.lines[row], self.batch.raw(row), finding)
            for row, finding in sorted(self.findings.items())
            if row not in self.blank
        ]
        out = self.blank.union(self.findings)
        rows = [row for row in range(count) if row not in out] if out else list(range(count))
        if out:
            columns = {name: [values[row] for row in rows] for name, values in columns.items()}
        return Facts(columns, rows, bad, len(self.blank))
