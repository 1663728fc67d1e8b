"""Amounts that change: revenue is frozen at the first won, what was said later is told beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SAME_SAVE_US = 60_000_000
"""How long after a win an amount may be stated that was saved with it: a system writes one property after another."""


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


@dataclass(frozen=True, slots=True)
class Telling:
    """A row about the money of a deal, in ten-thousandths: a win, or another statement of the deal's amount.

    `told_us`: of when the amount is; `typed`: `occurred_us` is a date that people type in, not what the system saw.
    """

    occurred_us: int
    known_us: int
    told_us: int
    amount: int | None
    currency: str | None
    won: bool
    typed: bool = False


def in_force(deal: Sequence[Telling]) -> tuple[int, str | None] | None:
    """The amount, and its currency, that one deal had when it was first won; None where no row tells.

    That of the first win that is told of the time of the win; else the last that was stated until then; else that of
    the first win with an amount. A statement without a currency has that of the deal's first win with one. The deal
    was won when the system saw it first, and where it did not, on the first date that was typed in.

    Example:
        >>> before, after = (Telling(at, at, at, amount, None, False) for at, amount in ((1, 5000), (20**8, 9000)))
        >>> won, row = Telling(5, 5, 5, None, None, True), Telling(9, 9, 30**8, 9000, "EUR", True, typed=True)
        >>> in_force([before, won, after, row]), in_force([won, after, row])
        ((5000, 'EUR'), (9000, 'EUR'))
    """
    wins = sorted((one for one in deal if one.won), key=lambda one: (one.occurred_us, one.known_us))
    seen = [one.occurred_us for one in wins if not one.typed] or [one.occurred_us for one in wins]
    until_us = min(seen) + SAME_SAVE_US
    with_amount = [one for one in deal if one.amount is not None]
    ranked = [(_rank(one, until_us), one) for one in with_amount]
    ordered = sorted(
        (rank, -one.occurred_us if rank == 1 else one.occurred_us, -one.known_us if rank == 1 else one.known_us,
         one.amount or 0, one.currency or "")
        for rank, one in ranked if rank is not None
    )  # fmt: skip
    if not ordered:
        return None
    *_, amount, currency = ordered[0]
    codes = [(one.occurred_us, one.known_us, one.currency) for one in wins if one.currency]
    return amount, currency or (min(codes)[2] if codes else None)


def _rank(one: Telling, until_us: int) -> int | None:
    """How well an amount tells what the deal was won with, 0 best; None: it tells nothing about it."""
    if one.won:
        return 0 if one.told_us <= until_us else 2
    return 1 if one.occurred_us <= until_us else None
