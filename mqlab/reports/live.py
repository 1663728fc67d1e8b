"""Readings beside the verdict: limits that hold at every instant, and a Bayesian reading. Neither decides anything."""

from __future__ import annotations

from mqlab.analysis.result_rows import AlwaysValid, MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.metrics import METRICS
from mqlab.reports import format as fmt
from mqlab.reports import sentences
from mqlab.reports.document import Block, Cell, Column, Number, Section, Table, Text
from mqlab.reports.metric_table import arm_id, label
from mqlab.reports.rows import Rows, missing, p_cell, ranged
from mqlab.stats.bayes import Reading
from mqlab.stats.estimate import NotEstimable

VALID_ANY_TIME = (
    "These limits hold however often you look and however long you wait, so they are wider than those of the declared "
    "looks. They are for dashboards; the verdict does not read them."
)


def never_the_verdict() -> str:
    """What a Bayesian reading is worth, its numbers as the current locale writes them."""
    return (
        f"A reading, never the verdict: the lift drawn towards none by a prior that expects most lifts within "
        f"±{fmt.share(0.2)}, and how probable it is that the arm is better."
    )


def readable(result: AnalysisResult, arm: str) -> tuple[MetricRow, ...]:
    """The rows of an arm that have a live or a Bayesian reading, by the estimator that decides."""
    rows = Rows(result)
    main = rows.primary(arm)
    deciding = main.estimator if main is not None else "itt"
    return tuple(
        row for row in rows.find(arm=arm, estimator=deciding) if row.always_valid is not None or row.reading is not None
    )


def live(result: AnalysisResult) -> Section | None:
    """Live limits and Bayesian readings of every arm; None where the analysis has none."""
    rows = Rows(result)
    blocks: list[Block] = []
    for arm in result.verdicts:
        chosen = readable(result, arm)
        if not chosen:
            continue
        blocks.append(
            Table(
                f"live-{arm_id(result, arm)}",
                f"Live reading of {arm} against {result.control}",
                (
                    Column("Metric"),
                    Column("Relative change, valid at any time", True),
                    Column("p, valid at any time", True),
                    Column("Bayesian reading of the change", True),
                    Column("Probability of an improvement", True),
                ),
                tuple(
                    (
                        Cell(label(row)),
                        *live_cells(row, rows.source(row, "always_valid")),
                        *reading_cells(row, rows.source(row, "reading")),
                    )
                    for row in chosen
                ),
            )
        )
    told = [sentences.rare_sentence(result, arm) for arm in result.verdicts]
    if not blocks:
        return None
    blocks += [Text(text) for text in told if text]
    return Section("live", "Live reading", (Text(VALID_ANY_TIME, "note"), *blocks, Text(never_the_verdict(), "note")))


def live_cells(row: MetricRow, source: str = "") -> tuple[Cell, Cell]:
    """The always-valid change and p-value of a row; `source` is where they stand in the analysis' JSON."""
    match row.always_valid:
        case AlwaysValid(_, relative, p_value):
            lift = missing(relative) if isinstance(relative, NotEstimable) else None
            if lift is None and not isinstance(relative, NotEstimable):
                text = fmt.estimate(relative, fmt.change)
                lift = Cell(text, "number", source=f"{source}/relative", number=ranged(relative, "change"))
            return lift or _none(), p_cell(p_value, f"{source}/p_value")
        case NotEstimable() as why:
            return missing(why), _none()
        case _:
            return _none(), _none()


def reading_cells(row: MetricRow, source: str = "") -> tuple[Cell, Cell]:
    """The shrunken lift of a row, and the probability that it is an improvement: less, where less is better."""
    match row.reading:
        case Reading(lift, low, high, more):
            probability = more if METRICS[row.metric].better == "higher" else 1 - more
            shown = f"{fmt.change(lift)} ({fmt.change(low)} to {fmt.change(high)})"
            higher = METRICS[row.metric].better == "higher"
            return (
                Cell(shown, "number", source=f"{source}/lift", number=Number(lift, "change", low, high, True)),
                Cell(
                    fmt.probability(probability),
                    "number",
                    source=f"{source}/probability_better" if higher else None,
                    number=Number(probability, "probability"),
                ),
            )
        case NotEstimable() as why:
            return missing(why), _none()
        case _:
            return _none(), _none()


def _none() -> Cell:
    return Cell("–", "number", "quiet")
