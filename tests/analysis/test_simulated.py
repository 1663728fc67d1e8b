"""A simulated quarter, in which handing a lead over changes what it does next."""

from __future__ import annotations

import numpy as np
import pytest

from mqlab.analysis.judge import judge
from mqlab.simulation.demo_plan import demo_plan
from mqlab.simulation.funnel import Funnel, simulate
from mqlab.simulation.judging import OUT
from mqlab.simulation.population import NEVER


@pytest.fixture(scope="module")
def funnel() -> Funnel:
    """A small quarter of the demo."""
    return simulate(demo_plan(leads=2_500), seed=3)


@pytest.mark.parametrize("number", [pytest.param(0, id="trap"), pytest.param(1, id="challenger")])
def test_strata_are_those_of_a_world_in_which_nobody_was_handed_over(funnel: Funnel, number: int) -> None:
    """The stratum read from what really happened is the one that the undisturbed behaviour gives.

    Hand-over changes later behaviour, and with it when the other definition fires; what is frozen at the first batch
    does not move.
    """
    protocol = funnel.plan.protocols[number]
    challenger = protocol.challengers[0].name
    rows = {row["lead_id"]: row for row in judge(protocol, funnel.plan.definitions, funnel.facts()).table.to_pylist()}
    inside = np.flatnonzero(funnel.arms[protocol.id] != OUT)
    control, arm = (funnel.by_arm[protocol.id][name] for name in (protocol.control, challenger))
    seen = 0
    for place, lead in enumerate(inside):
        row = rows.get(str(funnel.population.lead_id[lead]))
        if row is None:
            continue
        a, b = control[place], arm[place]
        expected = "none" if a == b == NEVER else "both" if a == b else "control_first" if a < b else "arm_first"
        seen += 1
        assert row[f"stratum:{challenger}"] == expected

    assert seen > 600
