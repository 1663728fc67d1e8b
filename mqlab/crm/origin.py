"""Where rows come from: what an import is called in the ledger and in messages, and what is kept of it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Protocol

from mqlab.crm.quarantine import mask_text

_SUFFIXES = re.compile(r"(.*?)((?:\.(?:csv|tsv|txt|jsonl?|ndjson|parquet))?(?:\.gz)?)", re.IGNORECASE | re.DOTALL)


class Origin(Protocol):
    """A file, or a table or query of a database."""

    @property
    def name(self) -> str:
        """What the ledger calls it; no password, no user."""

    @property
    def place(self) -> str:
        """Where messages say it is."""

    def sha256(self) -> str:
        """What tells its content apart; asked once, after every row was read."""

    def remembered(self) -> tuple[str, ...]:
        """What the register of imports keeps for the next import; asked once, after every row was read."""


class FileOrigin:
    """A file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The file's name, without its folder; an address in it is masked.

        Example:
            >>> FileOrigin(Path("exports/ada@example.com.csv.gz")).name.endswith("@example.com.csv.gz")
            True
        """
        found = _SUFFIXES.fullmatch(self._path.name)
        return "".join(map(mask_text, found.groups())) if found else self._path.name

    @property
    def place(self) -> str:
        """The file, as it was named."""
        return str(self._path)

    def sha256(self) -> str:
        """The digest of its bytes."""
        with self._path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def remembered(self) -> tuple[str, ...]:
        """Nothing: a file is read whole."""
        return ()
