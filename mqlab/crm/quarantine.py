"""Why a row cannot be used, in words, and how it is kept: whole, but e-mail addresses, names and reps are masked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mqlab.crm.email import masked, masked_owner, read_email
from mqlab.leads.text import DEFAULT_NULL_TOKENS, is_null, normalise

MASK = "***"
"""What stands in the place of a value that is not kept at all."""


class Reason(StrEnum):
    """Why a row is quarantined; `words` says it to people."""

    RAGGED_ROW = "ragged_row"
    BROKEN_QUOTES = "broken_quotes"
    HUGE_CELL = "huge_cell"
    NUL_BYTE = "nul_byte"
    BAD_TEXT = "bad_text"
    BAD_JSON = "bad_json"
    MISSING_LEAD = "missing_lead"
    INTERNAL_ADDRESS = "internal_address"
    MISSING_ID = "missing_id"
    MISSING_NAME = "missing_name"
    MISSING_INSTANT = "missing_instant"
    UNSTATED_FORMAT = "unstated_format"
    AMBIGUOUS_DATE = "ambiguous_date"
    NO_TIMEZONE = "no_timezone"
    NOT_A_DATE = "not_a_date"
    INSTANT_OUT_OF_RANGE = "instant_out_of_range"
    IN_THE_FUTURE = "in_the_future"
    UNKNOWN_KIND = "unknown_kind"
    NOT_A_NUMBER = "not_a_number"
    NOT_TRUE_OR_FALSE = "not_true_or_false"
    NEGATIVE_AMOUNT = "negative_amount"
    AMOUNT_TOO_LARGE = "amount_too_large"
    UNKNOWN_CURRENCY = "unknown_currency"
    MERGED_WITH_ITSELF = "merged_with_itself"
    CONFLICT_WITHOUT_VERSION = "conflict_without_version"
    AMBIGUOUS_IDENTITY = "ambiguous_identity"
    AMBIGUOUS_DOMAIN = "ambiguous_domain"

    @property
    def words(self) -> str:
        """The reason as a sentence, with what to do."""
        return _WORDS[self]


_WORDS = {
    Reason.RAGGED_ROW: "The row has more or fewer cells than the header.",
    Reason.BROKEN_QUOTES: "The quotes of the row do not close where they should.",
    Reason.HUGE_CELL: "A cell of the row is longer than 131,072 characters.",
    Reason.NUL_BYTE: "The row holds a NUL byte: it is not text.",
    Reason.BAD_TEXT: "The row holds characters that are not text.",
    Reason.BAD_JSON: "The line is not a JSON object with each key once.",
    Reason.MISSING_LEAD: "The row does not say which lead it is about, as text or as a number.",
    Reason.INTERNAL_ADDRESS: "The row names its lead by an address of your own domains, which names nobody.",
    Reason.MISSING_ID: "An id of the row is missing, or is neither text nor a number.",
    Reason.MISSING_NAME: "The row does not say in words what happened.",
    Reason.MISSING_INSTANT: "The row does not say when.",
    Reason.UNSTATED_FORMAT: "The date is not written as 2026-07-01; state its format in the mapping.",
    Reason.AMBIGUOUS_DATE: "The date fits two of the stated formats and means another day in each.",
    Reason.NO_TIMEZONE: "The time has no zone; state `timezone` in the mapping.",
    Reason.NOT_A_DATE: "There is no such date or time.",
    Reason.INSTANT_OUT_OF_RANGE: "The date lies before 1900 or after 2199, or counts in another unit than its "
    "format says.",
    Reason.IN_THE_FUTURE: "The row says that it happened, was known or was changed after the day it was read; "
    "correct the date, or release the row once that day has come.",
    Reason.UNKNOWN_KIND: "The kind of outcome is none that mqlab knows; map it under `values`.",
    Reason.NOT_A_NUMBER: "A number cannot be read; write it as 1234.56, or state `decimal` in the mapping.",
    Reason.NOT_TRUE_OR_FALSE: "A cell says neither true nor false (nor yes, no, 1 or 0); state under `values` in the "
    'mapping what its words mean, such as {Ja: "true", Nein: "false"}.',
    Reason.NEGATIVE_AMOUNT: "The amount is negative.",
    Reason.AMOUNT_TOO_LARGE: "The amount is too large to be money.",
    Reason.UNKNOWN_CURRENCY: "The currency is not an ISO 4217 code such as EUR.",
    Reason.MERGED_WITH_ITSELF: "A lead cannot be merged with itself.",
    Reason.CONFLICT_WITHOUT_VERSION: "Another row says something else about the same fact and neither has a version; "
    "give `modified_at` or --snapshot-at.",
    Reason.AMBIGUOUS_IDENTITY: "The e-mail address belongs to several leads.",
    Reason.AMBIGUOUS_DOMAIN: "No lead has the e-mail address, and several leads have one of the same company's domain.",
}

DOUBTS = frozenset({Reason.AMBIGUOUS_IDENTITY, Reason.AMBIGUOUS_DOMAIN})
"""Only the lead is in doubt: the fact waits in the ledger."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why one row cannot be used; `detail` names the column and shows the value."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used, as it was read."""

    line: int
    raw: Any
    finding: Finding
    lead_ref: str | None = None
    email_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """What of a file's rows is not kept in clear: `names` of columns that are personal, `owners` that name a rep.

    `there`: the file's header has such a column. `formed`: what an owner's column makes of a value before it is hashed.
    `fields`: columns that say which field a row of a history is about; of the `personal` ones nothing is kept.
    `addresses`: columns that hold e-mail addresses, of which only the hashes are kept.
    """

    names: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    there: bool = False
    formed: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    def row(self, row: BadRow) -> Any:
        """A row as it may be kept. Where its cells cannot be told apart none is kept that might be personal."""
        if isinstance(row.raw, str):
            words = slug(row.raw)
            hidden = self.there or any(name in words for name in self.names)
            return MASK if hidden else _nameless(row.raw)
        if (self.there and row.finding.reason in _NOT_TOLD_APART) or self._tells_of_somebody(row):
            return dict.fromkeys(row.raw, MASK) if isinstance(row.raw, Mapping) else MASK
        return self._value(row.raw)

    def _tells_of_somebody(self, row: BadRow) -> bool:
        """Whether a row of a history is about a personal field, as far as its cells can be told apart."""
        if not self.fields:
            return False
        if row.finding.reason in _NOT_TOLD_APART:
            words = slug(" ".join(str(cell) for cell in _cells(row.raw)))
            return any(name in words for name in self.personal | _ADDRESSES)
        there = row.raw if isinstance(row.raw, Mapping) else {}
        return any(
            slug(str(name)) in self.fields and is_personal(str(value), self.personal) for name, value in there.items()
        )

    def _value(self, value: Any, name: str = "") -> Any:
        if name in self.owners and isinstance(value, str) and value.strip():
            return masked_owner(str(self.formed[name](value) if name in self.formed else value))
        if name in self.names and value not in (None, ""):
            return MASK
        if isinstance(value, Mapping):
            return {mask_text(str(key)): self._value(inner, slug(str(key))) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(inner, name) for inner in value]
        if isinstance(value, str) and name in self.addresses | _ADDRESSES:
            return _only_addresses(value)
        if isinstance(value, str):
            return _nameless(value) if read_email(value) is None else masked(value)
        return value


def slug(name: str) -> str:
    """A column's name as definitions write it: lower case, with underscores.

    Example:
        >>> slug("First Name")
        'first_name'
    """
    return _NOT_A_NAME.sub("_", normalise(name)).strip("_")


def is_personal(field: str, personal: Collection[str]) -> bool:
    """Whether the values of a field, whose name a row states, are never kept: `personal` ones, and e-mail addresses.

    Example:
        >>> is_personal("First Name", {"first_name"}), is_personal("E-Mail", ()), is_personal("Status", ())
        (True, True, False)
    """
    found = slug(field)
    return found in personal or found in _ADDRESSES


_ADDRESSES = frozenset({"email", "e_mail", "email_address", "emailaddress"})
_NOT_A_NAME = re.compile(r"\W+")
_NOT_TOLD_APART = frozenset(
    {Reason.RAGGED_ROW, Reason.BROKEN_QUOTES, Reason.HUGE_CELL, Reason.NUL_BYTE, Reason.BAD_TEXT, Reason.BAD_JSON}
)


def kept(
    rows: Sequence[BadRow], *, kind: str, system: str, file: str, hidden: Hidden | None = None
) -> Mapping[str, Sequence[Any]]:
    """The rows as the ledger's quarantine keeps them, as columns; what is `hidden` still tells rows apart."""
    raws = [_text(_masked(row.raw)) for row in rows]
    shown = raws if hidden is None else [_text(hidden.row(row)) for row in rows]
    reasons = [row.finding.reason.value for row in rows]
    return {
        "kind": [kind] * len(rows),
        "system": [system] * len(rows),
        "file": [file] * len(rows),
        "line": [row.line for row in rows],
        "reason": reasons,
        "detail": [_nameless(row.finding.detail) for row in rows],
        "raw": shown,
        "digest": [
            hashlib.blake2b(f"{reason}\0{raw}".encode(), digest_size=16).hexdigest()
            for reason, raw in zip(reasons, raws, strict=True)
        ],
        "lead_ref": [row.lead_ref for row in rows],
        "email_hash": [row.email_hash for row in rows],
    }


