"""Reading an experiment file: what it says, and a clear message for everything that cannot be used."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqlab.definitions.registry import Registry
from mqlab.errors import InputError, ProblemsFound
from mqlab.experiments.load import load_file, load_text
from mqlab.experiments.protocol import Margin, Metric
from tests.experiments.files import EXPERIMENT, definitions, edited, protocol


def problems(*changes, text=None):
    """The problems of the edited file."""
    with pytest.raises(InputError) as caught:
        load_text(edited(*changes) if text is None else text, file="q3.yaml", definitions=definitions())
    return caught.value.problems


def test_every_key_is_read():
    """Percentages are exact, durations carry units, dates become instants of the declared zone."""
    read = protocol(
        ("control: current\n", "control: current\nlayer: inbound\nslice: [0%, 12.5%]\nprior_handoff: allow\n")
    )

    assert (read.id, read.aim, read.unit, read.salt) == ("q3", "growth", "account", "q3-salt")
    assert read.enrolment_start == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert read.enrolment_end == datetime(2026, 9, 30, 21, 59, 59, 999999, tzinfo=UTC)
    assert [(phase.number, phase.start, phase.coverage) for phase in read.phases] == [
        (1, datetime(2026, 6, 30, 22, tzinfo=UTC), Decimal("0.1")),
        (2, datetime(2026, 7, 14, 22, tzinfo=UTC), Decimal(1)),
    ]
    assert [(arm.name, arm.definition, arm.weight) for arm in read.arms] == [
        ("current", "current@1.0.0", Decimal(1)),
        ("challenger", "intent@2.0.0", Decimal(1)),
    ]
    assert (read.qualify_within_us, read.cadence_us) == (60 * 86_400_000_000, 3_600_000_000)
    assert read.primary == Metric("sql_per_lead", 60, 0.05)
    assert read.guardrails == (
        Metric("won_per_lead", 180, None, Margin(0.1, "relative")),
        Metric("rejected_per_mql", 30, None, Margin(0.03, "points")),
    )
    assert read.beside == (Metric("sql_per_mql"), Metric("mql_per_lead"))
    assert read.looks.dates == (date(2026, 10, 15), date(2027, 4, 5))
    assert read.looks.maximum_leads == 24000
    assert read.costs.lead == (("paid_search", Decimal(45)), ("default", Decimal(12)))
    assert (read.layer.name, read.layer.low, read.layer.high) == ("inbound", Decimal(0), Decimal("0.125"))
    assert read.eligible.text == "source != 'partner'"
    assert read.allow_prior_handoff


def test_defaults_are_the_documented_ones():
    """What the file leaves out is resolved when it is read, never later."""
    read = protocol(
        ("title: Does intent bring more SQLs?\n", ""),
        ("aim: growth\n", ""),
        ("phases: [{from: 2026-07-01, coverage: 10%}, {from: 2026-07-15, coverage: 100%}]\n", ""),
        (", minimum_effect: 5%", ""),
        ("horizon: 180d, margin: 10%", "horizon: 180d"),
        ("handling: blinded\ncadence: 1h\n", ""),
        (", weight: 1", ""),
        (", timezone: Europe/Berlin", ""),
        ("alpha: 0.05\n", ""),
    )

    assert (read.title, read.aim, read.handling, read.cadence_us) == ("q3", "growth", "open", 3_600_000_000)
    assert [phase.coverage for phase in read.phases] == [Decimal(1)]
    assert (read.primary.minimum_effect, read.alpha, read.timezone) == (0.05, 0.05, "UTC")
    assert read.guardrails[0].margin == Margin(0.1, "relative")
    assert [arm.weight for arm in read.arms] == [Decimal(1), Decimal(1)]


def test_the_labs_time_zone_stands_in():
    """A file without a time zone is read in the lab's."""
    text = edited((", timezone: Europe/Berlin", ""))

    read = load_text(text, file="q3.yaml", definitions=definitions(), timezone="America/New_York")

    assert read.timezone == "America/New_York"


