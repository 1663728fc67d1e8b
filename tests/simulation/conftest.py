"""One small quarter, simulated once for every test that only looks at it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mqlab.simulation.demo_plan import demo_plan
from mqlab.simulation.funnel import Funnel, simulate
from mqlab.simulation.plan import Plan


@pytest.fixture(scope="session")
def plan() -> Plan:
    """The demo's plan, small."""
    return replace(demo_plan(leads=1_500), plays=8)


@pytest.fixture(scope="session")
def funnel(plan: Plan) -> Funnel:
    """One small quarter."""
    return simulate(plan, seed=1)
