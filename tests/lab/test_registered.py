"""A started experiment is governed by what was registered: edited files are refused, missing ones are missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mqlab.errors import InputError, MqlabError, RefusedError
from mqlab.lab import Lab
from mqlab.leads.records import Lead
from tests.cli.small_lab import EXPERIMENT, LOOK, START

NAME = "demo-requests"
AT = datetime(2026, 1, 20, 9, tzinfo=UTC)
LEAD = Lead("new", AT, "organic", fields={"employees": 4.0})


def file_of(lab: Lab) -> Path:
    return lab.folder / "experiments" / f"{NAME}.yaml"


def edit(lab: Lab, old: str, new: str) -> Lab:
    """The lab, opened again after a text of the experiment's file was replaced."""
    text = file_of(lab).read_text()
    assert old in text
    file_of(lab).write_text(text.replace(old, new))
    return Lab.open(lab.folder)


EDITS = [
    pytest.param("salt: demo-requests", "salt: other", "the salt changes from demo-requests to other", id="salt"),
    pytest.param("coverage: 100%", "coverage: 10%", "10%", id="coverage of a phase that began"),
    pytest.param("definition: points@1.1.0, weight: 1", "definition: points@1.1.0, weight: 9", "9", id="weight"),
    pytest.param("to: 2026-03-01", "to: 2026-03-02", "the last day of enrolment changes", id="last day"),
]


@pytest.mark.parametrize(("old", "new", "said"), EDITS)
def test_an_edited_file_assigns_and_decides_nothing(fed: Lab, old: str, new: str, said: str):
    """Every verb that would place a lead by the edited file is refused with the change in words; nothing is written."""
    lab = edit(fed, old, new)
    feed = lab.folder / "feed.csv"
    feed.write_text("lead_id,created_at\nA1,2026-01-10\n")
    before = lab.reading.position()

    for verb in (
        lambda: lab.assign(LEAD, NAME, as_of=LOOK),
        lambda: lab.assign_file(NAME, feed, as_of=LOOK),
        lambda: lab.decide(LEAD, as_of=AT + timedelta(hours=1)),
        lambda: lab.why("L0001", experiment=None, as_of=LOOK),
        lambda: lab.why("L0001", experiment=NAME, as_of=LOOK),
    ):
        with pytest.raises(RefusedError, match="its file was changed since it started") as caught:
            verb()
        assert said in str(caught.value)
    assert lab.reading.position() == before


def test_an_edited_definition_decides_nothing_either(fed: Lab):
    """Where the meaning of an arm's definition changed, no lead is placed."""
    path = fed.folder / "definitions" / "points@1.1.0.yaml"
    path.write_text(path.read_text().replace(">= 1", ">= 2"))
    lab = Lab.open(fed.folder)

    with pytest.raises(MqlabError, match=r"points@1\.1\.0"):
        lab.decide(LEAD, as_of=AT + timedelta(hours=1))
    with pytest.raises(MqlabError, match=r"points@1\.1\.0"):
        lab.assign(LEAD, NAME, as_of=LOOK)


def test_an_edited_file_is_told_by_analyze_status_and_check(fed: Lab):
    """The analysis is blocked; list, show and status keep to what was registered and name the change; check fails."""
    lab = edit(fed, "to: 2026-03-01", "to: 2026-03-20")

    result = lab.analyze(NAME, as_of=LOOK).result
    rows = [*lab.experiment_rows(LOOK), lab.show_experiment(NAME, LOOK), *lab.status(None, LOOK)]

    assert result.verdict.call == "blocked"
    assert {check.check for check in result.checks if check.status == "fail"} == {"protocol_unchanged"}
    assert [row["file"] for row in rows] == ["changed"] * 3
    assert all("the last day of enrolment changes from 2026-03-01 to 2026-03-20" in row["problem"] for row in rows)
    assert ["2026-03-01" in row["enrolment"] for row in rows[:2]] == [True, True]
    assert [problem.code for problem in lab.check(LOOK) if problem.severity == "error"] == ["ProtocolChanged"]


def test_an_edited_last_day_closes_no_enrolment(fed: Lab):
    """The audit row of the end of enrolment is never written by an edited date."""
    lab = edit(fed, "to: 2026-03-01", "to: 2026-01-10")
    before = [step.step for step in lab.reading.experiments.log(NAME)]
    feed = lab.folder / "feed.csv"
    feed.write_text("lead_id,created_at\nA1,2026-01-10\n")

    lab.ingest("leads", feed, now=LOOK)

    assert before == [step.step for step in lab.reading.experiments.log(NAME)]


