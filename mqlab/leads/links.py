"""To which lead an opportunity belongs that names none: by what links the two, in a fixed order, and when.

Converted to it, then a contact role (a primary one first), then any other association, and, where the lab says so, the
same account. A contact role or an account counts only where it came within a window after the lead did. A link that was
removed before the deal was won counts only where none is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from mqlab.leads.identity import LINK, canonical_ids
from mqlab.leads.instants import DAY_US

ACCOUNT = "account:"
"""What stands between a system and the id of an account, where a link leads through one."""


class LinkKind(IntEnum):
    """What links an opportunity to a lead; the smaller comes first."""

    CONVERTED = 1
    PRIMARY_ROLE = 2
    ROLE = 3
    ASSOCIATED = 4
    ACCOUNT = 5
    MERGED = 6
    """Not a lead: the opportunity was merged into another one."""
    REMOVED = 7
    """No link: those of the two from before its instant ended then."""


IN_WINDOW = frozenset({LinkKind.PRIMARY_ROLE, LinkKind.ROLE, LinkKind.ACCOUNT})
"""Links that count only within the window."""


@dataclass(frozen=True, slots=True)
class Linking:
    """`window_us`: how long after a lead came a contact role or an account may link it to an opportunity.

    `same_account`: whether an account links at all. `same_domain`: whether an outcome whose e-mail address no lead has
    belongs to the one lead of that company's domain; none of `internal_domains` is a company's.
    """

    window_us: int = 365 * DAY_US
    same_account: bool = False
    same_domain: bool = False
    internal_domains: tuple[str, ...] = ()


DEFAULT_LINKING = Linking()


@dataclass(frozen=True, slots=True)
class Link:
    """`opportunity` (or an account), as facts name it, was linked to `lead` (or an account) at `at_us`."""

    opportunity: str
    lead: str
    kind: LinkKind
    at_us: int


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A lead that an opportunity is linked to: by what at best, and when that person came. The least one owns it."""

    kind: LinkKind
    created_us: int
    lead: str


def opportunity_ref(system: str, own: str) -> str:
    """How a fact names its lead where only an opportunity is given.

    Example:
        >>> opportunity_ref("salesforce", "006A")
        'opportunity:salesforce:006A'
    """
    return f"{LINK}{system}:{own}"


def account_ref(system: str, own: str) -> str:
    """How a link names an account."""
    return f"{LINK}{system}:{ACCOUNT}{own}"


def link_kind(version: int | None) -> LinkKind:
    """The kind of a stored link; one that was stored before kinds were is an association."""
    return LinkKind.ASSOCIATED if version is None else LinkKind(version)


def claims(
    links: Iterable[Link], standing: Mapping[str, str], created: Mapping[str, int], linking: Linking
) -> Mapping[str, tuple[Claim, ...]]:
    """The leads that each opportunity is linked to, the owner first; without any it is absent.

    `standing` says who stands for merged ids, `created` when the leads were created, in microseconds: of a person
    that was merged from several the earliest counts. Where every link of an opportunity was removed, those removed last
    count.

    Example:
        >>> own = [Link("opportunity:x:O", "a", LinkKind.ASSOCIATED, 0), Link("opportunity:x:O", "b", LinkKind.ROLE, 5)]
        >>> [claim.lead for claim in claims(own, {}, {"a": 1, "b": 2}, Linking())["opportunity:x:O"]]
        ['b', 'a']
    """
    came = _came(standing, created)
    links = list(links)
    merged = merged_deals(links)
    ended = _ended(links, standing, merged)
    by_account: dict[str, set[str]] = {}
    direct: list[Link] = []
    for link in links:
        if _is_account(link.opportunity):
            by_account.setdefault(link.opportunity, set()).add(link.lead)
        elif link.kind not in {LinkKind.MERGED, LinkKind.REMOVED}:
            direct.append(link)
    best: dict[str, dict[str, LinkKind]] = {}
    gone: dict[str, list[tuple[int, str, LinkKind]]] = {}
    for link in direct:
        if link.kind is LinkKind.ACCOUNT and not linking.same_account:
            continue
        leads = by_account.get(link.lead, ()) if link.kind is LinkKind.ACCOUNT else (link.lead,)
        for one in leads:
            lead = standing.get(one, one)
            if lead not in created or (link.kind in IN_WINDOW and not _within(link.at_us, came[lead], linking)):
                continue
            opportunity = merged.get(link.opportunity, link.opportunity)
            ended_us = ended.get((opportunity, lead))
            if ended_us is not None and link.at_us < ended_us:
                gone.setdefault(opportunity, []).append((ended_us, lead, link.kind))
                continue
            found = best.setdefault(opportunity, {})
            found[lead] = min(link.kind, found.get(lead, link.kind))
    for opportunity in gone.keys() - best.keys():
        last_us = max(gone[opportunity])[0]
        found = best.setdefault(opportunity, {})
        for ended_us, lead, kind in gone[opportunity]:
            if ended_us == last_us:
                found[lead] = min(kind, found.get(lead, kind))
    claimed = {
        opportunity: tuple(sorted(Claim(kind, came[lead], lead) for lead, kind in found.items()))
        for opportunity, found in best.items()
    }
    return {**claimed, **{old: claimed[new] for old, new in merged.items() if new in claimed}}


def _ended(
    links: Iterable[Link], standing: Mapping[str, str], merged: Mapping[str, str]
) -> Mapping[tuple[str, str], int]:
    """When the links of an opportunity and a lead were last removed."""
    ended: dict[tuple[str, str], int] = {}
    for link in links:
        if link.kind is LinkKind.REMOVED:
            both = merged.get(link.opportunity, link.opportunity), standing.get(link.lead, link.lead)
            ended[both] = max(link.at_us, ended.get(both, link.at_us))
    return ended


def merged_deals(links: Iterable[Link]) -> Mapping[str, str]:
    """The opportunity that each merged one became, by their names in facts; others are absent.

    Example:
        >>> dict(merged_deals([Link("opportunity:x:1", "opportunity:x:2", LinkKind.MERGED, 0)]))
        {'opportunity:x:1': 'opportunity:x:2'}
    """
    merges = [
        (link.opportunity.removeprefix(LINK), link.lead.removeprefix(LINK), link.at_us)
        for link in links
        if link.kind is LinkKind.MERGED
    ]
    return {LINK + old: LINK + new for old, new in canonical_ids(merges).items()}


def _is_account(ref: str) -> bool:
    return ref.split(":", 2)[-1].startswith(ACCOUNT)


def _came(standing: Mapping[str, str], created: Mapping[str, int]) -> dict[str, int]:
    came = dict(created)
    for member, stands in standing.items():
        if member in created and stands in created:
            came[stands] = min(came[stands], created[member])
    return came


def _within(at_us: int, came_us: int, linking: Linking) -> bool:
    """Whether a link falls into the window; a date without a time may lie before the lead of the same day."""
    return came_us - DAY_US < at_us < came_us + linking.window_us
