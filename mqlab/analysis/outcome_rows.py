"""Sales feedback as the warehouse takes it: canonical leads, integer microseconds, money in minor units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.leads.instants import instant, micros
from mqlab.stats.estimate import NotEstimable
from mqlab.warehouse.dataset import OUTCOME_ROWS, Dataset
from mqlab.warehouse.first_wins import lacking_rates

LARGEST_MINOR = 10**15
"""Amounts beyond are refused: sums of them would leave 64 bits."""

LARGEST_QUANTITY = 1e9

Exchange = Callable[[str, str, date], Decimal | None]
"""What one unit of the first currency was worth in the second on a day; None where the lab's table does not say."""


@dataclass(frozen=True, slots=True)
class OutcomeMoney:
    """`minor` units make one of `currency`; `no_money` says why amounts are no use.

    `unpriced`: some amounts lack a rate, and those of deals that count are to be looked for (`with_rates`).
    `crossing` opportunities are linked to leads of two arms, beside those whose rows name such leads. `unlabelled`
    says that amounts without a currency stand beside amounts in another than the lab's.
    """

    currency: str
    minor: int
    no_money: NotEstimable | None
    crossing: int = 0
    unlabelled: str | None = None
    unpriced: bool = False


@dataclass(frozen=True, kw_only=True)
class OutcomeRows(OutcomeMoney):
    """`table` follows `OUTCOME_ROWS`."""

    table: pa.Table


def outcome_rows(
    outcomes: pa.Table,
    person: Mapping[str, str],
    *,
    currency: str,
    lab_currency: str,
    exchange: Exchange | None,
    zone: tzinfo = UTC,
    crossing: int = 0,
    since: datetime | None = None,
) -> OutcomeRows:
    """`outcomes` (rows of `mqlab.leads.tables.OUTCOMES`) in `currency`; an amount without a code is in the lab's.

    `person` gives merged ids the id that stands for them. Amounts are converted at the rate of their day in `zone`, the
    lab's; those of deals won before `since` are not asked for, and stay unknown.
    """
    prices = Prices(currency, lab_currency, exchange, zone)
    kinds = outcomes["kind"].to_pylist()
    occurred = outcomes["occurred_at"].cast(pa.int64())
    amounts = outcomes["amount"].to_pylist()
    codes = outcomes["currency"].to_pylist()
    days = occurred.to_pylist()
    since_us = None if since is None else micros(since)
    priced = [
        prices.price(amount, code, day)
        if kind == "closed_won" and amount is not None and (since_us is None or day >= since_us)
        else (None, None)
        for kind, amount, code, day in zip(kinds, amounts, codes, days, strict=True)
    ]
    ids = outcomes["lead_id"]
    if person:
        ids = pa.array([person.get(lead_id, lead_id) for lead_id in ids.to_pylist()], pa.string())
    table = pa.table(
        {
            "lead_id": ids,
            "kind": outcomes["kind"],
            "occurred_us": occurred,
            "known_us": outcomes["known_at"].cast(pa.int64()),
            "opportunity_id": outcomes["opportunity_id"],
            "amount_minor": pa.array([minor for minor, _ in priced], pa.int64()),
            "unpriced": pa.array([lacking for _, lacking in priced], pa.string()),
            "thousandths": _thousandths(outcomes["quantity"]),
            "owner": outcomes["owner"],
            "reason_code": outcomes["reason_code"],
            "inferred": pc.equal(pc.fill_null(outcomes["evidence"], "stated"), "inferred"),
            "dated": pc.equal(pc.fill_null(outcomes["resolution"], "instant"), "day"),
        }
    )
    said = prices.said()
    return OutcomeRows(
        said.currency, said.minor, said.no_money, crossing, said.unlabelled, said.unpriced,
        table=table.cast(OUTCOME_ROWS),
    )  # fmt: skip


def with_rates(money: OutcomeMoney, dataset: Dataset) -> OutcomeMoney:
    """The money, of no use where a deal that counts lacks the rate of the day on which it was first won."""
    lacking = lacking_rates(dataset) if money.unpriced else ()
    if not lacking:
        return money
    reason = NotEstimable("missing_exchange_rate", f"The table of rates has no {'; '.join(lacking[:3])}.")
    return replace(money, no_money=reason)


class Prices:
    """Amounts in one currency, converted at the rate of their day in `zone`; it remembers what could not be."""

    def __init__(self, currency: str, lab_currency: str, exchange: Exchange | None, zone: tzinfo = UTC) -> None:
        self._zone = zone
        self._currency, self._lab_currency, self._exchange = currency, lab_currency, exchange
        self.minor: int = 10 ** digits_of(currency)
        self._unpriced = False
        self._codes: set[str | None] = set()
        self._too_large = ""

    def price(self, amount: Decimal, code: str | None, at_us: int) -> tuple[int | None, str | None]:
        """An amount in minor units, half away from zero; None where it cannot be told. No code is the lab's.

        Beside it the rate that is lacking, where one is.
        """
        self._codes.add(code.upper() if code else None)
        code = (code or self._lab_currency).upper()
        if code != self._currency:
            on = instant(at_us).astimezone(self._zone).date()
            rate = self._exchange(code, self._currency, on) if self._exchange is not None else None
            if rate is None:
                self._unpriced = True
                return None, f"{code} to {self._currency} on {on.isoformat()}"
            amount *= rate
        whole = int((amount * self.minor).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        if abs(whole) > LARGEST_MINOR:
            self._too_large = (
                self._too_large or f"A deal's amount of {amount:f} {code} is beyond what can be added up exactly."
            )
            return None, None
        return whole, None

    def said(self) -> OutcomeMoney:
        """The currency, and why amounts are no use where some are too large; rates are looked at by `with_rates`."""
        reason = NotEstimable("amount_too_large", self._too_large) if self._too_large else None
        return OutcomeMoney(self._currency, self.minor, reason, unlabelled=self._unlabelled(), unpriced=self._unpriced)

    def _unlabelled(self) -> str | None:
        others = sorted(code for code in self._codes if code is not None and code != self._lab_currency.upper())
        if None not in self._codes or not others:
            return None
        lab = self._lab_currency.upper()
        return f"Some amounts name no currency and are taken as {lab}, while others are in {', '.join(others[:3])}"


def digits_of(currency: str) -> int:
    """Decimals of a currency's minor unit (ISO 4217): 2 for EUR, 0 for JPY.

    Example:
        >>> digits_of("EUR"), digits_of("JPY")
        (2, 0)
    """
    from babel.numbers import get_currency_precision

    return int(get_currency_precision(currency))


def _thousandths(column: pa.ChunkedArray) -> pa.Array:
    """Quantities in thousandths; a row without one stands for one."""
    values = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    values = np.where(np.isfinite(values) & (values >= 0), values, 1.0)
    values = np.minimum(values, LARGEST_QUANTITY)
    return pa.array(np.floor(values * 1000 + 0.5).astype(np.int64), pa.int64())
