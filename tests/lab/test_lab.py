"""The Python API: the same verbs as the command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import mqlab
from mqlab.errors import InputError, RefusedError
from mqlab.experiments.enrol import Assignment
from mqlab.lab import Lab
from mqlab.lab.assign import assign
from mqlab.leads.records import Event, Lead
from tests.cli.small_lab import LOOK, TOML

NAME = "demo-requests"
AT = datetime(2026, 1, 20, 9, tzinfo=UTC)


def demo_request(at: datetime) -> Event:
    return Event("form_submit", at, at, event_id="f1", props={"form": "demo"})


def judged(lab: Lab) -> dict[str, Assignment]:
    """Where the analysis puts every lead of the ledger."""
    from mqlab.analysis.judge import judge

    plan = lab.protocol(NAME)
    facts = lab.ledger.facts(as_of=LOOK)
    definitions = {arm.definition: lab.definitions[arm.definition] for arm in plan.arms}
    table = judge(plan, definitions, facts, internal_domains=lab.settings.lab.internal_domains).table
    return dict(zip(table["lead_id"].to_pylist(), table["arm"].to_pylist(), strict=True))


def test_the_package_opens_a_lab(fed: Lab):
    """`mqlab.Lab.open` finds the lab from any folder inside it."""
    inside = fed.folder / "definitions"

    assert mqlab.Lab.open(fed.folder).settings.lab.name == "small"
    with pytest.raises(InputError, match="mqlab init"):
        mqlab.Lab.open(inside)


def test_assign_agrees_with_analyze_on_every_lead(fed: Lab):
    """Each lead asked for alone, and all of them asked from their file, are in the arm the analysis has them in."""
    arms = judged(fed)

    rows = fed.assign_file(NAME, fed.folder.parent / "leads.csv", as_of=LOOK) if _copy_feed(fed) else []
    alone = [
        fed.assign(Lead(name, datetime(2026, 1, 9, tzinfo=UTC), "organic"), NAME, as_of=LOOK).arm
        for name in list(arms)[:10]
    ]

    assert arms == {row.lead_id: row.arm for row in rows if row.in_experiment}
    assert alone == list(arms.values())[:10]


def test_a_unit_is_judged_once(fed: Lab):
    """Under `unit: account` a new lead joins its account: who stayed out of a small first phase stays out."""
    path = fed.folder / "experiments" / f"{NAME}.yaml"
    account = path.read_text().replace("unit: lead", "unit: account").replace(NAME, "by-account")
    account = account.replace(
        "phases: [{from: 2026-01-05, coverage: 100%}]",
        "phases: [{from: 2026-01-05, coverage: 10%}, {from: 2026-02-20, coverage: 100%}]",
    )
    (fed.folder / "experiments" / "by-account.yaml").write_text(account)
    late = datetime(2026, 2, 25, tzinfo=UTC)

    known = assign(
        fed, "by-account", [Lead(f"new{n}", late, "organic", email_domain=f"acme-{n}.com") for n in range(60)],
        as_of=LOOK,
    )  # fmt: skip
    stranger = fed.assign(Lead("new", late, "organic", email_domain="stranger.com"), "by-account", as_of=LOOK)

    assert [one.phase for one in known].count(1) > 50
    assert sum(one.why == "coverage" for one in known) > 30
    assert (stranger.phase, stranger.why) == (2, "in")


def test_decide_writes_the_acting_decision_and_its_shadows(fed: Lab):
    """Every arm judges the lead, one of them acts, and the ledger keeps both with the definition's fingerprint."""
    lead = Lead("new", AT, "organic", fields={"employees": 4.0})
    at = AT + timedelta(hours=2)
    arm = fed.assign(lead, NAME, as_of=LOOK).arm
    before = fed.ledger.position()

    decision = fed.decide(lead, [demo_request(at)], as_of=at + timedelta(days=1))
    kept = fed.ledger.decisions.of("new")

    verdicts = {"points@1.0.0": "not_mql", "points@1.1.0": "mql"}
    own = {"current": "points@1.0.0", "challenger": "points@1.1.0"}[arm or ""]
    assert (decision.definition, decision.verdict) == (own, verdicts[own])
    assert {row.definition: row.verdict for row in kept} == verdicts
    assert [row.definition for row in kept if row.acts] == [own]
    assert {row.qualified_at for row in kept} == {None, at}
    assert fed.ledger.position() == before + 1


@pytest.mark.parametrize(
    ("lead", "events", "told"),
    [
        pytest.param({"created_at": LOOK + timedelta(days=2)}, [], "the lead 'new' arrives on 2026-07-02", id="a lead"),
        pytest.param({"assigned_at": LOOK + timedelta(days=2)}, [], "the lead 'new' arrives", id="its start"),
        pytest.param({}, [demo_request(LOOK + timedelta(days=2))], "the event 'form_submit' happens", id="an event"),
    ],
)
def test_what_is_of_a_day_to_come_is_neither_placed_nor_judged(
    fed: Lab, lead: dict[str, datetime], events: list[Event], told: str
):
    """As `ingest` sets it aside: the message says so, nothing is written, and up to a day is a clock that differs."""
    lab = Lab(fed.folder, fed.settings, lambda: LOOK)
    new = replace(Lead("new", AT, "organic", fields={"employees": 4.0}), **lead)
    before = lab.ledger.position()

    with pytest.raises(InputError, match=told):
        lab.decide(new, events, as_of=LOOK)
    if not events:
        with pytest.raises(InputError, match=told):
            lab.assign(new, NAME, as_of=LOOK)

    assert (lab.ledger.position(), lab.ledger.decisions.of("new")) == (before, ())
    sooner = replace(new, **{name: at - timedelta(days=1) for name, at in lead.items()})
    later = Lab(fed.folder, fed.settings, lambda: LOOK + timedelta(days=9))
    assert lab.assign(sooner, NAME, as_of=LOOK) == later.assign(sooner, NAME, as_of=LOOK)
    assert later.assign(new, NAME, as_of=LOOK) is not None


