"""The numbers a definition reads from events: each is a *slot*, and equal slots are one."""

from __future__ import annotations

from dataclasses import dataclass

from mqlab.definitions.model import Decay
from mqlab.definitions.tree import Channel

Value = float | bool | None
"""What a slot comes to: a number, a truth (an absence), or unknown."""


@dataclass(frozen=True, slots=True)
class CountSlot:
    """How many events of a channel count; over all leads of the account where `account` says so."""

    channel: Channel
    account: bool = False


@dataclass(frozen=True, slots=True)
class SumSlot:
    """The sum of a property over the events of a channel; those without the property add nothing."""

    channel: Channel
    prop: str


@dataclass(frozen=True, slots=True)
class DecayedSlot:
    """How many events of a channel count, each by the share its age leaves it."""

    channel: Channel
    decay: Decay


@dataclass(frozen=True, slots=True)
class DaysSlot:
    """Whole days of 86 400 s since the latest event of a channel; unknown if none."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class AbsenceSlot:
    """Whether none of the events has occurred for `of_us` microseconds, nor the lead been created."""

    events: tuple[str, ...]
    of_us: int


Slot = CountSlot | SumSlot | DecayedSlot | DaysSlot | AbsenceSlot
