"""Who is in an experiment: reasons in their order, units judged once, nobody moved, merges and overrides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.assignment.position import RING, bound, position
from mqlab.errors import InputError
from mqlab.experiments.arrival import Arrival
from mqlab.experiments.enrol import carry_merges, enrol
from mqlab.experiments.protocol import Layer, Phase
from mqlab.leads.records import Lead, Merge
from tests.experiments.files import protocol

Q3 = protocol()
IN = datetime(2026, 8, 1, 12, tzinfo=UTC)
EARLY = datetime(2026, 7, 5, 12, tzinfo=UTC)
COVERED_FIRST = next(f"in-{n}.com" for n in range(100) if position(f"in-{n}.com", "q3-salt-traffic") < RING // 10)
COVERED_LATER = next(f"out-{n}.com" for n in range(100) if position(f"out-{n}.com", "q3-salt-traffic") > RING // 5)


def lead(lead_id="L1", created_at=IN, account="acme.com", **known):
    return Arrival(lead_id=lead_id, created_at=created_at, account_key=account, **known)


def one(arrival, experiment=Q3, **known):
    return enrol(experiment, [arrival], **known)[0]


@pytest.mark.parametrize(
    ("created_at", "why"),
    [
        pytest.param(
            datetime(2026, 6, 30, 21, 59, 59, 999999, tzinfo=UTC),
            "before_enrolment",
            id="last instant of June in Berlin",
        ),
        pytest.param(datetime(2026, 6, 30, 22, tzinfo=UTC), "in", id="first instant of July in Berlin"),
        pytest.param(datetime(2026, 9, 30, 21, 59, 59, 999999, tzinfo=UTC), "in", id="last instant of the last day"),
        pytest.param(datetime(2026, 9, 30, 22, tzinfo=UTC), "after_enrolment", id="first instant after it"),
    ],
)
def test_enrolment_holds_whole_local_days(created_at, why):
    """`from` and `to` are days of the declared zone, both included."""
    found = one(lead(created_at=created_at, account=COVERED_FIRST))

    assert found.why == why
    assert found.in_experiment == (why == "in")


def test_the_agreed_json():
    """The keys that scripts rely on, with the numbers of the plain formula."""
    row = one(lead(account=COVERED_FIRST, lead_id="L1")).to_dict()

    assert row == {
        "lead_id": "L1",
        "unit": COVERED_FIRST,
        "position": position(COVERED_FIRST, "q3-salt-split"),
        "traffic_position": position(COVERED_FIRST, "q3-salt-traffic"),
        "in_experiment": True,
        "arm": "current" if position(COVERED_FIRST, "q3-salt-split") < RING // 2 else "challenger",
        "phase": 2,
        "why": "in",
        "assigned_at": "2026-08-01T12:00:00Z",
        "cross_arm_merge": False,
        "merged_into": None,
    }


def test_reasons_are_tried_in_their_order():
    """Each reason hides the ones after it: enrolment, prior_handoff, eligibility, layer, coverage."""
    nobody = replace(
        Q3,
        layer=Layer("inbound", Decimal(0), Decimal("0.0000000001")),
        phases=(Phase(1, Q3.enrolment_start, Decimal(0)),),
    )
    handed = {"prior_handoff": lambda _: Q3.enrolment_start - timedelta(days=1)}
    out = {"eligible": lambda _: False}
    early = lead(created_at=Q3.enrolment_start - timedelta(days=1))

    assert one(early, nobody, **handed, **out).why == "before_enrolment"
    assert one(lead(), nobody, **handed, **out).why == "prior_handoff"
    assert one(lead(), nobody, **out).why == "ineligible"
    assert one(lead(), nobody, eligible=lambda _: None).why == "eligibility_unknown"
    assert one(lead(), nobody).why == "layer"
    assert one(lead(), replace(nobody, layer=None)).why == "coverage"
    assert one(lead()).why == "in"


@pytest.mark.parametrize(
    ("moment", "allowed", "why"),
    [
        pytest.param(timedelta(days=-1), False, "prior_handoff", id="handed over before enrolment"),
        pytest.param(timedelta(days=3), False, "in", id="handed over during enrolment"),
        pytest.param(timedelta(days=-1), True, "in", id="the file allows it"),
    ],
)
def test_accounts_handed_over_before_are_out(moment, allowed, why):
    """A hand-over before the enrolment keeps the account out unless the file says otherwise."""
    experiment = replace(Q3, allow_prior_handoff=allowed)

    assert one(lead(), experiment, prior_handoff=lambda _: Q3.enrolment_start + moment).why == why


def test_a_unit_is_judged_once_in_the_phase_of_its_first_lead():
    """Who stayed out at 10% stays out at 100%, and who was in keeps phase and arm."""
    stayed_out, was_in, new = enrol(
        Q3,
        [lead("A2", IN, COVERED_LATER), lead("B2", IN, COVERED_FIRST), lead("C1", IN, "someone-else.com")],
    )
    assert (stayed_out.why, was_in.phase, new.phase) == ("in", 2, 2)

    with_first_leads = enrol(
        Q3,
        [
            lead("A2", IN, COVERED_LATER),
            lead("B2", IN, COVERED_FIRST),
            lead("A1", EARLY, COVERED_LATER),
            lead("B1", EARLY, COVERED_FIRST),
        ],
    )

    assert [(row.lead_id, row.why, row.phase) for row in with_first_leads] == [
        ("A2", "coverage", 1),
        ("B2", "in", 1),
        ("A1", "coverage", 1),
        ("B1", "in", 1),
    ]
    assert with_first_leads[1].arm == was_in.arm
    assert with_first_leads[1].assigned_at == IN


def test_leads_that_do_not_enrol_do_not_judge_their_unit():
    """A first lead before the enrolment or not eligible leaves its account to the next one."""
    leads = [
        lead("before", Q3.enrolment_start - timedelta(days=9), COVERED_LATER),
        lead("partner", EARLY, COVERED_LATER, source="partner"),
        lead("good", IN, COVERED_LATER, source="organic"),
    ]

    found = enrol(Q3, leads, eligible=lambda arrival: arrival.source != "partner")

    assert [(row.why, row.phase) for row in found] == [("before_enrolment", None), ("ineligible", 1), ("in", 2)]


def test_without_created_at_the_last_phase_holds():
    """Rows without an arrival are judged now: no enrolment dates, the last phase's coverage, no start."""
    found = one(lead(created_at=None, account=COVERED_LATER))

    assert (found.why, found.phase, found.assigned_at) == ("in", 2, None)


