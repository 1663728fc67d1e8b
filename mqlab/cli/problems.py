"""Showing findings: all of them, then the exit code."""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.cli import output
from mqlab.cli.options import Format
from mqlab.errors import AnswerIsNo, Problem


def show_problems(
    problems: Sequence[Problem], output_format: Format, *, fine: str, fail_on_warnings: bool = False
) -> None:
    """Print findings and raise AnswerIsNo (exit 1) where one of them counts."""
    errors = [problem for problem in problems if problem.severity == "error"]
    warnings = [problem for problem in problems if problem.severity == "warning"]
    output.show(
        [problem.to_dict() for problem in problems],
        output_format,
        lambda console: console.print(
            "\n".join([*(_worded(problem) for problem in problems), "", _summary(len(errors), len(warnings))])
            if problems
            else fine,
            markup=False,
            soft_wrap=True,
        ),
    )
    if errors or (warnings and fail_on_warnings):
        raise AnswerIsNo("")


def _worded(problem: Problem) -> str:
    return (
        str(problem)
        if problem.severity == "error"
        else f"{problem}".replace(f"({problem.code})", f"({problem.code}, warning)")
    )


def _summary(errors: int, warnings: int) -> str:
    return f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"
