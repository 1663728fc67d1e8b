"""The quarter's funnel beside last quarter's, and the same by definition, source and kind of MQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from mqlab.analysis.quarter.cohort import PATH, Stage
from mqlab.analysis.quarter.funnel import Funnel, Furthest, Row, Step, TooEarly
from mqlab.analysis.quarter.kinds import Part
from mqlab.analysis.quarter.performance import Performance
from mqlab.analysis.quarter.review import Review
from mqlab.reports import charts, points
from mqlab.reports import format as fmt
from mqlab.reports.document import Block, Cell, Column, Section, Table, Text
from mqlab.reports.quarter_cells import SHORT, STAGES, Cells, change, count, name, part
from mqlab.stats.estimate import NotEstimable

T = TypeVar("T")
DESCRIBES = (
    "Descriptive. Who is an MQL hangs on the definition, so a rate from MQL on compares different leads whenever the "
    "definition, the sources or the season differ; only an experiment says what a definition brings."
)
FURTHEST = {
    "unqualified": "no MQL",
    "without_mql": "no MQL, and taken up by sales all the same",
    "mql": "MQL, and no further",
    "sal": "accepted, and no further",
    "sql": "SQL, and no further",
    "opportunity": "opportunity, and no further",
    "won": "won",
}
FOLDED = 12


def funnel(review: Review) -> Section:
    """Stage by stage, both quarters at the same age of their leads."""
    found, cells = review.funnel, Cells(review.zone)
    blocks: list[Block] = [Text(_lead(review), "lead"), Text(DESCRIBES, "note")]
    blocks += [*_stages(review, cells), *_picture(review), *_furthest(found)]
    return Section("funnel", "The funnel", tuple(blocks))


def _lead(review: Review) -> str:
    found = review.funnel
    told = (
        f"{fmt.counted(found.leads, 'lead')} came in {review.quarter.name}, {fmt.count(found.last_leads)} in "
        f"{review.last.name}. Each is followed for {review.horizons.sql_days} days up to the SQL and for "
        f"{review.horizons.won_days} days up to the win, from its creation"
    )
    return f"{told}; the quarter is not over." if review.unfinished else f"{told}."


def _stages(review: Review, cells: Cells) -> list[Block]:
    last, this = review.last.name, review.quarter.name
    rows, steps = [], []
    for k, row in enumerate(review.funnel.rows):
        here = f"/funnel/stages/{k}"
        rows.append(
            (
                Cell(f"{STAGES[row.stage]}, {fmt.days(row.within_days)}"),
                cells.of_leads(row.this, f"{here}/this"),
                cells.of_leads(row.last, f"{here}/last"),
                change(row.change, f"{here}/change_per_lead"),
            )
        )
        if row.stage not in ("mql", "pql"):
            before = PATH[PATH.index(row.stage) - 1]
            steps.append(
                (
                    Cell(f"{SHORT[before]} → {SHORT[row.stage]}, {fmt.days(row.within_days)}"),
                    cells.of_before(row.this, f"{here}/this"),
                    cells.of_before(row.last, f"{here}/last"),
                )
            )
    return [
        Table(
            "funnel-stages",
            f"Of the leads that came in {this} and in {last}, so many reached a stage",
            (
                Column("Stage, within"),
                Column(this, True),
                Column(last, True),
                Column(f"Change, {fmt.level(0.05)} interval", True),
            ),
            tuple(rows),
            "Whoever reached it counts, MQL or not. A stage that sales skipped is shown by the next one. Intervals "
            "take leads as independent of each other; quarters differ in more than chance. " + _without(review.funnel),
        ),
        Table(
            "funnel-conversions",
            f"From one stage to the next, of the MQLs among the leads of {this} and of {last}",
            (Column("From, to, within"), Column(this, True), Column(last, True)),
            tuple(steps),
            "Conditioned on the definition: it says who is an MQL. Both stages count within the same days.",
        ),
    ]


def _without(found: Funnel) -> str:
    row = found.row("sql")
    if isinstance(row.this, Step) and row.this.without:
        share = fmt.rate(row.this.without / row.this.leads)
        return (
            f"{fmt.counted(row.this.without, 'lead')} ({share} of {fmt.count(row.this.leads)}) became SQLs within "
            f"{row.within_days} days without being MQLs by then."
        )
    return ""


def _picture(review: Review) -> list[Block]:
    bars = []
    for k, row in enumerate(review.funnel.rows):
        for quarter, which, step in ((review.last.name, "last", row.last), (review.quarter.name, "this", row.this)):
            if isinstance(step, Step) and not isinstance(step.rate, NotEstimable):
                source, told = f"/funnel/stages/{k}/{which}/per_lead", fmt.per_thousand(step.rate)
                bars.append(charts.Bar(STAGES[row.stage], quarter, step.rate, told, source))
    if not bars:
        return []
    told = " ".join(f"{bar.arm}, {bar.stage}: {bar.text}." for bar in bars)
    title = "Of 1,000 leads that came"
    return [charts.funnel("funnel-picture", title, bars, f"{title}. {told}", of="1,000 that came", series="Quarter")]


def _furthest(found: Funnel) -> list[Block]:
    if not found.leads:
        return []
    if not isinstance(found.furthest, Furthest):
        return []
    counts = found.furthest.counts
    rows = tuple(
        (Cell(FURTHEST[stage]), part(leads, found.leads, f"/funnel/furthest/{stage}"))
        for stage, leads in counts.items()
    )
    total = (Cell("all leads"), count(found.leads, "/funnel/leads"))
    return [
        Table(
            "furthest",
            f"Each lead of the quarter once, by the furthest it got within {fmt.days(found.furthest.within_days)}",
            (Column("Furthest"), Column("Leads", True)),
            (*rows, total),
            folded=True,
        )
    ]


def definitions(review: Review) -> Section:
    """Every version that governed leads of the quarter."""
    cells = Cells(review.zone)
    rows, beside = [], []
    for k, one in enumerate(review.definitions):
        rows.append((name(one.definition, "no definition"), *_steps(one, k, cells)))
        beside.append((name(one.definition, "no definition"), Cell(_role(one)), *_beside(one, k, cells)))
    blocks: list[Block] = [
        Text(
            "A lead counts for the version that governed it when it came: its arm's in an experiment, else what was in "
            "force. " + DESCRIBES,
            "note",
        )
    ]
    if not rows:
        blocks.append(Text("No lead came, so no definition governed one."))
        return Section("definitions", "Definitions by version", tuple(blocks))
    blocks.append(
        Table(
            "definitions-stages",
            f"Leads of {review.quarter.name} by the version that governed them",
            (Column("Definition"), Column("Leads", True), *_heads(review)),
            tuple(rows),
        )
    )
    blocks.append(
        Table(
            "definitions-last",
            f"What they governed leads as, and how they fared in {review.last.name}",
            (
                Column("Definition"),
                Column("As"),
                Column(f"{review.last.name}: leads", True),
                Column(f"{review.last.name}: MQLs of leads", True),
                Column(f"{review.last.name}: SQLs of leads", True),
            ),
            tuple(beside),
        )
    )
    return Section("definitions", "Definitions by version", tuple(blocks))


def _role(one: Performance) -> str:
    told = [f"arm of {experiment} ({fmt.count(leads)})" for experiment, leads in one.experiments.items()]
    told += [f"in force ({fmt.count(one.in_force_leads)})"] if one.in_force_leads and one.definition else []
    return ", ".join(told) or "–"


def _heads(review: Review) -> tuple[Column, ...]:
    sql, won = review.horizons.sql_days, review.horizons.won_days
    return (
        Column(f"MQLs of leads, {sql} days", True),
        Column(f"SALs of MQLs, {sql} days", True),
        Column(f"SQLs of SALs, {sql} days", True),
        Column(f"SQLs of leads, {sql} days", True),
        Column(f"Won of leads, {won} days", True),
    )


def _steps(one: Performance, k: int, cells: Cells) -> tuple[Cell, ...]:
    here = f"/definitions/{k}/this"
    return (count(one.leads, f"/definitions/{k}/leads"), *_five(one.steps, here, cells))


def _five(found: Mapping[Stage, Step | TooEarly], here: str, cells: Cells) -> tuple[Cell, ...]:
    return (
        cells.of_leads(found["mql"], f"{here}/mql"),
        cells.of_before(found["sal"], f"{here}/sal"),
        cells.of_before(found["sql"], f"{here}/sql"),
        cells.of_leads(found["sql"], f"{here}/sql"),
        cells.of_leads(found["won"], f"{here}/won"),
    )


def _four(five: tuple[T, ...]) -> tuple[T, ...]:
    """Without SQLs per SAL, which sources go without."""
    return (*five[:2], *five[3:])


def _beside(one: Performance, k: int, cells: Cells) -> tuple[Cell, ...]:
    here = f"/definitions/{k}"
    return (
        count(one.last_leads, f"{here}/last_leads"),
        cells.of_leads(one.last["mql"], f"{here}/last/mql"),
        cells.of_leads(one.last["sql"], f"{here}/last/sql"),
    )


def sources(review: Review) -> Section:
    """Where leads came from, and how MQLs qualified."""
    cells = Cells(review.zone)
    days = fmt.days(review.horizons.sql_days)
    blocks: list[Block] = [Text(DESCRIBES, "note")]
    blocks.append(
        _parts(
            "sources",
            f"Leads of {review.quarter.name} by source",
            "Source",
            review.sources,
            review,
            cells,
            "Every lead once.",
        )
    )
    mqls = sum(one.leads for one in review.kinds)
    if not mqls:
        blocks.append(Text(f"No lead of the quarter was an MQL within {days}."))
        return Section("sources", "Sources and kinds of MQL", tuple(blocks))
    rows = tuple(
        (
            Cell("handed over by hand" if one.name is None else points.kind(one.name)),
            part(one.leads, mqls, f"/kinds/{k}/leads"),
            count(one.last_leads, f"/kinds/{k}/last_leads"),
            *(cells.of_leads(one.steps[stage], f"/kinds/{k}/stages/{stage}") for stage in ("sal", "sql", "won")),
        )
        for k, one in enumerate(review.kinds)
    )  # fmt: skip
    blocks.append(
        Table(
            "kinds",
            f"MQLs of {review.quarter.name} by how they qualified",
            (
                Column("Kind"),
                Column("Of all MQLs", True),
                Column(f"{review.last.name}: MQLs", True),
                Column("SALs of MQLs", True),
                Column("SQLs of MQLs", True),
                Column("Won of MQLs", True),
            ),
            rows,
            f"MQLs within {days} of their creation"
            + (", so far." if not isinstance(review.funnel.row("mql").this, Step) else "."),
        )
    )
    return Section("sources", "Sources and kinds of MQL", tuple(blocks))


def _parts(id: str, caption: str, title: str, parts: Sequence[Part], review: Review, cells: Cells, note: str) -> Table:
    rows = tuple(
        (
            name(one.name), part(one.leads, review.funnel.leads, f"/{id}/{k}/leads"),
            count(one.last_leads, f"/{id}/{k}/last_leads"), *_four(_five(one.steps, f"/{id}/{k}/stages", cells)),
        )
        for k, one in enumerate(parts)
    )  # fmt: skip
    return Table(
        f"by-{id.removesuffix('s')}",
        caption,
        (
            Column(title),
            Column("Of all leads", True),
            Column(f"{review.last.name}: leads", True),
            *_four(_heads(review)),
        ),
        rows,
        note,
        folded=len(rows) > FOLDED,
    )


def moved(row: Row) -> str:
    """How a rate per lead moved against last quarter, empty where it cannot be told."""
    found = row.change
    if isinstance(found, NotEstimable) or found.value is None:
        return ""
    return fmt.estimate(found, fmt.points)
