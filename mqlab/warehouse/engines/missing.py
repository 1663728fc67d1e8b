"""The errors of what is not there: a file, a folder, a table of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mqlab.errors import InputError, UnreachableError, nearest
from mqlab.warehouse.engines.urls import EngineUrl

SHOWN = 12
"""How many tables a message names."""


def no_file(url: EngineUrl, path: str) -> UnreachableError:
    """A DuckDB file that is not there."""
    return UnreachableError(
        f"{url.shown}: there is no file {path}.", code="EngineUnreachable", hint=_where(url, "the file")
    )


def no_folder(url: EngineUrl, path: str) -> UnreachableError:
    """A folder that is not there."""
    return UnreachableError(
        f"{url.shown}: there is no folder {path}.", code="EngineUnreachable", hint=_where(url, "the folder")
    )


def no_table(url: EngineUrl, name: str, known: Sequence[str]) -> InputError:
    """A table that is not there, beside those that are."""
    there = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
    hint = f"There is {there}." if known else f"There is no table at all. {_expected(url, name)}"
    return InputError(
        f"{url.shown}: there is no table '{name}'.",
        code="NoSuchTable",
        hint=" ".join(part for part in (nearest(name, known), hint) if part),
    )


def unreadable(url: EngineUrl, name: str, reason: str, files: Sequence[str]) -> InputError:
    """A table whose files cannot be read."""
    return InputError(
        f"{url.shown}: the table '{name}' cannot be read: {reason.rstrip('.')}.",
        code="UnreadableTable",
        hint=f"It is read from {files[0]}" + (f" and {len(files) - 1} more." if len(files) > 1 else "."),
    )


def _expected(url: EngineUrl, name: str) -> str:
    """Where a table is looked for."""
    match url.kind:
        case "spark" if url.path is None:
            return "Name the folder of the Parquet files in [warehouse] url: ?folder=/data"
        case "parquet" | "csv" | "spark":
            ending = "csv" if url.kind == "csv" else "parquet"
            return f"A table is a file {name}.{ending}, or a folder {name}/ with files of that ending."
        case "postgres":
            return "Name the schema in [warehouse] url with ?schema=, and see that the user may read it."
        case _:
            return "Its tables are looked for in the schema main."


def _where(url: EngineUrl, what: str) -> str:
    """An absolute path that was written as a relative one is the usual slip."""
    if url.path is not None and not url.path.startswith("/") and Path("/" + url.path).exists():
        scheme = url.text.partition("://")[0]
        return f"After three slashes a path is relative to the lab; absolute it is {scheme}:////{url.path}"
    return f"Create {what}, or correct [warehouse] url in mqlab.toml."
