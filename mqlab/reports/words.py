"""What things are called on the page: metrics, stages, strata, checks, calls, reasons for being left out."""

from __future__ import annotations

import re

from mqlab.analysis.results import Call, Check, CheckStatus, MetricRow, Stratum
from mqlab.experiments.metrics import METRICS
from mqlab.reports.document import Tone

CALLS: dict[Call, tuple[str, Tone]] = {
    "ship": ("Ship", "good"),
    "harm": ("Do not ship: harm", "bad"),
    "keep": ("Keep the control", "plain"),
    "inconclusive": ("No decision yet", "warn"),
    "blocked": ("No verdict: a check failed", "bad"),
    "not_due": ("Too early to say", "quiet"),
}

CHECKS: dict[str, str] = {
    "sample_ratio": "The arms hold the shares of units the split promises",
    "arm_by_stratum": "Which definition fires first does not depend on the arm",
    "same_handling": "Leads are handled alike in every arm",
    "concordant_effect": "Leads both definitions treat alike fare alike in both arms",
    "handling_parity": "Sales treats leads both definitions hand over alike",
    "owner_balance": "Sales reps work both arms alike",
    "match_rate": "Sales feedback finds its lead",
    "maturity": "Leads have been followed for the whole horizon",
    "lateness": "Sales feedback arrives in time",
    "capacity": "Sales gets to the leads it is handed",
    "cross_arm": "No lead was in two arms",
    "clusters": "Enough accounts, and none of them too large",
    "protocol_unchanged": "The experiment file is the one that was started",
}

STATUSES: dict[CheckStatus, tuple[str, Tone]] = {
    "pass": ("passed", "good"),
    "warn": ("look closer", "warn"),
    "fail": ("failed", "bad"),
    "not_applicable": ("does not apply", "quiet"),
}

STAGES: dict[str, str] = {
    "assigned": "Assigned leads",
    "mql": "MQLs",
    "handed_off": "Handed to sales",
    "accepted": "Accepted by sales",
    "meeting": "Meetings",
    "sql": "SQLs",
    "opportunity": "Opportunities",
    "won": "Deals won",
}

EXCLUDED: dict[str, str] = {
    "override": "placed in an arm by hand",
    "cross_arm_merge": "merged from records of two arms",
    "outcome_before_assignment": "outcomes earlier than their lead's start (the lead stays)",
    "phase_lacking_arm": "in a phase that lacks an arm",
    "coverage": "outside the share of traffic the experiment takes",
    "layer": "outside the experiment's slice of its layer",
    "ineligible": "not eligible",
    "eligibility_unknown": "eligibility unknown",
    "before_enrolment": "arrived before enrolment",
    "after_enrolment": "arrived after enrolment",
    "prior_handoff": "account handed to sales before enrolment",
}

ESTIMATORS: dict[str, str] = {"itt": "all assigned leads", "triggered": "leads the definitions disagree on"}

_METRIC_NAMES = re.compile(r"\b(" + "|".join(sorted(METRICS, key=len, reverse=True)) + r")\b")


def plain(code: str) -> str:
    """A snake_case code as words.

    Example:
        >>> plain("no_activity_data")
        'no activity data'
    """
    return code.replace("_", " ")


def metric(name: str) -> str:
    """A metric in words, the unknown as plain words.

    Example:
        >>> metric("sql_per_lead")
        'SQLs per assigned lead'
    """
    return METRICS[name].words if name in METRICS else plain(name)


def in_words(text: str) -> str:
    """A text with metric names replaced by their words.

    Example:
        >>> in_words("sql_per_lead [+1.2%, +8.1%]: better")
        'SQLs per assigned lead [+1.2%, +8.1%]: better'
    """
    return _METRIC_NAMES.sub(lambda found: METRICS[found.group()].words, text)


def sentence(text: str) -> str:
    """A text that begins with a capital and ends with a full stop."""
    text = text.strip()
    if not text:
        return text
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def check(row: Check) -> str:
    """A check as the statement it tests."""
    return CHECKS.get(row.check, plain(row.check))


def stage(name: str) -> str:
    """A stage of the funnel."""
    return STAGES.get(name, plain(name))


def excluded(name: str) -> str:
    """Why leads are left out."""
    return EXCLUDED.get(name, plain(name))


def stratum(name: Stratum, control: str, arm: str) -> str:
    """A first-divergence stratum, with the arms' names."""
    match name:
        case "both":
            return "both at once"
        case "control_first":
            return f"{control} first"
        case "arm_first":
            return f"{arm} first"
        case "none":
            return "neither"


def per_what(row: MetricRow) -> str:
    """What a row's values are counted in: per 1,000 leads, money per lead, percent, a plain number."""
    if row.unit == "money":
        return f"{row.currency or 'money'} per assigned lead"
    if row.unit == "count":
        return "per deal won"
    if row.metric.endswith("_per_lead"):
        return "per 1,000 assigned leads"
    return "percent of MQLs" if row.metric.endswith("_per_mql") else "percent of leads handed over"
