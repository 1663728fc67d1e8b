"""`report verify`: make a report again from its manifest, count the numbers that are equal, and look into the file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab.analysis.quarter.cohort import Horizons
from mqlab.errors import InputError, Place
from mqlab.lab import manifest
from mqlab.lab.analyze import analyze
from mqlab.lab.feedback_report import feedback_pack
from mqlab.lab.manifest import Manifest
from mqlab.lab.quarter_report import report_quarter
from mqlab.lab.report import report
from mqlab.lab.report_files import Report
from mqlab.reports import format as fmt
from mqlab.reports.formats import render
from mqlab.reports.numbers import numbers
from mqlab.reports.read_back import texts

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress

MOST_LINES = 12
_A_NAME = 9
"""A text of more letters says where one is; most numbers are shorter."""


@dataclass(frozen=True)
class Differing:
    """A number that is not what the report says: where, what was written, what it is now (None: gone)."""

    at: str
    where: str
    written: str
    now: str | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"at": self.at, "where": self.where, "written": self.written, "now": self.now}


@dataclass(frozen=True)
class Verified:
    """What became of a report's numbers, and of its file.

    `same_bytes`: the file is, to the byte, what is drawn now. `in_file`: texts of the file that are not those drawn
    now, as lines of a diff; None where the file's texts cannot be read. `same_versions`: what drew the file is what
    draws now. `sealed`: the manifest's seal is that of its entries. `changed`: what else is not as it was.
    """

    file: Path
    total: int
    differing: tuple[Differing, ...]
    same_bytes: bool
    as_written: bool
    in_file: tuple[str, ...] | None
    changed: tuple[str, ...] = field(default=())
    same_versions: bool = True
    sealed: bool = True

    @property
    def equal(self) -> int:
        """How many of the report's numbers are equal."""
        return self.total - sum(1 for one in self.differing if one.written)

    @property
    def holds(self) -> bool:
        """Whether every number is equal, the manifest is whole, and the file says what it said when it was written.

        A file whose texts cannot be read, a PDF, has to have the bytes that the same versions draw now.
        """
        return self.sealed and not self.differing and (self.same_bytes or (self.as_written and self._says_the_same))

    @property
    def _says_the_same(self) -> bool:
        return not self.same_versions if self.in_file is None else not self.in_file

    def __str__(self) -> str:
        count = f"{fmt.count(self.equal)} of {fmt.count(self.total)} numbers equal"
        if not self.sealed:
            told = [f"does not hold: {count}, but the manifest was changed: its seal is not that of its entries"]
        elif self.holds or self.differing:
            told = [f"{'holds' if self.holds else 'does not hold'}: {count}"]
        else:
            told = [f"does not hold: {count} in the manifest, but the file is another"]
        if self.same_bytes:
            told.append("The file is the same to the byte.")
        elif not self.as_written:
            told.append("The file is not the one that was written: it was changed afterwards.")
        elif self.in_file is None and self.same_versions:
            told.append(
                "Its bytes are not those that the same versions draw now: it is another file, or drawn with other "
                "typefaces."
            )
        elif self.in_file is None:
            told.append("Its bytes are not those drawn now; the texts of a PDF cannot be compared.")
        elif not self.in_file and self.same_versions:
            told.append(
                "It says the same; its bytes differ though the versions are the same: its pictures or its layout are "
                "others."
            )
        elif not self.in_file:
            told.append("It says the same; its bytes differ, as other versions draw differently.")
        else:
            told.append("Its words are not those written now.")
        for one in self.differing[:MOST_LINES]:
            if one.now is None:
                told.append(f"- {one.where}: {one.written}, no longer in the report")
            elif not one.written:
                told.append(f"- {one.where}: {one.now}, not in the report")
            else:
                told.append(f"- {one.where}: {one.written}, now {one.now}")
        if len(self.differing) > MOST_LINES:
            told.append(f"- and {fmt.count(len(self.differing) - MOST_LINES)} more")
        if self.in_file:
            told.append("In the file (<) and drawn now (>):")
            told += [f"  { {'-': '<', '+': '>'}.get(line[0], ' ') } {line[2:]}" for line in self.in_file]
        told += [f"{change[0].upper()}{change[1:]}." for change in self.changed]
        return "\n".join(told)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "file": str(self.file),
            "holds": self.holds,
            "numbers": self.total,
            "equal": self.equal,
            "differing": [one.to_dict() for one in self.differing],
            "same_bytes": self.same_bytes,
            "as_written": self.as_written,
            "same_versions": self.same_versions,
            "sealed": self.sealed,
            "in_file": None if self.in_file is None else list(self.in_file),
            "changed": list(self.changed),
        }


