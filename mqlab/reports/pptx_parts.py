"""Parts of a slide by python-pptx: texts in boxes that hold them, a mark, a native table, a vector chart."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from mqlab.reports import fitted
from mqlab.reports.document import Chart, Table
from mqlab.reports.theme import PAPER, png, svg_of_its_size

SANS, SERIF = "Calibri", "Georgia"
_WORD = 24
"""A word of fewer letters is not cut in two where a text is cut off."""

_EM_SANS, _EM_SERIF = 0.53, 0.58
LEADING = 1.22
PARAGRAPH_GAP = 0.08
"""Inches between two paragraphs."""

_PLAIN_TABLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
_SVG = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"
_SVG_EXTENSION = "{96DAC541-7B7A-43D3-8B79-37D633B846F1}"
_EMPTY = "Title Only"
_EMU = 914_400
"""So many units of a slide make an inch."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in inches."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph: its text, size in points, colour of the theme; a heading is set in the serif."""

    text: str
    size: int
    colour: str
    heading: bool = False
    bullet: bool = False
    right: bool = False

    def letters(self, width: float) -> int:
        """How many letters of it a line of `width` inches holds, estimated."""
        em = _EM_SERIF if self.heading else _EM_SANS
        return max(int((width - (0.25 if self.bullet else 0)) * 72 / (self.size * em)), 4)

    def height(self, width: float) -> float:
        """How high it stands in `width` inches, estimated, in inches."""
        rows = max(len(_wrapped(self.text, self.letters(width))), 1)
        return rows * self.size * LEADING / 72

    def within(self, width: float, height: float) -> Line:
        """The paragraph, cut off where it would leave the height."""
        rows = max(int(height * 72 / (self.size * LEADING) + 1e-6), 1)
        wrapped = _wrapped(self.text, self.letters(width))
        if len(wrapped) <= rows:
            return self
        kept = " ".join(wrapped[:rows]) if rows > 1 else wrapped[0]
        kept = kept[: max(len(kept) - 2, 1)]
        words, _, begun = kept.rpartition(" ")
        return replace(self, text=(words if words and len(begun) < _WORD else kept).rstrip() + "…")


@lru_cache(maxsize=4096)
def _wrapped(text: str, letters: int) -> tuple[str, ...]:
    return tuple(textwrap.wrap(text, letters))


class Deck:
    """A presentation that is being made."""

    def __init__(self, width: float, height: float) -> None:
        from pptx import Presentation
        from pptx.util import Inches

        self._made = Presentation()
        self._made.slide_width, self._made.slide_height = Inches(width), Inches(height)
        _count_names(self._made.part.package)
        self._layout = next(found for found in self._made.slide_layouts if found.name == _EMPTY)
        self._charts = 0

    def describe(self, *, title: str, author: str, at: datetime | None) -> None:
        """What the file says of itself; `at` is the only instant in it."""
        about = self._made.core_properties
        about.title, about.author, about.last_modified_by = title[:255], author[:255], author[:255]
        about.revision, about.subject, about.keywords = 1, "", ""
        moment = at or datetime(1980, 1, 1)  # noqa: DTZ001 - office files keep UTC without saying so
        about.created = about.modified = moment

    def slide(self) -> Any:
        """A new slide without anything but its title."""
        return self._made.slides.add_slide(self._layout)

    def saved(self) -> bytes:
        """The file as python-pptx writes it."""
        written = io.BytesIO()
        self._made.save(written)
        return written.getvalue()

    def title(self, slide: Any, box: Box, line: Line) -> None:
        """The slide's message, in its title."""
        shape = slide.shapes.title
        _placed(shape, box)
        self._fill(shape.text_frame, [line.within(box.width, box.height)], top=True)

    def text(self, slide: Any, box: Box, told: Sequence[Line]) -> None:
        """Paragraphs in a box: as many as it holds, the last one cut off."""
        if not told:
            return
        kept: list[Line] = []
        left = box.height
        for line in told:
            gap = PARAGRAPH_GAP if kept else 0.0
            if left - gap < line.size * LEADING / 72 - 1e-6:
                kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip("…") + " …")
                break
            fits = line.within(box.width, left - gap)
            kept.append(fits)
            left -= gap + fits.height(box.width)
        shape = slide.shapes.add_textbox(*_measures(box))
        self._fill(shape.text_frame, kept, top=True)

    def bar(self, slide: Any, box: Box, colour: str) -> None:
        """A rule."""
        from pptx.enum.shapes import MSO_SHAPE

        shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *_measures(box))
        shape.fill.solid()
        shape.fill.fore_color.rgb = _rgb(colour)
        shape.line.fill.background()
        shape.shadow.inherit = False

    def mark(self, slide: Any, box: Box, label: str, tone: str) -> None:
        """The call: a word on a soft ground."""
        from pptx.enum.shapes import MSO_SHAPE
        from pptx.enum.text import PP_ALIGN

        shape = slide.shapes.add_shape(MSO_SHAPE.ROUNDED_RECTANGLE, *_measures(replace(box, width=3.4)))
        shape.adjustments[0] = 0.18
        shape.fill.solid()
        shape.fill.fore_color.rgb = _rgb(f"{tone}-soft")
        shape.line.fill.background()
        shape.shadow.inherit = False
        self._fill(shape.text_frame, [Line(label, 16, tone).within(3.4, box.height)])
        shape.text_frame.paragraphs[0].alignment = PP_ALIGN.CENTER
        shape.text_frame.paragraphs[0].runs[0].font.bold = True

    def chart(self, slide: Any, box: Box, chart: Chart) -> None:
        """The chart as SVG, with pixels for programs that cannot read it; its words are the picture's description."""
        from lxml import etree
        from pptx.opc.constants import RELATIONSHIP_TYPE
        from pptx.opc.package import Part
        from pptx.opc.packuri import PackURI
        from pptx.util import Inches

        picture = slide.shapes.add_picture(io.BytesIO(png(chart)), Inches(box.left), Inches(box.top))
        scale = min(Inches(box.width) / picture.width, Inches(box.height) / picture.height)
        picture.width, picture.height = int(picture.width * scale), int(picture.height * scale)
        self._charts += 1
        name = PackURI(f"/ppt/media/chart{self._charts}.svg")
        part = Part(name, "image/svg+xml", self._made.part.package, svg_of_its_size(chart).encode())
        relation = slide.part.relate_to(part, RELATIONSHIP_TYPE.IMAGE)
        blip = picture._element.blipFill.blip
        extensions = etree.SubElement(blip, f"{{{_DRAWING}}}extLst")
        extension = etree.SubElement(extensions, f"{{{_DRAWING}}}ext", uri=_SVG_EXTENSION)
        vector = etree.SubElement(extension, f"{{{_SVG}}}svgBlip", nsmap={"asvg": _SVG})
        vector.set(f"{{{_RELATIONS}}}embed", relation)
        found = picture._element.nvPicPr.cNvPr
        found.set("descr", chart.alternative)
        found.set("name", chart.title[:120])

    def table(self, slide: Any, box: Box, table: Table, size: int, heights: Sequence[float]) -> None:
        """A native table in letters of `size` points."""
        from pptx.util import Inches

        frame = slide.shapes.add_table(
            len(table.rows) + 1, len(table.columns), *_measures(replace(box, height=sum(heights)))
        )
        frame.name = table.caption[:120]
        frame._element.nvGraphicFramePr.cNvPr.set("descr", table.caption)
        made = frame.table
        made._tbl.tblPr.find(f"{{{_DRAWING}}}tableStyleId").text = _PLAIN_TABLE
        made.horz_banding = False
        made.first_col = True
        for column, share in zip(made._tbl.tblGrid.gridCol_lst, fitted.widths(table), strict=True):
            column.w = Inches(share * box.width)
        made.notify_width_changed()
        head, *rows = made._tbl.tr_lst
        for row, height in zip((head, *rows), heights, strict=True):
            row.h = Inches(height)
        made.notify_height_changed()
        for place, column in zip(head.tc_lst, table.columns, strict=True):
            title = Line(column.title, max(size - 2, 12), "muted", right=column.numeric)
            _cell(place, [title], head=True)
        for row, cells in zip(rows, table.rows, strict=True):
            for k, (place, cell) in enumerate(zip(row.tc_lst, cells, strict=True)):
                right = table.columns[k].numeric
                value, interval = fitted.parts(cell.text) if cell.kind == "number" else (cell.text, "")
                colour = "muted" if cell.kind == "missing" else "ink" if cell.tone == "plain" else cell.tone
                lines = [Line(value, size, colour, right=right)]
                lines += [Line(interval, max(size - 2, 12), "muted", right=right)] if interval else []
                _cell(place, lines, bold=k == 0 or cell.kind == "status")

    def notes(self, slide: Any, told: Sequence[str]) -> None:
        """What the speaker reads."""
        slide.notes_slide.notes_text_frame.text = "\n".join(dict.fromkeys(text for text in told if text))

    def _fill(self, frame: Any, told: Sequence[Line], *, top: bool = False) -> None:
        from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE

        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.word_wrap = True
        frame.auto_size = MSO_AUTO_SIZE.NONE
        frame.vertical_anchor = MSO_ANCHOR.TOP if top else MSO_ANCHOR.MIDDLE
        _paragraphs(frame._txBody, told, tight=False)


