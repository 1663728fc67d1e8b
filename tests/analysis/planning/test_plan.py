"""The planner on an experiment file: leads, dates, what can be seen by when, and what is taken for granted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mqlab.analysis.planning.answers import Answers
from mqlab.analysis.planning.assumed import Stated
from mqlab.analysis.planning.history import History, PastAccounts, history
from mqlab.analysis.planning.inputs import plan_inputs
from mqlab.analysis.planning.past import PastRate
from mqlab.analysis.planning.plan import plan
from mqlab.analysis.planning.replay import Overlap
from mqlab.analysis.planning.result import Plan
from mqlab.errors import InputError
from mqlab.experiments.protocol import Protocol
from mqlab.leads.tables import EVENTS, FIELD_CHANGES, IDENTITY, LEADS, OUTCOMES, Facts
from mqlab.stats import power
from mqlab.stats.estimate import NotEstimable
from mqlab.stats.multiplicity import dunnett_alpha
from tests.experiments.files import definitions, protocol

GUARDRAILS = """\
  guardrails:
    - {metric: won_per_lead, horizon: 180d, margin: 10%}
    - {metric: rejected_per_mql, horizon: 30d, margin: 3pp}
"""
ONE_LOOK = ("dates: [2026-10-15, 2027-04-05]", "dates: [2027-04-05]")
ALONE = (GUARDRAILS, "")
BY_LEAD = ("unit: account", "unit: lead")
SIMPLE = (ALONE, BY_LEAD, ONE_LOOK)
EFFICIENCY = (
    ("aim: growth", "aim: efficiency"),
    (
        "minimum_effect: 5%}",
        "margin: 5%, precision: {metric: sql_per_mql, horizon: 60d, minimum_effect: 10%}}",
    ),
)
SWAP = {"rates": {"sql_per_lead": 0.0772059}, "lift": 0.0571429, "discordant_share": 0.0882353}
"""The first row of statistics.md section 3.3."""


def planned(asked: Protocol, past: History | None = None, *, by: date | None = None, **stated: object) -> Plan:
    """The plan of a protocol under what is stated and what history says, the triggered estimator deciding."""
    inputs = plan_inputs(asked, Stated(**stated), past or History())  # type: ignore[arg-type]
    return plan(asked, inputs, triggered=True, by=by)


def reason(value: object) -> str:
    assert isinstance(value, NotEstimable)
    return value.reason


def test_one_look_at_independent_leads_is_the_textbook():
    """With one look, one condition and no accounts the plan is section 3.3's: 117,919 leads, or 15,003 of overlap."""
    found = planned(
        protocol(*SIMPLE), **{**SWAP, "lift": None, "discordant_share": 3 / 34, "discordant_rates": (0.095, 0.145)}
    )

    assert found.units_needed.itt == pytest.approx(117_919, rel=2e-4)
    assert found.units_needed.triggered == pytest.approx(15_003, rel=1e-5)
    assert found.units_primary_alone == found.units_needed
    assert (found.power_each, found.conditions) == (0.8, 1)


def test_looks_accounts_arms_and_guardrails_each_cost_their_factor():
    """Each multiplier of section 13 enters once: looks, design effect, Dunnett's level, and 1 − β/(G + 1)."""
    plain = planned(protocol(*SIMPLE), leads_per_day=100.0).units_needed
    looks = planned(
        protocol(
            ALONE,
            BY_LEAD,
            ("dates: [2026-10-15, 2027-04-05]", "dates: [2026-10-01, 2026-11-01, 2026-12-01, 2027-04-05]"),
        ),
        leads_per_day=100.0,
    ).units_needed
    accounts = planned(
        protocol(ALONE, ONE_LOOK), leads_per_day=100.0, icc=0.05, leads_per_account=3.0, account_cv=1.2
    ).units_needed
    guarded = planned(protocol(BY_LEAD, ONE_LOOK), leads_per_day=100.0)

    assert 1.0 < looks.itt / plain.itt < 1.03
    assert accounts.itt / plain.itt == pytest.approx(1 + ((1 + 1.2**2) * 3 - 1) * 0.05)
    assert guarded.power_each == pytest.approx(1 - 0.2 / 3)
    assert guarded.units_needed.itt == pytest.approx(
        2 * power.units_control(control_rate=0.08, treatment_rate=0.084, alpha=0.05, power=1 - 0.2 / 3)
    )
    assert guarded.units_primary_alone.itt == pytest.approx(plain.itt)


