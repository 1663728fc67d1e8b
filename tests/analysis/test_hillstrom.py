"""Kevin Hillstrom's randomised e-mail experiment (2008): the published numbers come out of the analysis itself.

64,000 customers in three arms, outcomes over two weeks. A visit stands for an SQL, a conversion for a deal won, the
spend for its amount; the control's rule hands nobody over, the mailings' rule everybody. So all strata are `arm_first`
and the triggered estimator is plain intention-to-treat.

The published facts (two-proportion z with pooled variance, 95% Wald intervals, Welch t for spend) stand beside the
data set; each is checked against the limits that `conclude` draws.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv
from scipy.stats import t as student

from mqlab.analysis.analyze import conclude
from mqlab.analysis.judge import Judged, instants, qualified_column, stratum
from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.analysis.strata import NEVER
from mqlab.definitions.load import load_text as load_definition
from mqlab.definitions.model import Definition
from mqlab.experiments.load import load_text as load_protocol
from mqlab.experiments.protocol import Protocol
from mqlab.leads import tables
from mqlab.leads.instants import micros
from mqlab.leads.tables import Facts
from mqlab.stats.estimate import Estimate, NotEstimable
from mqlab.stats.multiplicity import dunnett_critical
from mqlab.stats.tails import critical_z, two_sided_p
from mqlab.warehouse.columns import stratum_column

ARMS = {"No E-Mail": "none", "Womens E-Mail": "womens", "Mens E-Mail": "mens"}
SENT = datetime(2008, 3, 3, 12, tzinfo=UTC)
AS_OF = datetime(2008, 4, 30, 23, 59, 59, 999_999, tzinfo=UTC)
Z = critical_z(0.05)

RULE = """
kind: mql-definition/v1
id: {name}
version: 1.0.0
fields: {{mailing: {{type: string}}}}
qualify: "mailing == '{mailing}'"
"""
EXPERIMENT = """
kind: mql-experiment/v1
id: hillstrom
title: Which mailing brings visits, orders and money?
hypothesis: A mailing brings more visits than none.
aim: growth
owner: e-mail
unit: lead
salt: hillstrom
enrolment: {{from: 2008-03-03, to: 2008-03-03, timezone: UTC}}
phases: [{{from: 2008-03-03, coverage: 100%}}]
control: none
arms:
  none: {{definition: nobody@1.0.0, weight: 1}}
{challengers}
qualify_within: 7d
handling: open
cadence: 1h
metrics:
  primary: {{metric: sql_per_lead, horizon: 14d, minimum_effect: 5%}}
  then:
    - {{metric: won_per_lead, horizon: 14d}}
    - {{metric: revenue_per_lead, horizon: 14d, cap: 100000, currency: USD}}
