"""Lines of 80 columns: wrapped text, and tables whose rows go on to a second line where they must."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from mqlab.analysis.rates import DESCRIPTIVE
from mqlab.analysis.result_rows import MetricRow
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Cell
from mqlab.reports.metric_table import told_notes
from mqlab.reports.rows import Rows
from mqlab.stats.estimate import NotEstimable

WIDTH = 80
NAME, CONTROL, ARM, LIFT, P = 22, 10, 12, 26, 7
"""Widths of the columns of a table; with the spaces between them they fill the 80."""
ESTIMATORS = {"itt": "all leads", "triggered": "where they differ"}


def wrapped(text: str, first: str = "", *, hang: int | None = None) -> list[str]:
    """The text in lines, the first after `first`, the others indented as far or by `hang`."""
    under = " " * (len(first) if hang is None else hang)
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=under, break_on_hyphens=False) or [
        first.rstrip()
    ]


def heading(control: str, arm: str) -> str:
    """The line over a table of metrics."""
    return line("", short(control, CONTROL), short(arm, ARM - 1), "lift and interval", "p")


def metrics(rows: Rows, chosen: Sequence[MetricRow], control: str, arm: str) -> Iterator[str]:
    """A heading, then per metric its name and one line per estimator, the one that decides marked; then the notes."""
    yield heading(control, arm)
    previous = ""
    for row in chosen:
        label = _label(row) if row.margin is None else f"{_label(row)}; margin: {words.margin(row)}"
        if label != previous:
            yield from wrapped(label, "  ")
        previous = label
        yield from row_lines(rows, row, f"  {'>' if row.primary else ' '} {ESTIMATORS[row.estimator]}")
    for note in told_notes(chosen, without=DESCRIPTIVE):
        yield from wrapped(note, "  ")


def row_lines(rows: Rows, row: MetricRow, name: str) -> Iterator[str]:
    """A row: both values, the lift, p; a reason where there is no number."""
    before, after = rows.value(row, "control"), rows.value(row, "treatment")
    if "missing" in (before.kind, after.kind):
        yield from wrapped(_reason(row), f"{name}: ", hang=4)
        return
    in_points = row.role == "guardrail" and row.margin_in == "points"
    lift, p = rows.difference(row) if in_points else rows.lift(row), rows.p_value(row)
    if lift.kind == "missing":
        yield line(name, before.text, after.text, "", _short_p(p))
        yield from wrapped(words.in_words(lift.text), "      no lift: ", hang=8)
        return
    yield from fitted(name, before.text, after.text, lift.text.replace(" points", "pp"), _short_p(p))


def fitted(name: str, before: str, after: str, lift: str, p: str) -> Iterator[str]:
    """One line where it fits into the width, else two."""
    one = line(name, before, after, lift, p)
    if len(one) <= WIDTH:
        yield one
        return
    yield line(name, before, after, "", "")
    yield f"{lift} {p:>{P}}".rjust(WIDTH)


def line(name: str, control: str, arm: str, lift: str, p: str) -> str:
    """The columns of a table side by side."""
    return f"{name:<{NAME}}{control:>{CONTROL}}  {arm:>{ARM - 2}}  {lift:<{LIFT}} {p:>{P}}".rstrip()


def short(name: str, width: int) -> str:
    """A name shorter than `width`, its middle cut out where it is too long: names often differ at their ends."""
    if len(name) < width:
        return name
    tail = (width - 2) // 2
    return f"{name[: width - 2 - tail]}…{name[-tail:]}"


def _short_p(p: Cell) -> str:
    return "–" if p.kind == "missing" else p.text


def _reason(row: MetricRow) -> str:
    """Why there is no comparison, as the arms or the comparison itself say."""
    parts = (row.control.value, row.treatment.value, row.absolute, row.relative)
    said = words.in_words(next(fmt.reason(why) for why in parts if isinstance(why, NotEstimable)))
    said = said.removeprefix(f"{words.metric(row.metric)} is ")
    return said[0].lower() + said[1:] if said[1:2].islower() else said


def _label(row: MetricRow) -> str:
    name = words.metric(row.metric)
    if row.unit not in ("money", "count"):
        name = name.replace("per assigned lead", "per 1,000 assigned leads")
    name = words.sentence(name).removesuffix(".")
    if row.metric in ("sql_per_mql", "won_per_mql"):
        name = f"{words.ASKED[row.metric]}: {words.metric(row.metric)}"
    return f"{name}, {fmt.days(row.horizon_days)}" if row.horizon_days else name
