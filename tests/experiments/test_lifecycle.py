"""An experiment's life: each step allowed once and in order, everything else refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mqlab.errors import RefusedError
from mqlab.experiments.enrol import enrol
from mqlab.experiments.late_start import lateness
from mqlab.experiments.lifecycle import (
    Approval,
    changes_since_start,
    closing,
    effective,
    ramp,
    refuse_edits,
    standing,
    start,
    state,
    stop,
)
from mqlab.experiments.protocol import Phase
from mqlab.leads.records import Lead
from tests.experiments.files import protocol

Q3 = protocol()
REFS = ("current@1.0.0", "intent@2.0.0")
MEANINGS = {ref: f"meaning of {ref}" for ref in REFS}
JUNE = datetime(2026, 6, 25, 9, tzinfo=UTC)
AUGUST = datetime(2026, 8, 1, 9, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, 9, tzinfo=UTC)
APPROVALS = [
    Approval(ref, MEANINGS[ref], team, name, JUNE - timedelta(days=1))
    for ref in REFS
    for team, name in (("marketing", "Ana"), ("sales", "Ben"))
]


def begin(experiment=Q3, steps=(), **known):
    asked = {"at": JUNE, "by": "Ana", "meanings": MEANINGS, "approvals": APPROVALS, **known}
    return start(experiment, steps, **asked)


STARTED = begin()


def test_a_life_from_draft_to_enrolment_closed():
    """Nothing written is a draft; started it runs, also before its first lead; after the last day it is closed."""
    assert state(Q3, [], at=AUGUST).status == "draft"
    assert state(Q3, [STARTED], at=JUNE).status == "running"
    assert state(Q3, [STARTED], at=AUGUST).status == "running"
    assert state(Q3, [STARTED], at=Q3.enrolment_end).status == "running"
    assert state(Q3, [STARTED], at=Q3.enrolment_end + timedelta(microseconds=1)).status == "enrolment closed"
    assert state(Q3, [STARTED], at=JUNE - timedelta(days=1)).status == "draft"


def test_steps_of_other_experiments_do_not_count():
    """A log holds many experiments."""
    assert state(Q3, [replace(STARTED, experiment="other")], at=AUGUST).status == "draft"


def test_start_keeps_what_was_agreed():
    """The step holds the protocol's text and fingerprint and the meanings of its definitions."""
    assert STARTED.details == {"definitions": MEANINGS}
    assert '"salt": "q3-salt"' in STARTED.protocol_text
    assert len(STARTED.protocol_fingerprint) == 64


def test_a_start_in_time_comes_too_late_for_nothing():
    """Up to the first instant of the enrolment a start is in time; later it says since when leads had arrived."""
    assert lateness(Q3, Q3.enrolment_start) == ()
    assert [words for words in lateness(Q3, Q3.enrolment_start + timedelta(seconds=1)) if "2026-07-01" in words]
    assert "late" not in begin(at=Q3.enrolment_start).details


@pytest.mark.parametrize(
    ("at", "said"),
    [
        pytest.param(AUGUST, ["The enrolment began on 2026-07-01"], id="after the first leads"),
        pytest.param(NOVEMBER, ["The enrolment ended on 2026-09-30", "The look on 2026-10-15 lies"], id="after a look"),
    ],
)
def test_a_late_start_is_in_the_step(at, said):
    """The log keeps for good what a start came too late for."""
    details = begin(at=at).details

    assert details["late_start"] is True
    assert all(one.startswith(words) for words, one in zip(said, details["late"], strict=True))


@pytest.mark.parametrize(
    ("status", "subject", "words"),
    [
        ("running", "q3", "q3 is running"),
        ("draft", "it", "it is a draft"),
        ("enrolment closed", "q3", "the enrolment of q3 is closed"),
        ("enrolment closed", "it", "its enrolment is closed"),
        ("stopped", "q3", "q3 is stopped"),
    ],
)
def test_where_an_experiment_stands_reads_well(status, subject, words):
    """Every state is a sentence."""
    assert standing(subject, status) == words


