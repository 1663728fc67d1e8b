"""A new lab is whole: it passes check, and its experiment can be started."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mqlab.errors import RefusedError
from mqlab.lab import Lab
from mqlab.lab.init import init_lab

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("today", [TODAY, date(2024, 1, 31), date(2027, 12, 31)], ids=str)
def test_a_new_lab_passes_check(tmp_path: Path, today: date):
    """Whatever the day, a new lab has no error and no warning."""
    init_lab(tmp_path / "new", today=today)

    lab = Lab.open(tmp_path / "new")

    assert lab.check(datetime(today.year, today.month, today.day, tzinfo=UTC)) == ()


def test_its_experiment_can_be_started(tmp_path: Path):
    """After both teams approved its two definitions the experiment runs."""
    init_lab(tmp_path / "new", today=TODAY)
    lab = Lab.open(tmp_path / "new")
    refs = lab.definitions.refs()
    for ref in refs:
        for team in ("marketing", "sales"):
            lab.approve(ref, team=team, by="Ada", at=NOW)

    started = lab.start("demo-requests", by="Ada", at=NOW)

    assert started["state"] == "running"
    assert lab.check(NOW) == ()


def test_what_it_writes_is_what_it_says(tmp_path: Path):
    """The files it names are the files there are: settings, definitions, an experiment, a workflow, reports."""
    written = init_lab(tmp_path / "new", today=TODAY)

    there = {path for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert set(written) == there
    assert {"mqlab.toml", "mqlab.yml", ".gitignore", "demo-requests.yaml"} <= {path.name for path in there}


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path):
    """Nothing is written into a folder that is not empty."""
    (tmp_path / "thesis.txt").write_text("x")

    with pytest.raises(RefusedError, match="not empty"):
        init_lab(tmp_path, today=TODAY)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "name", ['a "quoted" name', "back\\slash", "ключ", "{name}"], ids=["quotes", "slash", "cyrillic", "braces"]
)
def test_a_folder_may_be_called_anything(tmp_path: Path, name: str):
    """The folder's name becomes the lab's name, whatever it is."""
    init_lab(tmp_path / name, today=TODAY)

    assert Lab.open(tmp_path / name).settings.lab.name == name
