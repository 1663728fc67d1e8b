"""A desk at which files are handed in: a fresh ledger, and one call to ingest a text."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mqlab.crm.counts import ImportCounts
from mqlab.crm.ingest import ingest
from mqlab.leads.links import DEFAULT_LINKING, Linking
from mqlab.leads.tables import Facts
from mqlab.store.ledger import Ledger

NOW = datetime(2026, 12, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class Desk:
    """A ledger and the folder files are handed in from."""

    folder: Path
    ledger: Ledger

    def write(self, content: str | bytes, name: str = "file.csv") -> Path:
        """A file with this content, in UTF-8 where it is text."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def take(
        self, kind: str, content: str | bytes, *, name: str = "file.csv", mapping: str | None = None, **options: Any
    ) -> ImportCounts:
        """Ingest a text as a file, perhaps with a mapping given as text."""
        options = {"timezone": BERLIN, "now": NOW, **options}
        if mapping is not None:
            options["mapping"] = self.write(mapping, "mapping.yaml")
        return ingest(self.ledger, kind, self.write(content, name), **options)

    def take_path(self, kind: str, path: Path) -> ImportCounts:
        """Ingest a file that may or may not be there."""
        return ingest(self.ledger, kind, path, timezone=BERLIN, now=NOW)

    def facts(self, as_of: datetime = NOW, **options: Any) -> Facts:
        """What the ledger knows."""
        return self.ledger.facts(as_of=as_of, **options)

    def reasons(self) -> list[str]:
        """Why rows are quarantined, oldest first."""
        return [row.reason for row in reversed(self.ledger.quarantine.list())]


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger's file, to be copied: cheaper than to be made."""
    path = tmp_path_factory.mktemp("empty") / "ledger.sqlite"
    Ledger.open(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture(scope="session")
def salesforce_shapes(root: Path) -> Path:
    """The folder of Salesforce tables as a connector lands them, skipped where the shared data is absent."""
    folder = root.parent / "shared" / "data" / "crm_schema_salesforce"
    if not (folder / "sf_lead_data.csv").is_file():
        pytest.skip(f"the shared data is not here: {folder}")
    return folder


@contextmanager
def a_desk(folder: Path, empty_ledger: Path, linking: Linking = DEFAULT_LINKING) -> Iterator[Desk]:
    """A desk with an empty ledger in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(empty_ledger, folder / "ledger.sqlite")
    with Ledger.open(f"sqlite:///{folder}/ledger.sqlite", create=False, linking=linking) as ledger:
        yield Desk(folder, ledger)


@pytest.fixture
def desk(tmp_path: Path, empty_ledger: Path) -> Iterator[Desk]:
    """A desk with an empty ledger."""
    with a_desk(tmp_path, empty_ledger) as made:
        yield made
