"""Numbers as people read them. This is the only place of the package that rounds for people.

Rates and relative numbers come in as fractions (0.05 is 5%), money in currency units, instants aware. Signs are real
minus signs; a change always shows its sign. `written_in` says whose separators, percent signs, currencies and dates are
used; sentences stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.numbers import format_currency, format_decimal, get_currency_precision

from mqlab.definitions.wording import plural_of
from mqlab.stats.estimate import Estimate, Interval, NotEstimable

LOCALE = "en"
_LOCALE: ContextVar[str] = ContextVar("locale", default=LOCALE)
"""`LOCALE` where nothing else is said."""
MINUS = "\u2212"
NO_BOUND = "no usable bound"
_POINTS = " points"

Shown = Callable[[float], str]


def current_locale() -> str:
    """The locale that numbers, money and dates are written in, such as `en` or `de_CH`."""
    return _LOCALE.get()


@contextmanager
def written_in(locale: str) -> Iterator[None]:
    """Numbers, money and dates as `locale` writes them.

    Example:
        >>> with written_in("de"):
        ...     rate(0.2803), money(12.5, "EUR"), day(date(2026, 10, 15))
        ('28,0\\xa0%', '12,50\\xa0€', '15. Okt. 2026')
    """
    before = _LOCALE.set(locale)
    try:
        yield
    finally:
        _LOCALE.reset(before)


def _exact(value: float, power: int = 0) -> Decimal:
    """The number as it is written, times ten to `power`: halves round as on paper."""
    return Decimal(repr(float(value))).scaleb(power)


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _decimal(value: Decimal, digits: int, *, signed: bool = False) -> str:
    rounded = _rounded(value, digits)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = str(format_decimal(abs(rounded), format=pattern, locale=_LOCALE.get()))
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return sign + text


def _percent(value: Decimal, digits: int, *, signed: bool = False) -> str:
    """A number of percent with the sign of percent where the locale has it."""
    found = Locale.parse(_LOCALE.get()).percent_formats[None]
    text = _decimal(value, digits, signed=signed)
    sign = text[:1] if text[:1] in (MINUS, "+") else ""
    return f"{sign}{found.prefix[0]}{text[len(sign) :]}{found.suffix[0]}"


def _digits(value: Decimal, usual: int) -> int:
    """The usual digits, and one more where a small number would lose itself."""
    return usual if value == 0 or abs(value) >= Decimal(10) ** (1 - usual) else usual + 1


def rewritten(english: str) -> str:
    """A number that English writes with its separators, such as 1,234.50 or 12.3%, digit by digit as the locale does.

    Example:
        >>> with written_in("de"):
        ...     rewritten("1,234.50"), rewritten("12.3%"), rewritten("2026.5")
        ('1.234,50', '12,3\\xa0%', '2026,5')
    """
    plain = english.removesuffix("%").replace(",", "")
    value, digits = Decimal(plain), len(plain.partition(".")[2])
    if english.endswith("%"):
        return _percent(value, digits)
    if "," not in english and value >= 1000:
        return plain.replace(".", Locale.parse(_LOCALE.get()).number_symbols["latn"]["decimal"])
    return _decimal(value, digits)


def count(value: float) -> str:
    """A whole number.

    Example:
        >>> count(8000)
        '8,000'
    """
    return _decimal(_exact(value), 0)


def counted(value: float, noun: str) -> str:
    """A whole number with what it counts, in the plural where it is not one.

    Example:
        >>> counted(1, "lead"), counted(8000, "MQL"), counted(0, "reply")
        ('1 lead', '8,000 MQLs', '0 replies')
    """
    return f"{count(value)} {plural_of(noun) if value != 1 else noun}"


def rate(value: float) -> str:
    """A fraction as percent.

    Example:
        >>> rate(0.2803), rate(0.0031), rate(0)
        ('28.0%', '0.31%', '0.0%')
    """
    return _percent(_exact(value, 2), _digits(_exact(value, 2), 1))


def share(value: float) -> str:
    """A share of a whole, in whole percent where it is one.

    Example:
        >>> share(0.5), share(1 / 3)
        ('50%', '33.3%')
    """
    percent = 100 * value
    return _percent(_exact(percent), 0 if abs(percent - round(percent)) < 0.05 else 1)


def change(value: float) -> str:
    """A relative change, with its sign.

    Example:
        >>> change(0.0393), change(-0.005), change(0.0), change(14.2)
        ('+3.9%', '−0.5%', '0.0%', '+1,420%')
    """
    return _percent(_exact(value, 2), 0 if abs(value) >= 10 else 1, signed=True)


def points(value: float) -> str:
    """A difference of two rates, in percentage points, with its sign.

    Example:
        >>> points(0.0118)
        '+1.2 points'
    """
    return _decimal(_exact(value, 2), _digits(_exact(value, 2), 1), signed=True) + _POINTS


def per_thousand(value: float) -> str:
    """A rate as how many of 1,000.

    Example:
        >>> per_thousand(0.07868), per_thousand(0.0004)
        ('78.7', '0.40')
    """
    return _decimal(_exact(value, 3), _digits(_exact(value, 3), 1))


def change_per_thousand(value: float) -> str:
    """A difference of two rates as how many more or fewer of 1,000.

    Example:
        >>> change_per_thousand(-0.0031)
        '−3.1'
    """
    return _decimal(_exact(value, 3), _digits(_exact(value, 3), 1), signed=True)


def number(value: float) -> str:
    """A plain number, such as touches per deal won.

    Example:
        >>> number(12.345), number(1234.5)
        ('12.3', '1,235')
    """
    return _decimal(_exact(value), 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2)


def change_of_number(value: float) -> str:
    """A difference of two plain numbers, with its sign."""
    return _decimal(_exact(value), 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2, signed=True)


def times(value: float) -> str:
    """How many times as much.

    Example:
        >>> times(2.24), times(18.3)
        ('2.2', '18')
    """
    return _decimal(_exact(value), 0 if abs(value) >= 10 else 1)


def money(value: float, currency: str) -> str:
    """An amount with its currency; without minor units from 1,000 on.

    Example:
        >>> money(12.5, "EUR"), money(60000, "EUR")
        ('€12.50', '€60,000')
    """
    digits = 0 if abs(value) >= 1000 else get_currency_precision(currency)
    rounded = _rounded(_exact(value), digits)
    fraction = "." + "0" * digits if digits else ""
    locale = Locale.parse(_LOCALE.get())
    usual = locale.currency_formats["standard"].pattern.split(";")[0]
    pattern = re.sub(r"[#0][#0,.]*", f"#,##0{fraction}", usual, count=1)
    text = format_currency(abs(rounded), currency, pattern, locale=locale, currency_digits=False)
    return (MINUS if rounded < 0 else "") + str(text)


def change_of_money(value: float, currency: str) -> str:
    """A difference of two amounts, with its sign.

    Example:
        >>> change_of_money(1.5, "EUR")
        '+€1.50'
    """
    text = money(value, currency)
    return "+" + text if value > 0 and any(digit in text for digit in "123456789") else text


def p_value(value: float) -> str:
    """A p-value to what matters of it.

    Example:
        >>> p_value(0.0854), p_value(0.43), p_value(0.0002), p_value(0.9999)
        ('0.085', '0.43', '< 0.001', '> 0.99')
    """
    if value < 0.001:
        return f"< {_decimal(Decimal('0.001'), 3)}"
    if value > 0.99:
        return f"> {_decimal(Decimal('0.99'), 2)}"
    return _decimal(_exact(value), 3 if value < 0.1 else 2)


def probability(value: float) -> str:
    """A probability in percent; never quite 0 or 100.

    Example:
        >>> probability(0.978), probability(0.99999)
        ('97.8%', '> 99.9%')
    """
    if value > 0.999:
        return f"> {_percent(Decimal('99.9'), 1)}"
    return f"< {_percent(Decimal('0.1'), 1)}" if value < 0.001 else _percent(_exact(value, 2), 1)


def level(alpha: float) -> str:
    """The confidence that goes with a two-sided α.

    Example:
        >>> level(0.05), level(0.02696)
        ('95%', '97.3%')
    """
    percent = 100 * (1 - alpha)
    return _percent(_exact(percent), 0 if abs(percent - round(percent)) < 0.05 else 1)


def bound(value: float) -> str:
    """A boundary on |z|."""
    return _decimal(_exact(value), 2)


def days(value: int) -> str:
    """A number of days.

    Example:
        >>> days(60), days(1)
        ('60 days', '1 day')
    """
    return f"{count(value)} day" + ("" if value == 1 else "s")


def day(value: date) -> str:
    """A date.

    Example:
        >>> day(date(2026, 10, 15))
        '15 Oct 2026'
    """
    locale = _LOCALE.get()
    if locale == LOCALE:
        return str(format_date(value, "d MMM y", locale=locale))
    return str(format_skeleton("yMMMd", value, locale=locale))


def month(value: date) -> str:
    """The month of a date.

    Example:
        >>> month(date(2026, 7, 1))
        'July 2026'
    """
    return str(format_skeleton("yMMMM", value, locale=_LOCALE.get()))


def moment(value: datetime, zone: tzinfo) -> str:
    """An instant as the clock on the wall shows it in `zone`, where the page says which zone that is."""
    locale = _LOCALE.get()
    if locale == LOCALE:
        return str(format_datetime(value, "d MMM y, HH:mm", tzinfo=zone, locale=locale))
    return f"{day(value.astimezone(zone).date())}, {format_time(value, 'short', tzinfo=zone, locale=locale)}"


def instant(value: datetime, zone: tzinfo) -> str:
    """An instant as the clock on the wall shows it in `zone`, with the zone's name."""
    return f"{moment(value, zone)} ({getattr(zone, 'key', None) or value.astimezone(zone).tzname()})"


