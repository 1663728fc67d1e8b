"""An experiment's life through the front door: approve, start, ramp, decide, and what is in force afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mqlab.errors import ProblemsFound, RefusedError
from mqlab.lab import Lab
from mqlab.lab.assign import assign
from mqlab.leads.records import Lead
from tests.cli.small_lab import LOOK, START

NAME = "demo-requests"
BY, WHY = "Ada King", "More SQLs, and as many deals"


def started(lab: Lab) -> Lab:
    """Approved by both teams and started before the first lead."""
    for ref in ("points@1.0.0", "points@1.1.0"):
        for team in ("marketing", "sales"):
            lab.approve(ref, team=team, by=BY, at=START)
    lab.start(NAME, by=BY, at=START)
    return lab


def steps(lab: Lab) -> list[str]:
    return [step.step for step in lab.ledger.experiments.log(NAME)]


def test_start_locks_the_definitions_and_the_protocol(draft: Lab):
    """A start writes the lock file, the ledger's locks, the first phase and the audit row."""
    started(draft)

    assert draft.status(NAME, START + timedelta(days=2))[0]["state"] == "running"
    assert (draft.folder / "definitions" / "definitions.lock").is_file()
    assert {"points@1.0.0", "points@1.1.0"} == set(draft.ledger.locks.all())
    assert steps(draft) == ["start"]
    assert [phase.coverage for phase in draft.ledger.experiments.phases(NAME)] == ["1"]


def test_without_required_approvals_a_start_needs_none(draft: Lab):
    """`approvals_required = false` starts without them."""
    path = draft.folder / "mqlab.toml"
    path.write_text(path.read_text().replace("[lab]\n", "[lab]\napprovals_required = false\n"))

    assert Lab.open(draft.folder).start(NAME, by=BY, at=START)["state"] == "running"


def test_ramp_appends_a_phase_and_moves_nobody(draft: Lab):
    """A ramp raises the coverage from an instant on; who was in keeps its arm, and it cannot begin in the past."""
    path = draft.folder / "experiments" / f"{NAME}.yaml"
    path.write_text(path.read_text().replace("coverage: 100%", "coverage: 20%"))
    lab = started(draft)
    early, late = datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 2, 10, tzinfo=UTC)
    leads = [Lead(f"L{n}", when, "organic") for n, when in enumerate([early, late] * 100)]
    before = assign(lab, NAME, leads, as_of=late)
    with pytest.raises(RefusedError, match="past"):
        lab.ramp(NAME, coverage="50%", start=early, by=BY, at=late)

    ramped = lab.ramp(NAME, coverage="100%", start=late - timedelta(days=1), by=BY, at=early)
    after = assign(lab, NAME, leads, as_of=late)

    assert len(ramped["phases"]) == 2
    assert steps(lab) == ["start", "ramp"]
    assert [one.arm for one in before if one.in_experiment] == [
        two.arm for one, two in zip(before, after, strict=True) if one.in_experiment
    ]
    assert all(two.in_experiment for lead, two in zip(leads, after, strict=True) if lead.created_at == late)
    assert any(not two.in_experiment for lead, two in zip(leads, after, strict=True) if lead.created_at == early)


def test_the_end_of_enrolment_is_an_audit_row(draft: Lab):
    """The first verb that writes after the last day of enrolment notes that it ended, once."""
    lab = started(draft)
    feed = lab.folder / "leads.csv"
    feed.write_text("lead_id,created_at\nA1,2026-01-10\n")

    lab.ingest("leads", feed, now=START + timedelta(days=10))
    during = steps(lab)
    lab.ingest("leads", feed, now=LOOK)
    lab.ingest("leads", feed, now=LOOK)

    assert during == ["start"]
    assert steps(lab) == ["start", "enrolment_closed"]
    assert lab.ledger.experiments.log(NAME)[-1].at == lab.protocol(NAME).enrolment_end


def test_ship_puts_the_challenger_in_force(fed: Lab):
    """A decision to ship closes the experiment, records the disagreement, and governs every lead from then on."""
    done = fed.decide_experiment(NAME, call="ship", by=BY, because=WHY, at=LOOK)
    rows = {row["definition"]: row["in_force"] for row in fed.definition_rows(LOOK + timedelta(days=1))}
    before = {row["definition"]: row["in_force"] for row in fed.definition_rows(START)}
    lead = Lead("late", LOOK + timedelta(days=1), "organic", fields={"employees": 4.0})
    decision = fed.decide(lead, as_of=LOOK + timedelta(days=2))

    assert (done["in_force"], done["call"]) == ("points@1.1.0", "ship")
    assert done["disagreement"]
    assert rows == {"points@1.0.0": False, "points@1.1.0": True}
    assert before == {"points@1.0.0": True, "points@1.1.0": False}
    assert fed.status(NAME, LOOK)[0]["state"] == "decided"
    assert decision.definition == "points@1.1.0"
    with pytest.raises(RefusedError, match="already decided"):
        fed.decide_experiment(NAME, call="keep", by=BY, because=WHY, at=LOOK + timedelta(days=3))


