"""Charts drawn by a process beside this one, while this one analyses and writes.

To draw one is to run Vega-Lite, which takes its second to start and lets no other thread go on meanwhile. Where that
process cannot be had, or fails, a chart is drawn when somebody asks for it: the same picture, later.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from mqlab.reports import theme
from mqlab.reports.document import Chart, Document

EMPTY = json.dumps({"data": {"values": []}, "mark": "point"})
"""What is drawn to be ready for more."""


class Pictures:
    """The process, and what it was asked to draw."""

    def __init__(self, process: subprocess.Popen[bytes], waiting: ThreadPoolExecutor) -> None:
        self._process = process
        self._waiting = waiting
        self._asked: tuple[Chart, ...] = ()
        self._answer: Future[tuple[bytes, bytes]] | None = None

    def ask(self, document: Document) -> None:
        """Have the charts of a document drawn; returns at once."""
        self._asked = tuple(
            block for section in document.sections for block in section.blocks if isinstance(block, Chart)
        )
        specs = json.dumps([chart.spec for chart in self._asked]).encode()
        self._answer = self._waiting.submit(self._process.communicate, specs)

    def wait(self) -> None:
        """Until the charts are drawn, and nobody will draw them again."""
        if self._answer is None:
            return
        drawn, _ = self._answer.result()
        self._answer = None
        if self._process.returncode == 0:
            for chart, (svg, png) in zip(self._asked, json.loads(drawn), strict=True):
                theme.remember(chart, svg, base64.b64decode(png))


@contextmanager
def drawn_beside() -> Iterator[Pictures | None]:
    """A process that draws charts, for as long as the block; None where none can be started."""
    try:
        process = subprocess.Popen(
            [sys.executable or "python", "-m", "mqlab.reports.pictures"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        yield None
        return
    with process, ThreadPoolExecutor(max_workers=1) as waiting:
        try:
            yield Pictures(process, waiting)
        finally:
            process.kill()
            theme.forget()


def draw(specs: Sequence[str]) -> list[tuple[str, str]]:
    """Each chart as SVG, and as PNG in base 64."""
    drawn = [theme.draw(spec) for spec in specs]
    return [(svg, base64.b64encode(theme.pixels(svg)).decode()) for svg in drawn]


if __name__ == "__main__":
    theme.draw(EMPTY)
    sys.stdout.write(json.dumps(draw(json.load(sys.stdin))))
