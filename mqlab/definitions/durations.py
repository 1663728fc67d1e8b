"""Lengths of time as people write them: `90d`, `36h`, `10s`."""

from __future__ import annotations

import re
from decimal import Decimal

UNIT_US = {
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([smhdw])")
LONGEST_US = 100 * 366 * UNIT_US["d"]


def parse_duration(text: str) -> int:
    """Microseconds of a length of time; `m` is minutes, `d` is 86 400 s. Anything else raises ValueError.

    Example:
        >>> parse_duration("90d") == parse_duration("2160h")
        True
    """
    found = DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is no length of time: write a number and a unit (s, m, h, d or w), such as 90d")
    microseconds = Decimal(found[1]) * UNIT_US[found[2]]
    if microseconds != microseconds.to_integral_value():
        raise ValueError(f"'{text}' is finer than a microsecond")
    if microseconds > LONGEST_US:
        raise ValueError(f"'{text}' is longer than 100 years")
    return int(microseconds)


def duration_text(microseconds: int) -> str:
    """The shortest way to write a length of time.

    Example:
        >>> duration_text(7_776_000_000_000), duration_text(5_400_000_000), duration_text(1_500_000)
        ('90d', '90m', '1.5s')
    """
    for unit in ("d", "h", "m", "s"):
        if microseconds % UNIT_US[unit] == 0:
            return f"{microseconds // UNIT_US[unit]}{unit}"
    return f"{(Decimal(microseconds) / UNIT_US['s']).normalize():f}s"
