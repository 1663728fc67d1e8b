"""Labs for the tests of the verbs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mqlab.lab import Lab
from tests.cli.small_lab import fed_lab, write_lab


@pytest.fixture
def draft(tmp_path: Path) -> Iterator[Lab]:
    """A lab in which nothing happened yet."""
    lab = Lab.open(write_lab(tmp_path / "lab"))
    yield lab
    lab.reading.close()


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
def fed(fed_untouched: Path, tmp_path: Path) -> Iterator[Lab]:
    """A copy of the fed lab that a test may change."""
    lab = Lab.open(Path(shutil.copytree(fed_untouched, tmp_path / "lab")))
    yield lab
    lab.reading.close()
