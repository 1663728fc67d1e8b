"""The lab's table of exchange rates: `[fx] table`."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from mqlab.errors import InputError, Place

Exchange = Callable[[str, str, date], Decimal | None]
COLUMNS = ("date", "currency", "rate")
LONGEST_GAP = timedelta(days=7)
"""How old a rate may be: weekends and holidays have none of their own."""


def exchange(path: Path, lab_currency: str) -> Exchange:
    """Rates from a CSV `date,currency,rate`: units of the lab's currency for one unit of `currency`, from that date on.

    The answer to (from, to, day) is the rate of the day or, over a weekend or holidays, the latest of the week before;
    None where the table has none. Raises InputError with the line for a table that cannot be read or that contradicts
    itself.
    """
    table: dict[str, list[tuple[date, Decimal]]] = {}
    stated: dict[tuple[str, date], Decimal] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                found = ", ".join(reader.fieldnames or ()) or "nothing"
                raise InputError(
                    f"the columns are {found}.",
                    code="FxColumns",
                    place=Place(str(path), 1),
                    hint="They must be date,currency,rate.",
                )
            for row in reader:
                day, rate = _row(row, path, reader.line_num)
                code = row["currency"].strip().upper()
                if stated.setdefault((code, day), rate) != rate:
                    raise InputError(
                        f"{code} has another rate for {day} above.",
                        code="FxTwice",
                        place=Place(str(path), reader.line_num),
                        hint="Keep one of the two.",
                    )
                table.setdefault(code, []).append((day, rate))
    except OSError as error:
        raise InputError(
            f"the table cannot be read: {error.strerror}.", code="FxUnreadable", place=Place(str(path))
        ) from error
    except UnicodeDecodeError as error:
        raise InputError("the table is not UTF-8.", code="Encoding", place=Place(str(path))) from error
    ordered = {currency: sorted(rates) for currency, rates in table.items()}

    def into_lab(currency: str, day: date) -> Decimal | None:
        if currency == lab_currency:
            return Decimal(1)
        rates = ordered.get(currency, [])
        index = bisect_right([at for at, _ in rates], day)
        if not index or day - rates[index - 1][0] > LONGEST_GAP:
            return None
        return rates[index - 1][1]

    def between(source: str, target: str, day: date) -> Decimal | None:
        have, want = into_lab(source, day), into_lab(target, day)
        return None if have is None or want is None else have / want

    return between


def _row(row: dict[str, str], path: Path, line: int) -> tuple[date, Decimal]:
    try:
        day, rate = date.fromisoformat(row["date"].strip()), Decimal(row["rate"].strip())
    except (ValueError, InvalidOperation, AttributeError, TypeError) as error:
        raise InputError(
            "this is no rate.", code="FxRow", place=Place(str(path), line), hint="A row is 2026-07-01,USD,0.92."
        ) from error
    if not rate.is_finite() or rate <= 0:
        raise InputError(f"the rate {rate} is not above 0.", code="FxRow", place=Place(str(path), line))
    return day, rate
