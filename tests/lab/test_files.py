"""Writing files whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mqlab.errors import InputError, RefusedError, UnreachableError
from mqlab.lab.files import in_a_known_folder, write_whole


def test_another_file_is_not_overwritten_unless_told(tmp_path: Path):
    """An existing file stays as it is and the message says how to go on."""
    target = tmp_path / "report.html"
    write_whole(target, "old")

    with pytest.raises(RefusedError, match="--force"):
        write_whole(target, "new", overwrite=False)

    assert target.read_text() == "old"


def test_the_last_folder_of_a_path_may_be_new(tmp_path: Path):
    """Of a path only the last folder is made; more that are missing are told, and how to make them."""
    write_whole(in_a_known_folder(tmp_path / "new" / "report.html"), "x")

    with pytest.raises(InputError, match=r"no folder .*/repotrs\. Is the path right\?.*mkdir -p"):
        in_a_known_folder(tmp_path / "repotrs" / "2026" / "report.html")


def test_a_place_that_cannot_be_written_leaves_nothing(tmp_path: Path):
    """Where a folder is needed and a file stands, nothing is left behind."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(UnreachableError, match="cannot be written"):
        write_whole(tmp_path / "file" / "report.html", "new")

    assert ["file"] == [path.name for path in tmp_path.iterdir()]
