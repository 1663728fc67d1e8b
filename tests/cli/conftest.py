"""Labs for the tests of the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.small_lab import fed_lab, write_lab


@pytest.fixture
def draft_lab(tmp_path: Path) -> Path:
    """A lab in which nothing happened yet: no ledger, nothing started."""
    return write_lab(tmp_path / "lab")


@pytest.fixture(scope="session")
def fed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab with a started experiment and all its feeds, made once; only to be read or copied."""
    lab = fed_lab(tmp_path_factory.mktemp("fed") / "lab")
    lab.ledger.close()
    return lab.folder


@pytest.fixture
def fed_folder(fed_once: Path, tmp_path: Path) -> Path:
    """A copy of the fed lab that a test may change."""
    return Path(shutil.copytree(fed_once, tmp_path / "lab"))
