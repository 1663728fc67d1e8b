"""A large file is read by a process of its own: it says what reading here says, and nothing is lost where it ends."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from mqlab.crm import reading
from mqlab.crm.batches import BATCH_ROWS
from mqlab.errors import InputError
from mqlab.worker import Worker
from tests.crm.conftest import Desk, a_desk
from tests.crm.exports import EXPORTS, Export

ROWS = 2 * BATCH_ROWS + 500
"""Three batches."""
HERE, THERE = 1 << 40, 0
"""From how many bytes on another process reads: none at all, any file."""

Take = Callable[[int], tuple[Any, ...]]


@pytest.fixture
def said(empty_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Any, ...]]:
    """What an import of a text counts, keeps and sets aside, read here or by another process."""

    def said(large_bytes: int, kind: str, content: str, *, first: str = "", **options: Any) -> tuple[Any, ...]:
        monkeypatch.setattr(reading, "LARGE_BYTES", large_bytes)
        with a_desk(tmp_path / f"desk{large_bytes}", empty_ledger) as desk:
            if first:
                desk.take("leads", first)
            progress: list[tuple[int, int]] = []
            counts = desk.take(kind, content, progress=lambda _, done, total: progress.append((done, total)), **options)
            aside = [(row.line, row.reason, row.raw) for row in desk.ledger.quarantine.list()]
            return counts, aside, _kept(desk), progress

    return said


def _kept(desk: Desk) -> list[Any]:
    facts = desk.facts()
    return [getattr(facts, name).to_pylist() for name in ("leads", "events", "field_changes", "outcomes", "identity")]


def _long(export: Export) -> str:
    """The export with its rows again and again, one of them without its last cell."""
    header, *rows = export.cells
    sink = io.StringIO()
    csv.writer(sink).writerows([header, *islice(cycle(rows), ROWS), rows[0][:-1], *rows])
    return sink.getvalue()


def _outcomes() -> str:
    """Outcomes, of which some contradict others, share an address with two leads, or wait for their lead."""
    lines = ["lead_id,email,kind,occurred_at,amount,currency,row_id"]
    for row in range(ROWS):
        who = ("L1,", ",both@example.com", "nobody,")[row % 3] if row % 500 == 499 else "L1,"
        number = 7 if row in (BATCH_ROWS + 1, ROWS - 2) else row
        lines.append(f"{who},closed_won,2026-08-{row % 28 + 1:02d}T10:00:00Z,{row % 90},EUR,R{number}")
    return "\n".join(lines) + "\n"


LEADS = """lead_id,created_at,email
L1,2026-07-01T08:00:00Z,one@example.com
L2,2026-07-01T08:00:00Z,both@example.com
L3,2026-07-01T08:00:00Z,both@example.com
"""


@pytest.mark.parametrize("export", EXPORTS[::4], ids=str)
def test_exports_say_the_same_wherever_they_are_read(export: Export, said: Callable[..., tuple[Any, ...]]):
    """Counts, notes, facts, rows set aside and progress."""
    content, options = _long(export), {"preset": export.preset, "table": export.table}

    assert said(THERE, export.kind, content, **options) == said(HERE, export.kind, content, **options)


def test_rows_that_the_ledger_contradicts_are_set_aside_as_they_were_read(said: Callable[..., tuple[Any, ...]]):
    """The other process does not know the ledger; the row is read again where it is doubted."""
    there = said(THERE, "outcomes", _outcomes(), first=LEADS)

    assert there == said(HERE, "outcomes", _outcomes(), first=LEADS)
    reasons = dict(there[0].reasons)
    assert reasons["conflict_without_version"] == 2
    assert reasons["ambiguous_identity"] > 3
    assert there[0].unmatched > 3


def test_columns_that_come_later_are_read_and_told(said: Callable[..., tuple[Any, ...]]):
    """Objects whose keys differ between batches, and names that are left out."""
    made = {"createdate": "2026-07-01T08:00:00Z", "email": "ada@example.com"}
    later = {"firstname": "Ada", "plan": "team"}
    people = ({"id": str(row), "properties": made | (later if row > BATCH_ROWS else {})} for row in range(ROWS))
    content = "\n".join(map(json.dumps, people)) + "\n"
    options = {"name": "contacts.jsonl", "preset": "hubspot"}

    there = said(THERE, "leads", content, **options)

    assert there == said(HERE, "leads", content, **options)
    assert any("firstname" in note for note in there[0].notes)
    assert "plan" in there[2][0][-1]["fields"]


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_where_the_other_process_ends_early_the_rest_is_read_here(
    answers: int, said: Callable[..., tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
):
    """Killed before its first batch or after any: no row is lost, none is counted twice."""
    whole = said(HERE, "outcomes", _outcomes(), first=LEADS)
    plain = Worker.answers

    def cut(self: Worker) -> Iterator[Any]:
        yield from islice(plain(self), answers)
        self._process.kill()

    monkeypatch.setattr(Worker, "answers", cut)

    assert said(THERE, "outcomes", _outcomes(), first=LEADS) == whole


def test_where_no_process_can_be_started_the_file_is_read_here(
    said: Callable[..., tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
):
    """As in a frozen program."""
    whole = said(HERE, "outcomes", _outcomes(), first=LEADS)
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    assert said(THERE, "outcomes", _outcomes(), first=LEADS) == whole


def test_an_error_far_down_is_told_as_ever(said: Callable[..., tuple[Any, ...]]):
    """The quote that never closes, with its line; nothing of the file is kept."""
    content = _outcomes() + 'L1,,sql,"2026-08-01T10:00:00Z,,,R\n'
    told = []
    for large_bytes in (HERE, THERE):
        with pytest.raises(InputError) as refused:
            said(large_bytes, "outcomes", content, first=LEADS)
        told.append((refused.value.problem.code, refused.value.problem.message, refused.value.problem.place.line))

    assert told[0] == told[1]
    assert told[0][0] == "Truncated"
    assert told[0][2] == ROWS + 2