looks: {{dates: [2008-04-30], spending: obrien_fleming, maximum_leads: 64000}}
"""


@dataclass(frozen=True)
class Customers:
    """The file as columns: the arm, and what the customer did."""

    arm: np.ndarray
    visit: np.ndarray
    conversion: np.ndarray
    spend: np.ndarray

    def of(self, arms: tuple[str, ...]) -> Customers:
        """The customers of some arms."""
        kept = np.isin(self.arm, arms)
        return Customers(self.arm[kept], self.visit[kept], self.conversion[kept], self.spend[kept])


@pytest.fixture(scope="module")
def customers(hillstrom: Path) -> Customers:
    """All 64,000 rows; no two are told apart by an id, so a row is a customer."""
    with gzip.open(hillstrom) as file:
        table = csv.read_csv(file)
    arm = np.array([ARMS[name] for name in table["segment"].to_pylist()], dtype=object)
    columns = (np.asarray(table[name]) for name in ("visit", "conversion", "spend"))
    return Customers(arm, *columns)


def experiment(challengers: tuple[str, ...]) -> tuple[Protocol, dict[str, Definition]]:
    """The protocol of some mailings against none."""
    loaded = [
        load_definition(RULE.format(name=name, mailing=mailing), file="test.yaml")
        for name, mailing in (("nobody", "none"), ("everybody", "any"))
    ]
    definitions = {definition.ref: definition for definition in loaded}
    lines = "\n".join(f"  {name}: {{definition: everybody@1.0.0, weight: 1}}" for name in challengers)
    text = EXPERIMENT.format(challengers=lines)
    return load_protocol(text, file="test.yaml", definitions=definitions, timezone="UTC"), definitions


def analysed(customers: Customers, challengers: tuple[str, ...]) -> AnalysisResult:
    """Some mailings against none, from judged customers and their outcomes to the result."""
    protocol, definitions = experiment(challengers)
    chosen = customers.of(("none", *challengers))
    count = len(chosen.arm)
    ids = np.array([f"c{number:05d}" for number in range(count)], dtype=object)
    sent = np.full(count, micros(SENT), dtype=np.int64)
    never = np.full(count, NEVER, dtype=np.int64)
    fired = {"nobody@1.0.0": never, "everybody@1.0.0": sent}
    columns = {
        "lead_id": pa.array(ids, pa.string()),
        "unit": pa.array(ids, pa.string()),
        "arm": pa.array(chosen.arm, pa.string()),
        "phase": pa.array(np.ones(count, dtype=np.int64)),
        "assigned_at": instants(sent),
        "source": pa.nulls(count, pa.string()),
        "account_key": pa.nulls(count, pa.string()),
        "path": pa.nulls(count, pa.string()),
        "qualified_at": instants(np.where(chosen.arm == "none", NEVER, sent)),
    }
    for arm in protocol.arms:
        columns[qualified_column(arm.name)] = instants(fired[arm.definition])
    for arm in protocol.challengers:
        columns[stratum_column(arm.name)] = stratum(protocol, AS_OF, arm.name, chosen.arm, ids, fired)
    judged = Judged(pa.table(columns), {}, count, {}, {"override": 0, "cross_arm_merge": 0})
    facts = Facts(
        as_of=AS_OF,
        position=1,
        leads=tables.LEADS.empty_table(),
        field_changes=tables.FIELD_CHANGES.empty_table(),
        events=tables.EVENTS.empty_table(),
        identity=tables.IDENTITY.empty_table(),
        outcomes=outcomes(ids, chosen),
    )
    return conclude(protocol, definitions, facts, judged, timezone=ZoneInfo("UTC"), currency="USD")


def outcomes(ids: np.ndarray, chosen: Customers) -> pa.Table:
    """A visit three days after the mailing as an SQL, an order on the fourth as a deal won."""
    visited, ordered = ids[chosen.visit == 1], ids[chosen.conversion == 1]
    amounts = [Decimal(str(amount)) for amount in chosen.spend[chosen.conversion == 1]]
    at = [SENT + timedelta(days=3)] * len(visited) + [SENT + timedelta(days=4)] * len(ordered)
    rows = len(at)
    given: Mapping[str, list[object]] = {
        "lead_id": [*visited, *ordered],
        "kind": ["sql"] * len(visited) + ["closed_won"] * len(ordered),
        "occurred_at": list(at),
        "known_at": list(at),
        "opportunity_id": [None] * len(visited) + [f"order-{name}" for name in ordered],
        "amount": [None] * len(visited) + list(amounts),
        "currency": [None] * len(visited) + ["USD"] * len(ordered),
        "resolution": ["instant"] * rows,
        "backfill": [False] * rows,
        "evidence": ["stated"] * rows,
    }
    return pa.table(
        [pa.array(given.get(field.name, [None] * rows), field.type) for field in tables.OUTCOMES], tables.OUTCOMES
    )


@pytest.fixture(scope="module")
def both(customers: Customers) -> AnalysisResult:
    """The two mailings against none: three arms."""
    return analysed(customers, ("womens", "mens"))


@pytest.fixture(scope="module")
def alone(customers: Customers) -> dict[str, AnalysisResult]:
    """Each mailing against none as an experiment of its own, at 95%: what the published intervals are."""
    return {arm: analysed(customers, (arm,)) for arm in ("womens", "mens")}


def row(result: AnalysisResult, metric: str, arm: str, estimator: str = "itt") -> MetricRow:
    """The row of a metric without a segment."""
    found = [
        each
        for each in result.metrics
        if (each.metric, each.arm, each.estimator, each.segment) == (metric, arm, estimator, None)
    ]
    assert len(found) == 1
    return found[0]


def numbers(found: Estimate | NotEstimable) -> tuple[float, float, float]:
    """(value, low, high) of a bounded estimate."""
    assert isinstance(found, Estimate) and found.value is not None
    assert found.interval.low is not None and found.interval.high is not None
    return found.value, found.interval.low, found.interval.high


def wald(x_a: int, n_a: int, x_b: int, n_b: int, z: float) -> tuple[float, float]:
    """The unpooled interval of a difference."""
    p_a, p_b = x_a / n_a, x_b / n_b
    half = z * math.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)
    return p_b - p_a - half, p_b - p_a + half


def test_counts_are_the_published_ones(both: AnalysisResult):
    """Visits 2,262 of 21,306, 3,238 of 21,387, 3,894 of 21,307; orders 122, 189, 267."""
    visits, orders = ({}, {})
    for metric, seen in (("sql_per_lead", visits), ("won_per_lead", orders)):
        for arm in ("womens", "mens"):
            found = row(both, metric, arm)
            seen["none"] = (found.control.numerator, found.control.mature_units)
            seen[arm] = (found.treatment.numerator, found.treatment.mature_units)

    assert visits == {"none": (2_262, 21_306), "womens": (3_238, 21_387), "mens": (3_894, 21_307)}
    assert orders == {"none": (122, 21_306), "womens": (189, 21_387), "mens": (267, 21_307)}


@pytest.mark.parametrize(
    ("metric", "arm", "rates", "published"),
    [
        pytest.param("sql_per_lead", "womens", (10.617, 15.140), (4.523, 3.889, 5.157), id="visit, womens"),
        pytest.param("sql_per_lead", "mens", (10.617, 18.276), (7.659, 6.995, 8.323), id="visit, mens"),
        pytest.param("won_per_lead", "womens", (0.5726, 0.8837), (0.311, 0.150, 0.472), id="conversion, womens"),
        pytest.param("won_per_lead", "mens", (0.5726, 1.2531), (0.681, 0.500, 0.861), id="conversion, mens"),
    ],
)
def test_rates_and_limits_are_the_published_ones(alone, metric, arm, rates, published):
    """Rates and differences to the printed digits; score limits within 0.01 points of the published Wald limits."""
    found = row(alone[arm], metric, arm)
    digits = 4 if metric == "won_per_lead" else 3
    value, low, high = (100 * number for number in numbers(found.absolute))

    assert (found.control.value, found.treatment.value) == pytest.approx(
        [rate / 100 for rate in rates], abs=0.5 * 10 ** -(digits + 2)
    )
    assert value == pytest.approx(published[0], abs=5e-4)
    assert (low, high) == pytest.approx(published[1:], abs=0.01)


@pytest.mark.parametrize(
    ("metric", "arm", "z", "p_value"),
    [
        ("sql_per_lead", "womens", 13.949, 3.2e-44),
        ("sql_per_lead", "mens", 22.486, 5.7e-112),
        ("won_per_lead", "womens", 3.780, 0.000157),
        ("won_per_lead", "mens", 7.385, 1.5e-13),
    ],
)
def test_the_score_test_is_the_published_one_but_for_n_minus_one(alone, metric, arm, z, p_value):
    """Our z is the pooled z times √((N − 1)/N) exactly, which the printed digits of z and p hardly show."""
    found = row(alone[arm], metric, arm)
    a, b = found.control, found.treatment
    n = a.mature_units + b.mature_units
    pooled = (a.numerator + b.numerator) / n
    spread = math.sqrt(pooled * (1 - pooled) * (1 / a.mature_units + 1 / b.mature_units))
    z_pooled = (b.numerator / b.mature_units - a.numerator / a.mature_units) / spread

    assert z_pooled == pytest.approx(z, abs=5e-4)
    assert found.p_fixed == pytest.approx(two_sided_p(z_pooled * math.sqrt((n - 1) / n)), rel=1e-9)
    assert found.p_fixed == pytest.approx(p_value, rel=0.03)


@pytest.mark.parametrize(
    ("arm", "means", "published", "t", "p_value"),
    [
        ("mens", (0.6528, 1.4226), (0.7698, 0.4851, 1.0545), 5.300, 1.16e-7),
        ("womens", (0.6528, 1.0772), (0.4244, 0.1690, 0.6799), 3.256, 0.00113),
    ],
)
def test_spend_has_the_published_welch_interval(alone, customers, arm, means, published, t, p_value):
    """Mean spend, its difference, Welch's limits and t to the printed digits; the row's p is the permutation's."""
    found = row(alone[arm], "revenue_per_lead", arm)
    value, low, high = numbers(found.absolute)
    standard_error = (high - low) / 2 / student.isf(0.025, welch_df(customers, arm))

    assert (found.control.value, found.treatment.value) == pytest.approx(means, abs=5e-5)
    assert (value, low, high) == pytest.approx(published, abs=6e-5)
    assert value / standard_error == pytest.approx(t, abs=5e-4)
    assert 2 * student.sf(value / standard_error, welch_df(customers, arm)) == pytest.approx(p_value, rel=0.005)
    assert isinstance(found.p_fixed, float) and found.p_fixed < 0.005


