"""What sales said in a quarter: acceptance, reasons of rejection, disputes, promises kept."""

from __future__ import annotations

from mqlab.analysis.feedback.promises import Kept
from mqlab.analysis.feedback.rejections import Group
from mqlab.analysis.quarter.review import Review
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Block, Cell, Column, Number, Section, Table, Text
from mqlab.reports.quarter_cells import count, name, part
from mqlab.reports.rows import missing
from mqlab.stats.estimate import NotEstimable

WHAT = {"first_touch": "First touch in time", "decision": "Decision in time"}
ROWS = 12
"""So many rows of a list are shown; JSON has all of them."""


def feedback(review: Review) -> Section:
    """Acceptance, reasons, disputes and service levels."""
    found = review.sales
    blocks: list[Block] = [
        Text(
            "Of the MQLs handed over in the quarter, whenever they came, and of the rejections in it. Both are other "
            "sets of leads than the funnel's, which follows those that came.",
            "note",
        )
    ]
    if not (found.rejections.handed or found.rejections.rejected or found.rejections.others):
        blocks.append(Text("Nothing was handed over or rejected in the quarter."))
        return Section("sales", "Sales feedback", tuple(blocks))
    blocks += [_answers(review), *_groups(review), *_reasons(review), *_disputes(review), *_promises(review)]
    return Section("sales", "Sales feedback", tuple(blocks))


def _answers(review: Review) -> Table:
    found = review.sales.rejections
    return Table(
        "sales-answers",
        f"MQLs handed over in {review.quarter.name}, by sales' latest answer",
        (Column("Answer"), Column("Of all handed over", True)),
        tuple(
            (Cell(label), part(leads, found.handed, f"/sales/rejections/{key}/share"))
            for label, leads, key in (
                ("accepted", found.accepted, "accepted"),
                ("rejected", found.turned_down, "rejected"),
                ("no answer yet", found.undecided, "undecided"),
            )
        ),
    )


def _groups(review: Review) -> list[Block]:
    found = review.sales.rejections
    return [
        _rejected(f"sales-by-{key}", title, groups, f"/sales/rejections/by_{key}")
        for key, title, groups in (
            ("definition", "Rejected, by definition", found.by_definition),
            ("source", "Rejected, by source", found.by_source),
        )
        if groups
    ]


def _rejected(id: str, caption: str, groups: tuple[Group, ...], here: str) -> Table:
    return Table(
        id,
        caption,
        (Column("Name"), Column("Rejected, of those handed over", True), Column("Most frequent reasons")),
        tuple(
            (
                name(one.name, "none"),
                part(one.turned_down, one.handed, f"{here}/{k}/rejected_per_handed_over"),
                Cell(
                    ", ".join(f"{words.rejection(why.reason)} {fmt.count(why.leads)}" for why in one.reasons[:3]) or "–"
                ),
            )
            for k, one in enumerate(groups[:ROWS])
        ),
        "Reasons are those of the rejections in the quarter.",
        folded=True,
    )


def _reasons(review: Review) -> list[Block]:
    found = review.sales.rejections
    if not found.rejected:
        return [Text("No MQL was rejected in the quarter.")]
    return [
        Table(
            "sales-reasons",
            f"MQLs rejected in {review.quarter.name}, by reason",
            (Column("Reason"), Column("Of all rejected", True)),
            tuple(
                (
                    Cell(words.rejection(one.reason)),
                    part(one.leads, found.rejected, f"/sales/rejections/reasons/{k}/share"),
                )
                for k, one in enumerate(found.reasons)
            ),
            f"{fmt.count(found.others)} more leads were rejected that were no MQLs." if found.others else "",
        )
    ]


def _disputes(review: Review) -> list[Block]:
    found = review.sales
    blocks: list[Block] = []
    if not isinstance(found.disputed, NotEstimable):
        blocks.append(
            Text(
                f"Disputes: {fmt.count(found.overturned)} of {fmt.count(found.rejections.rejected)} rejected MQLs "
                f"({fmt.rate(found.disputed)}) were accepted afterwards. “mqlab report feedback MONTH” draws 20 "
                "rejected leads to talk about and tells what happened to each."
            )
        )
    timing = [
        f"{one.definition or 'no definition'}: {fmt.count(one.leads)} of {fmt.count(one.rejected)} rejections say "
        f"{words.rejection(one.reason)}"
        for one in found.rejections.timing
    ]
    return [*blocks, *([Text("; ".join(timing) + ".")] if timing else [])]


def _promises(review: Review) -> list[Block]:
    found = review.sales.promises
    told = [(k, "together", one) for k, one in enumerate(found.together)]
    told += [(k, "by_definition", one) for k, one in enumerate(found.by_definition)]
    rows = tuple((Cell(WHAT[one.what]), name(_named(one, where)), *_kept(one, f"/sales/promises/{where}/{k}"))
                 for k, where, one in told)  # fmt: skip
    return [
        Table(
            "sales-promises",
            f"Promises about the MQLs handed over in {review.quarter.name}",
            (
                Column("Promise"),
                Column("Of"),
                Column("Handed over", True),
                Column("Kept, of those due", True),
                Column("Median wait, hours", True),
            ),
            rows,
            f"By {found.clock}. Due are those whose promise was kept or missed; the others have time left, or their "
            "definition promises nothing.",
        )
    ]


def _named(one: Kept, where: str) -> str:
    return "all MQLs" if where == "together" else one.name or "no definition"


def _kept(one: Kept, here: str) -> tuple[Cell, ...]:
    wait = Cell("–", "number", "quiet")
    if one.median_us is not None:
        hours = one.median_us / 3_600_000_000
        wait = Cell(fmt.number(hours), "number", source=f"{here}/median_hours", number=Number(hours, "number"))
    kept = (
        missing(one.share)
        if isinstance(one.share, NotEstimable)
        else part(one.fates["kept"], one.due, f"{here}/kept_per_due")
    )
    return count(one.leads, f"{here}/handed_over"), kept, wait
