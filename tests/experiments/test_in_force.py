"""What a decision does: which definition governs, disagreements, holdouts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from mqlab.errors import RefusedError
from mqlab.experiments.checks import check_protocol
from mqlab.experiments.in_force import InForce, decide, first_whole_day, in_force_at
from mqlab.experiments.lifecycle import effective, start, state
from mqlab.experiments.load import load_text
from tests.experiments.files import definitions, protocol

Q3 = protocol()
MEANINGS = {"current@1.0.0": "a", "intent@2.0.0": "b"}
STARTED = start(Q3, [], at=datetime(2026, 6, 25, tzinfo=UTC), by="Ana", meanings=MEANINGS, approvals_required=False)
APRIL = datetime(2027, 4, 6, 9, tzinfo=UTC)
SHIPS = {"challenger": "ship"}


def call(call="ship", verdicts=SHIPS, steps=(STARTED,), experiment=Q3, **known):
    asked = {"by": "Ana", "because": "the rule says so", "at": APRIL, **known}
    return decide(experiment, steps, call=call, verdicts=verdicts, **asked)


def test_ship_puts_the_challenger_in_force():
    """From the decision on the challenger's definition governs, and the experiment is decided."""
    found = call()

    assert found.in_force == InForce("intent@2.0.0", APRIL, "Ana", "the rule says so", "q3")
    assert found.disagreement is None
    now = state(Q3, [STARTED, found.step], at=APRIL)
    assert (now.status, now.call, now.arm) == ("decided", "ship", "challenger")


def test_ship_may_begin_later():
    """`--from` puts it in force then."""
    monday = APRIL + timedelta(days=5)

    assert call(start_at=monday).in_force.from_at == monday


def test_keep_changes_nothing_in_force():
    """Keeping closes the experiment and leaves what is in force."""
    found = call("keep", {"challenger": "keep"})

    assert (found.in_force, found.disagreement) == (None, None)


@pytest.mark.parametrize(
    ("asked", "verdict", "disagrees"),
    [
        pytest.param("ship", "ship", None, id="ship as the rule says"),
        pytest.param(
            "ship", "harm", "The call is ship, and the rule says harm for 'challenger'.", id="ship against harm"
        ),
        pytest.param(
            "ship",
            "inconclusive",
            "The call is ship, and the rule says inconclusive for 'challenger'.",
            id="ship undecided",
        ),
        pytest.param("keep", "keep", None, id="keep as the rule says"),
        pytest.param("keep", "harm", None, id="keep after harm"),
        pytest.param(
            "keep", "ship", "The call is keep, and the rule says ship for 'challenger'.", id="keep against ship"
        ),
    ],
)
def test_a_disagreement_with_the_rule_is_recorded(asked, verdict, disagrees):
    """People decide; where they decide otherwise the log says so."""
    found = call(asked, {"challenger": verdict})

    assert found.disagreement == disagrees
    assert found.step.details["disagreement"] == disagrees


def test_a_decision_without_an_analysis_says_so():
    """Nobody having asked the rule is a disagreement of its own."""
    assert "has not been asked" in call(verdicts={}).disagreement


@pytest.mark.parametrize(
    ("known", "code", "message"),
    [
        pytest.param({"because": " "}, "ReasonNeeded", "needs a reason", id="no reason"),
        pytest.param({"start_at": APRIL - timedelta(days=1)}, "DecisionInThePast", "in the past", id="in the past"),
        pytest.param({"steps": ()}, "WrongState", "is a draft", id="not started"),
        pytest.param({"steps": (STARTED, call().step)}, "WrongState", "already decided", id="decided already"),
        pytest.param({"arm": "challanger"}, "UnknownArm", "Did you mean 'challenger'", id="unknown arm"),
        pytest.param({"arm": "current"}, "UnknownArm", "is no challenger", id="the control"),
        pytest.param(
            {"call": "keep", "holdout": Decimal("0.05")},
            "HoldoutWithoutShip",
            "goes with --call ship only",
            id="holdout without ship",
        ),
        pytest.param({"holdout": Decimal("0.6")}, "BadHoldout", "at most 50%, not 60%", id="holdout too large"),
        pytest.param({"holdout": Decimal(0)}, "BadHoldout", "not 0%", id="holdout of nothing"),
    ],
)
def test_decisions_that_cannot_be_are_refused(known, code, message):
    """Each refusal has its code and says what is missing."""
    with pytest.raises(RefusedError, match=message) as caught:
        call(**known)

    assert caught.value.code == code


