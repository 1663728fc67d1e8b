"""
Every error mqlab raises on purpose.

* MqlabError                     exit 2
  x InputError                   exit 2   a file or a value cannot be used: what, where, what next
    + ProblemsFound              exit 2   several of them, each with its own place
  x RefusedError                 exit 2   the request is understood and not allowed now
  x AnswerIsNo                   exit 1   the question was answered, and the answer is no
  x UnreachableError             exit 3   a store or an engine could not be reached, read or written
    + MissingExtraError          exit 3   an optional part is not installed

Only the faces (``mqlab.cli``, ``mqlab.service``) catch them. Each class owns its exit code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands; `line` and `column` count from 1."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None

    def __str__(self) -> str:
        spot = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return "  ".join(part for part in (spot, self.path) if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a declared file, as `check` and `lint` print it."""

    code: str
    message: str
    place: Place = Place()
    severity: Severity = "error"
    hint: str | None = None

    def to_dict(self) -> dict[str, object]:
        """The agreed JSON row: file, line, column, code, severity, message, hint (and path)."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "path": self.place.path,
            **{key: value for key, value in asdict(self).items() if key in {"code", "severity", "message", "hint"}},
        }

    def __str__(self) -> str:
        lines = [str(self.place)] if str(self.place) else []
        indent = "  " if lines else ""
        between = "\n" if "\n" in self.message else " "
        lines.append(f"{indent}{self.message}" + (f"{between}{self.hint}" if self.hint else ""))
        lines.append(f"{indent}({self.code})")
        return "\n".join(lines)


class MqlabError(Exception):
    """The root of the tree."""

    exit_code: ClassVar[int] = 2


class InputError(MqlabError):
    """A file or a value cannot be used."""

    def __init__(
        self, message: str, *, code: str = "InvalidInput", place: Place | None = None, hint: str | None = None
    ) -> None:
        self.problem = Problem(code=code, message=message, place=place or Place(), hint=hint)
        super().__init__(str(self.problem))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems this error reports, at least one."""
        return (self.problem,)


class ProblemsFound(InputError):
    """Several problems were found at once; all are told."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._problems = tuple(problems)
        self.problem = self._problems[0]
        MqlabError.__init__(self, "\n".join(str(problem) for problem in self._problems))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of them, in the order of the file."""
        return self._problems


class RefusedError(MqlabError):
    """The request is understood and not allowed in the present state (locked, started, not approved)."""

    def __init__(self, message: str, *, code: str = "Refused", hint: str | None = None) -> None:
        self.code = code
        self.hint = hint
        super().__init__(str(Problem(code=code, message=message, hint=hint)))


class AnswerIsNo(MqlabError):
    """The command did its work and the answer is no: lint found something, a check failed, a look is due."""

    exit_code = 1


class UnreachableError(MqlabError):
    """A store or an engine could not be reached, read or written."""

    exit_code = 3

    def __init__(self, message: str, *, code: str = "Unreachable", hint: str | None = None) -> None:
        self.code = code
        self.hint = hint
        super().__init__(str(Problem(code=code, message=message, hint=hint)))


class MissingExtraError(UnreachableError):
    """An optional part is not installed."""

    def __init__(self, part: str, extra: str) -> None:
        super().__init__(
            f"{part} is not installed.", code="MissingExtra", hint=f"Install it with: pip install 'mqlab[{extra}]'"
        )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """A hint naming the known word nearest to `word`, or None when nothing is near.

    Example:
        >>> nearest("job_titel", ["employees", "job_title"])
        "Did you mean 'job_title'?"
    """
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean '{found[0]}'?" if found else None
