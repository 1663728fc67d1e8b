"""Leads that sales sent back, counted by hand, and whether feedback finds its lead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mqlab.analysis.feedback.feedback import Feedback, feedback
from mqlab.analysis.feedback.mqls import BEFORE, Rulebook
from mqlab.analysis.feedback.window import month
from mqlab.definitions.model import Requalify
from mqlab.stats.estimate import NotEstimable
from tests.analysis.feedback.test_feedback import FORMS, UTC_ZONE, july, told
from tests.analysis.world import DAY, START, definitions, facts

DAY_US = 86_400_000_000


def july_with(requalify: Requalify | None, *outcomes: Any, **more: Any) -> Feedback:
    """July where leads with two forms are handed over, and may qualify again as `requalify` says."""
    known = told(*outcomes, **more)
    defined = definitions()
    book = Rulebook((), ((BEFORE, FORMS),), defined | {FORMS: replace(defined[FORMS], requalify=requalify)})
    return feedback(known, book, month("2026-07", UTC_ZONE), seed="lab", zone=UTC_ZONE)[0]


def test_due_back_in_the_month_and_in_the_next() -> None:
    """After ten days of rest `a` is due on 15 July, `b` on 8 August, and `c`, sent back late in August, in neither."""
    found = july_with(
        Requalify(10 * DAY_US, 3), ("a", "recycled", 4, None), ("b", "recycled", 28, None), ("c", "recycled", 55, None)
    ).recycled
    total = found.together

    assert (total.sent_back, total.for_good, total.due, total.due_next) == (2, 0, 1, 1)
    assert [(one.mql.lead_id, one.due_us == one.since_us + 10 * DAY_US) for one in found.rests] == [
        ("a", True), ("b", True),
    ]  # fmt: skip
    assert [one.definition for one in found.by_definition] == [FORMS]
    assert [row["lead"] for row in found.to_dict()["due_back"]] == ["a", "b"]


def test_who_still_holds_is_an_mql_again_as_soon_as_it_may() -> None:
    """`a` has its two forms on 15 July, too, when its rest ends; asked the day before it is not yet an MQL again."""
    outcome = ("a", "recycled", 4, None)
    later = july_with(Requalify(10 * DAY_US, 3), outcome).recycled
    before = july_with(Requalify(10 * DAY_US, 3), outcome, as_of=START + 13 * DAY).recycled

    assert (later.together.due, later.together.again, later.rests[0].again_us) == (1, 1, later.rests[0].due_us)
    assert (before.together.due, before.together.again, before.rests[0].again_us) == (1, 0, None)


def test_without_another_chance_they_are_gone_for_good() -> None:
    """Where the definition lets nobody qualify again, or once in all, nobody is due back."""
    for requalify in (None, Requalify(10 * DAY_US, 1)):
        found = july_with(requalify, ("a", "recycled", 4, None)).recycled

        assert (found.together.sent_back, found.together.for_good, found.rests) == (1, 1, ())


def test_sent_back_before_it_was_an_mql() -> None:
    """What sales sent back before the lead qualified starts no rest; a lead that never qualified is counted apart."""
    early = july_with(Requalify(10 * DAY_US, 3), ("a", "recycled", 0.5, None)).recycled
    stranger = told(("d", "recycled", 4, None))
    leads = facts([{"lead_id": name, "created_at": START} for name in "abcd"]).leads
    found = july(replace(stranger, leads=leads)).recycled

    assert (early.together.sent_back, early.rests) == (0, ())
    assert (found.together.sent_back, found.others, found.empty) == (0, 1, False)


def test_match_rates() -> None:
    """Two of three MQLs were heard of; one outcome row of four names nobody who is known."""
    known = replace(
        told(("a", "accepted", 3, None), ("b", "touched", 3, None), ("b", "rejected", 4, None)),
        unmatched_outcomes=1,
        quarantined=2,
    )
    found = july(known).matched

    assert (found.share, found.quarantined) == (0.75, 2)
    assert (found.together.handed, found.together.heard) == (3, 2)
    assert [(one.name, one.share) for one in found.by_definition] == [(FORMS, 2 / 3)]
    assert isinstance(july(told()).matched.share, NotEstimable)
