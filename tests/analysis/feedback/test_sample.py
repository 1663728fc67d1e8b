"""The dispute sample: the same for everybody, in any order, and spread over definitions and reasons."""

from __future__ import annotations

import hashlib
import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.analysis.feedback.rejections import Rejected
from mqlab.analysis.feedback.sample import dispute_sample
from tests.analysis.feedback.hand_made import day_us, mql

REASONS = ("hand-01", "fit-01", None)


def rejected(lead_id: str, definition: str = "forms@1.0.0", reason: str | None = "hand-01", day: float = 3) -> Rejected:
    """A rejected MQL."""
    return Rejected(mql(lead_id, 1, definition=definition), day_us(day), reason, None)


def many() -> list[Rejected]:
    """400 of one reason, and of another definition three, each of another reason."""
    common = [rejected(f"A{n:03d}", day=n / 20) for n in range(400)]
    return [*common, *(rejected(f"B{n}", "visits@1.0.0", reason) for n, reason in enumerate(REASONS))]


def test_the_rare_are_heard() -> None:
    """All three leads of the small definition are among twenty; drawn evenly, 20 of 403 would hold 0.15 of them."""
    sample = dispute_sample(many(), seed="lab\x002026-07")

    assert len(sample) == 20
    assert Counter(one.mql.definition for one in sample) == {"forms@1.0.0": 17, "visits@1.0.0": 3}
    assert [(one.at_us, one.mql.lead_id) for one in sample] == sorted((one.at_us, one.mql.lead_id) for one in sample)


def test_within_one_definition_and_reason_the_smallest_hashes_are_drawn() -> None:
    """The lot of a lead is the SHA-256 of seed, the word "lead" and its id, worked here by itself."""
    alike = [rejected(f"A{n:03d}") for n in range(50)]

    def lot(one: Rejected) -> str:
        return hashlib.sha256(b"lab\x002026-07\x00lead\x00" + one.mql.lead_id.encode()).hexdigest()

    drawn = {one.mql.lead_id for one in dispute_sample(alike, seed="lab\x002026-07")}

    assert drawn == {one.mql.lead_id for one in sorted(alike, key=lot)[:20]}


def test_another_month_or_lab_draws_others() -> None:
    """The seed decides: three seeds, three samples of 50 alike leads."""
    alike = [rejected(f"A{n:03d}") for n in range(50)]
    found = {tuple(one.mql.lead_id for one in dispute_sample(alike, seed=seed)) for seed in ("a\0m", "b\0m", "a\0n")}

    assert len(found) == 3


@given(
    st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from(REASONS), st.integers(0, 30)), max_size=60),
    st.integers(0, 25),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_deterministic_order_free_and_fair(
    world: list[tuple[str, str | None, int]], size: int, shuffle: random.Random
) -> None:
    """Any order of the leads gives the same sample; no definition has fewer than its turn unless it has no more.

    Within a definition the same holds of its reasons.
    """
    leads = [rejected(f"L{n}", ref, reason, day) for n, (ref, reason, day) in enumerate(world)]
    again = list(leads)
    shuffle.shuffle(again)
    sample = dispute_sample(leads, seed="s", size=size)

    assert sample == dispute_sample(again, seed="s", size=size)
    assert len(sample) == len({one.mql.lead_id for one in sample}) == min(size, len(leads))
    there, drawn = (Counter(one.mql.definition for one in some) for some in (leads, sample))
    most = max(drawn.values(), default=0)
    assert all(drawn[ref] >= min(there[ref], most - 1) for ref in there)
    for ref in there:
        mine, taken = (Counter(one.reason for one in some if one.mql.definition == ref) for some in (leads, sample))
        top = max(taken.values(), default=0)
        assert all(taken[reason] >= min(mine[reason], top - 1) for reason in mine)
