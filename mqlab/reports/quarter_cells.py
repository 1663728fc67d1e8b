"""Cells of the quarterly review: counts with what they are counts of, and a date where it is too early for a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from mqlab.analysis.quarter.costs import Money
from mqlab.analysis.quarter.funnel import Step, TooEarly
from mqlab.leads.instants import instant
from mqlab.reports import format as fmt
from mqlab.reports.document import Cell, Kind, Number
from mqlab.reports.rows import missing, ranged
from mqlab.stats.estimate import Estimate, NotEstimable

STAGES: dict[str, str] = {
    "mql": "MQL",
    "pql": "PQL",
    "sal": "SAL: accepted by sales",
    "sql": "SQL",
    "opportunity": "Opportunity",
    "won": "Won",
}
SHORT: dict[str, str] = {**STAGES, "sal": "SAL"}
PLURAL: dict[str, str] = {
    "mql": "MQLs",
    "pql": "PQLs",
    "sal": "SALs",
    "sql": "SQLs",
    "opportunity": "opportunities",
    "won": "wins",
}


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence.

    Example:
        >>> listed(["MQLs", "SALs", "SQLs"])
        'MQLs, SALs and SQLs'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells whose dates are those of a zone."""

    zone: ZoneInfo

    def day(self, early: TooEarly) -> date:
        """The local day on which a number is due."""
        return instant(early.due_us).astimezone(self.zone).date()

    def early(self, early: TooEarly) -> Cell:
        """When a number will be due."""
        return Cell(f"too early: due {fmt.day(self.day(early))}", "missing", "quiet")

    def of_leads(self, step: Step | TooEarly, source: str) -> Cell:
        """The share of the cohort with both numbers it is made of."""
        return self._of(step, source, "per_lead")

    def of_before(self, step: Step | TooEarly, source: str) -> Cell:
        """The share of those that reached the stage before with both numbers it is made of."""
        return self._of(step, source, "per_stage_before")

    def _of(self, step: Step | TooEarly, source: str, key: str) -> Cell:
        if isinstance(step, TooEarly):
            return self.early(step)
        part, whole, share = (
            (step.everybody, step.leads, step.rate)
            if key == "per_lead"
            else (step.reached, step.before, step.conversion)
        )
        if isinstance(share, NotEstimable):
            return missing(share)
        told = f"{fmt.rate(share)} ({fmt.count(part)} of {fmt.count(whole)})"
        return Cell(told, "number", source=f"{source}/{key}", number=Number(share, "rate"))

    def money(self, value: Money, currency: str, source: str) -> Cell:
        """An amount, or why there is none."""
        if isinstance(value, TooEarly):
            return self.early(value)
        if isinstance(value, NotEstimable):
            return missing(value)
        return Cell(
            fmt.money(value, currency), "number", source=source, number=Number(value, "money", currency=currency)
        )

    def times(self, value: Money, source: str) -> Cell:
        """A plain number, or why there is none."""
        if isinstance(value, TooEarly):
            return self.early(value)
        if isinstance(value, NotEstimable):
            return missing(value)
        return Cell(fmt.number(value), "number", source=source, number=Number(value, "number"))


def count(value: int, source: str) -> Cell:
    """A number of leads."""
    return Cell(fmt.count(value), "number", source=source, number=Number(value, "count"))


def part(value: int, whole: int, source: str) -> Cell:
    """A share of a whole with both numbers."""
    if not whole:
        return Cell("–", "number", "quiet")
    told = f"{fmt.rate(value / whole)} ({fmt.count(value)} of {fmt.count(whole)})"
    return Cell(told, "number", source=source, number=Number(value / whole, "rate"))


def change(found: Estimate | NotEstimable, source: str, kind: Kind = "points") -> Cell:
    """A difference of two rates with its interval."""
    if isinstance(found, NotEstimable):
        return Cell("–", "number", "quiet") if found.reason == "too_early" else missing(found)
    return Cell(fmt.estimate(found, fmt.points), "number", source=source, number=ranged(found, kind))


def name(value: str | None, unknown: str = "not known") -> Cell:
    """What names a row."""
    return Cell(unknown if value is None else value)
