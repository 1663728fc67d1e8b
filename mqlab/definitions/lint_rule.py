"""What a lint rule is: one function that yields findings, whose docstring is the message."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from mqlab.definitions.cohort import Judged, judged_cohort
from mqlab.definitions.model import Definition
from mqlab.definitions.ranges import Ranges, ranges
from mqlab.errors import Place, Problem, Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule applies: its path in the file and the words that fill the message."""

    path: str
    words: Mapping[str, str] = field(default_factory=dict)
    hint: str | None = None


@dataclass(frozen=True)
class Subject:
    """The definition under inspection, with what is computed once for all rules."""

    definition: Definition

    @cached_property
    def ranges(self) -> Ranges:
        """What its numbers can reach."""
        return ranges(self.definition)

    @cached_property
    def cohort(self) -> tuple[Judged, ...]:
        """Simulated leads, judged by it."""
        return judged_cohort(self.definition)


Check = Callable[[Subject], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class LintRule:
    """A check with its code, severity and message; `{words}` of the message are filled by each finding."""

    code: str
    severity: Severity
    message: str
    check: Check

    def problems(self, subject: Subject) -> Iterator[Problem]:
        """What the rule finds, each at its line."""
        for found in self.check(subject):
            yield Problem(
                code=self.code,
                message=self.message.format_map(found.words),
                place=_place(subject.definition, found.path),
                severity=self.severity,
                hint=found.hint,
            )


def lint_rule(severity: Severity) -> Callable[[Check], LintRule]:
    """Make a lint rule of a function; its code is its name, its message the first paragraph of its docstring."""

    def make(check: Check) -> LintRule:
        name = str(getattr(check, "__name__", ""))
        code = "".join(part.capitalize() for part in name.split("_"))
        message = re.sub(r"\s+", " ", inspect.cleandoc(check.__doc__ or "").split("\n\n")[0])
        return LintRule(code, severity, message, check)

    return make


def _place(definition: Definition, path: str) -> Place:
    """The line of the nearest part of the path that the file states; of what it does not state at all, of its `id`."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        place = definition.places.get(".".join(parts[:length]))
        if place is not None:
            return Place(place.file, place.line, place.column, path)
    place = definition.places.get("id", Place(definition.file, 1, 1))
    return Place(place.file, place.line, place.column, path)
