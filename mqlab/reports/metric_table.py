"""Metrics side by side: one row per metric and estimator, the row that decides marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mqlab.analysis.rates import DESCRIPTIVE
from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.metrics import METRICS
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Cell, Column, Table
from mqlab.reports.rows import Rows, shows, tone


def metric_table(rows: Rows, id: str, caption: str, chosen: Sequence[MetricRow], arm: str) -> Table:
    """Metrics with both arms' values, difference, lift and p; the row that decides is marked."""
    return Table(
        id,
        caption,
        (
            Column("Metric"),
            Column("Estimated from"),
            Column(rows.result.control, True),
            Column(arm, True),
            Column("Difference", True),
            Column("Relative change", True),
            Column("p", True),
        ),
        tuple(
            (
                Cell(label(row)),
                Cell(words.ESTIMATORS[row.estimator] + (" · decides" if row.primary else "")),
                *once(
                    rows.value(row, "control"),
                    rows.value(row, "treatment"),
                    rows.difference(row),
                    _toned(rows, row),
                    rows.p_value(row),
                ),
            )
            for row in chosen
        ),
        notes(chosen),
    )


def once(*cells: Cell) -> tuple[Cell, ...]:
    """The cells of a row with a reason that stands in several of them told in the first only."""
    told: set[str] = set()
    shown: list[Cell] = []
    for cell in cells:
        again = cell.kind == "missing" and cell.text in told
        told |= {cell.text} if cell.kind == "missing" else set()
        shown.append(Cell("–", "number", "quiet") if again else cell)
    return tuple(shown)


def _toned(rows: Rows, row: MetricRow) -> Cell:
    cell = rows.lift(row)
    if cell.kind == "missing":
        return cell
    return replace(cell, tone=tone(shows(row.relative), better=METRICS[row.metric].better))


def label(row: MetricRow) -> str:
    """A metric with its horizon and the unit of its values."""
    horizon = f" within {fmt.days(row.horizon_days)}" if row.horizon_days else ""
    asked = f"{words.ASKED[row.metric]}: " if row.metric in ("sql_per_mql", "won_per_mql") else ""
    return words.sentence(f"{asked}{words.noun(row.metric)}{horizon}, {words.per_what(row)}").rstrip(".")


def notes(chosen: Sequence[MetricRow]) -> str:
    """What the rows' notes say, each once."""
    return " ".join(told_notes(chosen))


def told_notes(chosen: Sequence[MetricRow], *, without: str = "") -> tuple[str, ...]:
    """A sentence for each different part of the rows' notes, with the metrics it is about; `without` is left out."""
    told: dict[str, list[str]] = {}
    for row in chosen:
        for note in row.note.replace(DESCRIPTIVE, _DESCRIPTIVE).split("; "):
            part = note.replace(_DESCRIPTIVE, DESCRIPTIVE)
            if part and part != without:
                told.setdefault(words.in_words(part), []).append(words.noun(row.metric))
    return tuple(words.sentence(f"{', '.join(dict.fromkeys(of))}: {note}") for note, of in told.items())


_DESCRIPTIVE = DESCRIPTIVE.replace("; ", "\0")


def arm_id(result: AnalysisResult, arm: str) -> str:
    """A stable, plain id for an arm: its place among the verdicts."""
    return str(1 + list(result.verdicts).index(arm)) if arm in result.verdicts else "0"
