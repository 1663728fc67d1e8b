"""What a hand-over may cost: the price, what the declared cost makes of it, and the revenue it rests on."""

from __future__ import annotations

from dataclasses import replace

from mqlab.reports.price import price_sentences
from tests.reports.samples import ship


def test_the_price_comes_with_the_declared_cost_and_its_caution() -> None:
    """Price, comparison and caution are sentences; without a price there is none."""
    found = {"sentence": "worth it while x", "compared": "at the declared cost y", "caution": "a rough guide: z"}

    assert price_sentences(replace(ship(), break_even={"b": found}), "b") == (
        "Worth it while x.",
        "At the declared cost y.",
        "A rough guide: z.",
    )
    assert price_sentences(replace(ship(), break_even={"b": {"not_estimable": "not_due"}}), "b") == ()


def test_the_money_of_a_price_has_its_interval() -> None:
    """The revenue behind a price stands with its interval at the arm's level, and with the hand-overs that earn it."""
    found = {
        "sentence": "worth it while x",
        "currency": "EUR",
        "revenue_per_lead": 72.17,
        "revenue_low": 6.01,
        "revenue_high": None,
        "handovers_per_lead": 0.0135,
    }
    result = replace(ship(), break_even={"b": found}, counts={"alpha": {"b": 0.025}})

    assert price_sentences(result, "b")[1] == (
        "Behind it stand +€72.17 of revenue per assigned lead (97.5% interval at least +€6.01) and +13.5 hand-overs "
        "per 1,000 leads."
    )


def test_what_is_left_after_hand_overs_are_paid_has_its_interval() -> None:
    """The sentence on the declared cost carries the limits of the net amount, in the locale's own money."""
    found = {"sentence": "x", "compared": "at EUR 40 it earns y", "currency": "EUR", "net_low": 5.2, "net_high": 137.8}
    result = replace(ship(), break_even={"b": found})

    assert price_sentences(result, "b")[1] == "At EUR 40 it earns y (95% interval +€5.20 to +€137.80)."
