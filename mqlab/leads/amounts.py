"""Amounts that change after the win: revenue is frozen at the first won, what later exports say is told beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stated:
    """An amount of a deal, in ten-thousandths: when the system said so, whether as a win, and the number of its row."""

    about: tuple[str, ...]
    at_us: int
    amount: int | None
    currency: str | None
    won: bool
    row: int


def changed(stated: Iterable[Stated]) -> list[int]:
    """The rows of wins that state another amount, or currency, than was known of the won deal just before.

    What is stated otherwise, such as by a history of amounts, is known too. A missing amount changes nothing, and one
    that comes after wins without any is no change.

    Example:
        >>> deal = [Stated(("o",), at, amount, "EUR", True, at) for at, amount in ((1, 900), (2, 900), (3, 950))]
        >>> changed(deal), changed([*deal, Stated(("o",), 3, 950, None, False, 9)])
        ([3], [])
    """
    known: dict[tuple[str, ...], tuple[int, str | None]] = {}
    won: set[tuple[str, ...]] = set()
    found: list[int] = []
    ordered = sorted(stated, key=lambda one: (one.about, one.at_us, one.won, one.amount or 0, one.currency or ""))
    for one in ordered:
        if one.amount is None:
            continue
        before = known.get(one.about)
        if one.won:
            if one.about in won and before is not None and _differs(before, one):
                found.append(one.row)
            won.add(one.about)
        elif one.about not in won:
            continue
        known[one.about] = (one.amount, one.currency or (before[1] if before else None))
    return found


def _differs(before: tuple[int, str | None], now: Stated) -> bool:
    amount, currency = before
    return amount != now.amount or (None not in (currency, now.currency) and currency != now.currency)
