"""Experiment files and steps that cannot be: each refused in words, and the log stays as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mqlab.lab import Lab
from tests.cli.runner import mqlab
from tests.cli.small_lab import EXPERIMENT

NAME = "demo-requests"


def edit(lab: Path, *changes: tuple[str, str]) -> Path:
    """Replace texts in the experiment's file; each must stand in it."""
    path = lab / "experiments" / f"{NAME}.yaml"
    text = path.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)
    return path


def approve(lab: Path, *refs: str) -> None:
    """Both teams approve."""
    for ref in refs or ("points@1.0.0", "points@1.1.0"):
        for team in ("marketing", "sales"):
            assert mqlab("definitions", "approve", ref, "--team", team, "--by", "Ada", lab=lab).code == 0


def log(lab: Path) -> list[str]:
    """The steps the ledger holds."""
    return [step.step for step in Lab.open(lab).reading.experiments.log(NAME)]


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        pytest.param("owner: growth", "ownr: growth", "UnknownKey", "Did you mean 'owner'?", id="unknown key"),
        pytest.param("source != 'partner'", "sorce != 'x'", "UnknownField", "source", id="unknown field"),
        pytest.param("source != 'partner'", "employees == 'many'", "TypeMismatch", "number", id="type mismatch"),
        pytest.param("points@1.1.0", "points@1.1.1", "UnknownDefinition", "points@1.1.0", id="unknown definition"),
        pytest.param("metric: sql_per_lead", "metric: sqls_per_lead", None, "sql_per_lead", id="unknown metric"),
        pytest.param("coverage: 100%", "coverage: 100", None, "%", id="share without percent"),
        pytest.param("to: 2026-03-01", "to: 2026-02-30", None, "2026-02-30", id="no such day"),
        pytest.param("to: 2026-03-01", "to: 2025-03-01", None, "", id="ends before it begins"),
        pytest.param("Europe/Berlin", "Mars/Olympus", None, "Mars/Olympus", id="unknown zone"),
        pytest.param("control: current", "control: curent", None, "current", id="unknown control"),
        pytest.param("weight: 1}", "weight: -1}", None, "weight", id="negative weight"),
        pytest.param("alpha: 0.05", "alpha: 1.5", None, "alpha", id="alpha beyond one"),
        pytest.param("alpha: 0.05", "alpha: .nan", None, "alpha", id="alpha is no number"),
        pytest.param("maximum_leads: 240", "maximum_leads: 1e400", None, "maximum_leads", id="infinite leads"),
        pytest.param("horizon: 30d", "horizon: 30", None, "30", id="horizon without unit"),
        pytest.param("source != 'partner'", "source.__class__ != 'x'", "NotAllowed", "", id="attribute access"),
        pytest.param("source != 'partner'", "count(page_view) > 1", None, "", id="eligible reads events"),
    ],
)
def test_a_bad_protocol_is_told_with_its_line(
    draft_lab: Path, old: str, new: str, code: str | None, said: str
):  # fmt: skip
    """A protocol that cannot be used ends with exit 2, its file and line, and what would be right."""
    path = edit(draft_lab, (old, new))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if new in text)

    done = mqlab("experiments", "show", NAME, lab=draft_lab)

    assert (done.code, done.out) == (2, "")
    assert f"{path}:{line}" in done.err
    assert said in done.err
    assert code is None or f"({code})" in done.err


def test_a_guardrail_that_cannot_mature_is_refused_with_the_date_that_works(draft_lab: Path):
    """A guardrail due after the last look fails check and start, and the message names the earliest date that works."""
    edit(draft_lab, ("horizon: 60d, margin: 10%", "horizon: 180d, margin: 10%"))
    approve(draft_lab)

    check = mqlab("check", "--format", "json", lab=draft_lab)
    start = mqlab("experiments", "start", NAME, "--by", "Ada", lab=draft_lab)

    row = next(row for row in check.json if row["code"] == "NeverMature")
    assert (check.code, row["severity"]) == (1, "error")
    assert "2026-08-29" in row["hint"]
    assert start.code == 2
    assert f"{draft_lab}/experiments/{NAME}.yaml:{row['line']}" in start.err
    assert log(draft_lab) == []
    assert not (draft_lab / "definitions" / "definitions.lock").exists()


