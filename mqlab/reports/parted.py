"""Block 3 of a result: the leads on which the definitions part, what became of them, and SQLs nobody handed over."""

from __future__ import annotations

from mqlab.analysis.result_rows import LeakRow, MarginalRow
from mqlab.analysis.results import AnalysisResult
from mqlab.reports import charts, sentences, words
from mqlab.reports import format as fmt
from mqlab.reports.document import Block, Cell, Column, Section, Table, Text
from mqlab.reports.metric_table import arm_id, once
from mqlab.reports.rows import missing
from mqlab.stats.estimate import NotEstimable


def gained(result: AnalysisResult) -> Section:
    """Block 3: the leads on which the definitions part, and what became of them in each arm."""
    blocks: list[Block] = []
    for arm in result.verdicts:
        chosen = [row for row in result.marginal if row.arm == arm]
        if not chosen:
            continue
        what = _counted(result)
        blocks.append(Text(sentences.marginal_sentence(result, arm), "lead"))
        blocks.append(
            Table(
                f"marginal-{arm_id(result, arm)}",
                f"Leads on which {arm} and {result.control} part, per 1,000 assigned leads",
                (
                    Column("Leads"),
                    Column("Per 1,000", True),
                    Column(f"{what} under {result.control}", True),
                    Column(f"{what} under {arm}", True),
                    Column(f"{what} gained or forgone per 1,000", True),
                ),
                tuple(_marginal(result, row, arm) for row in sorted(chosen, key=lambda row: row.stratum)),
                f"The same kind of lead in both arms: leads for which {arm} is first are handed over under {arm} and "
                f"left alone, or handed over later, under {result.control}; the others the other way round.",
            )
        )
    blocks += _overlap(result)
    what = _counted(result)
    for arm in result.verdicts:
        blocks += _strata(result, arm, what)
    for arm in result.verdicts:
        blocks += _leak(result, arm)
    told = [sentences.split_sentence(result, arm) for arm in result.verdicts]
    blocks += [Text(text, "note") for text in told if text]
    if not blocks:
        blocks.append(Text("Which definition fires first is not known for these leads yet.", "note"))
    return Section("gained", "Leads gained and leads forgone", tuple(blocks))


def _counted(result: AnalysisResult) -> str:
    """What marginal rows and strata count."""
    return words.noun(f"{result.marginal[0].stage}_per_lead") if result.marginal else "outcomes"


def _overlap(result: AnalysisResult) -> list[Block]:
    """Which definition fires first, as a picture."""
    shares = [
        charts.Share(
            f"{row.arm} v {result.control}",
            words.stratum(row.stratum, result.control, row.arm) if len(result.verdicts) == 1 else _general(row.stratum),
            row.share,
            fmt.rate(row.share),
        )
        for row in result.strata
        if row.share is not None
    ]
    if not shares:
        return []
    strata = tuple(dict.fromkeys(row.stratum for row in result.strata if row.share is not None))
    return [
        charts.overlap(
            "overlap",
            "Which definition fires first",
            shares,
            strata,
            "Share of assigned leads by which definition fires first. "
            + " ".join(f"{share.pair}, {share.stratum}: {share.text}." for share in shares),
        )
    ]


def _strata(result: AnalysisResult, arm: str, what: str) -> list[Block]:
    cells = [(k, row) for k, row in enumerate(result.strata) if row.arm == arm]
    if not cells:
        return []
    return [
        Table(
            f"strata-{arm_id(result, arm)}",
            f"Mature leads and {what} by which definition fires first, {arm} against {result.control}",
            (
                Column("Fires first"),
                Column(f"{result.control}: leads", True),
                Column(f"{result.control}: {what}", True),
                Column(f"{arm}: leads", True),
                Column(f"{arm}: {what}", True),
            ),
            tuple(
                (
                    Cell(words.stratum(row.stratum, result.control, arm)),
                    *(
                        Cell(fmt.count(number), "number", source=f"/strata/{k}/{side}/{key}")
                        for side, key, number in (
                            ("control", "units", row.control_units),
                            ("control", "x", row.control_x),
                            ("treatment", "units", row.treatment_units),
                            ("treatment", "x", row.treatment_x),
                        )
                    ),
                )
                for k, row in cells
            ),
        )
    ]


def _leak(result: AnalysisResult, arm: str) -> list[Block]:
    """SQLs that came without a hand-over: descriptive."""
    chosen = [(k, row) for k, row in enumerate(result.leak) if row.arm == arm]
    if not chosen:
        return []
    return [
        Table(
            f"leak-{arm_id(result, arm)}",
            f"SQLs without a hand-over, {arm} and {result.control}",
            (
                Column("Leads not handed over"),
                Column("Leads", True),
                Column("SQLs", True),
                Column("SQLs per lead", True),
                Column("SQLs per 1,000 assigned leads", True),
            ),
            tuple(_leak_cells(result, k, row) for k, row in chosen),
            "Leads that the definition governing them did not hand over within the horizon, and that became SQLs all "
            "the same. Descriptive.",
        )
    ]


def _leak_cells(result: AnalysisResult, k: int, row: LeakRow) -> tuple[Cell, ...]:
    rate, per_1000 = row.rate, row.per_1000
    return (
        Cell(sentences.leak_group(row, result.control)),
        Cell(fmt.count(row.leads), "number", source=f"/leak/{k}/leads"),
        Cell(fmt.count(row.sqls), "number", source=f"/leak/{k}/sqls"),
        missing(rate) if isinstance(rate, NotEstimable) else Cell(fmt.rate(rate), "number", source=f"/leak/{k}/rate"),
        missing(per_1000)
        if isinstance(per_1000, NotEstimable)
        else Cell(fmt.per_thousand(per_1000 / 1000), "number", source=f"/leak/{k}/per_1000"),
    )


def _general(stratum: str) -> str:
    return {
        "both": "both at once",
        "control_first": "control first",
        "arm_first": "challenger first",
        "none": "neither",
    }[stratum]


def _marginal(result: AnalysisResult, row: MarginalRow, arm: str) -> tuple[Cell, ...]:
    def value(found: float | NotEstimable) -> Cell:
        return missing(found) if isinstance(found, NotEstimable) else Cell(fmt.rate(found), "number")

    return (
        Cell(words.stratum(row.stratum, result.control, arm)),
        missing(row.leads_per_1000)
        if isinstance(row.leads_per_1000, NotEstimable)
        else Cell(fmt.per_thousand(row.leads_per_1000 / 1000), "number"),
        *once(value(row.rate_control), value(row.rate_treatment), _gain(row)),
    )


def _gain(row: MarginalRow) -> Cell:
    """Outcomes gained or forgone per 1,000 leads, with the interval where there is one."""
    if isinstance(row.outcomes_per_1000, NotEstimable):
        return missing(row.outcomes_per_1000)
    told = fmt.change_per_thousand(row.outcomes_per_1000 / 1000)
    limits = sentences.per_lead(row.interval)
    return Cell(told if limits is None else f"{told} ({fmt.interval(limits, fmt.change_per_thousand)})", "number")
