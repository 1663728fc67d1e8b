"""Results to draw: a true improvement, a trap, and one whose names and texts try to break the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from mqlab.analysis.curves import Curve
from mqlab.analysis.explore import READS_ACCOUNTS
from mqlab.analysis.explored import Bin, Explored, ScoreTable, Signal
from mqlab.analysis.movers import Mover, Said
from mqlab.analysis.quarter.thresholds import Threshold
from mqlab.analysis.rejected_rules import RuleRejections
from mqlab.analysis.result_rows import (
    AlwaysValid,
    ArmValue,
    FunnelRow,
    LeakRow,
    Look,
    MarginalRow,
    MetricRow,
    MixRow,
    StratumRow,
)
from mqlab.analysis.results import AnalysisResult, Check, Condition, VerdictResult
from mqlab.analysis.sales_work import FlowRow, PromiseRow
from mqlab.experiments import lifecycle
from mqlab.experiments.lifecycle import Approval
from mqlab.experiments.protocol import Arm, Looks, Margin, Metric, Phase, Protocol
from mqlab.leads.instants import micros
from mqlab.reports.document import Document
from mqlab.reports.experiment import build
from mqlab.reports.signatures import OnRecord, ReadThen, TakenThen
from mqlab.stats.bayes import Reading
from mqlab.stats.binary import NO_UNITS, Counts
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.incidence_curve import Step
from mqlab.stats.thresholds import NEVER_HANDED_OVER, Point

BERLIN = ZoneInfo("Europe/Berlin")
HOSTILE = '<script>alert("1")</script> & "b"'


@dataclass(frozen=True)
class Told:
    heading: str
    text: str
    points: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changed:
    path: str
    severity: str
    words: str


def protocol(arm: str = "challenger") -> Protocol:
    return Protocol(
        id="2026q3-intent",
        title="Does intent weighting bring more SQLs?",
        hypothesis="Leads showing buying intent reach SQL more often, without fewer wins",
        aim="growth",
        owner="growth",
        unit="lead",
        salt="2026q3-intent",
        timezone="Europe/Berlin",
        enrolment_from=date(2026, 7, 1),
        enrolment_to=date(2026, 9, 30),
        phases=(Phase(1, datetime(2026, 6, 30, 22, tzinfo=UTC), Decimal(1)),),
        control="current",
        arms=(Arm("current", "fit@1.4.0", Decimal(1)), Arm(arm, "intent@1.1.0", Decimal(1))),
        qualify_within_us=60 * 86_400_000_000,
        handling="blinded",
        cadence_us=3_600_000_000,
        primary=Metric("sql_per_lead", 60, minimum_effect=0.05),
        then=(Metric("won_per_lead", 180), Metric("revenue_per_lead", 180, currency="EUR")),
        beside=(Metric("sql_per_mql"), Metric("mql_per_lead"), Metric("effort_per_win")),
        guardrails=(Metric("won_per_lead", 180, margin=Margin(0.10, "relative")),),
        looks=Looks((date(2026, 12, 5), date(2027, 4, 5))),
    )


def estimate(value: float | None, low: float | None, high: float | None) -> Estimate:
    return Estimate(value, Interval(low, high))


def side(value: float | NotEstimable) -> ArmValue:
    return ArmValue(4_000, 4_000, value, None)


STAGES = {"assigned": (4_000, 4_000), "mql": (1_003, 1_001), "sql": (316, 326), "won": (48, 54)}
ANSWERS = (("accepted", None), ("rejected", "hand-01"), ("rejected", None), ("none", None))
LIVE = AlwaysValid(Estimate(0.00609, Interval(-0.001, 0.0132)), Estimate(0.0774, Interval(-0.012, 0.17)), 0.093)
READING = Reading(0.0621, 0.002, 0.124, 0.978)
NO_ACTIVITY = NotEstimable("no_activity_data", "No touches or meetings were imported.")


def row(metric: str, a: float | NotEstimable, b: float | NotEstimable, absolute, relative, **more) -> MetricRow:
    facts = {
        "role": "then",
        "primary": False,
        "estimator": "itt",
        "horizon_days": 60,
        "arm": "challenger",
        "segment": None,
        "p_value": 0.21,
        "p_fixed": None,
        "method": "Miettinen–Nurminen score",
        "look": Look(0.81, 2.21),
        **more,
    }
    return MetricRow(metric=metric, control=side(a), treatment=side(b), absolute=absolute, relative=relative, **facts)


def metrics() -> tuple[MetricRow, ...]:
    triggered = {"estimator": "triggered", "method": "first-divergence strata, Miettinen–Nurminen score, diluted"}
    return (
        row(
            "sql_per_lead", 0.079, 0.0815, estimate(0.0025, -0.0094, 0.0144), estimate(0.0316, -0.11, 0.196),
            role="primary",
        ),
        row(
            "sql_per_lead", 0.07868, 0.08477, estimate(0.00609, 0.0011, 0.0121), estimate(0.0774, 0.013, 0.146),
            role="primary", primary=True, p_value=0.0121, always_valid=LIVE, reading=READING, **triggered,
        ),
        row(
            "won_per_lead", 0.0121, 0.0134, estimate(0.0013, -0.004, 0.0066), estimate(0.107, -0.29, 0.73),
            horizon_days=180,
        ),
        row(
            "won_per_lead", 0.0122, 0.0131, estimate(0.0009, -0.0008, 0.0027), estimate(0.0738, -0.06, 0.22),
            horizon_days=180, **triggered,
        ),
        row(
            "revenue_per_lead", 131.2, 142.5, estimate(11.3, -42.0, 64.6), estimate(0.086, None, None),
            unit="money", currency="EUR", horizon_days=180, method="Welch difference, Fieller ratio",
            note="amounts count up to 60,000",
        ),
        row(
            "sql_per_mql", 0.2803, 0.2922, estimate(0.0119, -0.0003, 0.0241), estimate(0.0424, -0.0012, 0.0879),
            role="beside", estimator="triggered", note="describes the leads each definition picks; not an effect",
        ),
        row(
            "mql_per_lead", 0.25075, 0.250375, estimate(-0.0004, -0.019, 0.018), estimate(-0.0015, -0.074, 0.077),
            role="beside",
        ),
        row(
            "effort_per_win", NO_ACTIVITY, NO_ACTIVITY, NO_ACTIVITY, NO_ACTIVITY, role="beside", unit="count",
            p_value=NO_ACTIVITY,
        ),
        row(
            "won_per_lead", 0.0122, 0.0131, estimate(0.0009, -0.0008, 0.0027), estimate(0.0738, -0.06, 0.22),
            role="guardrail", horizon_days=180, margin=0.10, margin_in="relative", **triggered,
        ),
        row(
            "rejected_per_mql", 0.18, 0.17, estimate(-0.01, -0.04, 0.02), estimate(-0.055, -0.2, 0.12),
            role="guardrail", horizon_days=30, margin=0.03, margin_in="points",
        ),
        row(
            "sql_per_lead", 0.09, 0.13, estimate(0.04, 0.0, 0.08), estimate(None, 0.2, None), role="segment",
            segment="source = paid_search",
        ),
    )  # fmt: skip


def way(arm: str, stage: str, shares: dict[int, float], horizon_days: int = 60) -> Curve:
    """A curve of 4,000 leads with ready shares by day, and limits a tenth apart."""
    steps = tuple(
        Step(day, share, Interval(0.9 * share, 1.1 * share), round(4_000 * (1 - share)))
        for day, share in shares.items()
    )
    return Curve(arm, stage, horizon_days, 4_000, round(4_000 * shares[max(shares)]) if shares else 0, steps)


def ways(arm: str = "challenger") -> tuple[Curve, ...]:
    """Both arms' curves; the challenger's deals are not followed to the end yet."""
    return (
        way("current", "sql", {7: 0.02, 14: 0.05, 30: 0.07, 60: 0.079}),
        way(arm, "sql", {7: 0.03, 14: 0.06, 30: 0.075, 60: 0.0815}),
        way("current", "won", {30: 0.001, 60: 0.006, 90: 0.009, 180: 0.0121}, 180),
        way(arm, "won", {30: 0.002, 60: 0.007, 90: 0.01}, 180),
    )


def ship() -> AnalysisResult:
    """A challenger that is truly better, seen by the triggered estimator only."""
    return AnalysisResult(
        experiment="2026q3-intent",
        title="Does intent weighting bring more SQLs?",
        as_of=datetime(2027, 4, 5, 21, 59, tzinfo=UTC),
        ledger=4711,
        engine="duckdb",
        control="current",
        checks=(
            Check("sample_ratio", "pass", "4,000 and 4,000 leads where 4,000 and 4,000 are expected", 0.97),
            Check("arm_by_stratum", "pass", "the arms have the same mix of strata", 0.99),
            Check("concordant_effect", "warn", "sql_per_lead differs among leads both hand over", 0.03),
            Check("clusters", "not_applicable", "leads are randomised"),
            Check("protocol_unchanged", "fail", "the file was edited after the start"),
        ),
        strata=(
            StratumRow("challenger", "both", 0.2205, 880, 264, 884, 262),
            StratumRow("challenger", "control_first", 0.03025, 120, 18, 122, 6),
            StratumRow("challenger", "arm_first", 0.029875, 118, 5, 121, 30),
            StratumRow("challenger", "none", 0.719375, 2_882, 29, 2_873, 28),
        ),
        metrics=metrics(),
        verdicts={"challenger": VerdictResult("ship", ("sql_per_lead [+1.3%, +14.6%]: better", "won_per_lead clear"))},
        marginal=(
            MarginalRow("challenger", "arm_first", 29.9, 0.0424, 0.2479, 6.1, Interval(3.6, 8.8)),
            MarginalRow("challenger", "control_first", 30.3, 0.15, 0.0492, -3.1, Interval(-5.4, -0.7)),
        ),
        funnel=tuple(
            FunnelRow(arm, stage, count, 4_000)
            for stage, counts in {
                "assigned": (4_000, 4_000),
                "mql": (1_003, 1_001),
                "sql": (316, 326),
                "won": (48, 54),
            }.items()
            for arm, count in zip(("current", "challenger"), counts, strict=True)
        ),
        excluded={"override": 3, "cross_arm_merge": 0, "outcome_before_assignment": 12},
        notes=("lateness is known from 4,210 rows",),
        break_even={"challenger": {"sentence": "worth it while a hand-over costs sales less than EUR 212"}},
        leak=(
            LeakRow("challenger", "none", "current", 2_882, 29, 4_000),
            LeakRow("challenger", "none", "challenger", 2_873, 28, 4_000),
            LeakRow("challenger", "control_first", "challenger", 122, 6, 4_000),
            LeakRow("challenger", "arm_first", "current", 118, 5, 4_000),
        ),
        mix=tuple(
            MixRow(arm, answer, reason, mqls, count, count / mqls)
            for arm, mqls, counts in (
                ("current", 1_000, (700, 120, 80, 100)),
                ("challenger", 1_005, (740, 60, 95, 110)),
            )
            for (answer, reason), count in zip(ANSWERS, counts, strict=True)
        ),
        conditions=(
            Condition("concordant_effect", "the leads differ", "Read all assigned leads.", "concordant_effect"),
            Condition("outcome_before_assignment", "12 outcome rows are too early", "Look whether the CRM backdates."),
        ),
        curves=ways(),
        promises=promised(),
        flow=(*ways_of("current"), *ways_of("challenger")),
    )


def trap() -> AnalysisResult:
    """A stricter rule: the list is cleaner, the same leads bring fewer SQLs."""
    base = ship()
    worse = {
        "treatment": side(0.0712),
        "absolute": estimate(-0.0075, -0.0121, -0.0031),
        "relative": estimate(-0.0951, -0.148, -0.0401),
        "p_value": 0.0004,
        "look": Look(1.0, 1.99),
    }
    cleaner = {
        "treatment": side(0.331),
        "absolute": estimate(0.0507, 0.02, 0.08),
        "relative": estimate(0.181, 0.07, 0.29),
        "p_value": 0.0002,
    }
    changed = {"sql_per_lead": worse, "sql_per_mql": cleaner}
    rows = [replace(found, **({} if found.segment else changed.get(found.metric, {}))) for found in base.metrics]
    verdicts = {"challenger": VerdictResult("harm", ("sql_per_lead [−14.8%, −4.0%]: worse",))}
    return replace(base, metrics=tuple(rows), verdicts=verdicts, break_even={})


def hostile() -> AnalysisResult:
    """Every text a user may choose is an attack."""
    base = ship()
    return replace(
        base,
        title=HOSTILE,
        metrics=tuple(replace(found, arm=HOSTILE, note=HOSTILE, method=HOSTILE) for found in base.metrics),
        checks=(Check("sample_ratio", "pass", HOSTILE, 0.5),),
        strata=tuple(replace(found, arm=HOSTILE) for found in base.strata),
        marginal=tuple(replace(found, arm=HOSTILE) for found in base.marginal),
        funnel=tuple(replace(f, arm=HOSTILE if f.arm == "challenger" else f.arm) for f in base.funnel),
        leak=tuple(replace(row, arm=HOSTILE, under=HOSTILE) for row in base.leak),
        mix=tuple(
            replace(row, arm=HOSTILE if row.arm == "challenger" else row.arm, reason=row.reason and HOSTILE)
            for row in base.mix
        ),
        conditions=(Condition("uneven_events", HOSTILE, HOSTILE),),
        verdicts={HOSTILE: VerdictResult("ship", (HOSTILE,))},
        excluded={HOSTILE: 2},
        notes=(HOSTILE,),
        break_even={HOSTILE: {"sentence": HOSTILE}},
        curves=ways(HOSTILE),
        promises=(replace(promised()[1], arm=HOSTILE),),
        flow=ways_of(HOSTILE),
    )


def promised() -> tuple[PromiseRow, ...]:
    """What two arms' leads were promised: one has no time to decide within."""
    none = NotEstimable("no_promise", "The definition promises no time.")
    return (
        PromiseRow("current", "first_touch", 24.0, 900, 880, 820, 860, 820 / 880, 3.25, 20.5),
        PromiseRow("challenger", "first_touch", 24.0, 910, 890, 850, 880, 850 / 890, 3.0, 18.0),
        PromiseRow("current", "decision", 72.0, 900, 870, 800, 810, 800 / 870, 21.5, 66.0),
        PromiseRow("challenger", "decision", None, 910, 0, 0, 820, none, 20.25, 60.0),
    )


