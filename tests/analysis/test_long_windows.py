"""Windows are cut so that no stretch holds too many half-lives, and only where that is needed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from mqlab.analysis.long_windows import cuts
from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.leads.instants import DAY_US
from mqlab.warehouse.compile.intervals import SPAN
from tests.analysis.world import definitions

HOUR_US = DAY_US // 24
AS_OF = 2_000 * DAY_US


@pytest.fixture(scope="module")
def halving() -> Definition:
    """Two rules whose points halve, every six hours and every two days."""
    text = """
kind: mql-definition/v1
id: halving
version: 1.0.0
events: {form_submit: {}, page_view: {}}
scores:
  now:
    rules:
      - {id: visits, event: page_view, points: 10, decay: {half_life: 6h}}
      - {id: forms, event: form_submit, points: 4, decay: {half_life: 2d}}
qualify: "now >= 16"
"""
    return load_text(text, file="test.yaml")


@pytest.mark.parametrize("days", [0, 1, 250, 251, 500, 501, 1999])
def test_no_stretch_is_too_long_and_there_are_no_more_than_needed(days: int, halving: Definition) -> None:
    """The shortest half-life decides: 1,000 of six hours are 250 days."""
    first = AS_OF - days * DAY_US
    found = cuts([*definitions().values(), halving], first_us=first, as_of_us=AS_OF)

    assert len(found) == max(-(-days // 250) - 1, 0)
    assert all(0 < end - begin <= SPAN * 6 * HOUR_US for begin, end in pairwise([first, *found, AS_OF]) if days)


def test_nothing_is_cut_where_that_is_no_help(halving: Definition) -> None:
    """Without a decay that halves, with a gate that lasts for ever, and where there would be too many stretches."""
    small = load_text(
        """
kind: mql-definition/v1
id: gated
version: 1.0.0
fields: {employees: {type: number}}
gates: [{id: small, when: "employees < 20", then: disqualify, forever: true}]
qualify: "employees > 0"
""",
        file="test.yaml",
    )

    assert cuts(list(definitions().values()), first_us=0, as_of_us=AS_OF) == ()
    assert cuts([replace(halving, gates=small.gates)], first_us=0, as_of_us=AS_OF) == ()
    assert cuts([halving], first_us=0, as_of_us=AS_OF, most=7) == ()
    assert len(cuts([halving], first_us=0, as_of_us=AS_OF, most=8)) == 7
