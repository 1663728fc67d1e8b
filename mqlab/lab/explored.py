"""Scores and signals of an experiment's definitions, read from the lab's facts for its report.

A process beside this one can do it while this one analyses (`explored_beside`): neither needs the other's answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.analysis.explore import explore
from mqlab.analysis.explored import Explored
from mqlab.definitions.model import Definition
from mqlab.experiments.protocol import Protocol
from mqlab.lab.fx import exchange
from mqlab.leads.tables import Facts
from mqlab.worker import Worker, serve, worker

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


@dataclass(frozen=True)
class Asked:
    """What is explored: an experiment as it was analysed, from the ledger of the lab in a folder at a position."""

    folder: Path
    protocol: Protocol
    definitions: Mapping[str, Definition]
    as_of: datetime
    position: int


class Exploring:
    """The process, and whether it was asked."""

    def __init__(self, process: Worker) -> None:
        self._process = process
        self._asked: Asked | None = None

    def ask(self, asked: Asked) -> None:
        """Have it explored; returns at once."""
        self._asked = asked
        self._process.ask(asked)

    def found(self) -> Explored | None:
        """What was found, as soon as it is; None where nothing was asked, or the process could not do it."""
        return None if self._asked is None else self._process.answer()


@contextmanager
def explored_beside() -> Iterator[Exploring | None]:
    """A process that explores, for as long as the block; None where none can be started."""
    with worker("mqlab.lab.explored") as process:
        yield None if process is None else Exploring(process)


def explored(lab: Lab, asked: Asked, facts: Facts) -> Explored:
    """What the definitions of an analysis read in a sample of its leads; `facts` are those it was made from."""
    settings = lab.settings
    table = lab.reading.assignments.overrides(asked.protocol.id, position=asked.position)
    rates = settings.fx.table
    return explore(
        asked.protocol,
        asked.definitions,
        facts,
        internal_domains=settings.lab.internal_domains,
        null_tokens=settings.lab.null_tokens,
        overrides=dict(zip(table["unit"].to_pylist(), table["arm"].to_pylist(), strict=True)),
        currency=settings.lab.currency,
        fx=None if rates is None else exchange(lab.folder / rates, settings.lab.currency),
        memory_limit=settings.warehouse.memory_limit,
    )


def answers(asked: Asked) -> Iterator[Explored]:
    """The one answer of the process."""
    from mqlab.lab.core import Lab

    lab = Lab.open(asked.folder)
    yield explored(lab, asked, lab.reading.facts(as_of=asked.as_of, position=asked.position))


if __name__ == "__main__":
    serve(answers)
