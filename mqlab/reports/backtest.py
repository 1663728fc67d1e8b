"""A backtest as text for a terminal of 80 columns: what each definition would have passed, and what came of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from mqlab.analysis.backtest_result import NOTE, Backtest, Group, Reached, Side
from mqlab.reports import format as fmt
from mqlab.stats.estimate import NotEstimable

WIDTH = 80
LABEL, LEADS, SHARE, STAGE = 32, 9, 8, 15
MONTHS = 24
"""So many months are shown, the latest; JSON has all of them."""


def render(found: Backtest, zone: ZoneInfo) -> str:
    """The whole backtest, ending in a line break; times are on the clock of `zone`."""
    lines = [*_wrapped(_title(found)), *_wrapped(_window(found, zone)), ""]
    lines += _head(found, "")
    for side in (found.this, found.that):
        if side is not None:
            lines += _row(side.definition, side.mqls, found.everyone.leads)
    lines += _row("all leads", found.everyone, found.everyone.leads)
    if found.that is not None:
        lines += ["", *_head(found, "Where they part"), *_cells(found, found.that)]
    for side in (found.this, found.that):
        if side is not None and side.paths:
            lines += ["", *_head(found, f"By path of {side.definition}")]
            for path, group in side.paths.items():
                lines += _row(f"  {path}", group, side.mqls.leads)
    lines += ["", *_months(found), "", *_wrapped(_medians(found))]
    lines += _wrapped(
        f"Stages count from the arrival of a lead, of leads followed for all of the days. This is {NOTE}."
    )
    for note in found.notes:
        lines += ["", *_wrapped(f"{note[:1].upper()}{note[1:]}.")]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _title(found: Backtest) -> str:
    return f"Backtest of {found.this.definition}" + (f" against {found.that.definition}" if found.that else "")


def _window(found: Backtest, zone: ZoneInfo) -> str:
    words = fmt.counted(found.everyone.leads, "lead")
    if found.created_from is not None:
        words += f" from {fmt.day(found.created_from.astimezone(zone).date())}"
    if found.created_to is not None:
        words += f" to {fmt.day(found.created_to.astimezone(zone).date())}"
    if found.qualify_within_days is not None:
        words += f", each within {found.qualify_within_days:g} days of its arrival"
    return f"{words}, as known at {fmt.instant(found.as_of, zone)}"


def _head(found: Backtest, words: str) -> list[str]:
    sql, won = found.everyone.sql.within_days, found.everyone.won.within_days
    heads = f"{'leads':>{LEADS}}{'share':>{SHARE}}{f'SQL in {sql} d':>{STAGE}}{f'won in {won} d':>{STAGE}}"
    return [*_label(words, heads)]


def _row(label: str, group: Group, of: int) -> list[str]:
    share = fmt.rate(group.leads / of) if of else "–"
    return _label(
        label,
        f"{fmt.count(group.leads):>{LEADS}}{share:>{SHARE}}{_reached(group.sql):>{STAGE}}{_reached(group.won):>{STAGE}}",
    )


def _reached(stage: Reached) -> str:
    rate = stage.rate
    return "–" if isinstance(rate, NotEstimable) else f"{fmt.count(stage.reached)} ({fmt.rate(rate)})"


def _label(label: str, cells: str) -> list[str]:
    """A label and cells; a label too long for its place has lines of its own."""
    if len(label) <= LABEL:
        return [f"{label:<{LABEL}}{cells}"]
    under = " " * (len(label) - len(label.lstrip()) + 2)
    return [*textwrap.wrap(label, WIDTH, subsequent_indent=under), f"{'':<{LABEL}}{cells}"]


def _cells(found: Backtest, that: Side) -> Iterator[str]:
    names = {
        "both": "both",
        "only_this": f"only {found.this.definition}",
        "only_that": f"only {that.definition}",
        "neither": "neither",
    }
    for cell, group in found.cells.items():
        yield from _row(f"  {names[cell]}", group, found.everyone.leads)


def _months(found: Backtest) -> Iterator[str]:
    sides = "MQLs" if found.that is None else "this"
    heads = f"{'leads':>{LEADS}}{sides:>{SHARE}}{'share':>{SHARE}}"
    yield f"{'By month of arrival':<{LABEL}}{heads}" + (
        "" if found.that is None else f"{'that':>{SHARE}}{'share':>{SHARE}}"
    )
    for one in found.months[-MONTHS:]:
        line = f"{f'  {one.month}':<{LABEL}}{fmt.count(one.leads):>{LEADS}}"
        for mqls in (one.this, one.that):
            if mqls is not None:
                line += f"{fmt.count(mqls):>{SHARE}}{fmt.rate(mqls / one.leads):>{SHARE}}"
        yield line
    if len(found.months) > MONTHS:
        yield f"  and {len(found.months) - MONTHS} earlier months"


def _medians(found: Backtest) -> str:
    said = [
        f"{side.definition} {side.median_days:.1f} days"
        for side in (found.this, found.that)
        if side is not None and side.median_days is not None
    ]
    return f"Median time from arrival to qualification: {', '.join(said)}." if said else "No lead would have qualified."


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)
