"""`report experiment`: the analysis as a document, drawn in one format or several, each with its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab import __version__
from mqlab.analysis.explored import Explored
from mqlab.definitions.describe import describe
from mqlab.definitions.diff import diff
from mqlab.definitions.fingerprint import fingerprint
from mqlab.experiments.canonical import fingerprint as protocol_fingerprint
from mqlab.lab import manifest, report_files
from mqlab.lab.analyze import Analysis, analyze
from mqlab.lab.data_hash import data_hash
from mqlab.lab.explored import Asked, Exploring, explored, explored_beside
from mqlab.lab.on_record import on_record
from mqlab.lab.progress import Progress, silent
from mqlab.lab.report_files import Report
from mqlab.leads.instants import iso
from mqlab.reports import format as fmt
from mqlab.reports.document import Document
from mqlab.reports.formats import ReportFormat, render
from mqlab.reports.in_locale import in_locale, thousands_in_locale
from mqlab.reports.pictures import Pictures
from mqlab.reports.printable import cleaned
from mqlab.reports.signatures import OnRecord

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def report_experiment(
    lab: Lab,
    experiment: str,
    *,
    as_of: datetime,
    position: int | None,
    formats: Sequence[ReportFormat],
    out: Path | None,
    overwrite: bool,
    progress: Progress,
) -> tuple[Path, ...]:
    """Analyse, build the document, draw it, write it whole; returns the files' paths.

    No format is that of `out`, else HTML. The same report again is no conflict; another one in its place needs
    `overwrite`.
    """
    chosen = report_files.chosen(formats, out)
    with report_files.drawing(chosen) as pictures, explored_beside() if pictures else nullcontext() as exploring:
        analysis = analyze(
            lab, experiment, as_of=as_of, position=position, progress=progress, hashed=True, exploring=exploring
        )
        return write(
            lab,
            analysis,
            formats=chosen,
            out=out,
            overwrite=overwrite,
            progress=progress,
            pictures=pictures,
            exploring=exploring,
        )


def write_report(lab: Lab, analysis: Analysis, *, out: Path | None = None, overwrite: bool = False) -> Path:
    """Write the page of an analysis that was made already; by default into `reports/`, named by experiment and day."""
    return write(lab, analysis, formats=(ReportFormat.HTML,), out=out, overwrite=overwrite)[0]


def write(
    lab: Lab,
    analysis: Analysis,
    *,
    formats: Sequence[ReportFormat],
    out: Path | None,
    overwrite: bool,
    progress: Progress = silent,
    pictures: Pictures | None = None,
    exploring: Exploring | None = None,
) -> tuple[Path, ...]:
    """Draw an analysis and write every file with its manifest; nothing is written where one of them may not be."""
    day = analysis.result.as_of.astimezone(lab.settings.zone).date()
    usual = lab.folder / "reports" / f"{analysis.result.experiment}-{day}"
    made = report(lab, analysis, exploring=exploring)
    return report_files.write(
        made, usual, formats=formats, out=out, overwrite=overwrite, progress=progress, pictures=pictures
    )


def html(analysis: Analysis) -> str:
    """The page of an analysis alone, without the hash of its data; the same analysis gives the same bytes."""
    return render(_document(analysis, _facts(analysis), fmt.LOCALE), ReportFormat.HTML).decode()


def report(
    lab: Lab,
    analysis: Analysis,
    *,
    locale: str | None = None,
    last_rows: Mapping[str, int] | None = None,
    exploring: Exploring | None = None,
) -> Report:
    """The document of an analysis, in the lab's locale or in another, and what it was made of.

    The data are hashed where the ledger holds them, not where a warehouse does. `last_rows` are those of a report that
    is made again (`on_record`). `exploring` may have explored already.
    """
    read, at = None, analysis.result
    if not lab.settings.warehouse.holds_the_lab:
        read = analysis.facts or lab.reading.facts(as_of=at.as_of, position=at.ledger)
    record = on_record(lab, analysis, last_rows)
    facts = {
        **_facts(analysis),
        "data": None if read is None else analysis.data or data_hash(read),
        "record": record.to_dict(),
    }
    facts["seal"] = manifest.sealed(facts)
    record = replace(record, seal=facts["seal"])
    found = None
    if read is not None:
        asked = Asked(lab.folder, analysis.protocol, analysis.definitions, at.as_of, at.ledger)
        found = (exploring.found() if exploring else None) or explored(lab, asked, read)
    return Report(_document(analysis, facts, locale or lab.settings.reports.locale, record, found), facts)


def _document(
    analysis: Analysis,
    facts: dict[str, Any],
    locale: str,
    record: OnRecord | None = None,
    found: Explored | None = None,
) -> Document:
    from mqlab.reports.experiment import build

    protocol, definitions, result = analysis.protocol, analysis.definitions, analysis.result
    refs = {arm.name: arm.definition for arm in protocol.arms}
    control = definitions[refs[protocol.control]]
    data = facts["data"]
    with fmt.written_in(locale):
        document = thousands_in_locale(
            build(
                in_locale(result, [*refs, *refs.values()]),
                protocol,
                descriptions={ref: describe(definition) for ref, definition in definitions.items()},
                changes={arm.name: diff(control, definitions[arm.definition]) for arm in protocol.challengers},
                timezone=analysis.zone,
                record=record,
                explored=found,
                manifest=[
                    ("mqlab", __version__),
                    ("Protocol", facts["fingerprints"]["protocol"]),
                    *facts["fingerprints"]["definitions"].items(),
                    ("As of", iso(result.as_of)),
                    ("Ledger position", str(result.ledger)),
                    ("Engine", result.engine),
                    *((("Data (SHA-256)", data["sha256"]),) if data else ()),
                    ("Analysis (SHA-256)", facts["analysis"]),
                    ("Command", facts["command"]),
                ],
            )
        )
    return cleaned(document)


def _facts(analysis: Analysis) -> dict[str, Any]:
    """What the report was made of, but for its data."""
    result = analysis.result
    whole = json.dumps(analysis.to_dict(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return {
        "report": "experiment",
        "experiment": result.experiment,
        "as_of": iso(result.as_of),
        "ledger": result.ledger,
        "engine": result.engine,
        "fingerprints": {
            "protocol": protocol_fingerprint(analysis.protocol),
            "definitions": {ref: fingerprint(found).meaning for ref, found in analysis.definitions.items()},
        },
        "data": None,
        "analysis": manifest.sha256(whole.encode()),
        "command": f"mqlab report experiment {result.experiment} --as-of {iso(result.as_of)} --ledger {result.ledger}",
    }
