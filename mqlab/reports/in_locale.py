"""Sentences of an analysis with their numbers as the locale writes them.

An analysis says its sentences once, in English, and they are the same bytes in its JSON. Where a document is written in
another locale, the numbers in them are: everything that reads as 1,234, 0.05 or 12.3% and stands in no name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from mqlab.analysis.results import AnalysisResult
from mqlab.reports import format as fmt
from mqlab.reports.document import Document
from mqlab.reports.printable import rewritten
from mqlab.stats.estimate import NotEstimable

_NUMBER = re.compile(
    r"(?<![\w.,@/:])(?:(?:\d{1,3}(?:,\d{3})+|\d+)\.\d+%?|\d{1,3}(?:,\d{3})+%?|\d+%)(?=pp\b|(?![\w@/]|[.,:]\d))"
)
"""A number with a separator or a percent sign; neither a version, a time nor part of a word."""

_THOUSAND = re.compile(r"\b(of|per|far) 1,000(?![\w,.]\d)", re.IGNORECASE)

_PRICE = ("sentence", "compared", "caution", "detail")
"""What the break-even price says in words."""


def numbers_in_locale(text: str, names: Iterable[str] = ()) -> str:
    """The sentence with its numbers as the current locale writes them; what stands in one of `names` is left alone.

    Example:
        >>> with fmt.written_in("de"):
        ...     numbers_in_locale("1,234 of 2,000 leads (61.7%) on fit@1.4.0, p = 0.05; v 1.5 is an arm", ["v 1.5"])
        '1.234 of 2.000 leads (61,7\\xa0%) on fit@1.4.0, p = 0,05; v 1.5 is an arm'
    """
    if fmt.current_locale() == fmt.LOCALE:
        return text
    kept = sorted({name for name in names if any(map(str.isdigit, name))}, key=len, reverse=True)
    if not kept:
        return _NUMBER.sub(_written, text)
    pieces = re.split(rf"(?<!\w)({'|'.join(map(re.escape, kept))})(?!\w)", text)
    return "".join(piece if k % 2 else _NUMBER.sub(_written, piece) for k, piece in enumerate(pieces))


def _written(found: re.Match[str]) -> str:
    return fmt.rewritten(found.group())


def in_locale(result: AnalysisResult, names: Iterable[str] = ()) -> AnalysisResult:
    """The result with the numbers in its sentences as the locale writes them; its own numbers stay what they are.

    `names` are those of arms and definitions; those of segments and reasons are known from the result.
    """
    if fmt.current_locale() == fmt.LOCALE:
        return result
    said = _Said(
        frozenset(
            [result.experiment, result.title, *names, *result.verdicts, result.control]
            + [row.segment for row in result.metrics if row.segment is not None]
            + [row.reason for row in result.mix if row.reason is not None]
        )
    )
    return replace(
        result,
        checks=tuple(replace(one, detail=said.text(one.detail)) for one in result.checks),
        conditions=tuple(
            replace(one, detail=said.text(one.detail), advice=said.text(one.advice)) for one in result.conditions
        ),
        verdicts={
            arm: replace(one, why=tuple(said.text(why) for why in one.why)) for arm, one in result.verdicts.items()
        },
        notes=tuple(said.text(note) for note in result.notes),
        metrics=tuple(said.row(row) for row in result.metrics),
        break_even={
            arm: {key: said.text(value) if key in _PRICE else value for key, value in one.items()}
            for arm, one in result.break_even.items()
        },
    )


def thousands_in_locale(document: Document) -> Document:
    """A document with the 1,000 that rates are told of as the current locale writes it, in its charts as well."""
    told = fmt.count(1000)
    return document if told == "1,000" else rewritten(document, lambda text: _THOUSAND.sub(rf"\1 {told}", text))


@dataclass(frozen=True, slots=True)
class _Said:
    """Rewrites sentences, and leaves names alone."""

    names: frozenset[str]

    def text(self, text: str) -> str:
        return numbers_in_locale(text, self.names)

    def row(self, row: Any) -> Any:
        """A metric's row: its note, and the reasons that stand in place of numbers."""
        reasons = {
            one.name: replace(value, detail=self.text(value.detail))
            for one in fields(row)
            if isinstance(value := getattr(row, one.name), NotEstimable)
        }
        return replace(row, note=self.text(row.note), **reasons)
