"""Exit codes: 0 fine, 1 the answer is no, 2 usage or bad input, 3 a store that cannot be reached."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.runner import mqlab

NAME = "demo-requests"
READING = (
    ["analyze", NAME],
    ["why", "L0001"],
    ["report", "experiment", NAME],
    ["backtest", "points@1.1.0"],
)


def test_a_printed_result_is_fine_whatever_its_verdict(fed_once: Path):
    """`analyze` ends with 0 even where the verdict is no; `--exit-on` makes that verdict, and no other, a 1."""
    arguments = ["analyze", NAME, "--as-of", "2026-06-30", "--format", "json"]
    plain = mqlab(*arguments, lab=fed_once)
    call = plain.json["verdict"]["call"]
    other = "ship" if call != "ship" else "harm"

    assert plain.code == 0
    asked = mqlab(*arguments, "--exit-on", other, "--exit-on", call, lab=fed_once)
    assert (asked.code, asked.out, asked.err) == (1, plain.out, f"the verdict is {call}.\n")


def test_findings_of_lint_and_errors_of_check_are_a_no(draft_lab: Path):
    """A warning is a 1 for `lint` and fine for `check`; an error is a 1 for both."""
    assert mqlab("definitions", "lint", lab=draft_lab).code == 1
    assert mqlab("check", lab=draft_lab).code == 0

    path = draft_lab / "mqlab.toml"
    path.write_text(path.read_text().replace("points@1.0.0", "points@1.0.9"))
    done = mqlab("check", "--format", "json", lab=draft_lab)

    row = next(row for row in done.json if row["code"] == "UnknownDefinition")
    assert (done.code, row["file"]) == (1, str(path))
    assert "points@1.0.0" in row["hint"]


@pytest.mark.parametrize("arguments", READING, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param(["--as-of", "2026-13-01"], "neither a date nor an instant", id="no such month"),
        pytest.param(["--as-of", ""], "neither a date nor an instant", id="empty"),
        pytest.param(["--as-of", "2026-W01-1"], "neither a date nor an instant", id="week date"),
        pytest.param(["--as-of", "2026-06-30T10:00"], "has no time zone", id="no zone"),
        pytest.param(["--as-of", "0001-01-01"], "1900 to 2199", id="the year 1"),
        pytest.param(["--as-of", "9999-12-31"], "1900 to 2199", id="the year 9999"),
        pytest.param(["--as-of", "9999-12-31T23:59:59-12:00"], "1900 to 2199", id="beyond the calendar"),
        pytest.param(["--as-of", "1e400"], "neither a date nor an instant", id="a number"),
    ],
)
def test_a_wrong_as_of_is_bad_input(fed_once: Path, arguments: list[str], more: list[str], said: str):
    """An instant that is none, or that no clock has, is told with what would be right."""
    done = mqlab(*arguments, *more, lab=fed_once)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


@pytest.mark.parametrize("position", ["99", "9" * 30], ids=["ahead", "huge"])
def test_a_ledger_position_not_reached_is_bad_input(fed_once: Path, position: str):
    """`--ledger` beyond the latest position names the latest."""
    done = mqlab("analyze", NAME, "--ledger", position, lab=fed_once)

    assert (done.code, done.out) == (2, "")
    assert "latest position is" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["analyze", "demo-request"], "Did you mean 'demo-requests'?", id="experiment"),
        pytest.param(["why", "L00011"], "Did you mean 'L0", id="lead"),
        pytest.param(["why", "L0001", "--experiment", "demo"], "demo-requests", id="experiment of why"),
        pytest.param(["definitions", "show", "pionts"], "Did you mean 'points'?", id="definition"),
        pytest.param(["definitions", "show", "points@1.0.1"], "Did you mean 'points@1.0.0'?", id="version"),
        pytest.param(["definitions", "approve", "points", "--team", "sale", "--by", "A"], "'sales'", id="team"),
        pytest.param(["definitions", "diff", "points", "points", "--format", "yaml"], "markdown", id="format"),
        pytest.param(["report", "quarter", "2026Q1", "--to", "x.html"], "--to 'x.html' is no format", id="path"),
        pytest.param(["report", "quarter", "2026Q1", "--to", "x.html"], "say --out x.html.", id="path next"),
        pytest.param(["report", "feedback", "2026-01", "--format", "pd"], "Say one of table, json,", id="none of many"),
        pytest.param(["analyze", NAME, "--exit-on", "blocke"], "Did you mean 'blocked'?", id="verdict"),
        pytest.param(["quarantine", "show", "12"], "12", id="quarantined row"),
        pytest.param(["quarantine", "show", "9" * 30], "Invalid value", id="huge row"),
        pytest.param(["quarantine", "list", "--limit", "9" * 30], "Invalid value", id="huge limit"),
        pytest.param(["analyse", NAME], "analyze", id="command"),
        pytest.param(["definitions", "import", "nowhere.csv", "--id", "x"], "nowhere.csv", id="table"),
        pytest.param(["assign", NAME, "nowhere.csv"], "nowhere.csv", id="leads"),
        pytest.param(["why", "\udcff"], "UTF-8", id="no text"),
    ],
)
def test_a_typo_is_bad_input_with_the_nearest_name(fed_once: Path, arguments: list[str], said: str):
    """Whatever is misspelt, the message names it and the nearest thing there is."""
    done = mqlab(*arguments, *([] if arguments[0] == "analyse" else ["--lab", fed_once]))

    assert (done.code, done.out) == (2, "")
    assert said in done.err


@pytest.mark.parametrize("place", ["nowhere", "empty", "file"])
def test_where_there_is_no_lab_the_message_says_how_to_make_one(tmp_path: Path, place: str):
    """A folder that is missing, empty, or a file is no lab."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")

    done = mqlab("check", lab=tmp_path / place)

    assert (done.code, done.out) == (2, "")
    assert "mqlab.toml" in done.err