def interval(limits: Interval, shown: Shown) -> str:
    """Both limits, or what is left where a side is open; that nothing falls by more than all of it bounds nothing.

    Example:
        >>> interval(Interval(-0.005, 0.086), change), interval(Interval(0.5, None), change)
        ('−0.5% to +8.6%', 'at least +50.0%')
        >>> interval(Interval(-1.0, None), change)
        'no usable bound'
    """
    low, high = limits.low, limits.high
    if low is None and high is None:
        return NO_BOUND
    if high is None:
        return NO_BOUND if low is None or (shown is change and low <= -1) else f"at least {shown(low)}"
    return f"at most {shown(high)}" if low is None else f"{shown(low).removesuffix(_POINTS)} to {shown(high)}"


def estimate(found: Estimate, shown: Shown) -> str:
    """A value with its interval; only the interval where the value itself is unbounded.

    Example:
        >>> estimate(Estimate(0.039, Interval(-0.005, 0.086)), change)
        '+3.9% (−0.5% to +8.6%)'
    """
    limits = interval(found.interval, shown)
    return limits if found.value is None else f"{shown(found.value)} ({limits.removesuffix(_POINTS)})"


def reason(missing: NotEstimable) -> str:
    """Why there is no number, as a sentence's end.

    Example:
        >>> reason(NotEstimable("no_mqls"))
        'no mqls'
    """
    return missing.detail.rstrip(".") if missing.detail else missing.reason.replace("_", " ")
