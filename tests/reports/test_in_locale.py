"""Sentences of an analysis in a document of another locale: their numbers follow it, names and raw numbers do not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.analysis.results import VerdictResult
from mqlab.reports import format as fmt
from mqlab.reports.in_locale import in_locale, numbers_in_locale, thousands_in_locale
from mqlab.reports.live import never_the_verdict
from mqlab.reports.markdown import render
from mqlab.stats.estimate import NotEstimable
from tests.reports.samples import document, ship

NARROW = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("english", "german"),
    [
        pytest.param("7,147 of 12,345,678 leads", "7.147 of 12.345.678 leads", id="thousands"),
        pytest.param("(98.7%), at least 95%", f"(98,7{NARROW}%), at least 95{NARROW}%", id="percent"),
        pytest.param("+1.2 to −3.45, χ² = 0.05.", "+1,2 to −3,45, χ² = 0,05.", id="signs and a full stop"),
        pytest.param("within 0.5pp, NOK 1,234.50 more", "within 0,5pp, NOK 1.234,50 more", id="another currency"),
        pytest.param(
            "less than EUR 5,329. At EUR 40 each", f"less than 5.329{NARROW}€. At 40,00{NARROW}€ each", id="money"
        ),
        pytest.param("is due 2027-04-05.", "is due 5. Apr. 2027.", id="a day"),
        pytest.param("a sum of 1234.5, in 2026", "a sum of 1234,5, in 2026", id="no thousands, a year"),
        pytest.param(
            "fit@1.4.0, v1.5, 12:30, a-2026-10-15, 2026-13-45, mqlab 0.1.0", None, id="versions, times, no days"
        ),
        pytest.param("1, 2, 3 and 1.5e-05, host 10.0.0.1", None, id="a list, an exponent, an address"),
    ],
)
def test_numbers_are_those_of_the_locale(english: str, german: str | None):
    """A number with separators or a percent sign is rewritten; what only looks like one is left alone."""
    with fmt.written_in("de"):
        assert numbers_in_locale(english, currencies=["EUR"]) == (german or english)


def test_a_name_is_left_alone():
    """An arm, a segment or a definition called like a number keeps its name, the numbers beside it do not."""
    with fmt.written_in("de"):
        assert (
            numbers_in_locale("1.5 bar beats 2.5 bar by 1.5", ["1.5 bar", "2.5 bar"]) == "1.5 bar beats 2.5 bar by 1,5"
        )


@given(st.floats(0, 1e9), st.integers(0, 4), st.sampled_from(["", "%"]))
def test_english_numbers_are_english_already(value: float, digits: int, sign: str):
    """Rewritten in English, a number is what it was."""
    english = f"{value:,.{digits}f}{sign}"

    with fmt.written_in("en_US"):
        assert numbers_in_locale(f"so {english}.") == f"so {english}."


def test_a_german_report_has_german_sentences():
    """Checks, notes and verdicts have German numbers; in English they are what they were."""
    found = ship()
    check = replace(found.checks[0], detail="standard 3,508, intent 3,639; expected 3,573.5")
    found = replace(found, checks=(check, *found.checks[1:]), notes=("skewed amounts: 46,740 leads",))
    with fmt.written_in("de"):
        told = in_locale(found)
        made = document(told)

    assert in_locale(found).checks == found.checks and in_locale(found).notes == found.notes
    assert told.checks[0].detail == "standard 3.508, intent 3.639; expected 3.573,5"
    assert told.notes == ("skewed amounts: 46.740 leads",)
    assert "expected 3.573,5" in render(made).replace("\\", "")


def test_days_and_amounts_are_written_as_beside_them():
    """A reason in place of a number, however deep, a verdict and a price say days and money as tables do."""
    due = NotEstimable("not_due", "sql_per_lead is due 2027-04-05")
    found = ship()
    row = replace(found.metrics[0], treatment=replace(found.metrics[0].treatment, value=due), relative=due)
    told = in_locale(
        replace(
            found,
            metrics=(row, *found.metrics[1:]),
            verdicts={"challenger": VerdictResult("not_due", ("the first look is due 2026-12-05",))},
        )
    )

    assert told.verdicts["challenger"].why == ("the first look is due 5 Dec 2026",)
    assert {told.metrics[0].treatment.value.detail, told.metrics[0].relative.detail} == {
        "sql_per_lead is due 5 Apr 2027"
    }
    assert told.break_even["challenger"]["sentence"] == "worth it while a hand-over costs sales less than €212.00"


def test_rates_are_told_of_as_many_as_the_locale_writes():
    """The 1,000 of rates is a German 1.000 in sentences, headings and charts; what a title says stays."""
    titled = replace(ship(), title="Win 1,000 friends")
    made = document(titled)
    with fmt.written_in("de"):
        found = thousands_in_locale(document(titled))
    text = render(found)

    assert "1,000" not in text.replace("Win 1,000 friends", "") and "out of 1.000 assigned" in text
    assert "Win 1,000 friends" in text
    assert thousands_in_locale(made) is made


def test_the_width_of_a_prior_follows_the_locale():
    """A fixed sentence has numbers too: a German page writes them with a space."""
    with fmt.written_in("de"):
        assert "within ±20\xa0%, and" in never_the_verdict()


def test_a_day_before_a_colon_is_a_day():
    """What ends a clause ends a day as well; an instant stays as it is."""
    assert numbers_in_locale("the newest is of 2026-07-25: import") == "the newest is of 25 Jul 2026: import"
    assert numbers_in_locale("at 2026-07-25:12 and 2026-07-25T12:00:00Z") == "at 2026-07-25:12 and 2026-07-25T12:00:00Z"
