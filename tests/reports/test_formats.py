"""Every format: the same bytes each time, the same numbers as the analysis, and every text as text."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
from markdown_it import MarkdownIt
from pptx import Presentation

from mqlab.analysis.results import AnalysisResult
from mqlab.errors import InputError
from mqlab.reports import data, markdown, xlsx
from mqlab.reports.document import Bullets, Card, Cards, Chart, Document, Section, Table, Text
from mqlab.reports.formats import ReportFormat, of_suffix, render
from mqlab.reports.numbers import numbers, table_of
from mqlab.reports.printable import cleaned, printable
from mqlab.reports.read_back import texts
from tests.reports import samples
from tests.reports.samples import document, ship, trap

GOLDEN = Path(__file__).parent / "golden"


def at(pointer: str, whole: Any) -> Any:
    """The value at a JSON pointer."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        whole = whole[int(key)] if isinstance(whole, list) else whole[key]
    return whole


def squeezed(text: str) -> str:
    """Without spaces of any width, as lines may break anywhere."""
    return re.sub(r"[\s\u200b\u00a0]+", "", text)


def pdf_text(drawn: bytes) -> str:
    return squeezed("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(drawn)).pages))


def slide_tables(drawn: bytes) -> Iterator[list[list[str]]]:
    for slide in Presentation(io.BytesIO(drawn)).slides:
        for shape in slide.shapes:
            if shape.has_table:
                yield [[cell.text for cell in row.cells] for row in shape.table.rows]


@pytest.mark.parametrize("to", list(ReportFormat))
def test_the_same_document_is_the_same_bytes(to: ReportFormat):
    """Drawn twice from equal inputs, whatever the clock says meanwhile."""
    assert render(document(ship()), to) == render(document(ship()), to)


@pytest.mark.parametrize("result", [ship(), trap()], ids=["ship", "trap"])
def test_every_number_is_the_one_of_the_analysis(result: AnalysisResult):
    """A number with a source equals the analysis' JSON there, limits included; one without is not in the JSON."""
    made = document(result)
    beside = json.loads(render(made, ReportFormat.JSON))["explored"]
    whole = {**json.loads(json.dumps(result.to_dict())), "explored": beside}
    found = list(numbers(made))

    assert len({placed.address for placed in found}) == len(found) > 100
    for placed in found:
        if placed.cell.source is None:
            assert placed.address.startswith(("funnel-numbers/", "live-", "looks-", "mix-reasons"))
            continue
        there = at(placed.cell.source, whole)
        if isinstance(there, dict):
            assert (placed.number.value, placed.number.low, placed.number.high) == (
                there["estimate"],
                there["low"],
                there["high"],
            )
        else:
            assert placed.number.value == there


def test_every_cell_that_is_a_number_carries_it():
    """A cell that lines up as a number has the raw one beside its words, or is a dash."""
    tables = [table_of(block) for section in document(ship()).sections for block in section.blocks]
    cells = [cell for table in tables if table is not None for row in table.rows for cell in row]

    assert {cell.text for cell in cells if cell.kind == "number" and cell.number is None} == {"–"}


def test_the_json_holds_what_the_document_holds():
    """Read back, the JSON gives every text and number of every table."""
    made = document(ship())
    whole = json.loads(render(made, ReportFormat.JSON))
    tables = [
        block if block["type"] == "table" else block["numbers"]
        for section in whole["sections"]
        for block in section["blocks"]
        if block["type"] in ("table", "chart")
    ]
    found = [cell["number"] for table in tables for row in table["rows"] for cell in row if "number" in cell]

    assert whole["kind"] == data.KIND
    assert [number["value"] for number in found] == [placed.number.value for placed in numbers(made)]


def test_the_page_holds_raw_numbers_beside_its_words():
    """Each number of the HTML carries the raw one, in the order of the document."""
    made = document(ship())
    held = re.findall(r'data-value="([^"]*)"', render(made, ReportFormat.HTML).decode())

    assert [float(value) for value in held] == [p.number.value for p in numbers(made) if p.number.value is not None]


def test_the_workbook_holds_raw_numbers_typed():
    """The sheet of all numbers equals the document's; a section's sheet holds them as it shows them, as numbers."""
    made = document(ship())
    book = openpyxl.load_workbook(io.BytesIO(render(made, ReportFormat.XLSX)))
    rows = list(book[xlsx.NUMBERS].iter_rows(min_row=2, values_only=True))
    found = list(numbers(made))

    assert [row[4:7] for row in rows] == [(p.number.value, p.number.low, p.number.high) for p in found]
    assert [row[9:12] for row in rows] == [(p.cell.text, p.address, p.cell.source or "") for p in found]
    held = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "n"}
    for placed in found:
        for value in (placed.number.value, placed.number.low, placed.number.high):
            assert value is None or xlsx.shown(placed.number, value) in held


def test_of_a_thousand_is_shifted_exactly():
    """0.07868 is 78.68 of 1,000 in a sheet, not 78.67999."""
    number = replace(next(numbers(document(ship()))).number, value=0.07868)

    assert xlsx.shown(number, 0.07868) == 78.68 == float(Decimal("78.68"))


