"""What happens to every value at the door: text normalised, null tokens missing, addresses and reps hashed."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

import numpy as np

from mqlab.crm.clock import Clock
from mqlab.crm.email import Email, hashed_owner, read_email
from mqlab.crm.money import Numbers
from mqlab.crm.quarantine import mask_text
from mqlab.leads.instants import iso
from mqlab.leads.text import is_null, normalise
from mqlab.leads.values import canonical_text

KEPT = 100_000
EXACT = 1 << 53
"""Whole numbers from here on are not exact as floats and are kept as text."""

V = TypeVar("V")


class Door:
    """Turns columns as read into columns as stored, remembering what each different value becomes."""

    def __init__(
        self, *, clock: Clock, numbers: Numbers, null_tokens: frozenset[str], internal_domains: Collection[str] = ()
    ) -> None:
        self.clock = clock
        self.numbers = numbers
        self._texts: _Memory[str | None] = _Memory(lambda value: _text(value, null_tokens))
        self._ids: _Memory[str | None] = _Memory(lambda value: _id(value, null_tokens))
        self._emails: _Memory[Email | None] = _Memory(lambda value: _email(value, null_tokens))
        self._owners: _Memory[str | None] = _Memory(lambda value: _owner(value, null_tokens))
        self._json: _Memory[str] = _Memory(lambda value: _json_text(value, null_tokens))
        self._fragments: dict[str, _Memory[str]] = {}
        self.null_tokens = null_tokens
        self._internal = frozenset(internal_domains)

    def texts(self, values: Sequence[Any]) -> list[str | None]:
        """Normalised text, None for a null token."""
        return self._texts.of(values)

    def ids(self, values: Sequence[Any]) -> list[str | None]:
        """Trimmed ids that keep their case, None for a null token."""
        return self._ids.of(values)

    def emails(self, values: Sequence[Any]) -> list[Email | None]:
        """Hashed addresses, None for what is none."""
        return self._emails.of(values)

    def identifying(self, values: Sequence[Any]) -> list[Email | None]:
        """The addresses that can name a lead: those of our own domains are our people's and name nobody."""
        emails = self._emails.of(values)
        return [None if email is None or email.domain in self._internal else email for email in emails]

    def owners(self, values: Sequence[Any]) -> list[str | None]:
        """Sales reps as hashes."""
        return self._owners.of(values)

    def json_values(self, values: Sequence[Any]) -> list[str]:
        """JSON scalars: text normalised, numbers shortest, missing as null."""
        return self._json.of(values)

    def objects(self, columns: Mapping[str, Sequence[Any]], rows: int) -> list[str]:
        """Per row a canonical JSON object of the columns that have a value; `columns` are sorted by name."""
        if not columns:
            return ["{}"] * rows
        parts = [
            self._fragments.setdefault(name, _Memory(_fragment(name, self.null_tokens))).of(values)
            for name, values in columns.items()
        ]
        return ["{" + ",".join(filter(None, row)) + "}" for row in zip(*parts, strict=True)]

    def flattened(self, values: Sequence[Any]) -> list[dict[str, Any] | None]:
        """Objects in a column, given as objects or as JSON text; None where a value is neither nor missing."""
        return [_object(value, self.null_tokens) for value in values]


class _Memory(Generic[V]):
    """A function of a value that remembers its answers; True, 1 and 1.0 are different values."""

    def __init__(self, function: Callable[[Any], V]) -> None:
        self._function = function
        self._texts: dict[str, V] = {}
        self._others: dict[tuple[type, Any], V] = {}

    def of(self, values: Sequence[Any]) -> list[V]:
        if len(self._texts) > KEPT:
            self._texts.clear()
        if len(self._others) > KEPT:
            self._others.clear()
        known = self._texts
        if isinstance(values, tuple):
            for value in set(values).difference(known):
                known[value] = self._function(value)
            return list(map(known.__getitem__, values))
        return [self._one(value) for value in values]

    def _one(self, value: Any) -> V:
        if isinstance(value, str):
            if value not in self._texts:
                self._texts[value] = self._function(value)
            return self._texts[value]
        key = (type(value), flat(value))
        if key not in self._others:
            self._others[key] = self._function(key[1])
        return self._others[key]


def flat(value: Any) -> Any:
    """A value as a scalar: objects and lists as JSON text, dates and instants as ISO text, decimals as text."""
    if value is None or isinstance(value, str | bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < EXACT else str(value)
    if isinstance(value, datetime):
        return value.isoformat() if value.tzinfo is None else iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def digests(*columns: Iterable[str]) -> list[int]:
    """A signed 64-bit digest of each row of text columns."""
    make = hashlib.blake2b
    rows = map(str.encode, map("\0".join, zip(*columns, strict=True)))
    found: list[int] = np.frombuffer(b"".join([make(row, digest_size=8).digest() for row in rows]), "<i8").tolist()
    return found


def blanks(values: Sequence[Any]) -> list[str]:
    """Values as text for a digest; nothing is the empty text."""
    if values and values[0] is None and values.count(None) == len(values):
        return [""] * len(values)
    return ["" if value is None else str(value) for value in values]


def _text(value: Any, null_tokens: frozenset[str]) -> str | None:
    text = normalise(canonical_text(flat(value)))
    if "@" in text:
        text = mask_text(text)
    return None if is_null(text, null_tokens) else text


def _id(value: Any, null_tokens: frozenset[str]) -> str | None:
    if isinstance(value, str) and value.isascii() and "@" not in value:
        text = value.strip()
        return None if text.lower() in null_tokens else text
    text = unicodedata.normalize("NFKC", canonical_text(flat(value))).strip()
    if "@" in text:
        text = mask_text(text)
    return None if is_null(normalise(text), null_tokens) else text


def _email(value: Any, null_tokens: frozenset[str]) -> Email | None:
    text = canonical_text(flat(value))
    return None if is_null(normalise(text), null_tokens) else read_email(text)


def _owner(value: Any, null_tokens: frozenset[str]) -> str | None:
    text = normalise(canonical_text(flat(value)))
    return None if is_null(text, null_tokens) else hashed_owner(text)


def _json_text(value: Any, null_tokens: frozenset[str]) -> str:
    value = flat(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return canonical_text(value) if math.isfinite(value) else "null"
    text = _text(value, null_tokens)
    return "null" if text is None else json.dumps(text, ensure_ascii=False)


def _fragment(name: str, null_tokens: frozenset[str]) -> Callable[[Any], str]:
    head = json.dumps(name, ensure_ascii=False) + ":"

    def of(value: Any) -> str:
        text = _json_text(value, null_tokens)
        return "" if text == "null" else head + text

    return of


def _object(value: Any, null_tokens: frozenset[str]) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return value
    if value is None or (isinstance(value, str) and is_null(normalise(value), null_tokens)):
        return {}
    if isinstance(value, list) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value):
        return dict(value)
    try:
        found = json.loads(value) if isinstance(value, str) else None
    except (json.JSONDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
