"""What a CRM adds to the truth: duplicate people that are merged later, repeated rows, and rows nobody can use.

A duplicate is a second record of a lead, made by a partner's link under another address and merged into the first
record within days. It does nothing any definition counts and partners' leads are in no experiment of the demo, so it
changes no decision and no truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mqlab.simulation.population import DAY_S, HOUR_S, Ints, Population, Texts

MERGED_SHARE = 0.006
REPEATED_SHARE = 0.004
UNKNOWN_LEADS = 12


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Second records: `of` is the number of the first record; instants are seconds since 1970 UTC."""

    of: Ints
    lead_id: Texts
    created_s: Ints
    merged_s: Ints
    merge_known_s: Ints

    def __len__(self) -> int:
        return len(self.of)


def draw_duplicates(rng: np.random.Generator, who: Population) -> Duplicates:
    """Some leads come a second time, and the CRM finds out."""
    of = np.flatnonzero(rng.random(len(who)) < MERGED_SHARE).astype(np.int64)
    created = who.created_s[of] + HOUR_S + rng.exponential(3.0 * DAY_S, len(of)).astype(np.int64)
    merged = created + HOUR_S + rng.exponential(2.0 * DAY_S, len(of)).astype(np.int64)
    digits = rng.integers(0, 16**7, size=len(of))
    lead_id = [f"LD-{front:07x}d{number:04x}" for number, front in enumerate(digits.tolist())]
    return Duplicates(
        of=of,
        lead_id=np.array(lead_id, dtype=np.str_),
        created_s=created,
        merged_s=merged,
        merge_known_s=merged + rng.integers(1, 600, len(of)),
    )


def repeated(rng: np.random.Generator, rows: int) -> Ints:
    """Numbers of the rows a feed carries twice, word for word."""
    return np.flatnonzero(rng.random(rows) < REPEATED_SHARE).astype(np.int64)


Row = Mapping[str, str]

BAD_ROWS: Mapping[str, tuple[Row, ...]] = {
    "leads": (
        {"lead_id": "", "created_at": "2025-08-04T09:12:44Z", "email": "someone@nowhere.example"},
        {"lead_id": "LD-test-1", "created_at": "last tuesday"},
        {"lead_id": "LD-test-2", "created_at": ""},
    ),
    "events": (
        {"event_id": "EV-bad-1", "lead_id": "", "name": "page_view", "occurred_at": "2025-08-04T09:12:44Z"},
        {"event_id": "EV-bad-2", "lead_id": "LD-test-1", "name": "", "occurred_at": "2025-08-04T09:12:44Z"},
        {"event_id": "EV-bad-3", "lead_id": "LD-test-1", "name": "page_view", "occurred_at": "2025-13-45"},
        {"event_id": "EV-bad-4", "lead_id": "LD-test-1", "name": "form_submit", "occurred_at": ""},
    ),
    "field-changes": (
        {"lead_id": "LD-test-1", "field": "", "value": "120", "changed_at": "2025-08-04T09:12:44Z"},
        {"lead_id": "LD-test-1", "field": "employees", "value": "120", "changed_at": "soon"},
    ),
    "identity": (
        {"old_id": "LD-test-1", "new_id": "", "merged_at": "2025-08-04T09:12:44Z"},
        {"old_id": "LD-test-1", "new_id": "LD-test-2", "merged_at": "0000-00-00"},
    ),
    "outcomes": (
        {"lead_id": "", "kind": "sql", "occurred_at": "2025-08-04T09:12:44Z"},
        {"lead_id": "LD-test-1", "kind": "kinda_sql", "occurred_at": "2025-08-04T09:12:44Z"},
        {"lead_id": "LD-test-1", "kind": "sql", "occurred_at": "4 Aug"},
        {
            "lead_id": "LD-test-1",
            "kind": "closed_won",
            "occurred_at": "2025-08-04T09:12:44Z",
            "amount": "-1200.00",
            "currency": "EUR",
        },
        {
            "lead_id": "LD-test-1",
            "kind": "closed_won",
            "occurred_at": "2025-08-04T09:12:44Z",
            "amount": "1e400",
            "currency": "EUR",
        },
    ),
}
"""Rows by feed that no import can use: each ends in quarantine, whole, with its reason."""


def outcomes_of_strangers(rng: np.random.Generator, first_s: int, last_s: int) -> tuple[Row, ...]:
    """SQLs of leads the lab has never heard of: they wait as unmatched."""
    instants = np.sort(rng.integers(first_s, last_s, UNKNOWN_LEADS))
    return tuple(
        {
            "lead_id": f"LD-unknown-{number}",
            "kind": "sql",
            "occurred_at": f"{np.datetime64(at, 's')}Z",
            "known_at": f"{np.datetime64(at, 's')}Z",
            "row_id": f"OC-unknown-{number}",
        }
        for number, at in enumerate(instants.tolist())
    )