def test_tables_of_slides_are_tables_with_the_same_numbers():
    """Every number of the document stands in a native table cell, as it is written."""
    made = document(ship())
    cells = {squeezed(cell) for table in slide_tables(render(made, ReportFormat.PPTX)) for row in table for cell in row}

    assert {squeezed(placed.cell.text) for placed in numbers(made)} <= cells


def test_the_text_of_a_pdf_is_text():
    """Every table's numbers and every sentence can be read back; the file is tagged and has bookmarks."""
    made = document(ship())
    drawn = render(made, ReportFormat.PDF)
    reader = pypdf.PdfReader(io.BytesIO(drawn))
    text = pdf_text(drawn)

    for placed in numbers(made):
        value, _, rest = placed.cell.text.partition(" (")
        assert squeezed(value) in text and squeezed(rest) in text
    assert squeezed("the same leads bring more SQLs: out of 1,000 assigned, 84.8 SQLs") in text
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert titles[:2] == ["The answer", "What is compared"]
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"] and reader.trailer["/Root"]["/Lang"] == "en"
    assert reader.metadata.title == made.title
    assert f"1/{len(reader.pages)}" in text


def test_charts_are_vector():
    """No page of the PDF holds a picture of pixels; each chart of the slides has its SVG beside the pixels."""
    made = document(ship())
    reader = pypdf.PdfReader(io.BytesIO(render(made, ReportFormat.PDF)))
    deck = Presentation(io.BytesIO(render(made, ReportFormat.PPTX)))
    charts = sum(isinstance(block, Chart) for section in made.sections for block in section.blocks)
    parts = [
        rel.target_part.content_type for slide in deck.slides for rel in slide.part.rels.values() if not rel.is_external
    ]

    assert not [image for page in reader.pages for image in page.images]
    assert parts.count("image/svg+xml") == parts.count("image/png") == charts


def test_slides_hold_their_texts():
    """No box leaves the slide, no letter is smaller than 12 points, every slide has a title and notes."""
    deck = Presentation(io.BytesIO(render(document(trap()), ReportFormat.PPTX)))

    for slide in deck.slides:
        assert slide.shapes.title.text and slide.notes_slide.notes_text_frame.text
        for shape in slide.shapes:
            assert shape.left >= 0 and shape.left + shape.width <= deck.slide_width
            assert shape.top >= 0 and shape.top + shape.height <= deck.slide_height
            frames = [shape.text_frame] if shape.has_text_frame else []
            frames += [cell.text_frame for row in shape.table.rows for cell in row.cells] if shape.has_table else []
            sizes = [run.font.size.pt for frame in frames for p in frame.paragraphs for run in p.runs]
            assert all(size >= 12 for size in sizes)


def test_notes_say_how_the_numbers_were_made():
    """The speaker's notes of a slide with numbers name the methods."""
    deck = Presentation(io.BytesIO(render(document(ship()), ReportFormat.PPTX)))
    with_tables = [slide for slide in deck.slides if any(shape.has_table for shape in slide.shapes)]

    assert with_tables
    assert all("Miettinen–Nurminen score" in slide.notes_slide.notes_text_frame.text for slide in with_tables)