def test_a_lead_outside_of_experiments_is_judged_by_what_is_in_force(fed: Lab):
    """A lead that no running experiment takes is judged by the definition in force, and by no other."""
    lead = Lead("early", datetime(2025, 1, 1, tzinfo=UTC), "organic", fields={"employees": 400.0})

    decision = fed.decide(lead, as_of=AT)

    assert decision.definition == "points@1.0.0"
    assert [(row.experiment, row.acts) for row in fed.ledger.decisions.of("early")] == [(None, True)]


def test_without_anything_in_force_a_decision_is_refused(draft: Lab):
    """Where nothing governs a lead, nothing is decided and the message says what to set."""
    (draft.folder / "mqlab.toml").write_text(TOML.replace('in_force = "points@1.0.0"\n', ""))

    with pytest.raises(RefusedError, match="in_force"):
        Lab.open(draft.folder).decide(Lead("a", AT, "organic"), as_of=AT)


def test_decide_reads_the_colleagues_in_the_ledger(fed: Lab):
    """A definition that counts over the account sees what the other leads of the account did."""
    crowd = "kind: mql-definition/v1\nid: crowd\nversion: 1.0.0\nevents: {page_view: {}}\n"
    (fed.folder / "definitions" / "crowd@1.0.0.yaml").write_text(crowd + 'qualify: "account.count(page_view) >= 1"\n')
    (fed.folder / "mqlab.toml").write_text(TOML.replace("points@1.0.0", "crowd@1.0.0"))
    facts = fed.ledger.facts(as_of=LOOK)
    active = facts.events.filter([name == "page_view" for name in facts.events["name"].to_pylist()])
    busy = active["lead_id"][0].as_py()
    domains = dict(zip(facts.leads["lead_id"].to_pylist(), facts.leads["email_domain"].to_pylist(), strict=True))
    lab = Lab.open(fed.folder)
    new = Lead("new", datetime(2025, 1, 1, tzinfo=UTC), "organic", email_domain=domains[busy])

    colleague = lab.decide(new, [], as_of=LOOK)
    stranger = lab.decide(replace(new, lead_id="other", email_domain="stranger.com"), [], as_of=LOOK)

    assert (colleague.verdict, stranger.verdict) == ("mql", "not_mql")


def test_without_events_the_ledger_s_own_are_read(fed: Lab):
    """A lead that the ledger knows is judged by what the ledger knows it did."""
    why = fed.why("L0003", experiment=NAME, as_of=LOOK)
    lead = Lead("L0003", why.timeline[0].at, "organic", fields={"employees": 60.0})

    decision = fed.decide(lead, as_of=LOOK)

    acting = next(one.decision for one in why.judgements if one.acts)
    assert (decision.definition, decision.verdict, decision.qualified_at) == (
        acting.definition, acting.verdict, acting.qualified_at,
    )  # fmt: skip


def test_ingest_of_outcomes(fed: Lab):
    """`ingest_outcomes` reads sales feedback as the command does."""
    path = fed.folder / "more.csv"
    path.write_text(
        "lead_id,kind,occurred_at\nL0001,meeting,2026-03-01T10:00:00Z\nnobody,meeting,2026-03-01T10:00:00Z\n"
    )

    counts = fed.ingest_outcomes(path, now=LOOK)

    assert (counts.new, counts.unmatched, counts.read) == (1, 1, 2)


def test_an_analysis_prints_and_converts(fed: Lab):
    """A result prints for people, shows in a notebook, and is plain data or a data frame with one row per metric."""
    analysis = fed.analyze(NAME, as_of=LOOK)
    data, frame = analysis.to_dict(), analysis.to_pandas()

    assert "challenger v current" in str(analysis)
    assert analysis._repr_html_().startswith('<div class="mqlab-result"')
    assert data["experiment"] == NAME
    assert len(frame) == len(data["metrics"])
    assert {"metric", "estimator", "control.value", "relative.estimate"} <= set(frame.columns)
    effort = frame[frame["metric"] == "effort_per_win"]
    assert effort["relative.estimate"].isna().all()


def test_progress_is_told(fed: Lab):
    """Whoever waits is told what is being done, and that it ended."""
    told: list[tuple[str, int, int]] = []

    fed.analyze(NAME, as_of=LOOK, progress=lambda what, done, total: told.append((what, done, total)))

    assert {what for what, _, _ in told} == {"reading the ledger", "judging leads"}
    assert told[-1][1] == told[-1][2]


def _copy_feed(lab: Lab) -> Path:
    """The leads of the ledger as the flat file they came from."""
    from tests.cli.small_lab import write_feeds

    return write_feeds(lab.folder.parent)["leads"]


def test_what_now_is_comes_from_the_lab_s_clock(fed: Lab):
    """Verbs asked without an instant stand where the clock says, and a date means the end of its day."""
    lab = Lab.open(fed.folder, clock=lambda: LOOK)

    assert lab.analyze(NAME).result.as_of == LOOK
    assert lab.analyze(NAME, as_of=date(2026, 3, 1)).result.as_of > datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "as_of",
    [pytest.param("2026-06-30", id="text"), pytest.param(datetime(2026, 6, 30, 12), id="no zone")],  # noqa: DTZ001
)
def test_an_as_of_that_is_no_instant_is_refused_in_words(fed: Lab, as_of: object):
    """Text and instants without a zone are told what to write instead."""
    with pytest.raises(InputError, match="as_of"):
        fed.analyze(NAME, as_of=as_of)  # type: ignore[arg-type]
