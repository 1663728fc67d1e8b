"""Sentences computed from a result: the same leads, the two lists, where the definitions part, what came without both.

A sentence that lacks a number gives the reason in its place, and one that has nothing to say is empty.
"""

from __future__ import annotations

from typing import Literal

from mqlab.analysis.result_rows import FunnelRow, LeakRow, MarginalRow, MetricRow
from mqlab.analysis.results import AnalysisResult
from mqlab.experiments.metrics import METRICS
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.rows import Rows, shown, shows, sign
from mqlab.stats.estimate import Interval, NotEstimable

OVERRUN = (
    "The last planned look is past. What came in since is part of these numbers; it does not undo the decision made "
    "then."
)


def level(result: AnalysisResult, arm: str, alpha: float = 0.05) -> str:
    """The confidence of an arm's intervals: with several challengers each has a stricter one."""
    return fmt.level(result.counts.get("alpha", {}).get(arm, alpha))


def more(row: MetricRow) -> str:
    """Whether there is more or less of what a row counts."""
    up = sign(row.relative) > 0
    return "more" if up else "less" if row.unit == "money" else "fewer"


def causal_sentence(result: AnalysisResult, row: MetricRow, alpha: float = 0.05) -> str:
    """Block 1: "Out of 1,000 assigned leads: A 78.7 SQLs, B 81.8; lift +3.9% (95% interval …)"."""
    control, arm = result.control, row.arm
    a, b = row.control.value, row.treatment.value
    if isinstance(a, NotEstimable) or isinstance(b, NotEstimable):
        why = next(fmt.reason(value) for value in (row.relative, a, b) if isinstance(value, NotEstimable))
        return _not_compared(row, why)
    lift = _lift(result, row, alpha)
    if row.unit == "money":
        return f"Per assigned lead, {control} brings {shown(row)(a)} and {arm} {shown(row)(b)}; {lift}."
    what = words.noun(row.metric)
    per = "Out of 1,000 assigned leads" if row.metric.endswith("_per_lead") else words.metric(row.metric).capitalize()
    return f"{per}: {control} {shown(row)(a)} {what}, {arm} {shown(row)(b)}; {lift}."


def _not_compared(row: MetricRow, why: str) -> str:
    told, name = words.in_words(why), words.metric(row.metric)
    return words.sentence(told if told.startswith(name) else f"{name} cannot be compared yet: {told}")


def _lift(result: AnalysisResult, row: MetricRow, alpha: float) -> str:
    found = row.relative
    if isinstance(found, NotEstimable):
        return f"no lift: {fmt.reason(found)}"
    limits = fmt.interval(found.interval, fmt.change)
    value = "" if found.value is None else f" {fmt.change(found.value)}"
    said = f"lift{value} ({level(result, row.arm, alpha)} interval {limits})"
    return f"{said}, which may be optimistic" if optimistic(result, row) else said


def optimistic(result: AnalysisResult, row: MetricRow) -> bool:
    """Whether an estimate crossed before the planned end: then it is too large on average."""
    if row.look is None or row.look.information >= 1 or result.counts.get("planned_end", False):
        return False
    clear = shows(row.relative) if isinstance(row.absolute, NotEstimable) else shows(row.absolute)
    return clear != 0


def early(result: AnalysisResult, arm: str) -> str:
    """What an estimate that crossed before the planned end is worth, and what to do now; empty where none did."""
    main = Rows(result).primary(arm)
    if result.counts.get("overrun", False):
        return OVERRUN
    if main is None or main.look is None or not optimistic(result, main):
        return ""
    by = "half" if main.look.information <= 0.5 else "a tenth"
    told = (
        f"The experiment was read before its planned end, at {fmt.share(main.look.information)} of the information, "
        f"so the estimate may be optimistic: effects that cross this early are overstated by about {by} on average."
    )
    if result.verdicts[arm].call in ("ship", "harm"):
        told += (
            " Stop enrolling, follow the leads already in to their horizon and publish the final number too; it does "
            "not undo the decision."
        )
    return told


