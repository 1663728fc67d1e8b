"""The names of the columns that depend on an experiment: strata by arm, segments, money and effort measures."""

from __future__ import annotations

from typing import Literal

Stratum = Literal["none", "both", "control_first", "arm_first"]
STRATUM_NAMES: tuple[Stratum, ...] = ("none", "both", "control_first", "arm_first")
"""What a stratum column says; a stratum's code is its place here."""


def at_column(arm: str) -> str:
    """When an arm's definition first fired, in microseconds since 1970 UTC; null where it has not."""
    return f"at:{arm}"


def stratum_column(arm: str) -> str:
    """The stratum of the pair (`arm`, control); null for leads of other arms."""
    return f"stratum:{arm}"


def segment_column(name: str) -> str:
    """A segment's value at assignment."""
    return f"segment:{name}"


def money_column(number: int) -> str:
    """The `number`-th money measure, in minor units."""
    return f"money_{number}"


def effort_column(horizon_days: int) -> str:
    """Touches and meetings within a horizon, in thousandths."""
    return f"effort_{horizon_days}"
