"""What leads do: events over the weeks after arrival, driven by intent and appetite, never by the arm.

All events are drawn once per lead, before anyone decides anything. A hand-over then does two things to what really
happens: nurture e-mails stop, so the clicks they would have brought do not occur; and a person who talks to sales
comes back to the website. Both begin at the hand-over, so until an arm acts a lead behaves the same in every arm.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mqlab.simulation.population import DAY_S, HOUR_S, NEVER, Bools, Floats, Ints, Population

NAMES = ("page_view", "form_submit", "webinar_attended", "email_click", "newsletter_signup")
PAGE_VIEW, FORM_SUBMIT, WEBINAR, EMAIL_CLICK, NEWSLETTER = range(5)
PATHS = ("", "/", "/blog", "/customers", "/pricing", "/compare", "/integrations", "/security")
FORMS = ("", "demo", "contact-sales", "ebook", "checklist", "benchmark-report")
SYSTEMS = ("web", "forms", "webinars", "mailings", "forms")
"""The source system of each event name."""

FOLLOWED_DAYS = 60
"""How long after arrival a lead's own activity is drawn, in days."""


@dataclass(frozen=True, slots=True)
class Events:
    """Events as columns, sorted by lead, then instant; `path` and `form` index PATHS and FORMS, 0 is none.

    `seconds_since_delivery` is -1 and `is_bot` meaningless for anything but e-mail clicks. `nurture`: caused by a
    mailing that stops at the hand-over. `after_handover`: `occurred_s` and `known_s` count from the hand-over.
    """

    lead: Ints
    name: Ints
    occurred_s: Ints
    known_s: Ints
    path: Ints
    form: Ints
    seconds_since_delivery: Ints
    is_bot: Bools
    nurture: Bools
    after_handover: Bools

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, which: NDArray[np.bool_] | Ints) -> Events:
        """The rows chosen by a mask or by numbers."""
        return Events(*(getattr(self, column.name)[which] for column in fields(self)))

    def in_order(self) -> Events:
        """The same rows sorted by lead, then instant, then name."""
        return self.take(np.lexsort((self.form, self.path, self.name, self.occurred_s, self.lead)))


def behave(rng: np.random.Generator, who: Population) -> Events:
    """Everything the leads would do, with nobody handed over, and what a hand-over would add."""
    parts = [
        _hand_raises(rng, who),
        _downloads(rng, who),
        _newsletters(rng, who),
        _webinars(rng, who),
        _pages(rng, who),
        _clicks(rng, who),
        _visits_after_handover(rng, who),
    ]
    columns = {column.name: np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Events)}
    return Events(**columns).in_order()


def as_it_happened(events: Events, handed_over_s: Ints) -> Events:
    """The events that really occur when each lead is handed over at `handed_over_s` (NEVER: not at all)."""
    at = handed_over_s[events.lead]
    handed_over = at != NEVER
    stays = np.where(events.after_handover, handed_over, ~(events.nurture & (events.occurred_s >= at)))
    shift = np.where(events.after_handover & handed_over, at, 0)
    columns = {column.name: getattr(events, column.name) for column in fields(events)}
    columns["occurred_s"] = events.occurred_s + shift
    columns["known_s"] = events.known_s + shift
    return Events(**columns).take(stays).in_order()


def without_handover(events: Events) -> Events:
    """The events of the leads while nobody hands them over."""
    return events.take(~events.after_handover)


def _build(
    who: Population | None,
    lead: Ints,
    name: int,
    after_s: Ints,
    *,
    lag_s: Ints,
    path: Ints | None = None,
    form: Ints | None = None,
    seconds: Ints | None = None,
    is_bot: Bools | None = None,
    nurture: bool = False,
) -> Events:
    """Events `after_s` seconds after arrival (after the hand-over without `who`), known `lag_s` later.

    A visit from before the lead told its name (a negative `after_s`) is known from its arrival on.
    """
    size = len(lead)
    start = who.created_s[lead] if who is not None else np.zeros(size, dtype=np.int64)
    occurred = start + after_s
    known = np.maximum(occurred + lag_s, start)
    nothing = np.zeros(size, dtype=np.int64)
    return Events(
        lead=lead,
        name=np.full(size, name, dtype=np.int64),
        occurred_s=occurred,
        known_s=known,
        path=nothing if path is None else path,
        form=nothing if form is None else form,
        seconds_since_delivery=np.full(size, -1, dtype=np.int64) if seconds is None else seconds,
        is_bot=np.zeros(size, dtype=np.bool_) if is_bot is None else is_bot,
        nurture=np.full(size, nurture),
        after_handover=np.full(size, who is None),
    )


