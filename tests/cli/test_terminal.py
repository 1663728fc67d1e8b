"""What people see: nothing wider than 80 columns, nothing cut, and the same bytes for the same question."""

from __future__ import annotations

from pathlib import Path

import pytest

from mqlab.cli.output import json_text
from mqlab.lab import Lab
from mqlab.lab.report import html
from tests.cli.runner import mqlab
from tests.cli.small_lab import LOOK

NAME = "demo-requests"
AS_OF = ("--as-of", "2026-06-30")
LONG = "Does-a-title-with-a-very-long-word-and-many-more-words really fit into eighty columns of a terminal, or not?"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["analyze", NAME, *AS_OF], id="analyze"),
        pytest.param(["analyze", NAME, "--as-of", "2026-01-20"], id="analyze early"),
        pytest.param(["why", "L0001"], id="why"),
        pytest.param(["why", "L0200", "--experiment", NAME, *AS_OF], id="why in an experiment"),
        pytest.param(["definitions", "list"], id="definitions list"),
        pytest.param(["definitions", "describe", "points"], id="describe"),
        pytest.param(["definitions", "diff", "points@1.0.0", "points@1.1.0"], id="diff"),
        pytest.param(["experiments", "list"], id="experiments list"),
        pytest.param(["experiments", "show", NAME], id="experiments show"),
        pytest.param(["experiments", "status"], id="experiments status"),
        pytest.param(["assign", NAME, "leads.csv"], id="assign"),
        pytest.param(["definitions", "score", "points", "--at", "2026-06-30"], id="score"),
        pytest.param(["backtest", "points", *AS_OF], id="backtest"),
        pytest.param(["quarantine", "list"], id="quarantine"),
        pytest.param(["report", "feedback", "2026-02", *AS_OF], id="report feedback"),
    ],
)
def test_nothing_is_wider_than_the_terminal(fed_folder: Path, arguments: list[str]):
    """Every line of every table fits into 80 columns, with long titles too."""
    for path in (fed_folder / "definitions" / "points@1.0.0.yaml", fed_folder / "experiments" / f"{NAME}.yaml"):
        text = path.read_text()
        title = next(line for line in text.splitlines() if line.startswith("title:"))
        path.write_text(text.replace(title, f"title: {LONG}"))
    (fed_folder.parent / "leads.csv").write_text("lead_id,created_at\n" + "L" * 60 + ",2026-01-10\n")
    typed = [fed_folder.parent / "leads.csv" if part == "leads.csv" else part for part in arguments]

    done = mqlab(*typed, lab=fed_folder)

    assert (done.code, done.err) == (0, "")
    assert [line for line in done.lines if len(line) > 80] == []
    assert [
        line for line in done.lines if line != line.rstrip() and "list" not in arguments and "assign" not in typed
    ] == []


def test_findings_are_wrapped_at_words(draft_lab: Path):
    """What `check` says is broken between words; only a path may be longer than the terminal."""
    done = mqlab("check", lab=draft_lab)

    assert [line for line in done.lines if len(line) > 80 and not line.startswith("/")] == []
    assert "0 errors, 2 warnings" in done.out


def test_markup_in_a_name_is_text(draft_lab: Path):
    """A title that looks like markup of the terminal library is printed as it stands."""
    path = draft_lab / "definitions" / "points@1.0.0.yaml"
    path.write_text(path.read_text().replace("title: Points for size and pricing visits", 'title: "[bold]A[/x] B"'))

    done = mqlab("definitions", "list", lab=draft_lab)

    assert done.code == 0
    assert "[bold]A[/x] B" in done.out


def test_a_file_that_cannot_be_used_does_not_hide_the_others(draft_lab: Path):
    """The lists name the bad file and show the rest."""
    (draft_lab / "definitions" / "bad@1.0.0.yaml").write_text("kind: [")
    (draft_lab / "experiments" / "bad.yaml").write_text("kind: [")

    definitions = mqlab("definitions", "list", lab=draft_lab)
    experiments = mqlab("experiments", "list", lab=draft_lab)

    assert (definitions.code, experiments.code) == (0, 0)
    assert "points@1.1.0" in definitions.out and "bad@1.0.0" in definitions.out
    assert NAME in experiments.out and "unusable" in experiments.out


def test_a_past_result_is_the_same_bytes_after_a_later_import(fed_folder: Path):
    """The same instant and ledger position give the same bytes, as text, JSON and report, after more came in."""
    lab = Lab.open(fed_folder)
    position = lab.ledger.position()
    before = lab.analyze(NAME, as_of=LOOK, ledger=position)
    later = fed_folder.parent / "later.csv"
    later.write_text(
        "lead_id,kind,occurred_at,known_at,opportunity_id,amount,currency\n"
        + "".join(f"L{n:04d},sql,2026-02-20T10:00:00Z,2026-03-01T10:00:00Z,,,\n" for n in range(100))
        + "".join(f"L{n:04d},closed_won,2026-02-21T10:00:00Z,2026-03-02T10:00:00Z,N{n},900,EUR\n" for n in range(50))
    )

    assert mqlab("ingest", "outcomes", later, lab=fed_folder).code == 0
    after = lab.analyze(NAME, as_of=LOOK, ledger=position)
    now = lab.analyze(NAME, as_of=LOOK)

    assert (str(before), json_text(before.to_dict()), html(before)) == (
        str(after), json_text(after.to_dict()), html(after)
    )  # fmt: skip
    assert str(now) != str(after)


def test_score_says_points_and_reasons(draft_lab: Path):
    """Each lead is a block within 80 columns; what the definition does not declare is told on stderr alone."""
    path = draft_lab.parent / "leads.jsonl"
    path.write_text(
        '{"lead_id": "big", "created_at": "2026-07-01", "fields": {"employees": 400, "emploees": 4, "zzz": 1}, '
        '"events": [{"name": "page_view", "occurred_at": "2026-07-02T09:00:00Z", "props": {"path": "/pricing"}}]}\n'
        '{"lead_id": "' + "L" * 100 + '", "created_at": "2026-07-01T08:00:00Z", "fields": {"employees": "N/A"}}\n'
    )

    done = mqlab("definitions", "score", "points@1.0.0", "--lead", path, "--at", "2026-07-10", lab=draft_lab)

    assert done.code == 0
    assert [line for line in done.lines + done.err.splitlines() if len(line) > 80 or line != line.rstrip()] == []
    assert done.lines[0] == "Judged by points@1.0.0 at 2026-07-10 23:59:59 (Europe/Berlin)"
    assert done.lines[2:10] == [
        "big",
        "  verdict         MQL",
        "  path            score",
        "  qualified at    2026-07-02 11:00:00",
        "  holds now       yes",
        "  scores          points 50",
        "  rules           +40 size",
        "                  +10 pricing, from 1 event, the latest at 2026-07-02 11:00:00",
    ]
    assert "  not known       employees" in done.lines
    assert " ".join(done.err.split()) == (
        "Not declared by points@1.0.0 and not read: emploees (did you mean 'employees'?), zzz"
    )
