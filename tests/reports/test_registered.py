"""The protocol as registered: every part in words, and each departure as a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from mqlab.analysis.results import AnalysisResult, Check, Condition
from mqlab.experiments.lifecycle import Step
from mqlab.experiments.protocol import Metric, Phase, Protocol
from mqlab.reports.document import Bullets, Table, Text
from mqlab.reports.registered import departures, registered
from mqlab.reports.signatures import OnRecord, TakenThen
from tests.reports.samples import BERLIN, protocol, ship

LOOKS = date(2026, 12, 5), date(2027, 4, 5)
AS_OF = datetime(2027, 4, 5, 21, 59, 59, 999_999, tzinfo=UTC)


def step(kind: str, at: datetime, because: str = "", **details: object) -> Step:
    return Step("2026q3-intent", kind, at, "Mara", because, details=details)  # type: ignore[arg-type]


START = step("start", datetime(2026, 6, 24, 8, tzinfo=UTC))
TAKEN = TakenThen(datetime(2026, 12, 5, 22, 59, 59, 999_999, tzinfo=UTC), {"challenger": "inconclusive"})


def found(*steps: Step, looks: tuple[TakenThen, ...] = (TAKEN,), **changes: object) -> tuple[str, ...]:
    """Departures at the last look of the sample, the first one recorded unless `looks` says otherwise."""
    result = replace(ship(), as_of=AS_OF, checks=(), conditions=(), excluded={}, **changes)  # type: ignore[arg-type]
    return tuple(departures(result, protocol(), OnRecord(steps=(START, *steps), looks=looks), BERLIN))


def section(plan: Protocol, record: OnRecord | None, result: AnalysisResult) -> tuple[list[str], dict[str, str]]:
    """What the section says above its table, and the table's rows."""
    blocks = registered(result, plan, record, BERLIN).blocks
    table = next(block for block in blocks if isinstance(block, Table))
    told = [block.text for block in blocks if isinstance(block, Text)]
    told += [item for block in blocks if isinstance(block, Bullets) for item in block.items]
    return told, {row[0].text: row[1].text for row in table.rows}


def test_an_experiment_that_kept_to_its_protocol():
    """Nothing departed, and everything declared is told with its unit, defaults filled in."""
    told, rows = section(
        protocol(), OnRecord(steps=(START,), looks=(TAKEN,)), replace(ship(), as_of=AS_OF, checks=(), conditions=(),
                                                                      excluded={})
    )  # fmt: skip

    assert told == ["Registered by Mara on 24 Jun 2026. Nothing departed from it."]
    assert rows["Enrolment"] == "1 Jul 2026 to 30 Sep 2026, days in Europe/Berlin"
    assert rows["Primary metric"] == (
        "SQLs per assigned lead within 60 days; smallest change worth a new definition 5.0%"
    )
    assert rows["Guardrail"] == "deals won per assigned lead within 180 days; margin −10.0%"
    assert rows["Arm current (control)"] == "fit@1.4.0, 50% of leads"
    assert rows["Looks"] == "5 Dec 2026, 5 Apr 2027"
    assert rows["Coverage"] == "100% from 1 Jul 2026"


def test_coverage_raised_later_was_not_registered():
    """The ramp is a departure, with who, when and why; the phases declared stay those of the start."""
    ramp = step("ramp", datetime(2026, 7, 10, tzinfo=UTC), "all is well", number=2, coverage="1", start="2026-07-11")
    half = replace(
        protocol(), phases=(replace(protocol().phases[0], coverage=Decimal("0.5")),
                            Phase(2, datetime(2026, 7, 10, 22, tzinfo=UTC), Decimal(1))),
    )  # fmt: skip
    told, rows = section(half, OnRecord(steps=(START, ramp), looks=(TAKEN,)), replace(ship(), as_of=AS_OF))

    assert rows["Coverage"] == "50% from 1 Jul 2026"
    assert "Mara raised the coverage to 100% on 10 Jul 2026: All is well." in told


@pytest.mark.parametrize(
    ("steps", "changes", "says"),
    [
        pytest.param((), {"looks": ()}, "The look declared for 5 Dec 2026 was not recorded.", id="a look left out"),
        pytest.param(
            (), {"looks": (TAKEN, replace(TAKEN, as_of=datetime(2026, 11, 1, 12, tzinfo=UTC)))},
            "A look was taken on 1 Nov 2026, which was not declared.", id="a look too many",
        ),
        pytest.param(
            (step("stop", datetime(2026, 8, 1, tzinfo=UTC), "no budget"),), {},
            "Enrolment ended on 1 Aug 2026, before its last day, 30 Sep 2026.", id="stopped early",
        ),
    ],
)  # fmt: skip
def test_what_departed_is_said_once(steps: tuple[Step, ...], changes: dict[str, object], says: str):
    """One sentence for each."""
    assert found(*steps, **changes) == (says,)  # type: ignore[arg-type]


def test_what_the_analysis_found_is_a_departure_too():
    """A changed file, leads placed by hand, this very look if it was not declared, and a late start."""
    late = replace(START, details={"late": ["The enrolment began on 2026-07-01, before the start."]})
    result = replace(
        ship(), as_of=AS_OF, excluded={"override": 3},
        checks=(Check("protocol_unchanged", "fail", "intent@1.1.0 changed since the start"),),
        conditions=(Condition("undeclared_look", "no look was declared for this day", "wait"),),
    )  # fmt: skip
    told = tuple(departures(result, protocol(), OnRecord(steps=(late,), looks=(TAKEN,)), BERLIN))

    assert told == (
        "The enrolment began on 1 Jul 2026, before the start.",
        "Intent@1.1.0 changed since the start.",
        "No look was declared for this day.",
        "3 leads were placed in an arm by hand, and left out of every number.",
    )


def test_a_draft_has_nothing_registered():
    """Without a start it says so; without a record it says nothing of departures."""
    told, rows = section(protocol(), OnRecord(), ship())

    assert told == ["Nothing is registered yet: the experiment has not been started."]
    assert rows
    assert section(protocol(), None, ship())[0] == []


@pytest.mark.parametrize(
    ("stated", "reported", "told"),
    [
        pytest.param("CHF", "USD", "CHF60,000", id="its own"),
        pytest.param(None, "USD", "$60,000", id="that of the money reported"),
        pytest.param(None, None, "60,000", id="none is known"),
    ],
)
def test_a_cap_is_told_in_its_currency(stated: str | None, reported: str | None, told: str):
    """The metric's currency, else that in which the result tells money: never one that nobody named."""
    plan = replace(protocol(), then=(Metric("revenue_per_lead", 60, cap=Decimal(60_000), currency=stated),))
    rows = [replace(row, currency=row.currency and reported) for row in ship().metrics]

    _, said = section(plan, None, replace(ship(), metrics=tuple(rows)))

    assert said["Then"].endswith(f"amounts count up to {told}")
