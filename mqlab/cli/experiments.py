"""`mqlab experiments …`: the protocols and their lifecycle."""

from __future__ import annotations

from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mqlab.cli import output, plan
from mqlab.cli.options import (
    AsOfOption,
    ExperimentArgument,
    Format,
    FormatOption,
    LabOption,
    instant_or_now,
    now,
    parse_instant,
)
from mqlab.errors import AnswerIsNo

if TYPE_CHECKING:
    from mqlab.lab import Lab

app = typer.Typer(no_args_is_help=True, help="Pre-registered experiments: plan, start, watch, decide.")

ByOption = Annotated[
    str, typer.Option("--by", help="Who does this; it is written to the audit log.", show_default=False)
]


FILE_WORDS = {
    "changed": "changed since its start",
    "missing": "its file is missing",
    "unusable": "cannot be used",
}


@app.command("list")
def list_experiments(lab: LabOption = None, output_format: FormatOption = Format.TABLE) -> None:
    """List the experiments of the lab with their state.

    Example: `mqlab experiments list`
    """
    from mqlab.lab import Lab

    rows = Lab.open(lab).experiment_rows(now())
    output.show(
        rows,
        output_format,
        lambda console: console.print(
            output.table_of(
                ["experiment", "title", "state", "enrolment", "next look"],
                [
                    (
                        row["experiment"],
                        row["title"] if row["problem"] is None else f"{FILE_WORDS[row['file']]}: see mqlab check",
                        row["state"],
                        row["enrolment"] or "-",
                        row["next_look"] or "-",
                    )
                    for row in rows
                ],
            )
        ),
    )


@app.command()
def show(experiment: ExperimentArgument, lab: LabOption = None, output_format: FormatOption = Format.TABLE) -> None:
    """Show a protocol: arms, metrics, looks, state.

    Example: `mqlab experiments show 2026q3-intent`
    """
    from mqlab.lab import Lab

    data = Lab.open(lab).show_experiment(experiment, now())
    output.show(
        data,
        output_format,
        lambda console: console.print(_key_values(data, console.width), markup=False, soft_wrap=True),
    )


plan.register(app)


@app.command()
def start(
    experiment: ExperimentArgument, by: ByOption, lab: LabOption = None, output_format: FormatOption = Format.TABLE
) -> None:
    """Start an experiment: lock its definitions and its protocol. Needs both teams' approvals.

    Example: `mqlab experiments start 2026q3-intent --by "Ada King"`
    """
    from mqlab.lab import Lab

    data = Lab.open(lab).start(experiment, by=by, at=now())
    for late in data["late_start"]:
        output.note(f"Warning: {late}")
    if data["late_start"]:
        output.note("This is kept in the log, and every analysis says it.")
    output.show(data, output_format, lambda console: console.print(_stands(experiment, data["state"]), markup=False))


