"""The whole path from facts to the result: known answers, the edges, and what must never happen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mqlab.analysis.analyze import analyze
from mqlab.analysis.outcome_rows import Prices
from mqlab.analysis.result_rows import AlwaysValid, MetricRow
from mqlab.analysis.results import AnalysisResult, CheckName
from mqlab.assignment.position import RING
from mqlab.definitions.load import load_text as load_definition
from mqlab.definitions.model import Definition
from mqlab.experiments.enrol import split_of
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import end_of_day, micros
from mqlab.leads.tables import Facts
from mqlab.stats.bayes import Reading
from mqlab.stats.estimate import Estimate, NotEstimable
from tests.analysis.world import DAY, HOUR, START, THREE_ARMS, definitions, facts, protocol, random_facts

ZONE = ZoneInfo("UTC")
FIRST = """
kind: mql-definition/v1
id: {id}
version: 1.0.0
fields: {{kind: {{type: string}}}}
qualify: "kind in ['both', '{letter}']"
handoff: {{first_touch: 4h}}
"""
G3 = {  # statistics.md, known answer G3: (leads, SQLs) of control and challenger by stratum
    "both": ((880, 264), (884, 262)),
    "a": ((120, 18), (122, 6)),
    "b": ((118, 5), (121, 30)),
    "none": ((2882, 29), (2873, 28)),
}


def result(known: Facts, declared: Protocol | None = None, **more: Any) -> AnalysisResult:
    """The analysis of the tests' experiment."""
    return analyze(declared or protocol(), more.pop("defined", definitions()), known, timezone=ZONE, **more)


def by_letter() -> dict[str, Definition]:
    """Two definitions that hand over at once, told by the field `kind`."""
    pairs = (("forms", "a"), ("visits", "b"))
    loaded = [load_definition(FIRST.format(id=name, letter=letter), file="test.yaml") for name, letter in pairs]
    return {definition.ref: definition for definition in loaded}


def ids(arm: str) -> Iterator[str]:
    """Lead ids that the hash puts into an arm."""
    split = split_of(protocol())
    return (name for name in (f"lead-{number}" for number in count()) if split.place(name, coverage=RING).arm == arm)


def counted(table: dict[str, Any]) -> Facts:
    """Facts with exactly these leads and SQLs."""
    leads, outcomes = [], []
    for side, arm in enumerate(("control", "challenger")):
        names = ids(arm)
        for kind, sides in table.items():
            n, x = sides[side]
            for number in range(n):
                name = next(names)
                leads.append({"lead_id": name, "created_at": START + DAY, "fields": {"kind": kind}})
                if number < x:
                    outcomes.append({"lead_id": name, "kind": "sql", "occurred_at": START + 9 * DAY})
    return facts(leads, outcomes=outcomes)


@pytest.fixture(scope="module")
def g3() -> AnalysisResult:
    """Known answer G3 of statistics.md through assignment, evaluation, DuckDB and estimation."""
    return result(counted(G3), defined=by_letter())


@pytest.fixture(scope="module")
def funnel() -> AnalysisResult:
    """A random funnel with everything in it."""
    return result(random_facts(1, 600))


@pytest.fixture(scope="module")
def few() -> Facts:
    """A random funnel of a few leads."""
    return random_facts(1, 300)


@pytest.fixture(scope="module")
def unrecorded() -> AnalysisResult:
    """Leads of which sales reported SQLs and nothing else."""
    table = {"both": ((90, 30), (90, 31)), "b": ((40, 3), (41, 9)), "none": ((9, 0), (9, 0))}
    return result(counted(table), defined=by_letter())


def row(
    found: AnalysisResult, metric: str, estimator: str, role: str | None = None, arm: str = "challenger"
) -> MetricRow:
    """The row of a metric without a segment."""
    return next(
        each
        for each in found.metrics
        if (each.metric, each.estimator, each.segment, each.arm) == (metric, estimator, None, arm)
        and (role is None or each.role == role)
    )


