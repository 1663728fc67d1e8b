"""The leads that came in a quarter, one row each: the one set that every number of the review is a share of.

A lead belongs to the quarter in which it was created, and to no other. How far it got is told by its age: the days from
its creation to the first outcome that shows a stage, a later stage showing those before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from mqlab.analysis.feedback.window import Window
from mqlab.leads.instants import DAY_US

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEVER = np.iinfo(np.int64).max
"""An age that was not reached."""

Stage = Literal["mql", "pql", "sal", "sql", "opportunity", "won"]
PATH: tuple[Stage, ...] = ("mql", "sal", "sql", "opportunity", "won")
"""The stages in their order; `pql` stands beside it."""


@dataclass(frozen=True, slots=True)
class Horizons:
    """Days from a lead's creation within which a stage counts: up to the SQL, and from the opportunity on."""

    sql_days: int = 60
    won_days: int = 180

    def of(self, stage: Stage) -> int:
        """The days of a stage."""
        return self.won_days if stage in ("opportunity", "won") else self.sql_days


@dataclass(frozen=True)
class Leads:
    """Columns of equal length, one entry per lead; ages in days, `NEVER` where a stage was not reached.

    `definition` is the one that governed the lead when it came, `experiment` and `arm` the experiment that took it in,
    `path` how it qualified. `mql` is the age at which it became an MQL; `sal`, `sql`, `opportunity` and `won` those at
    which sales said so, whatever it was before. `revenue_minor` is what was won within the horizon.
    """

    lead_id: npt.NDArray[np.object_]
    created_us: Int64s
    source: npt.NDArray[np.object_]
    definition: npt.NDArray[np.object_]
    experiment: npt.NDArray[np.object_]
    arm: npt.NDArray[np.object_]
    path: npt.NDArray[np.object_]
    mql: Int64s
    pql: Int64s
    sal: Int64s
    sql: Int64s
    opportunity: Int64s
    won: Int64s
    revenue_minor: Int64s

    @property
    def count(self) -> int:
        """How many leads."""
        return len(self.lead_id)

    def where(self, chosen: Mask) -> Leads:
        """Some of them."""
        return Leads(**{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__})

    def age(self, stage: Stage) -> Int64s:
        """The ages at which a stage was reached; one that was skipped has the age of the first after it."""
        if stage in ("mql", "pql"):
            return np.asarray(getattr(self, stage))
        later = PATH[PATH.index(stage) :]
        return np.asarray(np.minimum.reduce([getattr(self, name) for name in later]), dtype=np.int64)

    def reached(self, stage: Stage, within_days: int) -> Mask:
        """Which leads reached a stage within so many days, MQL or not."""
        return np.asarray(self.age(stage) <= within_days)


@dataclass(frozen=True)
class Cohort:
    """The leads of a quarter, and up to when sales feedback is complete (`cut_off_us`)."""

    window: Window
    leads: Leads
    cut_off_us: int
    horizons: Horizons
    lateness_us: int = 0

    @property
    def count(self) -> int:
        """The one denominator."""
        return self.leads.count

    @cached_property
    def uses_pql(self) -> bool:
        """Whether sales reported any product-qualified lead among them."""
        return bool((self.leads.pql < NEVER).any())

    def due(self, stage: Stage) -> bool:
        """Whether every lead that can still come to the quarter has been followed for the stage's days."""
        return self.cut_off_us >= self._complete_us(stage)

    def due_at_us(self, stage: Stage) -> int:
        """When a stage is due: the end of the quarter, its days, and how late sales reports."""
        return self._complete_us(stage) + self.lateness_us

    def followed(self, stage: Stage) -> int:
        """How many leads have been followed for the stage's days."""
        age = (self.cut_off_us - self.leads.created_us) // DAY_US
        return int((age >= self.horizons.of(stage)).sum())

    def _complete_us(self, stage: Stage) -> int:
        return self.window.end_us - 1 + self.horizons.of(stage) * DAY_US

    def of(self, chosen: Mask) -> Cohort:
        """Some of its leads."""
        return replace(self, leads=self.leads.where(chosen))


def names(column: npt.NDArray[np.object_]) -> Sequence[str | None]:
    """The different values of a column, most frequent first, what is unknown last."""
    counted: dict[str | None, int] = {}
    for value in column.tolist():
        counted[value] = counted.get(value, 0) + 1
    return sorted(counted, key=lambda name: (name is None, -counted[name], name or ""))
