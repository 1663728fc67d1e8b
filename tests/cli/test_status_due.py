"""`mqlab experiments status --due`, as cron runs it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.runner import mqlab

STATUS = ("experiments", "status", "--due")


def test_the_exit_code_says_whether_anything_is_due(fed_once: Path):
    """0 and a sentence the day before the look; 1 on the morning after it, with what to do."""
    quiet = mqlab(*STATUS, "--as-of", "2026-04-14", lab=fed_once)
    due = mqlab(*STATUS, "--as-of", "2026-04-15", lab=fed_once)

    assert (quiet.code, quiet.out, quiet.err) == (0, "Nothing is due. Running: demo-requests.\n", "")
    assert (due.code, due.err) == (1, "")
    said = " ".join(due.out.split())
    assert said == (
        "demo-requests: the look of 2026-04-15 is due. Take it with: mqlab analyze demo-requests --as-of 2026-04-15"
    )


def test_json_holds_the_same(fed_once: Path):
    """Nothing else is on stdout, and the exit code is the same."""
    done = mqlab(*STATUS, "demo-requests", "--as-of", "2026-04-15", "--format", "json", lab=fed_once)

    assert done.code == 1
    assert done.json["as_of"] == "2026-04-15T21:59:59.999999Z"
    assert done.json["experiments"] == ["demo-requests"]
    assert [(one["experiment"], one["what"]) for one in done.json["due"]] == [("demo-requests", "look")]
    assert set(done.json["due"][0]) == {"experiment", "what", "detail", "do"}


def test_a_lab_in_which_nothing_runs_is_fine(draft_lab: Path):
    """No ledger, no start: nothing is due."""
    done = mqlab(*STATUS, lab=draft_lab)

    assert (done.code, done.out) == (0, "Nothing is due. No experiment is running.\n")


def test_status_takes_an_instant_too(fed_once: Path):
    """Without --due it says how things stood then."""
    done = mqlab("experiments", "status", "--as-of", "2026-01-01", "--format", "json", lab=fed_once)

    assert (done.code, done.json[0]["state"], done.json[0]["next_look"]) == (0, "draft", "2026-04-15")