def test_several_challengers_share_the_leads_and_the_level():
    """Three equal arms: a pair holds two thirds of the leads, and each challenger has Dunnett's level of its own."""
    arms = (
        "  challenger: {definition: intent@2.0.0, weight: 1}\n",
        "  challenger: {definition: intent@2.0.0, weight: 1}\n  other: {definition: intent@2.0.0, weight: 1}\n",
    )
    found = planned(protocol(*SIMPLE, arms))
    level = dunnett_alpha(0.05, control_units=1, challenger_units=[1, 1])

    one = 2 * power.units_control(control_rate=0.08, treatment_rate=0.084, alpha=level, power=0.8)
    assert level == pytest.approx(0.02696, abs=5e-6)
    assert found.units_needed.itt == pytest.approx(1.5 * one)
    assert [arm for arm, _ in found.per_arm] == ["challenger", "other"]
    assert any("Dunnett" in words for words in found.assumptions)


def test_the_dates_follow_from_the_leads():
    """100 a day from 1 July at full coverage, 60 days of horizon: the n-th lead's day and 60 more."""
    whole = ("phases: [{from: 2026-07-01, coverage: 10%}, {from: 2026-07-15, coverage: 100%}]", "")
    found = planned(protocol(*SIMPLE, whole), leads_per_day=100.0, lift=0.3, discordant_share=0.2)

    days = -(-found.units_needed.triggered // 100)
    assert found.enrolled_by.triggered == date(2026, 6, 30) + timedelta(days=int(days))
    assert found.last_look.triggered == found.enrolled_by.triggered + timedelta(days=60)
    assert found.expected_stop.triggered == found.last_look.triggered
    assert found.feasible and found.planned_leads == pytest.approx(9_200)


def test_a_look_before_the_end_lets_it_stop_earlier():
    """With a look on the way the expected stop comes before the last look, and never before the first."""
    asked = protocol(ALONE, BY_LEAD, ("2026-10-15, 2027-04-05", "2026-10-01, 2026-11-01, 2027-04-05"))
    found = planned(asked, leads_per_day=100.0, lift=0.15, discordant_share=0.1)

    assert date(2026, 10, 1) < found.expected_stop.triggered < found.last_look.triggered


def test_the_smallest_effect_inverts_the_need():
    """Planning for the smallest lift of the plan needs the leads that the plan holds, for both estimators."""
    asked = protocol(*SIMPLE)
    first = planned(asked, leads_per_day=200.0)
    for estimator in ("itt", "triggered"):
        again = planned(asked, leads_per_day=200.0, lift=first.smallest_effect.of(estimator))

        assert again.units_needed.of(estimator) == pytest.approx(first.planned_leads, rel=1e-3)
        assert again.power_at_plan.of(estimator) == pytest.approx(0.8, abs=1e-3)


def test_the_curve_falls_to_the_smallest_effect():
    """What can be found shrinks from date to date, the overlap always finds less, and the end is the plan's answer."""
    found = planned(protocol(), leads_per_day=300.0)

    itt, triggered = ([getattr(seen, name) for seen in found.curve] for name in ("itt", "triggered"))
    assert len(found.curve) >= 8
    assert itt == sorted(itt, reverse=True) and triggered == sorted(triggered, reverse=True)
    assert all(small < large for small, large in zip(triggered, itt, strict=True))
    assert triggered[-1] == pytest.approx(found.smallest_effect.triggered, rel=0.01)
    assert {seen.date for seen in found.curve if seen.look} == {date(2026, 10, 15)}
    assert [seen.date for seen in found.curve] == sorted({seen.date for seen in found.curve})


def test_by_a_date_before_anything_is_known():
    """Before any lead is old enough there is no smallest lift, and the reason says so."""
    found = planned(protocol(), by=date(2026, 7, 20))

    assert reason(found.smallest_effect.itt) == "not_due"
    assert found.to_dict()["smallest_effect"] == {
        "itt": None, "triggered": None, "reason": {"itt": "not_due", "triggered": "not_due"}, "by": "2026-07-20",
    }  # fmt: skip


def test_a_stricter_rule_needs_its_margin_and_its_precision():
    """`efficiency` plans a margin and a precision together with the guardrails, and shows the loss it rules out."""
    found = planned(protocol(BY_LEAD, ONE_LOOK, *EFFICIENCY), discordant_share=0.05)

    margin = 2 * power.units_control_non_inferiority(control_rate=0.08, margin=0.05, alpha=0.05, power=0.95)
    assert (found.conditions, found.power_each) == (4, pytest.approx(0.95))
    assert found.units_needed.itt == pytest.approx(margin)
    assert (found.kind, found.size) == ("margin", 0.05)
    assert found.units_needed.triggered < found.units_needed.itt / 5
    assert found.to_dict()["margin"] == 0.05


def test_a_precision_beyond_what_the_overlap_drops():
    """Where the dropped leads cannot explain the precision lift, the triggered answer is a reason and not a number."""
    found = planned(protocol(BY_LEAD, ONE_LOOK, *EFFICIENCY), discordant_share=0.02, precision_lift=0.5)

    assert reason(found.units_needed.triggered) == "impossible"
    assert found.to_dict()["units_needed"]["reason"] == {"triggered": "impossible"}
    assert not found.feasible


def test_guardrails_are_planned_as_if_nothing_got_worse():
    """A relative margin by its ratio, a margin in points by its difference; a share of MQLs has no overlap answer."""
    won, rejected = planned(protocol(BY_LEAD, ONE_LOOK)).guardrails
    level = 1 - 0.2 / 3

    assert won.units_needed.itt == pytest.approx(
        2 * power.units_control_non_inferiority(control_rate=0.02, margin=0.10, alpha=0.05, power=level)
    )
    assert rejected.units_needed.itt == pytest.approx(
        2 * power.units_control_points(control_rate=0.2, margin_points=0.03, alpha=0.05, power=level) / 0.25
    )
    assert reason(rejected.units_needed.triggered) == "descriptive"
    assert won.due == date(2027, 3, 29)


def test_money_and_effort_are_planned_by_their_means():
    """A guardrail on revenue needs what its coefficient of variation costs, and less where the definitions differ."""
    asked = protocol(
        BY_LEAD, ONE_LOOK,
        (GUARDRAILS, "  guardrails:\n    - {metric: revenue_per_lead, horizon: 90d, margin: 10%, cap: 60000}\n"),
    )  # fmt: skip
    rail = planned(asked).guardrails[0]

    variance = (1 + 1.5**2) / 0.02 - 1
    per_arm = power.units_control_relative(effect=0.1, relative_variance=variance, alpha=0.05, power=0.9)
    assert rail.units_needed.itt == pytest.approx(2 * per_arm)
    assert rail.units_needed.triggered < rail.units_needed.itt / 4


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        pytest.param({"rates": {"sql_per_lead": 0.0}}, "BadRate", id="rate 0%"),
        pytest.param({"rates": {"sql_per_lead": 1.0}}, "BadRate", id="rate 100%"),
        pytest.param({"rates": {"sql_per_leed": 0.1}}, "UnknownMetric", id="unknown metric"),
        pytest.param({"rates": {"revenue_per_lead": 0.1}}, "NoRate", id="money is no rate"),
        pytest.param({"rates": {"meeting_per_lead": 0.1}}, "UnusedRate", id="a rate that nothing depends on"),
        pytest.param({"lift": 0.0}, "BadLift", id="no lift"),
        pytest.param({"lift": -0.1}, "BadLift", id="a loss"),
        pytest.param({"lift": 20.0}, "ImpossibleLift", id="beyond every lead"),
        pytest.param({"lift": 2.0}, "ImpossibleLift", id="beyond the overlap"),
        pytest.param({"discordant_share": 0.0}, "BadShare", id="no overlap"),
        pytest.param({"discordant_share": 1.1}, "BadShare", id="more than all"),
        pytest.param({"discordant_rates": (0.0, 0.1)}, "BadRate", id="discordant rate 0%"),
        pytest.param({"discordant_rates": (0.9, 0.95)}, "BadRate", id="more outcomes than there are"),
        pytest.param({"discordant_rates": (0.1, 0.2), "lift": 0.1}, "TwoLifts", id="two lifts"),
        pytest.param({"discordant_rates": (0.2, 0.1)}, "BadLift", id="the challenger does worse"),
        pytest.param({"power": 1.0}, "BadPower", id="certainty"),
        pytest.param({"power": 0.1}, "BadPower", id="hardly a chance"),
        pytest.param({"leads_per_day": 0.0}, "BadLeadsPerDay", id="nobody comes"),
        pytest.param({"leads_per_day": float("nan")}, "BadLeadsPerDay", id="no number"),
        pytest.param({"icc": 2.0}, "BadAccounts", id="more than alike"),
        pytest.param({"leads_per_account": 0.0}, "BadAccounts", id="empty accounts"),
        pytest.param({"delay": 0.0}, "BadDelay", id="no median"),
        pytest.param({"delay": ((100.0, 0.0), (200.0, 1.0))}, "BadDelay", id="nothing within the horizon"),
        pytest.param({"precision_lift": 0.1}, "NoPrecision", id="a precision nobody asked for"),
    ],
)
def test_what_cannot_be_planned_is_told(stated, code):
    """Each is one clear error with a code and a hint, never a plan."""
    with pytest.raises(InputError) as caught:
        planned(protocol(), **stated)

    assert caught.value.problem.code == code
    assert caught.value.problem.hint


