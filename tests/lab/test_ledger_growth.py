"""An analysis reads the doings of the leads it can concern, and says what it would say had it read everything."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from mqlab.analysis.bystanders import Concerned
from mqlab.lab import Lab
from mqlab.lab.analyze import analyze
from mqlab.lab.progress import silent
from mqlab.store.around import Around
from tests.cli.small_lab import LOOK, fed_lab
from tests.store.server import own_database

EXPERIMENT = "demo-requests"


LINKED = ["L0001", "O13", "L0002", "L0003", "O05", "O14", "L0011", "L0012", "O15", "L0077", "L0004", "O16"]
"""The leads that contact roles name, two for each deal."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The small lab, and leads before and after its enrolment, some merged with those of the experiment.

    Deals are linked by contact roles to leads of both, one row finds no lead and one cannot be read.
    """
    folder = tmp_path_factory.mktemp("growth")
    lab = fed_lab(folder / "lab")
    feeds = {
        "leads": ["lead_id,created_at,known_at,source,email,employees"],
        "events": ["event_id,lead_id,name,occurred_at,known_at,path,form"],
        "field-changes": ["lead_id,field,value,changed_at,known_at"],
        "outcomes": ["lead_id,kind,occurred_at,known_at"],
        "identity": ["old_id,new_id,merged_at"],
    }
    for number in range(40):
        lead, at = f"O{number:02}", "2025-06-01T08:00:00Z" if number % 4 else "2026-03-20T08:00:00Z"
        feeds["leads"].append(f"{lead},{at},{at},organic,p{number}@acme-{number}.com,400")
        feeds["events"].append(f"X{number},{lead},page_view,2026-03-21T08:00:00Z,2026-03-21T08:00:00Z,/pricing,")
        feeds["field-changes"].append(f"{lead},employees,8,2026-03-21T08:00:00Z,2026-03-21T08:00:00Z")
        feeds["outcomes"].append(f"{lead},handed_off,2025-12-01T08:00:00Z,2025-12-01T08:00:00Z")
    for number in range(12):
        old, new = (f"O{number:02}", f"L{number * 7:04}")[:: 1 if number % 2 else -1]
        feeds["identity"].append(f"{old},{new},2026-02-{number + 1:02}T08:00:00Z")
    feeds["identity"].append("anonymous,L0100,2026-02-01T08:00:00Z")
    feeds["events"].append("X99,anonymous,form_submit,2026-01-20T08:00:00Z,2026-01-20T08:00:00Z,,demo")
    for kind, lines in feeds.items():
        file = folder / f"{kind}.csv"
        file.write_text("\n".join(lines) + "\n")
        assert lab.ingest(kind, file, now=LOOK).quarantined == 0
    later = {
        ("identity", "salesforce", 0): "Id,OpportunityId,ContactId,IsPrimary,CreatedDate\n"
        + "".join(f"R{n},D{n % 6},{lead},{n % 2},2026-02-20T08:00:00Z\n" for n, lead in enumerate(LINKED)),
        ("outcomes", "salesforce", 0): "Id,CreatedDate,Type,IsClosed,IsWon,CloseDate,Amount\n"
        + "".join(f"D{n},2026-02-21T08:00:00Z,New Business,true,true,2026-03-10,{n}000\n" for n in range(6)),
        ("outcomes", "csv", 1): "lead_id,kind,occurred_at\nNOBODY,sql,2026-02-01T08:00:00Z\nL0001,sql,never\n",
    }
    for (kind, preset, bad), text in later.items():
        file = folder / f"{preset}-{kind}.csv"
        file.write_text(text)
        assert lab.ingest(kind, file, now=LOOK, preset=preset).quarantined == bad
    yield lab
    lab.ledger.close()


def said(lab: Lab, *, everybody: bool = False, as_of: datetime = LOOK, back: int = 0) -> dict[str, Any]:
    """The whole analysis, so many ledger positions back; of `everybody` everything is read, hashed and looked at."""
    position = lab.ledger.position() - back
    with pytest.MonkeyPatch.context() as patch:
        if everybody:
            alike = "mqlab.analysis.analyze.concerned"
            patch.setattr(alike, lambda _protocol, _definitions, facts, _overrides: Concerned(facts, {}))
        found = analyze(lab, EXPERIMENT, as_of=as_of, position=position, progress=silent, hashed=everybody)
    return json.loads(json.dumps(found.to_dict()))


def test_what_others_did_is_not_read_and_changes_nothing(lab: Lab):
    """Events and field changes of leads that came before or after the enrolment are left in the ledger."""
    window = Around(datetime(2026, 1, 4, 23, tzinfo=UTC), datetime(2026, 3, 1, 22, 59, 59, tzinfo=UTC), everybody=True)
    whole, few = lab.ledger.facts(as_of=LOOK), lab.ledger.facts(as_of=LOOK, around=window)

    left = set(whole.events["event_id"].to_pylist()) - set(few.events["event_id"].to_pylist())
    assert left == {f"X{number}" for number in range(12, 40)}
    assert few.field_changes.num_rows == 12
    assert (few.leads, few.outcomes, few.identity) == (whole.leads, whole.outcomes, whole.identity)
    assert (few.unmatched_outcomes, few.quarantined, few.claims.num_rows > 6) == (1, 1, True)


@pytest.mark.parametrize(
    "when",
    [
        pytest.param({}, id="now"),
        pytest.param({"as_of": datetime(2026, 3, 15, tzinfo=UTC), "back": 2}, id="as of a day, at an earlier position"),
    ],
)
def test_the_analysis_is_that_of_everybody(lab: Lab, when: dict[str, Any]):
    """Nothing of it changes, to the last digit, for what was left in the ledger."""
    assert said(lab, **when) == said(lab, everybody=True, **when)


YEARS = {
    ("leads", "csv"): """\
