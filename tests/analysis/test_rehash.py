"""A/A by re-hashing: another salt is another experiment, and what its answers say together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from mqlab.analysis.analyze import analyze
from mqlab.analysis.judge import judge
from mqlab.analysis.reassign import Reassigned
from mqlab.analysis.rehash import Answer, Question, Rerun, everyone, mid_randomised, rehash, rerun, uniformity
from mqlab.errors import InputError
from mqlab.stats.binary import Counts, p_value
from tests.analysis.world import THREE_ARMS, definitions, facts, protocol, random_facts

RAMP = "[{from: 2026-07-01, coverage: 30%}, {from: 2026-07-15, coverage: 80%}]"
UTC = ZoneInfo("UTC")
QUESTION = Question("challenger", "sql_per_lead", 30, "itt")


def rng() -> np.random.Generator:
    """Chance for the tests, the same each time."""
    return np.random.default_rng(20250101)


def run(number: int, p: float, *, covers: bool = True, ratio: float | None = 0.5) -> Rerun:
    """One salt that answers one question."""
    return Rerun(f"salt-{number}", ratio, {QUESTION: Answer(p, covers, 0.95)})


@pytest.mark.parametrize(
    ("plan", "accounts"),
    [
        pytest.param(protocol(), 0, id="leads"),
        pytest.param(protocol(unit="account"), 40, id="accounts"),
        pytest.param(protocol(arms=THREE_ARMS), 0, id="three arms"),
        pytest.param(protocol(phases=RAMP), 0, id="coverage changes"),
        pytest.param(protocol(phases=RAMP, unit="account"), 40, id="coverage of accounts changes"),
    ],
)
def test_another_salt_is_the_experiment_with_that_salt(plan, accounts: int) -> None:
    """Leads judged once and assigned again are the leads that `judge` finds for a protocol with the other salt."""
    known = random_facts(3, 250, accounts=accounts)
    leads = Reassigned(plan, judge(everyone(plan), definitions(), known), known.as_of)

    for salt in (plan.salt, "another", "a third"):
        expected = judge(replace(plan, salt=salt), definitions(), known)
        found = leads.by(salt)
        assert found.table.drop_columns("path") == expected.table.drop_columns("path")
        assert found.out == expected.out
        assert found.table["path"].null_count == found.table.num_rows


def test_a_rerun_is_the_analysis_of_that_salt() -> None:
    """The p-values of a rerun are those that `analyze` finds for the protocol with that salt at its last look."""
    known, plan = random_facts(5, 400), protocol()
    zone_args = {"timezone": UTC}
    judged = judge(plan, definitions(), known)

    (found,) = rerun(plan, definitions(), known, judged, salts=["another"], **zone_args)
    result = analyze(replace(plan, salt="another"), definitions(), known, **zone_args)

    expected = {
        Question(row.arm, row.metric, row.horizon_days or 0, row.estimator): row.p_fixed
        for row in result.metrics
        if row.role in ("primary", "then") and row.p_fixed is not None
    }
    assert len(expected) >= 4
    assert expected == {question: found.answers[question].p_value for question in expected}


def test_only_what_has_a_null_is_asked() -> None:
    """An arm's own MQLs differ by definition, so nothing that counts them is among the questions."""
    known, plan = random_facts(5, 300), protocol()
    seen: list[tuple[int, int]] = []

    found = rehash(
        plan,
        definitions(),
        known,
        judge(plan, definitions(), known),
        salts=["one", "two"],
        rng=rng(),
        timezone=UTC,
        progress=lambda done, total: seen.append((done, total)),
    )

    metrics = {row.question.metric for row in found.questions}
    assert {"sql_per_lead", "won_per_lead"} <= metrics
    assert not [metric for metric in metrics if metric.endswith("_per_mql")]
    assert not metrics & {"mql_per_lead", "touched_within_sla"}
    assert seen == [(1, 2), (2, 2)]
    assert (found.salts, found.holds, found.failures) == (2, False, ())


def test_leads_kept_out_by_coverage_have_to_be_judged() -> None:
    """Judged leads of a partial coverage are refused, with what to do instead."""
    known, plan = random_facts(3, 100), protocol(phases=RAMP)

    with pytest.raises(InputError, match="were not judged") as error:
        rerun(plan, definitions(), known, judge(plan, definitions(), known), salts=["x"], timezone=UTC)

    assert "everyone(protocol)" in str(error.value.problem.hint)


