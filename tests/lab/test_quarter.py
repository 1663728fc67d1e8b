"""`report quarter`: looks are read and not taken, the past stays, and a warehouse is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mqlab.errors import RefusedError
from mqlab.lab import Lab
from mqlab.reports.markdown import render
from tests.cli.small_lab import LOOK, POINTS, TOML, fed_lab, write_feeds, write_lab
from tests.lab.test_feedback import AT, EVENTS, LEADS, OUTCOMES, feed
from tests.lab.test_warehouse import warehouse

LATER = datetime(2027, 6, 1, tzinfo=UTC)


@pytest.fixture
def plain(tmp_path: Path) -> Lab:
    """A lab without any experiment: four leads of July, three of them MQLs at once."""
    folder = tmp_path / "lab"
    (folder / "definitions").mkdir(parents=True)
    (folder / "mqlab.toml").write_text(TOML)
    (folder / "definitions" / "points@1.0.0.yaml").write_text(POINTS)
    return feed(Lab.open(folder), leads=LEADS, events=EVENTS, outcomes=OUTCOMES)


def test_four_leads_by_hand(plain: Lab):
    """Three of four are MQLs, sales accepted one and rejected two of them, and one lead that was none."""
    found = plain.quarter("2026Q3", as_of=LATER).to_dict()
    stages = {row["stage"]: row["this"] for row in found["funnel"]["stages"]}

    assert (stages["mql"]["reached"], stages["sal"]["reached"], stages["sql"]["reached"]) == (3, 1, 0)
    assert stages["sal"]["per_stage_before"] == pytest.approx(1 / 3)
    assert {one["name"]: one["leads"] for one in found["sources"]} == {"organic": 3, "event": 1}
    assert [(one["definition"], one["leads"]) for one in found["definitions"]] == [("points@1.0.0", 4)]
    rejections = found["sales"]["rejections"]
    assert (rejections["handed_over"], rejections["rejected_in_the_window"], rejections["rejected_and_no_mql"]) == (
        3,
        2,
        1,
    )
    assert found["costs"]["prices_of"] is None
    assert found["thresholds"]["nothing_to_say"][0]["reason"] == "too_few_mqls"


def test_while_leads_have_time_left_there_are_dates(plain: Lab):
    """In mid-August everything is too early; the quarter ends in September, and SQLs are due 60 days after it."""
    found = plain.quarter("2026Q3", as_of=AT).to_dict()

    assert found["unfinished"]
    assert {row["this"]["not_estimable"] for row in found["funnel"]["stages"]} == {"too_early"}
    assert [(one["stages"], one["due"]) for one in found["too_early"]] == [
        (["mql", "sal", "sql"], "2026-11-29"), (["opportunity", "won"], "2027-03-29")
    ]  # fmt: skip
    assert found["costs"]["together"]["per_sql"] == {"not_estimable": "no_costs"}


def test_the_page_says_when_and_why_not(plain: Lab):
    """Where there is no number the page has a date, and where nothing is known it says so."""
    text = render(plain.quarter("2026Q3", as_of=AT).report.document)

    assert "too early: due 29 Nov 2026" in text
    assert "the quarter is not over" in text
    assert "No experiment ran, ended or was due" in text
    assert "what leads cost is not known" in text
    assert "points@1.0.0: nothing to say." in text.replace("\\", "")


def test_feedback_that_stopped_is_told(plain: Lab):
    """The newest outcome is of July; a year later that is no silence of sales but a missing import."""
    (note,) = plain.quarter("2026Q3", as_of=LATER).result.notes

    assert "The newest sales feedback in the ledger is of 2026-07-25: what happened since is" in note


def test_a_last_quarter_that_is_not_whole_is_told(plain: Lab):
    """Where the first lead came days after it had begun; not where it came with it, or there was none."""
    feed(plain, leads=LEADS.replace("A,2026-07-01", "Y,2026-04-02").replace("B,2026-07-03", "Z,2026-04-20"))
    third, second = (plain.quarter(name, as_of=LATER).result.notes for name in ("2026Q3", "2026Q2"))
    assert not any("not whole" in note for note in (*third, *second))

    feed(plain, leads=LEADS.replace("A,2026-07-01", "X,2026-02-10"))
    (told,) = [note for note in plain.quarter("2026Q2", as_of=LATER).result.notes if "not whole" in note]
    assert (
        told == "The first lead in the ledger is of 2026-02-10, so 2026Q1 is not whole: changes against it say little."
    )


def test_the_same_question_has_the_same_answer(plain: Lab):
    """At one ledger position the document is the same to the byte after a later import."""
    before = plain.quarter("2026Q3", as_of=LATER)
    feed(plain, outcomes="lead_id,kind,occurred_at,reason_code,owner\nB,sql,2026-07-10T09:00:00Z,,\n")
    again = plain.quarter("2026Q3", as_of=LATER, ledger=before.result.position)
    now = plain.quarter("2026Q3", as_of=LATER)

    assert again.report.document == before.report.document
    assert now.result.funnel != before.result.funnel


def test_a_look_is_read_and_not_taken(tmp_path: Path):
    """A due look that nobody took shows what it would say; the ledger is as before. Once taken it is the verdict."""
    lab = fed_lab(tmp_path / "lab")
    position = lab.reading.position()
    (before,) = lab.quarter("2026Q1", as_of=LOOK.replace(hour=23)).result.experiments

    assert lab.reading.position() == position
    assert not lab.reading.looks.taken("demo-requests")
    assert before.looks_due and not before.taken

    lab.analyze("demo-requests", as_of=date(2026, 6, 30))
    (after,) = lab.quarter("2026Q1", as_of=LATER).result.experiments

    assert after.taken and not after.looks_due
    assert after.said_at is not None and after.said_at < LATER
    assert [one.arm for one in after.verdicts] == ["challenger"]


def test_an_experiment_started_after_its_enrolment_is_of_the_quarter_of_its_leads(tmp_path: Path):
    """It was started in April and takes the leads of January to March, so it is of both quarters."""
    lab = Lab.open(write_lab(tmp_path / "lab"))
    for kind, path in write_feeds(lab.folder).items():
        lab.ingest(kind, path, now=LOOK)
    april = datetime(2026, 4, 10, 8, tzinfo=UTC)
    for ref in ("points@1.0.0", "points@1.1.0"):
        for team in ("marketing", "sales"):
            lab.approve(ref, team=team, by="Ada King", at=april)
    lab.start("demo-requests", by="Ada King", at=april)

    leads = {q: [one.leads for one in lab.quarter(q, as_of=LATER).result.experiments] for q in ("2026Q1", "2026Q2")}

    assert leads == {"2026Q1": [240], "2026Q2": [0]}


def test_a_look_that_is_taken_later_is_no_part_of_it(tmp_path: Path):
    """A report that is made again knows of the looks that it knew of; a new one knows of the look."""
    lab = fed_lab(tmp_path / "lab")
    (file,) = lab.report_quarter("2026Q1", as_of=LATER, out=tmp_path / "q1.md")
    lab.analyze("demo-requests", as_of=date(2026, 6, 30))

    found = lab.verify(file)

    assert found.holds and found.same_bytes and found.changed == ()
    with pytest.raises(RefusedError, match="exists"):
        lab.report_quarter("2026Q1", as_of=LATER, out=file)


def test_a_decided_experiment_says_who_decided(tmp_path: Path):
    """Its decision stands beside the verdict and is proposed no more; what was put in force is in the lineage."""
    lab = fed_lab(tmp_path / "lab")
    lab.analyze("demo-requests", as_of=date(2026, 6, 30))
    lab.decide_experiment(
        "demo-requests", call="ship", by="Ada King", because="the list is better", at=datetime(2026, 7, 2, tzinfo=UTC)
    )
    found = lab.quarter("2026Q3", as_of=LATER).to_dict()
    (one,) = found["experiments"]

    assert (one["state"], one["call"], one["by"]) == ("decided", "ship", "Ada King")
    assert [row for row in found["proposals"] if row["about"] == "demo-requests"] == []
    shipped = next(row for row in found["lineage"] if row["definition"] == "points@1.1.0")
    assert shipped["came_from"] == "points@1.0.0" and shipped["changes"]
    assert [row["experiment"] for row in shipped["in_force"]] == ["demo-requests"]


def test_a_draft_is_proposed_with_its_plan(tmp_path: Path):
    """What it needs and what its enrolment gives, as `experiments plan` says."""
    lab = fed_lab(tmp_path / "lab")
    text = (lab.folder / "experiments" / "demo-requests.yaml").read_text()
    text = text.replace("demo-requests", "next").replace("2026-0", "2027-0")
    (lab.folder / "experiments" / "next.yaml").write_text(text)
    (draft,) = [one for one in lab.quarter("2026Q1", as_of=LOOK).result.proposals if one.what == "start"]

    assert draft.numbers["plan"] == lab.plan("next", as_of=LOOK).to_dict()


def test_a_warehouse_that_holds_the_lab_is_refused(plain: Lab):
    """Its tables have no ledger to read; the message says what to do."""
    warehouse(plain.folder, "parquet:///data")

    with pytest.raises(RefusedError, match="reads the ledger"):
        Lab.open(plain.folder).quarter("2026Q1", as_of=LATER)