lead_id,created_at,known_at,source,email,employees,modified_at
Z1,2022-03-01T08:00:00Z,2022-03-01T08:00:00Z,organic,old1@alpha.example,8,
Z2,2022-04-01T08:00:00Z,2022-04-01T08:00:00Z,organic,p3@acme-36.com,8,
Z3,2022-05-01T08:00:00Z,2022-05-01T08:00:00Z,organic,old3@beta.example,400,
Z4,2022-06-01T08:00:00Z,2022-06-01T08:00:00Z,organic,old4@gamma.example,400,
Z5,2023-06-01T08:00:00Z,2023-06-01T08:00:00Z,organic,old5@delta.example,400,
Z6,2022-06-01T08:00:00Z,2022-06-01T08:00:00Z,organic,old6@delta.example,400,2022-06-01T08:00:00Z
Z6,2026-01-20T08:00:00Z,2026-02-20T08:00:00Z,organic,old6@delta.example,400,2026-02-20T08:00:00Z
Z7,2022-06-01T08:00:00Z,2022-06-01T08:00:00Z,organic,old7@delta.example,400,2022-06-01T08:00:00Z
Z7,2026-03-20T08:00:00Z,2026-03-20T09:00:00Z,organic,old7@delta.example,400,2026-03-20T08:00:00Z
Z8,2026-04-20T08:00:00Z,2026-04-20T08:00:00Z,organic,old8@delta.example,400,
Z9,2025-05-01T08:00:00Z,2025-05-01T08:00:00Z,organic,old9@delta.example,400,
Z10,2026-03-25T08:00:00Z,2026-02-01T08:00:00Z,organic,old10@delta.example,400,
Z11,2022-06-01T08:00:00Z,2022-06-01T08:00:00Z,organic,p9@acme-29.com,400,
Z13,2022-06-01T08:00:00Z,2022-06-01T08:00:00Z,organic,old13@delta.example,400,
Opportunity:q,2022-03-01T08:00:00Z,2022-03-01T08:00:00Z,organic,,8,
Z 12,2022-06-01T08:00:00Z,2022-06-01T08:00:00Z,organic,old12@delta.example,400,
""",
    ("identity", "csv"): """\