def test_start_needs_both_teams_for_each_definition(draft_lab: Path):
    """Without approvals the experiment does not start: every missing one is named and nothing is locked."""
    approve(draft_lab, "points@1.0.0")
    mqlab("definitions", "approve", "points@1.1.0", "--team", "sales", "--by", "Ada", lab=draft_lab)

    done = mqlab("experiments", "start", NAME, "--by", "Ada", lab=draft_lab)

    assert done.code == 2
    assert "points@1.1.0: marketing" in done.err
    assert "points@1.0.0" not in done.err
    assert log(draft_lab) == []
    assert not (draft_lab / "definitions" / "definitions.lock").exists()


def test_a_change_of_meaning_voids_an_approval(draft_lab: Path):
    """An approval is for one meaning: after an edit it is missing again, and the message says for what it was."""
    approve(draft_lab)
    path = draft_lab / "definitions" / "points@1.1.0.yaml"
    path.write_text(path.read_text().replace(">= 1", ">= 2"))

    done = mqlab("experiments", "start", NAME, "--by", "Ada", lab=draft_lab)

    assert done.code == 2
    assert "was for another meaning" in done.err


def test_an_experiment_starts_once(draft_lab: Path):
    """A second start is refused and leaves one step in the log."""
    approve(draft_lab)

    first = mqlab("experiments", "start", NAME, "--by", "Ada", lab=draft_lab)
    second = mqlab("experiments", "start", NAME, "--by", "Bob", lab=draft_lab)

    assert (first.code, second.code) == (0, 2)
    assert "already been started" in second.err
    assert log(draft_lab).count("start") == 1


def test_a_started_protocol_may_not_be_edited(fed_folder: Path):
    """A changed key of a running experiment is told by check and refuses every later step, naming the change."""
    edit(fed_folder, ("minimum_effect: 5%", "minimum_effect: 1%"))
    before = log(fed_folder)

    check = mqlab("check", "--format", "json", lab=fed_folder)
    decide = mqlab("experiments", "decide", NAME, "--call", "keep", "--by", "A", "--because", "b", lab=fed_folder)

    row = next(row for row in check.json if row["code"] == "ProtocolChanged")
    assert (check.code, decide.code) == (1, 2)
    assert row["line"] == next(n for n, text in enumerate(EXPERIMENT.splitlines(), 1) if "minimum_effect" in text)
    assert "5%" in row["message"] and "1%" in row["message"]
    assert "1%" in decide.err
    assert before == log(fed_folder)


def test_two_experiments_may_not_share_units_by_accident(draft_lab: Path):
    """One salt in two files, or slices of a layer that overlap, are told at the line of the second."""
    text = EXPERIMENT.replace("id: demo-requests", "id: second")
    (draft_lab / "experiments" / "second.yaml").write_text(text)

    check = mqlab("check", "--format", "json", lab=draft_lab)

    row = next(row for row in check.json if row["code"] == "DuplicateSalt")
    assert check.code == 1
    assert (Path(row["file"]).name, row["line"]) == ("second.yaml", 8)


