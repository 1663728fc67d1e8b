"""The commands about a lab as a whole: init, demo, check, assign, why, schema."""

from __future__ import annotations

import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mqlab import __version__
from mqlab.cli import output
from mqlab.cli.ingest import MappingOption, PresetOption
from mqlab.cli.options import ExperimentArgument, Format, FormatOption, LabOption, instant_or_now, now
from mqlab.cli.problems import show_problems

if TYPE_CHECKING:
    from mqlab.lab import Lab


class Schema(StrEnum):
    """Which file a JSON Schema is for."""

    DEFINITION = "definition"
    EXPERIMENT = "experiment"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.callback()(version)
    for command in (init, demo, check, assign, why, schema):
        app.command(command.__name__)(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"mqlab {__version__}\n")
        raise typer.Exit


def version(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the command as a whole."""


def init(folder: Annotated[Path, typer.Argument(help="A new or empty folder.", show_default=False)]) -> None:
    """Make a new lab: settings, a first definition, a first experiment, a check for pull requests.

    Example: `mqlab init my-lab`
    """
    from mqlab.lab.init import init_lab

    for path in init_lab(folder, today=now().date()):
        output.console().print(f"wrote {path}", markup=False, soft_wrap=True)
    output.console().print(f"Next: cd {folder} && mqlab check", markup=False, soft_wrap=True)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo's lab goes.")] = Path("mqlab-demo"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, another quarter.")] = 8,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier demo in that folder.")] = False,
) -> None:
    """Simulate an inbound quarter with a known truth and run two experiments on it, from lead to report.

    Example: `mqlab demo mqlab-demo --seed 7`
    """
    from mqlab.lab.demo import run_demo

    with output.progress() as progress:
        screen = run_demo(folder, seed=seed, overwrite=force, progress=progress)
    sys.stdout.write(screen)


def check(lab: LabOption = None, output_format: FormatOption = Format.TABLE) -> None:
    """Check the settings, every definition and every experiment of the lab. Exit 1 on an error.

    Example: `mqlab check`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    problems = opened.check(now())
    show_problems(problems, output_format, fine=f"{opened.settings.lab.name}: everything is in order.")


def assign(
    experiment: ExperimentArgument,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Leads: CSV, Parquet or JSONL with at least lead_id. Default: every lead of the lab.",
            show_default=False,
        ),
    ] = None,
    preset: PresetOption = None,
    mapping: MappingOption = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Which arm each lead is in, and why. A pure function of the protocol and the lead: nothing is written.

    Without a file: every lead of the lab, where the leads are; JSON has one object per lead, sorted by id.

    Example: `mqlab assign 2026q3-intent leads.csv --format json`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    if file is None:
        _assign_everyone(opened, experiment, output_format)
        return
    found = opened.assign_file(experiment, file, as_of=now(), preset=preset, mapping=mapping)
    again = [lead for lead, count in Counter(one.lead_id for one in found).items() if count > 1]
    if again:
        more = f" and {len(again) - 1:,} more" if len(again) > 1 else ""
        output.note(f"Note: {file.name} holds the lead '{again[0]}'{more} more than once; each row got an answer.")
    rows = [assignment.to_dict() for assignment in found]
    output.show(
        rows,
        output_format,
        lambda console: console.print(
            output.table_of(
                ["lead", "unit", "arm", "phase", "why"],
                [(row["lead_id"], row["unit"], row["arm"] or "-", row["phase"] or "-", row["why"]) for row in rows],
            )
        ),
    )


def _assign_everyone(lab: Lab, experiment: str, output_format: Format) -> None:
    with output.progress() as progress:
        found = lab.assign_everyone(experiment, as_of=now(), progress=progress)
    if output_format is Format.JSON:
        output.stream(assignment.to_dict() for assignment in found.assignments())
    else:
        rows = [(arm or "-", phase or "-", why, f"{leads:,}") for arm, phase, why, leads in found.counts()]
        output.console().print(output.table_of(["arm", "phase", "why", "leads"], rows, right=["leads"]))
    output.wrapped(output.console(stderr=True), found.notes)


def why(
    lead: Annotated[str, typer.Argument(metavar="LEAD", help="The lead's id.", show_default=False)],
    experiment: Annotated[
        str | None,
        typer.Option(
            "--experiment",
            help="Compare this experiment's definitions. Default: the one the lead is in.",
            show_default=False,
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="What was known then. Default: now.", show_default=False)
    ] = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """One lead's timeline and how each definition judges it: when it fired, which acted, what would have tipped it.

    Example: `mqlab why L0001 --experiment 2026q3-intent`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    at = instant_or_now(as_of, opened.settings.zone, option="--as-of")
    found = opened.why(lead, experiment=experiment, as_of=at)
    output.show(found.to_dict(), output_format, lambda console: console.print(found.to_text(), markup=False))


def schema(kind: Annotated[Schema, typer.Argument(help="Which file the schema is for.")] = Schema.DEFINITION) -> None:
    """Print the JSON Schema of a file, so that an editor completes and checks it.

    Example: `mqlab schema definition > definition.schema.json`
    """
    from mqlab.lab.schema import json_schema

    sys.stdout.write(output.json_text(json_schema(kind.value)) + "\n")
