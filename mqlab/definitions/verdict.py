"""What the gates make of a lead that does not qualify."""

from __future__ import annotations

from mqlab.definitions.decision import Verdict
from mqlab.definitions.plan import Plan
from mqlab.definitions.state import State


def verdict_of_gates(plan: Plan, state: State) -> tuple[Verdict, str | None]:
    """`disqualify` beats `hold`; the path names the first listed gate of the winning kind."""
    outcomes = plan.gate_outcomes(state)
    for kind, verdict in (("disqualify", "disqualified"), ("hold", "held")):
        if kind in outcomes:
            return verdict, f"gate:{plan.gates[outcomes.index(kind)][0].id}"
    return "not_mql", None
