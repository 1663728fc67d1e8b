"""`mqlab report …`: documents to take to a meeting."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mqlab.cli import output
from mqlab.cli.options import AsOfOption, ExperimentArgument, LabOption, LedgerOption, instant_or_now

app = typer.Typer(no_args_is_help=True, help="Documents to take to a meeting.")


@app.callback()
def documents() -> None:
    """Documents to take to a meeting."""


@app.command("experiment")
def experiment(
    name: ExperimentArgument,
    as_of: AsOfOption = None,
    ledger: LedgerOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file. Default: reports/ID-DATE.html.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite another report.")] = False,
    lab: LabOption = None,
) -> None:
    """Write the report of one experiment as one HTML file that needs no network.

    Example: `mqlab report experiment 2026q3-intent --as-of 2027-04-05`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    at = instant_or_now(as_of, opened.settings.zone, option="--as-of")
    with output.progress() as progress:
        path = opened.report_experiment(name, as_of=at, ledger=ledger, out=out, overwrite=force, progress=progress)
    output.console().print(f"The report is in {path}", markup=False, soft_wrap=True)
