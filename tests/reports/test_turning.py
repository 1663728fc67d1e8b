"""What would change a verdict: sentences that follow from the numbers, and none where nothing can be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from mqlab.analysis.result_rows import Look, MetricRow
from mqlab.analysis.results import AnalysisResult, VerdictResult
from mqlab.reports.turning import turning
from mqlab.stats.estimate import NotEstimable
from tests.reports.samples import BERLIN, estimate, protocol, ship


def changed(call: str, **more: object) -> AnalysisResult:
    """The sample with another verdict, and with other numbers in the row that decides."""
    rows = tuple(replace(row, **more) if row.primary else row for row in ship().metrics)  # type: ignore[arg-type]
    return replace(ship(), metrics=rows, verdicts={"challenger": VerdictResult(call, ("why",))})  # type: ignore[arg-type]


def told(result: AnalysisResult) -> str:
    return "\n".join(turning(result, protocol(), "challenger", BERLIN))


def primary(result: AnalysisResult) -> MetricRow:
    return next(row for row in result.metrics if row.primary)


def test_a_gain_says_where_it_would_end():
    """The limit next to 0, the guardrail nearest to its margin, and the effect among leads both hand over."""
    found = told(ship())
    both = next(row.share for row in ship().strata if row.stratum == "both")

    assert "the limit next to 0 is +1.3%; at 0 no gain would be shown any more." in found
    assert "its worse limit is +2.0 points, within the margin of +3.0 points." in found
    assert f"by −{100 * 0.0011 / both:.2f} points" in found


def test_an_open_question_says_what_would_close_it():
    """Both ends of the interval, how many leads the same estimate would need, and the next look."""
    open_row = {"absolute": estimate(0.004, -0.004, 0.012), "relative": estimate(0.05, -0.05, 0.15)}
    result = replace(
        changed("inconclusive", look=Look(0.5, 2.0, 4_000.0), **open_row), as_of=datetime(2026, 12, 8, tzinfo=UTC)
    )

    assert "a gain is shown once the limit of −5.0% is past 0%" in told(result)
    assert "a gain worth a change is ruled out once +15.0% is short of +5.0%" in told(result)
    assert "about 4.0 times as many leads as have been followed so far would carry it" in told(result)
    assert "the next look is planned on 5 Apr 2027" in told(result).lower().replace("apr", "Apr")
    assert "equal in both arms" not in told(result)


def test_a_kept_control_says_which_gain_is_ruled_out():
    """The limit away from 0 rules out the smallest gain worth a change."""
    result = changed("keep", absolute=estimate(0.0, -0.002, 0.002), relative=estimate(0.0, -0.03, 0.03))

    assert "the other limit, +3.0%, rules out a gain of +5.0%" in told(result)
    assert "is ruled out once" not in told(result)


def test_a_loss_says_where_it_would_end():
    """The limit below 0 that is nearest to it."""
    result = changed("harm", absolute=estimate(-0.01, -0.02, -0.001), relative=estimate(-0.1, -0.2, -0.012))

    assert "the limit next to 0 is −1.2%; at 0 no loss would be shown any more." in told(result)


def test_nothing_is_told_of_what_is_not_known():
    """A failed check, or a number that cannot be estimated, has no distance to another verdict."""
    missing = NotEstimable("not_due", "too early")

    assert told(changed("blocked")) == ""
    assert "SQLs" not in told(changed("inconclusive", absolute=missing, relative=missing))
    assert primary(ship()).look is not None
