"""What outcomes come with beside the id of a lead, by which that lead may be found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mqlab.crm.identify import Identifier


def beside(columns: dict[str, list[Any]]) -> Sequence[str | None]:
    """The e-mail hash that each fact came with, where a lead can be found by it."""
    named = "kind" in columns
    return columns["email_hash"] if named else [None] * len(columns["lead_ref"])


def came_with(columns: dict[str, list[Any]]) -> Sequence[str | None]:
    """The e-mail hash that each fact came with, and, where the lab matches by it, its company's domain."""
    hashes = beside(columns)
    domains = columns.get("account_domain")
    if domains is None or not any(domains):
        return hashes
    return [one if domain is None else f"{one}@{domain}" for one, domain in zip(hashes, domains, strict=True)]


def with_account_domains(columns: dict[str, list[Any]], identifier: Identifier) -> dict[str, list[Any]]:
    """The facts with the companies' domains of their addresses, where the lab matches by them."""
    stated = zip(columns["email_hash"], columns["account_domain"], strict=True)
    domains = identifier.account_domains([None if found is None else domain for found, domain in stated])
    return {**columns, "account_domain": domains}
