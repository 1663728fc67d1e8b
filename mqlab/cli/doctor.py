"""`mqlab doctor`: is everything a lab rests on as it should be, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mqlab.cli import output
from mqlab.cli.options import Format, FormatOption, LabOption, now
from mqlab.errors import AnswerIsNo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqlab.lab.doctor import Examination

SIGNS = {"ok": "ok", "warning": "note", "failed": "FAILED", "skipped": "-"}
EXIT_UNREACHABLE = 3


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("doctor")(doctor)


def doctor(
    deep: Annotated[bool, typer.Option("--deep", help="Read the whole store for damage, its indices too.")] = False,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Look at everything the lab rests on, and say what to do next. It writes nothing.

    Exit 0 where nothing failed, 1 where something did, 3 where the store or the warehouse cannot be reached.

    Example: `mqlab doctor --format json`
    """
    from mqlab.lab.doctor import examine

    found = examine(lab, now=now(), deep=deep)
    output.show(found.to_dict(), output_format, lambda console: output.wrapped(console, _lines(found)))
    if found.unreachable:
        raise typer.Exit(EXIT_UNREACHABLE)
    if found.status == "failed":
        raise AnswerIsNo("")


def _lines(found: Examination) -> Iterator[str]:
    yield f"The lab in {found.folder}"
    yield ""
    for check in found.checks:
        yield f"- {check.check}: {SIGNS[check.status]}. {check.detail}"
    steps = {check.next: check.check for check in reversed(found.checks) if check.next}
    if steps:
        yield ""
        yield "What to do next"
        yield from (f"- {check}: {step}" for step, check in reversed(steps.items()))
