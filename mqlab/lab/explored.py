"""Scores and signals of an experiment's definitions, read from the lab's facts for its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqlab.analysis.explore import explore
from mqlab.analysis.explored import Explored
from mqlab.lab.fx import exchange
from mqlab.leads.tables import Facts

if TYPE_CHECKING:
    from mqlab.lab.analyze import Analysis
    from mqlab.lab.core import Lab


def explored(lab: Lab, analysis: Analysis, facts: Facts) -> Explored:
    """What the definitions of an analysis read in a sample of its leads; `facts` are those it was made from."""
    result, settings = analysis.result, lab.settings
    table = lab.reading.assignments.overrides(result.experiment, position=result.ledger)
    rates = settings.fx.table
    return explore(
        analysis.protocol,
        analysis.definitions,
        facts,
        internal_domains=settings.lab.internal_domains,
        null_tokens=settings.lab.null_tokens,
        overrides=dict(zip(table["unit"].to_pylist(), table["arm"].to_pylist(), strict=True)),
        currency=settings.lab.currency,
        fx=None if rates is None else exchange(lab.folder / rates, settings.lab.currency),
        memory_limit=settings.warehouse.memory_limit,
    )
