"""The demo: two experiments over one quarter of inbound leads, on slices of one layer that no lead shares.

`trap` sets a higher bar. More of its MQLs become SQLs, significantly so, and the usual reading would ship it; but the
leads it no longer hands over were worth handing over, and the same leads bring fewer SQLs and fewer deals.
`challenger` swaps leads who collect content for leads who compare and price. It is truly better, by less than a
comparison of all assigned leads can see at this size, and by enough for the leads on which the two definitions part.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from mqlab.definitions.registry import Registry
from mqlab.experiments.load import load_file
from mqlab.simulation.plan import Plan

LAB = Path(__file__).parent / "demo_lab"
EXPERIMENTS = ("trap", "challenger")
IN_FORCE = "inbound-standard@1.0.0"
TIMEZONE = "Europe/Berlin"
CURRENCY = "EUR"
LEADS = 18_400
"""How many leads arrive. About 9,000 are assigned to `trap` and 7,100 to `challenger`: enough for either verdict."""


def demo_files() -> Mapping[str, str]:
    """The texts of the demo's definitions and experiments, by their path in a lab.

    Example:
        >>> sorted(demo_files())[-2:]
        ['experiments/challenger.yaml', 'experiments/trap.yaml']
    """
    return {path.relative_to(LAB).as_posix(): path.read_text(encoding="utf-8") for path in sorted(LAB.rglob("*.yaml"))}


def demo_plan(*, leads: int = LEADS) -> Plan:
    """The plan of the demo, of its own size or another: the verdicts are planned for the size given by `LEADS`."""
    registry = Registry.open(LAB / "definitions")
    definitions = {ref: registry[ref] for ref in registry.refs()}
    return Plan(
        protocols=tuple(
            load_file(LAB / "experiments" / f"{name}.yaml", definitions=registry, timezone=TIMEZONE)
            for name in EXPERIMENTS
        ),
        definitions=definitions,
        in_force=IN_FORCE,
        timezone=ZoneInfo(TIMEZONE),
        leads=leads,
        currency=CURRENCY,
    )
