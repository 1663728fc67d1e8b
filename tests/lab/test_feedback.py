"""`report feedback`: a month of a lab, with and without an experiment, and what it must not say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mqlab.errors import InputError, RefusedError
from mqlab.lab import Lab
from tests.cli.small_lab import LOOK, POINTS, START, TOML, started_lab
from tests.lab.test_warehouse import warehouse

HOUR = timedelta(hours=1)
LEADS = """\
lead_id,created_at,source,email,employees
A,2026-07-01T08:00:00Z,organic,zora.wynn@acme.example,400
B,2026-07-03T14:00:00Z,event,grace@navy.example,400
C,2026-07-06T08:00:00Z,organic,joan@eniac.example,400
D,2026-07-07T08:00:00Z,organic,kay@eniac.example,10
"""
EVENTS = """\
event_id,lead_id,name,occurred_at,path
e1,A,page_view,2026-07-01T08:00:00Z,/pricing
e2,B,page_view,2026-07-03T14:00:00Z,/pricing
e3,C,page_view,2026-07-06T08:00:00Z,/pricing
"""
OUTCOMES = """\
lead_id,kind,occurred_at,reason_code,owner
A,touched,2026-07-01T10:00:00Z,,Xanthe Quill
A,rejected,2026-07-02T09:00:00Z,HAND-01,Xanthe Quill
B,touched,2026-07-06T08:00:00Z,,Zebedee Plum
B,accepted,2026-07-06T09:00:00Z,,Zebedee Plum
B,closed_lost,2026-07-20T09:00:00Z,QUAL-02,Zebedee Plum
B,survey,2026-07-25T09:00:00Z,Chose a competitor,
C,rejected,2026-07-08T09:00:00Z,Wrong person,Xanthe Quill
D,rejected,2026-07-08T09:00:00Z,FIT-01,Xanthe Quill
"""
"""400 employees and one look at the prices make 50 points, at once; D has 10 and is no MQL."""

AT = datetime(2026, 8, 15, tzinfo=UTC)


def feed(lab: Lab, **feeds: str) -> Lab:
    """Read files into a lab."""
    for kind, text in feeds.items():
        path = lab.folder / "feed.csv"
        path.write_text(text)
        assert lab.ingest(kind, path, now=AT).quarantined == 0
    return lab


@pytest.fixture
def plain(tmp_path: Path) -> Lab:
    """A lab without any experiment."""
    folder = tmp_path / "lab"
    (folder / "definitions").mkdir(parents=True)
    (folder / "mqlab.toml").write_text(TOML)
    (folder / "definitions" / "points@1.0.0.yaml").write_text(POINTS)
    return feed(Lab.open(folder), leads=LEADS, events=EVENTS, outcomes=OUTCOMES)


def test_a_lab_without_an_experiment(plain: Lab):
    """Three MQLs by what is in force: one taken, two rejected, one of them for a reason of sales' own words."""
    found = plain.feedback("2026-07", as_of=AT).to_dict()
    rejections = found["rejections"]

    assert (rejections["handed_over"], rejections["accepted"]["leads"], rejections["rejected"]["leads"]) == (3, 1, 2)
    assert rejections["rejected_and_no_mql"] == 1
    assert rejections["reasons"] == [
        {"reason": "hand-01", "leads": 1, "share": 0.5}, {"reason": "wrong person", "leads": 1, "share": 0.5}
    ]  # fmt: skip
    assert [one["name"] for one in rejections["by_rule"]] == ["pricing", "size"]
    assert rejections["timing"][0]["hours_after_qualification"]["median"] == 25
    assert found["surveys"]["answers"] == [{"answer": "chose a competitor", "leads": 1, "share": 1.0}]
    assert found["surveys"]["by_definition"][0]["name"] == "points@1.0.0"


def test_the_clock_of_the_promise_is_the_labs(plain: Lab):
    """B came on Friday at 16:00 in Berlin and was touched on Monday at 10:00: 66 hours, of which 2 are worked.

    C came on Monday at 10:00 and was answered on Wednesday at 11:00: 49 hours, of which 17 are worked. A day's time is
    promised: both were missed on the wall clock and kept in working hours.
    """
    wall = plain.feedback("2026-07", as_of=AT).result.promises
    toml = plain.folder / "mqlab.toml"
    toml.write_text(toml.read_text() + '[business_hours]\ncountry = "DE"\nregion = "BE"\n')
    worked = Lab.open(plain.folder).feedback("2026-07", as_of=AT).result.promises

    assert [dict(one.together[0].fates)["kept"] for one in (wall, worked)] == [1, 3]
    assert [max(one.together[0].waited_us) / 3.6e9 for one in (wall, worked)] == [66, 17]
    assert "holidays of DE-BE" in worked.clock


def test_the_sample_says_what_why_says(plain: Lab):
    """A rejected lead's judgement is that of `why` at the instant it qualified, line by line."""
    text = str(plain.feedback("2026-07", as_of=AT))
    why = plain.why("A", experiment=None, as_of=datetime(2026, 7, 1, 8, tzinfo=UTC)).to_text()
    judged = why[why.index("points@1.0.0 (acts)") :]

    assert judged in text
    assert "sales: rejected (hand-01)" in text


