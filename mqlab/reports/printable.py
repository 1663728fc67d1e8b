"""Texts that every format can hold: no control characters, no half characters, nothing that turns the line around."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import is_
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
    return text if text.isprintable() else _UNPRINTABLE.sub(REPLACEMENT, _BREAKS.sub(" ", text))


def cleaned(found: T, *, without: frozenset[str] = frozenset({"spec"})) -> T:
    """A frozen value, such as a document, with every text in it printable; fields named in `without` stay."""
    return rewritten(found, printable, without=without)


def rewritten(found: T, change: Callable[[str], str], *, without: frozenset[str] = frozenset()) -> T:
    """A frozen value with every text in it changed; fields named in `without` stay."""
    return _rewritten(found, change, without)  # type: ignore[no-any-return]


def _rewritten(found: Any, change: Callable[[str], str], without: frozenset[str]) -> Any:
    """What has nothing to change is given back as it is: most documents are clean, and several formats ask."""
    if isinstance(found, str):
        return change(found)
    if isinstance(found, tuple):
        items = [_rewritten(item, change, without) for item in found]
        return found if all(map(is_, items, found)) else tuple(items)
    if isinstance(found, list):
        return [_rewritten(item, change, without) for item in found]
    if isinstance(found, dict):
        return {_rewritten(key, change, without): _rewritten(value, change, without) for key, value in found.items()}
    names = _fields_of(type(found))  # type: ignore[arg-type]
    changed = {
        name: new
        for name in names
        if name not in without and (new := _rewritten(old := getattr(found, name), change, without)) is not old
    }
    return replace(found, **changed) if changed else found


@cache
def _fields_of(kind: type[Any]) -> tuple[str, ...]:
    """The names of a data class's fields; none of what is no data class."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
