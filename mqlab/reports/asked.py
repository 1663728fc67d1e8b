"""What people ask for first: the lifts per assigned lead and per MQL, each with what it means."""

from __future__ import annotations

from dataclasses import dataclass

from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.metrics import METRICS
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Cell, Column, Table
from mqlab.reports.metric_table import arm_id, once
from mqlab.reports.rows import Rows
from mqlab.stats.estimate import NotEstimable


@dataclass(frozen=True, slots=True)
class Asked:
    """A number people ask for: its short name, what it means, and its row of the analysis."""

    name: str
    meaning: str
    row: MetricRow

    @property
    def causal(self) -> bool:
        """Whether it compares the same leads; MQL volume stands with the lists it measures."""
        return METRICS[self.row.metric].causal and self.row.metric != "mql_per_lead"


def asked(result: AnalysisResult, arm: str) -> tuple[Asked, ...]:
    """The rows of one arm, causal ones first, by the estimator that decides where that one has a number.

    The primary metric leads, whatever it is; without any other row of a metric its guardrail row stands for it.
    """
    rows = Rows(result)
    main = rows.primary(arm)
    names = list(words.ASKED)
    if main is not None:
        names = [main.metric, *(name for name in names if name != main.metric)]
    found = []
    for name in names:
        chosen = main if main is not None and name == main.metric else _best(rows, arm, name, main)
        if chosen is not None:
            meaning = words.MEANINGS.get(name, "What the experiment was declared to decide by.")
            found.append(Asked(words.short(name), meaning, chosen))
    return tuple(sorted(found, key=lambda each: not each.causal))


def _best(rows: Rows, arm: str, metric: str, main: MetricRow | None) -> MetricRow | None:
    """The row of a metric: no guardrail if there is another, a number if there is one, the deciding estimator."""
    deciding = main.estimator if main is not None else "triggered"
    return min(
        rows.find(arm=arm, metric=metric),
        key=lambda row: (row.role == "guardrail", isinstance(row.relative, NotEstimable), row.estimator != deciding),
        default=None,
    )


def asked_table(result: AnalysisResult, arm: str) -> Table | None:
    """The numbers people ask for first as a table, with what each means; None where the analysis has none of them."""
    rows = Rows(result)
    found = asked(result, arm)
    if not found:
        return None
    return Table(
        f"asked-{arm_id(result, arm)}",
        f"What people ask first about {arm}",
        (
            Column("Number"),
            Column("What it means"),
            Column(result.control, True),
            Column(arm, True),
            Column("Relative change", True),
            Column("p", True),
        ),
        tuple(
            (
                Cell(_named(each)),
                Cell(each.meaning),
                *once(
                    rows.value(each.row, "control"),
                    rows.value(each.row, "treatment"),
                    rows.lift(each.row),
                    rows.p_value(each.row),
                ),
            )
            for each in found
        ),
    )


def overview(result: AnalysisResult) -> Table | None:
    """Several challengers at a glance: each one's verdict and the row that decides; None where there is only one."""
    if len(result.verdicts) < 2:
        return None
    rows = Rows(result)
    shown = []
    for arm, found in result.verdicts.items():
        label, tone = words.CALLS[found.call]
        main = rows.primary(arm)
        cells = (
            (rows.value(main, "control"), rows.value(main, "treatment"), rows.lift(main), rows.p_value(main))
            if main is not None
            else (Cell("–", "number", "quiet"),) * 4
        )
        shown.append((Cell(arm), Cell(label, "status", tone), *once(*cells)))
    return Table(
        "overview",
        "Every challenger at a glance, by the metric that decides",
        (
            Column("Challenger"),
            Column("Verdict"),
            Column(result.control, True),
            Column("Challenger's", True),
            Column("Relative change", True),
            Column("p", True),
        ),
        tuple(shown),
    )


def _named(each: Asked) -> str:
    horizon = f" within {fmt.days(each.row.horizon_days)}" if each.row.horizon_days else ""
    name = each.name.replace("of 1,000 leads", "per 1,000 assigned leads").replace("Won per", "Deals won per")
    return name + horizon
