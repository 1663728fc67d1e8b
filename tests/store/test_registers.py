"""The registers: what is appended is read back as it was, in order, and what may happen once happens once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mqlab.errors import InputError, RefusedError
from mqlab.store.decisions import NewAssignment, NewDecision
from mqlab.store.ledger import Ledger
from tests.store.conftest import NOW

FINGERPRINT = "f" * 64


def test_a_definition_is_locked_once(ledger: Ledger):
    """The same lock again changes nothing; another meaning under the same version is refused."""
    lock = {"reporting": "r" * 64, "null_tokens": ["n/a", "-"], "by": "ada", "now": NOW}
    ledger.locks.lock("intent@1.0.0", meaning=FINGERPRINT, **lock)
    ledger.locks.lock("intent@1.0.0", meaning=FINGERPRINT, **lock)

    with pytest.raises(RefusedError, match="locked and its meaning has changed"):
        ledger.locks.lock("intent@1.0.0", meaning="0" * 64, **lock)

    locks = ledger.locks.all()
    assert list(locks) == ["intent@1.0.0"]
    assert (locks["intent@1.0.0"].meaning, locks["intent@1.0.0"].null_tokens) == (FINGERPRINT, ("n/a", "-"))


def test_an_approval_holds_for_one_meaning(ledger: Ledger):
    """Approvals are bound to the fingerprint, so a changed meaning has none."""
    ledger.approvals.approve(
        "intent@1.0.0", fingerprint=FINGERPRINT, team="sales", by="bob", at=NOW, now=NOW, because="ok"
    )

    assert [row.team for row in ledger.approvals.of("intent@1.0.0", FINGERPRINT)] == ["sales"]
    assert ledger.approvals.of("intent@1.0.0", "0" * 64) == ()
    assert (ledger.approvals.list()[0].at, ledger.approvals.list()[0].because) == (NOW, "ok")


def test_an_experiment_has_a_log_and_phases(ledger: Ledger):
    """Each step is kept with the protocol as it was started, its details and the phases it made."""
    ledger.experiments.record(
        "trap", "start", at=NOW, by="ada", now=NOW, protocol_text="id: trap", protocol_fingerprint=FINGERPRINT,
        details={"arms": ["a", "b"]}, phases=[(1, NOW, "0.1")], after=0,
    )  # fmt: skip
    ledger.experiments.record(
        "trap", "ramp", at=NOW, by="ada", now=NOW, phases=[(2, NOW + timedelta(days=1), "1")], after=1
    )
    ledger.experiments.record("other", "start", at=NOW, by="ada", now=NOW)

    first, second = ledger.experiments.log("trap")
    assert (first.step, first.protocol_text, first.details, second.step) == (
        "start",
        "id: trap",
        {"arms": ["a", "b"]},
        "ramp",
    )
    assert [(phase.number, phase.coverage) for phase in ledger.experiments.phases("trap")] == [(1, "0.1"), (2, "1")]
    assert len(ledger.experiments.log()) == 3


def test_two_steps_at_once_are_told_apart(ledger: Ledger):
    """Who decides on what was seen before another step came is refused, and nothing is written."""
    ledger.experiments.record("trap", "start", at=NOW, by="ada", now=NOW, after=0)

    with pytest.raises(RefusedError, match="changed by another command"):
        ledger.experiments.record("trap", "start", at=NOW, by="bob", now=NOW, after=0)

    assert [step.by for step in ledger.experiments.log("trap")] == ["ada"]


def test_what_is_in_force_depends_on_the_instant(ledger: Ledger):
    """The entry that began last governs; before the first, nothing does."""
    ledger.in_force.put("new@2.0.0", from_at=NOW, by="ada", because="better", now=NOW, experiment="trap")
    ledger.in_force.put("old@1.0.0", from_at=NOW - timedelta(days=9), by="ada", because="first", now=NOW)

    days = [timedelta(days=-10), timedelta(days=-1), timedelta(0)]
    found = [ledger.in_force.at(NOW + day) for day in days]
    assert [entry and entry.definition for entry in found] == [None, "old@1.0.0", "new@2.0.0"]


def test_a_look_is_stored_once(ledger: Ledger):
    """The same result of the same look is kept once; another is kept beside it, in the order of the looks."""
    take = {"protocol_fingerprint": FINGERPRINT, "now": NOW, "read_position": 3}
    later = ledger.looks.take("trap", as_of=NOW, result={"verdict": "keep"}, **take)
    again = ledger.looks.take("trap", as_of=NOW, result={"verdict": "keep"}, **take)
    earlier = ledger.looks.take("trap", as_of=NOW - timedelta(days=9), result={"verdict": "not_due"}, **take)

    assert (later, again, earlier) == (True, False, True)
    assert [look.result["verdict"] for look in ledger.looks.taken("trap")] == ["not_due", "keep"]


def test_overrides_are_the_latest_by_hand(ledger: Ledger):
    """A unit put into an arm twice is in the latter; at an earlier ledger position it is in the former."""

    def by_hand(arm: str) -> NewAssignment:
        return NewAssignment("trap", "acme", arm, NOW, "override", override=True)

    hashed = NewAssignment("trap", "beta", "control", NOW, "in", phase=1, lead_id="L2")
    first = ledger.assignments.append([by_hand("control"), hashed], now=NOW)
    ledger.assignments.append([by_hand("challenger")], now=NOW)

    assert ledger.assignments.overrides("trap").to_pylist() == [{"unit": "acme", "arm": "challenger"}]
    assert ledger.assignments.overrides("trap", position=first).to_pylist() == [{"unit": "acme", "arm": "control"}]
    assert [(row.unit, row.phase) for row in ledger.assignments.of("trap")] == [
        ("acme", None),
        ("beta", 1),
        ("acme", None),
    ]


def test_decisions_keep_their_explanation(ledger: Ledger):
    """The decision that acted and its shadow are read back by lead, with instants and explanation."""
    acted = NewDecision(
        "L1",
        "intent@1.0.0",
        FINGERPRINT,
        "mql",
        True,
        "trap",
        "challenger",
        "score",
        NOW,
        NOW,
        {"scores": {"fit": 9.5}},
    )
    shadow = NewDecision("L1", "old@1.0.0", FINGERPRINT, "not_mql", False, "trap", "control")

    position = ledger.decisions.append([acted, shadow], now=NOW)

    first, second = ledger.decisions.of("L1")
    assert (position, first.position, ledger.position()) == (1, 1, 1)
    assert (first.acts, first.qualified_at, first.explanation) == (True, NOW, {"scores": {"fit": 9.5}})
    assert (second.acts, second.qualified_at, second.explanation) == (False, None, {})


def test_a_key_is_used_once_and_revoked_once(ledger: Ledger):
    """Only the hash of a key is kept; a revoked one keeps its row."""
    ledger.keys.create("crm", hash="h" * 64, scopes=["decide"], by="ada", now=NOW)
    with pytest.raises(RefusedError, match="a key named 'crm'"):
        ledger.keys.create("crm", hash="i" * 64, scopes=[], by="ada", now=NOW)

    assert (ledger.keys.revoke("crm", now=NOW), ledger.keys.revoke("crm", now=NOW)) == (True, False)
    assert [(key.scopes, key.revoked_at) for key in ledger.keys.list()] == [(("decide",), NOW)]


def test_the_audit_log_is_kept_by_subject(ledger: Ledger):
    """Who did what is listed in order, of one subject or of all, and is JSON for whoever asks."""
    ledger.audit.record("approve", "intent@1.0.0", by="ada", now=NOW, details={"team": "sales"})
    ledger.audit.record("start", "trap", by="bob", now=NOW)

    assert [entry.action for entry in ledger.audit.list()] == ["approve", "start"]
    entry = ledger.audit.list("trap")[0].to_dict()
    assert (entry["by"], entry["position"], entry["recorded_at"], entry["details"]) == (
        "bob",
        0,
        "2026-12-01T00:00:00Z",
        {},
    )


def test_quarantined_rows_are_settled_not_deleted(ledger: Ledger):
    """A discarded row is no longer open, can still be seen, and makes a ledger position of its own."""
    row = {
        "kind": "leads",
        "system": "csv",
        "file": "x.csv",
        "line": 2,
        "reason": "ragged_row",
        "detail": "",
        "raw": '{"a":1}',
    }
    columns = {name: [value] for name, value in {**row, "digest": "d", "lead_ref": None, "email_hash": None}.items()}
    with ledger.intake(now=NOW) as intake:
        intake.quarantine(columns)
        header = dict.fromkeys(
            ("read", "new", "unchanged", "corrected", "unmatched", "quarantined", "backfilled", "found"), 0
        )
        intake.finish(
            kind="leads", system="csv", file="x.csv", sha256="", mapping="", snapshot_at=None, notes=(), **header
        )
    kept = ledger.quarantine.list()[0]
    assert (kept.raw, kept.status, ledger.quarantine.counts()) == ({"a": 1}, "open", {"ragged_row": 1})

    with ledger.intake(now=NOW) as intake:
        intake.settle(kept.id, "discarded", by="ada", because="a test row")
        intake.done("quarantine")

    assert (ledger.quarantine.list(), ledger.quarantine.counts()) == ((), {})
    assert (ledger.quarantine.get(kept.id).status, len(ledger.quarantine.list(status=None))) == ("discarded", 1)
    seen = [ledger.facts(as_of=NOW, position=position).quarantined for position in (1, 2)]
    assert seen == [1, 0]


def test_a_row_that_is_not_there_is_told(ledger: Ledger):
    """Asking for a quarantined row or a ledger position that does not exist is bad input."""
    with pytest.raises(InputError, match="no quarantined row 7"):
        ledger.quarantine.get(7)
    with pytest.raises(InputError, match=r"no position 5.*latest position is 0"):
        ledger.facts(as_of=NOW, position=5)
