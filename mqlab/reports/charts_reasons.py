"""Chart: what share of a group's rejections each reason has, the groups beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mqlab.reports.document import Cell, Chart, Column, Number, Table
from mqlab.reports.theme import BLUE, INK, SERIES, WIDTH, themed


@dataclass(frozen=True, slots=True)
class Part:
    """A reason's share, a fraction, of the rejections of a group, and its text."""

    reason: str
    group: str
    share: float
    text: str
    source: str | None = None


def reason_mix(id: str, title: str, parts: Sequence[Part], alternative: str, *, series: str) -> Chart:
    """A bar per reason and group, in the order given; one group alone needs no key. `series` names the groups."""
    import altair as alt

    groups = list(dict.fromkeys(part.group for part in parts))
    reasons = list(dict.fromkeys(part.reason for part in parts))
    rows = [
        {"reason": part.reason, "group": part.group, "share": part.share, "text": part.text.partition(" (")[0]}
        for part in parts
    ]
    most = max((part.share for part in parts), default=0.0)
    palette = [BLUE] if len(groups) == 1 else [SERIES[k % len(SERIES)] for k in range(len(groups))]
    legend = None if len(groups) == 1 else alt.Legend()
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("reason:N", sort=reasons, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=260)),
        yOffset=alt.YOffset("group:N", sort=groups),
        x=alt.X(
            "share:Q",
            title="Share of rejected MQLs, in percent",
            scale=alt.Scale(domain=[0, most or 1.0]),
            axis=alt.Axis(format=".0%", grid=True, tickCount=6),
        ),
    )
    drawn = base.mark_bar(cornerRadiusEnd=2).encode(
        color=alt.Color(
            "group:N", sort=groups, scale=alt.Scale(domain=groups, range=palette), title=series, legend=legend
        )
    )
    texts = base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(text="text:N")
    chart = alt.layer(drawn, texts).properties(width=WIDTH, height=alt.Step(15 if len(groups) > 1 else 26))
    by_place = {(part.reason, part.group): part for part in parts}
    numbers = Table(
        f"{id}-numbers",
        title,
        (Column("Reason"), *(Column(group, True) for group in groups)),
        tuple(
            (Cell(reason), *(_cell(by_place.get((reason, group))) for group in groups)) for reason in reasons
        ),
    )  # fmt: skip
    return Chart(id, title, alternative, themed(chart), numbers)


def _cell(part: Part | None) -> Cell:
    if part is None:
        return Cell("–", "number", "quiet")
    return Cell(part.text, "number", source=part.source, number=Number(part.share, "rate"))