def welch_df(customers: Customers, arm: str) -> float:
    """Welch–Satterthwaite from the amounts themselves."""
    parts = [customers.spend[customers.arm == name] for name in ("none", arm)]
    v = [float(part.var(ddof=1)) / len(part) for part in parts]
    return sum(v) ** 2 / sum(each**2 / (len(part) - 1) for each, part in zip(v, parts, strict=True))


@pytest.mark.parametrize("arm", ["womens", "mens"])
def test_relative_spend_has_fiellers_limits(alone, customers, arm):
    """At each limit ρ of the ratio |m_B − ρ m_A| = t √(v_B + ρ² v_A), from the amounts; zero is outside of both."""
    lift = row(alone[arm], "revenue_per_lead", arm).relative
    a, b = (customers.spend[customers.arm == name] for name in ("none", arm))
    reach = student.isf(0.025, welch_df(customers, arm))
    value, low, high = (1 + number for number in numbers(lift))

    assert value == pytest.approx(b.mean() / a.mean(), rel=1e-12)
    assert low > 1
    for ratio in (low, high):
        half = reach * math.sqrt(b.var(ddof=1) / len(b) + ratio**2 * a.var(ddof=1) / len(a))
        assert abs(b.mean() - ratio * a.mean()) == pytest.approx(half, rel=1e-9)


