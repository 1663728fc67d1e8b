"""What is said about a protocol before it starts."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from mqlab.definitions.registry import Registry
from mqlab.experiments.catalogue import Catalogue, check_together
from mqlab.experiments.chance import Assumptions, chance_to_clear, planned_leads
from mqlab.experiments.checks import check_file, check_protocol
from mqlab.experiments.maturity import mature_on
from mqlab.experiments.protocol import Margin, Metric
from mqlab.experiments.same_handling import handling_differences, same_handling
from tests.experiments.files import EXPERIMENT, definitions, edited, protocol


def found(*changes, **known):
    """(severity, code) of the edited file's problems."""
    return [(one.severity, one.code) for one in check_protocol(protocol(*changes), definitions(), **known)]


def test_a_good_protocol_has_no_problem():
    """The example of these tests is clean."""
    assert found() == []


@pytest.mark.parametrize("name", ["2026q3-intent", "any-engagement-v-fit"])
def test_the_shipped_experiments_are_clean(root, name):
    """What the example lab ships passes its own check, with sales a few days late."""
    registry = Registry.open(root / "definitions")

    assert check_file(root / "experiments" / f"{name}.yaml", definitions=registry, lateness_days=5) == ()


@pytest.mark.parametrize(
    ("changes", "lateness", "message", "hint"),
    [
        pytest.param(
            [("2027-04-05", "2027-03-28")],
            0,
            "'won_per_lead' cannot be mature at the last look, on 2027-03-28",
            "The earliest date that works is 2027-03-29.",
            id="guardrail a day too early",
        ),
        pytest.param(
            [], 8, "and sales reports up to 8 days late", "The earliest date that works is 2027-04-06.", id="lateness"
        ),
        pytest.param(
            [("horizon: 60d", "horizon: 200d"), ("horizon: 180d", "horizon: 100d")],
            0,
            "'sql_per_lead' cannot be mature",
            "2027-04-18",
            id="primary",
        ),
    ],
)
def test_what_can_never_be_mature_is_refused(changes, lateness, message, hint):
    """A primary or a guardrail that the last look comes too early for is an error that names the date that works."""
    errors = [
        one
        for one in check_protocol(protocol(*changes), definitions(), lateness_days=lateness)
        if one.severity == "error"
    ]

    assert {one.code for one in errors} == {"NeverMature"}
    assert any(message in one.message and hint in one.hint for one in errors)


def test_a_then_metric_that_is_not_mature_is_a_warning():
    """What is only tested after the primary may come later."""
    codes = found(("- {metric: won_per_lead, horizon: 180d}\n", "- {metric: opportunity_per_lead, horizon: 300d}\n"))

    assert codes == [("warning", "NotMatureAtLastLook")]


WARNED = [
    pytest.param(
        [("2026-10-15, 2027", "2026-08-20, 2027")],
        "LookTooEarly",
        "no lead is mature for 'sql_per_lead' before 2026-08-30",
        id="look too early",
    ),
    pytest.param(
        [("qualify_within: 60d", "qualify_within: 90d")],
        "QualifyWithinBeyondHorizon",
        "A lead may qualify for 90d, and 'sql_per_lead' is read after 60d",
        id="qualify_within beyond the horizon",
    ),
    pytest.param(
        [("[{from: 2026-07-01, coverage: 10%}, ", "[{from: 2026-07-03, coverage: 10%}, ")],
        "UncoveredStart",
        "out for good",
        id="first phase late",
    ),
    pytest.param(
        [("2026-07-15, coverage: 100%", "2026-07-15, coverage: 5%")],
        "CoverageFalls",
        "from 10% to 5% at 2026-07-14T22:00:00Z",
        id="coverage falls",
    ),
    pytest.param([(", maximum_leads: 24000", "")], "NoMaximumLeads", "no declared maximum", id="looks without maximum"),
    pytest.param(
        [("intent@2.0.0", "otherwise@1.0.0")],
        "HandlingDiffers",
        "handoff differs: the control says first touch 4h, 'challenger' says first touch 1d",
        id="handling",
    ),
    pytest.param(
        [("maximum_leads: 24000", "maximum_leads: 3000")],
        "MarginHardToClear",
        "to clear its margin of 10%",
        id="margin hard to clear",
    ),
    pytest.param(
        [("[source, industry]", "[employees]")],
        "SegmentByNumber",
        "every value would be a segment",
        id="segment by number",
    ),
    pytest.param(
        [("unit: account", "unit: lead"), ("costs:", "post_stratify: employees\ncosts:")],
        "PostStratifyByNumber",
        "all but its four most frequent values",
        id="covariate that is a number",
    ),
    pytest.param(
        [("metric: sql_per_lead, horizon: 60d", "metric: mql_per_lead, horizon: 60d")],
        "VolumeDecides",
        "a looser definition always makes more",
        id="volume decides",
    ),
    pytest.param(
        [
            ("2.0.0, weight: 1}", "2.0.0, weight: 9}"),
            ("  then:\n", "  then:\n    - {metric: revenue_per_lead, horizon: 180d, cap: 60000, currency: EUR}\n"),
        ],
        "UnevenArmsForMoney",
        "'challenger' gets 90% of its pair",
        id="uneven arms where money decides",
    ),
    pytest.param(
        [("intent@2.0.0", "current@1.0.0")],
        "SameDefinition",
        "'challenger' has the control's definition",
        id="one definition in both arms",
    ),
]


