"""Definitions of the whole language, and fifty leads in accounts, made from one seed: an example of the agreement test.

Times lie on a coarse grid (ties, exact half-lives, windows that end as an event arrives), some a microsecond beside it,
some anywhere; the days are those on which clocks change in the definition's time zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from random import Random

from hypothesis import strategies as st

from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.errors import InputError
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import Event, FieldChange, History, Lead, Scalar
from mqlab.leads.text import DEFAULT_NULL_TOKENS
from tests.definitions.made import Maker
from tests.warehouse.agreement.texts import DefinitionTexts
from tests.warehouse.agreement.values import EXTREMES, FIELDS, PROPS

LEADS = 50
STEP = timedelta(minutes=90)
HOUR = timedelta(hours=1)
DAYS: tuple[tuple[datetime, tuple[str, ...]], ...] = (
    (datetime(2026, 3, 7, 21, tzinfo=UTC), ("America/New_York", "America/New_York", "America/St_Johns", "UTC")),
    (datetime(2026, 3, 28, 18, tzinfo=UTC), ("Europe/Berlin", "Europe/London", "Europe/Berlin")),
    (datetime(2026, 10, 24, 18, tzinfo=UTC), ("Europe/Berlin", "Europe/Istanbul")),
    (datetime(2026, 4, 4, 9, tzinfo=UTC), ("Australia/Lord_Howe", "Australia/Sydney", "Asia/Kolkata")),
    (datetime(2025, 11, 1, 22, tzinfo=UTC), ("America/New_York", "America/Sao_Paulo", "Pacific/Kiritimati")),
)
"""The evening before clocks change, and time zones in which they do, or do not."""
LATE = (0, 0, 0, 0, 0, 0, 1, 4, 17)
TOKENS = (DEFAULT_NULL_TOKENS, DEFAULT_NULL_TOKENS, DEFAULT_NULL_TOKENS, ("tba", "na"))


@dataclass(frozen=True)
class Judged:
    """A lead with the stretch of time in which it may qualify; `account` names who its colleagues are."""

    history: History
    account: str | None
    start_us: int
    until_us: int | None


@dataclass(frozen=True)
class Example:
    """Definitions with their texts, and the leads they judge at `as_of`; `name` tells how to make it again."""

    name: str
    texts: tuple[str, ...]
    definitions: tuple[Definition, ...]
    leads: tuple[Judged, ...]
    as_of: datetime

    @cached_property
    def as_of_us(self) -> int:
        """`as_of` in microseconds since 1970."""
        return micros(self.as_of)

    def colleagues(self, judged: Judged) -> list[History]:
        """The other leads of the account."""
        if judged.account is None:
            return []
        return [other.history for other in self.leads if other.account == judged.account and other is not judged]


class ExampleMaker:
    """Makes one example; the same seed makes the same one."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __repr__(self) -> str:
        return f"ExampleMaker({self.seed})"

    def example(self, *, leads: int = LEADS, definitions: int | None = None) -> Example:
        """An example with as many definitions as told, else one, at times two or three."""
        rng = Random(self.seed)
        start, zones = rng.choice(DAYS)
        texts, bound = [], []
        for number in range(rng.choice((1, 1, 1, 1, 1, 1, 2, 3)) if definitions is None else definitions):
            text, definition = _definition(rng, number, zones)
            texts.append(text)
            bound.append(definition)
        made = _Histories(rng, start)
        return Example(repr(self), tuple(texts), tuple(bound), made.leads(leads), made.as_of)


def _definition(rng: Random, number: int, zones: tuple[str, ...]) -> tuple[str, Definition]:
    """A definition the binder accepts, with its text; some are refused, because something could rise by itself."""
    maker = DefinitionTexts(rng)
    tokens = rng.choice(TOKENS)
    while True:
        text = maker.whole(f"made-{number}", rng.choice(zones))
        try:
            return text, load(text, tokens)
        except InputError as error:
            codes = {problem.code for problem in error.problems}
            if not codes <= {"CouldRise", "NullTokenLiteral"}:
                raise


@lru_cache(maxsize=8)
def load(text: str, null_tokens: tuple[str, ...]) -> Definition:
    """The definition a made text declares."""
    return load_text(text, file="made@1.0.0.yaml", null_tokens=null_tokens)