def test_accounts_are_not_stated_where_leads_are_randomised():
    """Under `unit: lead` an account's likeness is refused rather than ignored."""
    with pytest.raises(InputError, match="the unit of this experiment is the lead"):
        planned(protocol(BY_LEAD), icc=0.1)


def test_nobody_enrols_at_no_coverage():
    """Coverage 0 all along: the leads needed are told, and every date is a reason."""
    asked = protocol(
        ("phases: [{from: 2026-07-01, coverage: 10%}, {from: 2026-07-15, coverage: 100%}]",
         "phases: [{from: 2026-07-01, coverage: 0%}]"),
    )  # fmt: skip
    found = planned(asked, leads_per_day=100.0)

    assert found.units_needed.itt > 1_000 and found.planned_leads == 0
    assert {reason(found.last_look.itt), reason(found.power_at_plan.itt), reason(found.smallest_effect.itt)} == {
        "nobody_enrols"
    }
    assert found.curve == () and not found.feasible
    json.dumps(found.to_dict(), allow_nan=False)


def test_more_arms_than_leads():
    """With a handful of leads nothing can be seen, and no number stands where there is none."""
    found = planned(protocol(("maximum_leads: 24000", "maximum_leads: 3")))

    assert found.planned_leads == pytest.approx(3)
    assert reason(found.smallest_effect.triggered) == "not_due"
    assert reason(found.last_look.itt) == "too_far"
    assert found.power_at_plan.itt < 0.05
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_is_stated_wins_over_history_and_that_over_defaults():
    """Every number says where it is from, in this order."""
    past = History(
        rates={"sql_per_lead": PastRate(0.1, 5_000, tuple(range(1, 41)))},
        leads_per_day=70.0, arrivals="6,370 leads in the 91 days up to 1 Jul 2026", lateness_days=3,
        accounts=PastAccounts(900, 2.0, 0.5, 0.02), overlap={"challenger": Overlap(0.05, 3_000, 0.2, own=False)},
    )  # fmt: skip
    inputs = plan_inputs(protocol(), Stated(rates={"won_per_lead": 0.03}), past)

    assert [inputs.rates[name].origin for name in ("won_per_lead", "sql_per_lead", "rejected_per_mql")] == [
        "stated", "history", "default",
    ]  # fmt: skip
    share, rate = inputs.overlap["challenger"]
    assert (share.value, rate.value, share.origin) == (0.05, 0.2, "history")
    assert (inputs.leads_per_day.value, inputs.lateness_days) == (70.0, 3)
    assert inputs.design_effect.value == pytest.approx(1 + (1.25 * 2 - 1) * 0.02)
    assert inputs.curves["sql_per_lead"].median_days == 20
    assert all(
        any(origin in words for origin in ("stated", "experiment", "history", "default")) for words in inputs.words()
    )