def test_nothing_starts_twice():
    """A second start names the day of the first."""
    with pytest.raises(RefusedError, match=r"already been started, on 2026-06-25; it is running") as caught:
        begin(steps=[STARTED])

    assert caught.value.code == "AlreadyStarted"


def test_a_start_that_is_ahead_of_the_clock_still_counts():
    """Two machines with different clocks do not start an experiment twice."""
    with pytest.raises(RefusedError, match="already been started"):
        begin(steps=[STARTED], at=JUNE - timedelta(hours=1))


@pytest.mark.parametrize(
    ("approvals", "lacking"),
    [
        pytest.param(
            [],
            ["current@1.0.0: marketing", "current@1.0.0: sales", "intent@2.0.0: marketing", "intent@2.0.0: sales"],
            id="none",
        ),
        pytest.param(APPROVALS[:3], ["intent@2.0.0: sales"], id="sales has not seen one"),
        pytest.param(
            [*APPROVALS[:3], replace(APPROVALS[3], fingerprint="older")],
            ["intent@2.0.0: sales (the approval by Ben of 2026-06-24 was for another meaning)"],
            id="approved another meaning",
        ),
        pytest.param([*APPROVALS[:3], replace(APPROVALS[3], at=AUGUST)], ["intent@2.0.0: sales"], id="approved later"),
        pytest.param(
            [*APPROVALS[:3], replace(APPROVALS[3], team="finance")], ["intent@2.0.0: sales"], id="another team"
        ),
    ],
)
def test_start_needs_marketing_and_sales(approvals, lacking):
    """Every definition needs both teams' approval of the very meaning that runs; all that is missing is listed."""
    with pytest.raises(RefusedError) as caught:
        begin(approvals=approvals)

    assert caught.value.code == "ApprovalMissing"
    listed = [line.removeprefix("  - ") for line in str(caught.value).splitlines() if line.startswith("  - ")]
    assert listed == lacking


def test_a_lab_may_do_without_approvals():
    """`approvals_required = false` starts without any."""
    assert begin(approvals=[], approvals_required=False).step == "start"


@pytest.mark.parametrize(
    ("locked", "code", "message"),
    [
        pytest.param(
            {"current@1.0.0": MEANINGS["current@1.0.0"]},
            "NotLocked",
            r"Not locked yet: intent@2\.0\.0",
            id="not locked",
        ),
        pytest.param(
            {**MEANINGS, "intent@2.0.0": "before"},
            "LockedDefinitionEdited",
            r"Edited since it was locked: intent@2\.0\.0",
            id="edited",
        ),
    ],
)
def test_definitions_run_as_they_were_locked(locked, code, message):
    """A definition that is not in the lock, or was edited since, does not start."""
    with pytest.raises(RefusedError, match=message) as caught:
        begin(locked=locked)

    assert caught.value.code == code


def test_locked_definitions_start():
    """A lock that holds the present meanings is no hindrance."""
    assert begin(locked=MEANINGS).step == "start"


def raise_to(coverage, start_at, at=AUGUST, experiment=None, steps=(STARTED,)):
    experiment = experiment or protocol(
        (
            "[{from: 2026-07-01, coverage: 10%}, {from: 2026-07-15, coverage: 100%}]",
            "[{from: 2026-07-01, coverage: 10%}]",
        )
    )
    return ramp(experiment, steps, coverage=Decimal(coverage), start_at=start_at, at=at, by="Ana")


def test_ramp_appends_a_phase():
    """The experiment as it is enrolled by has the new phase; the file has not changed."""
    slow = protocol(
        (
            "[{from: 2026-07-01, coverage: 10%}, {from: 2026-07-15, coverage: 100%}]",
            "[{from: 2026-07-01, coverage: 10%}]",
        )
    )
    steps = [begin(slow)]
    first = raise_to("0.5", AUGUST + timedelta(hours=1), experiment=slow, steps=steps)
    second = raise_to("1", AUGUST + timedelta(days=7), experiment=slow, steps=[*steps, first])

    phases = effective(slow, [*steps, first, second]).phases

    assert phases == (
        Phase(1, slow.enrolment_start, Decimal("0.1")),
        Phase(2, AUGUST + timedelta(hours=1), Decimal("0.5")),
        Phase(3, AUGUST + timedelta(days=7), Decimal(1)),
    )
    assert changes_since_start(slow, [*steps, first, second]) == ()


