"""The words of a plan's assumptions: a number, where it is from, and how it is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["stated", "experiment", "history", "default"]


@dataclass(frozen=True, slots=True)
class Assumed:
    """A number, where it is from, and the words for both."""

    value: float
    origin: Origin
    words: str


@dataclass(frozen=True)
class Stated:
    """What whoever plans states; rates and shares are fractions, `delay` is a median or points (day, share by then)."""

    rates: Mapping[str, float] = field(default_factory=dict)
    lift: float | None = None
    precision_lift: float | None = None
    leads_per_day: float | None = None
    discordant_share: float | None = None
    discordant_rates: tuple[float, float] | None = None
    power: float | None = None
    icc: float | None = None
    leads_per_account: float | None = None
    account_cv: float | None = None
    delay: float | tuple[tuple[float, float], ...] | None = None


def percent(value: float) -> str:
    """A fraction as percent, to three figures.

    Example:
        >>> percent(0.08), percent(0.0254), percent(1.5)
        ('8%', '2.54%', '150%')
    """
    text = f"{value * 100:.3g}"
    return (f"{value * 100:,.0f}" if "e" in text else text) + "%"


def signed(value: float) -> str:
    """A relative change with its sign.

    Example:
        >>> signed(0.1), signed(-0.02)
        ('+10%', '−2%')
    """
    return ("\u2212" if value < 0 else "+" if value > 0 else "") + percent(abs(value))


def number(value: float) -> str:
    """A count that need not be whole.

    Example:
        >>> number(1304.3), number(2.345)
        ('1,304', '2.35')
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def capital(text: str) -> str:
    """The text with its first letter as a capital.

    Example:
        >>> capital("rejected by sales per MQL")
        'Rejected by sales per MQL'
    """
    return text[:1].upper() + text[1:]