def test_the_declared_leads_arrive_where_nothing_says_how_many_come():
    """Without history the declared maximum fills the enrolment; without that a hundred a day are assumed, and told."""
    declared = planned(protocol())
    unknown = planned(protocol((", maximum_leads: 24000", "")))

    assert declared.planned_leads == pytest.approx(24_000)
    assert any("100 a day (default" in words for words in unknown.assumptions)


def test_a_slice_of_a_layer_takes_its_share():
    """Half of a layer gets half of the leads a day."""
    whole, half = (
        planned(protocol(("cadence: 1h", f"cadence: 1h\nlayer: inbound\nslice: [0%, {share}]")), leads_per_day=80.0)
        for share in ("100%", "50%")
    )

    assert whole.planned_leads == pytest.approx(2 * half.planned_leads)


@settings(max_examples=15)
@given(st.floats(0.005, 0.3), st.floats(0.02, 0.3), st.floats(0.02, 0.9), st.floats(5, 3_000))
def test_any_plan_is_plain_json(rate, lift, share, leads):
    """Whatever is stated, the JSON has no NaN and no infinity, and a null comes with its reason."""
    assume(lift * rate < 0.5 * share)
    found = planned(
        protocol(), rates={"sql_per_lead": rate}, lift=lift, discordant_share=share, leads_per_day=leads
    ).to_dict()

    json.dumps(found, allow_nan=False)
    for key in ("units_needed", "last_look", "expected_stop", "smallest_effect", "power_at_plan"):
        missing = {name for name in ("itt", "triggered") if found[key][name] is None}
        assert missing == set(found[key].get("reason", {}))


