"""The monthly feedback pack: what it says of a month, and texts of sales that are shown and do nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mqlab.analysis.feedback.feedback import Feedback, feedback
from mqlab.analysis.feedback.mqls import BEFORE, Rulebook
from mqlab.analysis.feedback.window import month
from mqlab.definitions.model import Requalify
from mqlab.leads.tables import Facts
from mqlab.reports import format as fmt
from mqlab.reports.document import Document
from mqlab.reports.feedback_leads import Disputed, Happened
from mqlab.reports.feedback_pack import build
from mqlab.reports.formats import ReportFormat, render
from mqlab.reports.markdown import render as markdown
from mqlab.reports.numbers import numbers
from mqlab.reports.printable import cleaned
from tests.analysis.feedback.test_feedback import FORMS, UTC_ZONE
from tests.analysis.world import DAY, START, definitions, facts
from tests.reports.test_formats import HOSTILE, is_text

DAY_US = 86_400_000_000


def july(known: Facts) -> Feedback:
    """July 2026 where leads with two forms are handed over and rest for ten days when they are sent back."""
    defined = definitions()
    defined[FORMS] = replace(defined[FORMS], requalify=Requalify(10 * DAY_US, 3))
    book = Rulebook((), ((BEFORE, FORMS),), defined)
    return feedback(known, book, month("2026-07", UTC_ZONE), seed="lab", zone=UTC_ZONE)[0]


def world(*said: tuple[int, str, float, str | None], leads: int = 6, **more: Any) -> Facts:
    """Leads that qualify on 3 July, and what sales said of them: lead, kind, day, reason."""
    names = [f"lead-{k}" for k in range(leads)]
    forms = [{"lead_id": name, "name": "form_submit", "occurred_at": START + day * DAY}
             for name in names for day in (1, 2)]  # fmt: skip
    rows = [{"lead_id": names[k], "kind": kind, "occurred_at": START + day * DAY, "reason_code": reason,
             "owner": f"{k % 2:x}" * 64} for k, kind, day, reason in said]  # fmt: skip
    return facts([{"lead_id": name, "created_at": START, "source": f"source {k % 2}"} for k, name in enumerate(names)],
                 events=forms, outcomes=rows, **more)  # fmt: skip


SAID = (
    (0, "accepted", 2.5, None), (1, "rejected", 4, "hand-01"), (2, "rejected", 5, "fit-02"), (3, "rejected", 6, None),
    (4, "recycled", 8, None),
)  # fmt: skip


def pack(known: Facts, *, happened: str = "arrived", **more: Any) -> Document:
    """The document of July."""
    found = july(known)
    leads = [Disputed(one, False, (Happened(START, happened),), None) for one in found.sample]
    return cleaned(build(found, leads, lab="lab", zone=UTC_ZONE, **more))


@pytest.fixture(scope="module")
def made() -> Document:
    """A month with an answer of each kind."""
    return pack(world(*SAID))


def test_the_answer_comes_first_in_plain_words(made: Document):
    """One paragraph: who was taken, why others were not, whether sales was in time, who is due back."""
    text = markdown(made).replace("\\", "")

    assert (
        "Of 6 MQLs handed over in July 2026, sales has accepted 1 (16.7%), rejected 3 (50.0%) and not answered 2. In "
        "July 2026 itself 3 MQLs were rejected, whenever handed over, most often as “wrong industry” (1, 33.3%)."
    ) in text
    assert "1 recycled lead came due back in July 2026, and 0 do in August 2026." in text
    assert "Of 3 rejected MQLs 1 came too early and none too late." in text
    assert [section.id for section in made.sections] == [
        "summary", "acceptance", "reasons", "timing", "leads", "recycled", "promises", "surveys", "matches", "methods",
    ]  # fmt: skip


def test_its_numbers_are_those_of_the_json(made: Document):
    """Every number with a source stands there in the feedback's JSON, unrounded."""
    found = july(world(*SAID))
    whole = json.loads(json.dumps({**found.to_dict(), "sample": [{"hours_to_rejection": None}] * 3}))
    placed = [one for one in numbers(made) if one.cell.source and not one.cell.source.startswith("/sample")]

    assert len(placed) > 40
    for one in placed:
        value = whole
        for key in str(one.cell.source).split("/")[1:]:
            value = value[int(key)] if isinstance(value, list) else value[key]
        assert one.number.value == pytest.approx(value), one.words


def test_owners_are_shown_by_their_hash(made: Document):
    """Twelve letters of it, with what each missed; whoever is late most stands first."""
    table = next(one for one in made.sections if one.id == "promises").blocks[-1]

    assert table.id == "promises-owners"  # type: ignore[union-attr]
    assert {row[0].text for row in table.rows} == {"0" * 12, "1" * 12, "no owner named"}  # type: ignore[union-attr]