def test_from_a_folder_without_a_lab_the_ways_on_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without --lab, outside of any lab, the message names the three ways on."""
    monkeypatch.chdir(tmp_path)

    done = mqlab("check")

    assert done.code == 2
    assert "--lab" in done.err and "mqlab init" in done.err


def test_a_lab_without_its_folders_is_told(tmp_path: Path):
    """A lab whose definitions are missing says so; one without experiments has none."""
    (tmp_path / "mqlab.toml").write_text("[lab]\nname = 'x'\n")

    assert mqlab("check", lab=tmp_path).code == 2
    (tmp_path / "definitions").mkdir()
    assert mqlab("check", lab=tmp_path).code == 0
    assert mqlab("experiments", "list", "--format", "json", lab=tmp_path).json == []


def test_no_leads_and_no_ledger_is_an_answer(draft_lab: Path):
    """`analyze` of a draft without any lead says so in every number: not estimable, never a zero, and not due."""
    done = mqlab("analyze", NAME, "--format", "json", lab=draft_lab)

    assert done.code == 0
    assert done.json["ledger"] == 0
    assert done.json["verdict"]["call"] != "ship"
    assert all("not_estimable" in row["control"]["value"] for row in done.json["metrics"])
    assert mqlab("analyze", NAME, lab=draft_lab).code == 0


def test_one_arm_without_a_lead_is_an_answer(draft_lab: Path):
    """With leads in one arm only nothing can be compared, and nothing fails."""
    rows = mqlab("assign", NAME, _leads(draft_lab, 40), "--format", "json", lab=draft_lab).json
    one = [row["lead_id"] for row in rows if row["arm"] == "current"]
    assert mqlab("ingest", "leads", _leads(draft_lab, 40, only=one), lab=draft_lab).code == 0

    done = mqlab("analyze", NAME, "--as-of", "2026-06-30", "--format", "json", lab=draft_lab)
    shown = mqlab("analyze", NAME, "--as-of", "2026-06-30", lab=draft_lab)
    report = mqlab("report", "experiment", NAME, "--as-of", "2026-06-30", lab=draft_lab)

    primary = [row for row in done.json["metrics"] if row["role"] == "primary"]
    assert (done.code, shown.code, report.code) == (0, 0, 0)
    assert all("not_estimable" in row["treatment"]["value"] for row in primary)
    assert done.json["verdict"]["call"] not in ("ship", "harm")


def test_output_that_cannot_be_written_is_told():
    """Where stdout has no room the command ends with 3 and one line."""
    command = [sys.executable, "-m", "mqlab.cli.main", "schema"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


def test_a_closed_pipe_is_no_failure():
    """`mqlab … | head` ends quietly."""
    done = subprocess.run(
        f"'{sys.executable}' -m mqlab.cli.main schema | true", shell=True, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")


def _leads(lab: Path, count: int, only: list[str] | None = None) -> Path:
    names = only if only is not None else [f"L{n:03d}" for n in range(count)]
    path = lab.parent / "leads.csv"
    path.write_text("lead_id,created_at\n" + "".join(f"{name},2026-01-10T10:00:00Z\n" for name in names))
    return path
