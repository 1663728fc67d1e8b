"""`mqlab report …`: documents to take to a meeting."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

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
from mqlab.errors import AnswerIsNo, InputError


class Drawn(StrEnum):
    """What a report is drawn as; `all` is each of them."""

    HTML = "html"
    PDF = "pdf"
    PPTX = "pptx"
    XLSX = "xlsx"
    MD = "md"
    JSON = "json"
    ALL = "all"


class Told(StrEnum):
    """How the feedback of a month is told: printed as a table or as JSON, or drawn."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    PPTX = "pptx"
    XLSX = "xlsx"
    MD = "md"
    ALL = "all"


OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="The file. Default: in reports/, named by what and when.", show_default=False),
]


def _drawn_as(*names: str, formats: type[Drawn | Told], help: str) -> Any:
    """An option for a format; a path in its place is told where it belongs."""
    known = {one.value: one for one in formats}

    def read(text: str) -> Drawn | Told:
        if text in known:
            return known[text]
        path = Path(text).suffix.lower().removeprefix(".") in known
        raise InputError(
            f"{names[0]} '{text}' is no format of a report.",
            code="UnknownFormat",
            hint=f"To name the file, say --out {text}." if path else f"Say one of {', '.join(known)}.",
        )

    return typer.Option(
        *names,
        help=help,
        show_default=False,
        parser=read,
        metavar=f"<{'|'.join(known)}>",
        autocompletion=lambda: list(known),
    )


TO_HELP = "What it is drawn as. Default: by the file's name, else html."
DrawnOption = Annotated[Drawn | None, _drawn_as("--to", "--format", formats=Drawn, help=TO_HELP)]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite another report.")]

app = typer.Typer(no_args_is_help=True, help="Documents to take to a meeting.")


@app.callback()
def documents() -> None:
    """Documents to take to a meeting."""


@app.command("experiment")
def experiment(
    name: ExperimentArgument,
    as_of: AsOfOption = None,
    ledger: LedgerOption = None,
    out: OutOption = None,
    to: DrawnOption = None,
    force: ForceOption = False,
    lab: LabOption = None,
) -> None:
    """Write the report of one experiment: HTML, PDF, slides, a workbook, Markdown or JSON, each with its manifest.

    Example: `mqlab report experiment 2026q3-intent --as-of 2027-04-05 --to pdf`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    at = instant_or_now(as_of, opened.settings.zone, option="--as-of")
    with output.progress() as progress:
        paths = opened.report_experiment(
            name,
            as_of=at,
            ledger=ledger,
            formats=_formats(to),
            out=out,
            overwrite=force,
            progress=progress,
        )
    _say(paths)
    output.future(at, opened.clock())


def _formats(to: StrEnum | None) -> list[str]:
    every = [one.value for one in Drawn if one is not Drawn.ALL]
    return every if to == Drawn.ALL else [] if to is None else [to.value]


def _say(paths: Sequence[Path]) -> None:
    for path in paths:
        output.console().print(f"The report is in {path}", markup=False, soft_wrap=True)


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The report, with its manifest beside it.")],
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Make a report again and say whether its numbers hold. Ends with 1 where they do not.

    Example: `mqlab report verify reports/2026q3-intent-2027-04-05.pdf`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    with output.progress() as progress:
        found = opened.verify(file, progress=progress)
    output.show(found.to_dict(), output_format, lambda console: output.wrapped(console, str(found).splitlines()))
    if not found.holds:
        raise AnswerIsNo("")


@app.command("feedback")
def feedback(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="The month, such as 2026-07.", show_default=False)],
    as_of: AsOfOption = None,
    ledger: LedgerOption = None,
    show_arms: Annotated[
        bool,
        typer.Option("--show-arms", help="Say by which definition leads of running blinded experiments came."),
    ] = False,
    out: OutOption = None,
    to: Annotated[Drawn | None, _drawn_as("--to", formats=Drawn, help="Write it, drawn as this.")] = None,
    told: Annotated[
        Told | None,
        _drawn_as("--format", formats=Told, help="table or json print it (default: table); others are --to."),
    ] = None,
    force: ForceOption = False,
    lab: LabOption = None,
) -> None:
    """What sales said in a month: acceptance, reasons, promises, leads due back, match rates, 20 leads to talk about.

    Printed, or with --to or --out written as the pack for the meeting, with its manifest.

    Example: `mqlab report feedback 2026-07 --as-of 2026-08-15 --to pdf`
    """
    from mqlab.lab import Lab

    formats = _formats(_drawn(to, told, out))
    opened = Lab.open(lab)
    at = instant_or_now(as_of, opened.settings.zone, option="--as-of")
    with output.progress() as progress:
        if formats or out is not None:
            paths = opened.report_feedback(
                month,
                as_of=at,
                ledger=ledger,
                show_arms=show_arms,
                formats=formats,
                out=out,
                overwrite=force,
                progress=progress,
            )
        else:
            found = opened.feedback(month, as_of=at, ledger=ledger, show_arms=show_arms, progress=progress)
    if formats or out is not None:
        _say(paths)
    elif told is Told.JSON:
        sys.stdout.write(output.json_text(found.to_dict()) + "\n")
    else:
        sys.stdout.write(f"{found}\n")
    output.future(at, opened.clock())


def _drawn(to: Drawn | None, told: Told | None, out: Path | None) -> StrEnum | None:
    """What the month is drawn as; None where it is printed, or the name of the file says it."""
    if to is not None and told is not None:
        raise InputError(
            f"--to says {to.value}, and --format says {told.value}.", code="FormatsDiffer", hint="Say one of them only."
        )
    if told is Told.TABLE and out is not None:
        raise InputError(
            "a table is printed and not written.", code="FormatsDiffer", hint="Leave out --format or --out."
        )
    printed = told is Told.TABLE or (told is Told.JSON and out is None)
    return to if told is None else None if printed else told


@app.command("quarter")
def quarter(
    name: Annotated[str, typer.Argument(metavar="QUARTER", help="The quarter, such as 2026Q3.", show_default=False)],
    as_of: AsOfOption = None,
    ledger: LedgerOption = None,
    sql_within: Annotated[int, typer.Option("--sql-within", min=1, max=3660, help="Days to become an SQL.")] = 60,
    won_within: Annotated[int, typer.Option("--won-within", min=1, max=3660, help="Days to be won.")] = 180,
    out: OutOption = None,
    to: DrawnOption = None,
    force: ForceOption = False,
    lab: LabOption = None,
) -> None:
    """Write the review of a fiscal quarter: funnel, experiments, definitions, costs, sales feedback, what to do next.

    A fiscal year is named by the calendar year in which it ends. Nothing is decided by it, and no look is taken.

    Example: `mqlab report quarter 2026Q3 --as-of 2026-12-01 --to pdf`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    at = instant_or_now(as_of, opened.settings.zone, option="--as-of")
    with output.progress() as progress:
        paths = opened.report_quarter(
            name,
            as_of=at,
            ledger=ledger,
            sql_within_days=sql_within,
            won_within_days=won_within,
            formats=_formats(to),
            out=out,
            overwrite=force,
            progress=progress,
        )
    _say(paths)
    output.future(at, opened.clock())
