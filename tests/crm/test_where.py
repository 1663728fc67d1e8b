"""Conditions on rows: the language of definitions, each column read as what it is compared with."""

from __future__ import annotations

import pytest

from mqlab.crm.where import Unreadable, both, read_where
from mqlab.definitions.syntax import Source
from mqlab.errors import InputError, Place

ROWS = {
    "status": ["Working", "", "Closed Won", "n/a"],
    "is_won": ["TRUE", "0", "yes", ""],
    "amount": ["12.5", "3", "", "n/a"],
}
LISTS = {"won": ["Closed Won"], "nobody": []}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("status == 'working'", [True, False, False, False], id="text in any case"),
        pytest.param("status in won", [False, False, True, False], id="a named list"),
        pytest.param("status not in ['working']", [False, False, True, False], id="nothing is not something else"),
        pytest.param("is_won", [True, False, True, False], id="a truth in any spelling"),
        pytest.param("is_won == false", [False, True, False, False], id="a falsehood is not nothing"),
        pytest.param("missing(status)", [False, True, False, True], id="a null token is missing"),
        pytest.param("amount > 3", [True, False, False, False], id="a number"),
        pytest.param("2 < amount <= 3", [False, True, False, False], id="a range"),
        pytest.param("missing(status) or is_won", [True, True, True, True], id="true beside unknown"),
        pytest.param("not (is_won and amount > 3)", [False, True, False, False], id="unknown stays unknown"),
        pytest.param("contains(status, 'won')", [False, False, True, False], id="a part of a text"),
        pytest.param("status == 'Closed Won' and amount == -1", [False, False, False, False], id="a negative number"),
    ],
)
def test_a_condition_means_the_rows_it_is_true_for(text: str, meant: list[bool]):
    """A row is meant only where the condition is true, not where it is unknown."""
    where = read_where(Source(text, Place()), LISTS)

    assert where.compiled(("", "n/a"))([ROWS[name] for name in where.names]) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("status in lost", "Unknown list 'lost'", id="an unknown list"),
        pytest.param("status in nobody", "no words for 'nobody'", id="an empty list"),
        pytest.param("status", None, id="a bare name is a truth"),
        pytest.param("status > 'a'", "Only numbers have an order", id="text has no order"),
        pytest.param("status + 1", "neither true nor false", id="no condition"),
        pytest.param("'a' == 'b'", "two constants", id="constants"),
        pytest.param("status in ['a', 1]", "must hold texts, or numbers", id="a mixed list"),
        pytest.param("status in status_list()", "After `in` stands a list", id="no list"),
        pytest.param("count(status)", "neither true nor false", id="another function"),
        pytest.param("status ==", "(?i)expression|expected|syntax|end", id="no expression"),
    ],
)
def test_a_condition_that_cannot_be_read_is_told(text: str, said: str | None):
    """Each mistake is told with what is allowed."""
    if said is None:
        assert read_where(Source(text, Place()), LISTS).names == ("status",)
        return
    with pytest.raises(InputError, match=said):
        read_where(Source(text, Place()), LISTS)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("won", [Unreadable("won", "bool", "Ja"), False, True], id="a truth in another language"),
        pytest.param("won == false", [Unreadable("won", "bool", "Ja"), True, False], id="nor is it a falsehood"),
        pytest.param("amount > 3", [True, Unreadable("amount", "number", "4,5"), False], id="a number in another way"),
        pytest.param("won and status == 'open'", [False, False, True], id="false whatever the cell means"),
        pytest.param("won or status == 'closed'", [True, False, True], id="true whatever the cell means"),
        pytest.param("status == 'Ja'", [False, False, False], id="anything is a text"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_where_it_leaves_the_answer_open(text: str, meant: list[object]):
    """An empty cell is unknown and the row is not meant; one that holds something else may have meant it."""
    rows = {"won": ["Ja", "no", "yes"], "amount": ["12", "4,5", ""], "status": ["closed", "open", "open"]}
    where = read_where(Source(text, Place()), {})

    assert where.compiled(("",))([rows[name] for name in where.names]) == meant


def test_several_conditions_are_one():
    """A rule's own condition and its table's hold together; none at all is none."""
    first, second = (read_where(Source(text, Place()), LISTS) for text in ("is_won", "status in won"))
    together = both(first, None, second)

    assert together is not None and both(None) is None and both(first) is first
    assert together.compiled(("",))([ROWS[name] for name in together.names]) == [False, False, True, False]