@pytest.mark.parametrize(("changes", "code", "message"), WARNED)
def test_what_will_disappoint_is_a_warning(changes, code, message):
    """Such a protocol may start, and is told what it will not be able to do."""
    problems = check_protocol(protocol(*changes), definitions())

    assert all(one.severity == "warning" for one in problems)
    assert any(one.code == code and message in one.message and one.hint for one in problems)


def test_the_check_names_file_line_and_column(tmp_path):
    """Problems of a file that can be read stand where their key stands."""
    path = tmp_path / "q3.yaml"
    path.write_text(edited(("2027-04-05", "2027-03-01"), ("2026-10-15", "2026-08-20")))

    problems = check_file(path, definitions=definitions())

    assert [(one.code, one.place.line, one.place.path) for one in problems] == [
        ("NeverMature", 25, "metrics.guardrails.0"),
        ("NotMatureAtLastLook", 22, "metrics.then.0"),
        ("LookTooEarly", 27, "looks.dates.0"),
    ]
    assert problems[0].place.file == str(path)


def test_a_file_that_cannot_be_used_is_reported_not_raised(tmp_path):
    """`check` lists the problems of a bad file like any other's."""
    path = tmp_path / "q3.yaml"
    path.write_text(edited(("alpha: 0.05", "alfa: 0.05")))

    assert [one.code for one in check_file(path, definitions=definitions())] == ["UnknownKey"]


def test_a_file_is_called_as_its_experiment(tmp_path):
    """A copied file whose id was not changed is told."""
    path = tmp_path / "q4.yaml"
    path.write_text(EXPERIMENT)

    assert [one.code for one in check_file(path, definitions=definitions())] == ["WrongFileName"]


@pytest.mark.parametrize(
    ("last_day", "zone", "horizon", "expected"),
    [
        pytest.param(date(2026, 9, 30), "Europe/Berlin", 180, date(2027, 3, 29), id="summer to summer"),
        pytest.param(date(2026, 12, 31), "Europe/Berlin", 90, date(2027, 4, 1), id="the clocks go forward: a day more"),
        pytest.param(date(2026, 9, 30), "Europe/Berlin", 60, date(2026, 11, 29), id="the clocks go back: no day more"),
        pytest.param(date(2026, 12, 31), "UTC", 90, date(2027, 3, 31), id="no clocks"),
    ],
)
def test_maturity_counts_days_of_86400_seconds(last_day, zone, horizon, expected):
    """The last lead of the last day has all its days behind it at the end of the day named, and not a day before."""
    assert mature_on(last_day, ZoneInfo(zone), horizon) == expected


def test_the_chance_is_the_planners():
    """statistics.md section 13: at p = .08 a margin of 10% takes 16,338 leads per arm for 80%, 68,690 for 5%."""
    for margin, leads in ((0.10, 16_338), (0.05, 68_690)):
        asked = protocol(("maximum_leads: 24000", f"maximum_leads: {2 * leads}"))
        rail = Metric("sql_per_lead", 60, None, Margin(margin, "relative"))

        chance = chance_to_clear(rail, rail.margin, asked, Assumptions(), triggered=False)

        assert chance.probability == pytest.approx(0.80, abs=0.005)


def test_the_chance_is_half_with_the_leads_it_names():
    """Planning the leads that are said to give half a chance gives half a chance."""
    rail = Metric("won_per_lead", 180, None, Margin(0.10, "relative"))
    first = chance_to_clear(rail, rail.margin, protocol(), Assumptions(), triggered=True)
    asked = protocol(("maximum_leads: 24000", f"maximum_leads: {first.leads_for_half}"))

    assert chance_to_clear(rail, rail.margin, asked, Assumptions(), triggered=True).probability == pytest.approx(
        0.5, abs=0.001
    )


def test_history_replaces_the_defaults():
    """A lab that wins more, or hands over more, has a better chance; the message names its rates."""
    rail = Metric("won_per_lead", 180, None, Margin(0.10, "relative"))
    usual = chance_to_clear(rail, rail.margin, protocol(), Assumptions(), triggered=False)

    known = chance_to_clear(rail, rail.margin, protocol(), Assumptions({"won_per_lead": 0.2}), triggered=False)

    assert known.probability > usual.probability
    assert known.assumed == "24,000 leads, won_per_lead of 20%"