def precision_row(
    result: AnalysisResult, arm: str, declared: str | None = None, *, first: Literal["itt", "triggered"] | None = None
) -> MetricRow | None:
    """The row that says how clean an arm's list is, by the estimator `first`, else by the one that decides.

    It is of the metric the experiment `declared`, else of the primary's own stage, else MQL→SQL.
    """
    rows = Rows(result)
    main = rows.primary(arm)
    own = f"{main.metric.removesuffix('_per_lead')}_per_mql" if main is not None else ""
    found = next((f for name in (declared, own, "sql_per_mql") if (f := rows.find(arm=arm, metric=name or "-"))), ())
    wanted = first or (main.estimator if main is not None else "triggered")
    return next((row for row in found if row.estimator == wanted), found[0] if found else None)


def volume(result: AnalysisResult, arm: str) -> tuple[str, str] | None:
    """MQLs per 1,000 assigned leads of the control and of an arm, by the estimator that decides."""
    main, rows = Rows(result).primary(arm), Rows(result).find(arm=arm, metric="mql_per_lead")
    deciding = main.estimator if main is not None else "itt"
    row = next((row for row in rows if row.estimator == deciding), rows[0] if rows else None)
    if row is not None and not isinstance(row.control.value, NotEstimable):
        if isinstance(row.treatment.value, NotEstimable):
            return None
        return fmt.per_thousand(row.control.value), fmt.per_thousand(row.treatment.value)
    stages: dict[str, FunnelRow] = {found.arm: found for found in result.funnel if found.stage == "mql"}
    a, b = stages.get(result.control), stages.get(arm)
    if a is None or b is None or not a.units or not b.units:
        return None
    return fmt.per_thousand(a.count / a.units), fmt.per_thousand(b.count / b.units)


def list_sentence(result: AnalysisResult, arm: str, declared: str | None = None) -> str:
    """Block 2: how clean each list is, never without how long it is."""
    row = precision_row(result, arm, declared)
    if row is None:
        return ""
    what = words.noun(row.metric)
    a, b = row.control.value, row.treatment.value
    if isinstance(a, NotEstimable) or isinstance(b, NotEstimable):
        why = next(v for v in (a, b) if isinstance(v, NotEstimable))
        return _not_compared(row, fmt.reason(why))
    size = volume(result, arm)
    lengths = f"volume {size[0]} and {size[1]} MQLs per 1,000 leads" if size else "volume unknown"
    change = "" if isinstance(row.relative, NotEstimable) else f"; precision {fmt.estimate(row.relative, fmt.change)}"
    return (
        f"Of the MQLs handed to sales, {fmt.rate(a)} under {result.control} and {fmt.rate(b)} under {arm} count as "
        f"{what}{change}; {lengths}."
    )


def disagreement(result: AnalysisResult, arm: str, declared: str | None = None) -> str:
    """The sentence for a list and an effect that point in opposite directions; empty where they agree.

    An effect whose interval holds no difference as well is called what it is.
    """
    main, quality = Rows(result).primary(arm), precision_row(result, arm, declared)
    if main is None or quality is None or METRICS[main.metric].better != "higher":
        return ""
    if METRICS[quality.metric].better != "higher":
        return ""
    effect, cleaner = sign(main.relative), sign(quality.relative)
    if effect * cleaner >= 0:
        return ""
    list_is = "cleaner" if cleaner > 0 else "less clean"
    told = f"{arm}'s list is {list_is} but the same leads produced {more(main)} {words.noun(main.metric)}"
    return f"{told}." if shows(main.relative) else f"{told}, though chance alone can do that."


