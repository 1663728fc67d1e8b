"""The monthly feedback pack as a document, for the meeting of sales and marketing: the month first, then its parts."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from mqlab.analysis.feedback.feedback import Feedback
from mqlab.analysis.feedback.rejections import TIMING, Rejections
from mqlab.analysis.feedback.window import after
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Bullets, Cell, Column, Document, Pairs, Section, Table, Text
from mqlab.reports.feedback_leads import Disputed, to_talk_about
from mqlab.reports.feedback_parts import matches, promises, recycled, surveys
from mqlab.reports.feedback_reasons import acceptance, reasons, rejected, timing
from mqlab.reports.quarter_cells import count, part
from mqlab.reports.sales_tables import WHAT
from mqlab.stats.estimate import NotEstimable

HANDOVER = {
    "stated": "Hand-overs are those that sales reports.",
    "computed": "Sales reports no hand-overs of that time, so a lead counts from when its definition fired.",
    "partly_stated": "Hand-overs are those that sales reports since it began to; before, from when definitions fired.",
}


def build(
    found: Feedback,
    leads: Sequence[Disputed],
    *,
    lab: str,
    zone: ZoneInfo,
    notes: Sequence[str] = (),
    manifest: Sequence[tuple[str, str]] = (),
) -> Document:
    """The document; the same feedback is the same document. `manifest` holds what else made the numbers."""
    month = fmt.month(found.window.begin.astimezone(zone).date())
    first = _summary(found, month, zone, notes)
    if found.empty:
        parts = [first, matches(found, month)]
    else:
        parts = [
            first,
            acceptance(found, month),
            reasons(found, month),
            timing(found, month),
            to_talk_about(found, leads, zone),
            recycled(found, month, zone),
            promises(found, month),
            surveys(found, month),
            matches(found, month),
        ]
    return Document(
        title=f"Feedback from sales, {month}",
        subtitle=f"{lab}: for the meeting of sales and marketing",
        facts=(
            ("Month", month + (", not over" if found.unfinished else "")),
            ("As of", fmt.instant(found.as_of, zone)),
            ("Handed over", fmt.counted(found.rejections.handed, "MQL")),
            ("Rejected in the month", fmt.counted(found.rejections.rejected, "MQL")),
            ("Ledger", str(found.position)),
        ),
        sections=(*parts, _methods(found, manifest)),
        as_of=found.as_of,
        locale=fmt.current_locale(),
    )


def _summary(found: Feedback, month: str, zone: ZoneInfo, notes: Sequence[str]) -> Section:
    """The answer in plain words, then the month in numbers."""
    title = "The month at a glance"
    warned = (
        [Text(f"{month} is not over at this instant: the counts will grow.", "warning")] if found.unfinished else []
    )
    warned += [Text(note, "warning") for note in notes]
    if found.empty:
        told = f"Nothing to report: no lead was handed over, rejected, sent back, lost or asked in {month}."
        hint = "“mqlab ingest outcomes FILE” reads what sales reported."
        return Section("summary", title, (Text(told, "lead"), Text(hint), *warned))
    told = " ".join(
        [
            _answered(found.rejections, month),
            *_why(found.rejections, month),
            *_in_time(found),
            _back(found, month, zone),
        ]
    )
    return Section("summary", title, (Text(told, "lead"), *warned, _numbers(found, month)))


def _answered(found: Rejections, month: str) -> str:
    if not found.handed:
        return f"No MQL was handed over in {month}."
    return (
        f"Of {fmt.counted(found.handed, 'MQL')} handed over in {month}, sales has accepted {fmt.count(found.accepted)} "
        f"({fmt.rate(found.accepted / found.handed)}), rejected {fmt.count(found.turned_down)} "
        f"({fmt.rate(found.turned_down / found.handed)}) and not answered {fmt.count(found.undecided)}."
    )


def _why(found: Rejections, month: str) -> list[str]:
    """The rejections of the month, which are not those of its hand-overs, and the reason given most often."""
    stated = [one for one in found.reasons if one.reason is not None]
    if not found.rejected:
        return [f"Nobody was rejected in {month}."]
    made = f"In {month} itself {rejected(found.rejected, 'MQL')}, whenever handed over"
    if not stated:
        return [f"{made}, none with a reason."]
    most = stated[0]
    return [
        f"{made}, most often as “{_brief(most.reason)}” ({fmt.count(most.leads)}, "
        f"{fmt.rate(most.leads / found.rejected)})."
    ]


def _brief(reason: str | None) -> str:
    told = words.rejection(reason)
    return told if len(told) <= 120 else f"{told[:119].rstrip()}…"


def _in_time(found: Feedback) -> list[str]:
    touch = found.promises.together[0]
    if isinstance(touch.share, NotEstimable):
        return []
    return [f"First touches came in time for {fmt.rate(touch.share)} of the {fmt.count(touch.due)} that were due."]


def _back(found: Feedback, month: str, zone: ZoneInfo) -> str:
    total = found.recycled.together
    if not (total.due or total.due_next):
        return "No recycled lead is due back."
    following = fmt.month(after(found.window, zone).begin.astimezone(zone).date())
    return (
        f"{fmt.counted(total.due, 'recycled lead')} came due back in {month}, and "
        f"{fmt.count(total.due_next)} {'does' if total.due_next == 1 else 'do'} in {following}."
    )


def _numbers(found: Feedback, month: str) -> Table:
    said, rows = found.rejections, list[tuple[Cell, ...]]()
    if said.handed:
        rows += [
            (Cell(f"{label}, of the MQLs handed over"), part(leads, said.handed, f"/rejections/{key}/share"))
            for label, leads, key in (
                ("Accepted", said.accepted, "accepted"),
                ("Rejected", said.turned_down, "rejected"),
                ("No answer yet", said.undecided, "undecided"),
            )
        ]
    rows += [
        (Cell(f"Said to be {TIMING[one.reason]}, of the MQLs rejected in the month, whenever handed over"),
         part(one.leads, said.rejected, f"/rejections/reasons/{k}/share"))
        for k, one in enumerate(said.reasons) if one.reason is not None and one.reason in TIMING
    ]  # fmt: skip
    rows += [
        (Cell(f"{WHAT[one.what]}, of the MQLs due"),
         part(one.fates["kept"], one.due, f"/promises/together/{k}/kept_per_due"))
        for k, one in enumerate(found.promises.together) if not isinstance(one.share, NotEstimable)
    ]  # fmt: skip
    total = found.recycled.together
    rows.append((Cell("Recycled leads due back in the month"), count(total.due, "/recycled/together/due_back")))
    return Table("numbers", "The month in numbers", (Column("What"), Column(month, True)), tuple(rows))


def _methods(found: Feedback, manifest: Sequence[tuple[str, str]]) -> Section:
    return Section(
        "methods",
        "How to read this",
        (
            Bullets(
                (
                    HANDOVER[found.handover],
                    "Two sets of leads, never mixed: those handed over in the month, with sales' latest answer since, "
                    "and those rejected in the month, whenever they were handed over, by their first rejection in it.",
                    "An MQL counts for every rule that gave it points as it qualified, so rules do not add up.",
                    f"Waits run by {found.promises.clock}. A promise is due once it was kept or missed.",
                    "All of this describes. A definition that hands over other leads has other rejections; which "
                    "definition brings more only an experiment says.",
                )
            ),
            Pairs(tuple(manifest)),
        ),
    )