def ways_of(arm: str) -> tuple[FlowRow, ...]:
    """Where 4,000 leads of an arm went."""
    return (
        FlowRow(arm, "qualified_at_once", 4_000, 700, 210),
        FlowRow(arm, "qualified_later", 4_000, 300, 70),
        FlowRow(arm, "never_qualified", 4_000, 3_000, 36),
        FlowRow(arm, "sent_back", 4_000, 120, 9, 15),
    )


READ = ReadThen("itt", 0.4, 3.2, estimate(0.004, -0.006, 0.014), estimate(0.051, -0.07, 0.19))


def record(name: str = "Sam Sales", arm: str = "challenger") -> OnRecord:
    """What the ledger says: all approvals but one, a start, an early look, a decision."""
    at = datetime(2026, 6, 24, 10, tzinfo=UTC)
    approved = (("fit@1.4.0", "marketing"), ("fit@1.4.0", "sales"), ("intent@1.1.0", "marketing"))
    return OnRecord(
        tuple(Approval(ref, "9f" * 32, team, name, at) for ref, team in approved),
        (
            lifecycle.Step("2026q3-intent", "start", at, name, protocol_fingerprint="7c" * 32),
            lifecycle.Step(
                "2026q3-intent", "decide", datetime(2027, 4, 5, 9, tzinfo=UTC), name, "It brings more SQLs",
                details={"call": "ship", "arm": arm, "disagreement": None},
            ),
        ),
        (TakenThen(datetime(2026, 10, 1, 8, tzinfo=UTC), {arm: "inconclusive"}, {arm: READ}),),
        {"approvals": 3, "steps": 2, "looks": 1},
        "5e" * 32,
    )  # fmt: skip


