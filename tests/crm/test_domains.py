"""An outcome whose address no lead has belongs to the one lead of its company's domain, where the lab says so."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from mqlab.leads.links import Linking
from mqlab.leads.tables import Facts
from mqlab.store.engine import reading
from mqlab.store.ledger import Ledger
from tests.crm.conftest import NOW, Desk, a_desk
from tests.crm.test_order_free import FAST

BY_DOMAIN = Linking(same_domain=True, internal_domains=("ours.com",))
HEADS = {
    "leads": "lead_id,created_at,email,known_at",
    "outcomes": "lead_id,email,kind,occurred_at",
    "identity": "old_id,new_id,merged_at",
}
Row = tuple[str, str]


@contextmanager
def a_domain_desk(empty_ledger: Path, linking: Linking = BY_DOMAIN) -> Iterator[Desk]:
    """A desk of a lab that matches by domains, in memory where there is some."""
    with tempfile.TemporaryDirectory(dir=FAST) as folder, a_desk(Path(folder), empty_ledger, linking) as desk:
        yield desk


def lead(name: str, email: str = "", *, day: int = 1) -> Row:
    """A lead's row, as it was known on a day of July."""
    return "leads", f"{name},2026-07-01T00:00:00Z,{email},2026-07-{day:02}T00:00:00Z"


def outcome(email: str, *, lead_id: str = "", day: int = 1) -> Row:
    """An SQL of August."""
    return "outcomes", f"{lead_id},{email},sql,2026-08-{day:02}T00:00:00Z"


def hand_in(desk: Desk, rows: Sequence[Row]) -> dict[str, object]:
    """Each row in a file of its own; what became of the last."""
    for kind, row in rows:
        counts = desk.take(kind, f"{HEADS[kind]}\n{row}\n", internal_domains=BY_DOMAIN.internal_domains)
    return counts.to_dict()


def owners(desk: Desk) -> list[str]:
    """Whose the outcomes are."""
    return desk.facts().outcomes["lead_id"].to_pylist()


@pytest.mark.parametrize(
    ("address", "theirs", "found"),
    [
        pytest.param("cy@acme.com", "ada@acme.com", True, id="the same domain"),
        pytest.param("cy@acme.com", "ada@mail.acme.com", True, id="a domain below the company's"),
        pytest.param("cy@de.acme.co.uk", "ada@uk.acme.co.uk", True, id="two domains below it"),
        pytest.param("cy@acme.com", "ada@by-acme.com", False, id="another company that ends alike"),
        pytest.param("cy@acme.com", "ada@acme.com.example", False, id="another company that begins alike"),
        pytest.param("cy@gmail.com", "ada@gmail.com", False, id="free mail"),
        pytest.param("cy@mailinator.com", "ada@mailinator.com", False, id="disposable mail"),
        pytest.param("cy@sales.ours.com", "ada@ours.com", False, id="our own, below our domain"),
        pytest.param("Cy King <CY@ACME.COM>", "ada@acme.com", True, id="an address as people write it"),
        pytest.param("cy@bücher.de", "ada@xn--bcher-kva.de", True, id="the other way to write a name"),
        pytest.param("cy@localhost", "ada@localhost", False, id="no company at all"),
    ],
)
def test_a_companys_domain_finds_its_one_lead(empty_ledger: Path, address: str, theirs: str, found: bool):
    """Only a company's own domain names anybody, and then all that lies below it."""
    with a_domain_desk(empty_ledger) as desk:
        said = hand_in(desk, [lead("L1", theirs), outcome(address, lead_id="nobody")])

        assert (owners(desk), said["new"], said["unmatched"]) == (["L1"] * found, int(found), int(not found))
        assert desk.facts().outcomes["evidence"].to_pylist() == ["account_domain"] * found


def test_a_lab_that_does_not_ask_keeps_no_domain(empty_ledger: Path):
    """Off by default: the outcome waits, and its domain is nowhere in the store but with its lead."""
    with a_domain_desk(empty_ledger, Linking()) as desk:
        said = hand_in(desk, [lead("L1", "ada@acme.com"), outcome("cy@acme.com")])
        with reading(desk.ledger._engine) as connection:
            kept = connection.execute(text("SELECT account_domain FROM outcomes")).scalars().all()

        assert (owners(desk), said["unmatched"], kept) == ([], 1, [None])


def test_files_are_handed_in_again_after_it_was_switched_on(empty_ledger: Path, tmp_path: Path):
    """Then what waited finds its lead, counts once, and the third time nothing is new; off again it waits again."""
    rows = [lead("L1", "ada@acme.com"), outcome("cy@acme.com")]
    with a_domain_desk(empty_ledger, Linking()) as desk:
        hand_in(desk, rows)
        url = f"sqlite:///{desk.folder}/ledger.sqlite"
        with Ledger.open(url, create=False, linking=BY_DOMAIN) as asking:
            on = Desk(tmp_path, asking)
            first, position = hand_in(on, rows), asking.position()
            again = hand_in(on, rows)

            assert (first["unchanged"], first["new"], first["found"], owners(on)) == (1, 0, 1, ["L1"])
            assert (again["unchanged"], asking.position(), on.facts().unmatched_outcomes) == (1, position, 0)
            assert asking.unmatched.count() == 0
        hand_in(desk, rows)
        assert (owners(desk), desk.ledger.position()) == ([], position)


