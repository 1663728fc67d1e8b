"""Field values at an instant: definitions.md 3.2."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.definitions.fields import reader, values_at
from mqlab.definitions.model import EnumLabel
from mqlab.definitions.prepare import prepare
from mqlab.leads.records import FieldChange, History, Lead, Scalar
from mqlab.leads.values import canonical_text
from tests.definitions.leads import NOW, ago, change, lead


def test_the_row_is_the_value_before_any_change() -> None:
    """Until a change is known the row's value stands, from that very instant the change's."""
    history = lead(change("employees", 400.0, ago(3), known=ago(1)), employees=40.0)

    assert values_at(history, ago(1, seconds=1), NOW)["employees"] == 40.0
    assert values_at(history, ago(1), NOW)["employees"] == 400.0


def test_a_change_to_nothing_makes_the_field_missing() -> None:
    """The row does not show through a change to nothing."""
    history = lead(change("employees", None, ago(3)), employees=40.0)

    assert values_at(history, NOW, NOW)["employees"] is None


def test_a_late_change_does_not_undo_a_newer_one() -> None:
    """What became known last is not what is true: the greatest changed_at wins."""
    history = lead(change("employees", 500.0, ago(2)), change("employees", 50.0, ago(9), known=ago(1)), employees=5.0)

    assert values_at(history, ago(2), NOW)["employees"] == 500.0
    assert values_at(history, NOW, NOW)["employees"] == 500.0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(("a", 2), ("b", 3), "a", id="known later"),
        pytest.param(("a", 2), ("b", 2), "b", id="canonical text"),
        pytest.param((None, 2), ("", 2), "", id="nothing sorts below every text"),
        pytest.param((9.0, 2), (10.0, 2), 9.0, id="numbers compare as text"),
        pytest.param((1.0, 2), ("1", 2), 1.0, id="equal texts, the first stands"),
    ],
)
def test_ties(one: tuple[Scalar, int], other: tuple[Scalar, int], expected: Scalar) -> None:
    """Changes of one instant are told apart by known_at, then by canonical text."""
    changes = [change("title", value, ago(5), known=ago(days)) for value, days in (one, other)]

    for order in (changes, changes[::-1]):
        found = values_at(lead(*order), NOW, NOW)["title"]
        assert canonical_text(expected) == canonical_text(found)
        assert (expected is None) == (found is None)


@pytest.mark.parametrize(
    ("row_is", "as_of", "expected"),
    [
        pytest.param("initial", NOW, 40.0, id="initial row"),
        pytest.param("current", NOW, None, id="current row, change known"),
        pytest.param("current", ago(4), 40.0, id="current row, change not yet known"),
    ],
)
def test_a_row_of_today_s_values(row_is: Literal["initial", "current"], as_of: datetime, expected: Scalar) -> None:
    """A row that holds today's values is ignored for fields with changes known by as_of, and only for those."""
    history = lead(change("employees", 400.0, ago(3)), employees=40.0, region="north")
    history = replace(history, lead=replace(history.lead, row_is=row_is))

    values = values_at(history, ago(10), as_of)

    assert (expected, "north") == (values["employees"], values["region"])


def test_source_and_domain_are_fields() -> None:
    """A lead's source and e-mail domain are read like any field, and change like any."""
    source = change("source", "webinar", ago(2))
    history = History(
        Lead("a", ago(30), source="ads", email_domain="buyer.com", fields={"source": "ignored"}),
        field_changes=(source,),
    )

    assert values_at(history, ago(3), NOW) == {"source": "ads", "email_domain": "buyer.com"}
    assert values_at(history, NOW, NOW)["source"] == "webinar"


CHANGES = st.builds(
    lambda value, changed, late: FieldChange(
        "title", value, NOW + timedelta(hours=changed), NOW + timedelta(hours=changed + late)
    ),
    st.sampled_from((None, "a", "b", "", 1.0)),
    st.integers(0, 5),
    st.integers(-1, 4),
)


@given(changes=st.lists(CHANGES, max_size=6), at=st.integers(0, 9), as_of=st.integers(0, 9))
def test_the_rule_word_by_word(changes: list[FieldChange], at: int, as_of: int) -> None:
    """At any instant the value is that of the greatest known change, whatever the order they are listed in."""
    at_instant, as_of_instant = NOW + timedelta(hours=min(at, as_of)), NOW + timedelta(hours=as_of)
    history = History(Lead("a", NOW, fields={"title": "row"}), field_changes=tuple(changes))

    known = [one for one in changes if max(one.changed_at, one.known_at) <= at_instant]
    known.sort(key=lambda one: (one.changed_at, one.known_at, one.value is not None, canonical_text(one.value)))
    expected = known[-1].value if known else "row"
    assert expected == values_at(history, at_instant, as_of_instant)["title"]


LABELS = (EnumLabel("vp", "VP", 2.0), EnumLabel("ic", "IC", 0.0))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        pytest.param("number", "-3.5", -3.5, id="number text"),
        pytest.param("number", "1e3", None, id="exponent"),
        pytest.param("number", "1,000", None, id="thousands"),
        pytest.param("number", float("inf"), None, id="infinity"),
        pytest.param("number", float("nan"), None, id="not a number"),
        pytest.param("number", 7, 7.0, id="whole"),
        pytest.param("number", True, None, id="truth"),
        pytest.param("bool", "yes", True, id="yes"),
        pytest.param("bool", 0.0, False, id="zero"),
        pytest.param("string", "n/a", None, id="null token"),
        pytest.param("string", 4.0, "4", id="number as text"),
        pytest.param("enum", "VP", "vp", id="label"),
        pytest.param("enum", "boss", None, id="no label"),
        pytest.param("enum", "", None, id="empty"),
    ],
)
def test_values_are_read_by_type(
    kind: Literal["number", "string", "bool", "enum"], value: Scalar, expected: Scalar
) -> None:
    """Text that does not fit the declared type is missing, and so are null tokens, NaN and infinities."""
    assert reader(kind, LABELS if kind == "enum" else (), ("n/a",))(value) == expected


def test_case_does_not_count_in_names() -> None:
    """Row and changes under several spellings are one field, which is known by its stored name."""
    history = lead(change("EMPLOYEES", 400.0, ago(3)), Employees=40.0)

    assert values_at(history, ago(4), NOW)["employees"] == 40.0
    assert values_at(history, NOW, NOW)["employees"] == 400.0
    assert set(values_at(history, NOW, NOW)) == {"employees", "source", "email_domain"}


def test_a_domain_among_the_fields_is_not_hidden() -> None:
    """An e-mail domain that stands among the fields under another spelling is the lead's domain."""
    history = History(Lead("a", ago(30), fields={"Email_Domain": "buyer.com"}))

    assert values_at(history, NOW, NOW)["email_domain"] == "buyer.com"
    assert values_at(history, NOW, NOW) == prepare(history).row
