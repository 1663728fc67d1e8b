"""The words synthetic leads are made of. Names and companies are invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Weighted:
    """Words with their shares, which add up to 1."""

    words: NDArray[np.str_]
    shares: NDArray[np.float64]


def weighted(weights: Mapping[str, float]) -> Weighted:
    """Words with shares in proportion to their weights.

    Example:
        >>> weighted({"organic": 3, "event": 1}).shares.tolist()
        [0.75, 0.25]
    """
    shares = np.array(list(weights.values()), dtype=np.float64)
    return Weighted(np.array(list(weights), dtype=np.str_), shares / shares.sum())


SOURCES = weighted(
    {"organic": 30, "paid_search": 22, "paid_social": 20, "referral": 9, "event": 9, "newsletter": 7, "partner": 3}
)
INDUSTRIES = weighted(
    {
        "Software": 26,
        "Finance": 14,
        "Logistics": 13,
        "Manufacturing": 15,
        "Retail": 11,
        "Healthcare": 9,
        "Education": 7,
        "Agency": 5,
    }
)
COUNTRIES = weighted({"DE": 34, "FR": 16, "NL": 12, "AT": 8, "CH": 8, "NO": 6, "ES": 8, "PL": 8})
TITLES = weighted(
    {
        "Chief Marketing Officer": 5,
        "VP Sales": 6,
        "VP of Revenue Operations": 4,
        "Head of Growth": 8,
        "Marketing Director": 8,
        "Sales Director": 6,
        "Marketing Manager": 18,
        "Sales Operations Manager": 9,
        "CRM Manager": 7,
        "Marketing Specialist": 13,
        "Business Analyst": 7,
        "Consultant": 5,
        "Student": 2,
        "Marketing Intern": 2,
    }
)
FREE_DOMAINS = weighted({"gmail.com": 6, "gmx.de": 2, "outlook.com": 2})
DISPOSABLE_DOMAINS = weighted({"mailinator.com": 2, "guerrillamail.com": 1})
FIRST_NAMES = np.array(
    [
        "anna", "ben", "clara", "david", "elena", "finn", "greta", "hugo", "ines", "jonas", "karla", "luca",
        "maja", "noah", "olga", "pablo", "rosa", "simon", "tara", "viktor",
    ]
)  # fmt: skip
LAST_NAMES = np.array(
    [
        "adler", "brandt", "costa", "dietrich", "ebert", "fischer", "garnier", "hoffmann", "ivanova",
        "jansen", "keller", "lindt", "moreau", "novak", "olsen", "peters", "quandt", "richter", "sommer",
        "thiel", "urban", "vogel", "weber", "ziegler",
    ]
)  # fmt: skip
WORDS_OF_COMPANIES = np.array(
    [
        "alder", "birch", "cedar", "delta", "ember", "fjord", "grain", "harbour", "iris", "juniper",
        "kestrel", "lumen", "maple", "nordic", "orbit", "pebble", "quartz", "river", "summit", "timber",
        "umber", "vale", "willow", "zenith",
    ]
)  # fmt: skip