def test_a_file_must_be_called_by_its_id(draft_lab: Path):
    """An experiment whose file has another name is told."""
    (draft_lab / "experiments" / f"{NAME}.yaml").rename(draft_lab / "experiments" / "other.yaml")

    check = mqlab("check", "--format", "json", lab=draft_lab)

    assert check.code == 1
    assert "WrongFileName" in {row["code"] for row in check.json}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["show", "demo-request"], "Did you mean 'demo-requests'?", id="typo"),
        pytest.param(["show", "../demo-requests"], "there is no experiment", id="path"),
        pytest.param(["start", NAME, "--by", " "], "needs a name", id="start by nobody"),
        pytest.param(["stop", NAME, "--by", "A", "--because", "b"], "is a draft", id="stop a draft"),
        pytest.param(["decide", NAME, "--call", "shp", "--by", "A", "--because", "b"], "'ship'", id="call"),
        pytest.param(["decide", NAME, "--call", "ship", "--by", "A", "--because", "b"], "is a draft", id="draft"),
        pytest.param(["ramp", NAME, "--coverage", "50", "--from", "2026-01-09", "--by", "A"], "50%", id="share"),
        pytest.param(["ramp", NAME, "--coverage", "50%", "--from", "soon", "--by", "A"], "'soon'", id="instant"),
        pytest.param(["ramp", NAME, "--coverage", "50%", "--from", "2026-01-09", "--by", "A"], "is a draft", id="ramp"),
    ],
)
def test_a_step_that_cannot_be_is_refused(draft_lab: Path, arguments: list[str], said: str):
    """Each impossible step ends with exit 2 and a reason, and writes no step."""
    done = mqlab("experiments", *arguments, lab=draft_lab)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert log(draft_lab) == []


@pytest.mark.parametrize("how", ["edited", "broken", "deleted", "renamed", "other id"])
def test_lists_stay_json_whatever_became_of_the_file(fed_folder: Path, how: str):
    """List, show and status of a started experiment end with 0 and JSON that says what is wrong with its file."""
    path = fed_folder / "experiments" / f"{NAME}.yaml"
    if how == "deleted":
        path.unlink()
    elif how == "renamed":
        path.rename(path.with_name("other.yaml"))
    else:
        edit(fed_folder, {"edited": ("weight: 1}", "weight: 2}"), "broken": ("kind:", "knd:"),
                          "other id": ("id: demo-requests", "id: other")}[how])  # fmt: skip
    state = {"edited": "changed", "broken": "unusable", "other id": "unusable"}.get(how, "missing")

    for command in (["list"], ["show", NAME], ["status"], ["status", NAME]):
        done = mqlab("experiments", *command, "--format", "json", lab=fed_folder)
        shown = mqlab("experiments", *command, lab=fed_folder)
        rows = done.json if isinstance(done.json, list) else [done.json]

        row = next(row for row in rows if row["experiment"] == NAME)
        assert (done.code, done.err, shown.code) == (0, "", 0)
        assert (row["state"], row["file"]) == ("enrolment closed", state)
        assert row["problem"]
        assert [line for line in shown.lines if len(line) > 80] == []
    assert mqlab("check", lab=fed_folder).code == 1


def test_a_broken_draft_does_not_hide_the_others(fed_folder: Path):
    """One file that cannot be used is a row of its own; asked for by name it is an error with its line."""
    (fed_folder / "experiments" / "second.yaml").write_text("kind: nothing\n")

    rows = mqlab("experiments", "status", "--format", "json", lab=fed_folder).json

    assert [(row["experiment"], row["file"]) for row in rows] == [(NAME, "fine"), ("second", "unusable")]
    assert mqlab("experiments", "status", lab=fed_folder).code == 0
    assert mqlab("experiments", "status", "second", lab=fed_folder).code == 2


def test_assign_refuses_an_edited_experiment(fed_folder: Path):
    """`assign` of a started experiment whose salt was edited ends with 2 and names the change."""
    edit(fed_folder, ("salt: demo-requests", "salt: other"))
    leads = fed_folder.parent / "leads.csv"
    leads.write_text("lead_id,created_at\nA1,2026-01-10\n")

    done = mqlab("assign", NAME, leads, "--format", "json", lab=fed_folder)

    assert (done.code, done.out) == (2, "")
    assert "the salt changes from demo-requests to other" in done.err


