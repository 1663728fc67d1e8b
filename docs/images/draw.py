"""Draws the images of README and docs from the demo's report: `make images`."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

from mqlab.lab import Lab
from mqlab.lab.report import report
from mqlab.reports.document import Chart
from mqlab.reports.theme import svg_of_its_size

IMAGES = {"lifts": "lifts", "curve-sql": "time-to-sql", "score-2": "score", "calendar": "calendar"}
"""Charts of the report of `challenger`, and what their files are called."""


def draw(lab: Lab, folder: Path) -> None:
    """One SVG per image, on white: a page of code hosts is dark for some readers."""
    made = report(lab, lab.analyze("challenger", as_of=date(2026, 1, 15)))
    for section in made.document.sections:
        for chart in section.blocks:
            if isinstance(chart, Chart) and chart.id in IMAGES:
                white = replace(chart, spec=chart.spec.replace('"background":"transparent"', '"background":"#ffffff"'))
                (folder / f"{IMAGES[chart.id]}.svg").write_text(svg_of_its_size(white) + "\n", encoding="utf-8")


if __name__ == "__main__":
    draw(Lab.open(Path(sys.argv[1])), Path(__file__).parent)
