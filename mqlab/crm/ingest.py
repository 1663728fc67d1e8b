"""`ingest`: one file into the ledger, whole or not at all, every row accounted for."""

from __future__ import annotations

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from mqlab.crm.ahead import refuse_snapshot_ahead
from mqlab.crm.batches import Source
from mqlab.crm.beside import beside, came_with, with_account_domains
from mqlab.crm.counts import ImportCounts
from mqlab.crm.fit import pinned, table_of
from mqlab.crm.forgotten import Forgotten
from mqlab.crm.header import wanted_names
from mqlab.crm.identify import KNOWN, Identifier, Match
from mqlab.crm.impersonal import hidden_columns, kept_rows
from mqlab.crm.mapping import Mapping as Spelling
from mqlab.crm.mapping import load_mapping, load_preset
from mqlab.crm.origin import FileOrigin, Origin
from mqlab.crm.preview import Preview
from mqlab.crm.quarantine import DOUBTS, BadRow, Finding, Hidden, Reason
from mqlab.crm.reading import Reading, Stated, Surroundings
from mqlab.crm.sink import Intake, Kind, Sink
from mqlab.crm.sources import opened
from mqlab.crm.spelled import fields_told, tables
from mqlab.crm.unpack import unpacked
from mqlab.crm.versions import APPENDED, TIED, Fate, fates
from mqlab.crm.work import Facts
from mqlab.errors import InputError, nearest
from mqlab.leads.completeness import NO_GAPS, STAGES, STAGES_NOTE, said_of
from mqlab.leads.instants import micros
from mqlab.leads.moved_back import MARK
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from mqlab.leads.ties import NO_TIES
from mqlab.leads.ties import said_of as said_of_ties

Progress = Callable[[str, int, int], None]

KEYED_BY_SYSTEM = frozenset({"events", "outcomes"})
"""Facts of which two systems may each have their own of the same kind and instant."""
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
    table: str | None = None,
    snapshot_at: datetime | None = None,
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    internal_domains: Collection[str] = (),
    dry_run: bool = False,
    progress: Progress | None = None,
    today: datetime | None = None,
) -> ImportCounts:
    """Reads a file of `leads|events|field-changes|outcomes|identity` into the ledger.

    `timezone` is the lab's zone, in which days begin and end; `mapping` a file of the lab's own column names on top
    of `preset`; `table` which of the system's tables the file is, where its header does not say; `snapshot_at` the
    version of rows that have none; `today` the instant ahead of which
    no outcome and no version may lie, by default `now`. The whole file is one transaction: it is written
    whole, or, after an error and in a `dry_run`, not at all. The same file twice changes nothing, and files may come
    in any order. Raises InputError or ProblemsFound before the first row where the file cannot be used.
    """
    spelling, path = spelling_of(preset, mapping, table), Path(path)
    around = Surroundings(timezone, null_tokens, internal_domains, snapshot_at, today or now)
    with opened(path, spelling, wanted_names(*tables(spelling, known_kind(kind)))) as source:
        found = Import(
            known_kind(kind), source, spelling, FileOrigin(path), around, preset=load_preset(preset), progress=progress
        )
        return found.run(sink, now=now, dry_run=dry_run, path=path)


def spelling_of(preset: str, mapping: Path | str | None = None, table: str | None = None) -> Spelling:
    """A preset, a lab's own mapping on top of it, and of both only what concerns `table`, where one is named."""
    spelling = load_preset(preset)
    if mapping is not None:
        spelling = load_mapping(Path(mapping), spelling)
    return spelling if table is None else pinned(spelling, table)


