"""What is simulated: the experiments, the definitions their arms use, and how many leads arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mqlab.definitions.model import Definition
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import end_of_day

LEAD_IN = timedelta(days=6)
LEAD_OUT = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Plan:
    """A synthetic quarter.

    `leads` arrive from a few days before the first enrolment to a few days after the last, so that some belong to no
    experiment and follow `in_force`. `plays` is how often every lead is played under every arm for the truth.
    """

    protocols: tuple[Protocol, ...]
    definitions: Mapping[str, Definition]
    in_force: str
    timezone: ZoneInfo
    leads: int
    plays: int = 64
    currency: str = "EUR"

    @property
    def first_arrival(self) -> date:
        """The first local day on which leads arrive."""
        return min(protocol.enrolment_from for protocol in self.protocols) - LEAD_IN

    @property
    def last_arrival(self) -> date:
        """The last local day on which leads arrive."""
        return max(protocol.enrolment_to for protocol in self.protocols) + LEAD_OUT

    @property
    def as_of(self) -> datetime:
        """The end of the last declared look: where the analyst stands, and the end of every feed."""
        return max(
            end_of_day(day, ZoneInfo(protocol.timezone)) for protocol in self.protocols for day in protocol.looks.dates
        )