def test_a_ramp_written_into_the_file_too_is_no_edit():
    """Noting the appended phase in the file changes neither fingerprint nor phases."""
    slow = protocol(
        (
            "[{from: 2026-07-01, coverage: 10%}, {from: 2026-07-15, coverage: 100%}]",
            "[{from: 2026-07-01, coverage: 10%}]",
        )
    )
    steps = [begin(slow)]
    steps.append(raise_to("0.5", AUGUST + timedelta(hours=1), experiment=slow, steps=steps))
    noted = replace(slow, phases=effective(slow, steps).phases)

    assert changes_since_start(noted, steps) == ()
    assert effective(noted, steps).phases == noted.phases


@pytest.mark.parametrize(
    ("coverage", "start_at", "at", "code", "message"),
    [
        pytest.param(
            "0.5", AUGUST - timedelta(seconds=1), AUGUST, "RampInThePast", "cannot start in the past", id="in the past"
        ),
        pytest.param("0.1", AUGUST, AUGUST, "CoverageLowered", "is already 10%", id="the same"),
        pytest.param("0.05", AUGUST, AUGUST, "CoverageLowered", "can only be raised; it is higher: 10%", id="lower"),
        pytest.param("1.5", AUGUST, AUGUST, "BadCoverage", "at most 100%, not 150%", id="too much"),
        pytest.param("0.5", NOVEMBER, AUGUST, "RampTooLate", "would hold nobody", id="after the enrolment"),
        pytest.param("0.5", JUNE, JUNE, "PhasesOutOfOrder", "must start later", id="before the first phase"),
        pytest.param(
            "0.5", NOVEMBER, NOVEMBER, "WrongState", "takes no more leads in since 2026-09-30", id="enrolment closed"
        ),
    ],
)
def test_a_ramp_that_cannot_be_is_refused(coverage, start_at, at, code, message):
    """Coverage only rises, only in the future, only while leads are taken in."""
    with pytest.raises(RefusedError, match=message) as caught:
        raise_to(coverage, start_at, at)

    assert caught.value.code == code


def test_a_draft_cannot_be_ramped():
    """What has not started is edited in its file."""
    with pytest.raises(RefusedError, match=r"is a draft; it cannot be ramped.*experiments start q3"):
        raise_to("0.5", AUGUST, steps=())


def test_a_stopped_experiment_takes_nobody_in():
    """Stopping ends enrolment at once: later leads are after it, earlier ones stay where they are."""
    steps = [STARTED, stop(Q3, [STARTED], at=AUGUST, by="Ana", because="pricing page broke")]
    early = Lead("L1", AUGUST - timedelta(hours=1), account_key="in-4.com")
    late = Lead("L2", AUGUST, account_key="another.com")

    found = enrol(effective(Q3, steps), [early, late])

    assert [row.why for row in found] == [enrol(Q3, [early])[0].why, "after_enrolment"]
    assert state(Q3, steps, at=NOVEMBER).status == "stopped"


def test_stopping_needs_a_reason():
    """An empty reason is none."""
    with pytest.raises(RefusedError, match="needs a reason"):
        stop(Q3, [STARTED], at=AUGUST, by="Ana", because="  ")


def test_what_is_stopped_stays_stopped():
    """After the end no further step is taken."""
    steps = [STARTED, stop(Q3, [STARTED], at=AUGUST, by="Ana", because="broken")]

    with pytest.raises(RefusedError, match="is stopped already"):
        stop(Q3, steps, at=NOVEMBER, by="Ana", because="again")
    with pytest.raises(RefusedError, match="already been started"):
        begin(steps=steps, at=NOVEMBER)


def test_the_end_of_enrolment_is_an_audit_row_once():
    """The row is due after the last day, dated at its end, and written once."""
    row = closing(Q3, [STARTED], at=NOVEMBER)

    assert (row.step, row.at) == ("enrolment_closed", Q3.enrolment_end)
    assert closing(Q3, [STARTED, row], at=NOVEMBER) is None
    assert closing(Q3, [STARTED], at=AUGUST) is None
    assert closing(Q3, [], at=NOVEMBER) is None


