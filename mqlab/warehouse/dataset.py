"""One row per lead: the judged leads joined with what sales reported, as Ibis expressions on any engine.

Instants are `int64` microseconds since 1970 UTC, money is integer minor units, quantities are integer thousandths,
so that a GROUP BY over this table returns integers and the same bytes in every engine.

An age is `⌊(occurred − assigned) / 86 400 s⌋ + 1` days; an outcome is within a horizon h iff its age is ≤ h, and a
lead is mature for h iff ⌊(cut-off − assigned) / 86 400 s⌋ ≥ h.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Self

import ibis
import pyarrow as pa
from ibis.expr import operations as ops
from ibis.expr import types as ir

from mqlab.leads.instants import DAY_US
from mqlab.warehouse.columns import effort_column, money_column
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.engines.kept import Recipe
from mqlab.warehouse.first_wins import first_wins

STAGES: Mapping[str, tuple[str, ...]] = {
    "accepted": ("accepted",),
    "rejected": ("rejected",),
    "meeting": ("meeting",),
    "sql": ("sql", "opportunity", "closed_won"),
    "opportunity": ("opportunity", "closed_won"),
    "won": ("closed_won",),
}
"""Which outcome kinds show that a stage was reached: won implies opportunity implies sql; the first time counts."""

DEAL_KINDS = ("opportunity", "closed_won", "closed_lost", "reopened", "amount_changed")
"""Outcomes of an opportunity, which belongs to one lead."""

TOUCH_KINDS = ("touched", "meeting")
RESPONSE_KINDS = ("touched", "meeting", "accepted", "rejected")

OUTCOME_ROWS = pa.schema(
    [
        ("lead_id", pa.string()),
        ("kind", pa.string()),
        ("occurred_us", pa.int64()),
        ("known_us", pa.int64()),
        ("opportunity_id", pa.string()),
        ("amount_minor", pa.int64()),
        ("unpriced", pa.string()),
        ("thousandths", pa.int64()),
        ("owner", pa.string()),
        ("reason_code", pa.string()),
        ("inferred", pa.bool_()),
        ("dated", pa.bool_()),
    ]
)
"""Outcomes as the data set takes them: canonical lead, money in minor units of one currency, `dated` = a date only.

`unpriced` is the rate that a stated amount could not be converted for want of.
"""

LEAD_ROWS = pa.schema(
    [
        ("lead_id", pa.string()),
        ("unit", pa.string()),
        ("arm", pa.string()),
        ("phase", pa.int64()),
        ("assigned_us", pa.int64()),
        ("qualified_us", pa.int64()),
        ("handed_us", pa.int64()),
        ("sla_us", pa.int64()),
    ]
)
"""The columns every judged lead has: own arm's first crossing, the end of its batch, the promised first touch.

Further columns are named in `mqlab.warehouse.columns`.
"""


@dataclass(frozen=True, slots=True)
class Money:
    """Revenue within `horizon_days` of assignment, each deal counted up to `cap_minor`."""

    horizon_days: int
    cap_minor: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the data set must hold: `as_of_us` bounds what is known, `cut_off_us` what has happened.

    Of leads that are not enrolled it holds the outcomes since `since_us`, None: all.
    """

    as_of_us: int
    cut_off_us: int
    effort_horizons: tuple[int, ...] = ()
    money: tuple[Money, ...] = ()
    since_us: int | None = None


class Dataset:
    """The one-row-per-lead table in an engine; close it, or use it as a context manager.

    `leads` has, beside the judged columns: `follow_up` (whole days), `age_qualified`, `age_<stage>` for every stage
    of `STAGES` (null where not reached by the cut-off), `responded_us`, `outcomes` (rows counted), `owner`, and the
    money and effort columns. `outcomes` has every row with its `fate`. `handover_stated`: some lead has a `handed_off`
    row; otherwise `handed_us` is the end of the batch in which the lead's own definition fired. `arms` are those that
    have a lead, empty where nobody said. A data set that `owns` its engine closes it.
    """

    def __init__(
        self,
        engine: Engine,
        leads: ir.Table,
        outcomes: ir.Table,
        plan: Plan,
        *,
        handover_stated: bool,
        arms: Collection[str] = (),
        owns: bool = True,
    ) -> None:
        self._engine = engine
        self._owns = owns
        self.leads = leads
        self.outcomes = outcomes
        self.plan = plan
        self.handover_stated = handover_stated
        self.arms = frozenset(arms)

    @property
    def engine(self) -> str:
        """The engine, as results name it."""
        return self._engine.name

    @property
    def place(self) -> Engine:
        """The engine itself."""
        return self._engine

    def close(self) -> None:
        """Let the tables go, and the engine with everything in it if it is the data set's own."""
        if self._owns:
            self._engine.close()
        else:
            self._engine.drop(self.leads.get_name(), self.outcomes.get_name())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def build(judged: pa.Table, outcomes: pa.Table, plan: Plan, *, memory_limit: str | None = None) -> Dataset:
    """The data set of `judged` (the columns of `LEAD_ROWS` and more) and `outcomes` (`OUTCOME_ROWS`), in a DuckDB.

    `memory_limit` bounds what DuckDB takes, such as "4GB"; None leaves it to DuckDB.
    """
    engine = open_engine("duckdb://", memory_limit=memory_limit)
    try:
        leads = engine.load("judged", judged)
        facts = engine.load("facts", outcomes.select(OUTCOME_ROWS.names).cast(OUTCOME_ROWS))
        return _built(engine, leads, facts, plan, "dataset", owns=True)
    except BaseException:
        engine.close()
        raise


