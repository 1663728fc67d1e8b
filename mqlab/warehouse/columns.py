"""The names of the columns that depend on an experiment: strata by arm, segments, money and effort measures.

PostgreSQL cuts a name after 63 bytes, and DuckDB and Spark take names that differ in case only for one. A short name of
lower-case letters, digits and signs stands in its column's as it is; of any other a digest does.
"""

from __future__ import annotations

import hashlib
import re
from typing import Literal

Stratum = Literal["none", "both", "control_first", "arm_first"]
STRATUM_NAMES: tuple[Stratum, ...] = ("none", "both", "control_first", "arm_first")
"""What a stratum column says; a stratum's code is its place here."""

PLAIN = re.compile(r"[a-z0-9_][a-z0-9_-]{0,39}")


def at_column(arm: str) -> str:
    """When an arm's definition first fired, in microseconds since 1970 UTC; null where it has not."""
    return f"at:{_part(arm)}"


def stratum_column(arm: str) -> str:
    """The stratum of the pair (`arm`, control); null for leads of other arms.

    Example:
        >>> stratum_column("challenger")
        'stratum:challenger'
        >>> stratum_column("Challenger")
        'stratum:#f42f52ba87f88821'
    """
    return f"stratum:{_part(arm)}"


def segment_column(name: str) -> str:
    """A segment's value at assignment."""
    return f"segment:{_part(name)}"


def money_column(number: int) -> str:
    """The `number`-th money measure, in minor units."""
    return f"money_{number}"


def effort_column(horizon_days: int) -> str:
    """Touches and meetings within a horizon, in thousandths."""
    return f"effort_{horizon_days}"


def _part(name: str) -> str:
    """A name as part of a column's: the same for no two names, in any engine."""
    if PLAIN.fullmatch(name):
        return name
    return f"#{hashlib.sha256(name.encode()).hexdigest()[:16]}"