def test_nothing_of_the_clock_is_in_an_office_file():
    """The only instant of slides and workbook is the as-of."""
    made = replace(document(ship()), as_of=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    deck = Presentation(io.BytesIO(render(made, ReportFormat.PPTX))).core_properties
    book = openpyxl.load_workbook(io.BytesIO(render(made, ReportFormat.XLSX))).properties

    found = {instant.replace(tzinfo=UTC) for instant in (deck.created, deck.modified, book.created, book.modified)}
    assert found == {datetime(2026, 7, 1, 22, 30, tzinfo=UTC)}


HOSTILE = {
    "html": '<script>alert("1")</script> & "b" <img src=x onerror=alert(1)>',
    "formula": '=HYPERLINK("http://evil.example";"y")',
    "command": "+1+cmd|'/C calc'!A0",
    "sum": "@SUM(1+1)",
    "typst": "#panic() $x^2$ _a_ *b* `c` @ref <label> \\ // no",
    "markdown": "[x](javascript:alert(1)) ![i](http://e.example/i.png) **b** | a | `c` www.evil.example",
    "address": "http://evil.example/x",
    "template": "{{ 7*7 }} {% raw %}",
    "xml": "]]> &amp; &#x41; <![CDATA[x]]>",
    "right to left": "שלום עולם",
    "turned around": "abc \u202edcba x",
    "control": "a\x00b\x07c\x1b[31mred\ud800",
    "lines": "one\n\n# two\r\n- three",
    "emoji": "🚀 first",
    "long": "x" * 5_000,
    "nothing": " ",
}


def attacked(text: str) -> Document:
    """A report in which every text that a user may choose is `text`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "HOSTILE", text)
        told = {"fit@1.4.0": (samples.Told(text, text, (text,)),), "intent@1.1.0": (text,)}
        changed = {text: (samples.Changed(text, text, text),)}
        return document(samples.hostile(), descriptions=told, changes=changed, manifest=((text, text),))


IN_SHORT = {"html", "formula", "typst", "markdown", "xml", "right to left", "control", "emoji"}
"""Those of every run of the suite."""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name, marks=pytest.mark.engines if name in IN_SHORT else pytest.mark.long)
        for name, text in HOSTILE.items()
    ],
)
def test_every_text_is_text_in_every_format(text: str):
    """Scripts, formulas, markup, control characters, other directions and long names are shown, and do nothing."""
    made = attacked(text)
    drawn = {to: render(made, to) for to in ReportFormat}
    is_text(drawn, text)
    assert render(made, ReportFormat.PDF) == drawn[ReportFormat.PDF]


def is_text(drawn: Mapping[ReportFormat, bytes], text: str) -> None:
    """The text stands in every format of a report, and does nothing there."""
    shown = squeezed(printable(text))
    book = openpyxl.load_workbook(io.BytesIO(drawn[ReportFormat.XLSX]))
    deck = Presentation(io.BytesIO(drawn[ReportFormat.PPTX]))
    markdown = MarkdownIt("commonmark").enable(["table"]).render(drawn[ReportFormat.MD].decode())

    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert text.strip() == "" or any(shown in squeezed(str(cell.value)) for cell in cells)
    notes = squeezed("".join(slide.notes_slide.notes_text_frame.text for slide in deck.slides))
    assert shown in notes
    assert not re.search(r"<(script|img|a|h[3-9]|code|em|b)\b", re.sub(r"<h3>|<h1>|<h2>", "", markdown))
    assert shown in squeezed("".join(json_texts(json.loads(drawn[ReportFormat.JSON]))))
    page = texts(drawn[ReportFormat.HTML], ReportFormat.HTML)
    assert page is not None and shown in squeezed("".join(page))
    read = pdf_text(drawn[ReportFormat.PDF])
    if text == HOSTILE["emoji"]:
        assert shown in read or "(rocket)first" in read
    elif text != HOSTILE["right to left"]:  # read back letter by letter in the order of the page
        assert shown.replace("\ufffd", "") in read.replace("\ufffd", "") or len(shown) > 1000


def json_texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for value in found.values():
            yield from json_texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from json_texts(value)


def test_a_list_that_a_page_folds_is_one_list_in_markdown():
    """What stands on a card and what is folded away is not torn apart; another text ends the list."""
    card = Card(
        "a@1.0.0", "s", (Text("Now:"), Bullets(("one", "two"))), (Bullets(("three",)), Text("Then"), Bullets(("x",)))
    )
    made = Document("T", "S", (), (Section("c", "C", (Cards((card,)),)),))

    assert "Now:\n\n- one\n- two\n- three\n\nThen\n\n- x\n" in markdown.render(made)


def test_a_document_is_cleaned_once():
    """What cannot be printed becomes � in every text, and a document without it stays itself."""
    made = attacked("a\x00b")

    assert "\x00" not in repr(cleaned(made)) and "a�b" in cleaned(made).title
    assert cleaned(document(ship())) == document(ship())


def test_a_wide_table_is_cut_into_parts_that_repeat_its_heads():
    """Thirteen arms fit no page: parts of at most eight columns hold every cell once."""
    table = next(b for s in document(ship()).sections for b in s.blocks if isinstance(b, Table) and b.id == "mix")
    wide = replace(
        table,
        columns=(table.columns[0], *(replace(table.columns[1], title=f"arm {k}") for k in range(13))),
        rows=tuple((row[0], *(replace(row[1], text=f"{k}") for k in range(13))) for row in table.rows),
    )
    made = document(ship())
    section = replace(made.sections[0], blocks=(wide,))
    found = [
        cell for page in slide_tables(render(replace(made, sections=(section,)), ReportFormat.PPTX)) for cell in page[0]
    ]

    assert [head for head in found if head.startswith("arm")] == [f"arm {k}" for k in range(13)]
    assert found.count("Answer") == 2


@pytest.mark.parametrize("to", [ReportFormat.JSON, ReportFormat.MD, ReportFormat.HTML])
def test_golden_documents(to: ReportFormat):
    """The document, as JSON, Markdown and HTML without its pictures, is the one that was reviewed."""
    file = GOLDEN / f"ship.{to}"
    drawn = re.sub(r"<svg\b.*?</svg>", "", render(document(ship()), to).decode(), flags=re.DOTALL)
    if os.environ.get("MQLAB_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(drawn, encoding="utf-8")

    different = [
        pair
        for pair in zip_longest(drawn.splitlines(), file.read_text(encoding="utf-8").splitlines())
        if pair[0] != pair[1]
    ]
    assert different == []


def test_a_suffix_names_its_format():
    """Suffixes in either case are known; another one is an error that lists them."""
    assert of_suffix(Path("a.HTM")) is ReportFormat.HTML
    assert of_suffix(Path("a.b.markdown")) is ReportFormat.MD
    with pytest.raises(InputError, match=r"names no format.*\.html, \.pdf"):
        of_suffix(Path("report.doc"))
