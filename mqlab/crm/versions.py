"""Is a row new, seen before, or a correction? Keys and versions of facts, in any order of files the same answer.

The greatest version of a fact is current, ties go to the greater content digest; see crm.md, rule 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto

from mqlab.crm.sink import Sighting, Stored


class Fate(IntEnum):
    """What becomes of a row."""

    NEW = auto()
    UNCHANGED = auto()
    SEEN_AGAIN = auto()
    CORRECTED = auto()
    OUTDONE = auto()
    CORRECTED_BY_TIE = auto()
    OUTDONE_BY_TIE = auto()
    UNVERSIONED = auto()
    CONFLICT = auto()


TIED = (Fate.CORRECTED_BY_TIE, Fate.OUTDONE_BY_TIE)
"""Other content at a version that the ledger has already."""
APPENDED = frozenset({Fate.NEW, Fate.SEEN_AGAIN, Fate.CORRECTED, Fate.OUTDONE, Fate.UNVERSIONED, *TIED})
"""The ledger gets a row. What counts as unchanged may get one too, so that files may come in any order: a newer
sighting of the same content, a version that gives way to the current one, a row without a version where others have
one."""


Seen = tuple[int | None, int, Sighting]
"""A version of a fact as one row told it: version, content, and how it was seen."""


@dataclass(slots=True)
class _Fact:
    """The versions of one fact seen so far: version → content → how it was seen."""

    versions: dict[int | None, dict[int, set[Sighting]]]

    @classmethod
    def of(cls, seen: Seen) -> _Fact:
        version, content, sighting = seen
        return cls({version: {content: {sighting}}})

    def add(self, version: int | None, content: int, sighting: Sighting) -> None:
        self.versions.setdefault(version, {}).setdefault(content, set()).add(sighting)

    def fate_of_version(self, version: int | None, content: int, sighting: Sighting) -> Fate:
        """Where every version told stands in the log by when it became known."""
        known = {one[0] for one in self.versions.get(version, {}).get(content, ())}
        return Fate.UNCHANGED if sighting[0] in known else Fate.CORRECTED

    def fate(self, version: int | None, content: int, sighting: Sighting) -> Fate:
        """Where the greatest version is current."""
        same_version = self.versions.get(version, {})
        sightings = same_version.get(content)
        if sightings is not None:
            known, backfill, email = sighting
            tells_nothing = any(one[:2] <= (known, backfill) and _covers(one[2], email) for one in sightings)
            return Fate.UNCHANGED if tells_nothing else Fate.SEEN_AGAIN
        if version is None and same_version:
            return Fate.CONFLICT
        below = [one for one in self.versions if version is not None and (one is None or one < version)]
        if below:
            before = max(below, key=_rank)
            if max(self.versions[before]) == content:
                return Fate.SEEN_AGAIN
        current = max((_rank(told), max(contents)) for told, contents in self.versions.items())
        if (_rank(version), content) > current:
            return Fate.CORRECTED_BY_TIE if same_version else Fate.CORRECTED
        if same_version:
            return Fate.OUTDONE_BY_TIE
        return Fate.UNVERSIONED if version is None else Fate.OUTDONE


def _covers(told: str | None, email: str | None) -> bool:
    """Whether what a fact came with says all that it comes with now: an address, and perhaps its company's domain."""
    return told == email or (told is not None and email is not None and told.startswith(f"{email}@"))


def _rank(version: int | None) -> tuple[bool, int]:
    return version is not None, version or 0


def fates(
    refs: Sequence[str],
    keys: Sequence[int],
    versions: Sequence[int | None],
    contents: Sequence[int],
    sightings: Sequence[Sighting],
    stored: Iterable[Stored],
    *,
    every_version_counts: bool,
) -> list[Fate]:
    """What becomes of each row, given the stored versions of its facts and the rows before it.

    `every_version_counts`: the source's versions of one fact all stand in the log, told apart by when they became
    known (events, field changes, merges); otherwise content that differs without a version is a conflict.
    """
    stored = list(stored)
    if not stored and len(set(zip(refs, keys, strict=True))) == len(refs):
        return [Fate.NEW] * len(refs)
    single: dict[tuple[str, int], Seen] = {}
    several: dict[tuple[str, int], _Fact] = {}
    for ref, key, version, content, known_us, backfill, email in stored:
        _note(single, several, (ref, key), (version, content, (known_us, bool(backfill), email)))
    result: list[Fate] = []
    for ref, key, version, content, sighting in zip(refs, keys, versions, contents, sightings, strict=True):
        name, row = (ref, key), (version, content, sighting)
        first = single.get(name)
        if first is None:
            single[name] = row
            result.append(Fate.NEW)
            continue
        if first == row:
            result.append(Fate.UNCHANGED)
            continue
        fact = several.get(name) or _Fact.of(first)
        fate = fact.fate_of_version(*row) if every_version_counts else fact.fate(*row)
        if fate in APPENDED:
            fact.add(*row)
            several[name] = fact
        result.append(fate)
    return result


def _note(
    single: dict[tuple[str, int], Seen], several: dict[tuple[str, int], _Fact], name: tuple[str, int], seen: Seen
) -> None:
    first = single.setdefault(name, seen)
    if first is not seen:
        fact = several.get(name)
        if fact is None:
            fact = several[name] = _Fact.of(first)
        fact.add(*seen)
