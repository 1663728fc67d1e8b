"""The formats a document can be drawn in, by name and by suffix; libraries are loaded when one is asked for."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from pathlib import Path

from mqlab.errors import InputError
from mqlab.reports.document import Document
from mqlab.reports.printable import cleaned


class ReportFormat(StrEnum):
    """A format, named by its files' suffix."""

    HTML = "html"
    PDF = "pdf"
    PPTX = "pptx"
    XLSX = "xlsx"
    MD = "md"
    JSON = "json"


WITH_PICTURES = frozenset({ReportFormat.HTML, ReportFormat.PDF, ReportFormat.PPTX})
"""Formats that show charts; the others tell their numbers."""

_MODULES = {ReportFormat.MD: "markdown", ReportFormat.JSON: "data"}


def render(document: Document, to: ReportFormat) -> bytes:
    """The document drawn, its texts made printable; the same document gives the same bytes."""
    drawn = import_module(f"mqlab.reports.{_MODULES.get(to, to.value)}").render(cleaned(document))
    return drawn.encode() if isinstance(drawn, str) else drawn


def of_suffix(path: Path) -> ReportFormat:
    """The format that a file's name asks for.

    Example:
        >>> of_suffix(Path("march.PDF"))
        <ReportFormat.PDF: 'pdf'>
    """
    suffix = path.suffix.lower().removeprefix(".")
    try:
        return ReportFormat({"htm": "html", "markdown": "md"}.get(suffix, suffix))
    except ValueError:
        raise InputError(
            f"'{path.name}' names no format of a report.",
            code="UnknownFormat",
            hint=f"Let it end in {', '.join(f'.{known}' for known in ReportFormat)}, or say --format.",
        ) from None
