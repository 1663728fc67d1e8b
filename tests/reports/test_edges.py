"""Real analyses of hardly anything, as text, page and fragment: readable, whole, and without a silent zero."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from itertools import islice

import openpyxl
import pypdf
import pytest
from pptx import Presentation

from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.protocol import Protocol
from mqlab.reports import html, notebook, terminal
from mqlab.reports.experiment import build
from mqlab.reports.formats import ReportFormat, render
from mqlab.reports.in_locale import in_locale
from mqlab.reports.numbers import numbers
from tests.analysis.test_analyze import ZONE, by_letter, ids, result
from tests.analysis.world import DAY, START, facts, protocol, random_facts
from tests.reports import samples

TEN = "\n".join(
    f"  {name}: {{definition: {'forms' if number % 2 == 0 else 'visits'}@1.0.0, weight: 1}}"
    for number, name in enumerate(["control", *(f"challenger-number-{k}" for k in range(1, 10))])
)

TWELVE = TEN + "".join(f"\n  extra-{k}: {{definition: forms@1.0.0, weight: 1}}" for k in (1, 2))


def one_arm_only() -> AnalysisResult:
    """Forty leads, all in the control."""
    leads = [
        {"lead_id": name, "created_at": START + DAY, "fields": {"kind": "both"}} for name in islice(ids("control"), 40)
    ]
    outcomes = [{"lead_id": str(row["lead_id"]), "kind": "sql", "occurred_at": START + 9 * DAY} for row in leads[:9]]
    return result(facts(leads, outcomes=outcomes), defined=by_letter())


def enrolled_only() -> AnalysisResult:
    """Leads that arrived yesterday: nothing is due."""
    leads = [{"lead_id": f"l{number}", "created_at": START} for number in range(30)]
    return result(facts(leads, as_of=START + DAY))


def sixty_segments() -> AnalysisResult:
    """The metric of a segment, sixty times."""
    found = samples.ship()
    row = next(row for row in found.metrics if row.segment)
    more = tuple(replace(row, segment=f"region = area {k}") for k in range(60))
    return replace(found, metrics=(*found.metrics, *more))


CASES = {
    "no data": lambda: (result(facts([])), protocol()),
    "one arm empty": lambda: (one_arm_only(), protocol()),
    "nothing due": lambda: (enrolled_only(), protocol()),
    "ten arms": lambda: (result(random_facts(1, 200), protocol(arms=TEN)), protocol(arms=TEN)),
    "twelve arms": lambda: (result(random_facts(1, 200), protocol(arms=TWELVE)), protocol(arms=TWELVE)),
    "sixty segments": lambda: (sixty_segments(), samples.protocol()),
    "more arms than leads": lambda: (
        result(
            facts([{"lead_id": f"l{number}", "created_at": START + DAY} for number in range(4)]), protocol(arms=TEN)
        ),
        protocol(arms=TEN),
    ),
}


@pytest.fixture(scope="module", params=list(CASES))
def edge(request: pytest.FixtureRequest) -> tuple[str, AnalysisResult, Protocol]:
    """An analysis of hardly anything, and its protocol."""
    found, declared = CASES[request.param]()
    return request.param, found, declared


def test_the_terminal_stays_readable(edge: tuple[str, AnalysisResult, Protocol]) -> None:
    """80 columns, every block in its place, and the reason of what is not known."""
    name, found, declared = edge
    shown = terminal.render(found, ZONE, declared.precision.metric if declared.precision else None)
    lines = shown.splitlines()

    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []
    assert sum(line == "Checks" for line in lines) == sum(line == "Verdict" for line in lines) == 1
    assert "NotEstimable" not in shown and "None" not in shown
    told = {
        "no data": "obody is enrolled",
        "one arm empty": "obody is in challenger",
        "nothing due": "due 30 Nov 2026",
        "ten arms": "challenger-number-9",
        "twelve arms": "extra-2",
        "sixty segments": "SHIP",
        "more arms than leads": "10 arms share 4 leads",
    }
    assert told[name] in " ".join(shown.split())


def test_the_page_and_the_fragment_are_whole(edge: tuple[str, AnalysisResult, Protocol]) -> None:
    """The report and the notebook are made of the same result, and the JSON has no number that is none."""
    _, found, declared = edge
    page = html.render(build(found, declared, descriptions={}, changes={}, timezone=ZONE))
    fragment = notebook.render(found, declared, ZONE)

    assert page.rstrip().endswith("</html>") and fragment.rstrip().endswith("</div>")
    assert "NotEstimable" not in page + fragment
    assert json.dumps(found.to_dict(), allow_nan=False)


MANY_PAGES = {
    "ten arms": pytest.mark.long,
    "twelve arms": pytest.mark.engines,
    "more arms than leads": pytest.mark.long,
}
"""Those that take ten seconds and more to draw."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=MANY_PAGES.get(name, ())) for name in CASES])
def test_every_format_is_readable(name: str) -> None:
    """A report of hardly anything, or of very much, is whole in every format and says what is missing."""
    found, declared = CASES[name]()
    made = build(in_locale(found), declared, descriptions={}, changes={}, timezone=ZONE)
    drawn = {to: render(made, to) for to in ReportFormat}
    pages = pypdf.PdfReader(io.BytesIO(drawn[ReportFormat.PDF])).pages
    read = " ".join("".join(page.extract_text().replace("\u200b", "") for page in pages).split())
    deck = Presentation(io.BytesIO(drawn[ReportFormat.PPTX]))
    book = openpyxl.load_workbook(io.BytesIO(drawn[ReportFormat.XLSX]))

    told = {
        "no data": "obody is enrolled",
        "one arm empty": "obody is in challenger",
        "nothing due": "due 30 Nov 2026",
        "ten arms": "challenger-number-9",
        "twelve arms": "extra-2",
        "sixty segments": "area 59",
        "more arms than leads": "10 arms share 4 leads",
    }
    assert told[name] in read and told[name] in drawn[ReportFormat.MD].decode().replace("\\", "")
    assert "NotEstimable" not in read and "None" not in drawn[ReportFormat.MD].decode()
    assert json.loads(drawn[ReportFormat.JSON])["sections"]
    assert book["Numbers"].max_row == 1 + len(list(numbers(made)))
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.top + shape.height <= deck.slide_height
            assert shape.left + shape.width <= deck.slide_width