_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _count_names(package: Any) -> None:
    """New parts are named by counting on: python-pptx goes through every part of the deck for each name."""
    from pptx.opc.packuri import PackURI

    look, last = package.next_partname, dict[str, int]()

    def next_partname(template: str) -> Any:
        found = PackURI(template % (last[template] + 1)) if template in last else look(template)
        last[template] = found.idx or 0
        return found

    package.next_partname = next_partname


def _cell(cell: Any, told: Sequence[Line], *, head: bool = False, bold: bool = False) -> None:
    """A table's cell, written as XML, as a deck has thousands."""
    properties = cell.get_or_add_tcPr()
    for side, inches in (("marL", 0.06), ("marR", 0.06), ("marT", 0.05), ("marB", 0.05)):
        properties.set(side, str(int(inches * _EMU)))
    properties.set("anchor", "b" if head else "t")
    _paragraphs(cell.get_or_add_txBody(), told, tight=True, bold=bold)
    _ruled(properties, "muted" if head else "line", 1.0 if head else 0.5)


def _paragraphs(body: Any, told: Sequence[Line], *, tight: bool, bold: bool = False) -> None:
    """The lines as paragraphs, the first in bold where asked for; with a space between them unless `tight`."""
    if told:
        for paragraph in body.findall(f"{{{_DRAWING}}}p"):
            body.remove(paragraph)
    for k, line in enumerate(told):
        _paragraph(body, line, space_points=0 if k == 0 or tight else 5, bold=line.heading or (bold and k == 0))


