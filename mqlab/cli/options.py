"""The options that every command shares, and the instants people type."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from mqlab.errors import InputError
from mqlab.leads.instants import end_of_day, start_of_day


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"


ExperimentArgument = Annotated[
    str, typer.Argument(metavar="EXPERIMENT", help="The experiment's id.", show_default=False)
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="What the business knew then. Default: now.", show_default=False)
]
LedgerOption = Annotated[
    int | None, typer.Option("--ledger", min=0, help="The ledger position to read.", show_default=False)
]
ByOption = Annotated[
    str, typer.Option("--by", help="Who does this; it is written to the audit log.", show_default=False)
]
LabOption = Annotated[
    Path | None,
    typer.Option(
        "--lab", help="The lab's folder. Default: the nearest folder upward with mqlab.toml.", show_default=False
    ),
]
FormatOption = Annotated[
    Format, typer.Option("--format", help="table for people, json for scripts (stdout holds nothing else).")
]


def now() -> datetime:
    """The present instant: the one place where the command line reads the clock."""
    return datetime.now(UTC)


FIRST_YEAR, LAST_YEAR = 1900, 2199


DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].+")


def parse_instant(text: str, zone: ZoneInfo, *, option: str, day: str = "end") -> datetime:
    """An instant as typed: ISO 8601 with offset, or a date, which means its end (or start) in the lab's zone."""
    dated: date | None = None
    at: datetime | None = None
    try:
        if DATE.fullmatch(text):
            dated = date.fromisoformat(text)
        elif INSTANT.fullmatch(text):
            at = datetime.fromisoformat(text)
    except ValueError:
        pass  # such as 30 February: told like any other text that is no date
    found = dated or at
    if found is None:
        raise InputError(
            f"{option} '{text}' is neither a date nor an instant.",
            code="BadInstant",
            hint="Write 2026-10-15, or 2026-10-15T08:00:00Z.",
        )
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise InputError(
            f"{option} '{text}' lies outside of the years {FIRST_YEAR} to {LAST_YEAR}.",
            code="InstantOutOfRange",
            hint="Leave the option out to mean now." if option == "--as-of" else None,
        )
    if at is None:
        return end_of_day(found, zone) if day == "end" else start_of_day(found, zone)
    if at.tzinfo is None:
        raise InputError(
            f"{option} '{text}' has no time zone.",
            code="NaiveInstant",
            hint=f"Write {text}Z for UTC, or an offset such as {text}+02:00.",
        )
    return at.astimezone(UTC)


def instant_or_now(text: str | None, zone: ZoneInfo, *, option: str) -> datetime:
    """An instant as typed, now where nothing was."""
    return now() if text is None else parse_instant(text, zone, option=option)