def marginal_sentence(result: AnalysisResult, arm: str) -> str:
    """Block 3: "B adds 30 MQLs per 1,000 leads (24.8% became SQLs, 4.2% of their like do anyway), drops 30 (…)"."""
    rows = {row.stratum: row for row in result.marginal if row.arm == arm}
    unknown = next((row.leads_per_1000 for row in rows.values() if isinstance(row.leads_per_1000, NotEstimable)), None)
    if not rows:
        return ""
    if unknown is not None:
        return words.sentence(fmt.reason(unknown))
    if any(row.later_per_1000 or row.by_account for row in rows.values()):
        return " ".join(_first(row, result.control, arm) for row in rows.values() if row.leads_per_1000)
    parts = []
    if (added := rows.get("arm_first")) is not None:
        parts.append(f"adds {_moved(added, added.rate_treatment, added.rate_control)}")
    if (dropped := rows.get("control_first")) is not None:
        parts.append(f"drops {_moved(dropped, dropped.rate_control, dropped.rate_treatment, first=not parts)}")
    return f"{arm} {', and '.join(parts)}."


def _first(row: MarginalRow, control: str, arm: str) -> str:
    """Which definition is first for how many leads, how many the other hands over later, and what became of them."""
    ahead, behind = (arm, control) if row.stratum == "arm_first" else (control, arm)
    handed, alone = (
        (row.rate_treatment, row.rate_control) if row.stratum == "arm_first" else (row.rate_control, row.rate_treatment)
    )
    assert not isinstance(row.leads_per_1000, NotEstimable)
    told = fmt.per_thousand(row.leads_per_1000 / 1000)
    known = [
        f"{fmt.rate(rate)} became {_outcome(row)} under {under}"
        for rate, under in ((handed, ahead), (alone, behind))
        if not isinstance(rate, NotEstimable)
    ]
    reached = f" ({', '.join(known)})" if known else ""
    if row.by_account:
        return f"{told} of 1,000 leads are in accounts where {ahead} hands over first{reached}."
    later = f", {fmt.per_thousand(row.later_per_1000 / 1000)} of which {behind} hands over later"
    return f"{ahead} hands over {told} of 1,000 leads first{later if row.later_per_1000 else ''}{reached}."


def _moved(row: MarginalRow, handed: float | NotEstimable, alone: float | NotEstimable, *, first: bool = True) -> str:
    """How many leads a definition adds or drops, what became of those handed over, and of their like."""
    if isinstance(row.leads_per_1000, NotEstimable) or not row.leads_per_1000:
        return "none"
    told = fmt.per_thousand(row.leads_per_1000 / 1000) + (" MQLs per 1,000 leads" if first else "")
    known = []
    if not isinstance(handed, NotEstimable):
        known.append(f"{fmt.rate(handed)} became {_outcome(row)}")
    if not isinstance(alone, NotEstimable):
        known.append(f"{fmt.rate(alone)} of their like do anyway")
    return f"{told} ({', '.join(known)})" if known else told


def _outcome(row: MarginalRow) -> str:
    """What a marginal row counts."""
    return words.noun(f"{row.stage}_per_lead")


def gained_sentence(result: AnalysisResult, arm: str) -> str:
    """What the added leads gained and the dropped ones would have brought, per 1,000 assigned leads."""
    told = []
    for row in result.marginal:
        if row.arm != arm or isinstance(row.outcomes_per_1000, NotEstimable) or not row.leads_per_1000:
            continue
        change = fmt.change_per_thousand
        limits = "" if (found := per_lead(row.interval)) is None else f" ({fmt.interval(found, change)})"
        ahead = arm if row.stratum == "arm_first" else result.control
        name = f"from leads for which {ahead} is first"
        told.append(f"{change(row.outcomes_per_1000 / 1000)} {_outcome(row)}{limits} {name}")
    return f"Out of 1,000 leads that makes {' and '.join(told)}." if told else ""


def per_lead(found: Interval | None) -> Interval | None:
    """Limits per 1,000 leads as limits per lead."""
    if found is None:
        return None
    low, high = found.low, found.high
    return Interval(None if low is None else low / 1000, None if high is None else high / 1000)