def test_the_split_is_as_declared(both: AnalysisResult):
    """Equal thirds: χ² 0.2025 with two degrees of freedom, p .904."""
    check = next(check for check in both.checks if check.check == "sample_ratio")

    assert check.status == "pass"
    assert check.p_value == pytest.approx(math.exp(-0.2025 / 2), abs=5e-5)  # the χ² tail with two degrees of freedom
    assert check.p_value == pytest.approx(0.904, abs=5e-4)


def test_two_mailings_share_the_error(both: AnalysisResult):
    """Each mailing is read at Dunnett's level for two challengers and one control.

    > qmvnorm(0.95, tail = "both.tails", corr = diag(2) / 2 + 0.5, algorithm = Miwa(512))$quantile
    R 4.2.2, mvtnorm 1.1.3: 2.21212816 instead of 1.96.
    """
    critical = 2.21212816

    assert dunnett_critical(0.05, control_units=1, challenger_units=[1, 1]) == pytest.approx(critical, abs=1e-6)
    for arm in ("womens", "mens"):
        for metric in ("sql_per_lead", "won_per_lead"):
            found = row(both, metric, arm)
            a, b = found.control, found.treatment
            expected = wald(int(a.numerator), a.mature_units, int(b.numerator), b.mature_units, critical)
            assert numbers(found.absolute)[1:] == pytest.approx(expected, abs=1e-4)
            assert numbers(found.absolute)[1] > 0
            assert found.look is not None and found.look.bound == pytest.approx(critical, abs=1e-6)
        assert both.verdicts[arm].call == "ship"


@pytest.mark.parametrize("arm", ["womens", "mens"])
def test_where_one_rule_takes_everybody_the_triggered_estimator_is_the_plain_one(both, arm):
    """All customers are discordant, so nothing is diluted: same difference, same limits, same p."""
    for metric in ("sql_per_lead", "won_per_lead"):
        plain, inside = row(both, metric, arm), row(both, metric, arm, "triggered")

        assert numbers(inside.absolute) == pytest.approx(numbers(plain.absolute), abs=1e-12)
        assert inside.p_fixed == plain.p_fixed
