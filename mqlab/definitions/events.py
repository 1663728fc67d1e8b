"""Which events there are: one version per event key, known from the key's first arrival (definitions.md 3.10)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mqlab.leads.instants import micros
from mqlab.leads.records import Event, Scalar
from mqlab.leads.text import normalise
from mqlab.leads.values import canonical_text

SECOND_US = 1_000_000


class KnownEvent(NamedTuple):
    """One event as a definition reads it; sorted, the greatest is the latest (occurred_at, known_at, id).

    `known_us` is the instant from which it counts, never before it occurred. Instants are microseconds since 1970.
    """

    occurred_us: int
    known_us: int
    identity: tuple[str, str, int]
    name: str
    props: Mapping[str, Scalar]


def canonical_props(props: Mapping[str, Scalar]) -> str:
    """Properties as text for identity: sorted, normalised; absent, null and empty are the same.

    Example:
        >>> canonical_props({"path": "/Pricing", "ms": 4.0, "ref": None}) == canonical_props({"ms": 4, "path": "/pricing"})
        True
    """
    texts = {name: normalise(canonical_text(value)) for name, value in props.items()}
    return json.dumps({name: text for name, text in texts.items() if text}, sort_keys=True, ensure_ascii=False)


class _Arrival(NamedTuple):
    """One version of an event with its instants in microseconds."""

    arrived_us: int
    occurred_us: int
    known_us: int
    index: int
    event: Event


def _version_order(arrival: _Arrival) -> tuple[bool, int, int, int, str, str, str]:
    event = arrival.event
    return (
        event.version is not None,
        event.version or 0,
        arrival.known_us,
        arrival.occurred_us,
        event.name,
        canonical_props(event.props),
        event.source,
    )


def _keys(arrivals: list[_Arrival]) -> Iterable[list[_Arrival]]:
    """The arrivals grouped into versions of one key; properties are only looked at where the rest is equal."""
    groups: dict[tuple[str, str] | tuple[str, int], list[_Arrival]] = {}
    unnamed: dict[tuple[str, int], list[_Arrival]] = {}
    for arrival in arrivals:
        event = arrival.event
        if event.event_id:
            groups.setdefault((event.source, event.event_id), []).append(arrival)
        else:
            unnamed.setdefault((event.name, arrival.occurred_us // SECOND_US), []).append(arrival)
    yield from groups.values()
    for together in unnamed.values():
        if len(together) == 1:
            yield together
            continue
        by_props: dict[str, list[_Arrival]] = {}
        for arrival in together:
            by_props.setdefault(canonical_props(arrival.event.props), []).append(arrival)
        yield from by_props.values()


class EventLog:
    """All versions of a lead's events, from which those of one `as_of` are taken."""

    __slots__ = ("_arrivals", "last_us")

    def __init__(self, events: Iterable[Event]) -> None:
        arrivals = []
        last = -(2**63)
        for index, event in enumerate(events):
            occurred = micros(event.occurred_at)
            known = occurred if event.known_at is event.occurred_at else micros(event.known_at)
            arrived = max(occurred, known)
            last = max(last, arrived)
            arrivals.append(_Arrival(arrived, occurred, known, index, event))
        self._arrivals = arrivals
        self.last_us = last

    def known_by(self, as_of_us: int) -> list[KnownEvent]:
        """One event per key, of the versions that arrived by `as_of_us`, from the earliest to the latest."""
        arrivals = self._arrivals
        if as_of_us < self.last_us:
            arrivals = [arrival for arrival in arrivals if arrival.arrived_us <= as_of_us]
        found = []
        for versions in _keys(arrivals):
            chosen = versions[0]
            first = chosen.arrived_us
            if len(versions) > 1:
                chosen = max(versions, key=_version_order)
                first = min(version.arrived_us for version in versions)
            event = chosen.event
            found.append(
                KnownEvent(
                    chosen.occurred_us,
                    max(first, chosen.occurred_us),
                    (event.event_id or "", event.source, chosen.index),
                    event.name,
                    event.props,
                )
            )
        found.sort()
        return found