def test_keep_leaves_what_is_in_force(fed: Lab):
    """A decision to keep closes the experiment and changes nothing else."""
    fed.decide_experiment(NAME, call="keep", by=BY, because="Not enough", at=LOOK)

    assert fed.ledger.in_force.list() == ()
    assert fed.status(NAME, LOOK)[0]["state"] == "decided"


def test_a_holdout_is_an_experiment_of_its_own(fed: Lab):
    """`--holdout 5%` writes a follow-up experiment that passes check and can be started."""
    done = fed.decide_experiment(NAME, call="ship", by=BY, because=WHY, at=LOOK, holdout="5%")
    path = Path(done["follow_up"])
    lab = Lab.open(fed.folder)

    errors = [problem for problem in lab.check(LOOK) if problem.severity == "error"]
    follow_up = lab.protocol(f"{NAME}-holdout")
    begun = lab.start(f"{NAME}-holdout", by=BY, at=LOOK)

    assert path == fed.folder / "experiments" / f"{NAME}-holdout.yaml"
    assert errors == []
    assert "UncoveredStart" not in {problem.code for problem in lab.check(LOOK)}
    assert done["follow_up_enrols_from"] == str(follow_up.enrolment_from) == "2026-07-01"
    assert "takes leads from 2026-07-01 on" in done["next"] and f"start {NAME}-holdout" in done["next"]
    assert begun["late_start"] == []
    assert {arm.name: float(arm.weight) for arm in follow_up.arms} == {"holdout": 5, "shipped": 95}
    assert begun["state"] == "running"


def test_a_holdout_that_cannot_be_written_decides_nothing(fed: Lab):
    """Where the follow-up's file exists already, the experiment is as it was."""
    (fed.folder / "experiments" / f"{NAME}-holdout.yaml").write_text("kept")
    before = steps(fed)

    with pytest.raises(RefusedError, match="exists"):
        fed.decide_experiment(NAME, call="ship", by=BY, because=WHY, at=LOOK, holdout="5%")

    assert before == steps(fed)
    assert fed.ledger.in_force.list() == ()


def test_a_stopped_experiment_takes_nobody(fed: Lab):
    """After a stop no lead is assigned, and what was in force governs again."""
    at = datetime(2026, 2, 1, tzinfo=UTC)
    lab = Lab.open(fed.folder)
    lab.stop(NAME, by=BY, because="The form was broken", at=LOOK)
    placed = lab.assign(Lead("late", LOOK + timedelta(days=1), "organic"), NAME, as_of=LOOK + timedelta(days=1))
    inside = lab.assign(Lead("L0001", at, "organic"), NAME, as_of=LOOK)

    assert not placed.in_experiment
    assert inside.in_experiment
    assert lab.status(NAME, LOOK)[0]["state"] == "stopped"


def test_lateness_counts_at_start(fed: Lab):
    """Sales feedback that arrives late moves the earliest look: a plan that it breaks is refused."""
    rows = [f"L{n:04d},meeting,2026-02-01T10:00:00Z,2026-05-01T10:00:00Z" for n in range(200)]
    feed = fed.folder / "late.csv"
    feed.write_text("lead_id,kind,occurred_at,known_at\n" + "\n".join(rows) + "\n")
    fed.ingest_outcomes(feed, now=LOOK)
    path = fed.folder / "experiments" / f"{NAME}.yaml"
    text = (
        path.read_text().replace(NAME, "next").replace("2026-01-05", "2026-07-05").replace("2026-03-01", "2026-09-01")
    )
    dates = f"dates: [{date(2026, 10, 15)}, {date(2026, 12, 30)}]"
    text = text.replace("dates: [2026-04-15, 2026-06-30]", dates)
    (fed.folder / "experiments" / "next.yaml").write_text(text)
    lab = Lab.open(fed.folder)

    with pytest.raises(ProblemsFound, match="89 days late"):
        lab.start("next", by=BY, at=LOOK)

    codes = {problem.code: problem.severity for problem in lab.check(LOOK) if "next" in str(problem.place.file)}
    assert codes["NeverMature"] == "error"
