"""`mqlab quarantine …` as typed: what it prints, its exit codes, and the way from a bad row to a fact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.runner import mqlab

BAD = "lead_id,created_at,email,phone\nL1,never,Ada@Acme.com,+49 30 123456\nL2,soon,,\nL3,2026-02-01,,\n"
BY = ("--by", "Ada King")


@pytest.fixture
def lab(draft_lab: Path) -> Path:
    """A lab with two quarantined leads."""
    (draft_lab / "leads.csv").write_text(BAD)
    assert mqlab("ingest", "leads", draft_lab / "leads.csv", lab=draft_lab).code == 0
    return draft_lab


def test_the_way_from_a_bad_row_to_a_fact(lab: Path):
    """List, show the row, edit it, fix it: each step prints what the next one needs."""
    listed = mqlab("quarantine", "list", "--reason", "unstated_format", "--format", "json", lab=lab).json
    row = mqlab("quarantine", "show", listed[-1]["id"], "--row", lab=lab).json
    (lab / "row.json").write_text(json.dumps({**row, "created_at": "2026-02-01"}))

    done = mqlab("quarantine", "fix", 1, "--with", lab / "row.json", *BY, "--because", "asked the team", lab=lab)

    assert (done.code, done.out, done.err) == (0, "Row 1 is fixed: new.\n", "")
    shown = mqlab("quarantine", "show", 1, lab=lab)
    assert "status: fixed" in shown.lines and "by Ada King: asked the team" in shown.out
    assert [one["id"] for one in mqlab("quarantine", "list", "--format", "json", lab=lab).json] == [2]
    assert mqlab("quarantine", "show", 1, "--format", "json", lab=lab).json["steps"][0]["step"] == "fixed"


def test_a_file_read_again_says_what_is_settled(lab: Path):
    """Rows that were settled before are told as such; only open ones send to the list."""
    assert mqlab("quarantine", "discard", 1, *BY, "--because", "a test", lab=lab).code == 0
    some = mqlab("ingest", "leads", lab / "leads.csv", lab=lab)
    assert mqlab("quarantine", "discard", 2, *BY, "--because", "a test", lab=lab).code == 0
    whole = mqlab("ingest", "leads", lab / "leads.csv", lab=lab)

    assert "Of these 1 was settled before: mqlab quarantine list --status all" in some.lines
    assert "See why with: mqlab quarantine list" in some.lines
    assert "All 2 were settled before: mqlab quarantine list --status all" in whole.lines
    assert "See why with" not in whole.out
    assert mqlab("ingest", "leads", lab / "leads.csv", "--format", "json", lab=lab).json["settled"] == 2


def test_what_is_printed_names_nobody(lab: Path):
    """Neither the address nor the number of the person in a bad row is shown or stored."""
    shown = mqlab("quarantine", "show", 1, lab=lab).out + mqlab("quarantine", "list", lab=lab).out
    stored = b"".join(path.read_bytes() for path in (lab / ".mqlab").iterdir())

    assert "ada@" not in shown.casefold() and "123456" not in shown
    assert b"ada@" not in stored.lower() and b"123456" not in stored


def test_a_row_that_stays_open_is_a_no(lab: Path):
    """Exit 1, and the answer on stdout says why; as JSON too."""
    done = mqlab("quarantine", "release", 1, *BY, lab=lab)
    data = mqlab("quarantine", "release", "--all", *BY, "--format", "json", lab=lab)

    assert (done.code, data.code) == (1, 1)
    assert done.out.startswith("Row 1 is open. The date is not written as 2026-07-01")
    assert [(one["id"], one["status"]) for one in data.json] == [(1, "open"), (2, "open")]


def test_rows_are_discarded_with_a_reason(lab: Path):
    """Discarding says why, can be listed, and a second time is refused."""
    done = mqlab("quarantine", "discard", 1, 2, *BY, "--because", "a test file", "--format", "json", lab=lab)
    again = mqlab("quarantine", "discard", 1, *BY, "--because", "a test file", lab=lab)

    assert [one["status"] for one in done.json] == ["discarded", "discarded"]
    assert (again.code, again.out) == (2, "") and "row 1 was discarded already" in again.err
    assert mqlab("quarantine", "list", lab=lab).out == "Nothing is quarantined.\n"
    assert mqlab("quarantine", "list", "--status", "discarded", "--kind", "events", lab=lab).out == "No such row.\n"
    rows = mqlab("quarantine", "list", "--status", "all", "--format", "json", lab=lab).json
    assert [row["status"] for row in rows] == ["discarded", "discarded"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["release", *BY], "say which rows", id="no rows"),
        pytest.param(["release", 1, "--all", *BY], "say which rows", id="rows and all"),
        pytest.param(["release", 9, *BY], "no quarantined row 9", id="no such row"),
        pytest.param(["list", "--reason", "unstated_formt"], "Did you mean 'unstated_format'?", id="reason"),
        pytest.param(["fix", 1, "--with", "nowhere.json", *BY], "no such file", id="no file"),
        pytest.param(["discard", 1, *BY, "--because", ""], "needs a reason", id="no reason"),
        pytest.param(["discard", 1, "--because", "x"], "--by", id="nobody"),
    ],
)
def test_what_cannot_be_done_is_told(lab: Path, arguments: list[object], said: str):
    """Bad input is exit 2 with one message, and changes nothing."""
    done = mqlab("quarantine", *arguments, lab=lab)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(mqlab("quarantine", "list", "--format", "json", lab=lab).json) == 2


def test_nothing_is_wider_than_the_terminal(lab: Path):
    """Lists with a status, and answers, fit into 80 columns; only a masked address is longer, being one word."""
    for arguments in (["list", "--status", "all"], ["show", 1], ["release", "--all", *BY]):
        lines = mqlab("quarantine", *arguments, lab=lab).lines
        assert [line for line in lines if len(line) > 80 and "sha256:" not in line] == []
