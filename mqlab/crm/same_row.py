"""Whether an edited row is still about what the quarantined one was: which of its keys say something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mqlab.crm.columns import Column
from mqlab.crm.email import read_email
from mqlab.crm.forms import formed
from mqlab.crm.header import column_in
from mqlab.crm.quarantine import MASK, Reason
from mqlab.leads.text import normalise

OWN_ID = frozenset({"row_id", "id"})
"""What names the row itself: with another one the file holds another row."""

KEYS = frozenset({*OWN_ID, "lead", "email", "opportunity", "old_id", "new_id", "kind", "name"})

_AT_FAULT: Mapping[str, frozenset[str]] = {
    Reason.MISSING_LEAD: frozenset({"lead", "email"}), Reason.INTERNAL_ADDRESS: frozenset({"lead", "email"}),
    Reason.AMBIGUOUS_IDENTITY: frozenset({"lead", "email"}), Reason.AMBIGUOUS_DOMAIN: frozenset({"lead", "email"}),
    Reason.MISSING_ID: KEYS, Reason.MISSING_NAME: KEYS,
    Reason.UNKNOWN_KIND: frozenset({"kind"}), Reason.MERGED_WITH_ITSELF: frozenset({"old_id", "new_id"}),
}  # fmt: skip
"""The keys that a row was set aside for, which a fix is there to change."""


def changed_keys(
    before: Mapping[str, Any], after: Mapping[str, Any], declared: Iterable[Mapping[str, Any]], reason: str
) -> dict[str, tuple[str, str, str]]:
    """By key: the column, what stood there and what stands there now, where both say something and not the same.

    `declared` are the columns of each rule by key; `reason` is why the row was set aside.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for rule in declared:
        for key, column in rule.items():
            if key not in KEYS - _AT_FAULT.get(reason, frozenset()) or not isinstance(column, Column):
                continue
            name = column_in(column, tuple(before))
            other = column_in(column, tuple(after))
            if name is None or other is None:
                continue
            was, now = (str(formed([row[at]], column)[0] or "").strip() for row, at in ((before, name), (after, other)))
            if was and now and MASK not in (was, now) and _plain(was) != _plain(now):
                found.setdefault(key, (name, was, now))
    return found


def another_row(changed: Mapping[str, object]) -> bool:
    """Whether so much is about something else that it is no edit of the row."""
    return len(changed) > 1 or not OWN_ID.isdisjoint(changed)


def _plain(text: str) -> str:
    email = read_email(text)
    return normalise(text) if email is None else email.hash
