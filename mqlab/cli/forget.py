"""`mqlab forget`: take a person out of the ledger, for good."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mqlab.cli import output
from mqlab.cli.options import ByOption, Format, FormatOption, LabOption, now
from mqlab.errors import AnswerIsNo, InputError

if TYPE_CHECKING:
    from mqlab.lab.forget import Forgot


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("forget")(forget)


def forget(
    lead: Annotated[str, typer.Argument(metavar="LEAD", help="The lead's id.", show_default=False)],
    by: ByOption,
    because: Annotated[str, typer.Option("--because", help="Such as the number of the request; no names.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")] = False,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Remove everything personal of a lead, and of whoever it was merged with; anonymous counts stay.

    It cannot be undone, and files imported later bring nothing back.

    Example: `mqlab forget 00Q5g00000AbCdE --by "Ada King" --because "request 17" --yes`
    """
    from mqlab.lab import Lab

    if not yes:
        if not sys.stdin.isatty():
            raise InputError("forgetting cannot be undone.", code="NotConfirmed", hint="Say --yes.")
        if not typer.confirm("Forget this person? It cannot be undone.", err=True):
            raise AnswerIsNo("nothing was changed.")
    forgot = Lab.open(lab).forget(lead, by=by, because=because, now=now())
    output.show(forgot.to_dict(), output_format, lambda console: output.wrapped(console, _lines(forgot)))


def _lines(forgot: Forgot) -> list[str]:
    ids = "1 id" if forgot.ids == 1 else f"{forgot.ids} ids"
    rows = ", ".join(f"{count} {table.replace('_', ' ')}" for table, count in sorted(forgot.changed.items()) if count)
    return [
        f"Forgotten: a person with {ids}. Rows changed: {rows or 'none'}.",
        f"The audit log has it as {forgot.subject}.",
        *(f"- {note}" for note in forgot.notes),
    ]
