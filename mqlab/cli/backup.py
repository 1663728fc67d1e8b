"""`mqlab backup` and `mqlab restore`: the ledger in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mqlab.cli import output
from mqlab.cli.options import ByOption, Format, FormatOption, LabOption, now


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace a file of that name.")] = False,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Copy the SQLite ledger into one file, as it is now, while others may write to it.

    Example: `mqlab backup ledger-2026-10-15.sqlite`
    """
    from mqlab.lab import Lab

    with output.progress() as progress:
        copy = Lab.open(lab).backup(file, overwrite=force, progress=progress)
    output.show(
        {"file": str(copy.path), "bytes": copy.size_bytes, "revision": copy.revision, "ledger": copy.position},
        output_format,
        lambda console: output.wrapped(
            console, [f"{copy.path}: {copy.size_bytes:,} bytes, ledger position {copy.position}, checked and whole."]
        ),
    )


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `mqlab backup` made.", show_default=False)],
    by: ByOption,
    force: Annotated[bool, typer.Option("--force", help="There is a ledger: keep it beside, and restore.")] = False,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Put a copy in the place of the ledger. A damaged one, or one of a newer program, is refused.

    Whoever was forgotten since the copy was made is forgotten in it again.

    Example: `mqlab restore ledger-2026-10-15.sqlite --force --by "Ada King"`
    """
    from mqlab.lab import Lab

    copy, aside = Lab.open(lab).restore(file, by=by, overwrite=force, now=now())
    lines = [f"Restored from {file}: ledger position {copy.position}."]
    if aside:
        lines.append(f"The ledger as it was is kept as {aside}; delete it when you no longer need it.")
    output.show(
        {"file": str(file), "ledger": copy.position, "revision": copy.revision, "kept": aside and str(aside)},
        output_format,
        lambda console: output.wrapped(console, lines),
    )