def facts(leads: int, *, per_day: float = 20.0, sql_share: float = 0.1, seed: int = 5) -> Facts:
    """Leads that arrive evenly up to 1 June 2026; some become SQLs after 12 days, and sales hears of it a day later."""
    rng = np.random.default_rng(seed)
    as_of = datetime(2026, 6, 1, tzinfo=UTC)
    created = [as_of - timedelta(days=(leads - number) / per_day) for number in range(leads)]
    ids = [f"L{number}" for number in range(leads)]
    size = rng.choice([10, 100], leads).tolist()
    rows = {
        "lead_id": ids, "created_at": created, "known_at": created, "source": ["organic"] * leads,
        "email_domain": [f"acme{number // 2}.com" for number in range(leads)], "account_key": [None] * leads,
        "row_is": ["initial"] * leads, "fields": [json.dumps({"employees": each}) for each in size],
    }  # fmt: skip
    won = [
        number for number in range(leads) if rng.random() < sql_share and created[number] < as_of - timedelta(days=13)
    ]
    viewed = [number for number in range(leads) if rng.random() < 0.3]
    at = [created[number] + timedelta(days=11.5) for number in won]
    outcomes = {name: [None] * len(won) for name in OUTCOMES.names} | {
        "lead_id": [ids[number] for number in won], "kind": ["sql"] * len(won), "occurred_at": at,
        "known_at": [each + timedelta(days=1) for each in at], "backfill": [False] * len(won),
        "evidence": ["stated"] * len(won), "resolution": ["instant"] * len(won),
    }  # fmt: skip
    events = {
        "lead_id": [ids[number] for number in viewed], "source": ["web"] * len(viewed),
        "event_id": [f"E{number}" for number in viewed], "name": ["page_view"] * len(viewed),
        "occurred_at": [created[number] + timedelta(hours=2) for number in viewed],
        "known_at": [created[number] + timedelta(hours=2) for number in viewed], "version": [1] * len(viewed),
        "props": ['{"path": "/pricing"}'] * len(viewed),
    }  # fmt: skip
    return Facts(
        as_of=as_of, position=1, leads=pa.table(rows, schema=LEADS), field_changes=FIELD_CHANGES.empty_table(),
        events=pa.table(events, schema=EVENTS), identity=IDENTITY.empty_table(),
        outcomes=pa.table(outcomes, schema=OUTCOMES),
    )  # fmt: skip


