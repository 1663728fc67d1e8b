"""`mqlab quarantine …`: the rows that could not be used, kept whole, with their reasons."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

import typer

from mqlab.cli import output
from mqlab.cli.options import Format, FormatOption, LabOption

MOST = 2**62
"""Row numbers are 64-bit integers."""

app = typer.Typer(no_args_is_help=True, help="Rows that could not be used, kept whole with their reason.")


@app.command("list")
def list_rows(
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST, help="How many rows at the most.")] = 50,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """List quarantined rows, the newest import first.

    Example: `mqlab quarantine list --limit 20`
    """
    from mqlab.lab import Lab

    rows = Lab.open(lab).quarantined(limit=limit)
    output.show(
        [_plain(row.to_dict()) for row in rows],
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
    row_id: Annotated[int, typer.Argument(metavar="ID", min=1, max=MOST, show_default=False)],
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show one quarantined row, whole.

    Example: `mqlab quarantine show 12`
    """
    from mqlab.lab import Lab

    row = Lab.open(lab).quarantined_row(row_id)
    data = _plain(row.to_dict())
    output.show(
        data,
        output_format,
        lambda console: output.wrapped(
            console,
            [
                f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
                for key, value in data.items()
            ],
        ),
    )


def _plain(value: Any) -> Any:
    """A row as JSON allows it: a number that is not finite, as some files hold it, becomes its text."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value
