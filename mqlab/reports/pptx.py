"""A document as slides by python-pptx: native tables, charts as vector pictures, notes; nothing below 12 points.

Sizes of texts are estimated, generously, since no slide is laid out here: what would not fit is cut off with an
ellipsis and stands whole in the notes, and a long table goes on on the next slide, or says that the workbook has all
of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

from mqlab.reports import fitted
from mqlab.reports.archive import repacked
from mqlab.reports.document import Answer, Bullets, Cards, Chart, Document, Section, Table
from mqlab.reports.pptx_parts import LEADING, PARAGRAPH_GAP, Box, Deck, Line
from mqlab.reports.slides import Slide, lines, plan

WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.65
INNER = WIDTH - 2 * MARGIN
TOP, BOTTOM = 1.95, 6.82
MOST_COLUMNS = 8
SMALL, TEXT, LARGE = 12, 14, 16
TITLES = (28, 24, 20, 18)
TOLD_ROWS = 3
SLIDES = 2
"""A table goes on on so many slides, in the appendix on one; the rest is in the workbook, and the slide says so."""
LONG = 900
HEAD_LINES = 3
"""So many lines of a card, its title and subtitle among them, are rather cut off than left out."""

HEAD_ROWS, CELL_ROWS = 4, 7
"""So many lines of a text stand in a cell; the whole is in the notes."""
_ROWS = "{} of {} rows; the whole table is in the workbook."
_SENTENCES = re.compile(r"(?<=[.;:?!]) ")
_AGAIN = " (10 of 10)"


def render(document: Document) -> bytes:
    """The file; the same document gives the same bytes."""
    deck = Deck(WIDTH, HEIGHT)
    at = document.as_of.astimezone(UTC).replace(tzinfo=None) if document.as_of else None
    deck.describe(title=document.title, author=document.made_by, at=at)
    method = _method(document.sections)
    _head(deck, document, method)
    slides = [part for slide in plan(document) for part in _parts(_headed(slide))]
    dated = document.facts[0][1] if document.facts else ""
    for number, slide in enumerate(slides, 2):
        _draw(deck, slide, method, f"{fitted.clipped(document.title, 90)}  ·  {fitted.clipped(dated, 40)}", number)
    return repacked(deck.saved(), document.as_of)


def _method(sections: Sequence[Section]) -> tuple[str, ...]:
    """How the numbers were made, for the notes."""
    found = next((section for section in sections if section.id == "methods"), None)
    items = [item for block in found.blocks if isinstance(block, Bullets) for item in block.items] if found else []
    return ("How the numbers were made:", *(f"• {item}" for item in items)) if items else ()


def _head(deck: Deck, document: Document, method: tuple[str, ...]) -> None:
    """The first slide: what this is about, and as of when."""
    slide = deck.slide()
    size = 44 if len(document.title) <= 60 else 34 if len(document.title) <= 120 else 24
    deck.bar(slide, Box(MARGIN, 1.55, 0.9, 0.06), "accent")
    deck.title(slide, Box(MARGIN, 1.8, INNER, 2.3), Line(document.title, size, "ink", True))
    deck.text(slide, Box(MARGIN, 1.0, INNER, 0.45), [Line(document.subtitle, LARGE, "muted")])
    columns = min(max(len(document.facts), 1), 5)
    width = INNER / columns
    for k, (name, text) in enumerate(document.facts[:10]):
        box = Box(MARGIN + width * (k % columns), 4.55 + 1.15 * (k // columns), width - 0.15, 1.05)
        deck.text(slide, box, [Line(name, SMALL, "muted"), Line(text, LARGE, "ink")])
    deck.notes(slide, [*(f"{name}: {text}" for name, text in document.facts), *method])


def _headed(slide: Slide) -> Slide:
    """A title of two lines at most: what it has no room for stands below it, or in the notes where that is long too."""
    if _title_size(slide.title) is not None:
        return slide
    kept, rest = "", [piece for piece in _SENTENCES.split(slide.title) if piece]
    while rest and _title_size(f"{kept} {rest[0]}".strip() + _AGAIN) is not None:
        kept = f"{kept} {rest.pop(0)}".strip()
    told = " ".join(rest)
    if not kept:
        kept, told = fitted.clipped(slide.title, 2 * Line("", TITLES[-1], "ink", True).letters(INNER) - 24), slide.title
    if kept.endswith(";"):
        kept, told = f"{kept[:-1]}.", told[:1].upper() + told[1:]
    below = " ".join(part for part in (told, slide.told) if part)
    return replace(slide, title=kept, told=below, notes=(slide.title, *slide.notes))


def _title_size(title: str) -> int | None:
    """The largest letters in which a title takes two lines, None where it takes more."""
    lines = {size: Line(title, size, "ink", True).height(INNER) / (size * LEADING / 72) for size in TITLES}
    return next((size for size, rows in lines.items() if rows < 2.5), None)


def _told(slide: Slide) -> Line:
    """What stands below the title, in three lines at most."""
    line = Line(slide.told, TEXT, "ink")
    return line.within(INNER, TOLD_ROWS * TEXT * LEADING / 72 + 0.01)


def _top(slide: Slide) -> tuple[float, float]:
    """Where the caption and the body of a slide begin, below what is told under the title."""
    top = TOP + (_told(slide).height(INNER) + 0.08 if slide.told else 0.0)
    return top, top + (0.4 if slide.caption else 0.0)


def _parts(slide: Slide) -> Iterator[Slide]:
    """The slide, or several of it where its table is too long or too wide."""
    if isinstance(slide.body, Bullets):
        yield from _bullets(slide, slide.body)
        return
    if not isinstance(slide.body, Table):
        yield slide
        return
    cut: list[str] = []
    body, whole = slide.body, len(slide.body.rows)
    found, letters, shown = _slices(slide, body, cut)
    if shown < whole:
        slide = replace(slide, told=f"{_ROWS.format(whole, whole)} {slide.told}".strip())
        found, letters, shown = _slices(slide, body, cut)
        slide = replace(slide, told=slide.told.replace(_ROWS.format(whole, whole), _ROWS.format(shown, whole)))
    for number, table in enumerate(found, 1):
        again = f" ({number} of {len(found)})" if len(found) > 1 else ""
        notes = (*slide.notes, *dict.fromkeys(cut)) if number == 1 else slide.notes
        if slide.caption:
            yield replace(slide, body=table, caption=slide.caption + again, notes=notes, letters=letters)
        else:
            yield replace(slide, body=table, title=slide.title + again, notes=notes, letters=letters)


def _slices(slide: Slide, body: Table, cut: list[str]) -> tuple[list[Table], int, int]:
    """The table as so many slides show it, the size of its letters, and how many of its rows are shown."""
    found: list[Table] = []
    space = BOTTOM - _top(slide)[1]
    letters, shown = LARGE, len(body.rows)
    for whole in fitted.in_parts(body, MOST_COLUMNS):
        table = _cut(whole, cut)
        letters = min(letters, _size(table, space))
        heights = _heights(table, letters)
        groups = _groups(heights[1:], space - heights[0])[: 1 if slide.appendix else SLIDES]
        shown = min(shown, sum(map(len, groups)))
        found += [replace(table, rows=tuple(table.rows[row] for row in rows)) for rows in groups]
    return found, letters, shown


def _groups(heights: Sequence[float], room: float) -> list[list[int]]:
    """Rows by the slide they stand on: as many slides as it takes, none of them left with a single row if it can be."""
    groups, used = [list[int]()], 0.0
    for k, height in enumerate(heights):
        if groups[-1] and used + height > room:
            groups.append([])
            used = 0.0
        groups[-1].append(k)
        used += height
    step = -(-len(heights) // len(groups))
    even = [list(range(start, min(start + step, len(heights)))) for start in range(0, len(heights), step or 1)]
    fits = len(even) == len(groups) <= SLIDES and all(sum(heights[k] for k in rows) <= room for rows in even)
    return even if fits else groups


def _cut(table: Table, cut: list[str]) -> Table:
    """The table with texts of more lines than a slide can spare cut off; the whole texts go to `cut`."""
    shares = _widths(table)

    def shown(text: str, width: float, rows: int) -> str:
        most = max(Line("", SMALL, "ink").letters(width - 0.16) * rows - 4, 8)
        cut.extend([text] if len(text) > most else [])
        return fitted.clipped(text, most)

    return replace(
        table,
        columns=tuple(
            replace(column, title=shown(column.title, width, HEAD_ROWS))
            for column, width in zip(table.columns, shares, strict=True)
        ),
        rows=tuple(
            tuple(replace(cell, text=shown(cell.text, w, CELL_ROWS)) for cell, w in zip(row, shares, strict=True))
            for row in table.rows
        ),
    )


def _bullets(slide: Slide, body: Bullets) -> Iterator[Slide]:
    """As many items as fit, then the next slide."""
    shown: list[str] = []
    used = 0.0
    groups: list[tuple[str, ...]] = []
    for item in body.items:
        height = Line(fitted.clipped(item, LONG), LARGE, "ink").height(INNER - 0.4) + 0.12
        if shown and used + height > BOTTOM - _top(slide)[1]:
            groups.append(tuple(shown))
            shown, used = [], 0.0
        shown.append(item)
        used += height
    groups.append(tuple(shown))
    for number, items in enumerate(groups, 1):
        again = f" ({number} of {len(groups)})" if len(groups) > 1 else ""
        yield replace(slide, body=Bullets(items), title=slide.title + again)


def _draw(deck: Deck, slide: Slide, method: tuple[str, ...], foot: str, number: int) -> None:
    page = deck.slide()
    size = _title_size(slide.title) or TITLES[-1]
    deck.text(page, Box(MARGIN, 0.38, INNER, 0.34), [Line(slide.kicker, SMALL, "accent")])
    deck.title(page, Box(MARGIN, 0.7, INNER, 1.05), Line(slide.title, size, "ink", True))
    told = _told(slide)
    cut: list[str] = [] if told.text == slide.told else [slide.told]
    under, top = _top(slide)
    if slide.told:
        deck.text(page, Box(MARGIN, TOP - 0.06, INNER, told.height(INNER) + 0.05), [told])
    if slide.caption:
        deck.text(page, Box(MARGIN, under - 0.06, INNER, 0.36), [Line(slide.caption, TEXT, "muted")])
    match slide.body:
        case Answer():
            deck.mark(page, Box(MARGIN, top, 0, 0.42), slide.body.label, slide.body.tone)
            deck.text(page, Box(MARGIN + 3.6, top, INNER - 3.6, 0.42), [Line(slide.body.arm, LARGE, "muted")])
            also = [Line(item, LARGE, "ink", bullet=True) for item in slide.body.also]
            deck.text(page, Box(MARGIN, top + 0.75, INNER, BOTTOM - top - 0.75), also)
        case Bullets(items):
            texts = [Line(item, LARGE, "ink", bullet=len(items) > 1) for item in items]
            cut += [item for item in items if len(item) > LONG]
            deck.text(page, Box(MARGIN, top, INNER, BOTTOM - top), texts)
        case Cards(cards):
            _cards(deck, page, cards, top)
        case Chart():
            deck.chart(page, Box(MARGIN, top, INNER, BOTTOM - top), slide.body)
        case Table():
            box = Box(MARGIN, top, INNER * _share(slide.body), 0)
            deck.table(page, box, slide.body, slide.letters, _heights(slide.body, slide.letters))
    deck.text(page, Box(MARGIN, 6.98, INNER - 1.0, 0.3), [Line(foot, SMALL, "muted")])
    deck.text(page, Box(WIDTH - MARGIN - 0.8, 6.98, 0.8, 0.3), [Line(str(number), SMALL, "muted", right=True)])
    deck.notes(page, [slide.title, *slide.notes, *cut, *method])


def _size(table: Table, room: float) -> int:
    """The largest letters, in points, with which the whole table stands on one slide; else the smallest."""
    return next((size for size in (LARGE, TEXT) if sum(_heights(table, size)) <= room), SMALL)


def _share(table: Table) -> float:
    """How much of the slide's width a table takes."""
    return 1.0 if table.note else min(fitted.fill(table) + 0.15, 1.0)