def test_a_tie_is_refused_with_its_reason_until_it_ends(empty_ledger: Path):
    """Two people of one company: the row waits in quarantine, and is released once they are one person."""
    with a_domain_desk(empty_ledger) as desk:
        said = hand_in(desk, [lead("L1", "ada@acme.com"), lead("L2", "bob@de.acme.com"), outcome("cy@acme.com")])

        assert (said["reasons"], desk.reasons(), owners(desk)) == (
            {"ambiguous_domain": 1}, ["ambiguous_domain"], [],
        )  # fmt: skip
        assert desk.facts().unmatched_outcomes == 1
        hand_in(desk, [("identity", "L2,L1,2026-09-01T00:00:00Z")])
        assert (owners(desk), desk.reasons(), desk.facts().unmatched_outcomes) == (["L1"], [], 0)


def test_an_address_counts_before_a_domain_and_an_id_before_both(empty_ledger: Path):
    """A colleague with the address, and a lead with the id, are never passed over."""
    rows = [
        lead("L1", "ada@acme.com"), lead("L2", "bob@beta.io"), outcome("ada@acme.com"),
        outcome("cy@acme.com", lead_id="L2", day=2), outcome("cy@acme.com", day=3),
    ]  # fmt: skip
    with a_domain_desk(empty_ledger) as desk:
        hand_in(desk, rows)
        assert list(zip(owners(desk), desk.facts().outcomes["evidence"].to_pylist(), strict=True)) == [
            ("L1", "stated"), ("L1", "account_domain"), ("L2", "stated"),
        ]  # fmt: skip

        hand_in(desk, [lead("L3", "cy@acme.com")])
        assert owners(desk) == ["L1", "L2", "L3"]


def test_a_dry_run_counts_who_is_found_by_domain(empty_ledger: Path):
    """The match rate respects it, a note says how many, and the first rows show no domain."""
    with a_domain_desk(empty_ledger) as desk:
        hand_in(desk, [lead("L1", "ada@acme.com")])
        content = "\n".join([HEADS["outcomes"], outcome("cy@acme.com")[1], outcome("dan@beta.io")[1], ""])

        counts = desk.take("outcomes", content, dry_run=True)

        assert counts.match_rate == 0.5
        assert counts.notes[-1] == (
            "Rows whose lead was found by the domain of its company alone: 1 ([crm] match_domains)."
        )
        assert "acme" not in str(counts.to_dict()["first_rows"])


def test_every_order_of_two_leads_their_merge_and_an_outcome_ends_alike(empty_ledger: Path):
    """A lead that comes later finds what waited, or makes a tie of what was found."""
    rows = [lead("L1", "ada@acme.com"), lead("L2", "bob@acme.com"), outcome("cy@acme.com")]
    for order in itertools.permutations(rows):
        with a_domain_desk(empty_ledger) as desk:
            for count in (2, 3):
                hand_in(desk, order[:count])
                alone = {kind_row for kind_row in order[:count] if kind_row[0] == "leads"}
                one = outcome("cy@acme.com") in order[:count] and len(alone) == 1
                assert len(owners(desk)) == int(one)
            assert desk.facts().unmatched_outcomes == 1


ADDRESSES = st.sampled_from(
    ["", "ada@acme.com", "bob@acme.com", "cy@de.acme.com", "dee@gmail.com", "eve@beta.co.uk", "fay@sales.beta.co.uk"]
)
PEOPLE = st.sampled_from(["L1", "L2", "L3"])


@st.composite
def files(draw: st.DrawFn) -> list[Row]:
    """Leads that may have several addresses, merges, and outcomes by id, by address or by both."""
    rows = [lead(draw(PEOPLE), draw(ADDRESSES), day=day) for day in range(1, draw(st.integers(1, 5)))]
    rows += [
        ("identity", f"{old},{new},2026-07-{draw(st.integers(2, 9)):02}T00:00:00Z")
        for _ in range(draw(st.integers(0, 2)))
        if (old := draw(PEOPLE)) != (new := draw(PEOPLE))
    ]
    for day in range(1, draw(st.integers(2, 5))):
        named = draw(st.sampled_from(["", "", "nobody", "L1", "L3"]))
        rows.append(outcome(draw(ADDRESSES.filter(bool) if not named else ADDRESSES), lead_id=named, day=day))
    return list(dict.fromkeys(rows))


FEW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(made=files(), data=st.data())
def test_any_order_gives_the_same_facts(empty_ledger: Path, made: list[Row], data: st.DataObject):
    """In files of one row each, shuffled and some of them twice, and read of one lead as a part of all."""
    _compare(empty_ledger, made, data)


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(FEW, max_examples=200)
@given(made=files(), data=st.data())
def test_any_order_gives_the_same_facts_in_a_long_run(empty_ledger: Path, made: list[Row], data: st.DataObject):
    """The same law over many more files."""
    _compare(empty_ledger, made, data)


def _compare(empty_ledger: Path, made: list[Row], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations([*made, *data.draw(st.lists(st.sampled_from(made), max_size=2))]))

    in_order, in_another = _facts(empty_ledger, made), _facts(empty_ledger, shuffled)

    assert in_order == in_another


def _facts(empty_ledger: Path, rows: Sequence[Row]) -> Facts:
    with a_domain_desk(empty_ledger) as desk:
        hand_in(desk, rows)
        everything = replace(desk.facts(NOW), position=0, quarantined=0)
        for one in ("L1", "L3"):
            few, same = desk.facts(leads=[one]), _person(everything, one)
            kept = [row for row in everything.outcomes.to_pylist() if row["lead_id"] in same]
            assert few.outcomes.to_pylist() == kept
        return everything


def _person(facts: Facts, one: str) -> Collection[str]:
    same = {one}
    for _ in range(3):
        for row in facts.identity.to_pylist():
            if not same.isdisjoint((row["old_id"], row["new_id"])):
                same |= {row["old_id"], row["new_id"]}
    return same
