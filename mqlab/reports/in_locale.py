"""Sentences of an analysis with their numbers, days and amounts as the locale writes them.

An analysis says its sentences once, in English, and they are the same bytes in its JSON. In a document everything in
them that reads as 1,234, 0.05 or 12.3%, as 2026-10-15 or as EUR 40, and stands in no name, is written as beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from functools import cached_property
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

_DAY = re.compile(r"(?<![\w.,@/:-])\d{4}-\d{2}-\d{2}(?![\w@/-]|:\S|\.\d)")
"""A day as an analysis writes it; no part of a name, a path or an instant."""

_THOUSAND = re.compile(r"\b(of|per|far) 1,000(?![\w,.]\d)", re.IGNORECASE)

_PRICE = ("sentence", "compared", "caution", "detail")
"""What the break-even price says in words."""


def numbers_in_locale(text: str, names: Iterable[str] = (), currencies: Iterable[str] = ()) -> str:
    """The sentence with its numbers, days and amounts in `currencies` as the current locale writes them.

    What stands in one of `names` is left alone.

    Example:
        >>> with fmt.written_in("de"):
        ...     numbers_in_locale("1,234 of 2,000 leads (61.7%) on fit@1.4.0, p = 0.05; v 1.5 is an arm", ["v 1.5"])
        '1.234 of 2.000 leads (61,7\\xa0%) on fit@1.4.0, p = 0,05; v 1.5 is an arm'
        >>> numbers_in_locale("due 2026-10-15, at EUR 40", currencies=["EUR"])
        'due 15 Oct 2026, at €40.00'
    """
    kept = sorted({name for name in names if any(map(str.isdigit, name))}, key=len, reverse=True)
    told = frozenset(currencies)
    if not kept:
        return _told(text, told)
    pieces = re.split(rf"(?<!\w)({'|'.join(map(re.escape, kept))})(?!\w)", text)
    return "".join(piece if k % 2 else _told(piece, told) for k, piece in enumerate(pieces))


def _told(text: str, currencies: frozenset[str]) -> str:
    """Amounts and days before plain numbers, which are no part of what was written already."""
    marks = [_DAY.pattern, *([rf"\b(?:{'|'.join(sorted(currencies))}) \d[\d,]*(?:\.\d+)?(?!\w)"] if currencies else [])]
    pieces = re.split(f"({'|'.join(marks)})", text)
    return "".join(_mark(piece) if k % 2 else _numbers(piece) for k, piece in enumerate(pieces))


def _mark(text: str) -> str:
    """An amount or a day; what is no day of the calendar stays."""
    if text[0].isalpha():
        currency, _, amount = text.partition(" ")
        return fmt.money(float(amount.replace(",", "")), currency)
    try:
        return fmt.day(date.fromisoformat(text))
    except ValueError:
        return text


def _numbers(text: str) -> str:
    if fmt.current_locale() == fmt.LOCALE:
        return text
    return _NUMBER.sub(lambda found: fmt.rewritten(found.group()), text)


def in_locale(result: AnalysisResult, names: Iterable[str] = ()) -> AnalysisResult:
    """The result with the numbers, days and amounts in its sentences as the locale writes them; its own stay.

    `names` are those of arms and definitions; those of segments and reasons are known from the result.
    """
    said = _Said(result, tuple(names))
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
        metrics=tuple(said.reasons(replace(row, note=said.text(row.note))) for row in result.metrics),
        marginal=said.reasons(result.marginal),
        mix=said.reasons(result.mix),
        promises=said.reasons(result.promises),
        split=said.reasons(result.split),
        accounts=said.reasons(result.accounts),
        rare_wins=said.reasons(result.rare_wins),
        money=said.reasons(result.money),
        break_even={
            arm: {key: said.text(value) if key in _PRICE else value for key, value in one.items()}
            for arm, one in result.break_even.items()
        },
    )


def thousands_in_locale(document: Document) -> Document:
    """A document with the 1,000 that rates are told of as the current locale writes it, in its charts as well."""
    told = fmt.count(1000)
    return document if told == "1,000" else rewritten(document, lambda text: _THOUSAND.sub(rf"\1 {told}", text))


@dataclass(frozen=True)
class _Said:
    """Rewrites sentences of a result, and leaves names alone."""

    result: AnalysisResult
    of: tuple[str, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """Of arms, definitions, segments and reasons."""
        result = self.result
        return frozenset(
            [result.experiment, result.title, *self.of, *result.verdicts, result.control]
            + [row.segment for row in result.metrics if row.segment is not None]
            + [row.reason for row in result.mix if row.reason is not None]
        )

    @cached_property
    def currencies(self) -> frozenset[str]:
        """Those the result has amounts in."""
        found = [row.currency for row in self.result.metrics]
        found += [one.get("currency") for one in self.result.break_even.values()]
        return frozenset(currency for currency in found if currency)

    def text(self, text: str) -> str:
        return numbers_in_locale(text, self.names, self.currencies)

    def reasons(self, found: Any) -> Any:
        """A value with the reasons that stand in place of numbers rewritten, however deep they stand."""
        if isinstance(found, NotEstimable):
            return replace(found, detail=self.text(found.detail))
        if isinstance(found, tuple):
            return tuple(self.reasons(item) for item in found)
        if isinstance(found, Mapping):
            return {key: self.reasons(item) for key, item in found.items()}
        if not is_dataclass(found) or isinstance(found, type):
            return found
        parts = {one.name: getattr(found, one.name) for one in fields(found)}
        changed = {name: new for name, part in parts.items() if (new := self.reasons(part)) != part}
        return replace(found, **changed) if changed else found
