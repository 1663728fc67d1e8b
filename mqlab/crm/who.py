"""Whom a row of outcomes is about: a lead by its id, by the hash of an e-mail, or by its opportunity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mqlab.crm.email import Email
from mqlab.crm.quarantine import Reason
from mqlab.crm.work import Work
from mqlab.leads.links import opportunity_ref

EMAIL = "email:"
"""How a fact names its lead where only an e-mail was given: this, then the hash."""


def refs_of(named: Callable[[str, str], str], system: str, ids: Sequence[str | None]) -> list[str | None]:
    """How facts name opportunities, or accounts, of a system."""
    return [None if own is None else named(system, own) for own in ids]


def who(work: Work, opportunities: Sequence[str | None]) -> tuple[list[str | None], list[Email | None]]:
    """The lead each row names: by id, by the hash of an e-mail, or by its opportunity where the rule asks no more.

    Beside it the addresses that may name a lead.
    """
    ids = work.ids("lead")
    written = work.raw("email")
    emails = work.door.identifying(written)
    hashes = [None if email is None else email.hash for email in emails]
    refs = [
        own if own is not None else None if found is None else EMAIL + found
        for own, found in zip(ids, hashes, strict=True)
    ]
    if work.layout["lead"].declared.optional:
        links = refs_of(opportunity_ref, work.context.system, opportunities)
        refs = [link if ref is None else ref for ref, link in zip(refs, links, strict=True)]
    for row, ref in enumerate(refs):
        if ref is None and row not in work.findings:
            _nobody(work, row, written[row])
    return refs, emails


def _nobody(work: Work, row: int, written: Any) -> None:
    """Refuses a row that names no lead, and says what is `written` where an address should be."""
    if work.door.texts([written]) == [None]:
        key = "email" if work.layout["lead"].absent and not work.layout["email"].absent else "lead"
        work.refuse(row, Reason.MISSING_LEAD, f"{work.name(key)} is empty")
    elif work.door.emails([written]) == [None]:
        work.refuse(row, Reason.MISSING_LEAD, f"{work.name('email')} holds no address")
    else:
        work.refuse(row, Reason.INTERNAL_ADDRESS, f"{work.name('email')} is of [lab] internal_domains")
