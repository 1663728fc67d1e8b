"""`mqlab definitions …`: the rules that say which leads are MQLs."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mqlab.cli import output
from mqlab.cli.options import Format, FormatOption, LabOption, instant_or_now, now, parse_instant
from mqlab.cli.problems import show_problems
from mqlab.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from mqlab.lab import Lab

app = typer.Typer(no_args_is_help=True, help="The rules that say which leads are MQLs, as versioned files.")

RefArgument = Annotated[
    str, typer.Argument(metavar="REF", help="id@version, or an id for its newest version.", show_default=False)
]


@app.command("list")
def list_definitions(lab: LabOption = None, output_format: FormatOption = Format.TABLE) -> None:
    """List the definitions of the lab.

    Example: `mqlab definitions list`
    """
    from mqlab.lab import Lab

    rows = Lab.open(lab).definition_rows(now())
    output.show(
        rows,
        output_format,
        lambda console: console.print(
            output.table_of(
                ["definition", "title", "owner", "locked", "approved by", "in force"],
                [
                    (
                        row["definition"],
                        row["title"] if row["problem"] is None else "cannot be used: see mqlab check",
                        row["owner"], "yes" if row["locked"] else "no",
                        "both" if len(row["approved_by"]) > 1 else "".join(row["approved_by"]) or "-",
                        "yes" if row["in_force"] else "",
                    )
                    for row in rows
                ],
            )
        ),
    )  # fmt: skip


@app.command()
def show(ref: RefArgument, lab: LabOption = None, output_format: FormatOption = Format.TABLE) -> None:
    """Show a definition's file and fingerprints.

    Example: `mqlab definitions show fit-x-engagement@1.4.0`
    """
    from mqlab.lab import Lab

    data = Lab.open(lab).show_definition(ref)
    output.show(data, output_format, lambda console: console.print(data["text"], markup=False, soft_wrap=True))


@app.command()
def describe(ref: RefArgument, lab: LabOption = None, output_format: FormatOption = Format.TABLE) -> None:
    """Say a definition in plain English, to be read aloud in a meeting.

    Example: `mqlab definitions describe fit-x-engagement@1.4.0`
    """
    from mqlab.lab import Lab

    lines = Lab.open(lab).describe(ref)
    output.show(
        {"definition": ref, "lines": lines},
        output_format,
        lambda console: output.wrapped(console, lines),
    )


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", show_default=False)],
    after: Annotated[str, typer.Argument(metavar="B", show_default=False)],
    leads: Annotated[
        Path | None, typer.Option("--leads", help="A lead file: how many leads move in and out.", show_default=False)
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Judge the leads as of this instant. Default: now.", show_default=False)
    ] = None,
    output_format: Annotated[
        str, typer.Option("--format", help="table, json, or markdown for a pull request.")
    ] = "table",
    lab: LabOption = None,
) -> None:
    """What changes for leads between two definitions, in words. Formatting and names make no change.

    Example: `mqlab definitions diff fit-x-engagement@1.4.0 intent-fast-track@1.1.0`
    """
    from mqlab.lab import Lab

    if output_format not in {"table", "json", "markdown"}:
        raise InputError(
            f"--format {output_format} is not known.", code="BadFormat", hint="It is one of table, json, markdown."
        )
    opened = Lab.open(lab)
    instant = instant_or_now(at, opened.settings.zone, option="--at")
    found = opened.diff(before, after, leads=leads, at=instant)
    if output_format == "json":
        sys.stdout.write(output.json_text(found.to_json()) + "\n")
    elif output_format == "markdown":
        sys.stdout.write(found.to_markdown())
    else:
        sys.stdout.write(found.to_text() + "\n")


@app.command()
def lint(
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="[REF]…", help="Default: every definition.", show_default=False)
    ] = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Find what is allowed and probably not meant. Exit 1 when something is found.

    Example: `mqlab definitions lint bant-weighted@2.0.0`
    """
    from mqlab.lab import Lab

    show_problems(Lab.open(lab).lint(refs or ()), output_format, fine="Nothing found.", fail_on_warnings=True)


