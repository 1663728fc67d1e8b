"""Examples of leads on which two definitions part: who fired first, what each said then, and one draw."""

from __future__ import annotations

import pyarrow as pa
import pytest

from mqlab.analysis.histories import histories
from mqlab.analysis.judge import judge, qualified_column
from mqlab.analysis.movers import Mover, movers
from mqlab.definitions.evaluate import decide
from mqlab.definitions.load import load_text
from mqlab.leads.instants import instant
from tests.analysis.world import CHALLENGER, THREE_ARMS, definitions, protocol, random_facts

FACTS = random_facts(3, 250)
PLAN = protocol(arms=THREE_ARMS)
INSTANT = pa.timestamp("us", "UTC")
COLUMNS = {
    "lead_id": pa.string(), "source": pa.string(), "stratum:challenger": pa.string(), "assigned_at": INSTANT,
    "qualified_at:control": INSTANT, "qualified_at:challenger": INSTANT,
}  # fmt: skip


@pytest.fixture(scope="module")
def found() -> tuple[tuple[Mover, ...], dict[str, dict[str, object]]]:
    """The examples, and the judged leads by id."""
    judged = judge(PLAN, definitions(), FACTS).table
    known = histories(FACTS).by_id
    drawn = movers(PLAN, definitions(), judged, known.__getitem__, each=4)
    assert drawn == movers(PLAN, definitions(), judged, known.__getitem__, each=4)
    return drawn, {row["lead_id"]: row for row in judged.to_pylist()}


def test_both_kinds_are_drawn_and_no_more_than_asked_for(found):
    """Up to four leads by challenger and kind, each of the stratum that it stands for."""
    drawn, judged = found
    kinds = {(one.arm, one.first) for one in drawn}

    assert {first for _, first in kinds} == {"arm_first", "control_first"}
    assert {arm for arm, _ in kinds} == {"challenger", "other"}
    for arm, first in kinds:
        mine = [one for one in drawn if (one.arm, one.first) == (arm, first)]
        assert len(mine) <= 4
        assert {judged[one.lead_id][f"stratum:{arm}"] for one in mine} == {first}


def test_the_first_to_fire_is_an_mql_and_the_other_lacks_something(found):
    """At that instant one definition holds, and what the other says is the evaluator's own decision."""
    drawn, judged = found
    known = histories(FACTS).by_id

    for one in drawn:
        row, arms = judged[one.lead_id], (PLAN.control, one.arm)
        ours, theirs = (one.challenger, one.control) if one.first == "arm_first" else (one.control, one.challenger)
        fired = [row[qualified_column(arm)] for arm in arms]
        assert instant(one.at_us) == min(at for at in fired if at is not None)
        assert (ours.fired_us, ours.lacking) == (one.at_us, ()) and ours.path == "score"
        assert theirs.path is None and theirs.lacking
        for said in (one.control, one.challenger):
            decision = decide(
                definitions()[said.definition], known[one.lead_id], as_of=instant(one.at_us), start=row["assigned_at"]
            )
            assert said.scores == decision.scores
            assert sum(said.points.values()) == sum(rule.points for rule in decision.rules)


def test_definitions_that_read_an_account_are_left_out(found):
    """What they say hangs on other leads, which are not drawn."""
    text = CHALLENGER.replace('"fit >= 20"', '"fit >= 20 or account.count(page_view) >= 9"')
    known = {**definitions(), "visits@1.0.0": load_text(text, file="test.yaml")}
    drawn = movers(PLAN, known, judge(PLAN, definitions(), FACTS).table, histories(FACTS).by_id.__getitem__)

    assert {one.arm for one in drawn} == {"other"}


def test_a_colleague_of_a_lead_that_parts_is_no_example(found):
    """A stratum holds for a whole account where accounts are randomised, also for leads on which nothing fired."""
    _, judged = found
    quiet = next(row for row in judged.values() if row["stratum:challenger"] == "none")
    names = ("lead_id", "source", "assigned_at", "qualified_at:control", "qualified_at:challenger")
    plan = protocol()
    row = {name: [quiet[name]] for name in names} | {"stratum:challenger": ["arm_first"]}
    table = pa.table({name: pa.array(row[name], kind) for name, kind in COLUMNS.items()})

    assert movers(plan, definitions(), table, histories(FACTS).by_id.__getitem__) == ()
