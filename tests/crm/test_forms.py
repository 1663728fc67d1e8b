"""Values made into one form: Salesforce ids, lists in a cell, ids and addresses in objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.crm.columns import Column
from mqlab.crm.forms import formed, listed, salesforce_id

SHORT = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=15, max_size=15)


@pytest.mark.parametrize(
    "whole",
    ["0031G00001S3ckZQAR", "00Q1G00000nDnM5UAK", "006q000000HddohAAB", "00T1G00003Ufap9UAB", "0051G000005Mun4QAC"],
)
def test_an_id_of_15_becomes_the_one_of_18(whole: str):
    """Real ids, from the tables of a public package: their last three characters follow from the first fifteen."""
    assert (salesforce_id(whole[:15]), salesforce_id(whole)) == (whole, whole)


@given(short=SHORT)
def test_ids_that_differ_in_case_stay_apart(short: str):
    """The id of 18 tells them apart even where case is lost, and gives the id of 15 back."""
    whole = salesforce_id(short)

    assert (whole[:15], salesforce_id(whole.upper()), salesforce_id(whole.lower())) == (short, whole, whole)
    assert (whole.lower() == salesforce_id(short.swapcase()).lower()) == (short.swapcase() == short)


def test_other_texts_are_no_salesforce_ids():
    """An id of another system stays as it is."""
    assert [salesforce_id(text) for text in ("L1", "a-b", "", "0" * 19)] == ["L1", "a-b", "", "0" * 19]


def test_a_cell_may_list_values():
    """With semicolons, commas, brackets or quotes between them; a number is a list of one, nothing of none."""
    assert [listed(one) for one in ("1;2", '["a", "b"]', [3, "4"], 5.0, "", None, [{"id": 7}])] == [
        ["1", "2"], ["a", "b"], ["3", "4"], ["5"], [], [], ["7"],
    ]  # fmt: skip


def test_words_are_given_a_meaning_before_their_form():
    """The mapping's words come first, then the form; numbers are looked up as they are written."""
    declared = Column(column=["a"], values={"1": "won", "Lost": "lost"})

    assert list(formed([1, "lost ", "x", None, 1.0], declared)) == ["won", "lost", "x", None, "won"]
    assert list(formed(['{"value": 4}', 5], Column(column=["a"], form="object_id"))) == [4, 5]
    assert list(formed(["a@x.com", '[{"value": "b@x.com"}]'], Column(column=["a"], form="address"))) == [
        "a@x.com",
        "b@x.com",
    ]
