"""`mqlab quarantine …`: the rows that could not be used, kept with their reasons, and what is done about them."""

from __future__ import annotations

import json
import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mqlab.cli import output
from mqlab.cli.ingest import MappingOption, PresetOption, SnapshotOption
from mqlab.cli.options import ByOption, Format, FormatOption, LabOption, now, parse_instant
from mqlab.errors import AnswerIsNo, InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqlab.lab.quarantine import Settled

MOST = 2**62
"""Row numbers are 64-bit integers."""


AMBIGUOUS = ("ambiguous_identity", "ambiguous_domain")
"""Reasons of rows that may be of several leads; a row that was one lead's when it was read gets there later."""


class Status(StrEnum):
    """What was done about a row."""

    OPEN = "open"
    FIXED = "fixed"
    RELEASED = "released"
    DISCARDED = "discarded"
    ALL = "all"


class Kind(StrEnum):
    """What a file holds, by the words of `mqlab ingest`."""

    LEADS = "leads"
    EVENTS = "events"
    FIELD_CHANGES = "field-changes"
    OUTCOMES = "outcomes"
    IDENTITY = "identity"


RowArgument = Annotated[int, typer.Argument(metavar="ID", min=1, max=MOST, show_default=False)]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", help="Only rows with this reason, such as ambiguous_date.", show_default=False)
]
KindOption = Annotated[Kind | None, typer.Option("--kind", help="Only rows of this kind of file.", show_default=False)]

app = typer.Typer(no_args_is_help=True, help="Rows that could not be used, kept whole with their reason.")


@app.command("list")
def list_rows(
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST, help="How many rows at the most.")] = 50,
    status: Annotated[Status, typer.Option("--status", help="What was done about them.")] = Status.OPEN,
    reason: ReasonOption = None,
    kind: KindOption = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """List quarantined rows, the newest import first.

    Example: `mqlab quarantine list --reason ambiguous_date --limit 20`
    """
    from mqlab.lab import Lab
    from mqlab.leads.ties import said_of

    opened = Lab.open(lab)
    rows = opened.quarantined(
        limit, status=None if status is Status.ALL else status.value, reason=_reason(reason), kind=kind
    )
    columns = ["id", "file", "line", "reason", "detail", *(["status"] if status is Status.ALL else [])]
    output.show(
        [_plain(row.to_dict()) for row in rows],
        output_format,
        lambda console: console.print(
            output.table_of(columns, [[getattr(row, name) for name in columns] for row in rows], right=["id", "line"])
            if rows
            else _nothing(status, reason, kind)
        ),
    )
    if status in {Status.OPEN, Status.ALL} and kind in {None, Kind.OUTCOMES} and reason in {None, *AMBIGUOUS}:
        ties = opened.ties()
        if ties.outcomes:
            output.note(said_of(ties))


