"""`mqlab backtest`: a definition replayed on past leads, beside the one in force."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mqlab.cli import output
from mqlab.cli.definitions import RefArgument
from mqlab.cli.options import AsOfOption, Format, FormatOption, LabOption, instant_or_now, parse_instant


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("backtest")(backtest)


def backtest(
    ref: RefArgument,
    against: Annotated[
        str | None,
        typer.Option(
            "--against", help="The definition to compare with. Default: the one in force.", show_default=False
        ),
    ] = None,
    as_of: AsOfOption = None,
    created_from: Annotated[
        str | None, typer.Option("--from", help="Leads created from this day on. Default: all.", show_default=False)
    ] = None,
    created_to: Annotated[
        str | None, typer.Option("--to", help="Leads created up to the end of this day.", show_default=False)
    ] = None,
    qualify_within: Annotated[
        str | None,
        typer.Option(
            "--qualify-within", help="Leads that qualify later do not count, such as 60d.", show_default=False
        ),
    ] = None,
    sql_within: Annotated[int, typer.Option("--sql-within", min=1, max=3660, help="Days to become an SQL.")] = 60,
    won_within: Annotated[int, typer.Option("--won-within", min=1, max=3660, help="Days to be won.")] = 180,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Which past leads a definition would have passed, and what those went on to do. It describes; it proves nothing.

    The leads were handed over under whatever rule was in force when they came: only an experiment shows what another
    rule brings.

    Example: `mqlab backtest intent-fast-track@1.1.0 --as-of 2026-07-01 --from 2026-01-01`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    zone = opened.settings.zone
    with output.progress() as progress:
        found = opened.backtest(
            ref,
            against=against,
            as_of=instant_or_now(as_of, zone, option="--as-of"),
            created_from=parse_instant(created_from, zone, option="--from", day="start") if created_from else None,
            created_to=parse_instant(created_to, zone, option="--to") if created_to else None,
            qualify_within=qualify_within,
            sql_within_days=sql_within,
            won_within_days=won_within,
            progress=progress,
        )
    if output_format is Format.JSON:
        sys.stdout.write(output.json_text(found.to_dict()) + "\n")
    else:
        sys.stdout.write(f"{found}\n")
    if found.note:
        output.note(found.note)
