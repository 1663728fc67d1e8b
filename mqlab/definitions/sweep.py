"""One lead seen through one plan: its pools and trackers, and the walk over the instants that matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from mqlab.definitions.candidates import instants
from mqlab.definitions.channels import Pool
from mqlab.definitions.events import KnownEvent, order
from mqlab.definitions.monotone import Sign
from mqlab.definitions.plan import Plan
from mqlab.definitions.prepare import Prepared, View
from mqlab.definitions.slots import AbsenceSlot, CountSlot, DaysSlot, DecayedSlot, Slot, SumSlot, Value
from mqlab.definitions.state import State
from mqlab.definitions.trackers import (
    AbsenceTracker,
    CountTracker,
    DaysTracker,
    DecayedTracker,
    SumTracker,
    Tracker,
)
from mqlab.definitions.tree import Node
from mqlab.leads.records import Scalar
from mqlab.leads.text import stored_name


class Sweep:
    """A lead's state under a plan, from `start_us` on, with the facts known by `as_of_us`.

    `others` are the other leads of the account; a lead that is given among its own others counts once.
    """

    __slots__ = ("_lead", "_others", "_plan", "_pools", "_trackers", "_view", "changes", "start_us", "state")

    def __init__(
        self, plan: Plan, lead: Prepared, start_us: int, as_of_us: int, others: Sequence[Prepared] = ()
    ) -> None:
        self._plan = plan
        self._lead = lead
        self._view = lead.view(as_of_us)
        self._others: list[View] = []
        if plan.reads_account:
            me = lead.history.lead.lead_id
            self._others = [other.view(as_of_us) for other in others if other.history.lead.lead_id != me]
        self._pools: dict[object, Pool | None] = {}
        self.start_us = start_us
        fields, self.changes = self._fields()
        self._trackers: list[Tracker | None] = []
        values: list[Value] = []
        for slot in plan.slots:
            tracker, value = self._tracker(slot)
            self._trackers.append(tracker)
            values.append(value)
        self.state = State(fields, self.changes, values, self._trackers, plan.statics, len(plan.definition.scores))
        self.state.move(start_us)

    def _fields(self) -> tuple[list[Scalar], list[tuple[int, int, Scalar]]]:
        """The values of the plan's fields at the start, and their later changes in order."""
        view, start = self._view, self.start_us
        fields: list[Scalar] = []
        changes: list[tuple[int, int, Scalar]] = []
        for position, (decl, read) in enumerate(zip(self._plan.fields, self._plan.readers, strict=True)):
            name = stored_name(decl.name)
            if name not in view.changed:
                fields.append(read(view.row.get(name)))
                continue
            line = view.timeline(name)
            fields.append(read(line.at(start)))
            changes += [
                (at, position, read(value)) for at, value in zip(line.known_us, line.values, strict=True) if at > start
            ]
        changes.sort(key=lambda change: change[:2])
        return fields, changes

    def _tracker(self, slot: Slot) -> tuple[Tracker | None, Value]:
        """The slot's tracker, or None and the value it always has."""
        match slot:
            case CountSlot(channel=channel, account=account):
                pool = self._pool(channel.event, channel.where, account=account)
                return (None, 0) if pool is None else (CountTracker(channel, pool), 0)
            case DecayedSlot(channel=channel, decay=decay):
                pool = self._pool(channel.event, channel.where)
                if pool is None:
                    return None, 0.0
                return DecayedTracker(channel, pool, decay, self._plan.share(decay)), 0.0
            case DaysSlot(channel=channel):
                pool = self._pool(channel.event, channel.where)
                return (None, None) if pool is None else (DaysTracker(channel, pool, self._plan.day_thresholds), None)
            case SumSlot(channel=channel, prop=prop):
                pool = self._pool(channel.event, channel.where, prop=prop)
                if pool is None:
                    return None, 0.0
                return SumTracker(channel, pool, self._plan.filter.amount(channel.event, prop)), 0.0
            case AbsenceSlot(events=names, of_us=of_us):
                return AbsenceTracker(of_us, self._view.created_us, self._silence(names)), False
            case _:
                assert_never(slot)

    def _pool(self, name: str, where: Node | None, *, account: bool = False, prop: str | None = None) -> Pool | None:
        """The events of a channel, None where there are none."""
        key = (name, where, account, prop)
        if key in self._pools:
            return self._pools[key]
        select = self._plan.filter.events
        events = select(self._view.by_name, name, where)
        if account:
            colleagues = [event for other in self._others for event in select(other.by_name, name, where)]
            events = sorted([*events, *colleagues], key=order)
        if prop is not None:
            amount = self._plan.filter.amount(name, prop)
            events = [event for event in events if amount(event) is not None]
        pool = self._pools[key] = Pool(events, self._local_day) if events else None
        return pool

    def _silence(self, names: tuple[str, ...]) -> Pool:
        select, by_name = self._plan.filter.events, self._view.by_name
        events = sorted([event for name in set(names) for event in select(by_name, name, None)], key=order)
        return Pool(events, self._local_day)

    def _local_day(self, occurred_us: int) -> int:
        return self._lead.local_day(occurred_us, self._plan.zone)

    def counted(self, slot: int) -> list[KnownEvent]:
        """The events behind a slot's value at the state's instant, the latest first."""
        tracker = self._trackers[slot]
        return [] if tracker is None else tracker.counted(self.state.at_us)

    def instants(self, after_us: int, until_us: int, *, helpful_only: bool = True) -> set[int]:
        """The instants in (`after_us`, `until_us`] at which it may change whether the definition holds."""
        plan = self._plan
        found = instants(self._trackers, plan.decisive, after_us, until_us, helpful_only=helpful_only)
        fields = plan.decisive_fields
        found.update([at for at, field, _ in self.changes if field < fields and after_us < at <= until_us])
        return found

    def may_hold(self, until_us: int) -> bool:
        """False only where the definition cannot hold at any instant after the present one up to `until_us`.

        Every slot is put at its best at once; where it is not proved which value is best, the answer is True.
        """
        plan, state = self._plan, self.state
        if plan.has_forever or any(at <= until_us for at, _, _ in self.changes):
            return True
        values = list(state.values)
        for position, sign in plan.decisive:
            tracker = self._trackers[position]
            if tracker is None:
                continue
            if sign is Sign.BOTH:
                return True
            values[position] = tracker.bound(until_us, highest=sign is Sign.UP)
        best = state.imagine(values)
        return not plan.blocked(best) and plan.path(best) is not None

    def holds(self) -> str | None:
        """The path by which the definition holds at the state's instant, None where it does not."""
        return None if self._plan.blocked(self.state) else self._plan.path(self.state)

    def walk(self, moments: Sequence[int]) -> Iterator[tuple[int, str | None]]:
        """The state moved to each of the ascending `moments`, with the path by which the definition holds there."""
        for at in moments:
            self.state.move(at)
            yield at, self.holds()