def limits(estimate: Estimate | NotEstimable) -> tuple[float | None, float | None, float | None]:
    """(value, low, high)."""
    assert isinstance(estimate, Estimate)
    return estimate.value, estimate.interval.low, estimate.interval.high


def test_g3_comes_out_of_the_whole_path(g3: AnalysisResult) -> None:
    """Triggered .003097008 [−.00044218, .00669410], plain .0025 [−.0094272, .0144361] (statistics.md, G3)."""
    triggered, itt = row(g3, "sql_per_lead", "triggered"), row(g3, "sql_per_lead", "itt")

    assert limits(triggered.absolute) == pytest.approx((0.003097008, -0.00044218, 0.00669410), abs=1e-8)
    assert limits(itt.absolute) == pytest.approx((0.0025, -0.0094272, 0.0144361), abs=1e-7)
    assert (triggered.primary, itt.primary) == (True, False)
    assert [(stratum.control_units, stratum.control_x) for stratum in g3.strata] == [
        (880, 264),
        (120, 18),
        (118, 5),
        (2882, 29),
    ]
    assert [(stratum.treatment_units, stratum.treatment_x) for stratum in g3.strata] == [
        (884, 262),
        (122, 6),
        (121, 30),
        (2873, 28),
    ]
    assert sum(
        stratum.share or 0 for stratum in g3.strata if stratum.stratum in ("control_first", "arm_first")
    ) == pytest.approx(0.060125)


def test_g3_tells_what_moved(g3: AnalysisResult) -> None:
    """Per 1,000 assigned leads B adds 30 MQLs (24.8 % became SQL) and drops 30 (15.0 % v 4.9 %): statistics.md 1."""
    dropped, added = g3.marginal

    assert (dropped.stratum, added.stratum) == ("control_first", "arm_first")
    assert dropped.leads_per_1000 == pytest.approx(30.25) and added.leads_per_1000 == pytest.approx(29.875)
    assert (dropped.rate_control, dropped.rate_treatment) == pytest.approx((0.15, 6 / 122))
    assert (added.rate_control, added.rate_treatment) == pytest.approx((5 / 118, 30 / 121))
    assert added.outcomes_per_1000 == pytest.approx(29.875 * (30 / 121 - 5 / 118))


def test_g3_precision_is_read_both_ways(g3: AnalysisResult) -> None:
    """Of MQLs handed over A 28.0 %, B 29.2 %: the efficient reading of statistics.md section 1."""
    efficient, plain = row(g3, "sql_per_mql", "triggered"), row(g3, "sql_per_mql", "itt")

    assert (efficient.control.value, efficient.treatment.value) == pytest.approx((0.280, 0.292), abs=5e-4)
    assert (plain.control.numerator, plain.control.units) == (264 + 18, 880 + 120)
    assert limits(efficient.relative)[0] == pytest.approx(0.042, abs=1e-3)
    assert "not an effect" in plain.note


def test_the_json_has_no_nan_and_every_declared_metric(funnel: AnalysisResult) -> None:
    """The agreed JSON is strict JSON, and each question has its rows."""
    text = json.dumps(funnel.to_dict(), allow_nan=False)
    asked = {(each.metric, each.role) for each in funnel.metrics}

    assert "NaN" not in text and "Infinity" not in text
    assert asked == {
        ("sql_per_lead", "primary"),
        ("won_per_lead", "then"),
        ("revenue_per_lead", "then"),
        ("sql_per_mql", "beside"),
        ("mql_per_lead", "beside"),
        ("accepted_per_mql", "beside"),
        ("effort_per_win", "beside"),
        ("won_per_lead", "guardrail"),
        ("rejected_per_mql", "guardrail"),
        ("touched_within_sla", "guardrail"),
        ("sql_per_lead", "segment"),
        ("won_per_lead", "segment"),
        ("won_per_mql", "beside"),
    }
    keys = [(m.metric, m.role, m.horizon_days, m.arm, m.segment, m.estimator) for m in funnel.metrics]
    assert len(keys) == len(set(keys))
    assert sum(each.primary for each in funnel.metrics) == 1