@pytest.mark.parametrize(
    ("metric", "margin"),
    [
        pytest.param("revenue_per_lead", Margin(0.2, "relative"), id="money"),
        pytest.param("effort_per_win", Margin(0.2, "relative"), id="effort"),
        pytest.param("rejected_per_mql", Margin(0.03, "points"), id="points per MQL"),
        pytest.param("touched_within_sla", Margin(0.05, "points"), id="share of hand-overs"),
        pytest.param("rejected_per_lead", Margin(0.1, "relative"), id="lower is better"),
    ],
)
def test_every_kind_of_guardrail_has_a_chance(metric, margin):
    """More leads mean a better chance, whatever the metric."""
    rail = Metric(metric, 60, None, margin)
    few, many = (
        chance_to_clear(rail, margin, protocol(("24000", count)), Assumptions(), triggered=False).probability
        for count in ("6000", "60000")
    )

    assert 0 < few < many < 1


def test_planned_leads_follow_the_phases():
    """Without a declared maximum arrivals are counted by day and coverage: 14 days at 10%, 78 at 100%."""
    asked = protocol((", maximum_leads: 24000", ""))

    assert planned_leads(asked, Assumptions(leads_per_day=100)) in (7939, 7940)
    assert planned_leads(asked, Assumptions()) is None


def test_same_handling_names_the_blocks():
    """Every block that differs from the control's is named with what both say."""
    other = protocol(("intent@2.0.0", "otherwise@1.0.0"))

    differences = handling_differences(other, definitions())

    assert [(one.arm, one.block) for one in differences] == [
        ("challenger", "handoff"),
        ("challenger", "nurture"),
        ("challenger", "requalify"),
    ]
    assert "'challenger' says track slow when missing(employees)" in str(differences[1])
    assert str(differences[2]).endswith("the control says cooldown 90d, 3 times at most, 'challenger' says nothing")
    assert not same_handling(other, definitions())


def test_open_handling_is_never_the_same():
    """Where sales may see the arm, equal blocks are not enough."""
    assert same_handling(protocol(), definitions())
    assert not same_handling(protocol(("handling: blinded", "handling: open")), definitions())


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        pytest.param(
            [("id: q3", "id: q4"), ("q3-salt", "q4-salt"), ("[0%, 50%]", "[50%, 100%]")], [], id="neighbouring slices"
        ),
        pytest.param([("id: q3", "id: q4"), ("q3-salt", "q4-salt")], ["SlicesOverlap"], id="the same slice"),
        pytest.param([("id: q3", "id: q4"), ("q3-salt", "q4-salt"), ("inbound", "outbound")], [], id="another layer"),
        pytest.param([("id: q3", "id: q4"), ("[0%, 50%]", "[50%, 100%]")], ["DuplicateSalt"], id="the same salt"),
        pytest.param([("q3-salt", "q4-salt"), ("[0%, 50%]", "[50%, 100%]")], ["DuplicateId"], id="the same id"),
        pytest.param(
            [
                ("id: q3", "id: q4"),
                ("q3-salt", "q4-salt"),
                ("[0%, 50%]", "[50%, 100%]"),
                ("unit: account", "unit: lead"),
            ],
            ["UnitsDiffer"],
            id="leads beside accounts",
        ),
    ],
)
def test_experiments_do_not_share_leads_unknowingly(changes, codes):
    """Overlapping slices of one layer, one salt or one id twice are problems between files."""
    layered = ("control: current\n", "control: current\nlayer: inbound\nslice: [0%, 50%]\n")
    one, other = protocol(layered), protocol(layered, *changes)

    assert [problem.code for problem in check_together([one, other])] == codes


def test_a_catalogue_holds_the_folder(tmp_path):
    """Files are read by id; a bad one troubles nobody else; an unknown id names the nearest."""
    (tmp_path / "q3.yaml").write_text(EXPERIMENT)
    (tmp_path / "bad.yaml").write_text("kind: [")
    (tmp_path / "notes.md").write_text("no experiment")
    catalogue = Catalogue.open(tmp_path, definitions=definitions())

    assert catalogue.ids == ("bad", "q3")
    assert catalogue["q3"].id == "q3"
    assert [one.id for one in catalogue.usable()] == ["q3"]
    with pytest.raises(Exception, match=r"There is no experiment 'q33'\. Did you mean 'q3'\?"):
        catalogue["q33"]
    with pytest.raises(Exception, match="cannot be read"):
        Catalogue.open(tmp_path / "none", definitions=definitions())
