"""`why`: a lead's timeline, who judged it how, and what would have tipped it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mqlab.errors import InputError
from mqlab.lab import Lab
from mqlab.lab.doctor import examine
from tests.cli.small_lab import LOOK

NAME = "demo-requests"
DAY = datetime(2026, 1, 10, tzinfo=UTC)


def feed(lab: Lab, kind: str, *rows: str) -> None:
    """Read a few rows into the lab."""
    path = lab.folder / "feed.csv"
    path.write_text("\n".join(rows) + "\n")
    counts = lab.ingest(kind, path, now=LOOK)
    assert counts.quarantined == 0


def test_the_timeline_tells_what_happened_in_order(fed: Lab):
    """Arrival, events, changed fields and what sales said stand in the order they happened, late knowledge marked."""
    feed(fed, "leads", "lead_id,created_at,source,employees", "W1,2026-01-10T00:00:00Z,organic,20")
    feed(
        fed, "events", "event_id,lead_id,name,occurred_at,known_at,path",
        "e1,W1,page_view,2026-01-11T00:00:00Z,2026-01-11T00:00:00Z,/pricing",
    )  # fmt: skip
    feed(
        fed, "field-changes", "lead_id,field,value,changed_at,known_at",
        "W1,employees,400,2026-01-12T00:00:00Z,2026-01-15T00:00:00Z",
    )  # fmt: skip
    feed(
        fed, "outcomes", "lead_id,kind,occurred_at,known_at,amount,currency",
        "W1,closed_won,2026-01-20T00:00:00Z,2026-01-20T00:00:00Z,900,EUR",
    )  # fmt: skip

    why = fed.why("W1", experiment=None, as_of=LOOK)

    assert [moment.what for moment in why.timeline] == [
        "arrived from organic",
        "page_view: path /pricing",
        "employees became 400",
        "sales: closed won (900 EUR)",
        "sales: opportunity (implied by a later stage)",
        "sales: sql (implied by a later stage)",
    ]
    assert [moment.known_at for moment in why.timeline][2] == datetime(2026, 1, 15, tzinfo=UTC)
    assert "(known 15 Jan 2026" in why.to_text()


def test_an_event_that_was_told_again_otherwise_happened_once(fed: Lab):
    """Of several versions of an event the timeline shows the one that counts, as it was known on that day."""
    head = "event_id,lead_id,name,occurred_at,known_at,path"
    feed(fed, "leads", "lead_id,created_at,source,employees", "W1,2026-01-10T00:00:00Z,organic,20")
    feed(fed, "events", head, "e1,W1,page_view,2026-01-11T00:00:00Z,2026-01-11T00:00:00Z,/pricing")
    feed(fed, "events", head, "e1,W1,page_view,2026-01-11T00:00:00Z,2026-01-13T00:00:00Z,/blog")

    def views(as_of: datetime) -> list[str]:
        return [moment.what for moment in fed.why("W1", experiment=None, as_of=as_of).timeline[1:]]

    assert views(LOOK) == ["page_view: path /blog"]
    assert views(datetime(2026, 1, 12, tzinfo=UTC)) == ["page_view: path /pricing"]


def test_each_arm_judges_and_the_own_one_acts(fed: Lab):
    """Both definitions judge the lead from its assignment on; the lead's own arm acts, the other is a shadow."""
    lead = next(name for name in ("L0001", "L0002", "L0003") if fed.why(name, experiment=None, as_of=LOOK).experiment)
    why = fed.why(lead, experiment=NAME, as_of=LOOK)

    assert why.assignment is not None
    assert [one.arm for one in why.judgements] == ["current", "challenger"]
    assert [one.arm for one in why.judgements if one.acts] == [why.assignment.arm]
    assert "(acts)" in why.to_text() and "(shadow)" in why.to_text()