def test_the_list_of_checks_is_the_closed_list(funnel: AnalysisResult) -> None:
    """Every check of the contract stands in the result once, in its order."""
    assert [check.check for check in funnel.checks] == list(CheckName.__args__)  # type: ignore[attr-defined]


def test_the_same_facts_give_the_same_bytes() -> None:
    """Two analyses of the same facts are equal to the byte, and the order of the rows does not matter."""
    known = random_facts(2, 120)
    shuffled = replace(
        known,
        leads=known.leads.take(list(range(known.leads.num_rows))[::-1]),
        events=known.events.take(list(range(known.events.num_rows))[::-1]),
        outcomes=known.outcomes.take(list(range(known.outcomes.num_rows))[::-1]),
    )
    texts = [json.dumps(result(each).to_dict(), sort_keys=True) for each in (known, known, shuffled)]

    assert texts[0] == texts[1]
    assert texts[0] == texts[2]


def test_counts_add_up(funnel: AnalysisResult) -> None:
    """Enrolled and not enrolled make the leads; the fates of the outcomes make the log."""
    counts = funnel.counts
    assert counts["enrolled"] + sum(counts["not_enrolled"].values()) == counts["leads"] == 600
    assert sum(counts["enrolled_by_arm"].values()) == counts["enrolled"]
    for kind in counts["outcomes"].values():
        assert kind["in_log"] == sum(n for fate, n in kind.items() if fate != "in_log")
    assert funnel.excluded["outcome_before_assignment"] > 0


def test_nobody_at_all_gives_reasons() -> None:
    """Without a single lead every row has its reason, and there is no verdict yet or ever."""
    early = result(facts([], as_of=START + DAY))
    late = result(facts([]))

    json.dumps([early.to_dict(), late.to_dict()], allow_nan=False)
    assert early.verdict.call == "not_due"
    assert late.verdict.call == "inconclusive"
    assert all(isinstance(each.absolute, NotEstimable) and each.absolute.reason == "no_units" for each in late.metrics)
    assert next(check for check in late.checks if check.check == "sample_ratio").status == "not_applicable"


def test_one_arm_without_leads_gives_reasons() -> None:
    """Leads of one arm only: nothing can be compared, the split is wrong, nothing fails."""
    found = result(counted({"both": ((60, 9), (0, 0)), "none": ((60, 2), (0, 0))}), defined=by_letter())

    json.dumps(found.to_dict(), allow_nan=False)
    assert found.verdict.call == "blocked"
    assert isinstance(row(found, "sql_per_lead", "itt").absolute, NotEstimable)
    assert found.excluded["phase_lacking_arm"] == 120


@pytest.mark.parametrize("share", [pytest.param(0.0, id="nobody converts"), pytest.param(1.0, id="everybody converts")])
def test_a_rate_of_nought_or_one_is_estimated(share: float) -> None:
    """All or no lead converted: a difference of 0 with its interval, p = 1, and no division by zero."""
    table = {
        kind: tuple((n, int(n * share)) for n in sizes)
        for kind, sizes in {"both": (50, 52), "a": (30, 31), "b": (29, 30), "none": (80, 80)}.items()
    }
    found = result(counted(table), defined=by_letter())

    json.dumps(found.to_dict(), allow_nan=False)
    for estimator in ("itt", "triggered"):
        each = row(found, "sql_per_lead", estimator)
        value, low, high = limits(each.absolute)
        assert value == 0 and low is not None and low < 0 < (high or 0)
        assert each.p_value == 1.0


def test_without_a_disagreement_there_is_no_triggered_estimate() -> None:
    """Two definitions that always agree: the reason stands in the row, and plain intention-to-treat is shown."""
    found = result(counted({"both": ((90, 30), (90, 31)), "none": ((90, 3), (91, 2))}), defined=by_letter())

    assert row(found, "sql_per_lead", "triggered").absolute == NotEstimable(
        "no_discordant_leads", "The two definitions have not disagreed about any lead yet."
    )
    assert isinstance(row(found, "sql_per_lead", "itt").absolute, Estimate)
    assert found.verdict.call == "inconclusive"