old_id,new_id,merged_at
Z4,Z5,2023-07-01T08:00:00Z
cookie,Z3,2022-07-01T08:00:00Z
Opportunity:q,L0003,2026-02-01T08:00:00Z
""",
    ("outcomes", "csv"): """\
lead_id,kind,occurred_at,known_at,opportunity_id,amount,currency,row_id,modified_at,email
Z1,accepted,2022-03-05T08:00:00Z,2023-03-05T08:00:00Z,,,,a1,2022-03-05T08:00:00Z,
Z1,closed_won,2022-05-05T08:00:00Z,2023-05-05T08:00:00Z,OLD1,50000000000000,,a2,2022-05-05T08:00:00Z,
Z3,closed_won,2022-08-05T08:00:00Z,2022-08-06T08:00:00Z,OLD3,900,USD,a3,2022-08-05T08:00:00Z,
Z3,closed_won,2022-08-05T08:00:00Z,2022-08-07T08:00:00Z,OLD3,950,USD,a3,2022-08-07T08:00:00Z,
Z4,accepted,2023-08-05T08:00:00Z,2023-08-06T08:00:00Z,,,,a4,,
Z5,accepted,2023-08-05T08:00:00Z,2023-08-07T08:00:00Z,,,,a4,,
Z5,sql,2025-12-05T08:00:00Z,2025-12-06T08:00:00Z,,,,a5,,
Z7,accepted,2022-08-05T08:00:00Z,2022-08-06T08:00:00Z,,,,a6,,
Z8,accepted,2026-04-25T08:00:00Z,2026-04-26T08:00:00Z,,,,a7,,
Z 12,handed_off,2022-08-05T08:00:00Z,2022-08-06T08:00:00Z,,,,a8,,
L0011,handed_off,2022-08-05T08:00:00Z,2022-08-06T08:00:00Z,,,,a9,,
Z1,opportunity,2022-09-05T08:00:00Z,2022-09-06T08:00:00Z,O4,,,b1,,
L0004,opportunity,2026-02-05T08:00:00Z,2026-02-06T08:00:00Z,O4,,,b2,,
L0005,rejected,2022-02-05T08:00:00Z,2022-02-06T08:00:00Z,,,,b3,,
NOBODY,sql,2022-02-05T08:00:00Z,2022-02-06T08:00:00Z,,,,b4,,
NOBODY2,sql,2022-02-05T08:00:00Z,2022-02-06T08:00:00Z,,,,b7,,
NOBODY,accepted,2026-02-05T08:00:00Z,2026-02-06T08:00:00Z,,,,b5,,
NOBODY,accepted,2024-02-05T08:00:00Z,2024-02-06T08:00:00Z,,,,b6,2024-02-06T08:00:00Z,
NOBODY,accepted,2025-06-05T08:00:00Z,2025-06-06T08:00:00Z,,,,b6,2025-06-06T08:00:00Z,
,accepted,2026-02-05T08:00:00Z,2026-02-06T08:00:00Z,,,,c1,,p3@acme-36.com
,accepted,2026-02-05T08:00:00Z,2026-02-06T08:00:00Z,,,,c2,,p6@acme-46.com
,accepted,2026-02-05T08:00:00Z,2026-02-06T08:00:00Z,,,,c3,,old1@alpha.example
,accepted,2022-02-05T08:00:00Z,2022-02-06T08:00:00Z,,,,c4,,old3@beta.example
STRAY2,accepted,2024-02-05T08:00:00Z,2024-02-06T08:00:00Z,,,,c6,2024-02-06T08:00:00Z,old12@delta.example
STRAY2,accepted,2025-06-05T08:00:00Z,2025-06-06T08:00:00Z,,,,c6,2025-06-06T08:00:00Z,
Opportunity:q,handed_off,2022-02-10T08:00:00Z,2022-02-10T08:00:00Z,,,,c7,,
STRAY,sql,2026-02-07T08:00:00Z,2026-02-08T08:00:00Z,,,,c5,,old4@gamma.example
""",
    ("identity", "salesforce"): """\
