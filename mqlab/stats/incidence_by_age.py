"""Shares, conversions and influences by age of follow-up: what the triggered estimates of delayed outcomes are made of.

Leads are compared with leads followed as long: at each age u ≤ h the discordant share π_u is taken among all leads
followed for u days, conversions a_uk among the discordant leads of arm k followed for u days. The converted stay in
these counts; only the calendar takes leads away. `incidence_triggered` says what is made of it.

Sources: Lin, Shen, Ying & Breslow 1996 (weighting by follow-up); influence functions by the delta method. No library
combines censoring with strata that become known over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mqlab.stats.incidence import Followed

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FollowedPair:
    """Followed leads of one stratum in the control arm and in the treatment arm."""

    control: Followed
    treatment: Followed

    def __add__(self, other: FollowedPair) -> FollowedPair:
        return FollowedPair(self.control + other.control, self.treatment + other.treatment)

    @property
    def arms(self) -> tuple[Followed, Followed]:
        """Control and treatment."""
        return self.control, self.treatment

    @property
    def pooled(self) -> Followed:
        """Both arms together."""
        return self.control + self.treatment

    @property
    def units(self) -> int:
        """Leads of both arms."""
        return self.control.units + self.treatment.units


class ByAge:
    """Shares, conversions and influences by age: concordant leads pooled over arms, each discordant group by arm.

    `concordant` and every group must be followed to the horizon (`followed`), each group in both arms.
    """

    def __init__(self, concordant: Followed, groups: Sequence[FollowedPair]) -> None:
        leads = np.array([[arm.followed_to() for arm in pair.arms] for pair in groups])
        won = np.array([[arm.conversions() for arm in pair.arms] for pair in groups])
        shape = (len(groups), 2, concordant.horizon_days)
        leads, won = leads.reshape(shape), won.reshape(shape)
        self.all: Floats = concordant.followed_to() + leads.sum(axis=(0, 1))
        self.alike: Floats = concordant.conversions() / self.all
        self.leads: Floats = leads
        self.share: Floats = leads.sum(axis=1) / self.all
        self.hazard: Floats = won / leads

    @property
    def theta(self) -> Floats:
        """θ, discordant outcomes per assigned lead: one row a group, columns control and treatment."""
        return np.asarray(np.einsum("gu,gku->gk", self.share, self.hazard), dtype=np.float64)

    @property
    def rates(self) -> tuple[float, float]:
        """(μ_A, μ_B): outcomes per assigned lead under each definition; at most 1."""
        alike = float(self.alike.sum())
        control, treatment = (min(1.0, alike + float(part)) for part in self.theta.sum(axis=0))
        return control, treatment

    def effective_units(self) -> tuple[float, float, float]:
        """The discordant rate of both arms together, and how many discordant leads each arm's follow-up is worth.

        Of one group. n_k = q(1 − q)π_h²/V_k with both arms' conversions by age in q and V_k, so that only follow-up
        tells the arms apart; m where all were followed. Without conversions: as if they came at every age alike.
        """
        share, leads = self.share[0], self.leads[0]
        pooled = np.sum(self.hazard[0] * leads, axis=0) / leads.sum(axis=0)
        rate, units = float(share @ pooled / share[-1]), []
        for m in leads:
            weight = share / m
            variance = float(m @ (weight**2 * pooled)) - float(
                (m - np.append(m[1:], 0.0)) @ np.cumsum(weight * pooled) ** 2
            )
            if 0 < rate < 1 and variance > 0:
                units.append(rate * (1 - rate) * float(share[-1]) ** 2 / variance)
            else:
                units.append(float(share[-1] * share.sum() / np.sum(share**2 / m)))
        return rate, units[0], units[1]

    def share_units(self) -> float:
        """How many leads, all followed to the horizon, would tell the share of the discordant as well; of one group.

        Each age's share counts as much as conversions at that age do, both arms together.
        """
        share, discordant = self.share[0], self.leads[0].sum(axis=0)
        weight = np.sum(self.hazard[0] * self.leads[0], axis=0) / discordant
        weight = weight if weight.any() else np.ones_like(weight)
        variance = 0.0
        for leads, step in ((discordant, 1 - share), (self.all - discordant, share)):
            variance += float((leads - np.append(leads[1:], 0.0)) @ np.cumsum(weight * step / self.all) ** 2)
        relative, last = variance / float(weight @ share) ** 2, float(share[-1])
        return (1 - last) / (last * relative) if relative > 0 and last < 1 else float(self.all[-1])

    def shared(self, leads: Followed, group: int | None) -> Floats:
        """By entry of `leads` (of `group`, None if concordant), its influence on both rates through what they share.

        Shape (2, entries): concordant outcomes, which count for both definitions, and the shares of the groups.
        """
        steps = -self.alike - np.einsum("gku,gu->ku", self.hazard, self.share)
        if group is not None:
            steps = steps + self.hazard[group]
        found: Floats = _summed(steps / self.all)[:, leads.follow_up]
        return found + _before_ages(1 / self.all)[leads.converted] if group is None else found

    def own(self, leads: Followed, group: int, side: int) -> Floats:
        """By entry of `leads` (of arm `side` in `group`), its influence on its own arm's θ; they sum to 0."""
        weight = self.share[group] / self.leads[group, side]
        jump = _before_ages(weight)[leads.converted]
        found: Floats = jump - _summed(weight * self.hazard[group, side])[leads.follow_up]
        return found


def _summed(steps: Floats) -> Floats:
    return _before_ages(np.cumsum(steps, axis=-1))


def _before_ages(values: Floats) -> Floats:
    """Values by age, with 0 at age 0."""
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), values], axis=-1)


def followed(pair: FollowedPair) -> bool:
    """Whether both arms have a lead followed to the horizon."""
    return pair.control.mature > 0 and pair.treatment.mature > 0