def test_a_late_start_is_said_loudly(draft_lab: Path):
    """After the enrolment a start warns on stderr, in words; stdout stays what it is."""
    approve(draft_lab)

    done = mqlab("experiments", "start", NAME, "--by", "Ada", "--format", "json", lab=draft_lab)

    assert done.code == 0
    assert len(done.json["late_start"]) == 2
    assert "Warning: The enrolment ended on 2026-03-01" in " ".join(done.err.split())
    assert "2026-04-15, 2026-06-30" in " ".join(done.err.split())


def test_a_state_reads_well(draft_lab: Path):
    """What start and stop say is a sentence, and a second stop says that it was the second."""
    approve(draft_lab)

    begun = mqlab("experiments", "start", NAME, "--by", "Ada", lab=draft_lab)
    ended = [mqlab("experiments", "stop", NAME, "--by", "A", "--because", "b", lab=draft_lab) for _ in range(2)]

    assert begun.out == f"The enrolment of {NAME} is closed.\n"
    assert ended[0].out == f"{NAME} is stopped.\n"
    assert (ended[1].code, ended[1].out) == (2, "")
    assert "is stopped already" in ended[1].err


def test_a_ramp_is_told_without_fingerprints(draft_lab: Path):
    """For people a ramp shows the phases; the fingerprints of the definitions are in the JSON."""
    year = datetime.now(UTC).year + 2
    edit(draft_lab, ("coverage: 100%", "coverage: 20%"), ("2026-", f"{year}-"))
    approve(draft_lab)
    assert mqlab("experiments", "start", NAME, "--by", "Ada", lab=draft_lab).err == ""
    typed = ["experiments", "ramp", NAME, "--by", "Ada", "--from"]

    shown = mqlab(*typed, f"{year}-01-20", "--coverage", "50%", lab=draft_lab)
    data = mqlab(*typed, f"{year}-01-30", "--coverage", "80%", "--format", "json", lab=draft_lab)

    assert (shown.code, data.code) == (0, 0)
    assert "50%" in shown.out
    assert "{" not in shown.out and "definitions" not in shown.out
    assert set(data.json["definitions"]) == {"points@1.0.0", "points@1.1.0"}


def test_a_lead_that_stands_twice_is_noted(draft_lab: Path):
    """`assign` answers each row, and says on stderr that a lead stands in the file more than once."""
    leads = draft_lab.parent / "leads.csv"
    leads.write_text("lead_id,created_at\nA1,2026-01-10\nA2,2026-01-10\nA1,2026-01-11\n")

    done = mqlab("assign", NAME, leads, "--format", "json", lab=draft_lab)

    assert [row["lead_id"] for row in done.json] == ["A1", "A2", "A1"]
    assert "'A1' more than once" in " ".join(done.err.split())


def test_assign_refuses_a_lead_of_a_day_to_come(draft_lab: Path):
    """`ingest` sets such a row aside; here an answer is owed for every row, so the file is refused with its line."""
    leads = draft_lab.parent / "leads.csv"
    leads.write_text("lead_id,created_at\nA1,2026-01-10\nA2,2162-01-10\nA3,\n")

    done = mqlab("assign", NAME, leads, "--format", "json", lab=draft_lab)

    assert (done.code, done.out) == (2, "")
    assert f"{leads}:3" in done.err
    assert "of a day to come; correct the date. created_at: 2162-01-" in " ".join(done.err.split())


def test_assign_takes_a_mapping(draft_lab: Path):
    """`assign --mapping` reads a file with its own column names, as `ingest` does."""
    mapping, leads = draft_lab / "own.yaml", draft_lab.parent / "leads.csv"
    mapping.write_text("kind: crm-preset/v1\nid: own\nleads: {id: Person, created_at: Since}\n")
    leads.write_text("Person,Since\nA1,2026-01-10\n")

    done = mqlab("assign", NAME, leads, "--mapping", mapping, "--format", "json", lab=draft_lab)
    plain = mqlab("assign", NAME, leads, lab=draft_lab)

    assert [row["lead_id"] for row in done.json] == ["A1"]
    assert plain.code == 2
