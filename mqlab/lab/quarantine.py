"""`quarantine fix|release|discard`: what is done about rows that could not be used. Every step says who and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab.crm.ahead import refuse_snapshot_ahead
from mqlab.crm.identify import Identifier
from mqlab.crm.ingest import fingerprint, known_kind
from mqlab.crm.mapping import Mapping as Spelling
from mqlab.crm.mapping import load_mapping, load_preset
from mqlab.crm.quarantine import DOUBTS, mask_text
from mqlab.crm.reading import Surroundings
from mqlab.crm.reread import Fact, OneRow, Reread, edited_row, mapping_of, reread, stated
from mqlab.crm.same_row import another_row, changed_keys
from mqlab.crm.spelled import tables
from mqlab.errors import InputError, RefusedError
from mqlab.leads.instants import iso, micros

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.store.intake import Intake
    from mqlab.store.records import Quarantined

ORDER = ("leads", "identity", "field-changes", "events", "outcomes")
"""Leads first, so that what is said about them finds them."""

BROKEN = frozenset({"ragged_row", "broken_quotes", "huge_cell", "nul_byte", "bad_text", "bad_json"})
"""Reasons why the cells of a row cannot be told apart: such a row has no columns of its own."""

LIST_ALL = "See them with: mqlab quarantine list --status all"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one row: `status` as after the step, `became` new, corrected, unmatched or unchanged.

    `why` says in a sentence why a row stays open, `note` what else was changed in it.
    """

    id: int
    status: str
    became: str | None = None
    why: str | None = None
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON."""
        return asdict(self)


class _StillBad(Exception):
    """The row cannot be used; what was appended in the attempt is taken back."""

    def __init__(self, found: Reread) -> None:
        self.found = found


def fix(
    lab: Lab,
    row_id: int,
    file: Path,
    *,
    by: str,
    because: str,
    now: datetime,
    preset: str | None = None,
    mapping: Path | None = None,
) -> Settled:
    """Read an edited row in the place of a quarantined one, through the mapping it first came with.

    A row that still cannot be used stays open, and nothing is written. RefusedError where something was done already.
    """
    row = _open_rows(lab, [row_id])[0]
    desk = _Desk(lab, preset=preset, mapping=mapping, now=now)
    spelling = desk.given or desk.original(row)
    columns = row.raw if isinstance(row.raw, dict) and row.reason not in BROKEN else None
    source = OneRow(edited_row(file, row.kind, spelling, columns), row.line)
    note = None if columns is None else _told_apart(row, source, spelling, file)
    with lab.ledger.intake(now=now) as intake:
        identifier = Identifier(intake)
        found = _attempt(intake, identifier, row, source, spelling, desk.around(row), "fixed", by=by, because=because)
        if found.became:
            kept = stated(row.kind, source, spelling, desk.around(row))
            desk.withdraw(intake, row, but=kept)
            identifier.settle()
        intake.done("quarantine")
    return replace(_settled(row, "fixed", found), note=note if found.became else None)


def release(
    lab: Lab,
    rows: Sequence[Quarantined],
    *,
    by: str,
    because: str,
    now: datetime,
    preset: str | None = None,
    mapping: Path | None = None,
    snapshot_at: datetime | None = None,
) -> tuple[Settled, ...]:
    """Read quarantined rows again as they are: after the mapping or the lab changed, or a doubt about a lead is gone.

    The lab's mapping counts where it is of the same system, else the one a row came with. Rows that still cannot be
    used stay open.
    """
    desk = _Desk(lab, preset=preset, mapping=mapping, snapshot_at=snapshot_at, now=now)
    answers: dict[int, Settled] = {}
    with lab.ledger.intake(now=now) as intake:
        for kind in ORDER:
            identifier = Identifier(intake)
            for row in sorted((row for row in rows if row.kind == kind), key=lambda one: one.id):
                answers[row.id] = desk.release(intake, identifier, row, by=by, because=because)
        Identifier(intake).settle()
        intake.done("quarantine")
    return tuple(answers[row.id] for row in rows)


def release_ids(lab: Lab, row_ids: Sequence[int], **how: Any) -> tuple[Settled, ...]:
    """`release` of rows by their numbers; RefusedError where something was done about one already."""
    return release(lab, _open_rows(lab, row_ids), **how)


def release_open(lab: Lab, *, reason: str | None = None, kind: str | None = None, **how: Any) -> tuple[Settled, ...]:
    """`release` of every open row, or of those with one reason or of one kind."""
    rows = lab.reading.quarantine.list(reason=reason, kind=kind)
    return release(lab, tuple(reversed(rows)), **how) if rows else ()


def discard(
    lab: Lab, row_ids: Sequence[int], *, by: str, because: str, now: datetime, mapping: Path | None = None
) -> tuple[Settled, ...]:
    """Set rows aside for good, with a reason. What they stated does not count, even where its lead is found later."""
    if not because.strip():
        raise InputError("discarding needs a reason.", code="NoReason", hint="Say it with --because TEXT.")
    rows = _open_rows(lab, row_ids)
    desk = _Desk(lab, preset=None, mapping=mapping, now=now)
    with lab.ledger.intake(now=now) as intake:
        for row in rows:
            _still_open(intake, row)
            desk.withdraw(intake, row)
            intake.settle(row.id, "discarded", by=by, because=because)
        intake.done("quarantine")
    return tuple(Settled(row.id, "discarded") for row in rows)


class _Desk:
    """The lab at which rows are read again: its zone, its null tokens, and which mapping counts."""

    def __init__(
        self,
        lab: Lab,
        *,
        preset: str | None,
        mapping: Path | None,
        now: datetime,
        snapshot_at: datetime | None = None,
    ) -> None:
        self._lab = lab
        self._now = now
        refuse_snapshot_ahead(snapshot_at, now_us=micros(max(now, lab.clock())))
        self._snapshot_at = snapshot_at
        self._kept: dict[int, tuple[datetime | None, Spelling | None]] = {}
        self.given = _spelling(lab, preset, mapping) if preset or mapping else None

    def release(self, intake: Intake, identifier: Identifier, row: Quarantined, *, by: str, because: str) -> Settled:
        if not isinstance(row.raw, Mapping) or row.reason in BROKEN:
            why = "Its cells cannot be told apart: give the row in a file with fix."
            return Settled(row.id, "open", why=why)
        source = OneRow(row.raw, row.line)
        spelling = self.given or self._current(row)
        around = self.around(row)
        return _settled(
            row,
            "released",
            _attempt(intake, identifier, row, source, spelling, around, "released", by=by, because=because),
        )

    def original(self, row: Quarantined) -> Spelling:
        """The mapping a row came with; InputError where it was not kept."""
        found = self._first(row)[1]
        if found is None:
            raise InputError(
                f"the mapping that row {row.id} came with was not kept.",
                code="NoMapping",
                hint="Name it with --mapping FILE, or --preset NAME.",
            )
        return found

    def around(self, row: Quarantined) -> Surroundings:
        settings = self._lab.settings
        return Surroundings(
            settings.zone, settings.lab.null_tokens, settings.lab.internal_domains,
            self._snapshot_at or self._first(row)[0], self._now,
        )  # fmt: skip

    def withdraw(self, intake: Intake, row: Quarantined, *, but: set[Fact] | None = None) -> None:
        """Takes back what a row stated while the doubt about its lead lasted, except what still stands."""
        if row.reason not in DOUBTS or not isinstance(row.raw, Mapping):
            return
        around = replace(self.around(row), snapshot_at=self._first(row)[0])
        facts = stated(row.kind, OneRow(row.raw, row.line), self.original(row), around) - (but or set())
        refs, keys = [ref for ref, _, _ in facts], [key for _, key, _ in facts]
        held = {(ref, key, content) for ref, key, _, content, *_ in intake.stored(row.kind, refs, keys)}
        if facts and facts.isdisjoint(held) and not but:
            raise RefusedError(
                f"what row {row.id} stated is not found again: the lab's time zone or null tokens have changed.",
                code="FactNotFound",
                hint="Set them back for this one command.",
            )
        intake.withdraw(row.kind, facts & held, row_id=row.id)

    def _current(self, row: Quarantined) -> Spelling:
        mine = _spelling(self._lab, None, None)
        return mine if mine.system == row.system else self.original(row)

    def _first(self, row: Quarantined) -> tuple[datetime | None, Spelling | None]:
        if row.import_id not in self._kept:
            found, text = self._lab.ledger.imports.read_with(row.import_id)
            spelling = mapping_of(text) if text else None
            if spelling is None:
                mine = _spelling(self._lab, None, None)
                spelling = mine if fingerprint(mine) == found.mapping else None
            self._kept[row.import_id] = (found.snapshot_at, spelling)
        return self._kept[row.import_id]


def _attempt(
    intake: Intake,
    identifier: Identifier,
    row: Quarantined,
    source: OneRow,
    spelling: Spelling,
    around: Surroundings,
    step: str,
    *,
    by: str,
    because: str,
) -> Reread:
    """Reads a row and settles it, or takes back what was appended beside what is still bad."""
    _still_open(intake, row)
    intake.import_id = row.import_id
    try:
        with intake.attempt():
            found = reread(intake, identifier, row.kind, source, spelling, around)
            if found.became is None:
                raise _StillBad(found)
            intake.settle(row.id, step, by=by, because=because)
            return found
    except _StillBad as still:
        return still.found


def _told_apart(row: Quarantined, source: OneRow, spelling: Spelling, file: Path) -> str | None:
    """A sentence on a key that the edited row changes besides; RefusedError where it is another row altogether."""
    changed = changed_keys(row.raw, source.row, tables(spelling, known_kind(row.kind)), row.reason)
    said = "; ".join(f"{name} is '{now}', it was '{was}'" for name, was, now in changed.values())
    if another_row(changed):
        raise RefusedError(
            f"{file} holds another row than row {row.id}: {mask_text(said)}.",
            code="AnotherRow",
            hint=f"Edit the row itself: mqlab quarantine show {row.id} --row. A further row is imported from a file.",
        )
    return f"Changed too: {mask_text(said)}." if said else None


def _settled(row: Quarantined, status: str, found: Reread) -> Settled:
    return Settled(row.id, status if found.became else "open", found.became, found.why)


def _spelling(lab: Lab, preset: str | None, mapping: Path | None) -> Spelling:
    """What the command line says, else what `[crm]` does."""
    configured = lab.folder / lab.settings.crm.mapping if lab.settings.crm.mapping else None
    spelling = load_preset(preset or lab.settings.crm.preset)
    file = mapping or configured
    return load_mapping(file, spelling) if file else spelling


def _open_rows(lab: Lab, row_ids: Sequence[int]) -> list[Quarantined]:
    """The rows with these numbers, each once; RefusedError where something was done about one already."""
    rows = [lab.reading.quarantine.get(row_id) for row_id in dict.fromkeys(row_ids)]
    for row in rows:
        if row.status != "open":
            last = lab.reading.quarantine.steps(row.id)[-1]
            raise RefusedError(
                f"row {row.id} was {last.step} already, on {iso(last.recorded_at)} by {last.by}.",
                code="AlreadySettled",
                hint=LIST_ALL,
            )
    return rows


def _still_open(intake: Intake, row: Quarantined) -> None:
    if not intake.open_row(row.id):
        raise RefusedError(f"row {row.id} was settled by another command.", code="AlreadySettled", hint=LIST_ALL)
