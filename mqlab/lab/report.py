"""`report experiment`: the analysis as one HTML file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab import __version__
from mqlab.definitions.describe import describe
from mqlab.definitions.diff import diff
from mqlab.definitions.fingerprint import fingerprint
from mqlab.experiments.canonical import fingerprint as protocol_fingerprint
from mqlab.lab.analyze import Analysis, analyze
from mqlab.lab.files import write_whole
from mqlab.leads.instants import iso

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress


def report_experiment(
    lab: Lab,
    experiment: str,
    *,
    as_of: datetime,
    position: int | None,
    out: Path | None,
    overwrite: bool,
    progress: Progress,
) -> Path:
    """Analyse, build the document, draw it, write it whole; returns the file's path.

    The same report again is no conflict; another one in its place needs `overwrite`.
    """
    analysis = analyze(lab, experiment, as_of=as_of, position=position, progress=progress)
    return write_report(lab, analysis, out=out, overwrite=overwrite)


def write_report(lab: Lab, analysis: Analysis, *, out: Path | None = None, overwrite: bool = False) -> Path:
    """Write the page of an analysis that was made already; by default into `reports/`, named by experiment and day."""
    page = html(analysis)
    day = analysis.result.as_of.astimezone(lab.settings.zone).date()
    path = out or lab.folder / "reports" / f"{analysis.result.experiment}-{day}.html"
    same = path.is_file() and path.read_text(encoding="utf-8") == page
    write_whole(path, page, overwrite=overwrite or same)
    return path


def html(analysis: Analysis) -> str:
    """The report's page; the same analysis gives the same bytes."""
    from mqlab.reports.experiment import build
    from mqlab.reports.html import render

    protocol, definitions, result = analysis.protocol, analysis.definitions, analysis.result
    refs = {arm.name: arm.definition for arm in protocol.arms}
    control = definitions[refs[protocol.control]]
    document = build(
        result,
        protocol,
        descriptions={ref: describe(definition) for ref, definition in definitions.items()},
        changes={arm.name: diff(control, definitions[arm.definition]) for arm in protocol.challengers},
        timezone=analysis.zone,
        manifest=[
            ("mqlab", __version__),
            ("Protocol", protocol_fingerprint(protocol)),
            *((ref, fingerprint(definition).meaning) for ref, definition in definitions.items()),
            ("As of", iso(result.as_of)),
            ("Ledger position", str(result.ledger)),
            ("Engine", result.engine),
            (
                "Command",
                f"mqlab report experiment {result.experiment} --as-of {iso(result.as_of)} --ledger {result.ledger}",
            ),
        ],
    )
    return render(document)