def test_efficiency_has_its_margin_and_precision():
    """An experiment that aims at efficiency carries both; the margin defaults to 5%."""
    read = protocol(
        ("aim: growth", "aim: efficiency"),
        ("minimum_effect: 5%}", "precision: {metric: sql_per_mql, horizon: 60d, minimum_effect: 2%}}"),
    )

    assert read.primary.margin == Margin(0.05, "relative")
    assert read.precision == Metric("sql_per_mql", 60, 0.02)


REFUSED = [
    pytest.param(
        [("cadence: 1h", "cadense: 1h")],
        "UnknownKey",
        "Unknown key 'cadense'.",
        "Did you mean 'cadence'?",
        18,
        id="unknown key",
    ),
    pytest.param(
        [("horizon: 60d,", "horizont: 60d,")],
        "UnknownKey",
        "Unknown key 'horizont'.",
        "Did you mean 'horizon'?",
        20,
        id="unknown key of a metric",
    ),
    pytest.param(
        [("alpha: 0.05\n", "alpha: 0.05\nalpha: 0.1\n")],
        "DuplicateKey",
        "The key 'alpha' stands here twice",
        "Remove one",
        29,
        id="duplicate key",
    ),
    pytest.param(
        [("kind: mql-experiment/v1", "kind: mql-definition/v1")],
        "WrongKind",
        "another kind",
        "mql-experiment/v1",
        1,
        id="another kind",
    ),
    pytest.param([("salt: q3-salt\n", "")], "MissingKey", "The key 'salt' is needed here.", None, 1, id="no salt"),
    pytest.param(
        [("unit: account", "unit: company")], "InvalidValue", "'company' cannot stand here", None, 7, id="unknown unit"
    ),
    pytest.param(
        [("aim: growth", "aim: grwth")],
        "InvalidValue",
        "'grwth' cannot stand here",
        "Did you mean 'growth'?",
        5,
        id="unknown aim",
    ),
    pytest.param(
        [("metric: sql_per_lead", "metric: sql_per_led")],
        "UnknownMetric",
        "There is no metric 'sql_per_led'.",
        "Did you mean 'sql_per_lead'?",
        20,
        id="unknown metric",
    ),
    pytest.param(
        [("[sql_per_mql, mql_per_lead]", "[sql_per_mql, mqls_per_lead]")],
        "UnknownMetric",
        "There is no metric 'mqls_per_lead'.",
        "Did you mean 'mql_per_lead'?",
        23,
        id="unknown metric beside",
    ),
    pytest.param(
        [("metric: sql_per_lead, horizon: 60d", "metric: sql_per_mql, horizon: 60d")],
        "MetricNotCausal",
        "cannot decide an experiment",
        "Use 'sql_per_lead'",
        20,
        id="primary per MQL",
    ),
    pytest.param(
        [("{metric: won_per_lead, horizon: 180d}", "{metric: won_per_mql, horizon: 180d}")],
        "MetricNotCausal",
        "cannot be tested in sequence",
        "Use 'won_per_lead'",
        22,
        id="then per MQL",
    ),
    pytest.param(
        [("{metric: sql_per_lead, horizon: 60d,", "{metric: sql_per_lead,")],
        "MissingKey",
        "The primary metric needs its horizon.",
        "horizon: 60d",
        20,
        id="no horizon",
    ),
    pytest.param(
        [("horizon: 60d", "horizon: 60")],
        "InvalidValue",
        "A horizon needs its unit, such as 60d.",
        None,
        20,
        id="horizon without unit",
    ),
    pytest.param(
        [("horizon: 60d", "horizon: 36h")], "InvalidValue", "whole number of days", None, 20, id="horizon in hours"
    ),
    pytest.param([("horizon: 60d", "horizon: 0d")], "InvalidValue", "at least 1d", None, 20, id="no days"),
    pytest.param(
        [("minimum_effect: 5%", "minimum_effect: 5")],
        "InvalidValue",
        "'5' is no percentage",
        None,
        20,
        id="percentage without sign",
    ),
    pytest.param([("minimum_effect: 5%", "minimum_effect: 0%")], "InvalidValue", "no effect", "5%", 20, id="no effect"),
    pytest.param(
        [("minimum_effect: 5%", "margin: 5%")],
        "UnusedKey",
        "only for `aim: efficiency`",
        "Remove it",
        20,
        id="margin under growth",
    ),
    pytest.param(
        [("minimum_effect: 5%", "precision: {metric: sql_per_mql}")],
        "UnusedKey",
        "only for `aim: efficiency`",
        None,
        20,
        id="precision under growth",
    ),
    pytest.param(
        [("aim: growth", "aim: efficiency")],
        "MissingKey",
        "says which precision must rise",
        "sql_per_mql",
        20,
        id="efficiency without precision",
    ),
    pytest.param(
        [("aim: growth", "aim: efficiency"), ("minimum_effect: 5%", "precision: {metric: won_per_lead}")],
        "MetricNotAllowed",
        "does not measure precision",
        "share of MQLs",
        20,
        id="precision per lead",
    ),
    pytest.param(
        [("minimum_effect: 5%", "cap: 100")],
        "UnusedKey",
        "is no amount of money",
        "Remove `cap`.",
        20,
        id="cap on a rate",
    ),
    pytest.param(
        [("margin: 3pp", "margin: 3")], "InvalidValue", "'3' is no margin", None, 26, id="margin without unit"
    ),
    pytest.param([("margin: 3pp", "margin: 0pp")], "InvalidValue", "must be greater than 0", None, 26, id="no margin"),
    pytest.param(
        [(", margin: 3pp", "")],
        "MissingKey",
        "The guardrail 'rejected_per_mql' needs its margin.",
        "margin: 3pp",
        26,
        id="guardrail without margin",
    ),
    pytest.param(
        [
            (
                "{metric: rejected_per_mql, horizon: 30d, margin: 3pp}",
                "{metric: revenue_per_lead, horizon: 30d, margin: 3pp}",
            )
        ],
        "InvalidValue",
        "cannot be in percentage points",
        "percentage",
        26,
        id="points of money",
    ),
    pytest.param(
        [
            (
                "{metric: rejected_per_mql, horizon: 30d, margin: 3pp}",
                "{metric: won_per_lead, horizon: 180d, margin: 3pp}",
            )
        ],
        "DuplicateMetric",
        "asked for twice",
        "Remove one",
        26,
        id="guardrail twice",
    ),
    pytest.param(
        [("{metric: won_per_lead, horizon: 180d}", "{metric: sql_per_lead, horizon: 60d}")],
        "DuplicateMetric",
        "asked for twice",
        None,
        22,
        id="then repeats the primary",
    ),
    pytest.param(
        [("{metric: won_per_lead, horizon: 180d}", "{metric: revenue_per_lead, horizon: 180d, currency: eur}")],
        "UnknownCurrency",
        "There is no currency 'eur'.",
        "Did you mean 'EUR'?",
        22,
        id="currency in small letters",
    ),
    pytest.param(
        [("mql: 45, currency: EUR", "mql: 45, currency: EURO")],
        "UnknownCurrency",
        "There is no currency 'EURO'.",
        "EUR",
        30,
        id="unknown currency of costs",
    ),
    pytest.param(
        [("paid_search: 45", "paid_search: -1")],
        "InvalidValue",
        "greater than or equal to 0",
        None,
        30,
        id="negative cost",
    ),
    pytest.param(
        [("intent@2.0.0", "intent@2.1.0")],
        "UnknownDefinition",
        "There is no definition 'intent@2.1.0'.",
        "Did you mean 'intent@2.0.0'?",
        15,
        id="unknown definition",
    ),
    pytest.param(
        [("control: current", "control: curent")],
        "UnknownArm",
        "The control 'curent' is none of the arms.",
        "Did you mean 'current'?",
        12,
        id="control is no arm",
    ),
    pytest.param(
        [("  challenger: {definition: intent@2.0.0, weight: 1}\n", "")],
        "NumberOfArms",
        "2 to 20 arms, this one 1",
        None,
        13,
        id="one arm",
    ),
    pytest.param(
        [
            (
                "  current: {definition: current@1.0.0, weight: 1}\n"
                "  challenger: {definition: intent@2.0.0, weight: 1}\n",
                "  {}\n",
            )
        ],
        "NumberOfArms",
        "this one 0",
        None,
        13,
        id="no arms",
    ),
    pytest.param(
        [("intent@2.0.0, weight: 1", "intent@2.0.0, weight: 0")],
        "InvalidValue",
        "greater than 0",
        None,
        15,
        id="weight zero",
    ),
    pytest.param(
        [("intent@2.0.0, weight: 1", "intent@2.0.0, weight: -2")],
        "InvalidValue",
        "greater than 0",
        None,
        15,
        id="negative weight",
    ),
    pytest.param(
        [("definition: current@1.0.0, weight: 1", "definition: current@1.0.0, weight: 0.00000000001")],
        "WeightTooSmall",
        "No unit can fall into the arm 'current'.",
        None,
        14,
        id="weight too small",
    ),
    pytest.param(
        [("to: 2026-09-30", "to: 2026-06-30")],
        "DatesOutOfOrder",
        "Enrolment ends on 2026-06-30, before it starts on 2026-07-01.",
        None,
        9,
        id="enrolment backwards",
    ),
    pytest.param(
        [("to: 2026-09-30", "to: 2026-09-31")], "InvalidValue", "no day of the calendar", None, 9, id="no such day"
    ),
    pytest.param(
        [("to: 2026-09-30", "to: 30.09.2026")],
        "InvalidValue",
        "write YEAR-MONTH-DAY",
        None,
        9,
        id="another way of dates",
    ),
    pytest.param(
        [("Europe/Berlin", "Europe/Berln")],
        "UnknownTimezone",
        "There is no time zone 'Europe/Berln'.",
        "Did you mean 'Europe/Berlin'?",
        9,
        id="unknown zone",
    ),
    pytest.param(
        [("{from: 2026-07-15, coverage", "{from: 2026-07-01, coverage")],
        "PhasesOutOfOrder",
        "Phase 2 does not start later than phase 1.",
        None,
        11,
        id="phases equal",
    ),
    pytest.param(
        [("[{from: 2026-07-01, coverage", "[{from: 2026-06-30, coverage")],
        "PhaseOutsideEnrolment",
        "Phase 1 starts before the enrolment does",
        None,
        11,
        id="phase too early",
    ),
    pytest.param(
        [("{from: 2026-07-15, coverage", "{from: 2026-10-01, coverage")],
        "PhaseOutsideEnrolment",
        "Phase 2 starts after the last day",
        None,
        11,
        id="phase too late",
    ),
    pytest.param(
        [("{from: 2026-07-15, coverage", "{from: 2026-07-15T08:00, coverage")],
        "InvalidValue",
        "has no time zone",
        None,
        11,
        id="instant without zone",
    ),
    pytest.param(
        [("coverage: 100%", "coverage: 101%")], "InvalidValue", "more than 100%", None, 11, id="coverage above 100%"
    ),
    pytest.param(
        [("coverage: 100%", "coverage: 1")], "InvalidValue", "'1' is no percentage", None, 11, id="coverage as a number"
    ),
    pytest.param(
        [("[2026-10-15, 2027-04-05]", "[2027-04-05, 2026-10-15]")],
        "LooksOutOfOrder",
        "The look on 2026-10-15 does not come after 2027-04-05.",
        None,
        27,
        id="looks backwards",
    ),
    pytest.param([("[2026-10-15, 2027-04-05]", "[]")], "Empty", "may not be empty", None, 27, id="no looks"),
    pytest.param(
        [("maximum_leads: 24000", "maximum_leads: 0")],
        "InvalidValue",
        "greater than or equal to 1",
        None,
        27,
        id="no leads at all",
    ),
    pytest.param(
        [("obrien_fleming", "pocock")], "InvalidValue", "'pocock' cannot stand here", None, 27, id="unknown spending"
    ),
    pytest.param(
        [("alpha: 0.05", "alpha: 5")], "InvalidValue", "less than or equal to 0.5", None, 28, id="alpha as a percentage"
    ),
    pytest.param(
        [("[source, industry]", "[source, industri]")],
        "UnknownField",
        "The segment 'industri' is no field",
        "Did you mean 'industry'?",
        29,
        id="unknown segment",
    ),
    pytest.param(
        [("[source, industry]", "[source, source]")],
        "DuplicateSegment",
        "stands here twice",
        None,
        29,
        id="segment twice",
    ),
    pytest.param(
        [("unit: account", "unit: lead"), ("costs:", "post_stratify: sorce\ncosts:")],
        "UnknownField",
        "The covariate 'sorce' is no field of the definitions.",
        "Did you mean 'source'?",
        30,
        id="unknown covariate",
    ),
    pytest.param(
        [("unit: account", "unit: lead"), ("costs:", "post_stratify: [source, industry]\ncosts:")],
        None,
        "",
        None,
        30,
        id="two covariates",
    ),
    pytest.param(
        [("costs:", "post_stratify: source\ncosts:")],
        "NeedsLeadUnit",
        "only where they are randomised one by one",
        "unit: lead",
        30,
        id="a covariate of leads under accounts",
    ),
    pytest.param(
        [
            ("unit: account", "unit: lead"),
            ("intent@2.0.0", "otherwise@1.0.0"),
            ("costs:", "post_stratify: employees\ncosts:"),
        ],
        "TypeMismatch",
        "The field 'employees' is number",
        None,
        30,
        id="a covariate of two types",
    ),
    pytest.param(
        [("source != 'partner'", "sorce != 'partner'")],
        "UnknownField",
        "'sorce'",
        "Did you mean 'source'?",
        10,
        id="unknown field in eligible",
    ),
    pytest.param(
        [("source != 'partner'", "employees == 'many'")], "TypeMismatch", "", None, 10, id="type mismatch in eligible"
    ),
    pytest.param([("source != 'partner'", "count(page_view) > 0")], None, "", None, 10, id="events in eligible"),
    pytest.param(
        [("intent@2.0.0", "otherwise@1.0.0"), ("source != 'partner'", "employees > 5")],
        "TypeMismatch",
        "The field 'employees' is number in 'current@1.0.0', but string in 'otherwise@1.0.0'.",
        None,
        10,
        id="a field of two types",
    ),
    pytest.param(
        [("intent@2.0.0", "accounts@1.0.0"), ("unit: account", "unit: lead")],
        "NeedsAccountUnit",
        "reads other leads of the account",
        "unit: account",
        15,
        id="account definition under leads",
    ),
    pytest.param(
        [("intent@2.0.0", "blinking@1.0.0")],
        "HalfLifeTooShort",
        "halves every 1h: less than a thousandth of qualify_within (60d)",
        "within",
        15,
        id="half-life too short",
    ),
    pytest.param(
        [("control: current\n", "control: current\nslice: [0%, 50%]\n")],
        "MissingKey",
        "A slice needs the layer",
        "layer: NAME",
        13,
        id="slice without layer",
    ),
    pytest.param(
        [("control: current\n", "control: current\nlayer: inbound\nslice: [50%, 50%]\n")],
        "EmptySlice",
        "from 50% to 50% is empty",
        None,
        14,
        id="empty slice",
    ),
    pytest.param(
        [("control: current\n", "control: current\nlayer: inbound\nslice: [50%]\n")],
        "WrongLength",
        "two ends",
        None,
        14,
        id="half a slice",
    ),
    pytest.param(
        [("control: current\n", "control: current\nlayer: q3-salt-split\n")],
        "SaltsNotIndependent",
        "one of the experiment's own salts",
        "another name",
        13,
        id="layer named as a salt",
    ),
    pytest.param(
        [("control: current\n", "control: current\noverrides: {acme.com: chalenger}\n")],
        "UnknownArm",
        "The override of 'acme.com' names no arm",
        "Did you mean 'challenger'?",
        13,
        id="override to no arm",
    ),
    pytest.param(
        [("qualify_within: 60d", "qualify_within: 0d")],
        "InvalidValue",
        "longer than nothing",
        None,
        16,
        id="no time to qualify",
    ),
    pytest.param(
        [("qualify_within: 60d", "qualify_within: 60")],
        "InvalidValue",
        "needs a unit",
        None,
        16,
        id="duration without unit",
    ),
    pytest.param(
        [("  challenger:", "  Current:")],
        "DuplicateArm",
        "differ only by case",
        None,
        15,
        id="arms that differ by case",
    ),
    pytest.param([("owner: growth", "owner:")], "NoValue", "has no value", None, 6, id="key without value"),
]


