"""Segments: what is shown, adjusted for all that is shown, and whether lifts vary at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from statsmodels.stats.multitest import multipletests

from mqlab.analysis.result_rows import ArmValue, Look, MetricRow
from mqlab.analysis.segment_rows import FALSE_DISCOVERIES, STANDS_OUT, adjusted, cochran_q, heterogeneity
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.multiplicity import dunnett_alpha
from mqlab.stats.tails import critical_z
from tests.analysis.test_analyze import result
from tests.analysis.world import THREE_ARMS, protocol, random_facts

Z = 1.959963984540054


def row(p: float | NotEstimable | None, **more: object) -> MetricRow:
    """A segment's row."""
    side = ArmValue(100, 100, 0.1)
    known: dict[str, object] = {
        "metric": "sql_per_lead", "role": "segment", "estimator": "itt", "arm": "challenger", "segment": "source=ads",
        "absolute": Estimate(0.0, Interval(-0.1, 0.1)), "look": Look(1.0, Z), "note": "exploration", **more,
    }  # fmt: skip
    return MetricRow(
        primary=False,
        horizon_days=30,
        control=side,
        treatment=side,
        relative=Estimate(0.0, Interval(-0.1, 0.1)),
        p_value=p,
        p_fixed=None,
        method="",
        **known,  # type: ignore[arg-type]
    )


def test_everything_shown_is_one_family() -> None:
    """Benjamini–Hochberg over segments, metrics and challengers together: statsmodels' `multipletests(…, "fdr_bh")`."""
    p_values = [0.001, 0.02, 0.8, 0.009, 0.04, 0.3, 0.01]
    rows = [
        row(p, arm=f"arm-{k % 2}", metric="sql_per_lead" if k % 3 else "won_per_lead") for k, p in enumerate(p_values)
    ]
    found = adjusted(rows, {"arm-0": "itt", "arm-1": "itt"})

    assert [each.p_adjusted for each in found] == pytest.approx(multipletests(p_values, method="fdr_bh")[1])
    for each in found:
        assert (STANDS_OUT in each.note) is ((each.p_adjusted or 0.0) <= FALSE_DISCOVERIES)


def test_only_what_decides_is_tested_and_nothing_else_is_touched() -> None:
    """Rows of the other estimator, of no segment, or without a p-value keep what they have."""
    rows = [
        row(0.01),
        row(0.02, estimator="triggered"),
        row(0.03, role="primary", segment=None),
        row(NotEstimable("no_units")),
        row(None),
    ]
    found = adjusted(rows, {"challenger": "itt"})

    assert [each.p_adjusted for each in found] == [pytest.approx(0.01), None, None, None, None]
    assert found[1:] == tuple(rows[1:])


def test_adjusting_twice_changes_nothing() -> None:
    """A row that stands out among few and not among all loses its mark, and one that does keeps it once."""
    few = adjusted([row(0.04), row(0.001)], {"challenger": "itt"})
    all_of_them = adjusted([*few, *(row(0.9, arm="other") for _ in range(8))], {"challenger": "itt", "other": "itt"})

    assert STANDS_OUT in few[0].note and STANDS_OUT not in all_of_them[0].note
    assert all_of_them[1].note == f"exploration; {STANDS_OUT}"
    assert adjusted(all_of_them, {"challenger": "itt", "other": "itt"}) == all_of_them


def test_the_heterogeneity_test_is_cochrans() -> None:
    """Three differences with their variances.

    R 4.2.2:
    > d <- c(.10, .04, .01); v <- c(.0004, .0004, .0008); w <- 1/v; m <- sum(w*d)/sum(w)
    > Q <- sum(w*(d - m)^2); pchisq(Q, 2, lower.tail = FALSE)
    Q 8.1, p 0.01742237.
    """
    gaps = [(0.10, 0.0004), (0.04, 0.0004), (0.01, 0.0008)]
    rows = [
        row(0.5, segment=f"source={k}", absolute=Estimate(d, Interval(d - Z * v**0.5, d + Z * v**0.5)))
        for k, (d, v) in enumerate(gaps)
    ]
    noise = [row(0.5, segment="industry=x"), row(0.5, segment="source=3", absolute=NotEstimable("no_units"))]
    other = [replace(each, metric="won_per_lead") for each in rows[:2]]

    assert cochran_q(gaps) == pytest.approx(0.01742237, abs=5e-9)
    said = heterogeneity([*rows, *noise, *other], "source", "itt")
    assert said is not None
    assert "sql_per_lead varies (p = 0.017, 3 values)" in said and "won_per_lead varies (p = 0.034, 2 values)" in said
    assert heterogeneity([*rows[:1], *noise], "source", "itt") is None
    assert heterogeneity(rows, "source", "triggered") is None


def test_sqls_and_deals_won_are_shown_for_every_challenger() -> None:
    """Both metrics by segment, each at its declared horizon and once, with Dunnett's intervals for every arm."""
    found = result(random_facts(5, 400), protocol(arms=THREE_ARMS))
    rows = [each for each in found.metrics if each.role == "segment" and each.estimator == "itt"]
    z = critical_z(dunnett_alpha(0.05, control_units=1, challenger_units=[1, 1]))

    assert {(each.metric, each.horizon_days, each.arm) for each in rows} == {
        (metric, days, arm)
        for metric, days in (("sql_per_lead", 30), ("won_per_lead", 60))
        for arm in ("challenger", "other")
    }
    keys = [(each.metric, each.segment, each.arm) for each in rows]
    assert len(keys) == len(set(keys))
    for each in found.metrics:
        if each.look is not None and each.role in ("primary", "then", "beside", "segment"):
            assert each.look.bound == pytest.approx(z)
    assert all(each.look.bound == pytest.approx(Z) for each in found.metrics if each.role == "guardrail" and each.look)
