"""A fresh ledger, and an import handed to it without a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mqlab.store.ledger import Ledger

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a test's ledger lives."""
    return f"sqlite:///{tmp_path}/ledger.sqlite"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.open(url, create=True) as opened:
        yield opened