def build_in(engine: Engine, judged: ir.Table, outcomes: ir.Table, plan: Plan, *, name: str = "dataset") -> Dataset:
    """The data set of tables that are in an engine already, kept there under names that begin with `name`.

    Both are read several times: let them be loaded or kept tables, with the columns of `LEAD_ROWS` and more, and of
    `OUTCOME_ROWS`. Closing the data set drops what it made; the engine stays open.
    """
    return _built(engine, judged, outcomes.select(*OUTCOME_ROWS.names), plan, name, owns=False)


def _built(engine: Engine, judged: ir.Table, facts: ir.Table, plan: Plan, name: str, *, owns: bool) -> Dataset:
    rows = engine.make(f"{name}_outcomes", _outcome_table(judged.op(), facts.op(), plan))
    stated = rows.aggregate(n=rows.count(where=(rows.fate == "counted") & (rows.kind == "handed_off")))
    handover_stated = engine.fetched(stated)["n"][0].as_py() > 0
    recipe = _lead_table(judged.op(), rows.op(), plan, handover_stated=handover_stated)
    leads = engine.make(f"{name}_leads", recipe)
    arms = [arm for arm in engine.fetched(judged.select("arm").distinct())["arm"].to_pylist() if arm is not None]
    return Dataset(engine, leads, rows, plan, handover_stated=handover_stated, arms=arms, owns=owns)


@lru_cache(maxsize=64)
def _outcome_table(judged: ops.Relation, facts: ops.Relation, plan: Plan) -> Recipe:
    """The outcome rows with their fates, beside judged leads."""
    return Recipe.of(_with_fate(judged.to_expr(), facts.to_expr(), plan))


@lru_cache(maxsize=64)
def _lead_table(judged: ops.Relation, rows: ops.Relation, plan: Plan, *, handover_stated: bool) -> Recipe:
    """The one row per lead."""
    outcomes = rows.to_expr()
    counted = outcomes.filter(outcomes.fate == "counted")
    return Recipe.of(_one_row_per_lead(judged.to_expr(), counted, plan, handover_stated=handover_stated))


def _with_fate(leads: ir.Table, facts: ir.Table, plan: Plan) -> ir.Table:
    """Every known outcome row with its lead's arm and start, its age in days and what becomes of it.

    `crosses_arms` marks one row of every opportunity that leads of two arms claim.
    """
    known = facts.filter(facts.known_us <= plan.as_of_us)
    start = leads.select(start_lead="lead_id", arm="arm", assigned_us="assigned_us")
    rows = known.left_join(start, known.lead_id == start.start_lead).drop("start_lead")
    if plan.since_us is not None:
        rows = rows.filter(rows.arm.notnull() | (rows.occurred_us >= plan.since_us))
    of_deal = rows.opportunity_id.notnull() & (
        rows.kind.isin(DEAL_KINDS) | ((rows.kind == "sql") & rows.inferred.fill_null(False))
    )
    rows = rows.mutate(of_deal=of_deal)
    owner = _owners(rows)
    rows = rows.left_join(owner, rows.opportunity_id == owner.owned_opportunity).drop("owned_opportunity")
    fate = ibis.cases(
        (rows.arm.isnull(), "not_enrolled"),
        (rows.of_deal & (rows.owner_lead != rows.lead_id), "other_lead"),
        (rows.occurred_us < rows.assigned_us, "before_assignment"),
        (rows.occurred_us > plan.cut_off_us, "after_cut_off"),
        else_="counted",
    )
    order = [rows.lead_id, rows.kind, fate, rows.inferred.fill_null(False)]
    first_of_deal = ibis.row_number().over(group_by=rows.opportunity_id, order_by=order) == 0
    crosses = rows.opportunity_id.notnull() & (rows.deal_arms > 1).fill_null(False) & first_of_deal
    rows = rows.mutate(fate=fate, crosses_arms=crosses)
    age = ibis.ifelse(rows.fate == "counted", _days(rows.occurred_us - rows.assigned_us) + 1, ibis.null("int64"))
    return rows.mutate(age=age).drop("owner_lead", "of_deal", "deal_arms")


