"""Who arrives."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from mqlab.leads.instants import end_of_day, start_of_day
from mqlab.simulation.population import NEVER, Population, arrivals, company_suits, people

BERLIN = ZoneInfo("Europe/Berlin")
FIRST, LAST = date(2025, 10, 20), date(2025, 11, 9)


def some_people(leads: int = 4_000, seed: int = 3) -> Population:
    """A crowd that arrives in three weeks, over the end of summer time."""
    rng = np.random.default_rng(seed)
    return people(rng, arrivals(rng, leads=leads, first=FIRST, last=LAST, zone=BERLIN))


def test_arrivals_lie_on_the_local_days_and_are_sorted():
    """Leads arrive from the first instant of the first local day to the last of the last one, in order of time."""
    instants = arrivals(np.random.default_rng(1), leads=5_000, first=FIRST, last=LAST, zone=BERLIN)

    assert np.all(np.diff(instants) >= 0)
    assert instants[0] >= start_of_day(FIRST, BERLIN).timestamp()
    assert instants[-1] <= end_of_day(LAST, BERLIN).timestamp()


def test_weekends_are_quiet():
    """Fewer leads arrive on a day of the weekend than on a working day."""
    instants = arrivals(np.random.default_rng(2), leads=6_000, first=FIRST, last=LAST, zone=BERLIN)
    weekday = np.array([datetime.fromtimestamp(at, UTC).astimezone(BERLIN).weekday() for at in instants.tolist()])

    assert np.mean(weekday >= 5) < 0.2


def test_lead_ids_are_distinct_and_change_with_the_seed():
    """No two leads share an id, and another seed gives other ids, hence other arms."""
    ids, others = set(some_people(seed=3).lead_id.tolist()), set(some_people(seed=4).lead_id.tolist())

    assert len(ids) == 4_000
    assert len(ids & others) < 10


def test_accounts_hold_several_leads_of_one_company():
    """Leads of one account share the size of the company; some accounts have many leads, and some leads have none."""
    who = some_people()
    known = who.account_key != ""
    accounts, leads = np.unique(who.account_key[known], return_counts=True)

    assert 0.5 < known.mean() < 0.85
    assert leads.max() >= 6
    assert all(len(set(who.employees[who.account_key == account].tolist())) == 1 for account in accounts[:50])


def test_free_and_disposable_mail_has_no_account():
    """An address at a free or disposable host belongs to no account, and its kind says so."""
    who = some_people()
    other = who.email_type != "business"

    assert 0.08 < other.mean() < 0.22
    assert not np.any(who.account_key[other] != "")
    assert {email.rpartition("@")[2] for email in who.email[who.email_type == "free"].tolist()} <= {
        "gmail.com",
        "gmx.de",
        "outlook.com",
    }


def test_enrichment_comes_after_arrival_and_is_known_later_still():
    """A blank field is filled after the lead arrived, and the business knows it no earlier than that, or never."""
    who = some_people()
    filled = who.enriched_s != NEVER

    assert 0.6 < filled.mean() < 0.9
    assert np.all(who.enriched_s[filled] > who.created_s[filled])
    assert np.all(who.enrichment_known_s[filled] >= who.enriched_s[filled])
    assert np.all(who.enrichment_known_s[~filled] == NEVER)


def test_a_company_suits_better_the_larger_it_is():
    """All else equal, a larger company suits what is sold better, and a student suits least."""
    employees = np.array([5, 50, 500, 500])
    industry = np.array(["Software"] * 4)
    title = np.array(["VP Sales", "VP Sales", "VP Sales", "Student"])

    suits = company_suits(employees, industry, title)

    assert suits[0] < suits[1] < suits[2]
    assert suits[3] < suits[2]
    assert np.all((suits >= 0) & (suits <= 1))
