"""E-mail addresses at the door: only a hash of the address and its domain go further."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from mqlab.leads.text import normalise

_MASKED = re.compile(r"sha256:([0-9a-f]{64})@(.+)")
_WITH_NAME = re.compile(r"[^<>@]*<([^<>]+)>")
_OWNER = re.compile(r"owner:([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Email:
    """An address as it is kept: hex SHA-256 of the normalised address, and its normalised domain."""

    hash: str
    domain: str


def read_email(text: str) -> Email | None:
    """The address in `text`, perhaps beside a name, None where it is none; a masked one is read back as what it was.

    Example:
        >>> read_email("Ada King <ada@example.com>") == read_email("ada@example.com")
        True
        >>> read_email(" Ada@Example.com ").domain
        'example.com'
        >>> read_email(masked("ada@example.com")) == read_email("ADA@example.com")
        True
    """
    address = normalise(text)
    with_name = _WITH_NAME.fullmatch(address)
    if with_name:
        address = with_name.group(1).strip()
    again = _MASKED.fullmatch(address)
    if again:
        return Email(again.group(1), again.group(2))
    name, at, domain = address.rpartition("@")
    if not at or not name or "." not in domain or address.split() != [address]:
        return None
    return Email(hashlib.sha256(address.encode("utf-8", "replace")).hexdigest(), domain)


def masked(text: str) -> str:
    """An address with its name replaced by its hash, so that a quarantined row can still be used once it is fixed."""
    email = read_email(text)
    return "sha256:***@***" if email is None else f"sha256:{email.hash}@{email.domain}"


def hashed_owner(text: str) -> str:
    """A sales rep as a hash of 16 hex digits, the same for the same normalised text.

    A masked rep, and a rep's masked address, are read back as what they were.

    Example:
        >>> hashed_owner(masked_owner("Ada King")) == hashed_owner("ada king")
        True
        >>> hashed_owner(masked("ada@example.com")) == hashed_owner("Ada@Example.com")
        True
    """
    name = normalise(text)
    again = _OWNER.fullmatch(name) or _MASKED.fullmatch(name)
    return again.group(1)[:16] if again else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]


def masked_owner(text: str) -> str:
    """A sales rep replaced by their hash, so that a quarantined row can still be used once it is fixed."""
    return f"owner:{hashed_owner(text)}"
