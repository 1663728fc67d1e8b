"""Canonical ids: the same merges in any order, in any grouping, give the same survivors."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.leads.identity import Edge, canonical_ids, joined_at, standing_ids

PATIENT = settings(deadline=None)
IDS = st.sampled_from("abcdef")
MERGES = st.lists(st.tuples(IDS, IDS, st.integers(0, 5)), max_size=8)


@PATIENT
@given(merges=MERGES, data=st.data())
def test_merging_is_order_free(merges: list[Edge], data: st.DataObject):
    """Any order and any repetition of merges is the same."""
    other = data.draw(st.permutations([*merges, *merges[:2]]))

    assert canonical_ids(other) == canonical_ids(merges)
    assert joined_at(other) == joined_at(merges)


@PATIENT
@given(some=MERGES, more=MERGES, rest=MERGES)
def test_merging_is_associative(some: list[Edge], more: list[Edge], rest: list[Edge]):
    """At every instant, what merges come to may stand for them: it does not matter which are put together first."""
    for instant in range(6):
        first, second, third = ([edge for edge in edges if edge[2] <= instant] for edges in (some, more, rest))
        together = _people(first + second + third)

        assert _people(_come_to(_come_to(first) + second) + third) == together
        assert _people(first + _come_to(second + _come_to(third))) == together


@PATIENT
@given(parts=st.lists(MERGES, max_size=4), data=st.data())
def test_merges_in_any_pieces_give_the_same_ids_at_every_instant(parts: list[list[Edge]], data: st.DataObject):
    """Sets of merges, cut and ordered in any way and some of them told twice, are the same merges."""
    told = [edge for part in data.draw(st.permutations([*parts, *parts[:1]])) for edge in part[::-1]]
    merges = [edge for part in parts for edge in part]

    for instant in range(6):
        known, other = ([edge for edge in edges if edge[2] <= instant] for edges in (merges, told))
        assert canonical_ids(known) == canonical_ids(other)
        assert joined_at(known) == joined_at(other)


@PATIENT
@given(ids=st.permutations("abcdef"), dates=st.lists(st.integers(0, 5), min_size=6, max_size=6), cut=st.integers(1, 5))
def test_chains_circles_and_third_ids_make_one_person(ids: list[str], dates: list[int], cut: int):
    """A chain ends in its last id whatever the dates; a circle in one of its own; a third id survives both parents."""
    chain = list(zip(ids, ids[1:], dates, strict=False))
    parents, third = ids[:cut], ids[-1]

    assert canonical_ids(chain) == dict.fromkeys(sorted(ids[:-1]), ids[-1])
    assert len(_people([*chain, (ids[-1], ids[0], dates[-1])])) == 1
    assert canonical_ids([(one, third, dates[0]) for one in parents]) == dict.fromkeys(sorted(parents), third)


def _come_to(merges: list[Edge]) -> list[Edge]:
    """One merge for each id that merges turned into another, with the date since when both are one."""
    return [(member, survivor, at) for member, (survivor, at) in joined_at(merges).items()]


def _people(merges: list[Edge]) -> set[frozenset[str]]:
    """The ids that are one person, for each person."""
    survivors = canonical_ids(merges)
    people: dict[str, set[str]] = {}
    for old, new, _ in merges:
        for member in {old, new} if old != new else ():
            people.setdefault(survivors.get(member, member), set()).add(member)
    return {frozenset(members) for members in people.values()}


@PATIENT
@given(merges=MERGES)
def test_a_survivor_survives(merges: list[Edge]):
    """Whoever is merged with somebody has the same survivor, and the survivor is not replaced itself."""
    survivors = canonical_ids(merges)

    for old, new, _ in merges:
        assert survivors.get(old, old) == survivors.get(new, new)
    assert all(survivor not in survivors for survivor in survivors.values())


@PATIENT
@given(merges=MERGES)
def test_joined_means_together_from_then_on_and_not_before(merges: list[Edge]):
    """With the merges up to the date two ids are one, with the earlier ones they are not yet."""
    for member, (survivor, at) in joined_at(merges).items():
        assert survivor == canonical_ids(merges)[member]
        assert _together(member, survivor, [edge for edge in merges if edge[2] <= at])
        assert not _together(member, survivor, [edge for edge in merges if edge[2] < at])


@pytest.mark.parametrize(
    ("merges", "survivors"),
    [
        pytest.param([("a", "b", 1), ("b", "c", 2)], {"a": "c", "b": "c"}, id="a chain"),
        pytest.param([("b", "c", 1), ("a", "b", 2)], {"a": "c", "b": "c"}, id="a chain told backwards"),
        pytest.param([("a", "c", 1), ("b", "c", 1)], {"a": "c", "b": "c"}, id="a merge that makes a third id"),
        pytest.param([("a", "b", 1), ("b", "a", 2)], {"b": "a"}, id="a circle: the latest word"),
        pytest.param([("a", "b", 1), ("a", "c", 2)], {"a": "c", "b": "c"}, id="two survivors: the latest word"),
        pytest.param([("a", "c", 1), ("a", "b", 1)], {"a": "b", "c": "b"}, id="two survivors at once: the smallest id"),
        pytest.param([("a", "a", 1)], {}, id="itself"),
    ],
)
def test_who_survives(merges: list[Edge], survivors: dict[str, str]):
    """The survivor is the id that no merge turned into another; where that does not decide, the latest merge does."""
    assert canonical_ids(merges) == survivors


def _together(one: str, other: str, merges: list[Edge]) -> bool:
    survivors = canonical_ids(merges)
    return survivors.get(one, one) == survivors.get(other, other)


@PATIENT
@given(MERGES, st.dictionaries(IDS, st.integers(0, 9)), st.randoms(use_true_random=False))
def test_whoever_stands_for_a_person_is_one_of_its_leads(merges: list[Edge], created: dict[str, int], random: Random):
    """Whoever stands is a lead where any of the union is, and no date of joining is before the first merge."""
    standing = standing_ids(canonical_ids(merges), created)
    shuffled = list(merges)
    random.shuffle(shuffled)

    joined = joined_at(merges, standing)
    assert joined_at(shuffled, standing) == joined
    assert {member: who for member, (who, _) in joined.items()} == dict(standing)
    for member, (who, at) in joined.items():
        assert standing.get(who, who) == who
        assert at in {when for *_, when in merges}
        assert who in created or member not in created
