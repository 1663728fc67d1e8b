"""Who signed what, and the calendar of looks: as the ledger says, and nothing that it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mqlab.reports.document import Document, Section
from mqlab.reports.look_calendar import calendar
from mqlab.reports.signatures import OnRecord, TakenThen, signatures
from tests.reports.samples import BERLIN, document, protocol, record, ship


def section(of: Document, name: str) -> Section:
    return next(one for one in of.sections if one.id == name)


def test_everybody_who_agreed_stands_with_role_and_time():
    """Approvals by definition and team, the start and the decision, and the hash of the manifest."""
    found = section(document(ship()), "signatures")
    lead, table, sealed, _ = found.blocks
    rows = [[cell.text for cell in row] for row in table.rows]

    assert lead.text == "Sam Sales decided on 5 Apr 2027 to ship challenger: It brings more SQLs."
    assert rows[0] == [
        "Approval of fit@1.4.0",
        "marketing",
        "Sam Sales",
        "24 Jun 2026, 12:00 (Europe/Berlin)",
        "9f" * 6,
    ]
    assert rows[-1][0] == "Decision: ship challenger"
    assert sealed.items == (("Manifest (SHA-256)", "5e" * 32),)


def test_a_missing_approval_is_said():
    """A team that approved nothing has a mark in its row, not no row."""
    table = section(document(ship()), "signatures").blocks[1]
    missing = [[cell.text for cell in row] for row in table.rows if row[2].kind == "status"]

    assert missing == [["Approval of intent@1.1.0", "sales", "none recorded", "–", "–"]]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        pytest.param((), "Nothing is signed: the experiment has not been started.", id="draft"),
        pytest.param(
            record().steps[:1], "Nobody has decided yet. The declared rule says of challenger: ship.", id="running"
        ),
        pytest.param(
            (*record().steps[:1], replace(record().steps[1], step="stop", because="budget")),
            "Sam Sales stopped the experiment on 5 Apr 2027, without a decision: Budget.",
            id="stopped",
        ),
        pytest.param(
            (replace(record().steps[1], details={"call": "keep", "arm": None, "disagreement": "The rule says ship."}),),
            "Sam Sales decided on 5 Apr 2027 to keep: It brings more SQLs. The rule says ship.",
            id="against the verdict",
        ),
    ],
)
def test_what_became_of_it_is_a_sentence(steps, said):
    """Draft, running, stopped, or decided against the verdict: the first sentence says so."""
    found = signatures(ship(), protocol(), replace(record(), steps=steps), BERLIN)

    assert found.blocks[0].text == said


def test_without_a_ledger_nobody_signs():
    """An analysis of facts alone has no section of signatures."""
    assert "signatures" not in [one.id for one in document(ship(), record=None).sections]


def test_every_look_has_its_standing():
    """Declared looks are due, planned or this report, a look in between is told as not declared."""
    looked = replace(ship(), as_of=datetime(2026, 12, 8, 21, tzinfo=UTC))
    seen = OnRecord(looks=(TakenThen(datetime(2026, 10, 1, 8, tzinfo=UTC), {"challenger": "inconclusive"}),))
    chart = calendar(looked, protocol(), seen, BERLIN).blocks[1]
    rows = [[cell.text for cell in row] for row in chart.numbers.rows]

    assert rows == [
        ["Enrolment", "1 Jul 2026", "30 Sep 2026", "over", "–"],
        ["Follow-up of 60 days: SQLs", "30 Sep 2026", "29 Nov 2026", "over", "–"],
        ["Follow-up of 180 days: deals won, revenue", "30 Sep 2026", "29 Mar 2027", "not over", "–"],
        ["Look", "1 Oct 2026", "–", "taken, not declared", "challenger: no decision yet"],
        ["Look", "5 Dec 2026", "–", "due, none recorded", "–"],
        ["Look", "5 Apr 2027", "–", "planned", "–"],
    ]
    assert "5 Apr 2027 planned" in chart.alternative


def test_a_look_taken_on_its_day_is_taken():
    """Any instant of the day after the declared one is that look; the report's own is marked."""
    seen = OnRecord(looks=(TakenThen(datetime(2026, 12, 6, 9, tzinfo=UTC), {"challenger": "keep"}),))
    rows = calendar(ship(), protocol(), seen, BERLIN).blocks[1].numbers.rows

    assert [[cell.text for cell in row[1:]] for row in rows[-2:]] == [
        ["5 Dec 2026", "–", "taken", "challenger: keep the control"],
        ["5 Apr 2027", "–", "this report", "challenger: ship"],
    ]
