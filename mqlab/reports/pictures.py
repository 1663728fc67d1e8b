"""Charts drawn by a process beside this one, while this one analyses and writes; and then whole formats that show them.

To draw a chart is to run Vega-Lite, which takes its second to start and lets no other thread go on meanwhile. Where
that process cannot be had, or fails, a chart is drawn when somebody asks for it: the same picture, later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from mqlab.reports import theme
from mqlab.reports.document import Chart, Document
from mqlab.reports.formats import ReportFormat, render
from mqlab.worker import Worker, serve, worker

EMPTY = json.dumps({"data": {"values": []}, "mark": "point"})
"""What is drawn to be ready for more."""


class Pictures:
    """The process, and what it was asked for."""

    def __init__(self, process: Worker) -> None:
        self._process = process
        self._asked: Document | None = None
        self._to: tuple[ReportFormat, ...] = ()

    def ask(self, document: Document, to: tuple[ReportFormat, ...] = ()) -> None:
        """Have the charts of a document drawn, and then the whole of it in some formats; returns at once."""
        self._asked, self._to = document, to
        self._process.ask((document, to))

    def wait(self) -> None:
        """Until the charts are drawn, and nobody will draw them again: their pixels here, as each of them comes."""
        if self._asked is None:
            return
        for chart in charts(self._asked):
            svg = self._process.answer()
            if svg is None:
                self._to = ()
                break
            theme.remember(chart, svg, theme.pixels(svg))
        self._asked = None

    def rendered(self, to: ReportFormat) -> bytes | None:
        """The document in a format that was asked for, the formats in their order; None where it is not to be had."""
        return self._process.answer() if to in self._to else None


@contextmanager
def drawn_beside() -> Iterator[Pictures | None]:
    """A process that draws charts, for as long as the block; None where none can be started."""
    with worker("mqlab.reports.pictures") as process:
        try:
            yield None if process is None else Pictures(process)
        finally:
            theme.forget()


def charts(document: Document) -> tuple[Chart, ...]:
    """Every chart of a document, in its order."""
    return tuple(block for section in document.sections for block in section.blocks if isinstance(block, Chart))


def draw(job: tuple[Document, tuple[ReportFormat, ...]]) -> Iterator[str | bytes]:
    """Each chart of a document as SVG; then the document in each of the formats."""
    document, formats = job
    for chart in charts(document):
        yield theme.draw(chart.spec)
    for to in formats:
        yield render(document, to)


if __name__ == "__main__":
    theme.draw(EMPTY)
    serve(draw)