def explored(name: str = "intent@1.1.0", arm: str = "challenger") -> Explored:
    """A score with leads on both sides of its threshold, two to choose from, two rules, a lead that moves."""
    points = (
        Point(20.0, 600, NEVER_HANDED_OVER, NEVER_HANDED_OVER),
        Point(40.0, 300, estimate(0.2, 0.15, 0.26), estimate(60.0, 45.0, 78.0)),
        Point(60.0, 120, estimate(0.3, 0.2, 0.42), estimate(36.0, 24.0, 50.4)),
    )
    bins = (Bin(20.0, 40.0, 300, 9), Bin(40.0, 60.0, 180, 24), Bin(60.0, 80.0, 120, 36))
    table = ScoreTable(
        Threshold(name, "fit", 40.0), ("challenger",), 600, 1_000, bins, 20.0, Counts(9, 300), Counts(24, 180), points
    )
    apart = estimate(0.1, 0.06, 0.14)
    rules = (
        Signal(name, "pricing", Counts(60, 300), Counts(70, 700), Counts(9, 280), Counts(7, 650), apart, 0.0004),
        Signal(name, HOSTILE, Counts(0, 0), Counts(130, 1_000), Counts(0, 0), Counts(16, 930), NO_UNITS, NO_UNITS),
    )
    at = micros(datetime(2026, 8, 3, 9, tzinfo=UTC))
    control = Said("fit@1.4.0", None, None, {"fit": 35.0}, {"industry": 20.0, HOSTILE: 15.0}, ("fit is at least 40",))
    mover = Mover("L-1", HOSTILE, arm, "arm_first", at, control, Said(name, at, "score", {"fit": 47.5}, {}, ()))
    rejections = (
        RuleRejections(name, "fast_track:demo", 90, 18, (("hand-01", 10), ("", 8))),
        RuleRejections(name, HOSTILE, 60, 3, ((HOSTILE, 3),)),
    )
    return Explored(1_000, 60, 180, (table,), rules, (("fit@1.4.0", READS_ACCOUNTS),), (mover,), rejections)


def document(result: AnalysisResult, **more) -> Document:
    arm = next(iter(result.verdicts))
    told = {
        "fit@1.4.0": (Told("Who qualifies", "A lead is an MQL when its fit is at least 40.", ("industry counts 20",)),),
        "intent@1.1.0": ("A lead is an MQL as soon as it asks for a demo.",),
    }
    changed = {arm: (Changed("qualify", "behaviour", "Who qualifies: a demo request is enough now."),)}
    facts = {
        "descriptions": told,
        "changes": changed,
        "timezone": BERLIN,
        "explored": explored(HOSTILE if arm == HOSTILE else "intent@1.1.0", arm),
        "record": record(arm if arm == HOSTILE else "Sam Sales", arm),
        "manifest": (("mqlab", "0.1.0"), ("fingerprint of fit@1.4.0", "9f" * 32)),
        **more,
    }
    return build(result, protocol(arm), **facts)
