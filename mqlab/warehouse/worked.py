"""What sales did with the leads of each arm: how long it took, and what became of those it did not get or sent back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import ibis
from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US
from mqlab.warehouse.dataset import STAGES, Dataset
from mqlab.warehouse.grouping import grouped

What = Literal["first_touch", "decision"]
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Waited:
    """Mature leads of an arm handed over, with the same wait in whole minutes (None: no response by the cut-off).

    `due`: the promised time is over; `kept`: the response came within it.
    """

    arm: str
    due: bool
    kept: bool
    minutes: int | None
    leads: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Mature leads of an arm that went the same way within a horizon.

    `qualified_on` is 1 on the day of assignment, 2 later, 0 never. `sent_back` by sales; `handed_again` and `sql_after`
    came after that. `sql`: it became an SQL at all.
    """

    arm: str
    qualified_on: int
    sent_back: bool
    handed_again: bool
    sql: bool
    sql_after: bool
    leads: int


def waited(dataset: Dataset, what: What, horizon_days: int, within_us: Mapping[str, int | None]) -> tuple[Waited, ...]:
    """The waits of leads handed over within the horizon, by arm; `within_us` is what each arm's definition promises."""
    leads = _handed(dataset, horizon_days)
    if what == "decision":
        answers = _decided(dataset, leads)
        leads = leads.drop("responded_us")
        leads = leads.left_join(answers, leads.lead_id == answers.decided_lead)
    promises = [(leads.arm == arm, ibis.literal(us, "int64")) for arm, us in within_us.items() if us is not None]
    promised = ibis.cases(*promises, else_=ibis.null("int64")) if promises else ibis.null("int64")
    wait = leads.responded_us - leads.handed_us
    keys = {
        "arm": leads.arm,
        "due": (leads.handed_us + promised <= dataset.plan.cut_off_us).fill_null(False),
        "kept": (wait <= promised).fill_null(False),
        "minutes": (wait // MINUTE_US).cast("int64"),
    }
    return tuple(Waited(**row) for row in grouped(leads, keys, {"leads": leads.count()}))


def flow(dataset: Dataset, horizon_days: int) -> tuple[Flow, ...]:
    """When leads qualified, which sales sent back, and what became of both, within the horizon."""
    leads = dataset.leads.filter(dataset.leads.follow_up >= horizon_days)
    rows = dataset.outcomes
    rows = rows.filter((rows.fate == "counted") & (rows.age <= horizon_days))
    told = rows.group_by(told_lead=rows.lead_id).aggregate(
        back_us=rows.occurred_us.min(where=rows.kind == "recycled"),
        again_us=rows.occurred_us.max(where=rows.kind == "handed_off"),
        sql_us=rows.occurred_us.min(where=rows.kind.isin(STAGES["sql"])),
    )
    table = leads.left_join(told, leads.lead_id == told.told_lead)
    qualified = (table.age_qualified <= horizon_days).fill_null(False)
    keys = {
        "arm": table.arm,
        "qualified_on": ibis.cases((qualified & (table.age_qualified <= 1), 1), (qualified, 2), else_=0),
        "sent_back": table.back_us.notnull(),
        "handed_again": (table.again_us > table.back_us).fill_null(False),
        "sql": table.sql_us.notnull(),
        "sql_after": (table.sql_us > table.back_us).fill_null(False),
    }
    return tuple(Flow(**row) for row in grouped(table, keys, {"leads": table.count()}))


def _handed(dataset: Dataset, horizon_days: int) -> ir.Table:
    """The mature leads handed over within the horizon."""
    leads = dataset.leads.filter(dataset.leads.follow_up >= horizon_days)
    age = (leads.handed_us - leads.assigned_us) // DAY_US + 1
    return leads.filter((age <= horizon_days).fill_null(False)).select("lead_id", "arm", "handed_us", "responded_us")


def _decided(dataset: Dataset, leads: ir.Table) -> ir.Table:
    """The first answer of sales at or after the hand-over."""
    handed = leads.select(decided_lead="lead_id", since_us="handed_us")
    rows = dataset.outcomes
    rows = rows.filter(
        (rows.fate == "counted") & rows.kind.isin(("accepted", "rejected")) & ~rows.inferred.fill_null(False)
    )
    rows = rows.join(handed, rows.lead_id == handed.decided_lead)
    rows = rows.filter(rows.occurred_us >= rows.since_us)
    return rows.group_by("decided_lead").aggregate(responded_us=rows.occurred_us.min())
