"""Numbers, durations and enumerations as a person would say them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

UNITS: tuple[tuple[int, str], ...] = (
    (86_400_000_000, "day"),
    (3_600_000_000, "hour"),
    (60_000_000, "minute"),
    (1_000_000, "second"),
    (1, "microsecond"),
)


def spoken_number(value: float) -> str:
    """A number with at most nine decimals, thousands separated, no trailing zeros.

    Example:
        >>> spoken_number(2000.0), spoken_number(0.35), spoken_number(-15), spoken_number(1e-12)
        ('2,000', '0.35', '-15', '1e-12')
    """
    if not math.isfinite(value):
        return "no limit"
    if value != 0 and not 1e-6 <= abs(value) < 1e15:
        return f"{value:g}"
    whole, _, fraction = f"{value:,.9f}".partition(".")
    fraction = fraction.rstrip("0")
    text = f"{whole}.{fraction}" if fraction else whole
    return "0" if text == "-0" else text


def spoken_duration(us: int) -> str:
    """Microseconds in the greatest unit that divides them.

    Example:
        >>> spoken_duration(90 * 86_400_000_000), spoken_duration(3_600_000_000), spoken_duration(129_600_000_000)
        ('90 days', '1 hour', '36 hours')
    """
    size, name = next((size, name) for size, name in UNITS if us % size == 0)
    return plural(us // size, name)


def plural(count: float, noun: str) -> str:
    """A count with its noun.

    Example:
        >>> plural(1, "lead"), plural(2, "lead"), plural(-20, "point"), plural(1, "reply"), plural(3, "reply")
        ('1 lead', '2 leads', '-20 points', '1 reply', '3 replies')
    """
    return f"{spoken_number(count)} {noun if abs(count) == 1 else plural_of(noun)}"


def plural_of(noun: str) -> str:
    """A noun for several.

    Example:
        >>> plural_of("lead"), plural_of("reply"), plural_of("day")
        ('leads', 'replies', 'days')
    """
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def points(value: float) -> str:
    """Points with their noun.

    Example:
        >>> points(12), points(1), points(-20.5)
        ('12 points', '1 point', '-20.5 points')
    """
    return plural(value, "point")


def enumerate_words(words: Iterable[str], last: str = "or") -> str:
    """Words in a row, the last one after `last`.

    Example:
        >>> enumerate_words(["demo", "pricing", "trial"]), enumerate_words(["a", "b"], "and"), enumerate_words(["a"])
        ('demo, pricing or trial', 'a and b', 'a')
    """
    items: Sequence[str] = tuple(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def plain_name(name: str) -> str:
    """A declared name without its underscores.

    Example:
        >>> plain_name("webinar_attended")
        'webinar attended'
    """
    return name.replace("_", " ").strip() or name


def sentence(text: str) -> str:
    """`text` with a capital first letter and a full stop.

    Example:
        >>> sentence("nothing is kept back")
        'Nothing is kept back.'
    """
    stripped = text.strip()
    return f"{stripped[:1].upper()}{stripped[1:]}" + ("" if stripped.endswith((".", "?", "!", ":")) else ".")
