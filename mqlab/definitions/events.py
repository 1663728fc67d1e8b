"""Which events there are: one version per event key, known from the key's first arrival (definitions.md 3.10)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from mqlab.leads.instants import micros
from mqlab.leads.records import Event, Scalar
from mqlab.leads.text import normalise, stored_name
from mqlab.leads.values import canonical_text

SECOND_US = 1_000_000


class KnownEvent(NamedTuple):
    """One event as a definition reads it.

    `known_us` is the instant from which it counts, never before it occurred. Instants are microseconds since 1970.
    """

    occurred_us: int
    known_us: int
    identity: tuple[str, str, int]
    name: str
    props: Mapping[str, Scalar]


def order(event: KnownEvent) -> tuple[int, int, tuple[str, str, int]]:
    """What makes an event later than another: the greatest (occurred_at, known_at, id) is the latest."""
    return event.occurred_us, event.known_us, event.identity


def canonical_props(props: Mapping[str, Scalar]) -> str:
    """Properties as text for identity: sorted, normalised; absent, null and empty are the same.

    Example:
        >>> canonical_props({"path": "/Pricing", "ms": 4.0, "ref": None})
        '{"ms": "4", "path": "/pricing"}'
    """
    texts = {name: normalise(canonical_text(value)) for name, value in props.items()}
    return json.dumps({name: text for name, text in texts.items() if text}, sort_keys=True, ensure_ascii=False)


class _Version(NamedTuple):
    """One version of an event: as it would be were it the only one, and the record itself."""

    known: KnownEvent
    event: Event


def _version_order(version: _Version) -> tuple[bool, int, int, int, str, str, str]:
    event = version.event
    return (
        event.version is not None,
        event.version or 0,
        micros(event.known_at),
        version.known.occurred_us,
        version.known.name,
        canonical_props(version.known.props),
        event.source,
    )


def _keys(versions: list[_Version]) -> Iterator[list[_Version]]:
    """The versions grouped by event key."""
    groups: dict[tuple[str, ...] | tuple[str, int, str], list[_Version]] = {}
    for version in versions:
        event, known = version.event, version.known
        if event.event_id:
            groups.setdefault((event.source, event.event_id), []).append(version)
        else:
            second = known.occurred_us // SECOND_US
            groups.setdefault((known.name, second, canonical_props(known.props)), []).append(version)
    yield from groups.values()


def _stored(props: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
    """The properties under their stored names; the same mapping where they already stand so."""
    if all(stored_name(name) == name for name in props):
        return props
    return {stored_name(name): value for name, value in props.items()}


class EventLog:
    """All versions of a lead's events, from which those of one `as_of` are taken."""

    __slots__ = ("_alone", "_versions", "last_us")

    def __init__(self, events: Sequence[Event]) -> None:
        alone: list[KnownEvent] = []
        keys: set[tuple[str, str | int]] = set()
        last = -(2**63)
        for position, event in enumerate(events):
            occurred = micros(event.occurred_at)
            known = occurred if event.known_at is event.occurred_at else micros(event.known_at)
            known = max(known, occurred)
            last = max(last, known)
            event_id, source = event.event_id, event.source
            keys.add((source, event_id) if event_id else (stored_name(event.name), occurred // SECOND_US))
            identity = (event_id or "", source, position)
            alone.append(KnownEvent(occurred, known, identity, stored_name(event.name), _stored(event.props)))
        self.last_us = last
        self._versions: list[_Version] = []
        if len(keys) < len(alone):  # versions, or at least events that look alike
            self._versions = [_Version(known, event) for known, event in zip(alone, events, strict=True)]
            alone = []
        alone.sort(key=order)
        self._alone = alone

    def known_by(self, as_of_us: int) -> list[KnownEvent]:
        """One event per key, of the versions that arrived by `as_of_us`, from the earliest to the latest."""
        if as_of_us >= self.last_us and self._alone:
            return self._alone
        found = [event for event in self._alone if event.known_us <= as_of_us]
        for versions in _keys([version for version in self._versions if version.known.known_us <= as_of_us]):
            chosen = max(versions, key=_version_order).known
            first = min(version.known.known_us for version in versions)
            found.append(chosen._replace(known_us=max(first, chosen.occurred_us)))
        found.sort(key=order)
        return found
