"""Block 3 of a result: the leads on which the definitions part, what became of them, and SQLs nobody handed over."""

from __future__ import annotations

from dataclasses import replace

from mqlab.analysis.result_rows import LeakRow, MarginalRow
from mqlab.analysis.results import AnalysisResult
from mqlab.reports import charts, sentences, words
from mqlab.reports import format as fmt
from mqlab.reports.document import Block, Cell, Column, Number, Section, Table, Text
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
        heading = words.sentence(_counted(result)).removesuffix(".")
        blocks.append(Text(sentences.marginal_sentence(result, arm), "lead"))
        blocks.append(
            Table(
                f"marginal-{arm_id(result, arm)}",
                f"Leads on which {arm} and {result.control} part, per 1,000 assigned leads",
                (
                    Column("Leads"),
                    Column("Per 1,000", True),
                    Column(f"{heading} under {result.control}", True),
                    Column(f"{heading} under {arm}", True),
                    Column(f"{heading} gained or forgone per 1,000", True),
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
            f"/strata/{k}/share",
        )
        for k, row in enumerate(result.strata)
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
                        _count(number, f"/strata/{k}/{side}/{key}")
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
        _count(row.leads, f"/leak/{k}/leads"),
        _count(row.sqls, f"/leak/{k}/sqls"),
        _rate(rate, f"/leak/{k}/rate"),
        _of_thousand(per_1000, f"/leak/{k}/per_1000"),
    )


def _count(value: int, source: str) -> Cell:
    return Cell(fmt.count(value), "number", source=source, number=Number(value, "count"))


def _rate(value: float | NotEstimable, source: str) -> Cell:
    if isinstance(value, NotEstimable):
        return missing(value)
    return Cell(fmt.rate(value), "number", source=source, number=Number(value, "rate"))


def _of_thousand(value: float | NotEstimable, source: str) -> Cell:
    """What is counted of 1,000 already."""
    if isinstance(value, NotEstimable):
        return missing(value)
    return Cell(fmt.per_thousand(value / 1000), "number", source=source, number=Number(value, "number"))


def _general(stratum: str) -> str:
    return {
        "both": "both at once",
        "control_first": "control first",
        "arm_first": "challenger first",
        "none": "neither",
    }[stratum]


def _marginal(result: AnalysisResult, row: MarginalRow, arm: str) -> tuple[Cell, ...]:
    here = f"/marginal/{next(k for k, other in enumerate(result.marginal) if other is row)}"
    return (
        Cell(words.stratum(row.stratum, result.control, arm)),
        _of_thousand(row.leads_per_1000, f"{here}/leads_per_1000"),
        *once(
            _rate(row.rate_control, f"{here}/rate_control"),
            _rate(row.rate_treatment, f"{here}/rate_treatment"),
            _gain(row, f"{here}/outcomes_per_1000"),
        ),
    )


def _gain(row: MarginalRow, source: str) -> Cell:
    """Outcomes gained or forgone per 1,000 leads, with the interval where there is one."""
    if isinstance(row.outcomes_per_1000, NotEstimable):
        return missing(row.outcomes_per_1000)
    told = fmt.change_per_thousand(row.outcomes_per_1000 / 1000)
    limits = sentences.per_lead(row.interval)
    text = told if limits is None else f"{told} ({fmt.interval(limits, fmt.change_per_thousand)})"
    number = Number(row.outcomes_per_1000, "change_of_number")
    if row.interval is not None:
        number = replace(number, low=row.interval.low, high=row.interval.high, ranged=True)
    return Cell(text, "number", source=source, number=number)
