"""Text is normalised once, at the door; afterwards comparison is exact in every engine."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import lru_cache

DEFAULT_NULL_TOKENS: tuple[str, ...] = ("n/a", "na", "-", "--", "select", "unknown", "none selected")


def normalise(text: str) -> str:
    """Text as it is stored and compared: NFKC, casefold, NFKC, trimmed.

    Example:
        >>> normalise("  Straße ")
        'strasse'
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


@lru_cache(maxsize=4096)
def stored_name(name: str) -> str:
    """A field's, event's or property's name as it is compared: normalised as all text.

    Example:
        >>> stored_name("PageView")
        'pageview'
    """
    return normalise(name)


def is_null(text: str, null_tokens: Collection[str] = DEFAULT_NULL_TOKENS) -> bool:
    """Whether normalised `text` stands for "no value": empty, or one of the lab's null tokens."""
    return text == "" or text in null_tokens


def spaced(text: str) -> str:
    """`text` with every run of characters other than letters and digits as one space, and a space at both ends.

    `has_word(f, w)` is then `spaced(w) in spaced(f)`.

    Example:
        >>> spaced("vp, sales-ops")
        ' vp sales ops '
    """
    words = "".join(character if character.isalnum() else " " for character in text).split()
    return f" {' '.join(words)} " if words else " "