def test_nobody_is_named(plain: Lab):
    """Neither an address nor a rep's name is in the text or the JSON."""
    found = plain.feedback("2026-07", as_of=AT)
    said = (str(found) + json.dumps(found.to_dict())).lower()
    names = ("zora", "wynn", "grace", "@acme", "xanthe", "quill", "zebedee", "plum")

    assert not [name for name in names if name in said]
    assert found.to_dict()["promises"]["by_owner"][0]["name"] is not None


def test_a_running_blinded_experiment_keeps_its_arms_from_sales(tmp_path: Path):
    """What happened is told, not the definition, unless asked for; after the end it is told."""
    lab = started_lab(tmp_path / "lab")
    at = START + timedelta(days=20)
    feed(
        lab,
        leads="lead_id,created_at,source,employees\n"
        + "".join(f"L{n},2026-01-10T08:00:00Z,event,400\n" for n in range(6)),
        events="event_id,lead_id,name,occurred_at,path\n"
        + "".join(f"e{n},L{n},page_view,2026-01-10T09:00:00Z,/pricing\n" for n in range(6)),
        outcomes="lead_id,kind,occurred_at,reason_code\n"
        + "".join(f"L{n},rejected,2026-01-12T09:00:00Z,HAND-01\n" for n in range(6)),
    )
    hidden = lab.feedback("2026-01", as_of=at)
    shown = lab.feedback("2026-01", as_of=at, show_arms=True)
    lab.stop("demo-requests", by="Ada King", because="enough", at=at + HOUR)
    over = lab.feedback("2026-01", as_of=at + 2 * HOUR)

    assert [one.hidden for one in hidden.sample] == [True] * 6
    sample = json.dumps([one.to_dict() for one in hidden.sample])
    assert not [word for word in ("points@1.", "current", "challenger", "size", "score") if word in sample]
    text = str(hidden)
    assert "points@" not in text[text.index("To talk about") :]
    assert {one.rejected.mql.definition for one in hidden.sample} == {"points@1.0.0", "points@1.1.0"}
    assert "(acts)" in str(shown) and "(acts)" in str(over)
    assert [one.to_dict()["arm_hidden"] for one in shown.sample] == [False] * 6


def test_the_same_position_gives_the_same_bytes(plain: Lab):
    """Asked about an earlier ledger position, what came later is not there, text and JSON alike."""
    position = plain.ledger.position()
    before = plain.feedback("2026-07", as_of=AT)
    feed(plain, outcomes="lead_id,kind,occurred_at,reason_code\nB,rejected,2026-07-30T09:00:00Z,FIT-03\n")
    again, now = plain.feedback("2026-07", as_of=AT, ledger=position), plain.feedback("2026-07", as_of=AT)

    assert (str(again), again.to_dict()) == (str(before), before.to_dict())
    assert now.result.rejections.turned_down == 3


def test_a_month_of_the_labs_own_zone(plain: Lab):
    """A lead of 30 June, 23:30 UTC is of July in Berlin."""
    feed(
        plain,
        leads="lead_id,created_at,employees\nE,2026-06-30T22:30:00Z,400\n",
        events="event_id,lead_id,name,occurred_at,path\ne9,E,page_view,2026-06-30T22:30:00Z,/pricing\n",
    )

    assert plain.feedback("2026-07", as_of=AT).result.rejections.handed == 4


def test_a_lab_with_nothing_says_so(tmp_path: Path):
    """Before any import the answer is a sentence, and no ledger is made."""
    lab = started_lab(tmp_path / "lab")
    found = lab.feedback("2026-01", as_of=LOOK)

    assert "Nothing to report" in str(found)
    assert found.to_dict()["sample"] == []


def test_a_past_experiment_whose_file_is_gone_is_named(plain: Lab, tmp_path: Path):
    """One that was over is told and left out; one that runs stops the report."""
    lab = started_lab(tmp_path / "other")
    (lab.folder / "experiments" / "demo-requests.yaml").unlink()

    with pytest.raises(InputError, match="its file is gone"):
        lab.feedback("2026-01", as_of=LOOK)


@pytest.mark.parametrize(
    ("month", "code"),
    [
        pytest.param("2026-13", "NoMonth", id="no such month"),
        pytest.param("July", "NoMonth", id="a name"),
        pytest.param("2026-7", "NoMonth", id="one digit"),
        pytest.param("2026-07-01", "NoMonth", id="a day"),
        pytest.param("2026-09", "MonthAhead", id="ahead"),
    ],
)
def test_a_month_that_is_none(plain: Lab, month: str, code: str):
    """A month is a year and two digits, and has begun."""
    with pytest.raises(InputError) as raised:
        plain.feedback(month, as_of=AT)

    assert raised.value.problem.code == code
    assert raised.value.problem.hint


def test_a_lab_in_a_warehouse_is_refused(plain: Lab):
    """Where the outcomes lie in a warehouse the report says that it cannot read them there."""
    (plain.folder / "data").mkdir()
    warehouse(plain.folder, "parquet:///data")

    with pytest.raises(RefusedError, match="warehouse"):
        Lab.open(plain.folder).feedback("2026-07", as_of=AT)