class Import:
    """One file, or one read of a database, on its way into the ledger."""

    def __init__(
        self,
        kind: Kind,
        source: Source,
        mapping: Spelling,
        origin: Origin,
        around: Surroundings,
        *,
        preset: Spelling | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._kind = kind
        self._mapping = mapping
        self._origin = origin
        self._around = around
        self._below = mapping.system if preset is None else preset.system
        self._other_system = False
        self._progress = progress
        source = unpacked(source, mapping)
        self._table = table_of(mapping, kind, source.header, file=origin.place)
        self._reading = Reading(kind, source, mapping, around, table=self._table, place=origin.place)
        self._forgotten = Forgotten()
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[Reason] = Counter()
        self._staged: Counter[str] = Counter()
        self._tells = None if self._table is None else mapping.tables[self._table].stages
        self._told: set[str] = set()
        self._gaps = NO_GAPS
        self._ties = NO_TIES
        self._preview: Preview | None = None

    def run(self, sink: Sink, *, now: datetime, dry_run: bool, path: Path | None = None) -> ImportCounts:
        """Reads, appends, counts; `path` is the file that the source reads, where it reads one."""
        if self._around.now is not None:
            refuse_snapshot_ahead(self._around.snapshot_at, now_us=micros(self._around.now))
        header = self._reading.header
        stating = self._reading.statements(header)
        personal, told = self._reading.personal, fields_told(self._mapping, self._table)
        hidden = hidden_columns([one.layout for one in stating], personal, header, told)
        if dry_run:
            self._preview = Preview()
            self._preview.reads(self._table, stating)
        with sink.intake(now=now, dry_run=dry_run) as intake:
            self._forgotten = Forgotten.of(intake)
            named = self._kind in KEYED_BY_SYSTEM and self._below != self._mapping.system
            self._other_system = named and self._below in intake.systems(self._kind)
            identifier = Identifier(intake)
            with _no_collecting(), self._reading.stated(path) as batches:
                for number, stated in batches:
                    self._set_aside(intake, self.take(intake, identifier, number, stated), hidden)
                    if self._progress is not None:
                        self._progress(self._origin.name, stated.done, stated.total)
            found = identifier.settle()
            self._gaps = intake.stage_gaps(self._told, self._tells) if self._told and self._tells else NO_GAPS
            self._ties = intake.ties()
            counts = ImportCounts(
                new=self._counts["new"], unchanged=self._counts["unchanged"], corrected=self._counts["corrected"],
                unmatched=self._counts["unmatched"], quarantined=self._counts["quarantined"],
                import_id=intake.import_id, backfilled=self._counts["backfilled"], found=found,
                blank=self._counts["blank"], rows=self._counts["rows"], footer=self._counts["footer"],
                settled=self._counts["settled"],
                reasons=tuple(sorted((reason.value, count) for reason, count in self._reasons.items())),
                notes=self._notes(), gaps=self._gaps, dry_run=dry_run, preview=self._preview,
                finds_leads=self._kind not in {"leads", "identity"},
            )  # fmt: skip
            intake.finish(
                kind=self._kind, system=self._mapping.system, file=self._origin.name, sha256=self._origin.sha256(),
                mapping=fingerprint(self._mapping), mapping_text=self._mapping.model_dump_json(),
                snapshot_at=self._around.snapshot_at, read=counts.read, new=counts.new,
                unchanged=counts.unchanged, corrected=counts.corrected, unmatched=counts.unmatched,
                quarantined=counts.quarantined, backfilled=counts.backfilled, found=counts.found,
                notes=(*counts.notes, *self._origin.remembered(), *self._role()),
            )  # fmt: skip
        return counts

    def row(self, intake: Intake, identifier: Identifier) -> tuple[Mapping[str, int], list[BadRow]]:
        """Reads a source of one row in the middle of a transaction: how many statements became what, and what is bad.

        What is bad is not set aside: it is the caller's to say so, and to take back what was appended beside it.
        """
        self._forgotten = Forgotten.of(intake)
        with self._reading.stated() as batches:
            bad = [row for number, stated in batches for row in self.take(intake, identifier, number, stated)]
        return dict(self._counts), bad

    def facts(self) -> list[Facts]:
        """What the source states, without asking the ledger."""
        with self._reading.stated() as batches:
            return [facts for _, stated in batches for facts in stated.facts]

    def take(self, intake: Intake, identifier: Identifier, number: int, stated: Stated) -> list[BadRow]:
        """Appends what the batch of a number states; returns the rows that cannot be used."""
        bad = list(stated.broken)
        self._counts.update({"rows": stated.rows, "footer": stated.footer, "blank": stated.blank})
        self._staged.update(stated.staged)
        for facts in stated.facts:
            bad.extend(facts.bad)
            if self._preview is not None:
                self._preview.add(facts)
            if self._tells is not None and self._kind == "outcomes":
                said = zip(facts.columns["lead_ref"], facts.columns["kind"], strict=True)
                self._told.update(ref for ref, kind in said if kind.removesuffix(MARK) in STAGES)
            if facts.rows:
                bad.extend(self._append(intake, identifier, number, facts))
        return bad

    def _set_aside(self, intake: Intake, bad: list[BadRow], hidden: Hidden) -> None:
        if bad:
            self._counts["quarantined"] += len(bad)
            self._reasons.update(row.finding.reason for row in bad)
            names = {"kind": self._kind, "system": self._mapping.system, "file": self._origin.name}
            rows = kept_rows(bad, self._forgotten, hidden=hidden, **names)
            self._counts["settled"] += intake.quarantine(rows)

    def _append(self, intake: Intake, identifier: Identifier, number: int, facts: Facts) -> Iterator[BadRow]:
        if self._forgotten:
            facts = replace(facts, columns=self._forgotten.blanked(self._kind, facts.columns, identifier.known))
        if self._kind == "outcomes":
            facts = replace(facts, columns=with_account_domains(facts.columns, identifier))
        columns = facts.columns
        refs, keys = columns["lead_ref"], columns["key"]
        fate = fates(
            refs, keys, columns["version"], columns["content"],
            list(zip(columns["known_at"], columns["backfill"], came_with(columns), strict=True)),
            intake.stored(self._kind, refs, keys), every_version_counts=self._kind in EVERY_VERSION_COUNTS,
        )  # fmt: skip
        if self._forgotten and self._kind == "leads":
            there = intake.known_leads({ref for ref in refs if ref in self._forgotten.refs})
            fate = [Fate.UNCHANGED if ref in there else one for ref, one in zip(refs, fate, strict=True)]
        match = self._matches(identifier, columns)
        append = [row for row, one in enumerate(fate) if one in APPENDED]
        if append:
            everything = len(append) == len(fate)
            intake.append(
                self._kind,
                columns if everything else {name: [values[row] for row in append] for name, values in columns.items()},
            )
        self._counts["backfilled"] += sum(columns["backfill"])
        self._counts["unversioned"] += fate.count(Fate.UNVERSIONED)
        self._counts["tied"] += sum(map(fate.count, TIED))
        together = Counter(zip(fate, match, strict=True))
        self._counts["by_domain"] += sum(many for (_, lead), many in together.items() if lead is Match.FOUND_BY_DOMAIN)
        if all(one is not Fate.CONFLICT and lead in KNOWN for one, lead in together):
            for (one, _), count in together.items():
                self._counts[_WORD[one]] += count
            return
        waits: list[int] = []
        for row, (one, lead) in enumerate(zip(fate, match, strict=True)):
            if one is Fate.CONFLICT:
                yield self._bad(number, facts, row, Reason.CONFLICT_WITHOUT_VERSION)
            elif lead in _DOUBTS:
                yield self._bad(number, facts, row, _DOUBTS[lead])
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
        return identifier.matches(columns["lead_ref"], beside(columns), columns.get("account_domain"))

    def _bad(self, number: int, facts: Facts, row: int, reason: Reason) -> BadRow:
        line, ref = facts.columns["line"][row], facts.columns["lead_ref"][row]
        raw = self._reading.raw(number, facts.rows[row])
        if reason in DOUBTS:
            return BadRow(line, raw, Finding(reason, ref), ref, facts.columns["email_hash"][row])
        return BadRow(line, raw, Finding(reason, f"lead '{ref}'"))

    def _wait(self, intake: Intake, columns: dict[str, list[Any]], rows: Sequence[int]) -> None:
        chosen = {name: [columns[name][row] for row in rows] for name in ("lead_ref", "key", "content", "line")}
        hashes = list(beside(columns))
        chosen["email_hash"] = [hashes[row] or "" for row in rows]
        intake.wait({**chosen, "kind": [self._kind] * len(rows)})

    def _role(self) -> tuple[str, ...]:
        """What the register of imports keeps of an import that told stages."""
        return () if self._tells is None else (f"{STAGES_NOTE}{self._tells}",)

    def _notes(self) -> tuple[str, ...]:
        notes = list(self._reading.notes)
        if self._reading.left_out:
            names = ", ".join(self._reading.left_out)
            notes.append(f"Left out as personal or ignored: {names}.")
        if self._other_system:
            notes.append(
                f"These {self._kind} are of the system '{self._mapping.system}', and earlier ones of '{self._below}': "
                f"a row in both counts twice. If it is one system, state `source: {self._below}` in the mapping."
            )
        if self._counts["backfilled"]:
            notes.append(
                f"Rows that do not say when they became known: {self._counts['backfilled']}. They count as known from "
                "when they happened (backfill)."
            )
        if self._counts["by_domain"]:
            notes.append(
                f"Rows whose lead was found by the domain of its company alone: {self._counts['by_domain']} "
                "([crm] match_domains)."
            )
        if self._counts["unversioned"]:
            notes.append(
                f"Rows without a version where the ledger has one of the same fact: {self._counts['unversioned']}. The "
                "versioned one stands; to correct it give `modified_at` or --snapshot-at."
            )
        if self._counts["tied"]:
            notes.append(
                f"Rows that say something else than another one of the same version: {self._counts['tied']}. Of two "
                "the one with the greater digest stands, in any order of files, so a corrected mapping does not "
                "correct what was read before: give those rows a later `modified_at`, or read them into a new ledger."
            )
        sparse = self._table is not None and self._mapping.tables[self._table].sparse
        if self._staged and not any(self._staged.values()) and not sparse:
            lists = self._mapping.lists
            words = " or ".join(f"{name} ({', '.join(lists[name])})" for name in sorted(self._staged))
            under = "` and `".join(
                word for word, own in (("stages", self._mapping.stages), ("statuses", self._mapping.statuses))
                if not self._staged.keys().isdisjoint(own)
            )  # fmt: skip
            what = "a stage" if under == "stages" else "a status" if under == "statuses" else "a stage or a status"
            notes.append(f"No row has {what} that is listed as {words}. List your own under `{under}` in a mapping.")
        unlisted = " or ".join(sorted(name for name, words in self._mapping.stages.items() if not words))
        if self._counts["blank"] and sparse and unlisted and self._kind == "outcomes":
            notes.append(
                f"No stage is listed as {unlisted}, so no event says it. List yours under `stages` in a mapping."
            )
        if self._gaps.differing:
            notes.append(said_of(self._gaps))
        if self._ties.outcomes:
            notes.append(said_of_ties(self._ties))
        if self._counts["blank"]:
            notes.append(f"Rows that state nothing: {self._counts['blank']}.")
        if self._counts["footer"]:
            notes.append(f"Lines below the rows of the report, left out: {self._counts['footer']}.")
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


def known_kind(kind: str) -> Kind:
    """One of the kinds of files; another word is an InputError with the nearest one."""
    known = get_args(Kind)
    if kind not in known:
        raise InputError(
            f"'{kind}' is not something to ingest.",
            code="UnknownKind",
            hint=nearest(kind, known) or f"One of: {', '.join(known)}.",
        )
    chosen: Kind = known[known.index(kind)]
    return chosen


def fingerprint(mapping: Spelling) -> str:
    """What tells two mappings apart."""
    return hashlib.sha256(mapping.model_dump_json().encode()).hexdigest()


_DOUBTS = {Match.DOUBTFUL: Reason.AMBIGUOUS_IDENTITY, Match.DOUBTFUL_DOMAIN: Reason.AMBIGUOUS_DOMAIN}
_WORD = {
    Fate.NEW: "new", Fate.UNCHANGED: "unchanged", Fate.SEEN_AGAIN: "unchanged", Fate.OUTDONE: "unchanged",
    Fate.UNVERSIONED: "unchanged", Fate.CORRECTED: "corrected", Fate.CORRECTED_BY_TIE: "corrected",
    Fate.OUTDONE_BY_TIE: "unchanged",
}  # fmt: skip
