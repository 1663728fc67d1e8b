"""Is a row new, seen before, or a correction? Keys and versions of facts, in any order of files the same answer.

The greatest version of a fact is current, ties go to the greater content digest; see crm.md, rule 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto

from mqlab.crm.sink import Stored


class Fate(IntEnum):
    """What becomes of a row."""

    NEW = auto()
    UNCHANGED = auto()
    SEEN_AGAIN = auto()
    CORRECTED = auto()
    CONFLICT = auto()


APPENDED = frozenset({Fate.NEW, Fate.SEEN_AGAIN, Fate.CORRECTED})
"""The ledger gets a row: also for a newer sighting of the same content, which counts as unchanged."""


Seen = tuple[int | None, int, int]
"""A sighting of a fact: version, content, known at (µs)."""


@dataclass(slots=True)
class _Fact:
    """The versions of one fact seen so far: version → content → instants at which it became known."""

    versions: dict[int | None, dict[int, set[int]]]

    @classmethod
    def of(cls, seen: Seen) -> _Fact:
        version, content, known = seen
        return cls({version: {content: {known}}})

    def add(self, version: int | None, content: int, known: int) -> None:
        self.versions.setdefault(version, {}).setdefault(content, set()).add(known)

    def fate(self, version: int | None, content: int, known: int, *, every_version_counts: bool) -> Fate:
        same_version = self.versions.get(version, {})
        sightings = same_version.get(content)
        if sightings is not None:
            if known in sightings or (not every_version_counts and known >= min(sightings)):
                return Fate.UNCHANGED
            return Fate.CORRECTED if every_version_counts else Fate.SEEN_AGAIN
        if version is None and same_version and not every_version_counts:
            return Fate.CONFLICT
        below = [one for one in self.versions if version is not None and (one is None or one < version)]
        if below and not every_version_counts:
            before = max(below, key=lambda one: (one is not None, one or 0))
            if max(self.versions[before]) == content:
                return Fate.SEEN_AGAIN
        return Fate.CORRECTED


def fates(
    refs: Sequence[str],
    keys: Sequence[int],
    versions: Sequence[int | None],
    contents: Sequence[int],
    known: Sequence[int],
    stored: Iterable[Stored],
    *,
    every_version_counts: bool,
) -> list[Fate]:
    """What becomes of each row, given the stored versions of its facts and the rows before it.

    `every_version_counts`: the source's versions of one fact all stand in the log, told apart by when they became
    known (events, field changes, merges); otherwise content that differs without a version is a conflict.
    """
    single: dict[tuple[str, int], Seen] = {}
    several: dict[tuple[str, int], _Fact] = {}
    for ref, key, version, content, known_us in stored:
        _note(single, several, (ref, key), (version, content, known_us))
    result: list[Fate] = []
    for ref, key, version, content, known_us in zip(refs, keys, versions, contents, known, strict=True):
        name, row = (ref, key), (version, content, known_us)
        first = single.get(name)
        if first is None:
            single[name] = row
            result.append(Fate.NEW)
            continue
        if first == row:
            result.append(Fate.UNCHANGED)
            continue
        fact = several.get(name) or _Fact.of(first)
        fate = fact.fate(*row, every_version_counts=every_version_counts)
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
