"""`definitions lock`: fingerprints into `definitions.lock` and the ledger, both or neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.definitions import lock as locks
from mqlab.definitions.fingerprint import fingerprint
from mqlab.errors import MqlabError, RefusedError
from mqlab.lab.files import write_whole

if TYPE_CHECKING:
    from mqlab.lab.core import Lab

LOCK_FILE = "definitions.lock"

Locking = list[tuple[str, str, bool]]
"""(ref, meaning fingerprint, whether the lock is new) of each definition."""


def lock_path(lab: Lab) -> Path:
    """Where the lab's lock file lies."""
    return lab.folder / "definitions" / LOCK_FILE


def lock(lab: Lab, refs: Sequence[str], *, at: datetime, by: str) -> Locking:
    """Lock definitions; a locked version whose meaning changed is refused and nothing is written."""
    with locking(lab, refs, at=at, by=by) as done:
        return done


@contextmanager
def locking(lab: Lab, refs: Sequence[str], *, at: datetime, by: str) -> Iterator[Locking]:
    """Lock definitions for what happens in the block; where that fails the lock file is as it was before."""
    path = lock_path(lab)
    lockfile = locks.read_lock(path)
    registered = lab.ledger.locks.all()
    done: Locking = []
    definitions = [lab.definitions[ref] for ref in refs]
    for definition in definitions:
        meaning = fingerprint(definition).meaning
        known = registered.get(definition.ref)
        if known is not None and known.meaning != meaning:
            raise RefusedError(
                f"{definition.ref} was locked on {known.recorded_at:%Y-%m-%d}, and its meaning changed since.",
                code="LockedDefinition",
                hint="Undo the change, or give it a new version.",
            )
        done.append((definition.ref, meaning, definition.ref not in lockfile))
        lockfile = locks.with_definition(lockfile, definition)
    before = path.read_bytes() if path.exists() else None
    changed = any(new for _, _, new in done)
    if changed:
        locks.write_lock(path, lockfile)
    try:
        for definition in definitions:
            prints = fingerprint(definition)
            if definition.ref not in registered:
                lab.ledger.locks.lock(
                    definition.ref, meaning=prints.meaning, reporting=prints.reporting,
                    null_tokens=definition.null_tokens, by=by, now=at,
                )  # fmt: skip
        yield done
    except MqlabError:
        if changed:
            _put_back(path, before)
        raise


def _put_back(path: Path, before: bytes | None) -> None:
    if before is None:
        path.unlink(missing_ok=True)
    else:
        write_whole(path, before)
