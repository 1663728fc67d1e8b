"""Where lines of the PDF end: an amount stays in one piece, and the text read back is what was written."""

from __future__ import annotations

import io

import pypdf
import pytest

from mqlab.reports import pdf
from mqlab.reports.document import Answer, Block, Bullets, Card, Cards, Cell, Column, Document, Section, Table, Text

AMOUNTS = " ".join(["−€5.16 to +€138.09 (+€1,234.50 to −$4.20), −€\u00a012,50, +1.2% or −0.3 points,"] * 8)
SHIFTED = [f"{'i' * shift} {AMOUNTS}" for shift in range(1, 25)]
"""Each a little further to the right, so that every word of it meets the end of a line."""


def table(title: str, text: str, number: int) -> Table:
    return Table(f"t{number}", title, (Column("A"), Column("B")), ((Cell("x"), Cell(text)),), note=text)


BLOCKS: dict[str, list[Block]] = {
    "paragraphs": [Text(text) for text in SHIFTED],
    "warnings": [Text(text, "warning") for text in SHIFTED],
    "bullet points": [Bullets(tuple(SHIFTED))],
    "answers": [Answer("b", "ship", "Ship", "good", text, (text,)) for text in SHIFTED],
    "cards": [Cards(tuple(Card("Card", text, (Text(text), Bullets((text,)))) for text in SHIFTED))],
    "tables with captions": [table(text, text, k) for k, text in enumerate(SHIFTED)],
}


def lines(*blocks: Block) -> list[str]:
    """The lines of the PDF's text as they stand on its pages."""
    drawn = pdf.render(Document("T", "S", (), (Section("s", "S", blocks),)))
    pages = pypdf.PdfReader(io.BytesIO(drawn)).pages
    return [line.strip(" ") for page in pages for line in page.extract_text().splitlines()]


@pytest.mark.parametrize("blocks", BLOCKS.values(), ids=BLOCKS)
def test_an_amount_stays_in_one_line(blocks: list[Block]):
    """No line ends behind a sign, a currency or within a number: an interval breaks at its spaces only."""
    found = lines(*blocks)
    whole = {word for text in SHIFTED for word in text.split(" ")}
    at_a_break = {line.split(" ")[-1] for line in found} | {line.split(" ")[0] for line in found}

    assert {"−€5.16", "+€138.09", "to"} <= at_a_break
    assert {word for word in at_a_break - whole if set(word) & set("+−€$%,")} == set()


def test_the_text_reads_back_as_it_was_written():
    """Nothing invisible holds an amount together: what is copied from the page is the text of the document."""
    assert AMOUNTS in " ".join(" ".join(lines(Text(AMOUNTS))).split(" "))


def test_a_word_that_no_line_holds_breaks():
    """A sign before something endless makes no piece that would leave the page; markup in it stays text."""
    hostile = "+€#panic(1)$x$" + "€+€7" * 1250
    found = lines(Text(hostile))

    assert "".join(found).replace("\u200b", "").count("€+€7") >= 1249
    assert max(map(len, found)) < 120
