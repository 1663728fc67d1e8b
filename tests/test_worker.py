"""Work for another process: its answers in order, and none where it cannot give them."""

from __future__ import annotations

import sys

import pytest

from mqlab.worker import worker


def test_answers_come_in_their_order():
    """Each answer once, whatever the process prints besides; after the last there is none."""
    with worker("tests.echo") as process:
        assert process is not None
        process.ask("so")

        assert [process.answer() for _ in range(3)] == ["so", "soso", None]


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
