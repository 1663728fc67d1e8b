"""The options that every command shares, and the instants people type."""

from __future__ import annotations

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


def parse_instant(text: str, zone: ZoneInfo, *, option: str, day: str = "end") -> datetime:
    """An instant as typed: ISO 8601 with offset, or a date, which means its end (or start) in the lab's zone."""
    try:
        dated = date.fromisoformat(text) if len(text) == 10 else None
        at = None if dated else datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{option} '{text}' is neither a date nor an instant.",
            code="BadInstant",
            hint="Write 2026-10-15, or 2026-10-15T08:00:00Z.",
        ) from error
    if not FIRST_YEAR <= (dated or at).year <= LAST_YEAR:  # type: ignore[union-attr]
        raise InputError(
            f"{option} '{text}' lies outside of the years {FIRST_YEAR} to {LAST_YEAR}.",
            code="InstantOutOfRange",
            hint="Leave the option out to mean now." if option == "--as-of" else None,
        )
    if dated is not None:
        return end_of_day(dated, zone) if day == "end" else start_of_day(dated, zone)
    assert at is not None
    if at.tzinfo is None:
        raise InputError(
            f"{option} '{text}' has no time zone.",
            code="NaiveInstant",
            hint=f"Write {text}Z for UTC, or an offset such as {text}+02:00.",
        )
    return at.astimezone(UTC)
