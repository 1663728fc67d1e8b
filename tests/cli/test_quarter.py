"""`mqlab report quarter` as a user types it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from mqlab.lab import Lab
from mqlab.reports.numbers import numbers
from tests.cli.runner import mqlab
from tests.cli.small_lab import LEADS

HEADINGS = (
    "The quarter at a glance",
    "The funnel",
    "Experiments",
    "Definitions by version",
    "What changed, and who approved it",
    "Costs and return",
    "Sources and kinds of MQL",
    "Sales feedback",
    "Thresholds to revisit",
    "Proposals for 2026Q2",
    "Too early to call",
    "How to read this",
)
ASKED = ("report", "quarter", "2026Q1", "--as-of", "2026-12-31")
FUTURE = "--as-of lies in the future: this reads what is known now, as if nothing more came."
"""What is told until that day has come."""


def test_it_writes_a_page_with_its_manifest(fed_folder: Path):
    """The page is named by quarter and day, and says what the lab is about; again it is no conflict."""
    done = mqlab(*ASKED, lab=fed_folder)
    page = fed_folder / "reports" / "2026Q1-2026-12-31.html"
    text = page.read_text()

    assert done.code == 0 and " ".join(done.err.split()) in ("", FUTURE)
    assert done.out.strip() == f"The report is in {page}"
    for heading in HEADINGS:
        assert heading in text
    assert json.loads(page.with_name(f"{page.name}.manifest.json").read_text())["quarter"] == "2026Q1"
    assert mqlab(*ASKED, lab=fed_folder).code == 0


@pytest.mark.parametrize("suffix", ["md", "json", "xlsx", "pdf", "pptx"])
def test_every_format_draws_it(fed_folder: Path, tmp_path: Path, suffix: str):
    """The document is made of blocks that every format knows."""
    done = mqlab(*ASKED, "--out", tmp_path / f"review.{suffix}", lab=fed_folder)

    assert done.code == 0 and " ".join(done.err.split()) in ("", FUTURE)
    assert (tmp_path / f"review.{suffix}").stat().st_size > 1000


def test_the_numbers_are_in_the_json_they_point_to(fed_folder: Path):
    """Every number of the document stands at its source in the review's JSON, unrounded."""
    found = Lab.open(fed_folder).quarter("2026Q1", as_of=date(2026, 12, 31))
    data = found.to_dict()
    placed = [one for one in numbers(found.report.document) if one.cell.source is not None]

    assert len(placed) > 50
    for one in placed:
        value = data
        for key in str(one.cell.source).split("/")[1:]:
            value = value[int(key)] if isinstance(value, list) else value[key]
        if isinstance(value, dict) and "estimate" in value:
            value = value["estimate"]
        if isinstance(value, dict):
            continue  # two counts whose share stands in the cell
        assert one.number.value == pytest.approx(value) or one.number.kind == "rate", one.words


def test_every_lead_is_counted_once(fed_folder: Path):
    """240 leads came in the quarter; sources, definitions and the furthest stages add up to them."""
    found = Lab.open(fed_folder).quarter("2026Q1").to_dict()
    furthest = dict(found["funnel"]["furthest"])

    assert found["funnel"]["leads"] == LEADS
    assert sum(one["leads"] for one in found["sources"]) == LEADS
    assert sum(one["leads"] for one in found["definitions"]) == LEADS
    assert furthest.pop("leads") == LEADS
    furthest.pop("within_days")
    assert sum(furthest.values()) == LEADS
    assert [one["experiment"] for one in found["experiments"]] == ["demo-requests"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["2026"], "is no quarter. Write the year and one of Q1 to Q4, as in 2026Q3.", id="a year"),
        pytest.param(["2026Q5"], "is no quarter", id="a fifth"),
        pytest.param(["2040Q1"], "after the instant asked about", id="ahead"),
        pytest.param(["2026Q1", "--ledger", "99"], "no position 99", id="position"),
        pytest.param(["2026Q1", "--as-of", "soon"], "neither a date nor an instant", id="as of"),
        pytest.param(["2026Q1", "--out", "x.docx"], "names no format of a report", id="format"),
        pytest.param(["2026Q1", "--out", "x.pdf", "--format", "html"], "Say one of them only", id="two formats"),
        pytest.param(["2026Q1", "--won-within", "0"], "greater than or equal to 1", id="no days"),
    ],
)
def test_bad_input_is_one_clear_message(fed_folder: Path, arguments: list[str], said: str):
    """What cannot be asked ends with 2 and says what to write."""
    done = mqlab("report", "quarter", *arguments, lab=fed_folder)

    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_another_report_is_not_overwritten(fed_folder: Path):
    """A file that says something else stays, unless --force."""
    page = fed_folder / "reports" / "2026Q1-2026-12-31.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text("mine")

    assert "FileExists" in mqlab(*ASKED, lab=fed_folder).err
    assert page.read_text() == "mine"
    assert mqlab(*ASKED, "--force", lab=fed_folder).code == 0


def test_a_lab_in_which_nothing_happened(draft_lab: Path):
    """It says so and what to do, without a ledger being made."""
    done = mqlab("report", "quarter", "2026Q1", "--as-of", "2026-12-31", "--format", "md", lab=draft_lab)
    text = (draft_lab / "reports" / "2026Q1-2026-12-31.md").read_text()

    assert done.code == 0 and " ".join(done.err.split()) in ("", FUTURE)
    assert "Nothing to report" in text and "mqlab ingest leads" in text
    assert not (draft_lab / ".mqlab").exists()


def test_the_fiscal_year_of_the_lab(fed_folder: Path):
    """From February on, January to April 2026 lie in Q4 of 2026 and Q1 of 2027; the page shows the days."""
    toml = fed_folder / "mqlab.toml"
    toml.write_text(toml.read_text().replace('currency = "EUR"', 'currency = "EUR"\nfiscal_year_start = 2'))
    lab = Lab.open(fed_folder)
    fourth, first = lab.quarter("2026Q4"), lab.quarter("2027Q1")

    assert (fourth.to_dict()["first_day"], fourth.to_dict()["last_day"]) == ("2025-11-01", "2026-01-31")
    assert fourth.to_dict()["funnel"]["leads"] + first.to_dict()["funnel"]["leads"] == LEADS
    assert first.to_dict()["funnel"]["last_leads"] == fourth.to_dict()["funnel"]["leads"]
    assert dict(first.report.document.facts)["Quarter"] == "2027Q1, 1 Feb 2026 to 30 Apr 2026"
