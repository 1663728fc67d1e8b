"""Followed leads as columns: picked by phase, arm and stratum, and handed to the mathematics of incidence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mqlab.analysis.maturity import DUE_PER_ARM
from mqlab.analysis.rates import STRATA
from mqlab.definitions.wording import plural
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.incidence import Followed, Incidence, product_limit
from mqlab.stats.incidence_accounts import FollowedAccounts
from mqlab.stats.incidence_by_age import FollowedPair
from mqlab.stats.incidence_triggered import FollowedStrata
from mqlab.warehouse.followed import FollowedRow

DISCORDANT = ("control_first", "arm_first")
Texts: TypeAlias = NDArray[np.object_]
Whole: TypeAlias = NDArray[np.int64]
CellKey: TypeAlias = tuple[int, str, str | None, str | None]
"""Phase, arm, stratum, segment."""


@dataclass(frozen=True, eq=False)
class FollowedLeads:
    """`FollowedRow`s column by column; every method that picks leads returns another.

    `cell` is a row's place in `cells`, which lists (phase, arm, stratum, segment) by phase; `unit` is None where the
    rows name no accounts.
    """

    cells: tuple[CellKey, ...]
    cell: Whole
    unit: Texts | None
    follow_up: Whole
    converted: Whole
    leads: Whole

    @classmethod
    def of(cls, rows: Sequence[FollowedRow]) -> FollowedLeads:
        """The columns of rows."""
        keys = [(row.phase, row.arm, row.stratum, row.segment) for row in rows]
        cells = tuple(sorted(dict.fromkeys(keys), key=lambda key: key[0]))
        place = {key: number for number, key in enumerate(cells)}
        unit: Texts | None = None
        if any(row.unit is not None for row in rows):
            unit = np.array([row.unit for row in rows], dtype=object)
        return cls(
            cells,
            np.array([place[key] for key in keys], dtype=np.int64),
            unit,
            np.array([row.follow_up for row in rows], dtype=np.int64),
            np.array([row.converted for row in rows], dtype=np.int64),
            np.array([row.leads for row in rows], dtype=np.int64),
        )

    def where(self, wanted: Callable[[CellKey], bool]) -> FollowedLeads:
        """The rows of the cells that are wanted."""
        chosen = [wanted(key) for key in self.cells]
        if all(chosen):
            return self
        rows = np.flatnonzero(np.array(chosen, dtype=bool)[self.cell])
        return FollowedLeads(
            self.cells,
            self.cell[rows],
            None if self.unit is None else self.unit[rows],
            self.follow_up[rows],
            self.converted[rows],
            self.leads[rows],
        )

    def in_segment(self, values: Collection[str | None]) -> FollowedLeads:
        """The leads whose segment has one of `values`."""
        return self.where(lambda key: key[3] in values)

    def arm(self, name: str) -> FollowedLeads:
        """The leads of one arm."""
        if name not in self._arms:
            self._arms[name] = self.where(lambda key: key[1] == name)
        return self._arms[name]

    @cached_property
    def _arms(self) -> dict[str, FollowedLeads]:
        return {}

    def by_phase(self) -> Mapping[int, FollowedLeads]:
        """The leads of each phase, in the order of the phases."""
        return self._phases

    @cached_property
    def _phases(self) -> dict[int, FollowedLeads]:
        present = dict.fromkeys(self.cells[place][0] for place in np.flatnonzero(np.bincount(self.cell)))
        return {phase: self._phase(phase) for phase in present}

    def _phase(self, phase: int) -> FollowedLeads:
        return self.where(lambda key: key[0] == phase)

    def discordant(self) -> FollowedLeads:
        """The leads on which the two definitions disagree."""
        return self.where(lambda key: key[2] in DISCORDANT)

    @cached_property
    def units(self) -> int:
        """All leads."""
        return int(self.leads.sum())

    @cached_property
    def events(self) -> int:
        """The leads that converted."""
        return int(self.leads[self.converted > 0].sum())

    @cached_property
    def has_units(self) -> bool:
        """Whether the rows name their accounts."""
        return self.unit is not None

    def mature(self, horizon_days: int) -> int:
        """The leads followed for the whole horizon."""
        return int(self.leads[self.follow_up >= horizon_days].sum())

    def complete(self, horizon_days: int) -> bool:
        """Whether all of them were."""
        return bool((self.follow_up >= horizon_days).all())

    def followed(self, horizon_days: int) -> Followed:
        """As one group of leads."""
        return Followed.of(self.follow_up, self.converted, self.leads, horizon_days=horizon_days)

    def incidence(self, horizon_days: int) -> Incidence | NotEstimable:
        """As one group of leads, the share that converts within the horizon."""
        if horizon_days not in self._incidences:
            self._incidences[horizon_days] = product_limit(self.followed(horizon_days))
        return self._incidences[horizon_days]

    @cached_property
    def _incidences(self) -> dict[int, Incidence | NotEstimable]:
        return {}

    def strata(self, control: str, arm: str, horizon_days: int) -> FollowedStrata:
        """A pair of arms by stratum."""

        def pair(name: str) -> FollowedPair:
            return FollowedPair(
                *(
                    mine.where(lambda key: key[2] == name).followed(horizon_days)
                    for mine in (self.arm(control), self.arm(arm))
                )
            )

        return FollowedStrata(**{name: pair(name) for name in STRATA})

    def accounts(self, horizon_days: int) -> FollowedAccounts:
        """As accounts of leads."""
        names = np.array(
            [unit or "" for unit in self.unit] if self.unit is not None else [""] * self.cell.size, dtype=str
        )
        return FollowedAccounts.of(
            self.follow_up,
            self.converted,
            np.unique(names, return_inverse=True)[1],
            self.leads,
            np.array([key[2] in DISCORDANT for key in self.cells], dtype=bool)[self.cell],
            horizon_days=horizon_days,
        )

    def counts(self) -> Mapping[CellKey, tuple[int, int]]:
        """(leads, conversions) by phase, arm, stratum and segment."""
        leads = np.zeros(len(self.cells), dtype=np.int64)
        events = np.zeros(len(self.cells), dtype=np.int64)
        np.add.at(leads, self.cell, self.leads)
        np.add.at(events, self.cell, np.where(self.converted > 0, self.leads, 0))
        there = np.flatnonzero(leads)
        return {self.cells[place]: (int(leads[place]), int(events[place])) for place in there}

    def readable(self, control: str, arm: str, horizon_days: int) -> tuple[FollowedLeads, str]:
        """The leads of the phases that can tell the whole horizon, and in words what is left out.

        A phase can when all its leads have been followed to the end, or enough of either arm; without any, all do that
        have somebody.
        """
        key = (control, arm, horizon_days)
        if key not in self._readable:
            self._readable[key] = self._read(*key)
        return self._readable[key]

    @cached_property
    def _readable(self) -> dict[tuple[str, str, int], tuple[FollowedLeads, str]]:
        return {}

    def _read(self, control: str, arm: str, horizon_days: int) -> tuple[FollowedLeads, str]:
        pair = self.where(lambda key: key[1] in (control, arm))
        least = {
            phase: min(group.arm(side).mature(horizon_days) for side in (control, arm))
            for phase, group in pair.by_phase().items()
        }
        enough = {
            phase
            for phase, group in pair.by_phase().items()
            if least[phase] >= (1 if group.complete(horizon_days) else DUE_PER_ARM)
        } or {phase for phase, mature in least.items() if mature}
        if not enough or len(enough) == len(least):
            return pair, ""
        note = "; ".join(
            f"phase {phase} is not followed for {horizon_days} days yet and is left out, with "
            f"{plural(group.units, 'lead')}"
            for phase, group in pair.by_phase().items()
            if phase not in enough
        )
        return pair.where(lambda key: key[0] in enough), note


Rows: TypeAlias = Sequence[FollowedRow] | FollowedLeads
"""Followed leads as the engine returns them, or as columns already."""


def leads_of(rows: Rows) -> FollowedLeads:
    """Rows as columns."""
    return rows if isinstance(rows, FollowedLeads) else FollowedLeads.of(rows)
