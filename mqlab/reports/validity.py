"""Block 4 of a result: guardrails, checks and the verdict with its reasons."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.protocol import Protocol
from mqlab.reports import words
from mqlab.reports.document import Block, Bullets, Cell, Column, Section, Table, Text
from mqlab.reports.metric_table import arm_id, label, notes
from mqlab.reports.rows import Rows, p_cell
from mqlab.reports.turning import turning


def guardrails(result: AnalysisResult) -> Section:
    """Block 4, first part: what must not get worse, and by how much it may."""
    rows = Rows(result)
    blocks: list[Block] = []
    for arm in result.verdicts:
        chosen = rows.find(arm=arm, roles=("guardrail",))
        if not chosen:
            continue
        blocks.append(
            Table(
                f"guardrails-{arm_id(result, arm)}",
                f"Guardrails of {arm} against {result.control}",
                (
                    Column("Guardrail"),
                    Column("Estimated from"),
                    Column("May get worse by"),
                    Column(result.control, True),
                    Column(arm, True),
                    Column("Difference", True),
                    Column("Relative change", True),
                ),
                tuple(
                    (
                        Cell(label(row)),
                        Cell(words.ESTIMATORS[row.estimator]),
                        Cell(words.margin(row)),
                        rows.value(row, "control"),
                        rows.value(row, "treatment"),
                        rows.difference(row),
                        rows.lift(row),
                    )
                    for row in chosen
                ),
                notes(chosen),
            )
        )
    if not blocks:
        blocks.append(Text("No guardrail was declared.", "note"))
    return Section("guardrails", "Guardrails", tuple(blocks))


def checks(result: AnalysisResult) -> Section:
    """Block 4, second part: whether the comparison can be trusted."""
    rows = []
    advice = {found.check: found.advice for found in result.conditions if found.check}
    for k, check in enumerate(result.checks):
        text, mood = words.STATUSES[check.status]
        detail = words.sentence(words.in_words(check.detail))
        says_what_to_do = check.check == "capacity"
        told = (detail, "" if says_what_to_do else advice.get(check.check, ""))
        rows.append(
            (
                Cell(words.check(check)),
                Cell(text, "status", mood),
                Cell("–", "number", "quiet")
                if check.p_value is None
                else p_cell(check.p_value, f"/checks/{k}/p_value"),
                Cell(" ".join(part for part in told if part)),
            )
        )
    table = Table(
        "checks-table",
        "What was checked before any number was believed",
        (Column("Statement"), Column("Result"), Column("p", True), Column("Detail")),
        tuple(rows),
    )
    return Section("checks", "Can this be trusted?", (table, *conditions(result)))


def conditions(result: AnalysisResult) -> list[Block]:
    """Conditions that do not hold and that no check tells of, each with what to do."""
    chosen = [found for found in result.conditions if found.check is None]
    if not chosen:
        return []
    return [
        Table(
            "conditions",
            "Conditions that do not hold",
            (Column("Condition"), Column("What was found"), Column("What to do")),
            tuple(
                (
                    Cell(words.condition(found.condition)),
                    Cell(words.sentence(words.in_words(found.detail))),
                    Cell(found.advice),
                )
                for found in chosen
            ),
        )
    ]


def verdict(result: AnalysisResult, protocol: Protocol, zone: ZoneInfo) -> Section:
    """Block 4, last part: what the declared rule concludes, why, and what would change it; `zone` is the lab's."""
    blocks: list[Block] = []
    for arm, found in result.verdicts.items():
        call, _ = words.CALLS[found.call]
        blocks.append(Text(f"{arm}: {call}.", "lead"))
        blocks += [Bullets(tuple(words.sentence(words.in_words(why)) for why in found.why))] if found.why else []
        if told := turning(result, protocol, arm, zone):
            blocks += [Text("What would change it"), Bullets(told)]
    return Section("verdict", "Verdict and reasons", tuple(blocks))
