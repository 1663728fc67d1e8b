"""When leads come in, when what becomes of them can be read, and which looks are planned, taken or due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mqlab.analysis.results import AnalysisResult, Call
from mqlab.experiments import maturity
from mqlab.experiments.metrics import horizon_days
from mqlab.experiments.protocol import Metric, Protocol
from mqlab.leads.instants import end_of_day
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Cell, Chart, Column, Section, Table, Text, Tone
from mqlab.reports.look_chart import boundaries
from mqlab.reports.signatures import OnRecord, TakenThen
from mqlab.reports.theme import BLUE, GREEN, GREY, INK, ORANGE, WIDTH, day_format, themed

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_STANDINGS: dict[str, tuple[str, str, Tone]] = {
    "taken": (BLUE, "circle", "good"),
    "this report": (GREEN, "diamond", "plain"),
    "planned": (GREY, "square", "quiet"),
    "due, none recorded": (ORANGE, "triangle-up", "warn"),
    "taken, not declared": (ORANGE, "cross", "warn"),
}


@dataclass(frozen=True, slots=True)
class Planned:
    """A look on a day: its standing, and what it said where it was taken."""

    day: date
    standing: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days, both ends included; `of` is what is read from it."""

    name: str
    of: str
    start: date
    end: date

    @property
    def whole(self) -> str:
        """Its name with what is read from it."""
        return f"{self.name}: {self.of}" if self.of else self.name


def calendar(result: AnalysisResult, protocol: Protocol, record: OnRecord, zone: ZoneInfo) -> Section:
    """The calendar of an experiment as a picture with its dates, and where this look stands."""
    planned = sorted(looks(result, protocol, record, zone), key=lambda one: one.day)
    spans = tuple(_spans(result, protocol))
    words_of = "; ".join(f"{fmt.day(one.day)} {one.standing}" for one in planned) or "none declared"
    told = " ".join(f"{span.whole}, {fmt.day(span.start)} to {fmt.day(span.end)}." for span in spans)
    chart = Chart(
        "calendar",
        "Enrolment, follow-up and looks",
        f"A line of time. {told} Looks: {words_of}. As of {fmt.day(_local(result.as_of, zone))}.",
        _spec(spans, planned, _local(result.as_of, zone)),
        Table(
            "calendar-numbers",
            "Dates of the experiment",
            (Column("What"), Column("From or on"), Column("To"), Column("Standing"), Column("What it said")),
            (
                *(
                    (
                        Cell(span.whole),
                        Cell(fmt.day(span.start)),
                        Cell(fmt.day(span.end)),
                        _over(span, result, zone),
                        Cell("–"),
                    )
                    for span in spans
                ),
                *(
                    (
                        Cell("Look"),
                        Cell(fmt.day(one.day)),
                        Cell("–"),
                        Cell(one.standing, "status", _STANDINGS[one.standing][2]),
                        Cell(one.said or "–"),
                    )
                    for one in planned
                ),
            ),
        ),
    )
    return Section(
        "looks", "Calendar of looks", (Text(_next(planned, result)), chart, *boundaries(result, record, zone))
    )


def next_look(result: AnalysisResult, protocol: Protocol, zone: ZoneInfo) -> date | None:
    """The first declared look that lies ahead, None where all are reached; `zone` is the lab's."""
    ahead = [one.day for one in looks(result, protocol, OnRecord(), zone) if one.standing == "planned"]
    return min(ahead, default=None)


def _next(planned: Sequence[Planned], result: AnalysisResult) -> str:
    """What is due or comes next."""
    due = [one for one in planned if one.standing == "due, none recorded"]
    ahead = next((one for one in planned if one.standing == "planned"), None)
    before = sum(1 for one in planned if one.standing.startswith("taken"))
    told = [
        {0: "No look was recorded before.", 1: "One look was recorded before."}.get(
            before, f"{fmt.count(before)} looks were recorded before."
        )
    ]
    if due:
        told.append(f"No look is recorded on {', '.join(fmt.day(one.day) for one in due)}.")
    told.append(f"The next look is planned on {fmt.day(ahead.day)}." if ahead else "No look is planned any more.")
    look = next((row.look for row in result.metrics if row.primary and row.look), None)
    if look is not None:
        told.append(
            f"This one stands at {fmt.rate(look.information)} of the planned information, its boundary on |z| is "
            f"{fmt.bound(look.bound)}."
        )
    return " ".join(told)


