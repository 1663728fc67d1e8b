"""The files of a report: their formats and names, all of them written or none, each with its manifest."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mqlab.errors import InputError, RefusedError
from mqlab.lab import manifest
from mqlab.lab.files import in_a_known_folder, write_whole
from mqlab.lab.progress import Progress, silent
from mqlab.reports.document import Document
from mqlab.reports.formats import WITH_PICTURES, ReportFormat, of_suffix, render
from mqlab.reports.pictures import Pictures, drawn_beside

MANY_FORMATS = 4
"""From so many formats on, charts are left to a process of their own."""
BESIDE = (ReportFormat.HTML, ReportFormat.PDF)
"""What the process that draws the charts draws as well, while slides are drawn here: they take as long as both."""


@dataclass(frozen=True)
class Report:
    """A document and what it was made of: the part of a manifest that is the same in every format."""

    document: Document
    facts: dict[str, Any]


def chosen(formats: Sequence[ReportFormat], out: Path | None) -> tuple[ReportFormat, ...]:
    """The formats that were asked for, else that of the file's name, else HTML.

    InputError where a name and a format contradict each other, or no file can have the name.
    """
    if out is not None and out.is_dir():
        raise InputError(f"{out} is a folder.", code="IsAFolder", hint="Name a file in it.")
    if out is not None:
        in_a_known_folder(out)
    if out is None or not out.suffix:
        return tuple(formats) or (ReportFormat.HTML,)
    if len(formats) == 1:
        _agree(out, formats[0])
    return tuple(formats) or (of_suffix(out),)


def drawing(formats: Sequence[ReportFormat]) -> AbstractContextManager[Pictures | None]:
    """The process that draws charts while a report in these formats is made; none for a few of them."""
    return drawn_beside() if len(formats) >= MANY_FORMATS else nullcontext()


def _agree(out: Path, to: ReportFormat) -> None:
    """A name with the suffix of another format is a mistake; one with a suffix of its own is not."""
    try:
        named = of_suffix(out)
    except InputError:
        return
    if named is not to:
        raise InputError(
            f"{out.name} is named as {named}, and --format says {to}.",
            code="FormatsDiffer",
            hint="Say one of them only.",
        )


def write(
    made: Report,
    usual: Path,
    *,
    formats: Sequence[ReportFormat],
    out: Path | None,
    overwrite: bool,
    progress: Progress = silent,
    pictures: Pictures | None = None,
) -> tuple[Path, ...]:
    """Draw a report and write every file with its manifest, at `out` or, each with its suffix, at `usual`.

    The same report again is no conflict; RefusedError, before anything is written, where another one is in the way.
    `pictures` draws the charts, so formats without any are drawn first, and those it draws as well come last.
    """
    if pictures is not None:
        pictures.ask(made.document, tuple(to for to in formats if to in BESIDE))
    rendered: dict[ReportFormat, bytes] = {}
    for k, to in enumerate(sorted(formats, key=lambda to: (to in WITH_PICTURES, to in BESIDE))):
        progress("drawing the report", k, len(formats))
        drawn_there = None
        if pictures is not None and to in WITH_PICTURES:
            pictures.wait()
            drawn_there = pictures.rendered(to)
        rendered[to] = drawn_there or render(made.document, to)
    drawn = {_path(usual, out, to, len(formats)): (to, rendered[to]) for to in formats}
    for path, (_, data) in drawn.items():
        if path.exists() and not overwrite and not (path.is_file() and path.read_bytes() == data):
            raise RefusedError(f"{path} exists.", code="FileExists", hint="Name another file, or say --force.")
    for path, (to, data) in drawn.items():
        write_whole(path, data)
        told = manifest.written(made.document, made.facts, file=path, to=to, drawn=data)
        write_whole(manifest.path_of(path), told)
    return tuple(drawn)


def _path(usual: Path, out: Path | None, to: ReportFormat, several: int) -> Path:
    """One format: the file as it is named. Several: its name with each format's suffix."""
    if out is None:
        return usual.with_name(f"{usual.name}.{to}")
    if several == 1:
        return out
    try:
        of_suffix(out)
    except InputError:
        return out.with_name(f"{out.name}.{to}")
    return out.with_suffix(f".{to}")
