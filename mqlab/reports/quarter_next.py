"""Thresholds to revisit, proposals for next quarter, and what is too early to call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from mqlab.analysis.quarter.early import Waiting
from mqlab.analysis.quarter.proposals import Proposal
from mqlab.analysis.quarter.review import Review
from mqlab.analysis.quarter.thresholds import Between, Near, Reading
from mqlab.reports import format as fmt
from mqlab.reports import words
from mqlab.reports.document import Block, Bullets, Cell, Column, Number, Section, Table, Text
from mqlab.reports.quarter_cells import PLURAL, count, listed, part
from mqlab.reports.quarter_experiments import estimate
from mqlab.stats.estimate import Estimate, Interval

READINGS: dict[Reading, str] = {
    "lower": "just above convert like well above: try a lower bar",
    "raise": "just above convert like leads nobody handed over: try a higher bar",
    "ordered": "fewer convert just above, more than below: as it should be",
    "unclear": "the counts do not tell",
}


def thresholds(review: Review) -> Section:
    """The evidence there is for another threshold."""
    found = review.thresholds
    blocks: list[Block] = []
    if found.between:
        blocks.append(Text("From experiments: what handing these leads over brought. This is an effect."))
        blocks.append(_between(found.between))
    if found.near:
        blocks.append(
            Text(
                "Within a definition: the MQLs just above a score it asks for, beside those well above it and beside "
                "its leads that were not handed over. Descriptive: what those below would have done in sales' hands "
                "nobody knows, so this is a reason for an experiment, not for a change."
            )
        )
        blocks.append(_near(found.near))
    for ref, why in found.silent:
        blocks.append(Text(f"{ref}: nothing to say. {words.sentence(fmt.reason(why))}", "note"))
    if not blocks:
        told = "There is no evidence for another threshold: no experiment compared two, and no definition asks for a"
        blocks.append(Text(f"{told} score."))
    return Section("thresholds", "Thresholds to revisit", tuple(blocks))


def _between(rows: tuple[Between, ...]) -> Table:
    return Table(
        "thresholds-experiments",
        "Leads that one definition hands over first, by experiment",
        (
            Column("Experiment"),
            Column("Handed over first by"),
            Column("Rather than"),
            Column("Leads per 1,000", True),
            Column("Added per 1,000 leads, with its interval", True),
            Column("Says"),
        ),
        tuple(
            (
                Cell(one.experiment),
                Cell(one.hands_over),
                Cell(one.other),
                _number(one.leads_per_1000, f"/thresholds/experiments/{k}/leads_per_1000"),
                _added(one, f"/thresholds/experiments/{k}/outcomes_per_1000"),
                Cell(_says(one)),
            )
            for k, one in enumerate(rows)
        ),
    )


def _number(value: float, source: str) -> Cell:
    return Cell(fmt.number(value), "number", source=source, number=Number(value, "number"))


def _added(one: Between, source: str) -> Cell:
    found = Estimate(one.outcomes_per_1000, Interval(one.low, one.high))
    told = f"{fmt.estimate(found, fmt.change_of_number)} {PLURAL.get(one.stage, one.stage)}"
    number = Number(one.outcomes_per_1000, "change_of_number", one.low, one.high, True)
    return Cell(told, "number", source=source, number=number)


def _says(one: Between) -> str:
    if one.low is not None and one.low > 0:
        return "worth handing over"
    if one.high is not None and one.high < 0:
        return "handing them over cost outcomes"
    return "no effect shown"


def _near(rows: tuple[Near, ...]) -> Table:
    cells = []
    for k, one in enumerate(rows):
        here = f"/thresholds/just_above/{k}"
        cells.append(
            (
                Cell(
                    f"{one.threshold.definition}: {one.threshold.score} from {fmt.number(one.threshold.bound)} to "
                    f"{fmt.number(one.upto)}"
                ),
                part(one.near.x, one.near.n, f"{here}/just_above"),
                part(one.far.x, one.far.n, f"{here}/well_above"),
                part(one.below.x, one.below.n, f"{here}/not_handed_over"),
                _difference(one, f"{here}/against_well_above"),
                Cell(READINGS[one.reading]),
            )
        )
    days = rows[0].within_days
    drawn = [one for one in rows if one.sample < one.mqls]
    return Table(
        "thresholds-near",
        f"SQLs within {fmt.days(days)}, by the score with which MQLs qualified",
        (
            Column("Just above"),
            Column("SQLs of MQLs just above", True),
            Column("Well above", True),
            Column("Not handed over", True),
            Column(f"Just above − well above, {fmt.level(0.05)} interval", True),
            Column("Says"),
        ),
        tuple(cells),
        "Of the MQLs that qualified by score, 'just above' is the fourth of them with the lowest scores."
        + (
            f" A sample of {fmt.count(drawn[0].sample)} of {fmt.count(drawn[0].mqls)} MQLs, drawn by lot."
            if drawn
            else ""
        ),
    )


def _difference(one: Near, source: str) -> Cell:
    found = one.difference
    if not isinstance(found, Estimate):
        return Cell("–", "number", "quiet")
    number = Number(found.value, "points", found.interval.low, found.interval.high, True)
    return Cell(fmt.estimate(found, fmt.points), "number", source=source, number=number)


def proposals(review: Review) -> Section:
    """What to do next quarter."""
    told = [sentence(one) for one in review.proposals]
    block: Block = Bullets(tuple(told)) if told else Text("Nothing waits for a decision, and no draft is there.")
    return Section("proposals", f"Proposals for {review.quarter.following.name}", (block,))


def sentence(one: Proposal) -> str:
    """A proposal as a sentence with the numbers it rests on."""
    numbers, about = one.numbers, one.about
    lift = _lift(one)
    match one.what:
        case "ship":
            return f"Ship {one.arm} of {about}{lift}: mqlab experiments decide {about} --call ship."
        case "keep_control":
            return f"Keep the control of {about} and end it{lift}: {one.arm} does harm."
        case "no_gain":
            return f"Keep the control of {about}{lift}: a gain worth a change is ruled out for {one.arm}."
        case "not_decided":
            next_look = numbers.get("next_look")
            wait = (
                f"wait for the look of {_date(next_look)}"
                if next_look
                else "the looks are over: decide, or ask anew with more leads"
            )
            return f"{about}, {one.arm}: not decided{lift}; {wait}."  # fmt: skip
        case "blocked":
            why = words.in_words("; ".join(numbers.get("why", ())[:1])).rstrip(".")
            return f"{about}: find out why a check failed before anything is read ({why})."
        case "take_look":
            looks = ", ".join(_date(day) for day in numbers["looks"])
            return f"Take the look of {looks} of {about}: mqlab analyze {about}."
        case "raise_threshold" | "lower_threshold":
            return _threshold(one)
        case "start":
            return _draft(one)


def _lift(one: Proposal) -> str:
    found = estimate(one.numbers.get("lift"))
    metric = one.numbers.get("metric")
    if found is None or metric is None:
        return ""
    return f" ({words.metric(metric)} {fmt.estimate(found, fmt.change)})"


def _threshold(one: Proposal) -> str:
    row = one.numbers
    near, far, below = row["just_above"], row["well_above"], row["not_handed_over"]
    higher = one.what == "raise_threshold"
    said = (
        f"{fmt.count(near['sqls'])} of {fmt.count(near['mqls'])} MQLs just above it became SQLs, "
        f"{fmt.count(far['sqls'])} of {fmt.count(far['mqls'])} well above"
    )
    if higher:
        said += f", and {fmt.count(below['sqls'])} of {fmt.count(below['leads'])} leads that were not handed over"
    bar = f"a {'higher' if higher else 'lower'} bar for {row['score']} than {fmt.number(row['threshold'])}"
    return f"Try {bar} than in {one.about} in an experiment: {said}.".replace(" than in ", " in ")


def _draft(one: Proposal) -> str:
    numbers: Mapping[str, Any] = one.numbers
    title = str(numbers.get("title", "")).rstrip("?.!")
    head = f"Draft {one.about}" + (f", “{title}”" if title else "")
    if numbers.get("problem"):
        return f"{head}: it cannot be planned: {numbers['problem'].rstrip('.')}."
    plan = numbers.get("plan")
    if plan is None:
        return f"{head}: see what it takes with mqlab experiments plan {one.about}."
    decides = plan["decides"]
    needed, power = plan["units_needed"][decides], plan["power_at_plan"][decides]
    by = _date(plan["smallest_effect"]["by"])
    smallest, last = plan["smallest_effect"][decides], plan["last_look"][decides]
    told = [
        "it can never have the leads it needs" if needed is None else f"needs {fmt.count(needed)} leads",
        f"its enrolment gives {fmt.count(plan['planned_leads'])}",
        *([f"has power {fmt.share(power)} as planned"] if power is not None else []),
        *([f"can see a change of {fmt.rate(smallest)} by {by}"] if smallest is not None else []),
        *([f"has its last look on {_date(last)} with the leads it needs"] if last is not None else []),
    ]  # fmt: skip
    return f"{head}: {', '.join(told)}."


def _date(text: str) -> str:
    return fmt.day(date.fromisoformat(text))


def early(review: Review) -> Section:
    """What is too early to call, and when it will be."""
    if not review.waiting:
        block: Block = Text("Nothing: every number of the quarter is due, and no look lies ahead.")
        return Section("early", "Too early to call", (block,))
    rows = tuple(
        (Cell(_what(one)), Cell(fmt.day(one.due)), *_followed(one, f"/too_early/{k}"))
        for k, one in enumerate(review.waiting)
    )
    return Section(
        "early",
        "Too early to call",
        (
            Table(
                "early-list",
                "What cannot be said yet, and when it can",
                (Column("What"), Column("Due on"), Column("Leads followed long enough", True), Column("Of", True)),
                rows,
                f"A stage is due when the quarter's last day has been followed for its days and sales' feedback has "
                f"come in ({fmt.number(review.lateness_us / 86_400_000_000)} days late at most, as seen so far).",
            ),
        ),
    )


def _what(one: Waiting) -> str:
    if one.experiment is not None:
        return f"next look of {one.experiment}"
    return f"{listed([PLURAL[stage] for stage in one.stages])} within {fmt.days(one.within_days or 0)}"


def _followed(one: Waiting, here: str) -> tuple[Cell, Cell]:
    if one.experiment is not None:
        return Cell("–", "number", "quiet"), Cell("–", "number", "quiet")
    return count(one.followed, f"{here}/followed"), count(one.leads, f"{here}/leads")
