"""`mqlab analyze`: the numbers, the checks and the verdict of one experiment."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mqlab.cli import output
from mqlab.cli.options import (
    AsOfOption,
    ExperimentArgument,
    Format,
    FormatOption,
    LabOption,
    LedgerOption,
    instant_or_now,
)
from mqlab.errors import AnswerIsNo, InputError, nearest

CALLS = ("ship", "harm", "keep", "inconclusive", "blocked", "not_due")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("analyze")(analyze)


def analyze(
    experiment: ExperimentArgument,
    as_of: AsOfOption = None,
    ledger: LedgerOption = None,
    exit_on: Annotated[
        list[str] | None,
        typer.Option("--exit-on", help="Exit 1 on this verdict, such as blocked. May be repeated.", show_default=False),
    ] = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Which definition brings more SQLs, deals and revenue per lead, with intervals, checks and a verdict.

    Example: `mqlab analyze 2026q3-intent --as-of 2026-12-05`
    """
    from mqlab.lab import Lab

    for call in exit_on or ():
        if call not in CALLS:
            hint = nearest(call, CALLS) or f"It is one of {', '.join(CALLS)}."
            raise InputError(f"--exit-on {call} is no verdict.", code="UnknownVerdict", hint=hint)
    opened = Lab.open(lab)
    at = instant_or_now(as_of, opened.settings.zone, option="--as-of")
    with output.progress() as progress:
        analysis = opened.analyze(experiment, as_of=at, ledger=ledger, progress=progress)
    if output_format is Format.JSON:
        sys.stdout.write(output.json_text(analysis.to_dict()) + "\n")
    else:
        sys.stdout.write(f"{analysis}\n")
    output.future(at, opened.clock())
    if analysis.unrecorded:
        output.note(analysis.unrecorded)
    if exit_on and analysis.result.verdict.call in exit_on:
        raise AnswerIsNo(f"the verdict is {analysis.result.verdict.call}.")