def _owners(rows: ir.Table) -> ir.Table:
    """One opportunity belongs to one lead, the earliest assigned; `deal_arms` says how many arms it touches."""
    deals = rows.filter(rows.of_deal & rows.arm.notnull())
    claims = deals.select("opportunity_id", "lead_id", "arm", "assigned_us").distinct()
    place = ibis.row_number().over(group_by=claims.opportunity_id, order_by=[claims.assigned_us, claims.lead_id])
    arms = claims.group_by("opportunity_id").aggregate(deal_arms=claims.arm.nunique())
    first = claims.mutate(place=place)
    first = first.filter(first.place == 0).select(owned_opportunity="opportunity_id", owner_lead="lead_id")
    return first.join(arms, first.owned_opportunity == arms.opportunity_id).select(
        "owned_opportunity", "owner_lead", "deal_arms"
    )


def _one_row_per_lead(leads: ir.Table, counted: ir.Table, plan: Plan, *, handover_stated: bool) -> ir.Table:
    """The judged leads with first ages, hand-over, first response, owner, effort and money."""
    reached: dict[str, ir.Value] = {
        f"age_{stage}": counted.age.min(where=counted.kind.isin(kinds)) for stage, kinds in STAGES.items()
    }
    effort: dict[str, ir.Value] = {
        effort_column(days): counted.thousandths.sum(where=counted.kind.isin(TOUCH_KINDS) & (counted.age <= days)).cast(
            "int64"
        )
        for days in plan.effort_horizons
    }
    first = counted.group_by("lead_id").aggregate(
        outcomes=counted.count(),
        stated_handed_us=counted.occurred_us.min(where=counted.kind == "handed_off"),
        **reached,
        **effort,
    )
    table = _joined(leads, first)
    handed = table.stated_handed_us if handover_stated else table.handed_us
    table = table.mutate(
        handed_us=handed,
        outcomes=table.outcomes.fill_null(0),
        follow_up=ibis.ifelse(
            table.assigned_us <= plan.cut_off_us, _days(ibis.literal(plan.cut_off_us) - table.assigned_us), -1
        ),
        age_qualified=_days(table.qualified_us - table.assigned_us) + 1,
        **{effort_column(days): table[effort_column(days)].fill_null(0) for days in plan.effort_horizons},
    ).drop("stated_handed_us")
    table = _joined(table, _responses(counted, table))
    table = _joined(table, _first_owner(counted))
    if plan.money:
        table = _joined(table, _money(counted, plan.money))
        names = [money_column(number) for number in range(len(plan.money))]
        table = table.mutate(**{name: table[name].fill_null(0) for name in names})
    return table


def _responses(counted: ir.Table, table: ir.Table) -> ir.Table:
    """The first response of sales at or after the hand-over of a lead."""
    handed = table.select(handed_lead="lead_id", handed_at_us="handed_us")
    rows = counted.filter(counted.kind.isin(RESPONSE_KINDS) & ~counted.inferred.fill_null(False))
    rows = rows.join(handed, rows.lead_id == handed.handed_lead)
    rows = rows.filter(rows.occurred_us >= rows.handed_at_us)
    return rows.group_by("lead_id").aggregate(
        responded_us=rows.occurred_us.min(), touches=rows.kind.isin(TOUCH_KINDS).sum().cast("int64")
    )


def _first_owner(counted: ir.Table) -> ir.Table:
    """Who first had the lead, of those outcome rows that name an owner."""
    rows = counted.filter(counted.owner.notnull())
    place = ibis.row_number().over(group_by=rows.lead_id, order_by=[rows.occurred_us, rows.kind, rows.owner])
    rows = rows.mutate(place=place)
    return rows.filter(rows.place == 0).select("lead_id", "owner")


def _money(counted: ir.Table, measures: tuple[Money, ...]) -> ir.Table:
    """Revenue per lead: each opportunity once, from the age at which it was first won, with the first amount stated."""
    won = first_wins(counted)
    sums = {}
    for number, money in enumerate(measures):
        amount = won.amount_minor
        if money.cap_minor is not None:
            amount = ibis.ifelse(amount > money.cap_minor, money.cap_minor, amount)
        sums[money_column(number)] = amount.sum(where=won.won_age <= money.horizon_days).cast("int64")
    return won.group_by("lead_id").aggregate(**sums)


def _joined(left: ir.Table, right: ir.Table) -> ir.Table:
    """`left` with the columns of `right` for the same lead, null where there is none."""
    columns = right.rename(joined_lead="lead_id")
    return left.left_join(columns, left.lead_id == columns.joined_lead).drop("joined_lead")


def _days(span_us: ir.Value) -> ir.Value:
    """Whole days of 86 400 s in a span that is not negative."""
    return (span_us // DAY_US).cast("int64")