EDITS = [
    pytest.param(
        ("horizon: 60d, minimum", "horizon: 90d, minimum"),
        "the horizon of the primary metric changes from 60d to 90d",
        id="horizon",
    ),
    pytest.param(
        ("margin: 10%", "margin: 20%"), "the margin of the guardrail won_per_lead changes from 10% to 20%", id="margin"
    ),
    pytest.param(
        ("intent@2.0.0", "otherwise@1.0.0"),
        "the definition of the arm 'challenger' changes from intent@2.0.0 to otherwise@1.0.0",
        id="definition",
    ),
    pytest.param(
        ("intent@2.0.0, weight: 1", "intent@2.0.0, weight: 3"),
        "the weight of the arm 'challenger' changes from 1 to 3",
        id="weight",
    ),
    pytest.param(
        ("source != 'partner'", "source != 'events'"),
        "who is eligible changes from \"source != 'partner'\" to \"source != 'events'\"",
        id="eligible",
    ),
    pytest.param(("salt: q3-salt", "salt: q3-other"), "the salt changes from q3-salt to q3-other", id="salt"),
    pytest.param(
        ("2026-10-15, 2027-04-05", "2026-11-15, 2027-04-05"),
        "the dates of the looks changes from 2026-10-15, 2027-04-05 to 2026-11-15, 2027-04-05",
        id="looks",
    ),
    pytest.param(
        ("{from: 2026-07-15, coverage: 100%}", "{from: 2026-07-15, coverage: 90%}"),
        "the coverage from 2026-07-14T22:00:00Z changes from 100% to 90%",
        id="a phase of the file",
    ),
    pytest.param(
        ("  guardrails:\n    - {metric: won_per_lead, horizon: 180d, margin: 10%}\n", "  guardrails:\n"),
        "the guardrail won_per_lead is gone",
        id="guardrail removed",
    ),
    pytest.param(
        ("hypothesis: It does.", "hypothesis: It does not."),
        "the hypothesis changes from 'It does.' to 'It does not.'",
        id="hypothesis",
    ),
]


@pytest.mark.parametrize(("edit", "words"), EDITS)
def test_an_edit_of_a_running_protocol_is_refused_in_words(edit, words):
    """What was agreed cannot be changed later; the refusal says exactly what was."""
    with pytest.raises(RefusedError, match="its file was changed since it started") as caught:
        refuse_edits(protocol(edit), [STARTED])

    assert [line for line in str(caught.value).splitlines() if line.startswith("  - ")] == [f"  - {words}"]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(("title: Does intent bring more SQLs?", "title: Intent"), id="title"),
        pytest.param(("owner: growth", "owner: revops"), id="owner"),
        pytest.param(("qualify_within: 60d", "qualify_within: 1440h"), id="another way to write 60d"),
        pytest.param(("\"source != 'partner'\"", "'source  !=  \"partner\"'"), id="spaces and quotes"),
        pytest.param(("cadence: 1h\n", ""), id="a default left out"),
        pytest.param(("coverage: 100%", "coverage: 100.0%"), id="a percentage with a zero"),
        pytest.param(("{from: 2026-07-15,", "{from: 2026-07-15T00:00+02:00,"), id="the same instant"),
    ],
)
def test_what_means_the_same_is_no_edit(edit):
    """Wording and another way of writing the same change no fingerprint."""
    edited = protocol(edit)

    refuse_edits(edited, [STARTED])
    assert changes_since_start(edited, [STARTED]) == ()


def test_an_edited_definition_is_refused():
    """A running experiment's definitions keep the meaning they started with."""
    with pytest.raises(RefusedError, match=r"the meaning of the definition 'intent@2\.0\.0'"):
        refuse_edits(Q3, [STARTED], {**MEANINGS, "intent@2.0.0": "edited"})

    refuse_edits(Q3, [STARTED], MEANINGS)


def test_a_draft_may_be_edited():
    """Before the start nothing is locked."""
    assert changes_since_start(Q3, []) is None
    refuse_edits(Q3, [])
