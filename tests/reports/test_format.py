"""Numbers as people read them."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.reports import format as fmt
from mqlab.stats.estimate import Estimate, Interval, NotEstimable


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param(fmt.rate(0.2803), "28.0%", id="rate"),
        pytest.param(fmt.rate(0.0), "0.0%", id="no rate"),
        pytest.param(fmt.rate(0.00314), "0.31%", id="small rate"),
        pytest.param(fmt.change(-0.005), "−0.5%", id="fall"),
        pytest.param(fmt.change(-0.0001), "0.0%", id="a fall too small to show has no sign"),
        pytest.param(fmt.change(12.0), "+1,200%", id="large rise"),
        pytest.param(fmt.points(0.012), "+1.2 points", id="points"),
        pytest.param(fmt.per_thousand(0.0787), "78.7", id="of 1,000"),
        pytest.param(fmt.change_per_thousand(-0.0031), "−3.1", id="fewer of 1,000"),
        pytest.param(fmt.money(1234.5, "EUR"), "€1,235", id="money without cents"),
        pytest.param(fmt.money(-12.5, "USD"), "−$12.50", id="money lost"),
        pytest.param(fmt.money(12.5, "JPY"), "¥13", id="a currency without minor units"),
        pytest.param(fmt.change_of_money(3.0, "CHF"), "+CHF3.00", id="money gained"),
        pytest.param(fmt.change_of_money(0.0, "EUR"), "€0.00", id="no money gained"),
        pytest.param(fmt.number(7.256), "7.26", id="number"),
        pytest.param(fmt.change_of_number(-10.04), "−10.0", id="fall of a number"),
        pytest.param(fmt.count(12_400), "12,400", id="count"),
        pytest.param(fmt.p_value(0.0), "< 0.001", id="tiny p"),
        pytest.param(fmt.p_value(0.05), "0.050", id="p at the level"),
        pytest.param(fmt.p_value(1.0), "> 0.99", id="p of one"),
        pytest.param(fmt.level(0.05), "95%", id="level"),
        pytest.param(fmt.share(0.125), "12.5%", id="share"),
        pytest.param(fmt.bound(2.2121), "2.21", id="boundary"),
        pytest.param(fmt.days(1), "1 day", id="a day"),
        pytest.param(fmt.day(date(2026, 7, 1)), "1 Jul 2026", id="date"),
        pytest.param(
            fmt.instant(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin")),
            "2 Jul 2026, 00:30 (Europe/Berlin)",
            id="instant in the lab's zone",
        ),
        pytest.param(
            fmt.instant(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), timezone(timedelta(hours=2))),
            "2 Jul 2026, 00:30 (UTC+02:00)",
            id="instant at an offset",
        ),
        pytest.param(fmt.reason(NotEstimable("no_units", "An arm has no units.")), "An arm has no units", id="reason"),
        pytest.param(fmt.reason(NotEstimable("no_units")), "no units", id="reason without words"),
    ],
)
def test_every_kind_of_number_has_one_form(shown, expected):
    """Rates, points, money, p-values, dates and reasons are written one way."""
    assert shown == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Estimate(0.039, Interval(-0.005, 0.086)), "+3.9% (−0.5% to +8.6%)"),
        (Estimate(None, Interval(0.58, None)), "at least +58.0%"),
        (Estimate(-0.2, Interval(None, 0.1)), "−20.0% (at most +10.0%)"),
        (Estimate(2.0, Interval(None, None)), "+200.0% (no usable bound)"),
        (Estimate(None, Interval(-1.0, None)), "no usable bound"),
    ],
)
def test_open_sides_are_said_in_words(found, expected):
    """An interval without a limit says "at least", "at most" or "no usable bound"."""
    assert fmt.estimate(found, fmt.change) == expected


def test_points_are_named_once():
    """A difference in points names its unit at the value, not at every limit."""
    assert fmt.estimate(Estimate(0.012, Interval(-0.003, 0.024)), fmt.points) == "+1.2 points (−0.30 to +2.4)"
    assert fmt.interval(Interval(-0.003, 0.024), fmt.points) == "−0.30 to +2.4 points"


@given(st.floats(-0.9, 9.0))
def test_a_change_keeps_its_value_and_its_sign(value):
    """What is printed is the value to half of its last digit; a sign is there exactly when a digit is."""
    text = fmt.change(value)
    back = float(text.replace(fmt.MINUS, "-").replace("+", "").replace(",", "").rstrip("%"))

    assert math.isclose(back, 100 * value, abs_tol=0.0500001)
    assert (text[0] in "+−") is (back != 0)


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        pytest.param(
            "de",
            ["28,0 %", "−0,5 %", "12.400", "12,50 €", "+1.235 €", "< 0,001", "15. Okt. 2026", "> 99,9 %"],
            id="German",
        ),
        pytest.param(
            "fr",
            ["28,0 %", "−0,5 %", "12 400", "12,50 €", "+1 235 €", "< 0,001", "15 oct. 2026", "> 99,9 %"],
            id="French",
        ),
        pytest.param(
            "de_CH",
            ["28.0%", "−0.5%", "12’400", "EUR 12.50", "+EUR 1’235", "< 0.001", "15. Okt. 2026", "> 99.9%"],
            id="Swiss German",
        ),
        pytest.param(
            "tr",
            ["%28,0", "−%0,5", "12.400", "€12,50", "+€1.235", "< 0,001", "15 Eki 2026", "> %99,9"],
            id="Turkish, percent first",
        ),
        pytest.param(
            "ja",
            ["28.0%", "−0.5%", "12,400", "€12.50", "+€1,235", "< 0.001", "2026年10月15日", "> 99.9%"],
            id="Japanese",
        ),
    ],
)  # fmt: skip
def test_numbers_money_and_dates_follow_the_locale(locale, expected):
    """Separators, percent signs, currencies and dates are those of CLDR; signs and digits stay ours.

    Spaces are no-break spaces, narrow ones in some versions of CLDR.
    """
    with fmt.written_in(locale):
        shown = [
            fmt.rate(0.2803),
            fmt.change(-0.005),
            fmt.count(12_400),
            fmt.money(12.5, "EUR"),
            fmt.change_of_money(1234.5, "EUR"),
            fmt.p_value(0.0),
            fmt.day(date(2026, 10, 15)),
            fmt.probability(1.0),
        ]

    assert [text.replace("\xa0", " ").replace("\u202f", " ") for text in shown] == expected
    assert fmt.current_locale() == "en"


def test_a_locale_ends_with_its_block():
    """Also where the block fails, what comes after is English."""
    with pytest.raises(ZeroDivisionError), fmt.written_in("de"):
        assert fmt.rate(1 / 0)

    assert fmt.rate(0.5) == "50.0%"


def test_an_instant_in_another_locale():
    """Date and time of day as the locale has them, the zone as it is named."""
    with fmt.written_in("en_US"):
        shown = fmt.instant(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))

    assert shown.replace("\u202f", " ") == "Jul 2, 2026, 12:30 AM (Europe/Berlin)"