def test_what_would_have_tipped_it(fed: Lab):
    """A lead short of points is told what it lacks; one that is an MQL lacks nothing."""
    feed(
        fed, "leads", "lead_id,created_at,source,employees",
        "small,2026-01-10T00:00:00Z,organic,20", "large,2026-01-10T00:00:00Z,organic,400",
    )  # fmt: skip
    feed(
        fed, "events", "event_id,lead_id,name,occurred_at,known_at,path",
        "e1,large,page_view,2026-01-11T00:00:00Z,2026-01-11T00:00:00Z,/pricing",
    )  # fmt: skip
    at = DAY + timedelta(days=3)

    small = fed.why("small", experiment=NAME, as_of=at).judgements
    large = fed.why("large", experiment=NAME, as_of=at).judgements

    assert [one.decision.verdict for one in small] == ["not_mql", "not_mql"]
    assert any("points" in line and "10" in line for line in small[0].lacking)
    assert any("demo-request" in line for line in small[1].lacking)
    assert [one.lacking for one in large] == [(), ()]


def test_a_merged_lead_is_judged_as_the_one_it_became(fed: Lab):
    """Asked for the old id, the answer is about the lead that lives on, with what both of them did."""
    feed(
        fed, "leads", "lead_id,created_at,source,employees",
        "new,2026-01-10T00:00:00Z,organic,400", "old,2026-01-09T00:00:00Z,organic,4",
    )  # fmt: skip
    feed(
        fed, "events", "event_id,lead_id,name,occurred_at,known_at,path",
        "e1,old,page_view,2026-01-11T00:00:00Z,2026-01-11T00:00:00Z,/pricing",
    )  # fmt: skip
    feed(fed, "identity", "old_id,new_id,merged_at,known_at", "old,new,2026-01-15T00:00:00Z,2026-01-15T00:00:00Z")

    why = fed.why("old", experiment=NAME, as_of=LOOK)

    assert (why.lead, why.asked_for) == ("new", "old")
    assert "page_view: path /pricing" in " ".join(moment.what for moment in why.timeline)
    assert {one.decision.verdict for one in why.judgements} == {"mql"}
    assert {one.decision.qualified_at for one in why.judgements} == {datetime(2026, 1, 15, tzinfo=UTC)}
    assert "old was merged into" in why.to_text()


def test_before_the_start_nothing_acts(draft: Lab):
    """A draft takes nobody: the definition in force judges; asked for by name, the draft's arms judge as shadows."""
    feed(draft, "leads", "lead_id,created_at,source,employees", "A1,2026-01-10T00:00:00Z,organic,400")

    plain = draft.why("A1", experiment=None, as_of=LOOK)
    asked = draft.why("A1", experiment=NAME, as_of=LOOK)

    assert plain.experiment is None
    assert [(one.decision.definition, one.acts) for one in plain.judgements] == [("points@1.0.0", True)]
    assert [one.acts for one in asked.judgements] == [False, False]


def test_an_unknown_lead_is_told_with_the_nearest(fed: Lab):
    """A lead the ledger does not know, or not yet then, is an error with the nearest id."""
    with pytest.raises(InputError, match="Did you mean 'L0"):
        fed.why("L00001", experiment=None, as_of=LOOK)
    with pytest.raises(InputError, match="knows no lead"):
        fed.why("L0001", experiment=None, as_of=datetime(2020, 1, 1, tzinfo=UTC))


def test_an_outcome_that_only_a_domain_gave_to_the_lead_says_so(fed: Lab):
    """Whoever reads the timeline sees that a colleague's address was enough; `doctor` counts such outcomes."""
    settings = fed.folder / "mqlab.toml"
    settings.write_text(settings.read_text() + "\n[crm]\nmatch_domains = true\n")
    asking = Lab.open(fed.folder, clock=fed.clock)
    feed(asking, "leads", "lead_id,created_at,email", "D1,2026-01-10T00:00:00Z,ada@unique-firm.com")
    feed(asking, "outcomes", "email,kind,occurred_at", "cy@mail.unique-firm.com,sql,2026-01-20T00:00:00Z")

    told = asking.why("D1", experiment=None, as_of=LOOK).to_text()
    looked = {check.check: check for check in examine(fed.folder, now=LOOK).checks}

    assert "sales: sql (matched by the company's domain)" in told
    assert looked["domains"].detail == "Outcomes whose lead only the domain of its company told: 1."
    asking.forget("D1", by="Ada", now=LOOK)
    assert "sales: sql" in asking.why("D1", experiment=None, as_of=LOOK).to_text()
    asking.let_go()
