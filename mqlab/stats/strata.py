"""Counts by first-divergence stratum: which definition fires first for a lead (control's, the arm's, both, none).

The stratum is frozen when the first definition fires, before any arm has acted, so it is independent of the arm.
"""

from __future__ import annotations

from dataclasses import dataclass

from mqlab.stats.binary import Counts


@dataclass(frozen=True, slots=True)
class Pair:
    """The same counts in the control arm and in the treatment arm."""

    control: Counts
    treatment: Counts

    def __add__(self, other: Pair) -> Pair:
        return Pair(self.control + other.control, self.treatment + other.treatment)

    @property
    def pooled(self) -> Counts:
        """Both arms together."""
        return self.control + self.treatment

    @property
    def filled(self) -> bool:
        """Whether both arms have units."""
        return self.control.n > 0 and self.treatment.n > 0

    @property
    def variance(self) -> float:
        """The binomial variance of the arms' difference of rates, where both have units."""
        return sum(counts.x * (counts.n - counts.x) / counts.n**3 for counts in (self.control, self.treatment))


@dataclass(frozen=True, slots=True)
class Strata:
    """Units and outcomes of one (control, challenger) pair of arms, by first-divergence stratum."""

    both: Pair
    control_first: Pair
    arm_first: Pair
    none: Pair

    @property
    def discordant(self) -> Pair:
        """Leads whose handling differs between the arms: `control_first` and `arm_first` together."""
        return self.control_first + self.arm_first

    @property
    def concordant(self) -> Pair:
        """Leads both arms handle alike: `both` and `none` together."""
        return self.both + self.none

    @property
    def assigned(self) -> Pair:
        """Every assigned lead: what plain intention-to-treat compares."""
        return self.discordant + self.concordant

    @property
    def units(self) -> int:
        """All units of both arms."""
        pairs = (self.both, self.control_first, self.arm_first, self.none)
        return sum(pair.control.n + pair.treatment.n for pair in pairs)

    def share(self, stratum: Pair) -> float:
        """The share of all units, both arms pooled, that `stratum` holds."""
        return stratum.pooled.n / self.units if self.units else 0.0

    def table(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Units by arm (rows: control, treatment) and stratum, for the arm × stratum independence check."""
        pairs = (self.both, self.control_first, self.arm_first, self.none)
        return tuple(pair.control.n for pair in pairs), tuple(pair.treatment.n for pair in pairs)