def _hand_raises(rng: np.random.Generator, who: Population) -> Events:
    """Demo requests and calls for sales: most of them are the very form by which the lead arrives."""
    lead = _some(rng, 0.9 * who.intent**1.2)
    after = _mostly_at_once(rng, len(lead), at_once=0.92, mean_days=3.0)
    form = rng.integers(1, 3, len(lead))
    return _build(who, lead, FORM_SUBMIT, after, lag_s=_lag(rng, len(lead), 20.0), form=form)


def _downloads(rng: np.random.Generator, who: Population) -> Events:
    lead = _several(rng, 1.9 * who.appetite**1.5)
    after = _mostly_at_once(rng, len(lead), at_once=0.5, mean_days=6.0)
    form = rng.integers(3, 6, len(lead))
    return _build(who, lead, FORM_SUBMIT, after, lag_s=_lag(rng, len(lead), 20.0), form=form)


def _newsletters(rng: np.random.Generator, who: Population) -> Events:
    lead = _some(rng, 0.08 + 0.45 * who.appetite)
    after = _mostly_at_once(rng, len(lead), at_once=0.8, mean_days=5.0)
    return _build(who, lead, NEWSLETTER, after, lag_s=_lag(rng, len(lead), 60.0))


def _webinars(rng: np.random.Generator, who: Population) -> Events:
    """Attendance lists arrive the next day: the events are known late."""
    lead = _several(rng, 0.5 * who.appetite)
    after = _mostly_at_once(rng, len(lead), at_once=0.0, mean_days=9.0)
    return _build(who, lead, WEBINAR, after, lag_s=8 * HOUR_S + _lag(rng, len(lead), 8.0 * HOUR_S))


def _pages(rng: np.random.Generator, who: Population) -> Events:
    """Visits: anyone reads, those who want to buy compare and price; some came before they told their name."""
    reading = _several(rng, 2.0 + 0.6 * who.intent)
    buying = _several(rng, 5.0 * who.intent**1.5)
    lead = np.concatenate([reading, buying])
    path = np.concatenate([rng.integers(1, 4, len(reading)), _buying_pages(rng, len(buying))])
    after = _mostly_at_once(rng, len(lead), at_once=0.0, mean_days=7.0)
    earlier = rng.random(len(lead)) < 0.12
    after = np.where(earlier, -np.minimum(after, 10 * DAY_S), after)
    return _build(who, lead, PAGE_VIEW, after, lag_s=_lag(rng, len(lead), 5.0), path=path)


def _clicks(rng: np.random.Generator, who: Population) -> Events:
    """Clicks on nurture mailings; link scanners click within seconds and only the mailing system knows them as bots."""
    lead = _several(rng, 0.4 + 0.9 * who.appetite)
    size = len(lead)
    after = DAY_S + _mostly_at_once(rng, size, at_once=0.0, mean_days=12.0)
    scanner = rng.random(size) < 0.12
    seconds = np.where(scanner, rng.integers(0, 4, size), 30 + rng.exponential(4.0 * HOUR_S, size)).astype(np.int64)
    known_as_bot = scanner & (rng.random(size) < 0.7)
    lag = _lag(rng, size, 300.0)
    return _build(who, lead, EMAIL_CLICK, after, lag_s=lag, seconds=seconds, is_bot=known_as_bot, nurture=True)


def _visits_after_handover(rng: np.random.Generator, who: Population) -> Events:
    lead = _several(rng, np.full(len(who), 1.5))
    after = HOUR_S + _mostly_at_once(rng, len(lead), at_once=0.0, mean_days=6.0)
    path = np.where(rng.random(len(lead)) < 0.5, _buying_pages(rng, len(lead)), rng.integers(1, 4, len(lead)))
    return _build(None, lead, PAGE_VIEW, after, lag_s=_lag(rng, len(lead), 5.0), path=path)


def _buying_pages(rng: np.random.Generator, size: int) -> Ints:
    return rng.choice(np.array([4, 5, 6, 7]), size=size, p=[0.46, 0.24, 0.18, 0.12]).astype(np.int64)


def _some(rng: np.random.Generator, chance: Floats) -> Ints:
    return np.flatnonzero(rng.random(len(chance)) < chance).astype(np.int64)


def _several(rng: np.random.Generator, mean: Floats) -> Ints:
    return np.repeat(np.arange(len(mean), dtype=np.int64), rng.poisson(mean))


def _mostly_at_once(rng: np.random.Generator, size: int, *, at_once: float, mean_days: float) -> Ints:
    """Seconds after arrival: 0 with chance `at_once`, else exponential, folded back into the days followed."""
    later = rng.exponential(mean_days * DAY_S, size) % (FOLLOWED_DAYS * DAY_S)
    return np.where(rng.random(size) < at_once, 0, 1 + later).astype(np.int64)


def _lag(rng: np.random.Generator, size: int, mean_s: float) -> Ints:
    return rng.exponential(mean_s, size).astype(np.int64)
