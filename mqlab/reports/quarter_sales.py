"""What sales said in a quarter: acceptance, reasons of rejection, disputes, promises kept."""

from __future__ import annotations

from mqlab.analysis.quarter.review import Review
from mqlab.reports import format as fmt
from mqlab.reports import sales_tables, words
from mqlab.reports.document import Block, Section, Table, Text
from mqlab.stats.estimate import NotEstimable

ROOT = "/sales/rejections"


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
    caption = f"MQLs handed over in {review.quarter.name}, by sales' latest answer"
    return sales_tables.answers(review.sales.rejections, id="sales-answers", caption=caption, root=ROOT)


def _groups(review: Review) -> list[Block]:
    found = review.sales.rejections
    return [
        sales_tables.groups(
            list(enumerate(groups))[: sales_tables.ROWS], id=f"sales-by-{key}", caption=title, root=f"{ROOT}/by_{key}",
            note="Reasons are those of the rejections in the quarter.", accepted=False, folded=True,
        )
        for key, title, groups in (
            ("definition", "Rejected, by definition", found.by_definition),
            ("source", "Rejected, by source", found.by_source),
        )
        if groups
    ]  # fmt: skip


def _reasons(review: Review) -> list[Block]:
    found = review.sales.rejections
    if not found.rejected:
        return [Text("No MQL was rejected in the quarter.")]
    caption = f"MQLs rejected in {review.quarter.name}, by reason"
    return [sales_tables.reasons(found, id="sales-reasons", caption=caption, root=ROOT)]


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
    caption = f"Promises about the MQLs handed over in {review.quarter.name}"
    found = review.sales.promises
    return [sales_tables.promises(found, id="sales-promises", caption=caption, root="/sales/promises")]