def split_sentence(result: AnalysisResult, arm: str) -> str:
    """The plain effect as what the definitions disagree on and the rest, which is chance or an effect of the arm."""
    found = result.split.get(arm)
    data = found.to_dict() if found is not None else {}
    parts = [data.get(name, {}).get("estimate") for name in ("assigned", "triggered", "concordant")]
    if None in parts or not data:
        return ""
    told = [fmt.change_per_thousand(float(part)) for part in parts if part is not None]
    p_value = data["concordant"].get("p_value")
    test = f" (p {fmt.p_value(p_value)})" if isinstance(p_value, float) else ""
    return (
        f"With every stratum at its own share, all assigned leads show {told[0]} "
        f"{words.noun(data['stage'] + '_per_lead')} of 1,000: "
        f"{told[1]} from leads the definitions disagree on, and {told[2]}{test} from leads they treat alike, which is "
        "chance, or an effect of the arm other than through its definition."
    )


def rare_sentence(result: AnalysisResult, arm: str) -> str:
    """Deals won as they may be read at any time, exactly, however few."""
    found = result.rare_wins.get(arm)
    data = found.to_dict() if found is not None else {}
    if not data:
        return ""
    counts = f"{result.control} {fmt.count(data['control']['x'])}, {arm} {fmt.count(data['treatment']['x'])}"
    if "not_estimable" in data:
        return words.sentence(f"Deals won: {counts}. {data.get('detail') or words.plain(data['not_estimable'])}")
    ratio, p = data["ratio"], fmt.p_value(data["p_value"])
    low, high = ratio.get("low"), ratio.get("high")
    bounded = bool(low) or high is not None
    told = f"; {arm} wins {fmt.interval(Interval(low, high), fmt.number)} times as often" if bounded else ""
    return f"Deals won, exact at any time and however few: {counts} (p {p}){told}."


def leak_sentence(result: AnalysisResult, arm: str) -> str:
    """SQLs that came without a hand-over, per 1,000 assigned leads of each arm and where they came from."""
    rows = [row for row in result.leak if row.arm == arm]
    totals = []
    for under in (result.control, arm):
        mine = [row for row in rows if row.under == under]
        if mine and mine[0].units:
            totals.append(f"{under} {fmt.per_thousand(sum(row.sqls for row in mine) / mine[0].units)}")
    if not totals:
        return ""
    known = [(row, row.rate) for row in rows if isinstance(row.rate, float)]
    alone = [f"{fmt.rate(rate)} ({row.under})" for row, rate in known if row.stratum == "none"]
    groups = [f"neither picks them {', '.join(alone)}"] if alone else []
    groups += [f"{row.arm} first {fmt.rate(rate)}" for row, rate in known if row.stratum == "arm_first"]
    groups += [f"{result.control} first {fmt.rate(rate)}" for row, rate in known if row.stratum == "control_first"]
    told = f"SQLs without a hand-over, out of 1,000 leads: {', '.join(totals)}"
    return f"{told}. Per lead not handed over: {'; '.join(groups)}." if groups else f"{told}."


def leak_group(row: LeakRow, control: str) -> str:
    """Which leads a leak row counts."""
    match row.stratum:
        case "none":
            return f"picked by neither, under {row.under}"
        case "control_first":
            return f"picked by {control} only, under {row.under}"
        case "arm_first":
            return f"picked by {row.arm} only, under {row.under}"
        case "both":
            return f"picked by both, under {row.under}"


def in_quarantine(result: AnalysisResult) -> str:
    """How many rows could not be used and count nowhere; empty where there are none, or nobody counts them."""
    rows = int(result.counts.get("quarantined", 0))
    if not rows:
        return ""
    verb = "counts" if rows == 1 else "count"
    return f"{fmt.counted(rows, 'row')} in quarantine {verb} nowhere: see mqlab quarantine list."
