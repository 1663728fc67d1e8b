"""Followed leads as columns: picked by phase, arm and stratum, and handed to the mathematics of incidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mqlab.analysis.maturity import DUE_PER_ARM
from mqlab.analysis.rates import STRATA
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.incidence import Followed, Incidence, product_limit
from mqlab.stats.incidence_accounts import FollowedAccounts
from mqlab.stats.incidence_by_age import FollowedPair
from mqlab.stats.incidence_triggered import FollowedStrata
from mqlab.warehouse.followed import FollowedRow

DISCORDANT = ("control_first", "arm_first")
Texts: TypeAlias = NDArray[np.object_]
Whole: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FollowedLeads:
    """`FollowedRow`s column by column; every method that picks leads returns another."""

    phase: Whole
    side: Texts
    stratum: Texts
    segment: Texts
    unit: Texts
    follow_up: Whole
    converted: Whole
    leads: Whole

    @classmethod
    def of(cls, rows: Sequence[FollowedRow]) -> FollowedLeads:
        """The columns of rows."""

        def texts(values: list[str | None]) -> Texts:
            column: Texts = np.empty(len(values), dtype=object)
            column[:] = values
            return column

        return cls(
            np.array([row.phase for row in rows], dtype=np.int64),
            texts([row.arm for row in rows]),
            texts([row.stratum for row in rows]),
            texts([row.segment for row in rows]),
            texts([row.unit for row in rows]),
            np.array([row.follow_up for row in rows], dtype=np.int64),
            np.array([row.converted for row in rows], dtype=np.int64),
            np.array([row.leads for row in rows], dtype=np.int64),
        )

    def where(self, chosen: NDArray[np.bool_]) -> FollowedLeads:
        """The rows chosen."""
        rows = np.flatnonzero(chosen)
        if rows.size == chosen.size:
            return self
        return FollowedLeads(
            self.phase[rows],
            self.side[rows],
            self.stratum[rows],
            self.segment[rows],
            self.unit[rows],
            self.follow_up[rows],
            self.converted[rows],
            self.leads[rows],
        )

    def in_segment(self, values: Collection[str | None]) -> FollowedLeads:
        """The leads whose segment has one of `values`."""
        return self.where(np.array([value in values for value in self.segment], dtype=bool))

    def arm(self, name: str) -> FollowedLeads:
        """The leads of one arm."""
        if name not in self._arms:
            self._arms[name] = self.where(self.side == name)
        return self._arms[name]

    @cached_property
    def _arms(self) -> dict[str, FollowedLeads]:
        return {}

    @cached_property
    def _phases(self) -> tuple[FollowedLeads, ...]:
        return tuple(self.where(self.phase == phase) for phase in np.unique(self.phase))

    def by_phase(self) -> tuple[FollowedLeads, ...]:
        """The leads of each phase, in the order of the phases."""
        return self._phases

    def discordant(self) -> FollowedLeads:
        """The leads on which the two definitions disagree."""
        return self.where((self.stratum == DISCORDANT[0]) | (self.stratum == DISCORDANT[1]))

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
        return bool((self.unit != np.array(None, dtype=object)).any())

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
                    mine.where(mine.stratum == name).followed(horizon_days)
                    for mine in (self.arm(control), self.arm(arm))
                )
            )

        return FollowedStrata(**{name: pair(name) for name in STRATA})

    def accounts(self, horizon_days: int) -> FollowedAccounts:
        """As accounts of leads."""
        names = np.array([unit or "" for unit in self.unit], dtype=str)
        return FollowedAccounts.of(
            self.follow_up,
            self.converted,
            np.unique(names, return_inverse=True)[1],
            self.leads,
            (self.stratum == DISCORDANT[0]) | (self.stratum == DISCORDANT[1]),
            horizon_days=horizon_days,
        )

    def counts(self) -> Mapping[tuple[int, str, str | None], tuple[int, int]]:
        """(leads, conversions) by phase, arm and stratum."""
        found: dict[tuple[int, str, str | None], tuple[int, int]] = {}
        for phase in self.by_phase():
            for side in dict.fromkeys(phase.side):
                mine = phase.arm(side)
                for stratum in dict.fromkeys(mine.stratum):
                    inside = mine.where(mine.stratum == stratum)
                    found[int(phase.phase[0]), side, stratum] = inside.units, inside.events
        return found

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
        both = {side: self.side == side for side in (control, arm)}
        pair = self.where(both[control] | both[arm])
        pair._arms.update({side: self.where(chosen) for side, chosen in both.items()})
        least = {
            int(group.phase[0]): min(group.arm(side).mature(horizon_days) for side in (control, arm))
            for group in pair.by_phase()
        }
        enough = [
            number
            for group in pair.by_phase()
            if least[number := int(group.phase[0])] >= (1 if group.complete(horizon_days) else DUE_PER_ARM)
        ] or [number for number, mature in least.items() if mature]
        if not enough or len(enough) == len(least):
            return pair, ""
        note = "; ".join(
            f"phase {int(group.phase[0])} is not followed for {horizon_days} days yet: its {group.units:,} leads are "
            "left out"
            for group in pair.by_phase()
            if int(group.phase[0]) not in enough
        )
        return pair.where(np.isin(pair.phase, enough)), note


Rows: TypeAlias = Sequence[FollowedRow] | FollowedLeads
"""Followed leads as the engine returns them, or as columns already."""


def leads_of(rows: Rows) -> FollowedLeads:
    """Rows as columns."""
    return rows if isinstance(rows, FollowedLeads) else FollowedLeads.of(rows)
