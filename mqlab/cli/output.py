"""Showing things: JSON on stdout and nothing else there, tables for people, notes and progress on stderr."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from mqlab.cli.options import Format

if TYPE_CHECKING:
    from rich.console import Console

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal, 80 columns where there is none."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else 80, highlight=False, soft_wrap=False)


def json_text(data: Any) -> str:
    """JSON as the commands print it; a NaN would be a defect, so it is refused."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)


def show(data: Any, output_format: Format, table: Callable[[Console], None]) -> None:
    """Print `data` as JSON, or let `table` draw it."""
    if output_format is Format.JSON:
        sys.stdout.write(json_text(data) + "\n")
    else:
        table(console())


def stream(rows: Iterable[Any]) -> None:
    """A JSON list, written row by row as the rows come."""
    before = "[\n"
    for row in rows:
        sys.stdout.write(before + textwrap.indent(json_text(row), "  "))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")


def note(text: str) -> None:
    """One line for people, on stderr."""
    console(stderr=True).print(text, markup=False)


def future(at: datetime, now: datetime) -> None:
    """A line for people where an instant asked about has not come yet."""
    if at > now:
        note("--as-of lies in the future: this reads what is known now, as if nothing more came.")


def wrapped(console: Console, lines: Iterable[str]) -> None:
    """Lines of text, wrapped at words, each continued under its own beginning."""
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip(" ")))
        under = indent + "  " if line.strip().startswith("- ") else indent
        parts = textwrap.wrap(
            line, console.width, subsequent_indent=under, break_long_words=False, break_on_hyphens=False
        )
        console.print("\n".join(parts), markup=False, soft_wrap=True)


def table_of(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> Any:
    """A plain table; the columns named in `right` are aligned right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, column in enumerate(columns):
        justify: Literal["left", "right"] = "right" if column in right else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=index == 0)
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    return table


@contextmanager
def progress() -> Iterator[Progress]:
    """A progress bar on stderr when it is a terminal; else silence."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
    ) as bars:
        tasks: dict[str, Any] = {}

        def update(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=max(total, 1))
            bars.update(tasks[what], completed=done, total=max(total, 1))

        yield update