def _over(span: Span, result: AnalysisResult, zone: ZoneInfo) -> Cell:
    if _local(result.as_of, zone) < span.start:
        return Cell("not begun", "status", "quiet")
    over = end_of_day(span.end, zone) - _MINUTE <= result.as_of
    return Cell("over", "status", "good") if over else Cell("not over", "status", "quiet")


def _local(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _spans(result: AnalysisResult, protocol: Protocol) -> Iterator[Span]:
    """Enrolment, and for each horizon of a metric that decides how long leads are followed; lateness is on top."""
    yield Span("Enrolment", "", protocol.enrolment_from, protocol.enrolment_to)
    late = result.counts.get("lateness_days")
    days = 0 if late is None else int(-(-late // 1))
    told: dict[int, list[str]] = {}
    longest: dict[int, Metric] = {}
    for metric in (protocol.primary, *protocol.then, *protocol.guardrails):
        horizon = horizon_days(metric, protocol)
        names = told.setdefault(horizon, [])
        if words.noun(metric.metric) not in names:
            names.append(words.noun(metric.metric))
        longest.setdefault(horizon, metric)
    for horizon, metric in sorted(longest.items()):
        due = maturity.due_on(metric, protocol, days)
        yield Span(f"Follow-up of {fmt.days(horizon)}", ", ".join(told[horizon]), protocol.enrolment_to, due)


def looks(result: AnalysisResult, protocol: Protocol, record: OnRecord, zone: ZoneInfo) -> Iterator[Planned]:
    """Every declared look, and after them those that were taken without being declared."""
    local = ZoneInfo(protocol.timezone)
    left = list(record.looks)
    for day in protocol.looks.dates:
        end = min(end_of_day(day, local), end_of_day(day, zone)) - _MINUTE
        mine = [look for look in left if end <= look.as_of < end + _DAY]
        left = [look for look in left if look not in mine]
        if end <= result.as_of < end + _DAY:
            yield Planned(day, "this report", _calls({arm: one.call for arm, one in result.verdicts.items()}))
        elif end > result.as_of:
            yield Planned(day, "planned")
        elif mine:
            yield Planned(day, "taken", _calls(mine[0].calls))
        else:
            yield Planned(day, "due, none recorded")
    for look in left:
        yield _undeclared(look, zone)


def _undeclared(look: TakenThen, zone: ZoneInfo) -> Planned:
    return Planned(_local(look.as_of, zone), "taken, not declared", _calls(look.calls))


def _calls(calls: Mapping[str, Call]) -> str:
    """Each arm's call in words."""
    return "; ".join(f"{arm}: {words.CALLS[call][0].lower()}" for arm, call in calls.items())


def _spec(spans: Sequence[Span], planned: Sequence[Planned], now: date) -> str:
    import altair as alt

    lines = [*(span.name for span in spans), *(["Looks"] if planned else [])]
    names = [name for name in _STANDINGS if any(one.standing == name for one in planned)]
    x_scale = alt.Scale(type="utc", nice=False, padding=14)
    axis = alt.Axis(format=day_format(), grid=True, tickCount=5, labelOverlap="greedy")
    y_axis = alt.Y("what:N", sort=lines, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=280))
    bars = (
        alt.Chart(alt.InlineData(values=[{"what": s.name, "from": str(s.start), "to": str(s.end)} for s in spans]))
        .mark_bar(size=9, cornerRadius=3, color=GREY)
        .encode(x=alt.X("from:T", scale=x_scale, axis=axis, title="Day"), x2="to:T", y=y_axis)
    )
    today = (
        alt.Chart(alt.InlineData(values=[{"on": str(now)}]))
        .mark_rule(color=INK, strokeDash=[4, 3])
        .encode(x=alt.X("on:T", title="Day"))
    )
    drawn = [bars, today]
    if planned:
        rows = [{"what": "Looks", "on": str(one.day), "standing": one.standing} for one in planned]
        drawn.append(
            alt.Chart(alt.InlineData(values=rows))
            .mark_point(filled=True, size=130, opacity=1)
            .encode(
                x=alt.X("on:T", title="Day"),
                y=y_axis,
                color=alt.Color(
                    "standing:N",
                    sort=names,
                    scale=alt.Scale(domain=names, range=[_STANDINGS[n][0] for n in names]),
                    title="Look",
                ),
                shape=alt.Shape(
                    "standing:N",
                    sort=names,
                    scale=alt.Scale(domain=names, range=[_STANDINGS[n][1] for n in names]),
                    title="Look",
                ),
            )
        )
    return themed(alt.layer(*drawn).properties(width=WIDTH, height=alt.Step(34)))
