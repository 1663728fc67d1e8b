"""Writing files whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mqlab.errors import RefusedError, UnreachableError
from mqlab.lab.files import write_whole


def test_another_file_is_not_overwritten_unless_told(tmp_path: Path):
    """An existing file stays as it is and the message says how to go on."""
    target = tmp_path / "report.html"
    write_whole(target, "old")

    with pytest.raises(RefusedError, match="--force"):
        write_whole(target, "new", overwrite=False)

    assert target.read_text() == "old"


def test_a_place_that_cannot_be_written_leaves_nothing(tmp_path: Path):
    """Where a folder is needed and a file stands, nothing is left behind."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(UnreachableError, match="cannot be written"):
        write_whole(tmp_path / "file" / "report.html", "new")

    assert ["file"] == [path.name for path in tmp_path.iterdir()]
