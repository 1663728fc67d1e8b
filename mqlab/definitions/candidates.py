"""The instants at which a definition may begin to hold (definitions.md 3.3)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from mqlab.definitions.model import Definition, Matrix, WhenRule
from mqlab.definitions.monotone import Sign
from mqlab.definitions.trackers import Tracker
from mqlab.definitions.tree import Compare, DaysSince, Expression, Member, NumberLiteral
from mqlab.definitions.walk import walk

CALENDAR_DAYS = 4_000_000
"""More days than datetimes span: a comparison beyond it never changes its answer."""


def expressions(definition: Definition) -> Iterator[Expression]:
    """Every expression of a definition that reads a lead, in the order it is evaluated."""
    for gate in definition.gates:
        yield gate.when
    for score in definition.scores:
        for group in score.groups:
            for rule in group.rules:
                if isinstance(rule, WhenRule):
                    yield rule.when
    if definition.model is not None:
        for term in definition.model.terms:
            yield term.feature
    for track in definition.fast_track:
        yield track.when
    if definition.qualify is not None and not isinstance(definition.qualify, Matrix):
        yield definition.qualify
    if definition.nurture is not None:
        yield definition.nurture.when
    for label in definition.classify:
        yield label.when


def day_thresholds(definition: Definition) -> tuple[int, ...]:
    """The ages in whole days at which a comparison of `days_since` with a number may change its answer."""
    found: set[int] = set()
    for expression in expressions(definition):
        for node in walk(expression.tree):
            literals: Sequence[object] = ()
            if isinstance(node, Compare) and DaysSince in (type(node.left), type(node.right)):
                literals = (node.left, node.right)
            elif isinstance(node, Member) and isinstance(node.item, DaysSince):
                literals = node.options
            for literal in literals:
                if isinstance(literal, NumberLiteral) and abs(literal.value) < CALENDAR_DAYS:
                    day = math.floor(literal.value)
                    found |= {day, day + 1}
    return tuple(sorted(day for day in found if day > 0))


def instants(
    trackers: Sequence[Tracker | None],
    decisive: Sequence[tuple[int, Sign]],
    after_us: int,
    until_us: int,
    *,
    helpful_only: bool,
) -> set[int]:
    """The instants in (`after_us`, `until_us`] at which a slot that matters moves other than smoothly.

    `helpful_only` leaves out the moves that can only stop a definition from holding.
    """
    found: set[int] = set()
    for position, sign in decisive:
        tracker = trackers[position]
        if tracker is None:
            continue
        if sign is not Sign.DOWN or not helpful_only:
            found.update([at for at in tracker.rises() if after_us < at <= until_us])
        if sign is not Sign.UP or not helpful_only:
            found.update([at for at in tracker.falls() if after_us < at <= until_us])
    return found