def test_leads_without_an_owner_stand_where_their_misses_put_them():
    """Five of six leads that nobody answered have no owner: they were late most often, and stand first."""
    table = next(one for one in pack(world((0, "touched", 9, None))).sections if one.id == "promises").blocks[-1]

    assert [row[0].text for row in table.rows] == ["no owner named", "0" * 12]  # type: ignore[union-attr]


def test_a_month_without_anything_says_so():
    """No feedback at all: a page that says what is missing and how to bring it, in every section that is left."""
    told = pack(facts([]), notes=("Experiment x was not asked.",), manifest=(("mqlab", "1"),))
    text = markdown(told).replace("\\", "")

    assert [section.id for section in told.sections] == ["summary", "matches", "methods"]
    assert "Nothing to report" in text and "mqlab ingest outcomes FILE" in text
    assert "There is no sales feedback in the ledger yet." in text and "Experiment x was not asked." in text


def test_a_month_in_which_nobody_was_rejected():
    """Leads were handed over and nothing was said: each section says so, and there is no chart."""
    text = markdown(pack(world())).replace("\\", "")

    for told in ("No MQL was rejected in July 2026.", "No rejected MQL to talk about.", "nobody is due back",
                 "No rejection of July 2026 says", "No lead was lost in July 2026."):  # fmt: skip
        assert told in text


def test_a_month_that_goes_on_says_so():
    """Asked on 10 July the counts will grow."""
    text = markdown(pack(world(*SAID, as_of=START + 9 * DAY)))

    assert "July 2026 is not over at this instant" in text and "July 2026, not over" in text


def test_numbers_and_months_are_those_of_the_locale():
    """In German the month, the dates and the decimal commas are German, the numbers behind them equal."""
    with fmt.written_in("de"):
        told = pack(world(*SAID))
    text = markdown(told)

    assert "16,7" in text and "Juli 2026" in text and "16.7%" not in text and "July" not in text
    assert [one.number.value for one in numbers(told)] == [one.number.value for one in numbers(pack(world(*SAID)))]


MARKUP = " ".join(HOSTILE[name] for name in ("formula", "html", "typst", "markdown", "template", "xml", "address"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(MARKUP, id="markup"),
        pytest.param(HOSTILE["right to left"], id="right to left", marks=pytest.mark.long),
        pytest.param(HOSTILE["emoji"], id="emoji", marks=pytest.mark.long),
        pytest.param(HOSTILE["control"].replace("\ud800", ""), id="control", marks=pytest.mark.long),
        pytest.param(HOSTILE["long"], id="long", marks=pytest.mark.long),
    ],
)
def test_every_text_of_sales_is_text_in_every_format(text: str):
    """A reason, and what happened to a lead, holds scripts, formulas, 5,000 letters: shown everywhere, nothing done."""
    made = pack(world((0, "rejected", 4, text), (1, "rejected", 5, "fit-01")), happened=text)

    is_text({to: render(made, to) for to in ReportFormat}, text)


def test_other_reasons_are_told_below_their_bars():
    """More reasons than bars: the last bar is of all others, and a note says which and how many."""
    said = [(k, "rejected", 4, f"own-{k}") for k in range(10)]
    text = markdown(pack(world(*said, (10, "rejected", 4, None), leads=12))).replace("\\", "")

    assert "In “other reasons”, over all definitions: own-8 1, own-9 1, no reason given 1." in text
    assert "other reasons" not in markdown(pack(world(*SAID)))


def test_ways_to_qualify_and_unknown_sources_have_one_name():
    """A fast track is called what the experiment's report calls it; a source that is missing is not known."""
    found = july(world(*SAID))
    group = replace(found.rejections.by_rule[0], name="fast_track:hand-raise")
    rejections = replace(
        found.rejections,
        by_rule=(group,),
        by_source=tuple(replace(one, name=None) for one in found.rejections.by_source[:1]),
    )
    text = markdown(build(replace(found, rejections=rejections), (), lab="lab", zone=UTC_ZONE)).replace("\\", "")

    assert "| fast track hand-raise |" in text and "fast_track" not in text
    assert "| not known |" in text and "| none |" not in text


def test_a_survey_that_nobody_answered_is_told_once():
    """“0 of 4 leads lost answered” says it all; a rejection is a loss, too."""
    lost = [(k, "closed_lost", 9, None) for k in range(3)]
    text = markdown(pack(world(*SAID, *lost)))

    assert "0 of 4 leads lost in July 2026 (0.0%) answered a survey." in text
    assert "No lost lead answered" not in text
