"""Normal text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.leads.text import normalise, spaced


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str):
    """Stored text is stable: normalising it again changes nothing."""
    assert normalise(text) == normalise(normalise(text))


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        pytest.param(" STRASSE ", "strasse", id="capitals and space"),
        pytest.param("Straße", "strasse", id="German sharp s"),
        pytest.param("ﬁnance", "finance", id="ligature"),
        pytest.param("ΣΊΣΥΦΟΣ", "σίσυφοσ", id="Greek final sigma"),
        pytest.param("İ", "i̇", id="Turkish dotted I"),
    ],
)
def test_spellings_that_people_take_as_one_are_one(written: str, stored: str):
    """Case, ligatures and compatibility forms do not matter after ingest."""
    assert stored == normalise(written)


def test_words_are_runs_of_letters_and_digits():
    """`has_word` finds whole words whatever stands between them."""
    assert " vp sales ops " == spaced("VP, sales-ops!".casefold())
    assert " " == spaced("--")
