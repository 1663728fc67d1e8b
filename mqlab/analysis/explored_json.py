"""What reading a sample of leads told, as plain values: the numbers that a report shows of it, under `explored`.

They stand in the report's JSON and not in that of `mqlab analyze`, which would have to read the sample for them.
"""

from __future__ import annotations

from typing import Any

from mqlab.analysis.explored import Explored, ScoreTable, Signal
from mqlab.analysis.movers import Mover, Said
from mqlab.analysis.rejected_rules import RuleRejections
from mqlab.analysis.result_rows import estimate_dict
from mqlab.leads.instants import instant, iso
from mqlab.stats.binary import Counts
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.stats.thresholds import Point


def explored_dict(found: Explored) -> dict[str, Any]:
    """Scores with their bins and frontiers, signals, rejections by rule, examples that move, and who says nothing.

    Rates are fractions; what cannot be estimated is `{"not_estimable": reason}`.
    """
    return {
        "leads": found.leads,
        "sql_days": found.sql_days,
        "won_days": found.won_days,
        "scores": [_score(one) for one in found.scores],
        "signals": [_signal(one) for one in found.signals],
        "rejections": [_rejections(one) for one in found.rejections],
        "movers": [_mover(one) for one in found.movers],
        "silent": [{"definition": ref, **estimate_dict(why)} for ref, why in found.silent],
    }


def _score(one: ScoreTable) -> dict[str, Any]:
    return {
        "definition": one.threshold.definition,
        "score": one.threshold.score,
        "threshold": one.threshold.bound,
        "arms": list(one.arms),
        "leads": one.leads,
        "of": one.of,
        "near": one.near,
        "missed": counts_dict(one.missed, "sqls"),
        "passed": counts_dict(one.passed, "sqls"),
        "bins": [
            {"low": each.low, "high": each.high, **counts_dict(Counts(each.sqls, each.leads), "sqls")}
            for each in one.bins
        ],
        "frontier": [
            {
                "threshold": point.threshold,
                "handed": point.volume,
                "handed_per_lead": point.volume / one.of,
                "sql_per_handed": estimate_dict(point.precision),
                "sql_per_lead": estimate_dict(sqls_per_lead(point, one.of)),
            }
            for point in one.frontier
        ],
    }


def sqls_per_lead(point: Point, of: int) -> Estimate | NotEstimable:
    """SQLs that a threshold brings, of `of` leads read, as a share."""
    if isinstance(point.sqls, NotEstimable):
        return point.sqls
    low, high = (None if limit is None else limit / of for limit in (point.sqls.interval.low, point.sqls.interval.high))
    return Estimate((point.sqls.value or 0.0) / of, Interval(low, high))


def counts_dict(counts: Counts, what: str) -> dict[str, Any]:
    """Leads, how many of them are `what`, and the rate."""
    rate = counts.x / counts.n if counts.n else {"not_estimable": "no_units"}
    return {"leads": counts.n, what: counts.x, "rate": rate}


def _signal(one: Signal) -> dict[str, Any]:
    p_value = one.p_adjusted
    return {
        "definition": one.definition,
        "rule": one.rule,
        "with": counts_dict(one.with_, "sqls"),
        "without": counts_dict(one.without, "sqls"),
        "difference": estimate_dict(one.difference),
        "p_adjusted": {"not_estimable": p_value.reason} if isinstance(p_value, NotEstimable) else p_value,
        "won_with": counts_dict(one.won_with, "won"),
        "won_without": counts_dict(one.won_without, "won"),
    }


def _rejections(one: RuleRejections) -> dict[str, Any]:
    return {
        "definition": one.definition,
        "rule": one.rule,
        "handed": one.handed,
        "rejected": one.rejected,
        "rate": one.rejected / one.handed if one.handed else {"not_estimable": "no_units"},
        "reasons": [{"reason": code or None, "leads": leads} for code, leads in one.reasons],
    }


def _mover(one: Mover) -> dict[str, Any]:
    return {
        "lead_id": one.lead_id,
        "source": one.source,
        "arm": one.arm,
        "first": one.first,
        "at": iso(instant(one.at_us)),
        "control": _said(one.control),
        "challenger": _said(one.challenger),
    }


def _said(one: Said) -> dict[str, Any]:
    return {
        "definition": one.definition,
        "fired_at": None if one.fired_us is None else iso(instant(one.fired_us)),
        "path": one.path,
        "scores": dict(one.scores),
        "points": dict(one.points),
        "lacking": list(one.lacking),
    }