def test_what_is_not_due_says_when() -> None:
    """Before its horizon a metric has no value, never 0; its date is named, and the verdict waits."""
    known = random_facts(1, 400)
    declared = protocol(looks="[2026-07-20, 2026-09-10, 2026-11-30]")
    found = result(replace(known, as_of=datetime(2026, 7, 20, 23, 59, 59, 999999, tzinfo=UTC)), declared)
    primary = row(found, "sql_per_lead", "itt")

    assert isinstance(primary.absolute, NotEstimable)
    assert (primary.absolute.reason, primary.absolute.detail) == ("not_due", "sql_per_lead is due 2026-09-10")
    assert (primary.p_fixed, primary.look) == (None, None)
    assert isinstance(primary.control.value, NotEstimable) and primary.control.units > 0
    assert found.verdict.call == "not_due"


def test_a_guardrail_that_is_not_due_only_holds_back_ship() -> None:
    """At a look where SQLs can be read and deals cannot, the guardrail names its date."""
    table = {
        "both": ((300, 60), (300, 61)),
        "a": ((80, 2), (80, 2)),
        "b": ((80, 2), (80, 60)),
        "none": ((400, 4), (400, 4)),
    }
    known = counted(table)
    declared = protocol(looks="[2026-08-10, 2026-11-30]", maximum=1720)
    found = result(
        replace(known, as_of=datetime(2026, 8, 10, 23, 59, 59, 999999, tzinfo=UTC)), declared, defined=by_letter()
    )

    assert found.verdict.call == "inconclusive"
    assert any("won_per_lead is due 2026-11-30" in reason for reason in found.verdict.why)


def test_before_the_planned_end_only_the_repeated_p_is_shown() -> None:
    """At an early look intervals are the boundary's, wider than the plain ones, and `p_fixed` is null."""
    known = random_facts(1, 300)
    early = replace(known, as_of=datetime(2026, 9, 10, 23, 59, 59, 999999, tzinfo=UTC))
    declared = protocol(looks="[2026-09-10, 2026-11-30]")
    first, last = (row(result(each, declared), "sql_per_lead", "itt") for each in (early, known))

    assert first.p_fixed is None and last.p_fixed is not None
    assert first.look is not None and first.look.bound > 2.0 and 0 < first.look.information < 1
    assert last.look is not None and last.look.information == 1.0
    first_limits, last_limits = limits(first.absolute), limits(last.absolute)
    assert (first_limits[2] or 0) - (first_limits[1] or 0) > (last_limits[2] or 0) - (last_limits[1] or 0)


def test_open_handling_is_decided_by_intention_to_treat(few: Facts) -> None:
    """Where sales can see the arm the triggered row is shown and the plain one decides."""
    found = result(few, protocol(handling="open"))

    assert row(found, "sql_per_lead", "itt").primary and not row(found, "sql_per_lead", "triggered").primary
    assert next(check for check in found.checks if check.check == "same_handling").status == "not_applicable"


def test_unequal_promises_to_sales_are_decided_by_intention_to_treat() -> None:
    """Arms whose `handoff` differs are not handled the same, and the check names the block."""
    text = FIRST.format(id="visits", letter="b").replace("4h", "48h")
    defined = {**by_letter(), "visits@1.0.0": load_definition(text, file="test.yaml")}
    found = result(
        counted({"both": ((90, 30), (90, 31)), "b": ((40, 3), (41, 9)), "none": ((9, 0), (9, 0))}), defined=defined
    )
    check = next(check for check in found.checks if check.check == "same_handling")

    assert check.status == "fail" and "handoff" in check.detail
    assert row(found, "sql_per_lead", "itt").primary


