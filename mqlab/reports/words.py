"""What things are called on the page: metrics, stages, strata, checks, calls, reasons for being left out."""

from __future__ import annotations

import re

from mqlab.analysis.result_rows import MetricRow
from mqlab.analysis.results import Call, Check, CheckStatus
from mqlab.experiments.metrics import METRICS
from mqlab.reports import format as fmt
from mqlab.reports.document import Tone
from mqlab.warehouse.columns import Stratum

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

ASKED: dict[str, str] = {
    "sql_per_lead": "SQLs of 1,000 leads",
    "won_per_lead": "Won of 1,000 leads",
    "sql_per_mql": "MQL→SQL",
    "won_per_mql": "MQL→won",
    "mql_per_lead": "MQLs of 1,000 leads",
}
"""What people ask for first, in the order of the page, and the short names they ask for it by."""

MEANINGS: dict[str, str] = {
    "sql_per_lead": "More or fewer SQLs from the same leads: what changing the definition does.",
    "won_per_lead": "More or fewer customers from the same leads: what changing the definition does.",
    "sql_per_mql": "How clean the list is that sales gets. Each list holds other leads, so this is no effect.",
    "won_per_mql": "How many of the list become customers. Each list holds other leads, so this is no effect.",
    "mql_per_lead": "How long the list is that sales gets.",
}

REJECTIONS: dict[str, str] = {
    "fit-01": "too small",
    "fit-02": "wrong industry",
    "fit-03": "wrong role",
    "eng-01": "no response after three tries",
    "eng-02": "bad timing",
    "qual-01": "no budget",
    "qual-02": "locked in with a competitor",
    "qual-03": "no real project",
    "data-01": "bad contact data",
    "dup-01": "existing customer or duplicate",
    "hand-01": "handed over too early",
    "hand-02": "handed over too late",
}
"""The reason codes that come with the presets; every other code stands for itself."""

CONDITIONS: dict[str, str] = {
    "two_arms": "Leads in two arms",
    "definition_changed": "A definition was changed",
    "outcome_before_assignment": "Outcomes before assignment",
    "late_feedback": "Late sales feedback",
    "dates_taken_from_later_stages": "Dates taken from later stages",
    "missing_amounts": "Deals without an amount",
    "currency_assumed": "Amounts without a currency",
    "uneven_events": "Events collected unevenly",
    "uneven_arms": "Arms of very different size",
    "largest_account": "One large account",
    "leads_not_worked": "Leads that sales does not work",
    "concordant_effect": "An effect where there should be none",
    "undeclared_look": "Looks that were not declared",
    "empty_arm": "An empty arm",
    "more_arms_than_leads": "More arms than leads",
    "nothing_heard_lately": "Nothing heard from sales lately",
}

_POINTS = re.compile(r"(?P<size>\d[\d.,]*)pp\b")
_MINUS = re.compile(r"(?<== )-(?=\d)")
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


def short(name: str) -> str:
    """The short name people ask for a metric by, its words where it has none.

    Example:
        >>> short("sql_per_mql"), short("revenue_per_lead")
        ('MQL→SQL', 'Revenue per lead')
    """
    return ASKED.get(name, sentence(metric(name)).removesuffix(".").replace("assigned ", ""))


def noun(name: str) -> str:
    """What a metric counts, without its "per …".

    Example:
        >>> noun("won_per_lead")
        'deals won'
    """
    return metric(name).split(" per ")[0]


def goal(name: str) -> str:
    """What a metric's horizon bounds, in a word.

    Example:
        >>> goal("sql_per_mql"), goal("won_per_lead"), goal("rejected_per_mql")
        ('SQL', 'won', 'rejected')
    """
    stage = name.split("_per_", maxsplit=1)[0]
    return stage.upper() if stage in ("sql", "mql") else plain(stage)


def margin(row: MetricRow) -> str:
    """How much worse a guardrail may get, and which way worse lies."""
    if row.margin is None:
        return "–"
    size = fmt.points(row.margin).lstrip("+") if row.margin_in == "points" else fmt.rate(row.margin)
    return f"{size} {'lower' if METRICS[row.metric].better == 'higher' else 'higher'}"


def rejection(code: str | None) -> str:
    """Why sales rejected a lead.

    Example:
        >>> rejection("hand-01"), rejection("own code"), rejection(None)
        ('handed over too early', 'own code', 'no reason given')
    """
    return "no reason given" if code is None else REJECTIONS.get(code, code)


def condition(name: str) -> str:
    """A condition that does not hold, as a heading."""
    return CONDITIONS.get(name, plain(name))


def in_words(text: str) -> str:
    """A text with metric names, percentage points and minus signs as a page has them.

    Example:
        >>> in_words("sql_per_lead [+1.2%, +8.1%]: better")
        'SQLs per assigned lead [+1.2%, +8.1%]: better'
        >>> in_words("clear of the margin of 5pp, z = -1.03")
        'clear of the margin of 5 points, z = −1.03'
    """
    told = _METRIC_NAMES.sub(lambda found: METRICS[found.group()].words, text)
    told = _POINTS.sub(lambda found: f"{found['size']} point{'' if found['size'] == '1' else 's'}", told)
    return _MINUS.sub(fmt.MINUS, told)


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
    """What a row's values are counted in: per 1,000 leads, per lead (money has its currency), percent, per deal."""
    if row.unit == "money":
        return "per assigned lead"
    if row.unit == "count":
        return "per deal won"
    if row.metric.endswith("_per_lead"):
        return "per 1,000 assigned leads"
    return "percent of MQLs" if row.metric.endswith("_per_mql") else "percent of leads handed over"