@pytest.mark.parametrize(("changes", "code", "message", "hint", "line"), REFUSED)
def test_what_cannot_be_used_is_refused_with_its_place(changes, code, message, hint, line):
    """Each wrong file gets a message with file and line, what is wrong and what next."""
    found = problems(*changes)

    match = [one for one in found if (code is None or one.code == code) and message in one.message]
    assert match, [str(one) for one in found]
    assert (match[0].place.file, match[0].place.line) == ("q3.yaml", line)
    assert hint is None or hint in (match[0].hint or "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("", "EmptyFile", id="empty"),
        pytest.param("- a\n- b\n", "NotAMapping", id="a list"),
        pytest.param("kind: mql-experiment/v1\n\tid: q3\n", "TabIndent", id="tab"),
        pytest.param("kind: [", "InvalidYaml", id="broken"),
        pytest.param("kind: &a mql-experiment/v1\nid: *a\n", "UnsupportedYaml", id="anchor"),
        pytest.param("kind: mql-experiment/v1\n" + "x: " + "[" * 60 + "]" * 60, "TooDeep", id="deep nesting"),
    ],
)
def test_what_is_no_usable_yaml_is_refused(text, code):
    """A file that is not the YAML of one experiment says so."""
    assert problems(text=text)[0].code == code


