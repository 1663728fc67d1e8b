"""`ingest`: one file into the ledger, whole or not at all, every row accounted for."""

from __future__ import annotations

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from mqlab.crm import transform
from mqlab.crm.batches import Batch, Source
from mqlab.crm.clock import Clock
from mqlab.crm.counts import ImportCounts
from mqlab.crm.door import Door
from mqlab.crm.header import Layout, lay_out, wanted_names
from mqlab.crm.identify import Identifier, Match
from mqlab.crm.mapping import Mapping, load_mapping, load_preset
from mqlab.crm.money import Numbers
from mqlab.crm.quarantine import BadRow, Finding, Reason, kept
from mqlab.crm.sink import Intake, Kind, Sink
from mqlab.crm.sources import opened
from mqlab.crm.versions import APPENDED, Fate, fates
from mqlab.crm.work import Context, Facts
from mqlab.errors import InputError, Place, nearest
from mqlab.leads.text import DEFAULT_NULL_TOKENS, normalise

Progress = Callable[[str, int, int], None]
Statement = tuple[Layout, Callable[[Batch, Layout], Facts]]

NEEDED = {
    "leads": ("id", "created_at"),
    "events": ("lead", "name", "at"),
    "field-changes": ("lead", "field", "value", "at"),
    "identity": ("old_id", "new_id", "at"),
    "outcomes": (),
}
"""The keys a mapping must name a column for, by kind of file."""

TAKEN = frozenset({"source"})
"""What every definition reads under this name already."""

EVERY_VERSION_COUNTS = frozenset({"events", "field-changes", "identity"})


