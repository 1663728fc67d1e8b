"""The feedback pack as files: every format with its manifest, the same bytes again, and whether they hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mqlab.errors import InputError, RefusedError
from mqlab.lab import Lab, manifest
from mqlab.lab.feedback_report import feedback_pack
from mqlab.lab.progress import silent
from mqlab.reports.formats import ReportFormat
from mqlab.reports.numbers import numbers
from tests.cli.small_lab import POINTS, TOML
from tests.lab.test_feedback import AT, EVENTS, LEADS, OUTCOMES, feed

SENT_BACK = "lead_id,kind,occurred_at,reason_code\nC,recycled,2026-07-09T09:00:00Z,ENG-02\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab without any experiment whose recycled leads rest for 30 days, and its pack in every format in `made/`."""
    folder = tmp_path_factory.mktemp("told") / "lab"
    (folder / "definitions").mkdir(parents=True)
    (folder / "mqlab.toml").write_text(TOML)
    (folder / "definitions" / "points@1.0.0.yaml").write_text(POINTS + "requalify: {cooldown: 30d, max: 2}\n")
    opened = feed(Lab.open(folder), leads=LEADS, events=EVENTS, outcomes=OUTCOMES)
    feed(opened, outcomes=SENT_BACK)
    opened.report_feedback("2026-07", as_of=AT, formats=list(ReportFormat), out=folder / "made" / "july")
    return opened


def test_every_format_holds(lab: Lab):
    """Each file has a manifest from which it is made again, to the byte."""
    for to in ReportFormat:
        found = lab.verify(lab.folder / "made" / f"july.{to}")

        assert found.holds and found.same_bytes and found.equal == found.total > 30
        assert str(found).startswith(f"holds: {found.total} of {found.total} numbers equal")


def test_the_same_question_is_the_same_bytes_after_later_imports(lab: Lab, tmp_path: Path):
    """At one ledger position every file and every manifest is equal, whatever came later."""
    position = lab.reading.position()
    feed(lab, outcomes="lead_id,kind,occurred_at,reason_code\nB,rejected,2026-07-30T09:00:00Z,FIT-03\n")
    lab.report_feedback("2026-07", as_of=AT, ledger=position, formats=list(ReportFormat), out=tmp_path / "july")

    for file in (lab.folder / "made").iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name


def test_its_numbers_stand_in_the_json_of_the_command(lab: Lab):
    """Every number has its place in `report feedback --format json`, and equals it."""
    position = lab.reading.position()
    whole = json.loads(json.dumps(lab.feedback("2026-07", as_of=AT, ledger=position).to_dict()))
    made = feedback_pack(lab, "2026-07", as_of=AT, position=position, show_arms=False, progress=silent)
    placed = list(numbers(made.document))

    assert len(placed) > 30
    for one in placed:
        value = whole
        for key in str(one.cell.source).split("/")[1:]:
            value = value[int(key)] if isinstance(value, list) else value[key]
        assert one.number.value == pytest.approx(value), one.words


def test_the_manifest_says_what_was_asked(lab: Lab, tmp_path: Path):
    """The month, whether arms were shown, the command that writes it again, the definitions and the data."""
    (file,) = lab.report_feedback("2026-07", as_of=AT, show_arms=True, out=tmp_path / "july.md")
    told = json.loads(manifest.path_of(file).read_text())

    assert (told["report"], told["month"], told["show_arms"]) == ("feedback", "2026-07", True)
    assert told["command"].startswith("mqlab report feedback 2026-07 --as-of 2026-08-15T00:00:00Z --ledger ")
    assert told["command"].endswith("--show-arms --to md")
    assert list(told["fingerprints"]["definitions"]) == ["points@1.0.0"]
    assert told["data"]["rows"]["leads"] == 4
    assert lab.verify(file).same_bytes


def test_leads_due_back_are_told(lab: Lab, tmp_path: Path):
    """C was sent back on 9 July and rests 30 days: due in August, and by then it no longer has the points."""
    (file,) = lab.report_feedback("2026-08", as_of=AT, out=tmp_path / "august.md")
    text = file.read_text().replace("\\", "")

    assert "1 recycled lead was due back in August 2026, of which none have become MQLs again" in text
    assert "| C | organic | 9 Jul 2026 | 8 Aug 2026 | not yet |" in text
    assert "No MQL was handed over in August 2026." in text


def test_another_report_is_not_overwritten(lab: Lab, tmp_path: Path):
    """One file in the way stops all; the same report again is no conflict; a name and a format must agree."""
    out = tmp_path / "july.md"
    out.write_text("minutes of the meeting")

    with pytest.raises(RefusedError, match="exists"):
        lab.report_feedback("2026-07", as_of=AT, formats=list(ReportFormat), out=tmp_path / "july")
    assert [path.name for path in tmp_path.iterdir()] == ["july.md"]
    assert lab.report_feedback("2026-07", as_of=AT, out=out, overwrite=True) == (out,)
    assert lab.report_feedback("2026-07", as_of=AT, out=out) == (out,)
    with pytest.raises(InputError, match="named as md"):
        lab.report_feedback("2026-07", as_of=AT, formats=["pdf"], out=out)


def test_a_month_without_anything_is_a_readable_page(lab: Lab):
    """Without a file's name it stands in reports/, named by month and day, and says that there is nothing."""
    (file,) = lab.report_feedback("2026-01", as_of=AT, formats=["md"])

    assert file == lab.folder / "reports" / "feedback-2026-01-2026-08-15.md"
    assert "Nothing to report" in file.read_text()
    assert lab.verify(file).holds


def test_nobody_is_named_in_any_format(lab: Lab):
    """Neither an address nor a rep's name is in a text that a format holds."""
    for to in (ReportFormat.HTML, ReportFormat.MD, ReportFormat.JSON):
        said = (lab.folder / "made" / f"july.{to}").read_text().lower()

        assert not [name for name in ("zora", "wynn", "@acme", "xanthe", "quill", "zebedee", "plum") if name in said]
