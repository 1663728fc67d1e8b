"""Rows of a file on their way in: batches of columns with line numbers, and the rows that broke on reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mqlab.crm.quarantine import BadRow

BATCH_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file: each column's values in order, the line each row began at, and the broken rows among them.

    `done` and `total` say how far reading has come, in whatever the source counts (bytes, rows).
    """

    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]
    broken: Sequence[BadRow] = ()
    done: int = 0
    total: int = 0

    def __len__(self) -> int:
        return len(self.lines)

    def raw(self, index: int) -> dict[str, Any]:
        """One row as it was read."""
        return {name: values[index] for name, values in self.columns.items()}


class Source(Protocol):
    """A file that can be read once, in batches."""

    @property
    def header(self) -> Sequence[str]:
        """The names of the columns, as the file spells them."""

    @property
    def notes(self) -> Sequence[str]:
        """What is unusual about the file, in sentences."""

    def batches(self) -> Iterator[Batch]:
        """The rows."""
