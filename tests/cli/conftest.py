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
def fed_untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A started lab with all its feeds, made once; only to be copied: who analyses it records a look."""
    lab = fed_lab(tmp_path_factory.mktemp("fed") / "lab")
    lab.ledger.close()
    return lab.folder


@pytest.fixture(scope="session")
def fed_once(fed_untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the fed lab that tests share who neither change it nor mind the looks of others."""
    return Path(shutil.copytree(fed_untouched, tmp_path_factory.mktemp("shared") / "lab"))


@pytest.fixture
def fed_folder(fed_untouched: Path, tmp_path: Path) -> Path:
    """A copy of the fed lab that a test may change."""
    return Path(shutil.copytree(fed_untouched, tmp_path / "lab"))
