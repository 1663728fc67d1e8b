"""Who is forgotten: what a later file says about them is taken without anything personal."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from mqlab.crm.email import Email, read_email
from mqlab.crm.sink import Intake

SURE_LENGTH = 6
_OF_IDS = ("id", "lead", "contact", "person", "prospect", "record", "visitor")
_BETWEEN = re.compile(r"[\s,;|\"']+")
BLANKS: Mapping[str, Mapping[str, Any]] = {
    "leads": {"email_hash": None, "email_domain": None, "domain_path": None, "fields": "{}"},
    "events": {"props": "{}"},
    "field-changes": {"value": "null"},
    "outcomes": {"email_hash": None, "account_domain": None, "reason_code": None},
    "identity": {},
}
"""What of each kind of fact may be personal, and what stands there instead."""


def email_digest(email_hash: str) -> str:
    """What is kept of an e-mail's hash to know it again: its own hash, which finds nothing in the ledger.

    Example:
        >>> len(email_digest("0" * 64))
        64
    """
    return hashlib.sha256(f"forgotten:{email_hash}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The ids of forgotten leads, and by the digest of an e-mail's hash the lead that had it."""

    refs: Collection[str] = field(default_factory=frozenset)
    by_email: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, intake: Intake) -> Self:
        """From what the ledger keeps of them, with the opportunities that are linked to them."""
        rows = intake.forgotten()
        people = frozenset(ref for ref, _ in rows)
        linked = {link.opportunity for link in intake.links() if link.lead in people} if people else ()
        return cls(people.union(linked), {digest: ref for ref, digest in rows if digest})

    def __bool__(self) -> bool:
        return bool(self.refs or self.by_email)

    def blanked(
        self, kind: str, columns: dict[str, list[Any]], is_known: Callable[[Sequence[str]], Sequence[bool]]
    ) -> dict[str, list[Any]]:
        """The facts with everything personal of forgotten leads taken out; keys and contents stay as they were.

        What named a forgotten lead by its address alone names it by its id; `is_known` says which ids are somebody.
        """
        refs = list(columns["lead_ref"])
        clean = {**columns, "lead_ref": refs}
        if kind == "outcomes":
            clean["email_hash"] = list(columns["email_hash"])
            self._by_address(refs, clean["email_hash"], is_known)
        rows = [row for row, ref in enumerate(refs) if ref in self.refs]
        for name, blank in BLANKS[kind].items() if rows else ():
            clean[name] = list(clean[name])
            for row in rows:
                clean[name][row] = blank
        return clean

    def _by_address(
        self, refs: list[Any], hashes: list[Any], is_known: Callable[[Sequence[str]], Sequence[bool]]
    ) -> None:
        """Names forgotten leads by their ids where their addresses stand, and takes the addresses out."""
        owners = {found: self.by_email.get(email_digest(found)) for found in set(hashes) if found is not None}
        theirs = [(row, owner) for row, found in enumerate(hashes) if (owner := owners.get(found)) is not None]
        for (row, owner), somebody in zip(theirs, is_known([refs[row] for row, _ in theirs]), strict=True):
            hashes[row] = None
            if not somebody:
                refs[row] = owner

    def mentioned(self, value: Any) -> bool:
        """Whether a row, as it was read, names a forgotten lead by its id or address.

        A short id counts only where an id is expected: elsewhere `7` may be a number of something.
        """
        return any(self._names(column, part) for column, part in scalars(value))

    def _names(self, column: str, value: Any) -> bool:
        text = str(value).strip()
        sure = not column or len(text) >= SURE_LENGTH or any(word in column.casefold() for word in _OF_IDS)
        if sure and (text in self.refs or any(word in self.refs for word in _BETWEEN.split(text))):
            return True
        return "@" in text and any(email_digest(found.hash) in self.by_email for found in emails_in(text))


def scalars(value: Any, column: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar in a row, however nested, with the name of its column."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from scalars(inner, str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for inner in value:
            yield from scalars(inner, column)
    else:
        yield column, value


def addresses_of(row: Any) -> Iterator[Email]:
    """The addresses in the columns of a row of leads that hold the lead's own."""
    for column, value in scalars(row):
        if "mail" in column.casefold():
            yield from emails_in(str(value))


def emails_in(text: str) -> Iterator[Email]:
    """The addresses in a text, masked or not."""
    for word in _BETWEEN.split(text.replace("<", " ").replace(">", " ")):
        email = read_email(word) if "@" in word else None
        if email is not None:
            yield email