def test_of_several_challengers_the_shipping_one_is_meant():
    """With two challengers the one the rule ships is meant, else the arm must be named."""
    three = protocol(
        (
            "  challenger: {definition: intent@2.0.0, weight: 1}\n",
            "  b: {definition: intent@2.0.0}\n  c: {definition: otherwise@1.0.0}\n",
        )
    )
    begun = start(
        three, [], at=STARTED.at, by="Ana", meanings={**MEANINGS, "otherwise@1.0.0": "c"}, approvals_required=False
    )

    assert (
        call(experiment=three, steps=[begun], verdicts={"b": "keep", "c": "ship"}).in_force.definition
        == "otherwise@1.0.0"
    )
    with pytest.raises(RefusedError, match="say which one ships"):
        call(experiment=three, steps=[begun], verdicts={"b": "ship", "c": "ship"})


def test_the_latest_begun_definition_is_in_force():
    """Before the first row the lab's own governs; a row of the future does not yet."""
    rows = [
        InForce("b@1.0.0", APRIL, "Ana"),
        InForce("c@1.0.0", APRIL + timedelta(days=10), "Ana"),
        InForce("a@1.0.0", APRIL - timedelta(days=10), "Ana"),
        InForce("b@1.0.1", APRIL, "Ben"),
    ]

    assert in_force_at(rows, APRIL - timedelta(days=11), "first@1.0.0") == "first@1.0.0"
    assert in_force_at(rows, APRIL - timedelta(days=1)) == "a@1.0.0"
    assert in_force_at(rows, APRIL) == "b@1.0.1"
    assert in_force_at(rows, APRIL + timedelta(days=10)) == "c@1.0.0"
    assert in_force_at([], APRIL) is None


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param([], id="growth"),
        pytest.param(
            [
                ("aim: growth", "aim: efficiency"),
                (
                    "minimum_effect: 5%}",
                    "margin: 4%, precision: {metric: sql_per_mql, horizon: 60d, minimum_effect: 2%}}",
                ),
            ],
            id="efficiency",
        ),
        pytest.param(
            [
                (
                    "control: current\n",
                    "control: current\nlayer: inbound\nslice: [0%, 50%]\noverrides: {acme.com: challenger}\n",
                )
            ],
            id="in a layer",
        ),
    ],
)
def test_a_holdout_is_an_ordinary_experiment(edits):
    """The follow-up file loads and passes its check; the old definition keeps the share as the control."""
    asked = protocol(*edits)
    begun = start(asked, [], at=STARTED.at, by="Ana", meanings=MEANINGS, approvals_required=False)
    identity, text = call(experiment=asked, steps=[begun], holdout=Decimal("0.05"), lateness_days=4).follow_up

    holdout = load_text(text, file=f"{identity}.yaml", definitions=definitions())

    assert [
        problem for problem in check_protocol(holdout, definitions(), lateness_days=4) if problem.severity == "error"
    ] == []
    assert (holdout.id, holdout.salt, holdout.control) == ("q3-holdout", "q3-holdout", "holdout")
    assert [(arm.name, arm.definition, arm.weight) for arm in holdout.arms] == [
        ("holdout", "current@1.0.0", Decimal(5)),
        ("shipped", "intent@2.0.0", Decimal(95)),
    ]
    assert holdout.enrolment_from == date(2027, 4, 7), "the first whole day after the decision"
    assert [phase.start for phase in holdout.phases] == [holdout.enrolment_start]
    assert holdout.enrolment_to - holdout.enrolment_from == Q3.enrolment_to - Q3.enrolment_from
    assert [metric.metric for metric in holdout.guardrails] == [metric.metric for metric in Q3.guardrails]
    assert (holdout.primary, holdout.precision, holdout.overrides) == (asked.primary, asked.precision, ())


@pytest.mark.parametrize(
    ("at", "zone", "day"),
    [
        pytest.param(datetime(2026, 6, 30, 22, tzinfo=UTC), "Europe/Berlin", date(2026, 7, 1), id="a day's start"),
        pytest.param(datetime(2026, 6, 30, 22, 1, tzinfo=UTC), "Europe/Berlin", date(2026, 7, 2), id="within a day"),
        pytest.param(datetime(2026, 7, 1, tzinfo=UTC), "America/New_York", date(2026, 7, 1), id="the day before there"),
        pytest.param(datetime(2026, 12, 31, 12, tzinfo=UTC), "UTC", date(2027, 1, 1), id="new year"),
    ],
)
def test_a_holdout_takes_whole_days(at, zone, day):
    """Enrolment begins with the first local day that lies wholly after the decision takes effect."""
    assert first_whole_day(at, ZoneInfo(zone)) == day


def test_a_decision_ends_the_enrolment():
    """Leads that arrive after the decision are not enrolled."""
    august = datetime(2026, 8, 1, tzinfo=UTC)
    decided = call(at=august)

    assert effective(Q3, [STARTED, decided.step]).enrolment_end == august - timedelta(microseconds=1)
