"""The quarterly review as a document: one page for executives, then what it rests on, section by section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mqlab.analysis.quarter.calendar import Quarter
from mqlab.analysis.quarter.funnel import Step, TooEarly
from mqlab.analysis.quarter.review import Review
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Block, Bullets, Cell, Column, Document, Pairs, Section, Table, Text
from mqlab.reports.in_locale import numbers_in_locale
from mqlab.reports.quarter_cells import PLURAL, Cells, change, count, listed
from mqlab.reports.quarter_experiments import answers, experiments, lineage
from mqlab.reports.quarter_funnel import definitions, funnel, moved, sources
from mqlab.reports.quarter_money import costs
from mqlab.reports.quarter_next import early, proposals, sentence, thresholds
from mqlab.reports.quarter_sales import feedback

LOUD = frozenset({"ship", "harm", "blocked"})
SHOWN = 4
"""So many experiments that ask for a decision stand on the first page."""

FIRST_STAGES = ("mql", "pql", "sql", "won")
FIRST = 5
"""So many proposals stand on the first page."""

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def build(review: Review, *, manifest: Sequence[tuple[str, str]] = ()) -> Document:
    """The document; the same review is the same document. `manifest` holds what else made the numbers."""
    parts = (
        [_summary(review)]
        if review.empty
        else [
            _summary(review),
            funnel(review),
            experiments(review),
            definitions(review),
            lineage(review),
            costs(review),
            sources(review),
            feedback(review),
            thresholds(review),
            proposals(review),
            early(review),
        ]
    )
    return Document(
        title=f"Quarterly review {review.quarter.name}",
        subtitle=f"{review.lab}: {fmt.day(review.quarter.first)} to {fmt.day(review.quarter.last)}",
        facts=(
            ("Quarter", f"{review.quarter.name}, {_days(review.quarter)}"),
            ("Against", f"{review.last.name}, {_days(review.quarter.before)}"),
            ("As of", fmt.instant(review.as_of, review.zone)),
            ("Ledger", str(review.position)),
        ),
        sections=tuple(part for part in (*parts, _methods(review, manifest)) if part is not None),
        as_of=review.as_of,
        locale=fmt.current_locale(),
    )


def _days(found: Quarter) -> str:
    return f"{fmt.day(found.first)} to {fmt.day(found.last)}"


def _summary(review: Review) -> Section:
    """One page: what came of the quarter, what the experiments say, what to do, what to wait for."""
    if review.empty:
        return Section(
            "summary",
            "The quarter at a glance",
            (
                Text(f"Nothing to report: no lead came in {review.quarter.name} or the quarter before it.", "lead"),
                Text("“mqlab ingest leads FILE”, “events” and “outcomes” read what happened."),
                *_notes(review),
            ),
        )
    blocks: list[Block] = [Text(_headline(review), "lead"), _numbers(review)]
    blocks += _verdicts(review)
    if review.proposals:
        blocks.append(Text("What to do next"))
        told = [sentence(one) for one in review.proposals]
        left = len(told) - FIRST
        blocks.append(Bullets((*told[:FIRST], *([f"And {left} more, under Proposals."] if left > 0 else []))))
    blocks += [Text(text) for text in [_waiting(review)] if text]
    return Section("summary", "The quarter at a glance", (*blocks, *_notes(review)))


def _verdicts(review: Review) -> list[Block]:
    """How many experiments say what, and those that ask for a decision."""
    if not review.experiments:
        return [Text("No experiment ran, ended or was due.")]
    counted = Counter(said.call for one in review.experiments for said in one.verdicts)
    told = ", ".join(
        f"{fmt.count(counted[call])} “{label}”" for call, (label, _) in words.CALLS.items() if counted[call]
    )
    silent = sum(not one.verdicts for one in review.experiments)
    told = "; ".join([*([told] if told else []), *([f"{fmt.count(silent)} without a look yet"] if silent else [])])
    many = len(review.experiments)
    blocks: list[Block] = [Text(f"{fmt.count(many)} experiment{'s' if many > 1 else ''} of the quarter: {told}.")]
    loud = [one for one in review.experiments if {said.call for said in one.verdicts} & LOUD and not one.decided]
    for one in loud[:SHOWN]:
        blocks += answers(one, review.zone)
    return blocks


def _notes(review: Review) -> list[Block]:
    return [Text(numbers_in_locale(note), "warning") for note in review.notes]


def _headline(review: Review) -> str:
    found = review.funnel
    told = f"{fmt.counted(found.leads, 'lead')} came in {review.quarter.name}"
    told += (
        f", {fmt.count(found.last_leads)} in {review.last.name}." if found.last_leads else "; none the quarter before."
    )
    row = found.row("sql")
    if isinstance(row.this, TooEarly):
        cells = Cells(review.zone)
        return f"{told} How many became SQLs can be said on {fmt.day(cells.day(row.this))}."
    told += f" {fmt.count(row.this.everybody)} of them became SQLs within {fmt.days(row.within_days)}"
    step = found.row("mql").this
    if isinstance(step, Step):
        told += f", {fmt.count(row.this.reached)} of these from {fmt.count(step.reached)} MQLs"
    shift = moved(row)
    return f"{told}. SQLs per lead moved by {shift} against {review.last.name}." if shift else f"{told}."


def _numbers(review: Review) -> Table:
    cells, found, money = Cells(review.zone), review.funnel, review.spending
    rows = [
        (
            Cell("Leads"), count(found.leads, "/funnel/leads"), count(found.last_leads, "/funnel/last_leads"),
            Cell("–", "number", "quiet"),
        )
    ]  # fmt: skip
    for k, row in enumerate(found.rows):
        if row.stage not in FIRST_STAGES:
            continue
        here = f"/funnel/stages/{k}"
        rows.append(
            (
                Cell(f"{_capital(PLURAL[row.stage])} within {fmt.days(row.within_days)}, of the leads"),
                cells.of_leads(row.this, f"{here}/this"),
                cells.of_leads(row.last, f"{here}/last"),
                change(row.change, f"{here}/change_per_lead"),
            )
        )
    if money.prices is not None:
        for label, value, key in (
            ("Spend per SQL", money.together.per_sql, "per_sql"),
            ("Spend per win", money.together.per_win, "per_win"),
        ):
            cell = cells.money(value, money.prices.currency, f"/costs/together/{key}")
            rows.append((Cell(label), cell, Cell("–", "number", "quiet"), Cell("–", "number", "quiet")))
    return Table(
        "numbers",
        "The quarter in numbers",
        (
            Column("Of the leads that came"),
            Column(review.quarter.name, True),
            Column(review.last.name, True),
            Column(f"Change, {fmt.level(0.05)} interval", True),
        ),
        tuple(rows),
        "Descriptive: a change between quarters is no effect of a definition.",
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _waiting(review: Review) -> str:
    told = []
    for one in review.waiting[:3]:
        what = (
            f"the next look of {one.experiment}"
            if one.experiment is not None
            else f"{listed([PLURAL[stage] for stage in one.stages])} of the quarter's leads"
        )
        told.append(f"{what} on {fmt.day(one.due)}")
    return f"Too early to call: {'; '.join(told)}." if told else ""


def _methods(review: Review, manifest: Sequence[tuple[str, str]]) -> Section:
    """How to read it: the calendar, the cohort, the days, and what made the numbers."""
    start = review.quarter.starts
    year = (
        "The fiscal year is the calendar year."
        if start == 1
        else f"The fiscal year starts in {MONTHS[start - 1]} and is named by the calendar year in which it ends."
    )
    quarters = "; ".join(
        f"{one.name}: {_days(one)}" for one in (Quarter(review.quarter.year, k, start) for k in range(1, 5))
    )
    return Section(
        "methods",
        "How to read this",
        (
            Bullets(
                (
                    f"{year} {quarters}, on the clock of {review.zone.key}.",
                    "A lead belongs to the quarter in which it was created, for good. Every rate of the funnel is of "
                    "these leads: one denominator. What a lead did later is counted for the quarter it came in.",
                    f"Stages count within {fmt.days(review.horizons.sql_days)} of a lead's creation up to the SQL, and "
                    f"within {fmt.days(review.horizons.won_days)} from the opportunity on. Until the quarter's last "
                    "day has been followed that long there is no number, only the day on which there will be one.",
                    "Conversions by stage describe. Whoever changes the definition changes who is an MQL, so a better "
                    "rate from MQL to SQL may be a shorter list. Experiments compare all assigned leads.",
                    f"Intervals are {fmt.level(0.05)} score intervals for two independent samples (Miettinen and "
                    "Nurminen 1985).",
                )
            ),
            Pairs(tuple(manifest)),
        ),
    )