def _widths(table: Table) -> list[float]:
    """The width of each column in inches."""
    whole = INNER * _share(table)
    return [share * whole for share in fitted.widths(table)]


def _heights(table: Table, size: int) -> list[float]:
    """The height of the head and of each row, in inches, in letters of `size` points."""
    shares = _widths(table)
    rows: list[list[tuple[str, ...]]] = [[(column.title,) for column in table.columns]]
    rows += [[fitted.parts(cell.text) for cell in row] for row in table.rows]
    return [
        0.13
        + max(
            sum(Line(part, size, "ink").height(width - 0.16) for part in parts if part) or size / 60
            for parts, width in zip(row, shares, strict=True)
        )
        for row in rows
    ]


def _cards(deck: Deck, page: Any, cards: Sequence[Any], top: float) -> None:
    width = (INNER - 0.35 * (len(cards) - 1)) / len(cards)
    for k, card in enumerate(cards):
        left = MARGIN + k * (width + 0.35)
        deck.bar(page, Box(left, top, width, 0.03), "line")
        told = [Line(card.title, LARGE, "ink", True), Line(card.subtitle, SMALL, "muted")]
        told += [Line(line, TEXT, "ink") for block in card.blocks for line in lines(block)]
        if card.more:
            told.append(Line("The rest of the definition is in the notes.", SMALL, "muted"))
        room = BOTTOM - top - 0.15
        deck.text(page, Box(left, top + 0.15, width, room), _whole(told, width, room))


def _whole(told: Sequence[Line], width: float, room: float) -> list[Line]:
    """The lines that stand in the room as a whole; where some do not, the last one says where they are."""
    if _stack(told, width) <= room:
        return list(told)
    rest = Line("More is in the notes.", SMALL, "muted")
    kept: list[Line] = []
    for line in told:
        if _stack([*kept, line, rest], width) > room:
            left = room - _stack([*kept, rest], width) - 2 * PARAGRAPH_GAP
            kept += [line.within(width, left)] if len(kept) < HEAD_LINES and left > line.size * LEADING / 72 else []
            break
        kept.append(line)
    return [*kept, rest]


def _stack(told: Sequence[Line], width: float) -> float:
    """How high paragraphs stand below each other, in inches."""
    return sum(line.height(width) for line in told) + PARAGRAPH_GAP * max(len(told) - 1, 0)
