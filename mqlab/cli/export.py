"""`mqlab export`: what the lab knows as tables for the warehouse, and as a file for the CRM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mqlab.cli import output
from mqlab.cli.options import AsOfOption, Format, FormatOption, LabOption, LedgerOption, instant_or_now


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("export")(export)


def export(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="assignments, decisions or outcomes.", show_default=False)
    ],
    to: Annotated[Path, typer.Option("--to", help="The file: .parquet or .csv.", show_default=False)],
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", help="Only this one. Default: every one that was started.", show_default=False),
    ] = None,
    upsert: Annotated[
        str | None,
        typer.Option(
            "--upsert", help="Decisions under a CRM's own names: salesforce, hubspot or csv.", show_default=False
        ),
    ] = None,
    as_of: AsOfOption = None,
    ledger: LedgerOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file of that name.")] = False,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Write assignments, decisions or outcomes as a table. The same instant and position give the same bytes.

    Tables named assignments and outcomes can be read back as those of a warehouse. An upsert file leaves the arm out
    where handling is blinded.

    Example: `mqlab export decisions --to decisions.parquet --as-of 2026-10-15`
    """
    from mqlab.definitions.wording import plural
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    at = instant_or_now(as_of, opened.settings.zone, option="--as-of")
    with output.progress() as progress:
        done = opened.export(
            what, to, experiment=experiment, as_of=at, ledger=ledger, upsert=upsert, overwrite=force, progress=progress
        )
    data = done.to_dict()
    lines = [
        f"{done.file}: {plural(done.rows, done.what.removesuffix('s'))}.",
        f"The same bytes again: --as-of {data['as_of']} --ledger {done.ledger}",
        *(f"- {note}" for note in done.notes),
    ]
    output.show(data, output_format, lambda console: output.wrapped(console, lines))
