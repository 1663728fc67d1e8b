"""`mqlab quarantine …`: the rows that could not be used, kept whole, with their reasons."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mqlab.cli import output
from mqlab.cli.options import Format, FormatOption, LabOption

app = typer.Typer(no_args_is_help=True, help="Rows that could not be used, kept whole with their reason.")


@app.command("list")
def list_rows(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many rows at the most.")] = 50,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """List quarantined rows, the newest import first.

    Example: `mqlab quarantine list --limit 20`
    """
    from mqlab.lab import Lab

    rows = Lab.open(lab).quarantined(limit=limit)
    output.show(
        [row.to_dict() for row in rows],
        output_format,
        lambda console: console.print(
            output.table_of(
                ["id", "file", "line", "reason", "detail"],
                [(row.id, row.file, row.line, row.reason, row.detail) for row in rows],
                right=["id", "line"],
            )
            if rows
            else "Nothing is quarantined."
        ),
    )


@app.command("show")
def show_row(
    row_id: Annotated[int, typer.Argument(metavar="ID")],
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show one quarantined row, whole.

    Example: `mqlab quarantine show 12`
    """
    from mqlab.lab import Lab

    row = Lab.open(lab).quarantined_row(row_id)
    data = row.to_dict()
    output.show(
        data,
        output_format,
        lambda console: console.print(
            "\n".join(
                f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
                for key, value in data.items()
            ),
            markup=False,
        ),
    )
