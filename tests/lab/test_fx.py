"""The lab's table of exchange rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from mqlab.errors import InputError
from mqlab.lab.fx import exchange


def table(folder: Path, rows: str) -> Path:
    path = folder / "fx.csv"
    path.write_text(f"date,currency,rate\n{rows}", encoding="utf-8")
    return path


def test_the_rate_is_of_the_day_or_of_the_last_working_day(tmp_path: Path):
    """A Sunday takes Friday's rate; the lab's own currency is 1; between two others the rates divide."""
    rate = exchange(table(tmp_path, "2026-07-03,USD,0.90\n2026-07-03,GBP,1.20\n2026-07-06,USD,0.91\n"), "EUR")

    assert rate("USD", "EUR", date(2026, 7, 5)) == Decimal("0.90")
    assert rate("USD", "EUR", date(2026, 7, 6)) == Decimal("0.91")
    assert rate("EUR", "EUR", date(2026, 7, 6)) == 1
    assert rate("GBP", "USD", date(2026, 7, 3)) == Decimal("1.20") / Decimal("0.90")


def test_an_old_rate_is_no_rate(tmp_path: Path):
    """A rate of ten years ago, or one that comes later, does not stand in for the day's."""
    rate = exchange(table(tmp_path, "2016-07-03,USD,0.90\n"), "EUR")

    assert rate("USD", "EUR", date(2026, 7, 5)) is None
    assert rate("USD", "EUR", date(2016, 7, 2)) is None


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            "2026-07-03,USD,0.90\n2026-07-03,usd,0.80\n", r"fx\.csv:3\n.*another rate", id="two rates of one day"
        ),
        pytest.param("2026-07-03,USD,zero\n", r"fx\.csv:2\n.*no rate", id="no number"),
        pytest.param("2026-07-03,USD,-1\n", r"fx\.csv:2\n.*not above 0", id="negative"),
        pytest.param("2026-07-03,USD\n", r"fx\.csv:2\n.*no rate", id="ragged"),
    ],
)
def test_a_bad_table_is_told_with_its_line(tmp_path: Path, rows: str, expected: str):
    """A table that contradicts itself or cannot be read is refused with file and line."""
    with pytest.raises(InputError, match=expected):
        exchange(table(tmp_path, rows), "EUR")