def test_strata_that_depend_on_the_arm_block_the_verdict() -> None:
    """A stratum that is not pre-treatment shows in arm × stratum, and there is no verdict."""
    found = result(
        counted({"both": ((300, 30), (150, 15)), "b": ((40, 3), (190, 60)), "none": ((300, 5), (300, 5))}),
        defined=by_letter(),
    )

    assert found.verdict.call == "blocked"
    assert next(check for check in found.checks if check.check == "arm_by_stratum").status == "fail"


def test_a_wrong_split_blocks_the_verdict() -> None:
    """Sample ratio mismatch at p < .001 leaves no verdict."""
    found = result(
        counted({"both": ((300, 30), (180, 20)), "a": ((20, 1), (12, 1)), "none": ((300, 5), (180, 5))}),
        defined=by_letter(),
    )

    assert found.verdict.call == "blocked"
    assert found.verdict.why[0].startswith("sample_ratio")


def test_a_changed_protocol_blocks_the_verdict(few: Facts) -> None:
    """A protocol edited after the start leaves no verdict."""
    found = result(few, protocol_unchanged=False)

    assert found.verdict.call == "blocked"
    assert "protocol_unchanged" in found.verdict.why[0]


def test_an_effect_of_the_arm_itself_gives_the_decision_to_intention_to_treat() -> None:
    """Leads both definitions hand over that fare differently by arm (p < .001) make the plain comparison decide."""
    found = result(
        counted({"both": ((500, 100), (500, 200)), "b": ((60, 3), (61, 9)), "none": ((300, 5), (300, 5))}),
        defined=by_letter(),
    )
    check = next(check for check in found.checks if check.check == "concordant_effect")

    assert check.status == "fail"
    assert row(found, "sql_per_lead", "itt").primary


def test_a_truly_better_challenger_ships_and_a_worse_one_harms() -> None:
    """The same counts with the arms' outcomes exchanged turn `ship` into `harm`."""
    better = {
        "both": ((400, 80), (400, 80)),
        "a": ((90, 3), (90, 3)),
        "b": ((90, 2), (90, 70)),
        "none": ((400, 4), (400, 4)),
    }
    worse = {**better, "a": ((90, 70), (90, 3)), "b": ((90, 3), (90, 3))}
    declared = replace(protocol(), guardrails=())

    assert result(counted(better), declared, defined=by_letter()).verdict.call == "ship"
    assert result(counted(worse), declared, defined=by_letter()).verdict.call == "harm"


def test_several_challengers_have_a_verdict_each_at_dunnetts_level() -> None:
    """Three arms: two verdicts, two sets of strata, and α = .02696 for each challenger (statistics.md section 11)."""
    found = result(random_facts(6, 500), protocol(arms=THREE_ARMS))

    assert list(found.verdicts) == ["challenger", "other"]
    assert found.counts["alpha"] == pytest.approx({"challenger": 0.02696, "other": 0.02696}, abs=1e-5)
    assert {stratum.arm for stratum in found.strata} == {"challenger", "other"}
    look = row(found, "sql_per_lead", "itt", arm="other").look
    assert look is not None and look.bound == pytest.approx(2.2121, abs=1e-4)
    assert sum(each.primary for each in found.metrics) == 2


def test_a_ramp_is_compared_within_its_phases() -> None:
    """With two phases of coverage the rows say so, and the estimate is the phases' weighted one."""
    phases = "[{from: 2026-07-01, coverage: 30%}, {from: 2026-07-12, coverage: 100%}]"
    found = result(random_facts(7, 500), protocol(phases=phases))
    itt = row(found, "sql_per_lead", "itt")

    assert "Cochran–Mantel–Haenszel" in itt.method
    value, low, high = limits(itt.absolute)
    assert isinstance(itt.control.value, float) and isinstance(itt.treatment.value, float)
    assert value == pytest.approx(itt.treatment.value - itt.control.value)
    assert low is not None and value is not None and high is not None and low < value < high
    assert found.counts["not_enrolled"]["coverage"] > 0


