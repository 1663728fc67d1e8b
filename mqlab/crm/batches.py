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

    `done` and `total` say how far reading has come, in whatever the source counts (bytes, rows). `footer`: how many
    lines below the rows were passed over. `origin`: the batch of which this one is a part, and which rows of it.
    """

    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]
    broken: Sequence[BadRow] = ()
    done: int = 0
    total: int = 0
    footer: int = 0
    origin: tuple[Batch, Sequence[int]] | None = None

    def __len__(self) -> int:
        return len(self.lines)

    def raw(self, index: int) -> dict[str, Any]:
        """One row as it was read."""
        if self.origin is not None:
            whole, rows = self.origin
            return whole.raw(rows[index])
        return {name: values[index] for name, values in self.columns.items()}

    def some(self, rows: Sequence[int], instead: Mapping[str, Sequence[Any]] | None = None) -> Batch:
        """Some of the rows, perhaps more than once, and columns that stand in the place of their own or beside them."""
        columns: dict[str, Sequence[Any]] = {
            name: tuple(map(values.__getitem__, rows)) if isinstance(values, tuple) else [values[row] for row in rows]
            for name, values in self.columns.items()
            if instead is None or name not in instead
        }
        return Batch({**columns, **(instead or {})}, [self.lines[row] for row in rows], origin=(self, list(rows)))


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
