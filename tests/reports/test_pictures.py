"""Charts and slides drawn by a process beside: the same as those drawn here."""

from __future__ import annotations

from mqlab.reports import theme
from mqlab.reports.formats import ReportFormat, render
from mqlab.reports.pictures import Pictures, charts, drawn_beside
from tests.reports.samples import document, ship


def test_what_is_drawn_beside_is_what_is_drawn_here():
    """Every chart, and the slides to the byte; the next document finds nothing of them."""
    made = document(ship())
    with drawn_beside() as pictures:
        assert pictures is not None
        pictures.ask(made, (ReportFormat.PPTX,))
        pictures.wait()
        there = [(theme.svg_of_its_size(chart), theme.png(chart)) for chart in charts(made)]
        slides = pictures.rendered(ReportFormat.PPTX)
        page = pictures.rendered(ReportFormat.HTML)

    assert theme._DRAWN == {}
    assert there == [(theme.svg_of_its_size(chart), theme.png(chart)) for chart in charts(made)]
    assert slides == render(made, ReportFormat.PPTX)
    assert page is None


def test_a_process_that_fails_leaves_it_to_this_one():
    """No chart and no slides from it, and nothing to wait for twice."""

    class Silent:
        def ask(self, job: object) -> None: ...

        def answer(self) -> None: ...

    pictures = Pictures(Silent())  # type: ignore[arg-type]
    pictures.ask(document(ship()), (ReportFormat.PPTX,))
    pictures.wait()
    pictures.wait()

    assert pictures.rendered(ReportFormat.PPTX) is None
    assert theme._DRAWN == {}
