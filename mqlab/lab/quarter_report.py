"""`report quarter`: the review as a document, drawn in one format or several, each with its manifest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab import __version__
from mqlab.analysis.quarter.cohort import Horizons
from mqlab.analysis.quarter.review import Review
from mqlab.definitions.fingerprint import fingerprint
from mqlab.lab import manifest, report_files
from mqlab.lab.data_hash import data_hash
from mqlab.lab.quarter import review
from mqlab.lab.report_files import Report
from mqlab.leads.instants import iso
from mqlab.reports import format as fmt
from mqlab.reports.formats import ReportFormat, render
from mqlab.reports.in_locale import thousands_in_locale
from mqlab.reports.printable import cleaned

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress


@dataclass(frozen=True)
class QuarterReport:
    """A review, its document and what both were made of; converts to plain data and draws itself."""

    result: Review
    report: Report

    def to_dict(self) -> dict[str, Any]:
        """The review's numbers as JSON."""
        return self.result.to_dict()

    def draw(self, to: ReportFormat) -> bytes:
        """The document in a format."""
        return render(self.report.document, to)


def report_quarter(
    lab: Lab,
    name: str,
    *,
    as_of: datetime,
    position: int | None,
    horizons: Horizons,
    progress: Progress,
    locale: str | None = None,
    last_look: int | None = None,
) -> QuarterReport:
    """Review a quarter and make the document, in the lab's locale or another; `last_look` is that of `review`."""
    from mqlab.reports.quarter import build

    found, data = review(
        lab,
        name,
        as_of=as_of,
        position=position,
        horizons=horizons,
        progress=progress,
        of_facts=data_hash,
        last_look=last_look,
    )
    facts = _facts(lab, found, data)
    with fmt.written_in(locale or lab.settings.reports.locale):
        document = thousands_in_locale(
            build(
                found,
                manifest=[
                    ("mqlab", __version__),
                    *facts["fingerprints"]["definitions"].items(),
                    ("As of", iso(found.as_of)),
                    ("Ledger position", str(found.position)),
                    ("Data (SHA-256)", data["sha256"]),
                    ("Analysis (SHA-256)", facts["analysis"]),
                    ("Command", facts["command"]),
                ],
            )
        )
    return QuarterReport(found, Report(cleaned(document), facts))


def write_quarter(
    lab: Lab,
    name: str,
    *,
    as_of: datetime,
    position: int | None,
    horizons: Horizons,
    formats: Sequence[ReportFormat],
    out: Path | None,
    overwrite: bool,
    progress: Progress,
) -> tuple[Path, ...]:
    """Make the report, draw it and write every file with its manifest; nothing is written where one may not be.

    No format is that of `out`, else HTML. Without `out` the files are `reports/QUARTER-DAY.FORMAT`.
    """
    chosen = report_files.chosen(formats, out)
    with report_files.drawing(chosen) as pictures:
        made = report_quarter(lab, name, as_of=as_of, position=position, horizons=horizons, progress=progress)
        day = as_of.astimezone(lab.settings.zone).date()
        usual = lab.folder / "reports" / f"{made.result.quarter.name}-{day}"
        return report_files.write(
            made.report, usual, formats=chosen, out=out, overwrite=overwrite, progress=progress, pictures=pictures
        )


def _facts(lab: Lab, found: Review, data: dict[str, Any]) -> dict[str, Any]:
    whole = json.dumps(found.to_dict(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    days = f" --sql-within {found.horizons.sql_days} --won-within {found.horizons.won_days}"
    usual = found.horizons == Horizons()
    return {
        "report": "quarter",
        "experiment": None,
        "quarter": found.quarter.name,
        "within_days": [found.horizons.sql_days, found.horizons.won_days],
        "as_of": iso(found.as_of),
        "ledger": found.position,
        "engine": "duckdb",
        "fingerprints": {
            "definitions": {
                one.definition: fingerprint(lab.definitions[one.definition]).meaning for one in found.lineage
            }
        },
        "data": data,
        "record": {"last_rows": {"looks": found.last_look}},
        "analysis": manifest.sha256(whole.encode()),
        "command": f"mqlab report quarter {found.quarter.name} --as-of {iso(found.as_of)} --ledger {found.position}"
        + ("" if usual else days),
    }