def test_a_start_fixed_by_the_caller_is_the_start():
    """`assigned_at` of a lead stands, whatever its creation."""
    fixed = IN + timedelta(hours=1)

    assert one(lead(account=COVERED_FIRST, assigned_at=fixed)).assigned_at == fixed


def test_before_the_first_phase_nobody_is_covered():
    """Leads between the start of enrolment and a later first phase stay out, in no phase."""
    late = replace(Q3, phases=(Phase(1, IN, Decimal(1)),))

    found = enrol(late, [lead("L1", EARLY), lead("L2", IN)])

    assert [(row.why, row.phase) for row in found] == [("coverage", None), ("coverage", None)]


def test_overrides_win_over_everything():
    """A unit put into an arm by hand is there whatever else holds, and says so."""
    early = lead(created_at=Q3.enrolment_start - timedelta(days=1), account="ACME.com")

    found = one(early, overrides={"acme.COM": "challenger"}, eligible=lambda _: False)

    assert (found.in_experiment, found.arm, found.why) == (True, "challenger", "override")


def test_overrides_of_leads_keep_their_case():
    """Under `unit: lead` an override names one lead id exactly."""
    by_lead = protocol(("unit: account", "unit: lead"))

    found = enrol(by_lead, [lead("aB"), lead("ab")], overrides={"aB": "current"})

    assert [row.why == "override" for row in found] == [True, False]


def test_an_override_to_no_arm_is_refused():
    """A misspelt arm is told with the nearest."""
    with pytest.raises(InputError, match="Did you mean 'challenger'"):
        one(lead(), overrides={"acme.com": "challanger"})


def test_an_instant_without_zone_is_refused():
    """A naive creation instant is an error that names the lead."""
    with pytest.raises(InputError, match=r"'L1'.*without a time zone"):
        one(lead(created_at=datetime(2026, 8, 1)))  # noqa: DTZ001


ARRIVALS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(-5, 100)).map(
        lambda drawn: (f"company-{drawn[0]}.com", Q3.enrolment_start + timedelta(days=drawn[1]))
    ),
    max_size=25,
)


@given(ARRIVALS, st.randoms(use_true_random=False))
def test_the_order_of_the_file_changes_nothing(arrivals, random):
    """Assignment hangs on when leads arrived, not on where they stand in the file."""
    leads = [lead(f"L{index}", created, account) for index, (account, created) in enumerate(arrivals)]
    shuffled = random.sample(leads, len(leads))

    straight = {row.lead_id: row for row in enrol(Q3, leads)}
    assert straight == {row.lead_id: row for row in enrol(Q3, shuffled)}


@given(ARRIVALS, st.integers(15, 90), st.decimals(min_value="0.1", max_value=1, places=2))
def test_a_later_phase_moves_nobody(arrivals, day, coverage):
    """Appending a phase with a higher coverage changes no unit judged before it, and no arm at all."""
    leads = [lead(f"L{index}", created, account) for index, (account, created) in enumerate(arrivals)]
    start = Q3.enrolment_start + timedelta(days=day)
    low = replace(Q3, phases=(Phase(1, Q3.enrolment_start, Decimal("0.1")),))
    high = replace(low, phases=(*low.phases, Phase(2, start, coverage)))

    before, after = enrol(low, leads), enrol(high, leads)

    judged_before = {
        row.unit for row, arrival in zip(before, leads, strict=True) if arrival.created_at < start and row.phase
    }
    for old, new in zip(before, after, strict=True):
        assert not old.in_experiment or (new.in_experiment and new.arm == old.arm)
        assert old.unit not in judged_before or (old.why, old.arm) == (new.why, new.arm)