def test_all_problems_are_told_at_once_in_file_order():
    """Three mistakes in one file are three problems, the first line first."""
    found = problems(
        ("control: current\n", "control: nobody\n"),
        ("horizon: 60d", "horizon: 60d, cap: 5"),
        ("[source, industry]", "[colour]"),
    )

    assert [one.code for one in found] == ["UnknownArm", "UnusedKey", "UnknownField"]
    assert [one.place.line for one in found] == sorted(one.place.line for one in found)


def test_a_broken_definition_is_named_with_its_own_problem(tmp_path):
    """An experiment on a definition that cannot be used points to that definition's file."""
    (tmp_path / "intent@2.0.0.yaml").write_text(
        "kind: mql-definition/v1\nid: intent\nversion: 2.0.0\nqualify: 'nope > 1'\n"
    )
    (tmp_path / "current@1.0.0.yaml").write_text(
        "kind: mql-definition/v1\nid: current\nversion: 1.0.0\nqualify: 'true'\n"
    )

    with pytest.raises(ProblemsFound) as caught:
        load_text(EXPERIMENT, file="q3.yaml", definitions=Registry.open(tmp_path))

    problem = caught.value.problems[0]
    assert problem.code == "UnusableDefinition"
    assert "nope" in problem.message
    assert "intent@2.0.0.yaml:4" in problem.hint


