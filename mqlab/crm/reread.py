"""A quarantined row read again, as it is or as somebody edited it, in the middle of a transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mqlab.crm.batches import Batch
from mqlab.crm.header import wanted_names
from mqlab.crm.identify import Identifier
from mqlab.crm.ingest import Import, known_kind
from mqlab.crm.mapping import Mapping as Spelling
from mqlab.crm.origin import FileOrigin
from mqlab.crm.quarantine import MASK, mask_text, slug
from mqlab.crm.reading import Surroundings
from mqlab.crm.sink import Intake
from mqlab.crm.sources import opened
from mqlab.crm.spelled import tables
from mqlab.errors import InputError, Place, ProblemsFound, nearest

Fact = tuple[str, int, int]
"""A version of a fact: lead_ref, key, content."""

STATEMENTS = ("new", "corrected", "unmatched", "unchanged")


@dataclass(frozen=True, slots=True)
class Reread:
    """What became of a row: `became` is new, corrected, unmatched or unchanged, None where `why` it cannot be used."""

    became: str | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class OneRow:
    """A source of one row."""

    row: Mapping[str, Any]
    line: int = 1
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def header(self) -> Sequence[str]:
        """The names of its columns."""
        return tuple(self.row)

    def batches(self) -> Iterator[Batch]:
        """The row."""
        yield Batch({name: [value] for name, value in self.row.items()}, [self.line])


def reread(
    intake: Intake, identifier: Identifier, kind: str, source: OneRow, mapping: Spelling, around: Surroundings
) -> Reread:
    """Appends what a row states, or says why it still cannot be used; then the caller takes back what was appended."""
    masked = _masked(kind, source, mapping)
    if masked:
        return Reread(None, f"The value of '{masked}' is masked and was not kept: give it in a file with fix.")
    try:
        counts, bad = _import(kind, source, mapping, around).row(intake, identifier)
    except ProblemsFound as found:
        return Reread(None, " ".join(_sentence(problem.message, problem.hint) for problem in found.problems))
    if bad:
        finding = bad[0].finding
        return Reread(None, mask_text(f"{finding.reason.words} {finding.detail}".strip()))
    became = next((one for one in STATEMENTS if counts.get(one)), None)
    return Reread(became, None if became else "It states nothing that is kept; discard it.")


def stated(kind: str, source: OneRow, mapping: Spelling, around: Surroundings) -> set[Fact]:
    """The facts that a row states, as the ledger knows them; none where it states nothing."""
    try:
        found = _import(kind, source, mapping, replace(around, now=None)).facts()
    except ProblemsFound:
        return set()
    return {
        fact
        for facts in found
        for fact in zip(*(facts.columns[name] for name in ("lead_ref", "key", "content")), strict=True)
    }


def edited_row(path: Path, kind: str, mapping: Spelling, columns: Collection[str] | None) -> dict[str, Any]:
    """The one row of an edited file: a JSON object, or a file of one row that `ingest` could read.

    `columns` are those the row came with, None where they are not known. InputError for a file that holds another
    number of rows, or a column that neither the row had nor the mapping knows.
    """
    row = _json_row(path) if path.suffix.lower() == ".json" else _file_row(path, kind, mapping)
    if columns is not None:
        known = {*columns, *wanted_names(*tables(mapping, known_kind(kind)))}
        folded = {slug(name) for name in known}
        strange = [name for name in row if slug(name) not in folded]
        if strange:
            raise InputError(
                f"the row had no column '{strange[0]}'.",
                code="UnknownColumn",
                place=Place(str(path)),
                hint=nearest(strange[0], known) or f"It had: {', '.join(sorted(columns))}.",
            )
    return row


def mapping_of(text: str) -> Spelling | None:
    """A mapping as the ledger kept it; None where this version of mqlab reads mappings in another way."""
    from pydantic import ValidationError

    try:
        return Spelling.model_validate_json(text)
    except ValidationError:
        return None


def _import(kind: str, source: OneRow, mapping: Spelling, around: Surroundings) -> Import:
    return Import(known_kind(kind), source, mapping, FileOrigin(Path("the row")), around)


def _masked(kind: str, source: OneRow, mapping: Spelling) -> str | None:
    """A column that is read from the row although nothing was kept of it."""
    hidden = {name for name, value in source.row.items() if value == MASK}
    if not hidden:
        return None
    declared = tables(mapping, known_kind(kind))
    left_out = {
        slug(name) for name in (*mapping.private, *(one for table in declared for one in table.get("ignore", ())))
    }
    wanted = {slug(name) for name in wanted_names(*declared)}
    rest = any("rest" in (table.get("fields"), table.get("props")) for table in declared)
    needed = (name for name in sorted(hidden) if slug(name) in wanted or (rest and slug(name) not in left_out))
    return next(needed, None)


def _file_row(path: Path, kind: str, mapping: Spelling) -> dict[str, Any]:
    with opened(path, mapping, wanted_names(*tables(mapping, known_kind(kind)))) as source:
        batches = list(source.batches())
    broken = [row for batch in batches for row in batch.broken]
    if broken:
        reason = broken[0].finding.reason.words
        raise InputError(reason, code="BrokenRow", place=Place(str(path), broken[0].line), hint="Correct that line.")
    rows = [batch.raw(index) for batch in batches for index in range(len(batch))]
    return _only(rows, path)


def _json_row(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError("there is no such file.", code="NoSuchFile", place=Place(str(path))) from error
    except OSError as error:
        raise InputError(
            f"the file cannot be read: {error.strerror}.", code="NoSuchFile", place=Place(str(path))
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"this is not JSON: {error}.", code="NotJson", place=Place(str(path)), hint="Write one JSON object."
        ) from error
    rows = found if isinstance(found, list) else [found]
    row = _only(rows, path)
    whole = row.get("raw") if {"id", "raw", "reason"} <= row.keys() else None
    return whole if isinstance(whole, dict) else row


def _only(rows: list[Any], path: Path) -> dict[str, Any]:
    if len(rows) == 1 and isinstance(rows[0], dict):
        return rows[0]
    what = "no row" if not rows else f"{len(rows)} rows" if len(rows) > 1 else "something else than an object"
    raise InputError(
        f"the file holds {what}; it should hold the one row, edited.", code="NotOneRow", place=Place(str(path))
    )


def _sentence(message: str, hint: str | None) -> str:
    return f"{message[:1].upper()}{message[1:]} {hint or ''}".strip()