def test_nobody_enrolled_answers_nothing() -> None:
    """Without leads there is no question, and nothing is said to hold."""
    known, plan = facts([]), protocol()

    found = rehash(plan, definitions(), known, judge(plan, definitions(), known), salts=["x"], rng=rng(), timezone=UTC)

    assert (found.questions, found.broken_splits, found.holds) == ((), 0, False)


def test_an_experiment_that_still_runs_is_read_as_one_look() -> None:
    """Before the declared look the p-values are plain ones, not those of a boundary."""
    known = random_facts(5, 300)
    early = replace(known, as_of=known.as_of - timedelta(days=45))
    plan = protocol(looks="[2027-03-31]")

    (found,) = rerun(plan, definitions(), early, judge(plan, definitions(), early), salts=["x"], timezone=UTC)

    assert found.answers[QUESTION].level == 0.95


def test_uniform_p_values_hold() -> None:
    """A thousand draws of the uniform distribution are within the bars, and their intervals cover 95%."""
    draws = rng().random(1000)
    found = uniformity([run(k, p, covers=p >= 0.05) for k, p in enumerate(draws)], rng())

    (row,) = found.questions
    assert found.holds
    assert row.below == float(np.mean(draws < 0.05)) == pytest.approx(1 - (row.covering or 0))
    assert found.to_dict()["questions"][0]["holds"] is True


@pytest.mark.parametrize(
    "p_values",
    [
        pytest.param(rng().random(1000) ** 1.3, id="too many small ones"),
        pytest.param(0.05 + 0.95 * rng().random(1000), id="none below 5%"),
        pytest.param(np.where(rng().random(1000) < 0.9, rng().random(1000), 0.5), id="a heap in the middle"),
    ],
)
def test_p_values_that_are_not_uniform_fail(p_values: np.ndarray) -> None:
    """A test that finds effects too often, never, or that heaps its p-values is named with its figures."""
    found = uniformity([run(k, p) for k, p in enumerate(p_values)], rng())

    assert not found.holds
    assert found.failures[0].startswith("sql_per_lead of challenger within 30 days, itt: ")


def test_broken_splits_fail() -> None:
    """More than 5 of 1,000 splits with p < 0.001 are too many; splits of nobody count as nothing."""
    draws = rng().random(1000)

    def with_broken(count: int):
        ratios = [0.0005] * count + [0.5] * (900 - count) + [None] * 100
        return uniformity([run(k, p, ratio=r) for k, (p, r) in enumerate(zip(draws, ratios, strict=True))], rng())

    assert with_broken(5).holds
    assert with_broken(6).failures == ("6 of 1,000 splits have a sample ratio with p < 0.001",)


def test_few_salts_are_shown_and_not_judged() -> None:
    """Fewer than a hundred p-values say nothing about a tail of five percent."""
    found = uniformity([run(k, 0.001) for k in range(99)], rng())

    assert found.failures == ()
    assert not found.holds
    assert found.to_dict()["questions"][0]["holds"] is None


def test_steps_of_a_discrete_test_are_no_fault() -> None:
    """Few outcomes leave the score test few p-values; randomised within their steps they are uniform."""
    draws = stats.hypergeom.rvs(400, 20, 200, size=1000, random_state=rng())
    found = {int(x): p_value(Counts(20 - int(x), 200), Counts(int(x), 200)) for x in np.unique(draws)}
    p_values = np.array([found[int(x)] for x in draws])

    assert len(set(np.round(p_values, 12))) < 15
    assert stats.kstest(p_values, "uniform").pvalue < 1e-6
    assert stats.kstest(mid_randomised(p_values, rng()), "uniform").pvalue > 0.001


def test_the_table_keeps_its_columns() -> None:
    """A reassigned table has the columns of the judged one, in their order and of their types."""
    known, plan = random_facts(3, 60), protocol()
    judged = judge(plan, definitions(), known)

    found: pa.Table = Reassigned(plan, judged, known.as_of).by("x").table

    assert found.schema == judged.table.schema
