"""What stands below the rows of an exported report: totals, whose report it was, a copyright line."""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.leads.text import normalise

Rows = list[list[str]]


class Footer:
    """Tells a report's footer from rows that are broken, while the file is read.

    A footer begins at a line that starts with one of the `marks`, or after a blank line at a line of one cell, and goes
    to the end of the file. Without a line that starts with a mark there is none, and its lines are rows like any other.
    """

    def __init__(self, marks: Sequence[str], width: int) -> None:
        self._marks = tuple(normalise(mark) for mark in marks)
        self._width = width
        self._gap = False
        self._marked = False
        self._held: Rows = []
        self._held_lines: list[int] = []

    def above(self, rows: Rows, lines: Sequence[int]) -> tuple[Rows, list[int]]:
        """The rows, without those that may turn out to be the footer."""
        kept: Rows = []
        kept_lines: list[int] = []
        for row, line in zip(rows, lines, strict=True):
            if not row:
                self._gap = True
                continue
            alone = len(row) == 1 < self._width
            marked = normalise(row[0]).startswith(self._marks)
            if marked or (alone and (self._gap or self._held)):
                self._held.append(row)
                self._held_lines.append(line)
                self._marked = self._marked or marked
                continue
            if self._held:
                back, back_lines = self._let_go()
                kept.extend(back)
                kept_lines.extend(back_lines)
            self._gap = False
            kept.append(row)
            kept_lines.append(line)
        return kept, kept_lines

    def ended(self) -> tuple[Rows, list[int], int]:
        """At the end of the file: the rows that were held back for nothing, or how many lines the footer has."""
        if self._marked:
            return [], [], len(self._held)
        return *self._let_go(), 0

    def _let_go(self) -> tuple[Rows, list[int]]:
        held, lines = self._held, self._held_lines
        self._held, self._held_lines, self._marked = [], [], False
        return held, lines