def verify(lab: Lab, file: Path, *, progress: Progress) -> Verified:
    """Read the manifest, analyse as of then at its ledger position, draw again, compare.

    InputError where there is no file, no manifest, or the ledger is another one.
    """
    if not file.is_file():
        raise InputError("there is no such report.", code="FileNotFound", place=Place(file=str(file)))
    known = manifest.read(file)
    if known.report not in _AGAIN:
        raise InputError(f"a report of '{known.report}' cannot be made again.", code="UnknownReport")
    again = _AGAIN[known.report](lab, known, progress)
    data = file.read_bytes()
    drawn = render(again.document, known.format)
    return Verified(
        file,
        len(known.numbers),
        tuple(_differing(known, again)),
        data == drawn,
        manifest.sha256(data) == known.sha256,
        () if data == drawn else _in_file(data, drawn, known),
        tuple(_changed(known, again)),
        known.whole.get("versions") == manifest.versions(known.format),
        known.sealed,
    )


def _experiment(lab: Lab, known: Manifest, progress: Progress) -> Report:
    at = datetime.fromisoformat(known.as_of)
    analysis = analyze(lab, known.experiment, as_of=at, position=known.ledger, progress=progress, hashed=True)
    return report(lab, analysis, locale=known.locale, last_rows=known.last_rows)


def _quarter(lab: Lab, known: Manifest, progress: Progress) -> Report:
    return report_quarter(
        lab,
        known.quarter,
        as_of=datetime.fromisoformat(known.as_of),
        position=known.ledger,
        horizons=Horizons(*known.within_days),
        locale=known.locale,
        last_look=(known.last_rows or {}).get("looks"),
        progress=progress,
    ).report


def _feedback(lab: Lab, known: Manifest, progress: Progress) -> Report:
    return feedback_pack(
        lab,
        known.month,
        as_of=datetime.fromisoformat(known.as_of),
        position=known.ledger,
        show_arms=known.show_arms,
        locale=known.locale,
        progress=progress,
    )


_AGAIN: dict[str, Callable[[Lab, Manifest, Progress], Report]] = {
    "experiment": _experiment,
    "quarter": _quarter,
    "feedback": _feedback,
}
"""How each kind of report is made again from its manifest."""


def _differing(known: Manifest, again: Report) -> list[Differing]:
    found = []
    now = {placed.address: placed for placed in numbers(again.document)}
    for at, row in known.numbers.items():
        placed = now.get(at)
        if placed is None or placed.to_dict() != row:
            where = placed.words if placed is not None else at
            found.append(Differing(at, where, _text(row), None if placed is None else _text(placed.to_dict())))
    found += [
        Differing(at, placed.words, "", placed.cell.text) for at, placed in now.items() if at not in known.numbers
    ]
    return found


def _text(row: dict[str, Any]) -> str:
    """A number as it is written, and raw."""
    limits = f", {row['low']} to {row['high']}" if "low" in row else ""
    return f"{row.get('text')} ({row.get('value')}{limits})"


def _in_file(data: bytes, drawn: bytes, known: Manifest) -> tuple[str, ...] | None:
    """Texts that only the file has (-) or only what is drawn now (+); a file of another kind is told as such."""
    try:
        there = texts(data, known.format)
    except ValueError as error:
        return (f"- {error}",)
    here = texts(drawn, known.format)
    if there is None or here is None:
        return None
    return tuple(islice(_lines(there, here), MOST_LINES))


def _lines(there: list[str], here: list[str]) -> Iterator[str]:
    """Each place where the texts part: what stands before it, and both sides."""
    for tag, a, b, c, d in difflib.SequenceMatcher(None, there, here, autojunk=False).get_opcodes():
        if tag != "equal":
            before = next((text for text in reversed(here[:c]) if len(text) > _A_NAME), "")
            yield from [f"  after “{before}”"] if before else []
            yield from (f"- {text}" for text in there[a:b])
            yield from (f"+ {text}" for text in here[c:d])


def _changed(known: Manifest, again: Report) -> list[str]:
    """What is not as it was: versions, fingerprints, the data."""
    found = []
    before, now = dict(known.whole.get("versions") or {}), manifest.versions(known.format)
    found += [f"{name} was {before.get(name)} and is {now[name]}" for name in now if before.get(name) != now[name]]
    for key, words in (
        ("fingerprints", "a definition or the protocol"),
        ("data", "the data"),
        ("record", "what the ledger says of approvals, steps or looks"),
        ("engine", "the engine"),
    ):
        if known.whole.get(key) != again.facts.get(key):
            found.append(f"{words} changed")
    return found