def test_rewording_is_no_edit(fed: Lab):
    """Title and owner may change while the experiment runs: leads are placed as before."""
    before = fed.assign(LEAD, NAME, as_of=LOOK)

    lab = edit(fed, "title: Does handing", "title: Whether handing")

    assert lab.assign(LEAD, NAME, as_of=LOOK) == before
    assert [row["file"] for row in lab.experiment_rows(LOOK)] == ["fine"]


@pytest.mark.parametrize("how", ["deleted", "renamed", "another id"])
def test_a_started_experiment_does_not_vanish_with_its_file(fed: Lab, how: str):
    """Without its file the experiment runs on, check fails and names the day, and no lead is judged around it."""
    if how == "deleted":
        file_of(fed).unlink()
    elif how == "renamed":
        file_of(fed).rename(fed.folder / "experiments" / "other.yaml")
    else:
        text = file_of(fed).read_text().replace("id: demo-requests", "id: other")
        file_of(fed).unlink()
        (fed.folder / "experiments" / "other.yaml").write_text(text.replace("salt: demo", "salt: other"))
    lab = Lab.open(fed.folder)

    row = next(row for row in lab.experiment_rows(AT) if row["experiment"] == NAME)
    shown, stands = lab.show_experiment(NAME, AT), lab.status(NAME, AT)[0]
    problem = next(problem for problem in lab.check(AT) if problem.code == "ProtocolGone")

    assert {(one["state"], one["file"]) for one in (row, shown, stands)} == {("running", "missing")}
    assert problem.severity == "error"
    assert "started on 2026-01-04, and its file is gone" in problem.message
    assert "version control" in (problem.hint or "")
    for verb in (
        lambda: lab.decide(LEAD, as_of=AT + timedelta(hours=1)),
        lambda: lab.why("L0001", experiment=None, as_of=LOOK),
        lambda: lab.assign(LEAD, NAME, as_of=LOOK),
        lambda: lab.analyze(NAME, as_of=LOOK),
        lambda: lab.stop(NAME, by="Ada", because="x", at=LOOK),
    ):
        with pytest.raises(InputError, match="its file is gone"):
            verb()


def test_a_file_that_holds_another_experiment_is_not_taken_for_it(fed: Lab):
    """With another id in the file of a started experiment, nothing is placed and check says which name it needs."""
    lab = edit(fed, "id: demo-requests", "id: other")

    with pytest.raises(InputError, match="holds the experiment 'other'") as caught:
        lab.decide(LEAD, as_of=AT + timedelta(hours=1))

    assert caught.value.problem.place.line == 2
    assert {problem.code for problem in lab.check(AT) if problem.severity == "error"} >= {"WrongFileName"}
    assert [(row["state"], row["file"]) for row in lab.experiment_rows(AT)] == [("running", "unusable")]


def test_what_is_over_and_gone_is_a_warning(fed: Lab):
    """The file of a stopped experiment may go: check warns, leads are judged by what is in force, and why says so."""
    fed.stop(NAME, by="Ada", because="The form was broken", at=LOOK)
    file_of(fed).unlink()
    lab, later = Lab.open(fed.folder), LOOK + timedelta(days=1)

    decided = lab.decide(Lead("late", later, "organic"), as_of=later)
    why = lab.why("L0001", experiment=None, as_of=later)

    assert [(one.code, one.severity) for one in lab.check(later) if one.code == "ProtocolGone"] == [
        ("ProtocolGone", "warning")
    ]
    assert decided.definition == "points@1.0.0"
    assert [(row["state"], row["file"]) for row in lab.experiment_rows(later)] == [("stopped", "missing")]
    assert why.experiment is None
    assert NAME in why.notes[0] and "was not asked" in why.to_text()


def test_a_start_in_time_says_nothing(draft: Lab):
    """Started before its enrolment, an experiment has no word about lateness in its log or its analysis."""
    started = _started(draft, START)

    assert started["late_start"] == []
    assert "before the start" not in " ".join(draft.analyze(NAME, as_of=LOOK).result.notes)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        pytest.param(datetime(2026, 1, 6, tzinfo=UTC), ["enrolment began on 2026-01-05"], id="enrolment began"),
        pytest.param(datetime(2026, 3, 2, tzinfo=UTC), ["enrolment ended on 2026-03-01"], id="enrolment ended"),
        pytest.param(
            datetime(2026, 5, 1, tzinfo=UTC), ["enrolment ended", "The look on 2026-04-15 lies"], id="a look passed"
        ),
        pytest.param(
            datetime(2026, 7, 1, tzinfo=UTC), ["enrolment ended", "2026-04-15, 2026-06-30 lie"], id="all looks passed"
        ),
    ],
)
def test_a_late_start_is_kept_and_told(draft: Lab, at: datetime, said: list[str]):
    """What a start came too late for is returned, kept in the step, shown in the log and noted by every analysis."""
    started = _started(draft, at)
    step = draft.ledger.experiments.log(NAME)[0]
    notes = draft.analyze(NAME, as_of=at + timedelta(days=1)).result.notes

    assert len(started["late_start"]) == len(said)
    assert all(words in told for words, told in zip(said, started["late_start"], strict=True))
    assert step.details["late_start"] is True
    assert list(step.details["late"]) == started["late_start"]
    assert list(notes[: len(said)]) == started["late_start"]
    assert started["late_start"][0] in draft.status(NAME, at)[0]["log"][0]


