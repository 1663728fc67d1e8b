"""The feedback of a month as text for a terminal of 80 columns; every share stands beside what it is a share of."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from mqlab.analysis.feedback.feedback import Feedback
from mqlab.analysis.feedback.promises import Fate, Kept, Promises
from mqlab.analysis.feedback.rejections import TIMING, Group, ReasonCount, Rejected, Rejections, Timing
from mqlab.analysis.feedback.surveys import AnswerCount, Answered, Surveys
from mqlab.leads.instants import instant
from mqlab.reports import format as fmt
from mqlab.reports.feedback_rows import WIDTH, matches, recycled, row, wrapped
from mqlab.reports.words import rejection
from mqlab.stats.estimate import NotEstimable

RULES, SOURCES, OWNERS, REASONS = 8, 12, 12, 4
"""So many rows are shown of each list; JSON has all of them."""

OWNER_LETTERS = 12
WHAT = {"first_touch": "First touch", "decision": "Decision"}
HANDOVER = {
    "stated": "hand-overs as sales reports them",
    "computed": "sales reports no hand-overs, so a lead counts from when its definition fired",
    "partly_stated": "hand-overs from when sales began to report them; before, from when definitions fired",
}


def render(found: Feedback, explained: Mapping[str, Sequence[str]], zone: ZoneInfo, notes: Sequence[str]) -> str:
    """The whole of it, ending in a line break; `explained` has lines about each lead of the sample."""
    month = _month(found, zone)
    lines = wrapped(f"Feedback from sales, {month}")
    lines += wrapped(f"As known at {fmt.instant(found.as_of, zone)}; {HANDOVER[found.handover]}.")
    if found.unfinished:
        lines += wrapped("The month is not over at that instant.")
    lines += [line for note in notes for line in wrapped(note)]
    if found.empty:
        lines += ["", *wrapped(f"Nothing to report: no lead was handed over, rejected, lost or asked in {month}.")]
        lines += wrapped("`mqlab ingest outcomes FILE` reads what sales reported.")
        return "\n".join(lines) + "\n"
    lines += ["", *_answers(found.rejections, month), "", *_reasons(found.rejections, month)]
    lines += _timing(found.rejections.timing)
    lines += ["", *_promises(found.promises, month)] if found.rejections.handed else []
    lines += ["", *_surveys(found.surveys, month)]
    lines += ["", *recycled(found, month, zone), "", *matches(found)]
    lines += ["", *_sample(found, explained, zone)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _answers(found: Rejections, month: str) -> Iterator[str]:
    yield from row(f"Handed over in {month}", "MQLs", "share")
    for label, leads in (
        ("accepted", found.accepted),
        ("rejected", found.turned_down),
        ("no answer yet", found.undecided),
    ):
        yield from row(f"  {label}", fmt.count(leads), _share(leads, found.handed))
    yield from row("  all handed over", fmt.count(found.handed), "")
    yield from wrapped("By sales' latest answer; shares of the MQLs handed over in the month.")


def _reasons(found: Rejections, month: str) -> Iterator[str]:
    if not found.rejected:
        yield from wrapped(f"No MQL was rejected in {month}." + _others(found))
        return
    yield from row(f"Rejected in {month}", "MQLs", "share")
    for one in found.reasons:
        yield from row(f"  {_reason(one)}", fmt.count(one.leads), _share(one.leads, found.rejected))
    yield from row("  all rejected", fmt.count(found.rejected), "")
    yield from wrapped(
        "By the first rejection in the month, whenever the MQL was handed over; shares of the MQLs rejected."
        + _others(found)
    )
    yield ""
    yield from wrapped(
        "Below, 'rejected' are those of the MQLs handed over in the month whose latest answer is a rejection, 'in "
        "month' the MQLs rejected in it, for the reasons beneath."
    )
    for title, groups, limit in (
        ("By definition", found.by_definition, RULES),
        ("By source", found.by_source, SOURCES),
    ):
        yield ""
        yield from _groups(title, groups, limit)
    if found.by_rule:
        yield ""
        yield from _by_rule(found.by_rule)


def _others(found: Rejections) -> str:
    if not found.others:
        return ""
    were = "lead was rejected that was no MQL" if found.others == 1 else "leads were rejected that were no MQLs"
    return f" {fmt.count(found.others)} more {were}."


def _groups(title: str, groups: Sequence[Group], limit: int) -> Iterator[str]:
    yield from _head(title)
    for one in groups[:limit]:
        yield from _group(one.name or "not known", one)
    if len(groups) > limit:
        yield f"  and {len(groups) - limit} more"


def _by_rule(groups: Sequence[Group]) -> Iterator[str]:
    yield from _head("By rule that made the MQL")
    for definition in dict.fromkeys(one.definition for one in groups):
        mine = [one for one in groups if one.definition == definition]
        yield from wrapped(f"  {definition}")
        for one in mine[:RULES]:
            yield from _group(f"  {one.name}", one)
        if len(mine) > RULES:
            yield f"    and {len(mine) - RULES} more"
    yield from wrapped("An MQL counts for every rule that gave it points as it qualified, so rules do not add up.")


def _head(title: str) -> list[str]:
    return row(title, "handed over", "rejected", "in month")


def _group(name: str, one: Group) -> Iterator[str]:
    down = "–" if isinstance(one.rate, NotEstimable) else f"{fmt.count(one.turned_down)} ({fmt.rate(one.rate)})"
    yield from row(f"  {name}", fmt.count(one.handed), down, fmt.count(one.rejected))
    if one.rejected:
        parts = [f"{_reason(each)} {fmt.count(each.leads)}" for each in one.reasons[:REASONS]]
        rest = sum(each.leads for each in one.reasons[REASONS:])
        told = ", ".join([*parts, *([f"other reasons {fmt.count(rest)}"] if rest else [])])
        indent = " " * (6 if name.startswith(" ") else 4)
        yield from textwrap.wrap(told, WIDTH, initial_indent=indent, subsequent_indent=indent)


def _timing(found: Sequence[Timing]) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield from row("Handed over at the wrong time", "MQLs", "of rejected", "after, median")
    for one in found:
        yield from row(
            f"  {one.definition or 'not known'}, {TIMING[one.reason]}",
            fmt.count(one.leads),
            f"{fmt.rate(one.leads / one.rejected)} of {fmt.count(one.rejected)}",
            _span(one.median_us),
        )
    yield from wrapped("'after': from qualification to the rejection, on the wall clock.")


def _promises(found: Promises, month: str) -> Iterator[str]:
    yield from wrapped(f"Promises kept, MQLs handed over in {month}, by {found.clock}")
    for one in found.together:
        if one.reason is not None:
            yield from wrapped(f"  {WHAT[one.what]}: {fmt.reason(one.reason)}.", "    ")
    told = [one for one in found.together if one.reason is None]
    for one in told:
        yield from row(f"  {WHAT[one.what]}", "kept", "of due", "median wait")
        yield from _kept("all", one)
        for rows, named in ((found.by_definition, False), (found.by_owner, True)):
            mine = [each for each in rows if each.what == one.what]
            for each in mine[:OWNERS]:
                yield from _kept(_owner(each.name) if named else each.name or "no definition", each)
            if len(mine) > OWNERS:
                yield f"    and {len(mine) - OWNERS} more"
        yield from wrapped(f"    {_left(one)}", "    ")


def _kept(name: str, one: Kept) -> list[str]:
    wait = "–" if one.median_us is None else _span(one.median_us)
    kept = "–" if isinstance(one.share, NotEstimable) else f"{fmt.count(one.fates['kept'])} ({fmt.rate(one.share)})"
    return row(f"    {name}", kept, fmt.count(one.due), wait)


def _owner(name: str | None) -> str:
    return "no owner named" if name is None else f"owner {name[:OWNER_LETTERS]}"


def _left(one: Kept) -> str:
    words: Mapping[Fate, str] = {
        "open": "with time left",
        "unclear": "answered on a day, without a time, that does not tell",
        "no_promise": "by a definition that promises nothing",
    }
    others = "".join(f"; {fmt.count(one.fates[fate])} {told}" for fate, told in words.items() if one.fates[fate])
    return f"Of {fmt.count(one.leads)} handed over: {fmt.count(one.due)} due{others}."


def _surveys(found: Surveys, month: str) -> Iterator[str]:
    if isinstance(found.response, NotEstimable):
        told = f"No lead was lost in {month}"
    else:
        share = f"{fmt.count(found.lost_and_answered)} ({fmt.rate(found.response)})"
        told = f"Lost in {month}: {fmt.counted(found.lost, 'lead')}, of which {share} answered a survey"
    others = f"; {fmt.count(found.others)} answered in it without being lost" if found.others else ""
    yield from wrapped(f"{told}{others}.")
    if not found.answered:
        yield from wrapped("No lost lead answered a survey in the month.")
        return
    yield from row(f"Answers that came in {month}", "lost leads", "share")
    yield from _given(found.answers, found.answered, "  ")
    yield from row("  all that answered", fmt.count(found.answered), "")
    for title, groups in (("By definition", found.by_definition), ("By source", found.by_source)):
        yield from row(f"  {title}", "lost leads", "share")
        for one in groups[:SOURCES]:
            yield from _answered(one)
        if len(groups) > SOURCES:
            yield f"    and {len(groups) - SOURCES} more"
    yield from wrapped("A lead counts once for each of its answers; shares of the lost leads that answered.")


def _answered(one: Answered) -> Iterator[str]:
    yield from row(f"    {one.name or 'not known'}", fmt.count(one.leads), "")
    yield from _given(one.answers, one.leads, "      ")


def _given(answers: Sequence[AnswerCount], of: int, indent: str) -> Iterator[str]:
    for one in answers:
        said = "no answer kept" if one.answer is None else rejection(one.answer)
        yield from row(f"{indent}{said}", fmt.count(one.leads), _share(one.leads, of))


def _sample(found: Feedback, explained: Mapping[str, Sequence[str]], zone: ZoneInfo) -> Iterator[str]:
    if not found.sample:
        yield from wrapped("No rejected MQL to talk about.")
        return
    yield from wrapped(
        f"To talk about: {fmt.count(len(found.sample))} of {fmt.count(found.rejections.rejected)} rejected MQLs, drawn "
        "by lot over definitions and reasons"
    )
    for number, one in enumerate(found.sample, 1):
        yield ""
        yield from wrapped(f"{number}. {_headline(one, zone)}", "   ")
        yield from explained.get(one.mql.lead_id, ())


def _headline(one: Rejected, zone: ZoneInfo) -> str:
    code = "" if one.reason is None or rejection(one.reason) == one.reason else f" ({one.reason.upper()})"
    return f"{one.mql.lead_id}: {rejection(one.reason)}{code}, rejected {_when(one.at_us, zone)}"


def _when(at_us: int, zone: ZoneInfo) -> str:
    return fmt.instant(instant(at_us), zone)


def _reason(one: ReasonCount) -> str:
    return rejection(one.reason)


def _share(part: int, whole: int) -> str:
    return fmt.rate(part / whole) if whole else "–"


def _span(us: int) -> str:
    """A time in hours, or in days from two days on."""
    hours = us / 3_600_000_000
    return f"{fmt.number(hours)} h" if hours < 48 else f"{fmt.number(hours / 24)} days"


def _month(found: Feedback, zone: ZoneInfo) -> str:
    day: date = found.window.begin.astimezone(zone).date()
    return fmt.month(day)