def test_randomised_accounts_have_clustered_rows() -> None:
    """Under `unit: account` the rows use CR2, the check tells the accounts, and too few of them block."""
    found = result(random_facts(8, 600, accounts=120), protocol(unit="account"))
    few = result(random_facts(8, 150, accounts=5), protocol(unit="account"))

    assert "CR2" in row(found, "sql_per_lead", "triggered").method
    assert "CR2" in row(found, "sql_per_mql", "itt").method
    check = next(check for check in found.checks if check.check == "clusters")
    assert check.status in ("pass", "warn") and "degrees of freedom" in check.detail
    assert few.verdict.call == "blocked"
    json.dumps([found.to_dict(), few.to_dict()], allow_nan=False)


def test_activity_that_nobody_recorded_is_a_reason_not_a_zero(unrecorded: AnalysisResult) -> None:
    """Without touches, meetings or answers effort and response time cannot be estimated, and checks say why."""
    found = unrecorded

    for metric in ("effort_per_win", "touched_within_sla"):
        each = row(found, metric, "itt")
        assert isinstance(each.absolute, NotEstimable) and each.absolute.reason == "no_activity_data"
        assert isinstance(each.control.value, NotEstimable)
    checks = {check.check: check.status for check in found.checks}
    assert checks["handling_parity"] == checks["capacity"] == checks["owner_balance"] == "not_applicable"


def money_facts(currency: str | None = "EUR", **more: Any) -> Facts:
    """Leads of both arms, of which a few dozen are won."""
    leads, outcomes = [], []
    for arm, wins, each in (("control", 20, 1000), ("challenger", 30, 1500)):
        names = ids(arm)
        for number in range(200):
            name, kind = next(names), ("both", "b", "none")[number % 3]
            leads.append({"lead_id": name, "created_at": START, "fields": {"kind": kind}})
            if number < 3 * wins and number % 3 == (1 if arm == "challenger" else 0):
                outcomes.append(
                    {"lead_id": name, "kind": "closed_won", "occurred_at": START + 9 * DAY, "opportunity_id": name}
                    | {"amount": Decimal(each), "currency": currency}
                    | more
                )
    return facts(leads, outcomes=outcomes)


def test_money_is_read_per_assigned_lead() -> None:
    """Revenue per lead is the capped sum over all mature leads, in currency units."""
    found = row(result(money_facts(), defined=by_letter()), "revenue_per_lead", "itt")

    assert (found.control.value, found.treatment.value) == pytest.approx((100.0, 225.0))
    assert found.control.numerator == 20_000 and found.currency == "EUR" and found.unit == "money"
    assert limits(found.absolute)[0] == pytest.approx(125.0)
    assert "permutation" in found.method


def test_amounts_in_other_currencies_need_a_rate() -> None:
    """A foreign amount is converted at the rate of its day; a missing rate is a reason, never a mixed sum."""
    known = money_facts("USD")
    without = row(result(known, defined=by_letter()), "revenue_per_lead", "itt")
    asked: list[tuple[str, str, str]] = []

    def rates(one: str, other: str, day: Any) -> Decimal:
        asked.append((one, other, day.isoformat()))
        return Decimal("0.5")

    converted = row(result(known, defined=by_letter(), fx=rates), "revenue_per_lead", "itt")

    assert isinstance(without.absolute, NotEstimable) and without.absolute.reason == "missing_exchange_rate"
    assert "USD to EUR on 2026-07-10" in without.absolute.detail
    assert converted.control.value == pytest.approx(50.0)
    assert set(asked) == {("USD", "EUR", "2026-07-10")}


def test_the_rate_is_of_the_day_in_the_labs_zone() -> None:
    """A close date is the end of its day in the lab's zone, which in the west is the next day of UTC."""
    west = ZoneInfo("America/Los_Angeles")
    asked: list[date] = []

    def rates(_one: str, _other: str, day: date) -> Decimal:
        asked.append(day)
        return Decimal("0.5")

    for zone in (west, UTC):
        prices = Prices("EUR", "EUR", rates, zone)
        assert prices.price(Decimal(10), "USD", micros(end_of_day(date(2026, 7, 10), west))) == (500, None)

    assert asked == [date(2026, 7, 10), date(2026, 7, 11)]


