"""Which row the verdict reads."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from mqlab.analysis.result_rows import ArmValue, MetricRow
from mqlab.analysis.verdict import _row
from mqlab.experiments.protocol import Metric
from mqlab.stats.estimate import Estimate, Interval, NotEstimable

STUDY = SimpleNamespace(horizon=lambda _metric: 30)
ROW = MetricRow(
    "rejected_per_mql", "guardrail", False, "itt", 30, "challenger", None, ArmValue(19, 19, 0.0), ArmValue(17, 17, 0.0),
    Estimate(0.0, Interval(-0.172, 0.189)), NotEstimable("no_outcomes"), None, None, "Miettinen–Nurminen",
)  # fmt: skip


def test_a_share_that_cannot_be_bounded_where_the_rules_part_is_read_from_all_leads():
    """A guardrail per MQL without rejections is judged by the interval of all leads, never by one without width."""
    silent = replace(ROW, estimator="triggered", absolute=NotEstimable("too_few_outcomes"))

    chosen = _row(STUDY, [ROW, silent], Metric("rejected_per_mql", 30), ("guardrail",), "triggered")

    assert chosen.estimator == "itt"


def test_a_share_that_can_be_bounded_is_read_by_the_deciding_estimator():
    """Where both rows have an interval the deciding estimator's is read."""
    narrow = replace(ROW, estimator="triggered", absolute=Estimate(0.0, Interval(-0.02, 0.02)))

    chosen = _row(STUDY, [ROW, narrow], Metric("rejected_per_mql", 30), ("guardrail",), "triggered")

    assert chosen.estimator == "triggered"