@app.command("show")
def show_row(
    row_id: RowArgument,
    row_only: Annotated[bool, typer.Option("--row", help="Only the row itself as JSON, to be edited for fix.")] = False,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show one quarantined row, whole, and what was done about it.

    Example: `mqlab quarantine show 12 --row > row.json`
    """
    from mqlab.lab import Lab

    opened = Lab.open(lab)
    row = opened.quarantined_row(row_id)
    data = _plain(row.to_dict())
    if row_only:
        output.show(data["raw"], Format.JSON, lambda _console: None)
        return
    data["steps"] = [step.to_dict() for step in opened.quarantine_steps(row_id)]
    output.show(
        data,
        output_format,
        lambda console: output.wrapped(
            console,
            [
                f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
                for key, value in data.items()
                if key != "steps"
            ]
            + [
                f"- {step['step']} on {step['recorded_at']} by {step['by']}: {step['because']}"
                for step in data["steps"]
            ],
        ),
    )


@app.command("fix")
def fix_row(
    row_id: RowArgument,
    file: Annotated[
        Path,
        typer.Option("--with", help="The edited row: a JSON object, or a CSV file of one row.", show_default=False),
    ],
    by: ByOption,
    because: Annotated[str, typer.Option("--because", help="What was wrong.")] = "",
    preset: PresetOption = None,
    mapping: MappingOption = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Read an edited row in the place of a quarantined one, through the mapping it first came with.

    It becomes a fact, or says why not and stays open (exit 1). Masked addresses and reps are read back as they were.

    Example: `mqlab quarantine fix 12 --with row.json --by "Ada King" --because "typo in the date"`
    """
    from mqlab.lab import Lab

    answer = Lab.open(lab).fix(row_id, file, by=by, because=because, preset=preset, mapping=mapping, now=now())
    _answer([answer], output_format)


@app.command("release")
def release_rows(
    by: ByOption,
    row_ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", min=1, max=MOST, show_default=False)] = None,
    reason: ReasonOption = None,
    kind: KindOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open row.")] = False,
    because: Annotated[str, typer.Option("--because", help="What has changed.")] = "",
    preset: PresetOption = None,
    mapping: MappingOption = None,
    snapshot_at: SnapshotOption = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Read quarantined rows again as they are: after the mapping or the lab changed, or a doubt about a lead is gone.

    Rows that still cannot be used stay open, each with its reason (exit 1).

    Example: `mqlab quarantine release --reason unstated_format --by "Ada King" --because "format is in the mapping"`
    """
    from mqlab.lab import Lab

    if bool(row_ids) == bool(everything or reason or kind):
        raise InputError(
            "say which rows: their numbers, or --reason, --kind or --all.", code="WhichRows",
            hint="See them with: mqlab quarantine list",
        )  # fmt: skip
    opened = Lab.open(lab)
    snapshot = None
    if snapshot_at is not None:
        snapshot = parse_instant(snapshot_at, opened.settings.zone, option="--snapshot-at")
    answers = opened.release(
        row_ids or (), by=by, because=because, everything=everything, reason=_reason(reason), kind=kind, preset=preset,
        mapping=mapping, snapshot_at=snapshot, now=now(),
    )  # fmt: skip
    _answer(answers, output_format)


@app.command("discard")
def discard_rows(
    row_ids: Annotated[list[int], typer.Argument(metavar="ID...", min=1, max=MOST, show_default=False)],
    by: ByOption,
    because: Annotated[str, typer.Option("--because", help="Why they do not count.", show_default=False)],
    mapping: MappingOption = None,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Set quarantined rows aside for good. They are kept; what they stated does not count.

    Example: `mqlab quarantine discard 12 13 --by "Ada King" --because "rows of a test"`
    """
    from mqlab.lab import Lab

    _answer(Lab.open(lab).discard(row_ids, by=by, because=because, mapping=mapping, now=now()), output_format)


def _answer(answers: Sequence[Settled], output_format: Format) -> None:
    """What became of each row; a row that stays open makes the answer a no."""
    output.show(
        [answer.to_dict() for answer in answers],
        output_format,
        lambda console: output.wrapped(console, [_line(answer) for answer in answers] or ["No such row is open."]),
    )
    if any(answer.status == Status.OPEN for answer in answers):
        raise AnswerIsNo("")


def _line(answer: Settled) -> str:
    waits = " It waits for its lead." if answer.became == "unmatched" else ""
    noted = f" {answer.note}" if answer.note else ""
    became = f": {answer.became}.{noted}" if answer.became else f". {answer.why}" if answer.why else "."
    return f"Row {answer.id} is {answer.status}{became}{waits}"


def _nothing(status: Status, reason: str | None, kind: Kind | None) -> str:
    if status is Status.OPEN and reason is None and kind is None:
        return "Nothing is quarantined."
    return "No such row."


def _reason(word: str | None) -> str | None:
    """A reason as typed; a typo is told with the nearest one."""
    if word is None:
        return None
    from mqlab.crm.quarantine import Reason

    if word not in set(Reason):
        hint = nearest(word, list(Reason)) or f"One of: {', '.join(Reason)}."
        raise InputError(f"there is no reason '{word}'.", code="UnknownReason", hint=hint)
    return word


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
