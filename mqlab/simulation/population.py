"""Who arrives: accounts of varied size, and the leads in them, with what a form tells and what enrichment adds later.

Every lead has two latent traits in [0, 1]: `intent`, how much it wants to buy, and `appetite`, how much it likes
content. Sales responds to intent and to the company; marketing sees only what the lead does.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from mqlab.leads.instants import start_of_day
from mqlab.simulation.words import (
    COUNTRIES,
    DISPOSABLE_DOMAINS,
    FIRST_NAMES,
    FREE_DOMAINS,
    INDUSTRIES,
    LAST_NAMES,
    SOURCES,
    TITLES,
    WORDS_OF_COMPANIES,
    Weighted,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.str_]

HOUR_S = 3_600
DAY_S = 86_400
NEVER = np.iinfo(np.int64).max
"""An instant that does not come, in seconds."""

WEEKDAY_WEIGHTS = (1.0, 1.1, 1.1, 1.05, 0.9, 0.3, 0.3)
HOUR_WEIGHTS = (1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 18, 16, 12, 14, 16, 16, 14, 11, 8, 7, 6, 5, 3, 2)


@dataclass(frozen=True, slots=True)
class Population:
    """The leads drawn, one array entry each, in order of arrival; instants are seconds since 1970 UTC.

    `employees`, `industry` and `title` are the truth; a field is blank in the lead's row where its `…_missing` is
    set, and arrives as a field change at `enriched_s` (NEVER: it stays missing). `company` in [0, 1] is how well the
    company suits what is sold.
    """

    lead_id: Texts
    created_s: Ints
    source: Texts
    email: Texts
    email_type: Texts
    account_key: Texts
    country: Texts
    employees: Ints
    industry: Texts
    title: Texts
    employees_missing: Bools
    industry_missing: Bools
    title_missing: Bools
    enriched_s: Ints
    enrichment_known_s: Ints
    company: Floats
    intent: Floats
    appetite: Floats

    def __len__(self) -> int:
        return len(self.lead_id)

    def take(self, which: Ints) -> Population:
        """The leads of these numbers."""
        return Population(*(getattr(self, column.name)[which] for column in fields(self)))


def arrivals(rng: np.random.Generator, *, leads: int, first: date, last: date, zone: ZoneInfo) -> Ints:
    """Sorted instants of `leads` arrivals on the local days first…last: busy on weekdays and in office hours."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    midnights = np.array([int(start_of_day(day, zone).timestamp()) for day in days], dtype=np.int64)
    weights = np.array([WEEKDAY_WEIGHTS[day.weekday()] for day in days])
    hours = np.array(HOUR_WEIGHTS, dtype=np.float64)
    day = rng.choice(len(days), size=leads, p=weights / weights.sum())
    hour = rng.choice(24, size=leads, p=hours / hours.sum())
    instants = midnights[day] + hour * HOUR_S + rng.integers(0, HOUR_S, size=leads)
    return np.sort(instants).astype(np.int64)


