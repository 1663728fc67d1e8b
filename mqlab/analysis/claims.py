"""One opportunity belongs to one lead: of several that it is linked to, the one assigned first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.leads.tables import Facts
from mqlab.warehouse.dataset import DEAL_KINDS

Place = tuple[str, int]
"""An analysed lead's arm, and its start in microseconds."""

Places = Callable[[Collection[str]], Mapping[str, Place]]
"""Where those of some leads that are analysed belong."""


@dataclass(frozen=True)
class Settled:
    """`outcomes` with the owner of each linked opportunity; `crossing` opportunities are linked to leads of two arms.

    Those whose rows still name leads of two arms are not among them: the data set counts these.
    """

    outcomes: pa.Table
    crossing: int


def settled(facts: Facts, person: Mapping[str, str], places: Places) -> Settled:
    """The outcomes of `facts`; an opportunity that is linked to several leads stands at the one it belongs to.

    That is, of the leads with the best link, the one assigned first; where none of them is analysed, the lead that
    the facts say. `person` gives merged ids the id that stands for them.
    """
    claims: dict[str, dict[str, int]] = defaultdict(dict)
    for row in facts.claims.to_pylist():
        found, lead = claims[row["opportunity_id"]], person.get(row["lead_id"], row["lead_id"])
        found[lead] = min(row["kind"], found.get(lead, row["kind"]))
    if not claims:
        return Settled(facts.outcomes, 0)
    rows, named = _deal_rows(facts.outcomes, claims, person)
    known = places({lead for _, lead in named} | {lead for found in claims.values() for lead in found})
    owner = {opportunity: _owner(found, known) for opportunity, found in claims.items()}
    ids = facts.outcomes["lead_id"].to_pylist()
    others: dict[str, set[str]] = defaultdict(set)
    for row, (opportunity, lead) in zip(rows, named, strict=True):
        if lead not in claims[opportunity]:
            others[opportunity].add(lead)
        elif (chosen := owner[opportunity]) is not None:
            ids[row] = chosen
    crossing = sum(
        len(_arms(found, known)) > 1 and len(_arms({*others[opportunity], owner[opportunity] or ""}, known)) < 2
        for opportunity, found in claims.items()
    )
    place = facts.outcomes.column_names.index("lead_id")
    return Settled(facts.outcomes.set_column(place, "lead_id", pa.array(ids, pa.string())), crossing)


def _deal_rows(
    outcomes: pa.Table, opportunities: Collection[str], person: Mapping[str, str]
) -> tuple[list[int], list[tuple[str, str]]]:
    """The rows about these opportunities, and of each its opportunity and its lead."""
    about = pc.is_in(outcomes["opportunity_id"], value_set=pa.array(list(opportunities), pa.string()))
    of_deal = pc.is_in(outcomes["kind"], value_set=pa.array(DEAL_KINDS))
    rows = np.flatnonzero(pc.and_(about, of_deal).to_numpy()).tolist()
    named, leads = (outcomes[name].take(pa.array(rows)).to_pylist() for name in ("opportunity_id", "lead_id"))
    return rows, [(one, person.get(lead, lead)) for one, lead in zip(named, leads, strict=True)]


def _owner(found: Mapping[str, int], known: Mapping[str, Place]) -> str | None:
    """Of the leads with the best link the one assigned first; None where none of them is analysed."""
    best = min(found.values())
    assigned = [(known[lead][1], lead) for lead, kind in found.items() if kind == best and lead in known]
    return min(assigned)[1] if assigned else None


def _arms(leads: Collection[str], known: Mapping[str, Place]) -> set[str]:
    return {known[lead][0] for lead in leads if lead in known}