def _paragraph(body: Any, line: Line, *, space_points: int, bold: bool) -> None:
    from lxml.etree import SubElement

    def made(parent: Any, tag: str, **attributes: str) -> Any:
        return SubElement(parent, f"{{{_DRAWING}}}{tag}", **attributes)

    paragraph = made(body, "p")
    properties = made(paragraph, "pPr", algn="r" if line.right else "l")
    made(made(properties, "spcBef"), "spcPts", val=str(100 * space_points))
    run = made(paragraph, "r")
    letters = made(run, "rPr", sz=str(round(100 * line.size)), b=str(int(bold)))
    made(made(letters, "solidFill"), "srgbClr", val=PAPER[line.colour].lstrip("#").upper())
    made(letters, "latin", typeface=SERIF if line.heading else SANS)
    made(run, "t").text = f"•  {line.text}" if line.bullet else line.text


def _rgb(colour: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor(*bytes.fromhex(PAPER[colour].lstrip("#")))  # type: ignore[no-untyped-call]


def _measures(box: Box) -> tuple[Any, Any, Any, Any]:
    from pptx.util import Inches

    return Inches(box.left), Inches(box.top), Inches(box.width), Inches(box.height)


def _placed(shape: Any, box: Box) -> None:
    shape.left, shape.top, shape.width, shape.height = _measures(box)


def _ruled(properties: Any, colour: str, points: float) -> None:
    """A line below the cell and none elsewhere."""
    from lxml import etree

    for side in ("lnL", "lnR", "lnT"):
        line = etree.SubElement(properties, f"{{{_DRAWING}}}{side}", w="0")
        etree.SubElement(line, f"{{{_DRAWING}}}noFill")
    line = etree.SubElement(properties, f"{{{_DRAWING}}}lnB", w=str(math.floor(points * 12_700)))
    fill = etree.SubElement(line, f"{{{_DRAWING}}}solidFill")
    etree.SubElement(fill, f"{{{_DRAWING}}}srgbClr", val=PAPER[colour].lstrip("#").upper())
    etree.SubElement(properties, f"{{{_DRAWING}}}noFill")