class _Histories(Maker):
    """The leads of one example around one evening."""

    def __init__(self, rng: Random, start: datetime) -> None:
        super().__init__(rng)
        self._start = start
        self._exactness = self.one((0.0, 0.05, 0.3, 1.0))
        self._busy = self.one((4, 10, 18))
        self._extreme = self.one((0.0, 0.0, 0.0, 0.02))
        self.as_of = start + self.one((45, 45, 45, 20, 6)) * HOUR

    def when(self) -> datetime:
        """An instant, mostly after the start and on the grid."""
        if self.chance(0.01):
            return self.one((datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(1900, 1, 1, tzinfo=UTC)))
        if self.chance(0.03):
            return self._start - timedelta(days=self.number(3, 1_400)) + self.number(0, 16) * STEP
        near = self.chance(0.5)
        at = self._start + (self.number(-4, 5) if near else self.number(-24, 30)) * STEP
        if not self.chance(self._exactness):
            return at
        beside = self.one((-1, 1, 1, -1, 0, self.number(-5_400_000_000, 5_400_000_000)))
        return at + timedelta(microseconds=beside)

    def later(self, at: datetime) -> datetime:
        """When something that happened is known."""
        if self.chance(0.02):
            return max(at, self.when())
        return at + self.one(LATE) * STEP

    def value(self, values: tuple[Scalar, ...]) -> Scalar:
        """One of the values, now and then an extreme number."""
        if self.chance(self._extreme) and any(isinstance(value, float) for value in values):
            return self.one(EXTREMES)
        return self.one(values)

    def an_event(self) -> Event:
        """An event, now and then a version of another one, or known before it occurred."""
        occurred = self.when()
        name = self.one(("view", "view", "View", "view", "formfill", "FormFill", "click", "elsewhere"))
        props = {prop: self.value(values) for prop, values in PROPS[name.lower()].items() if self.chance(0.9)}
        event_id = self.one((None, None, None, "e1", "e2", "e3"))
        known = occurred - STEP if self.chance(0.03) else self.later(occurred)
        return Event(name, occurred, known, event_id, self.one(("", "web")), props, self.one((None, 1, 2)))

    def a_change(self) -> FieldChange:
        """A change of any field, the source of the lead included."""
        name, changed = self.one([*FIELDS, "jobtitle", "source"]), self.when()
        values = ("ads", "web", None) if name == "source" else FIELDS.get(name, FIELDS["jobTitle"])
        return FieldChange(name, self.value(values), changed, self.later(changed))

    def repeated(self, events: list[Event]) -> list[Event]:
        """The events with repeats of some: the same day, the same second, the same instant."""
        found = list(events)
        for event in events:
            if self.chance(0.25):
                later = timedelta(microseconds=self.one((0, 0, 1, 999_999, 1_800_000_000, 5_400_000_000)))
                props = event.props if self.chance(0.5) else {**event.props, "secs": 10.0}
                at = event.occurred_at + later
                found.append(Event(event.name, at, self.later(at), event.event_id, event.source, props, event.version))
        return found

    def a_history(self, lead_id: str, start: datetime) -> History:
        """A lead with events and changes from a day and a half before its start on."""
        lead = Lead(
            lead_id,
            min(start, self.when()) if self.chance(0.6) else start,
            self.one((None, "ads", "web", "n/a")),
            email_domain=self.one((None, "example.com")),
            fields={name: self.value(values) for name, values in FIELDS.items() if self.chance(0.9)},
            row_is=self.one(("initial", "current")),
        )
        events = self.repeated([self.an_event() for _ in range(self.number(0, self._busy))])
        changes = [self.a_change() for _ in range(self.one((0, 0, 1, 2, 4, 8)))]
        if changes and self.chance(0.5):
            one = self.one(changes)
            values = FIELDS.get(one.field, ("ads", "web", None))
            known = one.known_at if self.chance(0.5) else self.later(one.changed_at)
            changes.append(FieldChange(one.field, self.value(values), one.changed_at, known))
        return History(lead, tuple(events), tuple(changes))

    def leads(self, count: int) -> tuple[Judged, ...]:
        """That many leads in accounts of one to four, some in none."""
        found: list[Judged] = []
        while len(found) < count:
            account = None if self.chance(0.1) else f"account-{len(found)}"
            for _ in range(self.number(1, 1 if account is None else min(4, count - len(found)))):
                found.append(self.judged(f"lead-{len(found)}", account))
        return tuple(found)

    def judged(self, lead_id: str, account: str | None) -> Judged:
        """A lead with its stretch, which now and then begins after `as_of` or ends before it."""
        start = self._start + self.one((0, 0, 0, 1, 2, 5)) * STEP
        if self.chance(0.01):
            start = self.as_of + self.one((0, 1)) * STEP
        start_us = micros(start)
        within = self.one((None, None, None, 12 * HOUR, 30 * HOUR, timedelta(hours=4, minutes=30)))
        until_us = None if within is None else start_us + within // timedelta(microseconds=1)
        return Judged(self.a_history(lead_id, instant(start_us)), account, start_us, until_us)


EXAMPLES = st.integers(min_value=0, max_value=2**63 - 1).map(ExampleMaker)
