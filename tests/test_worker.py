"""Work for another process: its answers in order, and none where it cannot give them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mqlab.worker import worker


def test_answers_come_in_their_order():
    """Each answer once, whatever the process prints besides; after the last there is none."""
    with worker("tests.echo") as process:
        assert process is not None
        process.ask("so")

        assert [process.answer() for _ in range(3)] == ["so", "soso", None]


def test_all_answers_are_fetched_one_after_the_other():
    """What is still to come is fetched while one is looked at; after an error there is nothing more."""
    for job, answers in {"so": ["so", "soso"], "fail": ["fail"]}.items():
        with worker("tests.echo") as process:
            assert process is not None
            process.ask(job)

            assert list(process.answers()) == answers


def test_files_of_the_folder_it_runs_in_are_no_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A lab may hold a file that is called like a module of Python."""
    (tmp_path / "pickle.py").write_text("raise SystemExit('taken for a module')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *(one for one in sys.path if one)])

    with worker("tests.echo") as process:
        assert process is not None
        process.ask("so")
        assert process.answer() == "so"


def test_a_process_that_fails_has_no_answer():
    """What it said before stands; a module that is not there says nothing, however large the job."""
    with worker("tests.echo") as process:
        assert process is not None
        process.ask("fail")
        assert [process.answer(), process.answer()] == ["fail", None]

    with worker("tests.nowhere") as process:
        assert process is not None
        process.ask("x" * 1_000_000)
        assert process.answer() is None


def test_a_process_that_is_not_asked_ends_with_the_block():
    """Nobody waits for it, and nothing of it stays."""
    with worker("tests.echo") as process:
        assert process is not None

    assert process._process.poll() is not None


def test_where_no_process_can_be_started_there_is_none(monkeypatch: pytest.MonkeyPatch):
    """Whoever asks does the work himself."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with worker("tests.echo") as process:
        assert process is None
