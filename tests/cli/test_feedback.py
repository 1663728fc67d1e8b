"""`mqlab report feedback` as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.runner import mqlab
from tests.cli.small_lab import LEADS

HEAD = "lead_id,kind,occurred_at,reason_code,owner\n"
LONG = "because the person who asked for it had left the company before anybody called, and nobody knew her successor"


@pytest.fixture
def told(fed_folder: Path) -> Path:
    """The fed lab, in which sales answered every lead of February, some of them at length."""
    rows = []
    for number in range(LEADS):
        reason = ("HAND-01", "FIT-02", LONG, "")[number % 4]
        kind = "rejected" if number % 3 else "accepted"
        at = f"2026-02-{number % 28 + 1:02d}T09:00:00Z"
        rows.append(f"L{number:04d},{kind},{at},{reason if number % 3 else ''},rep-{number % 15}")
        if number % 5 == 0:
            rows.append(f"L{number:04d},survey,{at},{LONG},")
    path = fed_folder.parent / "answers.csv"
    path.write_text(HEAD + "\n".join(f'{row.split(",", 3)[0]},{row.split(",", 3)[1]},{row.split(",", 3)[2]},'
                                     f'"{",".join(row.split(",", 3)[3].split(",")[:-1])}",{row.rsplit(",", 1)[1]}'
                                     for row in rows) + "\n")  # fmt: skip
    done = mqlab("ingest", "outcomes", path, lab=fed_folder)
    assert (done.code, done.err) == (0, "")
    return fed_folder


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="plain"),
        pytest.param(["--show-arms"], id="with arms"),
        pytest.param(["--as-of", "2026-02-10"], id="before the month is over"),
    ],
)
def test_nothing_is_wider_than_the_terminal(told: Path, arguments: list[str]):
    """Long reasons and answers are wrapped; no line ends in a blank."""
    done = mqlab("report", "feedback", "2026-02", *(arguments or ["--as-of", "2026-06-30"]), lab=told)

    assert (done.code, done.err) == (0, "")
    assert "To talk about" in done.out
    assert [line for line in done.lines if len(line) > 80 or line != line.rstrip()] == []


def test_json_has_the_numbers_of_the_text(told: Path):
    """Stdout is JSON and nothing else, its parts add up, and the text shows its numbers."""
    asked = ("report", "feedback", "2026-02", "--as-of", "2026-06-30")
    data = mqlab(*asked, "--format", "json", lab=told).json
    text = mqlab(*asked, lab=told).out
    rejections = data["rejections"]
    parts = [rejections[key]["leads"] for key in ("accepted", "rejected", "undecided")]

    assert sum(parts) == rejections["handed_over"] > 20
    assert sum(one["leads"] for one in rejections["reasons"]) == rejections["rejected_in_the_window"] > 20
    assert sum(one["share"] for one in rejections["reasons"]) == pytest.approx(1)
    assert len(data["sample"]) == 20
    assert f"20 of {rejections['rejected_in_the_window']} rejected MQLs" in text
    assert "no reason given" in text and "handed over too early" in text
    assert (data["window"], data["from"]) == ("2026-02", "2026-01-31T23:00:00Z")


def test_it_is_printed_or_written(fed_folder: Path, tmp_path: Path):
    """Without --to and --out it is printed; `--format md` and `--to json` write files and name them."""
    asked = ("report", "feedback", "2026-02", "--as-of", "2026-06-30")
    drawn = mqlab(*asked, "--format", "md", lab=fed_folder)
    named = mqlab(*asked, "--to", "json", "--out", tmp_path / "pack.json", lab=fed_folder)
    page = fed_folder / "reports" / "feedback-2026-02-2026-06-30.md"

    assert (drawn.code, drawn.out.strip()) == (0, f"The report is in {page}")
    assert page.read_text().startswith("# Feedback from sales, February 2026")
    assert (named.code, (tmp_path / "pack.json.manifest.json").exists()) == (0, True)
    assert mqlab("report", "verify", page, lab=fed_folder).out.startswith("holds: ")
    assert "Match rate: " in mqlab(*asked, lab=fed_folder).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["2026-2"], "is no month. Write the year and the month", id="month"),
        pytest.param(["2040-01"], "begins after the instant asked about", id="ahead"),
        pytest.param(["2026-02", "--ledger", "99"], "no position 99", id="position"),
        pytest.param(["2026-02", "--as-of", "soon"], "neither a date nor an instant", id="as of"),
        pytest.param(["2026-02", "--to", "pdf", "--format", "html"], "Say one of them only", id="two formats"),
        pytest.param(["2026-02", "--format", "table", "--out", "x.md"], "is printed and not written", id="a table"),
        pytest.param(["2026-02", "--out", "x.docx"], "names no format of a report", id="suffix"),
    ],
)
def test_bad_input_is_one_clear_message(fed_folder: Path, arguments: list[str], said: str):
    """What cannot be asked ends with 2 and says what to write."""
    done = mqlab("report", "feedback", *arguments, lab=fed_folder)

    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_a_month_without_anything(draft_lab: Path):
    """A lab in which nothing happened says so, and what to do."""
    done = mqlab("report", "feedback", "2026-02", "--as-of", "2026-06-30", lab=draft_lab)

    assert done.code == 0
    assert "Nothing to report" in done.out and "mqlab ingest outcomes" in done.out
