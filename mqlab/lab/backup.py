"""`backup` and `restore`: a copy of the lab's ledger, and the way back."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.errors import InputError, MqlabError
from mqlab.lab.files import in_a_known_folder
from mqlab.lab.forget import forget
from mqlab.store import backup as copies
from mqlab.store.backup import Copy

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress


def back_up(lab: Lab, file: Path, *, overwrite: bool, progress: Progress) -> Copy:
    """Copy the ledger into one file, as it is at this instant, while others may write."""
    url = lab.settings.store_url(lab.folder)
    return copies.back_up(url, in_a_known_folder(file), overwrite=overwrite, progress=progress)


def restore(lab: Lab, file: Path, *, by: str, overwrite: bool, now: datetime) -> tuple[Copy, Path | None]:
    """Put a copy in the place of the ledger; returns it, and where the ledger as it was lies now.

    The restored ledger is brought up to date and notes who restored it. Whoever was forgotten since the copy was made
    is forgotten again.
    """
    url = lab.settings.store_url(lab.folder)
    before = _forgotten(lab)
    lab.let_go()
    store = Path(url.removeprefix("sqlite:///"))
    aside = store.with_name(f"{store.name}.before-{now:%Y%m%dT%H%M%S%f}")
    copy = copies.restore(url, file, overwrite=overwrite, aside=aside)
    lab.ledger.audit.record("restore", file.name, by=by, now=now, details={"position": copy.position})
    for lead in sorted(before - lab.ledger.forgotten()):
        with suppress(InputError):  # somebody of whom the copy knows nothing
            forget(lab, lead, by=by, because="forgotten before the backup was restored", now=now)
    return copy, aside if aside.exists() else None


def _forgotten(lab: Lab) -> set[str]:
    """Who is forgotten in the ledger as it stands; a ledger that is missing or damaged cannot say."""
    from mqlab.store.ledger import Ledger

    try:
        with Ledger.open(lab.settings.store_url(lab.folder), create=False) as ledger:
            return ledger.forgotten()
    except MqlabError:
        return set()
