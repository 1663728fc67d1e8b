"""The leads that both definitions of a pair hand over: in both arms sales must treat them the same."""

from __future__ import annotations

from dataclasses import dataclass

from mqlab.warehouse.columns import stratum_column
from mqlab.warehouse.compiled import fetched
from mqlab.warehouse.dataset import Dataset
from mqlab.warehouse.grouping import due, in_order, leads_of


@dataclass(frozen=True, slots=True)
class SharedLead:
    """A handed-over lead of the stratum `both`; `wait_us` is the wait for the first response, None without one yet."""

    arm: str
    unit: str
    wait_us: int | None
    touches: int
    accepted: bool
    owner: str | None


def shared_leads(dataset: Dataset, arm: str, control: str) -> tuple[SharedLead, ...]:
    """Those whose promised time to the first touch is over by the cut-off, in the order of their ids."""
    leads = leads_of(dataset, (control, arm))
    chosen = leads.filter((leads[stratum_column(arm)] == "both") & due(dataset, leads))
    table = chosen.select(
        "lead_id",
        "arm",
        "unit",
        "owner",
        wait_us=chosen.responded_us - chosen.handed_us,
        touches=chosen.touches.fill_null(0),
        accepted=chosen.age_accepted.notnull(),
    )
    rows = in_order(fetched(table), ["lead_id"])
    names = ("arm", "unit", "wait_us", "touches", "accepted", "owner")
    return tuple(map(SharedLead, *(rows[name].to_pylist() for name in names)))