def people(rng: np.random.Generator, created_s: Ints) -> Population:
    """The leads who arrive at `created_s`: their companies, what is known of them and what they want."""
    leads = len(created_s)
    accounts = max(1, int(leads / 1.7))
    weight = rng.lognormal(0.0, 1.0, size=accounts)
    account = rng.choice(accounts, size=leads, p=weight / weight.sum())
    employees = np.maximum(1, np.round(rng.lognormal(np.log(110.0), 1.5, size=accounts))).astype(np.int64)[account]
    industry = draw(rng, INDUSTRIES, accounts)[account]
    country = draw(rng, COUNTRIES, accounts)[account]
    domain = _domains(rng, accounts)[account]
    known_account = (rng.random(accounts) < 0.8)[account]

    source = draw(rng, SOURCES, leads)
    title = draw(rng, TITLES, leads)
    email_type = np.where(rng.random(leads) < 0.86, "business", "free")
    email_type = np.where(rng.random(leads) < 0.012, "disposable", email_type)
    first = FIRST_NAMES[rng.integers(0, len(FIRST_NAMES), leads)]
    last = LAST_NAMES[rng.integers(0, len(LAST_NAMES), leads)]
    number = rng.integers(1, 1_000, leads).astype(np.str_)
    host = np.where(email_type == "free", draw(rng, FREE_DOMAINS, leads), domain)
    host = np.where(email_type == "disposable", draw(rng, DISPOSABLE_DOMAINS, leads), host)
    email = _join(first, ".", last, number, "@", host)

    searching = np.isin(source, ["organic", "paid_search", "referral"])
    intent = np.where(searching, rng.beta(1.1, 1.5, leads), rng.beta(0.9, 2.6, leads))
    appetite = np.where(searching, rng.beta(1.0, 2.6, leads), rng.beta(1.6, 1.5, leads))
    missing = rng.random((3, leads))
    enriched = rng.random(leads) < 0.75
    enriched_s = created_s + (rng.exponential(18 * HOUR_S, leads)).astype(np.int64) + 60
    enrichment_known_s = enriched_s + rng.exponential(2 * HOUR_S, leads).astype(np.int64)
    return Population(
        lead_id=_lead_ids(rng, leads),
        created_s=created_s,
        source=source,
        email=email,
        email_type=email_type,
        account_key=np.where(known_account & (email_type == "business"), domain, ""),
        country=country,
        employees=employees,
        industry=industry,
        title=title,
        employees_missing=missing[0] < 0.12,
        industry_missing=missing[1] < 0.10,
        title_missing=missing[2] < 0.04,
        enriched_s=np.where(enriched, enriched_s, NEVER),
        enrichment_known_s=np.where(enriched, enrichment_known_s, NEVER),
        company=company_suits(employees, industry, title),
        intent=intent,
        appetite=appetite,
    )


def company_suits(employees: Ints, industry: Texts, title: Texts) -> Floats:
    """How well a lead's company and role suit what is sold, in [0, 1]; smooth in size, unlike any table of points."""
    size = 1.0 / (1.0 + np.exp(-(np.log(employees) - np.log(60.0)) / 0.9))
    trade = np.select(
        [np.isin(industry, ["Software", "Finance"]), np.isin(industry, ["Logistics", "Manufacturing"])],
        [1.0, 0.75],
        0.5,
    )
    lowered = np.char.lower(title)
    leads_a_team = np.zeros(len(title), dtype=np.bool_)
    for word in ("chief", "vp", "director", "head"):
        leads_a_team |= np.char.find(lowered, word) >= 0
    manages = np.char.find(lowered, "manager") >= 0
    role = np.select([leads_a_team, manages], [1.0, 0.8], 0.45)
    suits: Floats = 0.5 * size + 0.25 * trade + 0.25 * role
    return suits


def draw(rng: np.random.Generator, choices: Weighted, size: int) -> Texts:
    """`size` independent draws of weighted words."""
    return choices.words[rng.choice(len(choices.words), size=size, p=choices.shares)]


def _lead_ids(rng: np.random.Generator, leads: int) -> Texts:
    """Distinct ids in the manner of a CRM: a prefix and twelve hexadecimal digits, the last five a running number."""
    digits = rng.integers(0, 16**7, size=leads)
    return np.array([f"LD-{front:07x}{number:05x}" for number, front in enumerate(digits.tolist())], dtype=np.str_)


def _domains(rng: np.random.Generator, accounts: int) -> Texts:
    words = WORDS_OF_COMPANIES
    front = words[rng.integers(0, len(words), accounts)]
    back = words[rng.integers(0, len(words), accounts)]
    number = np.char.zfill(np.arange(accounts).astype(np.str_), 5)
    ending = np.array([".com", ".de", ".fr", ".io"])[rng.integers(0, 4, accounts)]
    return _join(front, "-", back, number, ending)


def _join(*parts: Texts | str) -> Texts:
    joined = parts[0]
    for part in parts[1:]:
        joined = np.char.add(joined, part)
    return np.asarray(joined, dtype=np.str_)
