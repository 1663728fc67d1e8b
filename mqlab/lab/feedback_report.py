"""`report feedback` as a document, drawn in one format or several, each with its manifest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab import __version__
from mqlab.definitions.fingerprint import fingerprint
from mqlab.lab import manifest, report_files
from mqlab.lab.feedback import Explained, FeedbackReport, report_feedback
from mqlab.lab.report_files import Report
from mqlab.leads.instants import iso
from mqlab.reports import format as fmt
from mqlab.reports.feedback_leads import Disputed, Happened
from mqlab.reports.formats import ReportFormat
from mqlab.reports.in_locale import thousands_in_locale
from mqlab.reports.printable import cleaned

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress


def feedback_pack(
    lab: Lab,
    month: str,
    *,
    as_of: datetime,
    position: int | None,
    show_arms: bool,
    progress: Progress,
    locale: str | None = None,
) -> Report:
    """The month's feedback as a document, in the lab's locale or another, and what it was made of."""
    found = report_feedback(
        lab, month, as_of=as_of, position=position, show_arms=show_arms, progress=progress, hashed=True
    )
    return _pack(lab, found, locale or lab.settings.reports.locale)


def _pack(lab: Lab, found: FeedbackReport, locale: str) -> Report:
    from mqlab.reports.feedback_pack import build

    facts = _facts(found)
    with fmt.written_in(locale):
        document = thousands_in_locale(
            build(
                found.result,
                [_disputed(one) for one in found.sample],
                lab=lab.settings.lab.name,
                zone=found.zone,
                notes=found.notes,
                manifest=[
                    ("mqlab", __version__),
                    *facts["fingerprints"]["definitions"].items(),
                    ("As of", iso(found.result.as_of)),
                    ("Ledger position", str(found.result.position)),
                    ("Data (SHA-256)", facts["data"]["sha256"]),
                    ("Analysis (SHA-256)", facts["analysis"]),
                    ("Command", facts["command"]),
                ],
            )
        )
    return Report(cleaned(document), facts)


def write_feedback(
    lab: Lab,
    month: str,
    *,
    as_of: datetime,
    position: int | None,
    show_arms: bool,
    formats: Sequence[ReportFormat],
    out: Path | None,
    overwrite: bool,
    progress: Progress,
) -> tuple[Path, ...]:
    """Make the pack, draw it and write every file with its manifest; nothing is written where one may not be.

    No format is that of `out`, else HTML. Without `out` the files are `reports/feedback-MONTH-DAY.FORMAT`.
    """
    chosen = report_files.chosen(formats, out)
    day = as_of.astimezone(lab.settings.zone).date()
    usual = lab.folder / "reports" / f"feedback-{month}-{day}"
    with report_files.drawing(chosen) as pictures:
        made = feedback_pack(lab, month, as_of=as_of, position=position, show_arms=show_arms, progress=progress)
        return report_files.write(
            made, usual, formats=chosen, out=out, overwrite=overwrite, progress=progress, pictures=pictures
        )


def _disputed(one: Explained) -> Disputed:
    """A lead of the sample as the document tells it."""
    judged = one.why.judgements
    moments = tuple(Happened(moment.at, moment.what, moment.known_at) for moment in one.why.timeline)
    return Disputed(one.rejected, one.hidden, moments, judged[0].decision if judged else None)


def _facts(found: FeedbackReport) -> dict[str, Any]:
    result = found.result
    whole = json.dumps(found.to_dict(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    arms = " --show-arms" if found.show_arms else ""
    return {
        "report": "feedback",
        "experiment": None,
        "month": result.window.name,
        "show_arms": found.show_arms,
        "as_of": iso(result.as_of),
        "ledger": result.position,
        "engine": "python",
        "fingerprints": {"definitions": {ref: fingerprint(one).meaning for ref, one in found.definitions.items()}},
        "data": dict(found.data),
        "analysis": manifest.sha256(whole.encode()),
        "command": f"mqlab report feedback {result.window.name} --as-of {iso(result.as_of)} --ledger {result.position}"
        + arms,
    }
