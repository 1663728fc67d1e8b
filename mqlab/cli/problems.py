"""Showing findings: all of them, then the exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mqlab.cli import output
from mqlab.cli.options import Format
from mqlab.errors import AnswerIsNo, Problem

if TYPE_CHECKING:
    from rich.console import Console


def show_problems(
    problems: Sequence[Problem], output_format: Format, *, fine: str, fail_on_warnings: bool = False
) -> None:
    """Print findings and raise AnswerIsNo (exit 1) where one of them counts."""
    errors = [problem for problem in problems if problem.severity == "error"]
    warnings = [problem for problem in problems if problem.severity == "warning"]

    def lines(console: Console) -> None:
        if not problems:
            output.wrapped(console, [fine])
            return
        for problem in problems:
            output.wrapped(console, _worded(problem))
        output.wrapped(console, ["", _summary(len(errors), len(warnings))])

    output.show([problem.to_dict() for problem in problems], output_format, lines)
    if errors or (warnings and fail_on_warnings):
        raise AnswerIsNo("")


def _worded(problem: Problem) -> Iterator[str]:
    *lines, code = str(problem).splitlines()
    yield from lines
    yield code if problem.severity == "error" else f"{code.removesuffix(')')}, warning)"


def _summary(errors: int, warnings: int) -> str:
    return f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"