def test_history_counts_what_is_old_enough():
    """Rates, arrivals, delays, lateness and accounts are those of the facts; rare or young ones stay absent."""
    found = history(protocol(), definitions(), facts(3_000), replay=False)

    rate = found.rates["sql_per_lead"]
    assert rate.leads == pytest.approx(3_000 - 61 * 20, abs=25)
    assert rate.value == pytest.approx(0.1, abs=0.02)
    assert set(rate.ages) == {12}
    assert found.leads_per_day == pytest.approx(20, rel=0.02)
    assert found.lateness_days == 1
    assert found.accounts is not None and found.accounts.mean == pytest.approx(2.0, abs=0.01)
    assert found.accounts.icc == pytest.approx(0.0, abs=0.05)
    assert "won_per_lead" not in found.rates and not found.overlap


def test_history_replays_both_definitions():
    """Size and a visit to the prices, each at half and three in ten: they differ on a half of an account-free world."""
    asked = protocol(BY_LEAD, ("qualify_within: 60d", "qualify_within: 30d"))
    found = history(asked, definitions(), facts(3_000))

    overlap = found.overlap["challenger"]
    assert overlap.own is False and overlap.leads > 1_500
    assert overlap.share == pytest.approx(0.65, abs=0.04)
    assert overlap.control_rate == pytest.approx(0.1, abs=0.02)
    assert found.leads_per_day == pytest.approx(20, rel=0.02)


def test_the_experiments_own_leads_are_replayed_once_there_are_enough():
    """An enrolment in the past is replayed as it was, and the control's rate is that of its own arm."""
    asked = protocol(BY_LEAD, ("qualify_within: 60d", "qualify_within: 30d"))
    asked = replace(
        asked, enrolment_from=date(2026, 2, 1), enrolment_to=date(2026, 4, 1),
        phases=(replace(asked.phases[1], number=1, start=datetime(2026, 2, 1, tzinfo=UTC)),),
    )  # fmt: skip

    overlap = history(asked, definitions(), facts(3_000)).overlap["challenger"]

    assert overlap.own is True and overlap.leads == pytest.approx(60 * 20, abs=40)


def test_too_little_history_is_none():
    """A few leads say nothing, and no leads at all say nothing either."""
    assert history(protocol(), definitions(), facts(60)) == History()
    assert history(protocol(), definitions(), replace(facts(60), leads=LEADS.empty_table())) == History()


def test_answers_are_the_same_for_both_estimators_where_everything_differs():
    """Where the definitions differ on every lead, the overlap saves nothing."""
    asked = protocol(*SIMPLE)
    inputs = plan_inputs(asked, Stated(discordant_share=1.0, leads_per_day=50.0), History())
    answers = Answers(asked, inputs)

    itt, triggered = (answers.required(estimator) for estimator in ("itt", "triggered"))

    assert itt.leads == pytest.approx(triggered.leads)
    assert itt.last_look == triggered.last_look


def test_guardrails_that_the_plan_does_not_reach_are_told_apart():
    """The primary may be feasible where a guardrail is not; the hardest is named first."""
    found = planned(protocol(BY_LEAD), lift=0.3, discordant_share=0.2)

    assert found.feasible and not found.to_dict()["guardrails_feasible"]
    assert (
        found.hard_guardrails[0].metric == max(found.hard_guardrails, key=lambda rail: rail.of("triggered")[0]).metric
    )
    assert planned(protocol(*SIMPLE), lift=0.3, discordant_share=0.2).to_dict()["guardrails_feasible"]


def test_clocks_that_change_move_no_day():
    """An enrolment over the end of summer time has as many days as its dates, and ends when they do."""
    asked = replace(protocol(*SIMPLE), enrolment_from=date(2026, 10, 1), enrolment_to=date(2026, 12, 31))
    inputs = plan_inputs(asked, Stated(leads_per_day=50.0), History())

    calendar = Answers(asked, inputs).calendar

    assert calendar.last_day == 92
    assert calendar.date(calendar.last_day) == date(2026, 12, 31)
