"""Texts that every format can hold: no control characters, no half characters, nothing that turns the line around."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

REPLACEMENT = "\ufffd"
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
_BREAKS = re.compile("[\t\r\n\x85\u2028\u2029]+")

T = TypeVar("T")


def printable(text: str) -> str:
    """The text on one line; what cannot be drawn, or would turn the direction of what follows, is shown as �.

    Example:
        >>> printable("a\\x00b\\nc \\u202edlog"), printable("שלום 🙂")
        ('a�b c �dlog', 'שלום 🙂')
    """
    return _UNPRINTABLE.sub(REPLACEMENT, _BREAKS.sub(" ", text))


def cleaned(found: T, *, without: frozenset[str] = frozenset({"spec"})) -> T:
    """A frozen value, such as a document, with every text in it printable; fields named in `without` stay."""
    return _cleaned(found, without)  # type: ignore[no-any-return]


def _cleaned(found: Any, without: frozenset[str]) -> Any:
    if isinstance(found, str):
        return printable(found)
    if isinstance(found, tuple):
        return tuple(_cleaned(item, without) for item in found)
    if is_dataclass(found) and not isinstance(found, type):
        given = {
            field.name: getattr(found, field.name)
            if field.name in without
            else _cleaned(getattr(found, field.name), without)
            for field in fields(found)
        }
        return type(found)(**given)
    return found
