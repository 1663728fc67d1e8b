"""To which lead an opportunity belongs, over any links: an order that does not depend on how they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.leads.identity import canonical_ids, standing_ids
from mqlab.leads.links import IN_WINDOW, Link, Linking, LinkKind, account_ref, claims, merged_deals, opportunity_ref

DEALS = [opportunity_ref("x", own) for own in "OPQ"]
ACCOUNTS = [account_ref("x", own) for own in "AB"]
LEADS = list("abcde")
INSTANTS = st.integers(0, 20)
KINDS = st.sampled_from([kind for kind in LinkKind if kind < LinkKind.ACCOUNT])
LINKS = st.lists(
    st.one_of(
        st.builds(Link, st.sampled_from(DEALS), st.sampled_from(LEADS), KINDS, INSTANTS),
        st.builds(Link, st.sampled_from(DEALS), st.sampled_from(ACCOUNTS), st.just(LinkKind.ACCOUNT), INSTANTS),
        st.builds(Link, st.sampled_from(ACCOUNTS), st.sampled_from(LEADS), st.just(LinkKind.ASSOCIATED), INSTANTS),
        st.builds(Link, st.sampled_from(DEALS), st.sampled_from(DEALS), st.just(LinkKind.MERGED), INSTANTS),
        st.builds(Link, st.sampled_from(DEALS), st.sampled_from(LEADS), st.just(LinkKind.REMOVED), INSTANTS),
    ),
    max_size=12,
)
MERGES = st.lists(st.tuples(st.sampled_from(LEADS), st.sampled_from(LEADS), INSTANTS), max_size=4)
CREATED = st.dictionaries(st.sampled_from(LEADS), INSTANTS)
WIDE = Linking(window_us=10**12, same_account=True)


@given(LINKS, MERGES, CREATED, st.randoms(use_true_random=False))
def test_links_in_any_order_and_number_give_the_same_owner(links, merges, created, random):
    """Shuffling links changes nothing; the owner's link is the best, its person first, and merged deals have one."""
    standing = standing_ids(canonical_ids(merges), created)
    found = claims(links, standing, created, WIDE)
    shuffled = [*links, *links[:3]]
    random.shuffle(shuffled)

    assert claims(shuffled, standing, created, WIDE) == found
    for owner, *others in found.values():
        assert owner.lead in created
        assert standing.get(owner.lead, owner.lead) == owner.lead
        assert all((owner.kind, owner.created_us) <= (one.kind, one.created_us) for one in others)
        assert len({one.lead for one in (owner, *others)}) == len(others) + 1
    assert all(found.get(old) == found.get(new) for old, new in merged_deals(links).items())


@given(LINKS, CREATED)
def test_without_a_window_only_conversions_and_associations_are_left(links, created):
    """A window of nothing, and no accounts, take contact roles and accounts away and nothing else."""
    found = claims(links, {}, created, Linking(window_us=-(10**12)))
    rest = [link for link in links if link.kind not in IN_WINDOW]

    assert found == claims(rest, {}, created, WIDE)


@pytest.mark.parametrize(
    ("links", "claimed"),
    [
        pytest.param("a1 a2- b3", "b", id="another one"),
        pytest.param("a1 b2 a3-", "b", id="one of two"),
        pytest.param("a1 a2- a3 b4", "ab", id="back again"),
        pytest.param("a1 a2- a2 b1", "ab", id="another label at the same instant"),
        pytest.param("a1 a2-", "a", id="nobody else"),
        pytest.param("a1 b1 a2- b3-", "b", id="the last to go"),
        pytest.param("b2-", "", id="what never was"),
    ],
)
def test_a_removed_link_counts_only_where_none_is_left(links: str, claimed: str):
    """A removal ends what linked the two before it; a deal that lost every link stays with the last."""
    made = [
        Link(DEALS[0], one[0], LinkKind.REMOVED if one.endswith("-") else LinkKind.ASSOCIATED, int(one[1]))
        for one in links.split()
    ]
    found = claims(made, {}, {"a": 0, "b": 1}, WIDE)

    assert "".join(claim.lead for claim in found.get(DEALS[0], ())) == claimed
