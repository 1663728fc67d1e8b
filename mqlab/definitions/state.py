"""One lead at one instant, as compiled definitions read it; it only ever moves forward in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mqlab.definitions.channels import FOREVER
from mqlab.definitions.slots import Value
from mqlab.definitions.trackers import Tracker
from mqlab.leads.records import Scalar


class State:
    """The values of fields and slots at `at_us`, recomputed only where they may have changed.

    `fields` are values by declared type, before defaults. `statics` are results that hang on fields alone. `scores`
    are this instant's, by position; `fired` holds the positions of `forever` gates that have fired.
    """

    __slots__ = (
        "_changes",
        "_next",
        "_static_readers",
        "at_us",
        "fields",
        "fired",
        "scores",
        "statics",
        "tick",
        "trackers",
        "until",
        "values",
    )

    def __init__(
        self,
        fields: list[Scalar],
        changes: Sequence[tuple[int, int, Scalar]],
        values: list[Value],
        trackers: list[Tracker | None],
        static_readers: Sequence[Callable[[State], Any]],
        scores: int,
    ) -> None:
        self.at_us = -FOREVER
        self.tick = 0
        self.fields = fields
        self._changes = changes
        self._next = 0
        self.values = values
        self.until = [FOREVER if tracker is None else -FOREVER for tracker in trackers]
        self.trackers = trackers
        self._static_readers = static_readers
        self.statics: list[Any] = []
        self.scores: list[tuple[int, float | None]] = [(-1, None)] * scores
        self.fired: set[int] = set()
        self.settle()

    def settle(self) -> None:
        """Recompute what hangs on fields alone."""
        self.tick += 1
        self.statics = []
        for reader in self._static_readers:
            self.statics.append(reader(self))

    def move(self, at_us: int) -> None:
        """Go forward to an instant; field changes known by then are applied."""
        self.at_us = at_us
        self.tick += 1
        changes = self._changes
        index = self._next
        if index < len(changes) and changes[index][0] <= at_us:
            while index < len(changes) and changes[index][0] <= at_us:
                _, field, value = changes[index]
                self.fields[field] = value
                index += 1
            self._next = index
            self.settle()

    def refresh(self, slot: int) -> Value:
        """The value of a slot whose last value may be out of date."""
        tracker = self.trackers[slot]
        if tracker is None:
            return self.values[slot]
        value, until = tracker.read(self.at_us)
        self.values[slot] = value
        self.until[slot] = until
        return value

    def imagine(self, values: list[Value]) -> State:
        """A copy at the present instant whose slots have the given values, whatever the events say."""
        copy = State.__new__(State)
        copy.at_us, copy.tick, copy.fields, copy.fired = self.at_us, self.tick, self.fields, set()
        copy._changes, copy._next = (), 0
        copy.values, copy.trackers = values, self.trackers
        copy.until = [FOREVER] * len(values)
        copy._static_readers, copy.statics = self._static_readers, self.statics
        copy.scores = [(-1, None)] * len(self.scores)
        return copy