@app.command()
def lock(
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="[REF]…", help="Default: every definition.", show_default=False)
    ] = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Write the fingerprints to definitions.lock; from then on a version's meaning cannot change.

    Example: `mqlab definitions lock intent-fast-track@1.1.0`
    """
    from mqlab.lab import Lab

    locked = Lab.open(lab).lock(refs or (), at=now())
    output.show(
        [{"definition": ref, "meaning": meaning, "new": new} for ref, meaning, new in locked],
        output_format,
        lambda console: console.print(
            "\n".join(
                f"{ref}  {meaning[:12]}  {'locked' if new else 'was locked already'}" for ref, meaning, new in locked
            ),
            markup=False,
        ),
    )


@app.command()
def approve(
    ref: RefArgument,
    team: Annotated[str, typer.Option("--team", help="marketing or sales.", show_default=False)],
    by: Annotated[str, typer.Option("--by", help="Who approves.", show_default=False)],
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Approve a definition for a team; the approval is bound to its fingerprint.

    Example: `mqlab definitions approve intent-fast-track@1.1.0 --team sales --by "Ada King"`
    """
    from mqlab.lab import Lab

    data = Lab.open(lab).approve(ref, team=team, by=by, at=now())
    output.show(
        data,
        output_format,
        lambda console: console.print(f"{data['definition']} is approved for {team} by {by}.", markup=False),
    )


@app.command()
def score(
    ref: RefArgument,
    lead: Annotated[
        Path | None,
        typer.Option(
            "--lead",
            help="A lead file: one JSON object, a list, or JSONL. Default: every lead of the lab.",
            show_default=False,
        ),
    ] = None,
    *,
    at: Annotated[
        str, typer.Option("--at", help="The instant to judge at: a date or an instant with offset.", show_default=False)
    ],
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Judge leads by a definition: those of a file with points and reasons, or all of the lab.

    What the file holds and the definition does not declare is told on stderr. The lab's leads are judged where they
    are, from their creation, by what was known then; JSON has one object per lead, sorted by id.

    Example: `mqlab definitions score fit-x-engagement@1.4.0 --lead lead.json --at 2026-07-01T12:00:00Z`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    instant = parse_instant(at, opened.settings.zone, option="--at")
    if lead is None:
        _score_everyone(opened, ref, instant, output_format)
        return
    from mqlab.lab.score import scored

    found = scored(opened, ref, lead, at=instant)
    output.show(
        [decision.to_dict() for decision in found.decisions],
        output_format,
        lambda console: console.print(found.to_text(), markup=False, soft_wrap=True),
    )
    if found.note is not None:
        output.wrapped(output.console(stderr=True), [found.note])


def _score_everyone(lab: Lab, ref: str, at: datetime, output_format: Format) -> None:
    with output.progress() as progress:
        found = lab.score_everyone(ref, at=at, progress=progress)
    if output_format is Format.JSON:
        output.stream(found.rows())
    else:
        from mqlab.reports.everyone import render

        sys.stdout.write(render(found, lab.settings.zone))
    output.wrapped(output.console(stderr=True), found.notes)


@app.command("import")
def import_points(
    file: Annotated[Path, typer.Argument(help="A points table in CSV.", show_default=False)],
    definition_id: Annotated[str, typer.Option("--id", help="The id of the new definition.", show_default=False)],
    version: Annotated[str, typer.Option("--version", help="Its version.")] = "1.0.0",
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="MQL from so many points on. Default: the table's.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Make a definition file from a points table, and say what could not be carried over and what was guessed.

    Example: `mqlab definitions import points.csv --id old-points`
    """
    from mqlab.lab import Lab
    from mqlab.lab.definitions import import_table

    path, imported = import_table(
        Lab.open(lab), file, definition_id=definition_id, version=version, threshold=threshold, overwrite=force
    )

    def lines(console: Console) -> None:
        console.print(f"Wrote {path}", markup=False, soft_wrap=True)
        if imported.not_carried:
            output.wrapped(console, ["Not carried over:", *(f"- {line}" for line in imported.not_carried)])
        if imported.guesses:
            output.wrapped(console, ["Guessed; please look:", *(f"- {line}" for line in imported.guesses)])

    data = {
        "file": str(path),
        "not_carried": [row.to_dict() for row in imported.not_carried],
        "guesses": [guess.to_dict() for guess in imported.guesses],
    }
    output.show(data, output_format, lines)
