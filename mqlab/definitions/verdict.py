"""What the gates make of a lead that does not qualify."""

from __future__ import annotations

from mqlab.definitions.decision import Verdict
from mqlab.definitions.plan import Plan
from mqlab.definitions.state import State


def verdict_of_gates(plan: Plan, state: State) -> tuple[Verdict, str | None]:
    """`disqualify` beats `hold`; the path names the first listed gate of the winning kind."""
    outcomes = plan.gate_outcomes(state)
    for kind in ("disqualify", "hold"):
        if kind in outcomes:
            gate, _ = plan.gates[outcomes.index(kind)]
            return "disqualified" if kind == "disqualify" else "held", f"gate:{gate.id}"
    return "not_mql", None