def test_an_unknown_definition_of_a_folder_names_the_nearest(tmp_path):
    """A folder of definitions knows which one was meant."""
    (tmp_path / "intent@2.0.1.yaml").write_text(
        "kind: mql-definition/v1\nid: intent\nversion: 2.0.1\nqualify: 'true'\n"
    )

    with pytest.raises(ProblemsFound) as caught:
        load_text(EXPERIMENT, file="q3.yaml", definitions=Registry.open(tmp_path))

    hints = {one.message: one.hint for one in caught.value.problems}
    assert "intent@2.0.1" in hints["There is no definition 'intent@2.0.0'."]


def test_a_file_that_is_not_there_is_an_input_error(tmp_path):
    """A missing file is told by name."""
    with pytest.raises(InputError, match=r"none\.yaml"):
        load_file(tmp_path / "none.yaml", definitions=definitions())


LINES = EXPERIMENT.splitlines()


@given(st.data())
def test_no_edit_makes_the_loader_fall_over(data):
    """Whatever a line is replaced by, the file is read or refused with a message; nothing else is raised."""
    lines = list(LINES)
    index = data.draw(st.integers(0, len(lines) - 1))
    key = lines[index].partition(":")[0]
    junk = st.text(max_size=20) | st.sampled_from(
        ["{}", "[]", "null", "-1", "1e400", "[[1]]", "{a: {b: c}}", "'%'", "NO", "1.10"]
    )
    lines[index] = f"{key}: {data.draw(junk)}" if data.draw(st.booleans()) else data.draw(junk)

    found = ()
    try:
        load_text("\n".join(lines), file="q3.yaml", definitions=definitions())
    except InputError as error:
        found = error.problems
    assert all(problem.message and problem.code for problem in found)
