"""What stands on which slide: one message in two lines, its proof below, and no more slides than that takes."""

from __future__ import annotations

import io

import pytest
from pptx import Presentation

from mqlab.reports import pptx
from mqlab.reports.document import (
    Answer,
    Bullets,
    Card,
    Cards,
    Cell,
    Chart,
    Column,
    Document,
    Pairs,
    Section,
    Table,
    Text,
)
from mqlab.reports.pptx_parts import Line
from mqlab.reports.slides import plan
from tests.reports.samples import document, ship, trap

SENTENCE = "Of 1,595 MQLs handed over, sales has accepted 1,150, rejected 425 and not answered 20."


def about(*blocks: object) -> Document:
    """A document of one section."""
    return Document("Title", "Subtitle", (), (Section("part", "Part", blocks),))  # type: ignore[arg-type]


def table(rows: int, *, folded: bool = False) -> Table:
    """A table of so many short rows."""
    cells = tuple((Cell(f"name {k}"), Cell(str(k), "number")) for k in range(rows))
    return Table("t", "The table", (Column("Name"), Column("Number", True)), cells, folded=folded)


def slides(made: Document) -> list[tuple[str, list[str], list[int]]]:
    """Each slide after the first: its title, its other texts, and the rows of its tables."""
    found = []
    for slide in list(Presentation(io.BytesIO(pptx.render(made))).slides)[1:]:
        title = slide.shapes.title
        texts = [one.text_frame.text for one in slide.shapes if one.has_text_frame and one.shape_id != title.shape_id]
        rows = [len(one.table.rows) - 1 for one in slide.shapes if one.has_table]
        found.append((title.text_frame.text, texts, rows))
    return found


@pytest.mark.parametrize("made", [document(ship()), document(trap()), about(Text(" ".join([SENTENCE] * 5), "lead"))])
def test_titles_fit_in_two_lines(made: Document) -> None:
    """Whatever a message says, its title takes two lines at most, in letters of 18 points or more."""
    for slide in list(Presentation(io.BytesIO(pptx.render(made))).slides)[1:]:
        (run,) = slide.shapes.title.text_frame.paragraphs[0].runs
        size = int(run.font.size.pt)

        assert size >= 18
        assert Line(run.text, size, "ink", True).height(pptx.INNER) < 2.5 * size * 1.22 / 72, run.text


def test_what_a_title_has_no_room_for_stands_below_it() -> None:
    """The first sentence of a paragraph is the title, the others stand under it, and the notes hold the whole."""
    others = "The reason given most often for all rejections of the month is that a lead came too early. 21 came back."
    title, texts, _ = slides(about(Text(f"{SENTENCE} {others}", "lead"), table(3)))[0]

    assert title == SENTENCE and others in texts


def test_one_sentence_that_is_too_long_is_cut_off_in_the_title_only() -> None:
    """A title cannot hold 60 words; below it the sentence is whole."""
    whole = "word " * 60 + "end"
    title, texts, _ = slides(about(Text(whole, "lead"), table(3)))[0]

    assert title.endswith("…") and whole in texts


@pytest.mark.parametrize(("folded", "most"), [(False, 2), (True, 1)], ids=["in the talk", "in the appendix"])
def test_a_long_table_goes_on_so_far_and_says_where_the_rest_is(folded: bool, most: int) -> None:
    """Two slides in the talk, one in the appendix; each says how many of the rows it shows."""
    found = [one for one in slides(about(table(90, folded=folded))) if one[2]]
    shown = sum(one[2][0] for one in found)

    assert len(found) == most and 0 < shown < 90
    assert all(f"{shown} of 90 rows; the whole table is in the workbook." in texts for _, texts, _ in found)


def test_a_table_of_a_row_too_many_is_parted_evenly() -> None:
    """No slide is left with one row, and nothing is left out."""
    counts = {sum(rows[0] for _, _, rows in found): [rows[0] for _, _, rows in found]
              for found in (slides(about(table(size))) for size in range(8, 24))}  # fmt: skip

    assert list(counts) == list(range(8, 24))
    assert min(min(rows) for rows in counts.values() if len(rows) > 1) > 1


def test_a_short_text_stands_with_the_picture_or_table_it_is_about() -> None:
    """Before it or after it, a sentence has no slide of its own; a long text has."""
    before, after, alone = (
        plan(about(*blocks))
        for blocks in (
            (Text("A sentence."), table(3)),
            (table(3), Text("A sentence.")),
            (Text("A long text. " * 40), table(3)),
        )
    )

    assert [one.told for one in (*before, *after)] == ["A sentence.", "A sentence."]
    assert [type(one.body) for one in alone] == [Bullets, Table]


def test_what_it_takes_to_make_a_report_again_is_no_part_of_the_talk() -> None:
    """Manifests and the numbers behind pictures stand behind everything else."""
    made = plan(document(ship()))
    behind = [one.appendix for one in made]
    (last,) = plan(about(Pairs((("mqlab", "0.1.0"),))))

    assert behind == sorted(behind) and last.appendix and last.kicker == "Appendix: Part"
    assert not any(isinstance(one.body, Chart) for one in made if one.appendix)


def test_a_verdict_that_a_page_repeats_has_one_slide() -> None:
    """The quarter's first page and its part on experiments say the same; a deck says it once."""
    said = Answer("trap, strict", "harm", "Do not ship: harm", "bad", "Under strict there are fewer SQLs.")
    made = Document("T", "S", (), (Section("one", "One", (said,)), Section("two", "Two", (said, table(2)))))

    assert [slide.title for slide in plan(made)] == ["Under strict there are fewer SQLs.", "The table"]


def test_a_card_that_is_too_long_ends_with_a_whole_line() -> None:
    """No line of a lead's story stops within a word; the notes have the rest, and the card says so."""
    story = tuple(f"{day} Aug 2026, 09:25: form_submit: form benchmark-report number{day}" for day in range(1, 30))
    card = Card("1. L1: too small", "from organic", (Text("Handed over."), Bullets(story)))

    ((_, texts, _),) = slides(about(Cards((card, card, card))))
    told = next(text for text in texts if "benchmark" in text).splitlines()

    assert told[-1] == "More is in the notes."
    assert all(line.removeprefix("• ") in story for line in told[3:-1]) and len(told) > 6