@app.command()
def ramp(
    experiment: ExperimentArgument,
    coverage: Annotated[
        str, typer.Option("--coverage", help="The new share of units, such as 50%.", show_default=False)
    ],
    from_: Annotated[
        str, typer.Option("--from", help="From when: a date (its start) or an instant.", show_default=False)
    ],
    by: ByOption,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Raise the coverage from an instant on; nobody who is in moves.

    Example: `mqlab experiments ramp 2026q3-intent --coverage 50% --from 2026-07-15 --by "Ada King"`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    start_at = parse_instant(from_, opened.protocol_zone(experiment), option="--from", day="start")
    data = opened.ramp(experiment, coverage=coverage, start=start_at, by=by, at=now())
    told = {key: value for key, value in data.items() if key != "definitions"}
    output.show(
        data,
        output_format,
        lambda console: console.print(_key_values(told, console.width), markup=False, soft_wrap=True),
    )


@app.command()
def status(
    experiment: Annotated[
        str | None, typer.Argument(metavar="[EXPERIMENT]", help="Default: all.", show_default=False)
    ] = None,
    due: Annotated[
        bool,
        typer.Option(
            "--due",
            help="For cron: end with 1 where a look is due, the split is off or a match rate fell, and say what to do.",
        ),
    ] = False,
    as_of: AsOfOption = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Where experiments stand: state, phase, looks taken and due.

    Example: `mqlab experiments status --due`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    at = instant_or_now(as_of, opened.settings.zone, option="--as-of")
    if due:
        _due(opened, experiment, at, output_format)
        return
    rows = opened.status(experiment, at)
    output.show(
        rows,
        output_format,
        lambda console: console.print(
            "\n\n".join(_key_values(row, console.width) for row in rows) or "There is no experiment.",
            markup=False,
            soft_wrap=True,
        ),
    )


def _due(lab: Lab, experiment: str | None, at: datetime, output_format: Format) -> None:
    """Say what asks for attention; AnswerIsNo where anything does."""
    from mqlab.lab.due import attention

    with output.progress() as progress:
        found = attention(lab, experiment, at, progress=progress)
    running = f" Running: {', '.join(found.experiments)}." if found.experiments else " No experiment is running."
    lines = [f"{one.experiment or 'imports'}: {one.detail} {one.do}" for one in found.due]
    output.show(
        found.to_dict(),
        output_format,
        lambda console: output.wrapped(console, lines or [f"Nothing is due.{running}"]),
    )
    if found.due:
        raise AnswerIsNo("")


@app.command()
def stop(
    experiment: ExperimentArgument,
    by: ByOption,
    because: Annotated[str, typer.Option("--because", help="Why.", show_default=False)],
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Stop an experiment without a decision; no lead is assigned from now on.

    Example: `mqlab experiments stop 2026q3-intent --by "Ada King" --because "The form was broken"`
    """
    from mqlab.lab import Lab

    data = Lab.open(lab).stop(experiment, by=by, because=because, at=now())
    output.show(data, output_format, lambda console: console.print(_stands(experiment, data["state"]), markup=False))


@app.command()
def decide(
    experiment: ExperimentArgument,
    call: Annotated[str, typer.Option("--call", help="ship or keep.", show_default=False)],
    by: ByOption,
    because: Annotated[
        str, typer.Option("--because", help="Why; a disagreement with the verdict is recorded.", show_default=False)
    ],
    from_: Annotated[
        str | None,
        typer.Option("--from", help="From when the definition is in force. Default: now.", show_default=False),
    ] = None,
    arm: Annotated[
        str | None, typer.Option("--arm", help="Which challenger, where there are several.", show_default=False)
    ] = None,
    holdout: Annotated[
        str | None,
        typer.Option(
            "--holdout", help="Keep the old definition on this share of leads, such as 5%.", show_default=False
        ),
    ] = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Close an experiment; on ship its challenger is in force.

    Example: `mqlab experiments decide 2026q3-intent --call ship --by "Ada King" --because "SQLs up, deals not down"`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    start_at = parse_instant(from_, opened.settings.zone, option="--from", day="start") if from_ is not None else None
    with output.progress() as progress:
        data = opened.decide_experiment(
            experiment,
            call=call,
            by=by,
            because=because,
            start=start_at,
            arm=arm,
            holdout=holdout,
            at=now(),
            progress=progress,
        )
    output.show(
        data,
        output_format,
        lambda console: console.print(_key_values(data, console.width), markup=False, soft_wrap=True),
    )


def _stands(experiment: str, status: str) -> str:
    from mqlab.experiments.lifecycle import standing

    said = standing(experiment, status)  # type: ignore[arg-type]
    return f"{said[0].upper() if status == 'enrolment closed' else said[0]}{said[1:]}."


def _key_values(data: dict[str, Any], columns: int) -> str:
    """One key a line, its value beside it, wrapped at words."""
    width = max(len(key) for key in data)
    lines = []
    for key, value in data.items():
        shown = (
            [str(item) for item in value] if isinstance(value, list) else ["-" if value in (None, "") else str(value)]
        )
        first = f"{key.replace('_', ' '):<{width}}  "
        for part in shown or ["-"]:
            lines += wrap(
                part, columns, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False
            )
            first = " " * len(first)
    return "\n".join(lines)