def test_a_draft_with_dates_gone_by_stays_clean(draft: Lab):
    """Dates alone are no problem of a file: check says the same whenever it is asked."""
    assert draft.check(START) == draft.check(LOOK + timedelta(days=900))


def test_why_says_that_an_experiment_had_not_started(fed: Lab):
    """Asked as of an instant before the start, the arm is the planned one, and no definition of it acts."""
    feed = fed.folder / "feed.csv"
    feed.write_text("lead_id,created_at\nA1,2026-01-01\n")
    fed.ingest("leads", feed, now=LOOK)

    before = fed.why("A1", experiment=NAME, as_of=START - timedelta(hours=1))
    after = fed.why("L0001", experiment=NAME, as_of=LOOK)

    assert (before.started, after.started) == (False, True)
    assert "not started then, so no arm acts" in " ".join(before.to_text().split())
    assert before.to_dict()["experiment_started"] is False
    assert "not started" not in after.to_text()


def test_why_tells_when_a_lead_qualified_again(fed: Lab):
    """A lead that sales gave back and that qualifies once more shows both instants."""
    again = "requalify: {cooldown: 10d, max: 2}\n"
    text = "kind: mql-definition/v1\nid: views\nversion: 1.0.0\nevents: {page_view: {}}\n"
    text += "qualify: \"count(page_view, within='5d') >= 1\"\n" + again
    (fed.folder / "definitions" / "views@1.0.0.yaml").write_text(text)
    toml = fed.folder / "mqlab.toml"
    toml.write_text(toml.read_text().replace("points@1.0.0", "views@1.0.0"))
    lab = Lab.open(fed.folder)
    for kind, rows in {
        "leads": "lead_id,created_at\nR1,2025-10-01T00:00:00Z\n",
        "events": "event_id,lead_id,name,occurred_at,known_at\n"
        "r1,R1,page_view,2025-10-02T00:00:00Z,2025-10-02T00:00:00Z\n"
        "r2,R1,page_view,2025-11-20T00:00:00Z,2025-11-20T00:00:00Z\n",
        "outcomes": "lead_id,kind,occurred_at,known_at\nR1,recycled,2025-10-05T00:00:00Z,2025-10-05T00:00:00Z\n",
    }.items():
        (lab.folder / "feed.csv").write_text(rows)
        assert lab.ingest(kind, lab.folder / "feed.csv", now=LOOK).quarantined == 0

    why = lab.why("R1", experiment=None, as_of=LOOK)

    assert [at.day for at in why.judgements[0].decision.crossings] == [2, 20]
    assert "qualified again, after sales gave it back: 20 Nov 2025" in why.to_text()


def test_assign_reads_a_file_as_it_is_told_to(draft: Lab):
    """A file with its own column names is read by the mapping given, though the lab's settings name none."""
    mapping = draft.folder / "mapping.yaml"
    mapping.write_text("kind: crm-preset/v1\nid: own\nleads: {id: Person, created_at: Since}\n")
    feed = draft.folder / "feed.csv"
    feed.write_text("Person,Since\nA1,2026-01-10\n")

    found = draft.assign_file(NAME, feed, as_of=LOOK, mapping=mapping)

    assert [row.lead_id for row in found] == ["A1"]
    with pytest.raises(InputError):
        draft.assign_file(NAME, feed, as_of=LOOK)


def _started(lab: Lab, at: datetime) -> dict[str, list[str]]:
    for ref in ("points@1.0.0", "points@1.1.0"):
        for team in ("marketing", "sales"):
            lab.approve(ref, team=team, by="Ada King", at=START)
    assert file_of(lab).read_text() == EXPERIMENT
    return lab.start(NAME, by="Ada King", at=at)


def test_before_its_start_nothing_is_locked(fed: Lab):
    """An analysis as of a day before the start does not say that the file is the one that was started."""
    before, after = (
        next(check for check in fed.analyze(NAME, as_of=at).result.checks if check.check == "protocol_unchanged")
        for at in (START - timedelta(days=1), LOOK)
    )

    assert (before.status, after.status) == ("not_applicable", "pass")