def test_deals_without_amounts_are_told() -> None:
    """No amount at all is a reason; the rates of won deals stand."""
    found = result(money_facts(amount=None), defined=by_letter())
    revenue = row(found, "revenue_per_lead", "itt")

    assert isinstance(revenue.absolute, NotEstimable) and revenue.absolute.reason == "no_amounts"
    assert isinstance(row(found, "won_per_lead", "itt").absolute, Estimate)


def test_few_deals_show_totals_only() -> None:
    """Under ten deals in an arm there is no interval of money."""
    found = result(random_facts(1, 60))
    revenue = row(found, "revenue_per_lead", "itt")

    assert isinstance(revenue.absolute, NotEstimable) and revenue.absolute.reason == "too_few_wins"
    assert isinstance(revenue.control.value, float)


def test_the_break_even_price_is_what_a_handover_earns() -> None:
    """More hand-overs and more revenue: worth it up to Δ revenue per lead over Δ hand-overs per lead."""
    found = result(money_facts(), defined=by_letter())
    price = found.break_even["challenger"]
    revenue = row(found, "revenue_per_lead", price["estimator"]).absolute
    volume = row(found, "mql_per_lead", price["estimator"]).absolute

    assert price["reading"] == "while_less"
    assert price["price_per_handover"] == pytest.approx((limits(revenue)[0] or 0) / (limits(volume)[0] or 1), rel=1e-9)
    assert price["sentence"].startswith("worth it while a hand-over costs sales less than EUR ")


def test_no_revenue_metric_has_no_break_even_price() -> None:
    """Without declared revenue the price has a reason."""
    found = result(facts([]), replace(protocol(), then=()))

    assert found.break_even["challenger"]["not_estimable"] == "no_revenue_metric"


def test_segments_are_exploration_and_add_up(funnel: AnalysisResult) -> None:
    """The leads of a segment's values are the leads of the experiment; every row says what it is."""
    shown = [each for each in funnel.metrics if each.role == "segment" and each.estimator == "itt"]
    rows = [each for each in shown if each.metric == "sql_per_lead"]
    whole = row(funnel, "sql_per_lead", "itt")

    assert {each.metric for each in shown} == {"sql_per_lead", "won_per_lead"}
    assert sum(each.control.units for each in rows) == whole.control.units
    assert sum(each.treatment.numerator or 0 for each in rows) == whole.treatment.numerator
    assert {each.segment for each in rows} == {"source=organic", "source=paid", "source=event"}
    assert all("exploration" in each.note for each in rows)


def test_efficiency_reads_margin_and_precision() -> None:
    """A stricter rule with no fewer SQLs and a much better list ships under `aim: efficiency`."""
    table = {"both": ((900, 300), (900, 300)), "a": ((500, 6), (500, 6)), "none": ((900, 9), (900, 9))}
    base = protocol()
    margin = replace(base.guardrails[0].margin, size=0.20)
    declared = replace(
        base,
        aim="efficiency",
        primary=replace(base.primary, margin=margin),
        precision=replace(base.beside[0], metric="sql_per_mql", minimum_effect=0.0),
        guardrails=(),
    )
    found = result(counted(table), declared, defined=by_letter())

    assert found.verdict.call == "ship"
    assert row(found, "sql_per_lead", "triggered").margin == 0.20


def test_the_funnel_counts_mature_leads(g3: AnalysisResult) -> None:
    """Each arm's stages stand beside the leads they are of."""
    stages = {(each.arm, each.stage): (each.count, each.units) for each in g3.funnel}

    assert stages["control", "assigned"] == (4000, 4000)
    assert stages["control", "mql"] == (1000, 4000)
    assert stages["challenger", "sql"] == (326, 4000)