@given(ARRIVALS, st.integers(0, 25))
def test_leads_known_earlier_judge_their_units(arrivals, cut):
    """A new lead is placed as if the leads the ledger knows stood before it in the same file."""
    leads = [lead(f"L{index}", created, account) for index, (account, created) in enumerate(arrivals)]
    known, new = leads[:cut], leads[cut:]

    assert enrol(Q3, new, earlier=known) == enrol(Q3, leads)[len(known) :]
    assert enrol(Q3, leads, earlier=known) == enrol(Q3, leads)


@given(ARRIVALS)
def test_every_lead_of_a_unit_that_is_in_shares_its_arm(arrivals):
    """All leads of an account that enrol have one arm and one phase."""
    leads = [lead(f"L{index}", created, account) for index, (account, created) in enumerate(arrivals)]

    arms = {}
    for row in enrol(Q3, leads):
        if row.why in ("in", "coverage", "layer"):
            assert arms.setdefault(row.unit, (row.why, row.arm, row.phase)) == (row.why, row.arm, row.phase)


def test_coverage_is_cut_at_the_bound():
    """In the first phase a unit is in exactly when its traffic position is below the cut of 10%."""
    leads = [lead(f"L{n}", EARLY, f"company-{n}.com") for n in range(300)]

    for row in enrol(Q3, leads):
        assert row.in_experiment == (row.traffic_position < bound(Decimal("0.1")))


def merge(old, new, day=1):
    at = IN + timedelta(days=day)
    return Merge(old, new, at, at)


def test_a_merge_keeps_the_earliest_assignment():
    """The id that lives on carries the arm, the start and the unit of whoever came first."""
    by_lead = protocol(("unit: account", "unit: lead"), ("coverage: 10%", "coverage: 100%"))
    leads = [lead("later", IN), lead("first", EARLY)]
    apart = enrol(by_lead, leads)

    together = enrol(by_lead, leads, merges=[merge("first", "later")])

    survivor, loser = together
    assert (survivor.arm, survivor.assigned_at, survivor.unit) == (apart[1].arm, EARLY, "first")
    assert (survivor.merged_into, loser.merged_into) == (None, "later")
    assert (survivor.lead_id, loser.lead_id) == ("later", "first")


def test_a_merge_across_arms_is_marked():
    """A person whose ids had different arms is marked, and only such a person."""
    by_lead = protocol(("unit: account", "unit: lead"), ("coverage: 10%", "coverage: 100%"))
    leads = [lead(f"L{n}", IN + timedelta(minutes=n)) for n in range(12)]
    arms = {row.lead_id: row.arm for row in enrol(by_lead, leads)}
    first = "L0"
    other = next(name for name, arm in arms.items() if arm != arms[first])
    same = next(name for name, arm in arms.items() if arm == arms[first] and name != first)

    crossed = {row.lead_id: row for row in enrol(by_lead, leads, merges=[merge(first, other)])}
    plain = {row.lead_id: row for row in enrol(by_lead, leads, merges=[merge(first, same)])}

    assert crossed[other].cross_arm_merge and crossed[other].arm == arms[first]
    assert not plain[same].cross_arm_merge


def test_merges_follow_each_other():
    """A into B and later B into C is one person, whose living id is C."""
    by_lead = protocol(("unit: account", "unit: lead"), ("coverage: 10%", "coverage: 100%"))
    leads = [lead("A", EARLY), lead("B", IN), lead("C", IN + timedelta(hours=1))]

    found = enrol(by_lead, leads, merges=[merge("B", "C", day=2), merge("A", "B", day=1)])

    assert {row.merged_into for row in found[:2]} == {"C"}
    assert found[2].merged_into is None
    assert {row.assigned_at for row in found} == {EARLY}


def test_a_merge_into_an_unknown_id_keeps_the_earliest_one():
    """Where a merge makes a third id that the data does not hold, the earliest assigned id stands for the person."""
    by_lead = protocol(("unit: account", "unit: lead"), ("coverage: 10%", "coverage: 100%"))
    leads = [lead("A", IN), lead("B", EARLY)]

    found = enrol(by_lead, leads, merges=[merge("A", "Z"), merge("B", "Z")])

    assert [row.merged_into for row in found] == ["B", None]


def test_a_merge_of_one_known_lead_changes_nothing():
    """An id nobody has seen merges without effect."""
    rows = enrol(Q3, [lead()])

    assert carry_merges(rows, [merge("ghost", "L1")]) == rows


def test_leads_of_the_ledger_enrol_as_arrivals_do():
    """A full `Lead` and a flat `Arrival` get the same place."""
    full = Lead(lead_id="L1", created_at=IN, account_key="acme.com")

    assert one(full) == one(lead())


def test_internal_domains_are_no_account():
    """A colleague's test lead stands for itself."""
    found = one(lead(account=None, email_domain="mail.us.example"), internal_domains=["us.example"])

    assert found.unit == "L1"