def _text(raw: Any) -> str:
    return json.dumps(raw, ensure_ascii=False, sort_keys=True, default=str)


def mask_text(text: str) -> str:
    """Text with every e-mail address in it masked, and what cannot be stored as text replaced.

    Example:
        >>> mask_text("call 0171@home")
        'call 0171@home'
        >>> "ada" in mask_text("cc <ada@example.com>, please")
        False
    """
    readable = text.encode("utf-8", "replace").decode().replace("\0", "\N{SYMBOL FOR NULL}")
    return _AROUND_AT.sub(_hidden, readable) if "@" in readable else readable


_AROUND_AT = re.compile(r"""(?<![^\s<>"',;()\[\]])[^\s<>"',;()\[\]]*@[^\s<>"',;()\[\]]*""")
"""A word with an @ in it, looked for from the beginnings of words only: a huge word is passed over in one go."""


def _hidden(found: re.Match[str]) -> str:
    return found.group() if read_email(found.group()) is None else masked(found.group())


_NAME_BESIDE = re.compile(
    r"""(?<![^,;|<>\t\r\n{}\[\]:])(?:\s*"[^"<>]*"\s*|[^,;|<>\t\r\n{}\[\]:]*)(?=<sha256:[^<>]*@[^<>]*>)"""
)
"""The name before a masked address in brackets, looked for from the beginnings of cells only."""


def _nameless(text: str) -> str:
    """Text with addresses masked, and without the names beside them."""
    return _NAME_BESIDE.sub("", mask_text(text))


def _only_addresses(cell: str) -> str:
    """Of a cell of addresses the masked ones; what is no address is gone, what stands for nothing stays."""
    if is_null(normalise(cell), DEFAULT_NULL_TOKENS):
        return cell
    found = [masked(part.strip("<>")) for part in _AROUND_AT.findall(cell) if read_email(part.strip("<>"))]
    return "; ".join(found) or masked("")


def _cells(raw: Any) -> Iterable[Any]:
    return raw.values() if isinstance(raw, Mapping) else raw if isinstance(raw, list | tuple) else (raw,)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {mask_text(str(key)): _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value