def ingest(
    sink: Sink,
    kind: str,
    path: Path | str,
    *,
    timezone: ZoneInfo,
    now: datetime,
    preset: str = "csv",
    mapping: Path | str | None = None,
    snapshot_at: datetime | None = None,
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    internal_domains: Collection[str] = (),
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportCounts:
    """Reads a file of `leads|events|field-changes|outcomes|identity` into the ledger.

    `timezone` is the lab's zone, in which days begin and end; `mapping` a file of the lab's own column names on top
    of `preset`; `snapshot_at` the version of rows that have none. The whole file is one transaction: it is written
    whole, or, after an error and in a `dry_run`, not at all. The same file twice changes nothing, and files may come
    in any order. Raises InputError or ProblemsFound before the first row where the file cannot be used.
    """
    spelling = load_preset(preset)
    if mapping is not None:
        spelling = load_mapping(Path(mapping), spelling)
    with opened(Path(path), spelling, wanted_names(*_tables(spelling, _kind(kind)))) as source:
        return _Import(
            sink, _kind(kind), source, spelling, Path(path), timezone=timezone, now=now, snapshot_at=snapshot_at,
            null_tokens=frozenset(normalise(token) for token in null_tokens) | {""},
            internal_domains=frozenset(internal_domains), progress=progress,
        ).run(dry_run=dry_run)  # fmt: skip


class _Import:
    """One file on its way into the ledger."""

    def __init__(
        self,
        sink: Sink,
        kind: Kind,
        source: Source,
        mapping: Mapping,
        path: Path,
        *,
        timezone: ZoneInfo,
        now: datetime,
        snapshot_at: datetime | None,
        null_tokens: frozenset[str],
        internal_domains: frozenset[str],
        progress: Progress | None,
    ) -> None:
        self._sink = sink
        self._kind = kind
        self._source = source
        self._mapping = mapping
        self._path = path
        self._now = now
        self._snapshot_at = snapshot_at
        self._progress = progress
        clock = Clock(
            zone=mapping.zone, day_zone=mapping.zone or timezone, formats=mapping.formats, null_tokens=null_tokens
        )
        numbers = Numbers(decimal=mapping.decimal, null_tokens=null_tokens)
        door = Door(clock=clock, numbers=numbers, null_tokens=null_tokens, internal_domains=internal_domains)
        row_is = (mapping.leads.row_is if mapping.leads else None) or "initial"
        self._context = Context(mapping.system, door, snapshot_at=snapshot_at, row_is=row_is)
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[Reason] = Counter()
        self._left_out: tuple[str, ...] = ()

    def run(self, *, dry_run: bool) -> ImportCounts:
        """Reads, appends, counts."""
        self._statements(self._source.header)
        with self._sink.intake(now=self._now, dry_run=dry_run) as intake:
            identifier = Identifier(intake)
            with _no_collecting():
                for batch in self._source.batches():
                    self._take(intake, identifier, batch)
                    if self._progress is not None:
                        self._progress(self._path.name, batch.done, batch.total)
            found = identifier.settle()
            counts = ImportCounts(
                new=self._counts["new"], unchanged=self._counts["unchanged"], corrected=self._counts["corrected"],
                unmatched=self._counts["unmatched"], quarantined=self._counts["quarantined"],
                import_id=intake.import_id, backfilled=self._counts["backfilled"], found=found,
                blank=self._counts["blank"],
                reasons=tuple(sorted((reason.value, count) for reason, count in self._reasons.items())),
                notes=self._notes(), dry_run=dry_run,
            )  # fmt: skip
            intake.finish(
                kind=self._kind, system=self._mapping.system, file=self._path.name, sha256=_sha256(self._path),
                mapping=_fingerprint(self._mapping), snapshot_at=self._snapshot_at, read=counts.read, new=counts.new,
                unchanged=counts.unchanged, corrected=counts.corrected, unmatched=counts.unmatched,
                quarantined=counts.quarantined, backfilled=counts.backfilled, found=counts.found, notes=counts.notes,
            )  # fmt: skip
        return counts

    def _take(self, intake: Intake, identifier: Identifier, batch: Batch) -> None:
        bad = list(batch.broken)
        if len(batch):
            for layout, read in self._statements(list(dict.fromkeys([*self._source.header, *batch.columns]))):
                facts = read(batch, layout)
                bad.extend(facts.bad)
                self._counts["blank"] += facts.blank
                if facts.rows:
                    bad.extend(self._append(intake, identifier, batch, facts))
        if bad:
            self._counts["quarantined"] += len(bad)
            self._reasons.update(row.finding.reason for row in bad)
            intake.quarantine(kept(bad, kind=self._kind, system=self._mapping.system, file=self._path.name))

    def _append(self, intake: Intake, identifier: Identifier, batch: Batch, facts: Facts) -> Iterator[BadRow]:
        columns = facts.columns
        refs, keys = columns["lead_ref"], columns["key"]
        fate = fates(
            refs, keys, columns["version"], columns["content"],
            list(zip(columns["known_at"], columns["backfill"], _beside(columns), strict=True)),
            intake.stored(self._kind, refs, keys), every_version_counts=self._kind in EVERY_VERSION_COUNTS,
        )  # fmt: skip
        match = self._matches(identifier, columns)
        append = [row for row, one in enumerate(fate) if one in APPENDED]
        if append:
            everything = len(append) == len(fate)
            intake.append(
                self._kind,
                columns if everything else {name: [values[row] for row in append] for name, values in columns.items()},
            )
        self._counts["backfilled"] += sum(columns["backfill"])
        together = Counter(zip(fate, match, strict=True))
        if all(one is not Fate.CONFLICT and lead is Match.FOUND for one, lead in together):
            for (one, _), count in together.items():
                self._counts[_WORD[one]] += count
            return
        waits: list[int] = []
        for row, (one, lead) in enumerate(zip(fate, match, strict=True)):
            if one is Fate.CONFLICT:
                yield self._bad(batch, facts, row, Reason.CONFLICT_WITHOUT_VERSION)
            elif lead is Match.DOUBTFUL:
                yield self._bad(batch, facts, row, Reason.AMBIGUOUS_IDENTITY)
            elif lead is Match.WAITS:
                self._counts["unmatched"] += 1
                waits.append(row)
            else:
                self._counts[_WORD[one]] += 1
        if waits:
            self._wait(intake, columns, waits)

    def _matches(self, identifier: Identifier, columns: dict[str, list[Any]]) -> Sequence[Match]:
        if self._kind in {"leads", "identity"}:
            return [Match.FOUND] * len(columns["lead_ref"])
        return identifier.matches(columns["lead_ref"], _beside(columns))

    @staticmethod
    def _bad(batch: Batch, facts: Facts, row: int, reason: Reason) -> BadRow:
        columns = facts.columns
        ref = columns["lead_ref"][row]
        if reason is Reason.AMBIGUOUS_IDENTITY:
            email_hash = columns["email_hash"][row]
            return BadRow(columns["line"][row], batch.raw(facts.rows[row]), Finding(reason, ref), ref, email_hash)
        return BadRow(columns["line"][row], batch.raw(facts.rows[row]), Finding(reason, f"lead '{ref}'"))

    def _wait(self, intake: Intake, columns: dict[str, list[Any]], rows: Sequence[int]) -> None:
        chosen = {name: [columns[name][row] for row in rows] for name in ("lead_ref", "key", "content", "line")}
        hashes = list(_beside(columns))
        chosen["email_hash"] = [hashes[row] or "" for row in rows]
        intake.wait({**chosen, "kind": [self._kind] * len(rows)})

    def _statements(self, header: Sequence[str]) -> list[Statement]:
        """What the rows of a file with this header can say: a layout each, and how it is read."""
        file, mapping = str(self._path), self._mapping
        if self._kind == "outcomes":
            rules = mapping.outcomes or []
            read = partial(transform.outcomes, context=self._context, several=len(rules) > 1)
            return [(lay_out(dict(rule), header, file=file, needed=("kind", "at")), read) for rule in rules]
        table = _tables(mapping, self._kind)[0]
        rest, ignore = None, list(table.get("ignore") or ())
        if self._kind in {"leads", "events"}:
            rest = table.get("fields" if self._kind == "leads" else "props")
            ignore += mapping.personal if self._kind == "leads" else []
        layout = lay_out(
            table,
            header,
            file=file,
            needed=NEEDED[self._kind],
            rest=rest,
            ignore=ignore,
            taken=TAKEN if self._kind == "leads" else (),
        )
        self._left_out = layout.left_out
        return [(layout, partial(_READ[self._kind], context=self._context))]

    def _notes(self) -> tuple[str, ...]:
        notes = list(self._source.notes)
        if self._left_out:
            names = ", ".join(self._left_out)
            notes.append(f"Left out as personal or ignored: {names}.")
        if self._counts["backfilled"]:
            notes.append(
                f"Rows that do not say when they became known: {self._counts['backfilled']}. They count as known from "
                "when they happened (backfill)."
            )
        if self._counts["blank"]:
            notes.append(f"Rows that state nothing: {self._counts['blank']}.")
        return tuple(notes)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Without the cyclic garbage collector, which would walk every batch of rows many times and find nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _beside(columns: dict[str, list[Any]]) -> Sequence[str | None]:
    """The e-mail hash that each fact came with, where a lead can be found by it."""
    named = "kind" in columns
    return columns["email_hash"] if named else [None] * len(columns["lead_ref"])


def _kind(kind: str) -> Kind:
    known = get_args(Kind)
    if kind not in known:
        raise InputError(
            f"'{kind}' is not something to ingest.",
            code="UnknownKind",
            hint=nearest(kind, known) or f"One of: {', '.join(known)}.",
        )
    chosen: Kind = known[known.index(kind)]
    return chosen


def _tables(mapping: Mapping, kind: Kind) -> list[dict[str, Any]]:
    declared = getattr(mapping, kind.replace("-", "_"))
    if declared is None:
        raise InputError(
            f"the mapping '{mapping.id}' does not say how {kind} are spelt.", code="NoTable", place=Place(mapping.id)
        )
    return [dict(table) for table in declared] if isinstance(declared, list) else [dict(declared)]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fingerprint(mapping: Mapping) -> str:
    return hashlib.sha256(mapping.model_dump_json().encode()).hexdigest()


_WORD = {Fate.NEW: "new", Fate.UNCHANGED: "unchanged", Fate.SEEN_AGAIN: "unchanged", Fate.CORRECTED: "corrected"}
_READ = {
    "leads": transform.leads,
    "events": transform.events,
    "field-changes": transform.field_changes,
    "identity": transform.identity,
}
