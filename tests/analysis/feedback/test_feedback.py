"""The whole of a month's feedback, from facts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from mqlab.analysis.feedback.feedback import Feedback, feedback
from mqlab.analysis.feedback.mqls import BEFORE, Rulebook
from mqlab.analysis.feedback.window import Window, month
from mqlab.leads.tables import Facts
from tests.analysis.world import DAY, START, definitions, facts, random_facts

UTC_ZONE = ZoneInfo("UTC")
FORMS = "forms@1.0.0"


def july(known: Facts) -> Feedback:
    """The feedback of July 2026 where leads with two forms are handed over."""
    book = Rulebook((), ((BEFORE, FORMS),), definitions())
    return feedback(known, book, month("2026-07", UTC_ZONE), seed="lab", zone=UTC_ZONE)[0]


def told(*outcomes: tuple[str, str, float, str | None], **more: Any) -> Facts:
    """Three leads that qualify on 3 July, and what sales said of them."""
    names = ("a", "b", "c")
    forms = [{"lead_id": name, "name": "form_submit", "occurred_at": START + day * DAY} for name in names
             for day in (1, 2)]  # fmt: skip
    rows = [
        {"lead_id": name, "kind": kind, "occurred_at": START + day * DAY, "reason_code": reason}
        for name, kind, day, reason in outcomes
    ]
    leads = [{"lead_id": name, "created_at": START} for name in names]
    return facts(leads, events=forms, outcomes=rows, **more)


def test_a_month_by_hand() -> None:
    """Three MQLs, one taken, one rejected as too early two days after it qualified, one lost that answered why."""
    found = july(
        told(("a", "accepted", 3, None), ("b", "rejected", 4, "hand-01"), ("c", "closed_lost", 9, "qual-01"),
             ("c", "survey", 12, "too expensive"))
    )  # fmt: skip

    assert (found.rejections.handed, found.rejections.accepted, found.rejections.turned_down) == (3, 1, 1)
    assert [(one.definition, one.name, one.handed, one.rejected) for one in found.rejections.by_rule] == [
        (FORMS, "forms", 3, 1)
    ]
    assert found.rejections.timing[0].median_us == 2 * 86_400_000_000
    assert found.surveys.to_dict()["answers"] == [{"answer": "too expensive", "leads": 1, "share": 1.0}]
    assert [one.mql.lead_id for one in found.sample] == ["b"]
    assert found.handover == "computed"
    assert [dict(one.fates)["missed"] for one in found.promises.together] == [3, 0]


def test_what_was_not_known_yet_does_not_count() -> None:
    """Asked on 4 July at noon, the rejection of that day is not there; a month that goes on says so."""
    found = july(told(("b", "rejected", 4.5, None), as_of=START + 3.5 * DAY))

    assert (found.rejections.rejected, found.rejections.undecided, found.unfinished) == (0, 3, True)


def test_an_implied_stage_is_not_what_sales_said() -> None:
    """A row taken from a later stage neither answers nor rejects."""
    known = told(("b", "rejected", 4, None))
    column = known.outcomes.column_names.index("evidence")
    implied = known.outcomes.set_column(column, "evidence", pa.array(["inferred"]))

    assert july(replace(known, outcomes=implied)).rejections.rejected == 0


def test_a_lead_merged_away_counts_once_with_what_both_names_said() -> None:
    """`b` becomes `a`: sales rejected the one and took the other, which is one MQL that was taken."""
    merges = [{"old_id": "b", "new_id": "a", "merged_at": START + 6 * DAY}]
    known = told(("b", "rejected", 4, "hand-01"), ("a", "accepted", 8, None))
    found = july(replace(known, identity=facts([], merges=merges).identity))

    assert (found.rejections.handed, found.rejections.accepted, found.rejections.rejected) == (2, 1, 1)
    assert [one.mql.lead_id for one in found.sample] == ["a"]


def test_the_order_of_the_rows_is_of_no_matter() -> None:
    """A random funnel shuffled row by row gives the same feedback, sample included."""
    known = random_facts(8, 250)
    order = np.random.default_rng(1).permutation(known.outcomes.num_rows)
    shuffled = replace(
        known,
        outcomes=known.outcomes.take(pa.array(order)),
        leads=known.leads.take(pa.array(np.random.default_rng(2).permutation(known.leads.num_rows))),
    )
    one, other = july(known), july(shuffled)

    assert one.rejections.rejected > 10
    assert one == other
    assert one.to_dict() == other.to_dict()


def test_months_add_up() -> None:
    """Every MQL is handed over in exactly one month, and every month is a month of the lab's own clock."""
    known = random_facts(9, 200)
    book = Rulebook((), ((BEFORE, FORMS),), definitions())
    zone = ZoneInfo("Europe/Berlin")
    months = [month(f"2026-{number:02d}", zone) for number in range(5, 13)]
    whole = Window("all", months[0].begin, months[-1].end)
    handed = [feedback(known, book, one, seed="lab", zone=zone)[0].rejections.handed for one in (*months, whole)]

    assert all(one.end == other.begin for one, other in pairwise(months))
    assert sum(handed[:-1]) == handed[-1] > 50
