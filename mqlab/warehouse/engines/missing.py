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
    return InputError(
        f"{url.shown}: there is no table '{name}'.",
        code="NoSuchTable",
        hint=" ".join(part for part in (nearest(name, known), f"There is {there or 'no table at all'}.") if part),
    )


def _where(url: EngineUrl, what: str) -> str:
    """An absolute path that was written as a relative one is the usual slip."""
    if url.path is not None and not url.path.startswith("/") and Path("/" + url.path).exists():
        scheme = url.text.partition("://")[0]
        return f"After three slashes a path is relative to the lab; absolute it is {scheme}:////{url.path}"
    return f"Create {what}, or correct [warehouse] url in mqlab.toml."
