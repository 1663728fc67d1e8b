"""Values at the door: money exact, addresses hashed, properties canonical, the same value always the same text."""

from __future__ import annotations

import hashlib
import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.crm.clock import Clock
from mqlab.crm.door import Door, digests
from mqlab.crm.email import masked, read_email
from mqlab.crm.money import LARGEST, Numbers
from mqlab.crm.quarantine import Reason, mask_text
from mqlab.leads.text import DEFAULT_NULL_TOKENS, normalise

PATIENT = settings(deadline=None)
TOKENS = frozenset(DEFAULT_NULL_TOKENS) | {""}


def door() -> Door:
    """A door with the default null tokens."""
    clock = Clock(zone=None, day_zone=ZoneInfo("UTC"), formats=(), null_tokens=TOKENS)
    return Door(clock=clock, numbers=Numbers(decimal=".", null_tokens=TOKENS), null_tokens=TOKENS)


@PATIENT
@given(amounts=st.lists(st.decimals(0, LARGEST - 1, places=6, allow_nan=False), min_size=1))
def test_money_is_exact_to_four_places(amounts: list[Decimal]):
    """Ten-thousandths, rounded half up, whatever way the number is written."""
    expected = [int((amount * 10_000).to_integral_value(ROUND_HALF_UP)) for amount in amounts]

    for values in (
        tuple(format(amount, "f") for amount in amounts),
        [*amounts],
        tuple(f"{amount:E}" for amount in amounts),
    ):
        findings: dict[int, Any] = {}
        assert (door().numbers.amounts(values, findings, column="amount"), findings) == (expected, {})


@PATIENT
@given(values=st.lists(st.text(), min_size=1))
def test_any_text_for_an_amount_is_a_number_or_a_finding(values: list[str]):
    """Nothing raises, and what is no number is never read as one."""
    findings: dict[int, Any] = {}

    read = door().numbers.amounts(tuple(values), findings, column="amount")

    for row, value in enumerate(values):
        if row in findings:
            assert read[row] is None
            assert findings[row].reason in {Reason.NOT_A_NUMBER, Reason.NEGATIVE_AMOUNT, Reason.AMOUNT_TOO_LARGE}
        else:
            assert read[row] is not None or normalise(value) in TOKENS


@PATIENT
@given(values=st.lists(st.one_of(st.none(), st.booleans(), st.floats(), st.text()), min_size=1))
def test_properties_are_canonical_json(values: list[Any]):
    """Any scalars become a JSON object of normalised text and finite numbers, the missing ones left out."""
    columns = {f"p{number:03}": [value] for number, value in enumerate(values)}

    text = door().objects(columns, 1)[0]

    found = json.loads(text)
    assert text == json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for value, (name, _) in zip(values, columns.items(), strict=True):
        if isinstance(value, str) and "@" not in normalise(value):
            assert found.get(name) == (None if normalise(value) in TOKENS else normalise(value))
        elif isinstance(value, bool):
            assert found[name] is value


def test_true_and_one_are_different_values():
    """A memory of values never takes one for the other."""
    assert door().json_values([True, 1, 1.0, "1", 0, False]) == ["true", "1", "1", '"1"', "0", "false"]


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        pytest.param(" Ada@Example.com ", "example.com", id="an address"),
        pytest.param("ada at example", None, id="no address"),
        pytest.param("@example.com", None, id="no name"),
        pytest.param("ada@localhost", None, id="no domain"),
        pytest.param("Ada Lovelace <ada@example.com>", "example.com", id="with a name"),
        pytest.param('"Lovelace, Ada" < ada@example.com >', "example.com", id="with a quoted name"),
        pytest.param("b@example.com, Ada <ada@example.com>", None, id="two addresses"),
    ],
)
def test_of_an_address_hash_and_domain_remain(text: str, domain: str | None):
    """The hash is the SHA-256 of the normalised address; what is no address is missing."""
    email = read_email(text)

    assert (email and email.domain) == domain
    if email is not None:
        assert email.hash == hashlib.sha256(b"ada@example.com").hexdigest()
        assert read_email(masked(text)) == email


@PATIENT
@given(st.lists(st.sampled_from(["ada@x.com", "BOB@y.org", "hello", " ", ",", "<", ">"])))
def test_no_address_survives_masking(parts: list[str]):
    """Whatever stands around an address, its name does not remain."""
    shown = mask_text("".join(parts)).casefold()

    assert "ada@" not in shown and "bob@" not in shown


def test_digests_tell_rows_apart_and_stay_the_same():
    """Neighbouring columns do not run into each other; the digest of a row is fixed for good."""
    first, second = digests(["ab", "a"], ["c", "bc"])

    assert first != second
    assert digests(["ab"], ["c"]) == [first]
    expected = hashlib.blake2b(b"ab\0c", digest_size=8).digest()
    assert first == int.from_bytes(expected, "little", signed=True)
