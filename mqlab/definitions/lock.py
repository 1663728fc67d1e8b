"""`definitions.lock`: which versions are fixed, by fingerprint. What is locked may not change its meaning."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mqlab.definitions.fingerprint import Fingerprints, fingerprint
from mqlab.definitions.model import Definition
from mqlab.errors import InputError, Place, Problem, RefusedError, UnreachableError

if TYPE_CHECKING:
    from mqlab.definitions.registry import Registry

KIND = "mql-definitions-lock/v1"
MAX_BYTES = 10_000_000
PARTS = {"meaning": "who is an MQL, when, and by which way", "reporting": "labels and nurture tracks"}
"""What is locked, and what it is about."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Locked:
    """One locked version: its fingerprints, and the lab's null tokens at the time."""

    fingerprints: Fingerprints
    null_tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lock:
    """The locked versions, by ref."""

    entries: Mapping[str, Locked] = field(default_factory=lambda: MappingProxyType({}))
    file: str | None = None

    def __contains__(self, ref: object) -> bool:
        return ref in self.entries


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    meaning: Digest
    reporting: Digest
    metadata: Digest
    null_tokens: list[str]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    kind: Literal["mql-definitions-lock/v1"]
    definitions: dict[str, _Entry]


def read_lock(path: Path | str) -> Lock:
    """The lock in a file; an absent file locks nothing, a damaged one is an InputError."""
    file = Path(path)
    place = Place(file=str(file))
    if not file.exists():
        return Lock(file=str(file))
    hint = "Take it back from version control; it is written by `mqlab definitions lock`."
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES)
        read = _File.model_validate(json.loads(raw))
    except OSError as error:
        raise InputError(
            f"The lock cannot be read: {error.strerror or error}.", code="UnreadableFile", place=place
        ) from error
    except json.JSONDecodeError as error:
        at = Place(str(file), error.lineno, error.colno)
        raise InputError(f"The lock is damaged: {error.msg}.", code="DamagedLock", place=at, hint=hint) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path_text = ".".join(str(step) for step in first["loc"]) or None
        at = Place(str(file), path=path_text)
        raise InputError(f"The lock is damaged: {first['msg']}.", code="DamagedLock", place=at, hint=hint) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise InputError("The lock is damaged: it is not JSON.", code="DamagedLock", place=place, hint=hint) from error
    entries = {
        ref: Locked(Fingerprints(entry.meaning, entry.reporting, entry.metadata), tuple(entry.null_tokens))
        for ref, entry in read.definitions.items()
    }
    return Lock(MappingProxyType(entries), str(file))


def with_definition(lock: Lock, definition: Definition) -> Lock:
    """The lock with one more version; a locked version whose meaning or reporting changed is refused."""
    prints = fingerprint(definition)
    known = lock.entries.get(definition.ref)
    if known is not None and (changed := _changed(known.fingerprints, prints)):
        message = f"{_told(definition.ref, changed)}."
        raise RefusedError(message, code="LockedDefinition", hint="Undo the change, or give it a new version.")
    entries = dict(lock.entries) | {definition.ref: Locked(prints, definition.null_tokens)}
    return Lock(MappingProxyType(entries), lock.file)


def write_lock(path: Path | str, lock: Lock) -> None:
    """Writes the lock, whole or not at all; a place that cannot be written raises UnreachableError."""
    file = Path(path)
    text = json.dumps(
        {
            "kind": KIND,
            "definitions": {
                ref: lock.entries[ref].fingerprints.to_dict() | {"null_tokens": list(lock.entries[ref].null_tokens)}
                for ref in sorted(lock.entries)
            },
        },
        indent=2,
        ensure_ascii=False,
    )
    try:
        _replace(file, f"{text}\n".encode())
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror or error}."
        raise UnreachableError(
            message, code="CannotWrite", hint="Nothing was changed. Is the disk full or read-only?"
        ) from error


def problems(registry: Registry, lock: Lock) -> tuple[Problem, ...]:
    """What was changed although it is locked, and what is locked and gone."""
    found: list[Problem] = []
    for ref in sorted(lock.entries):
        if ref not in registry:
            hint = "Take the file back from version control."
            found.append(
                Problem(
                    "LockedDefinition",
                    f"{ref} is locked, but its file is gone.",
                    Place(file=lock.file, path=ref),
                    hint=hint,
                )
            )
            continue
        try:
            definition = registry[ref]
        except InputError as error:
            found.extend(error.problems)
            continue
        if _changed(lock.entries[ref].fingerprints, fingerprint(definition)):
            found.append(_violation(definition, lock, registry))
    return tuple(found)


def _violation(definition: Definition, lock: Lock, registry: Registry) -> Problem:
    """A locked version that changed: what of it, and in which file."""
    locked, ref = lock.entries[definition.ref], definition.ref
    place = definition.places.get("version", Place(file=definition.file))
    changed = _edited(definition, locked)
    if not changed:
        were = ", ".join(locked.null_tokens)
        message = f"{ref} is locked, and the lab's null tokens changed since (they were: {were})."
        hint = "Set null_tokens back, or give the definition a new version."
        return Problem("LockedDefinition", message, place, hint=hint)
    cause = _cause(ref, changed, lock, registry)
    if cause is not None:
        message = f"{_told(ref, changed)}, because {cause}, which it extends, changed."
        hint = f"Undo the change to {cause}: a changed definition is a new version of its own."
        return Problem("LockedDefinition", message, definition.places.get("extends", place), hint=hint)
    hint = "Undo the change, or give it a new version."
    open_to_change = [parent for parent in registry.ancestors(ref) if parent not in lock]
    if open_to_change:
        hint = f"{hint} It extends {' and '.join(open_to_change)}, not locked: the change may stand there."
    return Problem("LockedDefinition", f"{_told(ref, changed)}.", place, hint=hint)


def _cause(ref: str, changed: Collection[str], lock: Lock, registry: Registry) -> str | None:
    """The locked definition farthest up that changed in the same parts; None where the change is the ref's own."""
    found: str | None = None
    for parent in registry.ancestors(ref):
        if parent in lock and set(changed) <= set(_edited_file(parent, lock, registry)):
            found = parent
    return found


def _edited_file(ref: str, lock: Lock, registry: Registry) -> Sequence[str]:
    try:
        return _edited(registry[ref], lock.entries[ref])
    except InputError:  # what cannot be used on its own is told as such
        return ()


def _edited(definition: Definition, locked: Locked) -> list[str]:
    """The parts that differ from the locked ones by what the files say, whatever the lab's null tokens are now."""
    return _changed(locked.fingerprints, fingerprint(replace(definition, null_tokens=locked.null_tokens)))


def _changed(before: Fingerprints, after: Fingerprints) -> list[str]:
    return [part for part in PARTS if getattr(before, part) != getattr(after, part)]


def _told(ref: str, changed: Sequence[str]) -> str:
    what = " and ".join(f"its {part} changed since ({PARTS[part]})" for part in changed)
    return f"{ref} is locked, and {what}"


def _replace(file: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
