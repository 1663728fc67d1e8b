"""Which fields tell the size of a company, by their names."""

from __future__ import annotations

SIZE_WORDS = frozenset({"employees", "employee", "headcount", "staff", "seats", "revenue", "turnover", "fte", "ftes"})
SIZE_NAMES = frozenset(
    {"company_size", "size", "company_employees", "firm_size", "organisation_size", "organization_size"}
)


def is_company_size(name: str) -> bool:
    """Whether a field's name says how large a company is.

    Example:
        >>> [is_company_size(name) for name in ("employees", "annual_revenue", "company_size", "shoe_size")]
        [True, True, True, False]
    """
    lowered = name.lower()
    return lowered in SIZE_NAMES or bool(SIZE_WORDS & set(lowered.split("_")))