Id,OpportunityId,ContactId,IsPrimary,CreatedDate
S1,W1,Z9,1,2025-11-20T08:00:00Z
S2,W2,Z3,1,2022-06-20T08:00:00Z
S3,W3,L0030,1,2026-02-20T08:00:00Z
S4,W3,Z5,0,2026-02-20T08:00:00Z
S6,W6,Z13,1,2022-06-20T08:00:00Z
""",
    ("outcomes", "salesforce"): """\
Id,CreatedDate,Type,IsClosed,IsWon,CloseDate,Amount
W1,2025-11-21T08:00:00Z,New Business,true,true,2025-12-10,7000
W2,2022-06-21T08:00:00Z,New Business,true,true,2022-07-10,7000
W3,2026-02-21T08:00:00Z,New Business,true,true,2026-03-10,7000
W4,2026-02-21T08:00:00Z,New Business,true,true,2026-03-10,7000
""",
    ("outcomes", "csv "): """\
lead_id,kind,occurred_at,known_at,opportunity_id,amount,currency
L0003,closed_won,2026-02-10T08:00:00Z,2026-02-10T08:00:00Z,O900,500,EUR
L0003,closed_won,2026-02-11T08:00:00Z,2026-02-11T08:00:00Z,O901,700,EUR
""",
    ("identity", "deals"): "old,new,at\nO900,O901,2026-02-01T08:00:00Z\n",
    ("outcomes", "salesforce "): """\
Id,CreatedDate,SystemModstamp,Type,IsClosed,IsWon,CloseDate,Amount
W6,2022-06-21T08:00:00Z,2022-07-11T08:00:00Z,New Business,true,true,2022-07-10,7000
W6,2022-06-21T08:00:00Z,2025-09-01T08:00:00Z,New Business,true,true,2022-07-10,9000
""",
}
"""Four years of a ledger: leads with several rows, odd ids, shared addresses, merges, and deals of theirs."""


DEALS = """\
kind: crm-preset/v1
id: deals
source: csv
identity:
  - {opportunity: old, into: new, at: at}
"""
"""A mapping of opportunities that were merged."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def years(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The small lab with four years of leads and sales feedback before it, on each database.

    They are tied to its experiment by addresses, merges, links and deals.
    """
    folder = tmp_path_factory.mktemp("years")
    (folder / "deals.yaml").write_text(DEALS)
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            if request.param == "postgres":
                url = stack.enter_context(own_database(request.getfixturevalue("postgres_url")))
                patch.setenv("MQLAB_STORE_URL", url)
            lab = fed_lab(folder / "lab")
            for (kind, preset), text in YEARS.items():
                file = folder / f"{preset}-{kind}.csv"
                file.write_text(text)
                if preset == "deals":
                    lab.ingest(kind, file, now=LOOK, mapping=folder / "deals.yaml")
                else:
                    lab.ingest(kind, file, now=LOOK, preset=preset.strip())
        yield lab
        lab.let_go()


@pytest.mark.parametrize("day", ["2026-01-15", "2026-02-10", "2026-03-15", "2026-06-30"])
def test_years_of_others_are_left_in_the_ledger_and_change_nothing(
    years: Lab, monkeypatch: pytest.MonkeyPatch, day: str
):
    """At any day and ledger position what is said is the same to the last digit, though most of it is not read."""
    monkeypatch.setattr("mqlab.store.around.MOST", math.inf)
    as_of = datetime.fromisoformat(f"{day}T20:00:00Z")
    for back in range(len(YEARS) + 1):
        assert said(years, as_of=as_of, back=back) == said(years, everybody=True, as_of=as_of, back=back)


@pytest.mark.long
def test_the_engine_says_the_same(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    """As with few leads, so with many, which are judged in the engine."""
    plainly = said(lab)

    monkeypatch.setattr("mqlab.analysis.analyze.MANY_LEADS", 1)

    assert said(lab) == said(lab, everybody=True) == plainly
