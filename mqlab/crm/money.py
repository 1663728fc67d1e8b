"""Amounts and quantities as files write them, read exactly: money as whole ten-thousandths of a currency unit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import lru_cache
from typing import Any, Literal

from mqlab.crm.quarantine import Finding, Reason
from mqlab.leads.text import normalise

TENTHOUSANDTHS = 10_000
LARGEST = Decimal(10) ** 14
"""Amounts from here on are refused."""

_PLAIN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")
_POINT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?")
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d*)?")
_PARTED = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
"""A text in which the point may as well part thousands."""
_UNPARTED = re.compile(r"[0-9]{4,}(\.[0-9]*)?|[0-9]+\.([0-9]{1,2}|[0-9]{4,})|0\.[0-9]*")
"""A text that shows that it does not."""
_NO_NUMBERS = (bool, list, dict)
"""What JSON and Parquet may hold in place of a number."""


class Numbers:
    """Reads columns of numbers; `decimal` is the mark before the fraction, `null_tokens` mean no value."""

    def __init__(self, *, decimal: Literal[".", ","], null_tokens: frozenset[str]) -> None:
        self._decimal = decimal
        self._null_tokens = null_tokens
        self._money: dict[Any, int | Finding | None] = {}
        self._quantities: dict[Any, float | Finding | None] = {}
        self._parted: str | None = None
        self._is_unparted = decimal != "."

    @property
    def notes(self) -> tuple[str, ...]:
        """A word where every amount with a point has three digits behind it, as where the point parts thousands."""
        if self._is_unparted or self._parted is None:
            return ()
        whole, rest = self._parted.split(".")
        return (
            f"Every amount with a point has three digits behind it, such as '{self._parted}', read as {whole} and "
            f"{int(rest)} thousandths. If it means {whole}{rest}, state `decimal: ','` in a mapping, before the "
            "file is read into the ledger.",
        )

    def amounts(self, values: Sequence[Any], findings: dict[int, Finding], *, column: str) -> list[int | None]:
        """Ten-thousandths of a unit, rounded half up; negative, non-finite and unreadable ones become findings."""
        return self._column(values, findings, column, self._money, self._amount)

    def quantities(self, values: Sequence[Any], findings: dict[int, Finding], *, column: str) -> list[float | None]:
        """Finite numbers that are not negative."""
        return self._column(values, findings, column, self._quantities, self._quantity)

    def _column(
        self, values: Sequence[Any], findings: dict[int, Finding], column: str, seen: Any, read: Any
    ) -> list[Any]:
        if len(seen) > 200_000:
            seen.clear()
        if isinstance(values, tuple):
            for value in set(values).difference(seen):
                seen[value] = read(value)
            read_all = list(map(seen.__getitem__, values))
            if not any(isinstance(found, Finding) for found in set(read_all)):
                return read_all
        result = []
        for row, value in enumerate(values):
            found: Any
            if isinstance(value, _NO_NUMBERS):
                found = Finding(Reason.NOT_A_NUMBER, f"'{str(value)[:40]}'")
            else:
                if value not in seen:
                    seen[value] = read(value)
                found = seen[value]
            if isinstance(found, Finding):
                findings.setdefault(row, Finding(found.reason, f"{column}: {found.detail}"))
                found = None
            result.append(found)
        return result

    def _amount(self, value: Any) -> int | Finding | None:
        if not self._is_unparted and isinstance(value, str):
            self._parted = min(filter(None, (self._parted, value if _PARTED.fullmatch(value) else None)), default=None)
            self._is_unparted = _UNPARTED.fullmatch(value) is not None
        if isinstance(value, str) and _PLAIN.fullmatch(value) and self._decimal == ".":
            whole, _, fraction = value.partition(".")
            return int(whole) * TENTHOUSANDTHS + int(fraction.ljust(4, "0"))
        number = self._number(value)
        if number is None or isinstance(number, Finding):
            return number
        if number < 0:
            return Finding(Reason.NEGATIVE_AMOUNT, f"'{value}'")
        if number >= LARGEST:
            return Finding(Reason.AMOUNT_TOO_LARGE, f"'{str(value)[:40]}'")
        with localcontext() as context:
            context.prec = 60
            return int((number * TENTHOUSANDTHS).to_integral_value(ROUND_HALF_UP))

    def _quantity(self, value: Any) -> float | Finding | None:
        number = self._number(value)
        if number is None or isinstance(number, Finding):
            return number
        result = float(number)
        if result < 0 or not math.isfinite(result):
            return Finding(Reason.NOT_A_NUMBER, f"'{str(value)[:40]}'")
        return result

    def _number(self, value: Any) -> Decimal | Finding | None:
        """An exact number; nothing is None."""
        if value is None or value == "":
            return None
        if isinstance(value, Decimal):
            return value if value.is_finite() else Finding(Reason.NOT_A_NUMBER, f"'{value}'")
        if isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        if isinstance(value, float):
            return Decimal(repr(value)) if math.isfinite(value) else Finding(Reason.NOT_A_NUMBER, f"'{value}'")
        text = str(value).strip()
        if normalise(text) in self._null_tokens or not text:
            return None
        shape, plain = (_POINT, text) if self._decimal == "." else (_COMMA, text.replace(".", "").replace(",", "."))
        if not shape.fullmatch(text):
            return Finding(Reason.NOT_A_NUMBER, f"'{text[:40]}'")
        try:
            return Decimal(plain)
        except InvalidOperation:
            return Finding(Reason.NOT_A_NUMBER, f"'{text[:40]}'")


@lru_cache(maxsize=1024)
def currency_code(text: str) -> str | None:
    """The ISO 4217 code in `text`, None where it is none.

    Example:
        >>> currency_code(" eur "), currency_code("euro")
        ('EUR', None)
    """
    import pycountry

    code = text.strip().upper()
    return code if len(code) == 3 and pycountry.currencies.get(alpha_3=code) is not None else None
