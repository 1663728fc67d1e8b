"""What a definition reads from events, as columns of the sweep: equal signals of all definitions are one.

A signal is a channel without its points, so versions that differ in points and thresholds share the whole sweep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mqlab.definitions.candidates import day_thresholds, expressions
from mqlab.definitions.decay import HALF_LIVES_KEPT
from mqlab.definitions.model import AbsenceRule, Decay, Definition, EventRule, HalfLife, Linear
from mqlab.definitions.slots import AbsenceSlot, CountSlot, DaysSlot, DecayedSlot, Slot, SumSlot
from mqlab.definitions.tree import AccountCount, Channel, Count, DaysSince, Node, PropRef, Sum
from mqlab.definitions.walk import walk
from mqlab.leads.text import stored_name
from mqlab.warehouse.readings import Readings, prop_reading, rules


@dataclass(frozen=True, slots=True)
class Source:
    """Which events: by name, not ignored, for which a condition is true.

    `where_props` and `ignore_props` say in which column of the view a property of the condition stands, with the
    numbers its labels mean.
    """

    names: tuple[str, ...]
    where: Node | None = None
    ignore: Node | None = None
    where_props: tuple[PropColumn, ...] = ()
    ignore_props: tuple[PropColumn, ...] = ()
    account: bool = False


@dataclass(frozen=True, slots=True)
class PropColumn:
    """The column a property is read from; `numbers` are those its enum's labels stand for."""

    name: str
    column: str
    numbers: tuple[tuple[str, float | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """How many events count, each by the share its age leaves it; or the sum of the property in `amount`."""

    source: Source
    within_us: int | None = None
    zone: str | None = None
    max_count: int | None = None
    decay: Decay | None = None
    amount: str | None = None

    @property
    def lasts_us(self) -> int | None:
        """How long after it occurred an event may still count."""
        ends = [] if self.within_us is None else [self.within_us]
        match self.decay:
            case HalfLife(half_life_us=half_life):
                ends.append(HALF_LIVES_KEPT * half_life)
            case Linear(length_us=length):
                ends.append(length)
            case _:
                pass
        return min(ends, default=None)


@dataclass(frozen=True, slots=True)
class Latest:
    """When the latest event occurred; `thresholds` are the ages in days somebody asks about."""

    source: Source
    thresholds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """Whether none of the events has occurred for a while."""

    source: Source
    of_us: int


Signal = Counted | Latest | Absent


def slots_of(definition: Definition) -> Iterator[Slot]:
    """Every number a definition reads from events; one that several parts read comes several times."""
    for rule in rules(definition):
        if isinstance(rule, EventRule):
            yield CountSlot(rule.channel) if rule.decay is None else DecayedSlot(rule.channel, rule.decay)
        elif isinstance(rule, AbsenceRule):
            yield AbsenceSlot(rule.events, rule.of_us)
    for expression in expressions(definition):
        for node in walk(expression.tree):
            slot = slot_of(node)
            if slot is not None:
                yield slot


def slot_of(node: Node) -> Slot | None:
    """The slot a node of an expression reads, None where it reads none."""
    match node:
        case Count(channel=channel):
            return CountSlot(channel)
        case AccountCount(channel=channel):
            return CountSlot(channel, account=True)
        case Sum(channel=channel, prop=prop):
            return SumSlot(channel, prop)
        case DaysSince(channel=channel):
            return DaysSlot(channel)
        case _:
            return None


def signal_of(definition: Definition, slot: Slot, readings: Readings) -> Signal:
    """The signal behind a slot of a definition."""
    match slot:
        case CountSlot(channel=channel, account=account):
            return _counted(definition, channel, readings, account=account)
        case DecayedSlot(channel=channel, decay=decay):
            return _counted(definition, channel, readings, decay=decay)
        case SumSlot(channel=channel, prop=prop):
            reading = prop_reading(definition, channel.event, PropRef(prop, "number"))
            return _counted(definition, channel, readings, amount=readings.prop(reading))
        case DaysSlot(channel=channel):
            return Latest(_source(definition, channel, readings), day_thresholds(definition))
        case AbsenceSlot(events=events, of_us=of_us):
            names = tuple(sorted({stored_name(name) for name in events}))
            return Absent(_ignoring(definition, names, readings), of_us)


def _counted(
    definition: Definition,
    channel: Channel,
    readings: Readings,
    *,
    account: bool = False,
    decay: Decay | None = None,
    amount: str | None = None,
) -> Counted:
    return Counted(
        source=_source(definition, channel, readings, account=account),
        within_us=channel.within_us,
        zone=definition.timezone if channel.distinct_day else None,
        max_count=channel.max_count,
        decay=decay,
        amount=amount,
    )


def _source(definition: Definition, channel: Channel, readings: Readings, *, account: bool = False) -> Source:
    plain = _ignoring(definition, (stored_name(channel.event),), readings)
    return Source(
        names=plain.names,
        where=channel.where,
        ignore=plain.ignore,
        where_props=_columns(definition, channel.event, channel.where, readings),
        ignore_props=plain.ignore_props,
        account=account,
    )


def _ignoring(definition: Definition, names: tuple[str, ...], readings: Readings) -> Source:
    ignore = None if definition.ignore_events is None else definition.ignore_events.tree
    return Source(names=names, ignore=ignore, ignore_props=_columns(definition, None, ignore, readings))


def _columns(
    definition: Definition, event: str | None, tree: Node | None, readings: Readings
) -> tuple[PropColumn, ...]:
    from mqlab.warehouse.readings import declared_prop

    found: dict[str, PropColumn] = {}
    for node in () if tree is None else walk(tree):
        if isinstance(node, PropRef):
            decl = declared_prop(definition, event, node)
            numbers = tuple((label.label, label.value) for label in decl.labels)
            column = readings.prop(prop_reading(definition, event, node))
            found[node.name] = PropColumn(node.name, column, numbers)
    return tuple(found[name] for name in sorted(found))
