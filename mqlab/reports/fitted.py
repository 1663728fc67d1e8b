"""How a table fits a page or a slide: a value apart from its interval, widths by content, too many columns in parts."""

from __future__ import annotations

import re
from dataclasses import replace

from mqlab.reports.document import Column, Table

_WITH_INTERVAL = re.compile(r"^(?P<value>[^(]+) (?P<interval>\(.+\))$")
_PROSE = 60
_GAP = 1.5
"""What stands between two columns, in letters."""
LINE = 100.0
"""So many letters of a table's size stand on a line of a page."""
LONGEST_WORD = 26
"""Longer words are broken."""


def parts(text: str) -> tuple[str, str]:
    """A value and its interval, which may stand below it.

    Example:
        >>> parts("+3.9% (−0.5% to +8.6%)"), parts("78.7")
        (('+3.9%', '(−0.5% to +8.6%)'), ('78.7', ''))
    """
    found = _WITH_INTERVAL.match(text)
    return (found["value"], found["interval"]) if found else (text, "")


def clipped(text: str, most: int) -> str:
    """The text, cut off where it is longer.

    Example:
        >>> clipped("short", 9), clipped("much too long", 9)
        ('short', 'much too…')
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def widths(table: Table) -> tuple[float, ...]:
    """The share of the width each column gets, by what stands in it; they add up to 1.

    Where not everything fits on a line, each column has room for its longest word first, if all of them have.
    """
    wanted = _weights(table)
    needed = [_longest_word(column, texts) + _GAP for column, texts in _columns(table)]
    if sum(wanted) > LINE:
        more = [max(0.0, want - need) for want, need in zip(wanted, needed, strict=True)]
        spare = max(0.0, LINE - sum(needed)) / (sum(more) or 1.0)
        wanted = [need + spare * extra for need, extra in zip(needed, more, strict=True)]
    return tuple(width / sum(wanted) for width in wanted)


def fill(table: Table) -> float:
    """How much of the line a table takes: a narrow one needs no more than 0.6 of it."""
    return min(max(sum(_weights(table)) / 80, 0.6), 1.0)


def _columns(table: Table) -> list[tuple[Column, list[str]]]:
    return [(column, [row[k].text for row in table.rows]) for k, column in enumerate(table.columns)]


def _weights(table: Table) -> list[float]:
    return [_weight(column, texts) for column, texts in _columns(table)]


def _longest_word(column: Column, texts: list[str]) -> float:
    if column.numeric:
        return _weight(column, texts)
    words = [word for text in (column.title, *texts, "-") for word in text.split()]
    return float(min(max(map(_unbroken, words)), LONGEST_WORD))


def _unbroken(word: str) -> int:
    """How many letters of a word stay together: a long one breaks at its hyphens."""
    return len(word) if len(word) <= LONGEST_WORD else max(len(piece) + 1 for piece in word.split("-"))


def _weight(column: Column, texts: list[str]) -> float:
    head = max((_unbroken(word) for word in column.title.split()), default=1)
    if column.numeric:
        longest = max(
            (len(part) for text in texts for part in (parts(text) if "(" in text else (text[:16],))), default=1
        )
        return min(max(longest, head, 7.0), 20.0)
    longest = max((len(text) for text in texts), default=1)
    word = max((len(word) for text in texts for word in text.split()), default=1)
    wanted = longest if longest <= 24 else 24 + (min(longest, 4 * _PROSE) - 24) * 0.16
    return min(max(wanted, word if word < 30 else 30, head, 9.0), 56.0)


def in_parts(table: Table, most: int) -> tuple[Table, ...]:
    """Tables of at most `most` columns with the same rows, the first columns repeated; one where all fit."""
    if len(table.columns) <= most:
        return (table,)
    heads = next((k for k, column in enumerate(table.columns) if column.numeric), 1) or 1
    heads = min(heads, most - 1)
    rest = range(heads, len(table.columns))
    step = most - heads
    chunks = [rest[start : start + step] for start in range(0, len(rest), step)]
    return tuple(
        replace(
            table,
            id=f"{table.id}-{number}",
            caption=f"{table.caption} ({number} of {len(chunks)})",
            columns=tuple(table.columns[k] for k in (*range(heads), *chunk)),
            rows=tuple(tuple(row[k] for k in (*range(heads), *chunk)) for row in table.rows),
            note=table.note if number == len(chunks) else "",
        )
        for number, chunk in enumerate(chunks, 1)
    )