def test_late_feedback_moves_the_cut_off_back(few: Facts) -> None:
    """With feedback that arrives ten days late the leads of the last ten days are not mature yet."""
    known = few
    outcomes = known.outcomes.set_column(
        known.outcomes.schema.get_field_index("known_at"),
        "known_at",
        [[at + 10 * DAY for at in known.outcomes["occurred_at"].to_pylist()]],
    ).cast(known.outcomes.schema)
    found = result(replace(known, outcomes=outcomes, as_of=START + 65 * DAY))

    assert found.counts["lateness_days"] == 10.0
    assert found.counts["cut_off"] == (START + 55 * DAY).isoformat().replace("+00:00", "Z")
    check = next(check for check in found.checks if check.check == "lateness")
    assert check.status == "warn" and "quarter" in check.detail


def test_handovers_without_a_row_are_taken_from_the_batch() -> None:
    """Where the CRM never says `handed_off`, the promise runs from the end of the batch in which the rule fired."""
    leads, outcomes = [], []
    for arm in ("control", "challenger"):
        names = ids(arm)
        for number in range(80):
            name = next(names)
            leads.append({"lead_id": name, "created_at": START + timedelta(minutes=10), "fields": {"kind": "both"}})
            outcomes.append(
                {
                    "lead_id": name,
                    "kind": "touched",
                    "occurred_at": START + HOUR + timedelta(hours=3 if number < 60 else 5),
                }
            )
    found = row(result(facts(leads, outcomes=outcomes), defined=by_letter()), "touched_within_sla", "itt")

    assert (found.control.value, found.control.units) == (0.75, 80)
    assert "batch" in found.note


def test_a_look_before_everybody_is_mature_reads_the_incidence() -> None:
    """At an early look all leads count as far as they were followed, and information is counted in effective leads."""
    known = random_facts(4, 900)
    early = replace(known, as_of=datetime(2026, 8, 12, 23, 59, 59, 999999, tzinfo=UTC))
    found = result(early, protocol(looks="[2026-08-12, 2026-11-30]", maximum=900))
    for estimator in ("itt", "triggered"):
        each = row(found, "sql_per_lead", estimator)
        assert "effective leads" in each.method
        assert each.control.mature_units < each.control.units
        assert each.look is not None and each.look.effective_leads is not None
        mature = each.control.mature_units + each.treatment.mature_units
        assert mature < each.look.effective_leads < each.control.units + each.treatment.units
        value, low, high = limits(each.absolute)
        assert low is not None and high is not None and low < value < high
    assert "effective leads" not in row(found, "sql_per_mql", "itt").method


def test_what_stands_beside_the_deciding_numbers(funnel: AnalysisResult) -> None:
    """The limits valid at any time are wider than the look's; the reading is nearer to no change than the estimate."""
    each = row(funnel, "sql_per_lead", "itt")
    assert isinstance(each.always_valid, AlwaysValid) and isinstance(each.reading, Reading)
    value, low, high = limits(each.absolute)
    wide = limits(each.always_valid.absolute)
    assert wide[1] is not None and wide[2] is not None and low is not None and high is not None
    assert wide[0] == value and wide[1] < low and high < wide[2]
    assert 0 <= each.always_valid.p_value <= 1 and each.p_value is not None
    assert abs(each.reading.lift) < abs(limits(each.relative)[0])
    assert row(funnel, "sql_per_mql", "itt").always_valid is None


def test_a_covariate_adjusts_the_plain_row_once_everybody_is_mature() -> None:
    """`post_stratify` compares like with like in the row of all leads; the triggered row and the leads stay."""
    known = random_facts(6, 700)
    plain = result(known)
    declared = replace(protocol(), post_stratify="source")
    found = result(known, declared)

    adjusted = row(found, "sql_per_lead", "itt")
    assert "source" in adjusted.method and "source" not in row(plain, "sql_per_lead", "itt").method
    assert adjusted.control.units == row(plain, "sql_per_lead", "itt").control.units
    assert limits(adjusted.absolute) != limits(row(plain, "sql_per_lead", "itt").absolute)
    assert limits(row(found, "sql_per_lead", "triggered").absolute) == limits(
        row(plain, "sql_per_lead", "triggered").absolute
    )
