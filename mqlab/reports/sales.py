"""Block 2 of a result, the list handed to sales and what sales answered; and what a win costs sales."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mqlab.analysis.explored import Explored
from mqlab.analysis.rejected_rules import RuleRejections
from mqlab.analysis.result_rows import MixRow, of_rejected
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.metrics import METRICS
from mqlab.experiments.protocol import Protocol
from mqlab.reports import format as fmt
from mqlab.reports import points, sentences, words
from mqlab.reports.charts_reasons import Part, reason_mix
from mqlab.reports.document import Block, Cell, Chart, Column, Number, Section, Table, Text
from mqlab.reports.metric_table import arm_id, metric_table
from mqlab.reports.price import price_sentences
from mqlab.reports.rows import Rows, missing
from mqlab.stats.estimate import NotEstimable

RULES = 8
"""So many rules of each definition are shown."""


def lists(result: AnalysisResult, protocol: Protocol, explored: Explored | None = None) -> Section:
    """Block 2, descriptive: how clean and how long the list handed to sales is."""
    rows = Rows(result)
    declared = protocol.precision.metric if protocol.precision else None
    blocks: list[Block] = [
        Text(
            "Descriptive: the two lists hold different leads, so a cleaner list is mostly a matter of which leads are "
            "on it. These numbers say what sales will see; they do not say what the definition brings.",
            "note",
        )
    ]
    for arm in result.verdicts:
        told = sentences.list_sentence(result, arm, declared)
        blocks += [Text(told, "lead")] if told else []
        clash = sentences.disagreement(result, arm, declared)
        blocks += [Text(clash, "warning")] if clash else []
        chosen = [
            row
            for row in rows.find(arm=arm, roles=("primary", "then", "beside"))
            if not METRICS[row.metric].causal or row.metric == "mql_per_lead"
        ]
        if chosen:
            caption = f"The list handed to sales, {arm} against {result.control} (descriptive)"
            blocks.append(metric_table(rows, f"list-{arm_id(result, arm)}", caption, chosen, arm))
    blocks += [*mix(result), *_reasons_chart(result), *_by_rule(explored, protocol)]
    return Section("list", "The list handed to sales", tuple(blocks))


def mix(result: AnalysisResult) -> list[Block]:
    """Sales' answers per MQL, the arms beside each other; descriptive."""
    if not result.mix:
        return []
    arms = list(dict.fromkeys(row.arm for row in result.mix))
    answers = list(dict.fromkeys((row.answer, row.reason) for row in result.mix))
    cells = {(row.arm, row.answer, row.reason): (k, row) for k, row in enumerate(result.mix)}
    return [
        Table(
            "mix",
            "What sales answered, share of MQLs",
            (Column("Answer"), *(Column(arm, True) for arm in arms)),
            tuple(
                (
                    Cell(mix_name(*answer)),
                    *(_mix_cell(*cells[arm, *answer]) if (arm, *answer) in cells else Cell("–") for arm in arms),
                )
                for answer in answers
            ),
            "Counts are of leads; one rejected and accepted later counts in both. Descriptive.",
        )
    ]


def _reasons_chart(result: AnalysisResult) -> Iterator[Chart]:
    """Each arm's rejections by reason; none where nothing was rejected."""
    whole = Counter[str]()
    for row in result.mix:
        whole[row.arm] += row.count if row.answer == "rejected" else 0
    parts = [
        Part(
            words.rejection(row.reason),
            row.arm,
            share,
            f"{fmt.rate(share)} ({fmt.count(row.count)} of {fmt.count(whole[row.arm])})",
            f"/mix/{k}/of_rejected",
        )
        for k, (row, share) in enumerate(zip(result.mix, of_rejected(result.mix), strict=True))
        if share is not None
    ]
    if parts:
        told = " ".join(f"{part.reason}, {part.group}: {part.text}." for part in parts)
        yield reason_mix(
            "mix-reasons", "Why sales rejected, by arm", parts, f"Bars of each reason's share. {told}", series="Arm"
        )


def _by_rule(explored: Explored | None, protocol: Protocol) -> Iterator[Table]:
    """Rejections by arm and rule, over the leads that were read."""
    if explored is None or not explored.rejections:
        return
    arms: dict[str, list[str]] = {}
    for arm in protocol.arms:
        arms.setdefault(arm.definition, []).append(arm.name)
    yield Table(
        "mix-rules",
        "Rejected of the MQLs handed over, by arm and rule that made the MQL",
        (
            Column("Arm"),
            Column("Rule"),
            Column("MQLs handed over", True),
            Column("Rejected", True),
            Column("Most frequent reasons"),
        ),
        tuple(
            (
                Cell(", ".join(arms[one.definition])),
                Cell(points.kind(one.rule)),
                Cell(fmt.count(one.handed), "number", source=f"{at}/handed", number=Number(one.handed, "count")),
                _share(one, at),
                Cell(
                    ", ".join(f"{words.rejection(code or None)} {fmt.count(n)}" for code, n in one.reasons[:3]) or "–"
                ),
            )
            for ref in arms
            for at, one in [
                (f"/explored/rejections/{k}", row) for k, row in enumerate(explored.rejections) if row.definition == ref
            ][:RULES]
        ),
        f"Of {fmt.counted(explored.leads, 'lead')} drawn by lot that were followed for {fmt.days(explored.sql_days)}. "
        "An MQL counts for every rule that gave it points as it qualified, so rules do not add up. Descriptive.",
        folded=True,
    )


def _reasons(one: RuleRejections) -> str:
    return ", ".join(f"{words.rejection(code or None)} {fmt.count(leads)}" for code, leads in one.reasons[:3])


def _share(one: RuleRejections, source: str) -> Cell:
    if not one.handed:
        return Cell("–", "number", "quiet")
    told = f"{fmt.rate(one.rejected / one.handed)} ({fmt.count(one.rejected)})"
    return Cell(told, "number", source=f"{source}/rate", number=Number(one.rejected / one.handed, "rate"))


def mix_name(answer: str, reason: str | None) -> str:
    """An answer of sales in words."""
    if answer == "accepted":
        return "Accepted"
    return f"Rejected: {words.rejection(reason)}" if answer == "rejected" else "No answer yet"


def _mix_cell(k: int, row: MixRow) -> Cell:
    if isinstance(row.share, NotEstimable):
        return missing(row.share)
    return Cell(fmt.rate(row.share), "number", source=f"/mix/{k}/share", number=Number(row.share, "rate"))


def price(result: AnalysisResult) -> Section | None:
    """Effort per deal won, and the price of a hand-over up to which the arm is worth it; None without both."""
    rows = Rows(result)
    blocks: list[Block] = []
    for arm in result.verdicts:
        told = " ".join(price_sentences(result, arm))
        blocks += [Text(f"{arm}: {told}" if len(result.verdicts) > 1 else told, "lead")] if told else []
        chosen = [row for row in rows.find(arm=arm) if row.unit == "count" and row.role != "guardrail"]
        if chosen:
            caption = f"Effort of sales, {arm} against {result.control}"
            blocks.append(metric_table(rows, f"effort-{arm_id(result, arm)}", caption, chosen, arm))
    return Section("price", "Effort and price", tuple(blocks)) if blocks else None
