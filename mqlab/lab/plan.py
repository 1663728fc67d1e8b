"""`experiments plan`: protocol, what is stated and what the ledger knows, through the planner; writes nothing."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab.analysis.planning.assumed import Stated
from mqlab.analysis.planning.history import History, history
from mqlab.analysis.planning.inputs import plan_inputs
from mqlab.analysis.planning.plan import plan as plan_protocol
from mqlab.analysis.planning.result import Plan
from mqlab.errors import InputError, Place
from mqlab.experiments.same_handling import same_handling
from mqlab.lab.experiments import definitions_of, protocol

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress

LONGEST_DELAY_FILE = 100_000


@dataclass(frozen=True)
class Planned:
    """A plan that prints in a terminal, renders in a notebook, and converts to plain data."""

    plan: Plan

    def to_dict(self) -> dict[str, Any]:
        """The agreed JSON of `mqlab experiments plan`."""
        return self.plan.to_dict()

    def text(self, *, plain: bool = False) -> str:
        """The plan for a terminal of 80 columns; `plain` uses ASCII alone."""
        from mqlab.reports.plan import render

        return render(self.plan, plain=plain)

    def __str__(self) -> str:
        return self.text().rstrip("\n")

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def plan(
    lab: Lab,
    experiment: str,
    *,
    stated: Stated,
    as_of: datetime,
    by: date | None = None,
    use_history: bool = True,
    progress: Progress,
) -> Planned:
    """What an experiment needs and can see. What is not stated comes from the ledger as known at `as_of`, or a default.

    `use_history` false leaves the ledger alone. The definitions are replayed on past leads only where the share on
    which they differ is not stated.
    """
    asked = protocol(lab, experiment)
    definitions = definitions_of(lab, asked)
    past = History()
    plan_inputs(asked, stated, past)  # what was stated is refused before anything long is read
    if use_history:
        progress("reading the ledger", 0, 1)
        facts = lab.reading.facts(as_of=as_of)
        progress("reading the ledger", 1, 1)
        past = history(
            asked,
            definitions,
            facts,
            internal_domains=lab.settings.lab.internal_domains,
            null_tokens=lab.settings.lab.null_tokens,
            replay=stated.discordant_share is None,
            progress=lambda done, total: progress("judging past leads", done, total),
        )
    inputs = plan_inputs(asked, stated, past)
    return Planned(plan_protocol(asked, inputs, triggered=same_handling(asked, definitions), by=by))


def with_delay(stated: Stated, delay: str | None) -> Stated:
    """`stated` with how late the primary's outcomes come: a median in days, or a file.

    The file has lines `day,share`, the share of all outcomes that has come by that day, or one delay in days a line; a
    first line of words is skipped.
    """
    if delay is None:
        return stated
    try:
        return replace(stated, delay=float(delay.strip().removesuffix("d")))
    except ValueError:
        return replace(stated, delay=_points(Path(delay)))


def _points(path: Path) -> tuple[tuple[float, float], ...]:
    hint = "A median such as --delay 20, or a file of lines day,share."
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for _, line in zip(range(LONGEST_DELAY_FILE), csv.reader(file), strict=False) if line]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no text"
        message = f"--delay '{path}' is no number of days and no file that can be read ({reason})."
        raise InputError(message, code="BadDelay", hint=hint) from error
    rows: list[list[float]] = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append([_number(cell) for cell in line])
        except ValueError as error:
            if number > 1:
                raise InputError(
                    f"'{','.join(line)}' holds no numbers.", code="BadDelay", place=Place(str(path), number), hint=hint
                ) from error
    if not rows or len({len(row) for row in rows}) != 1 or len(rows[0]) > 2:
        raise InputError("the lines are not alike.", code="BadDelay", place=Place(str(path)), hint=hint)
    if len(rows[0]) == 2:
        return tuple((day, share) for day, share in rows)
    delays = sorted(row[0] for row in rows)
    return tuple({day: rank / len(delays) for rank, day in enumerate(delays, 1)}.items())


def _number(cell: str) -> float:
    text = cell.strip()
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
