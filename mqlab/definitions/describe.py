"""A definition in plain English, as it can be read aloud in a meeting of marketing and sales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from mqlab.definitions.describe_rules import rule_words
from mqlab.definitions.model import (
    Definition,
    FieldDecl,
    Gate,
    Grading,
    Group,
    LogisticModel,
    Matrix,
    Requalify,
    Score,
    Term,
)
from mqlab.definitions.phrases import clause, noun
from mqlab.definitions.sites import all_channels
from mqlab.definitions.tree import (
    And,
    Compare,
    Expression,
    FieldRef,
    Member,
    Missing,
    Not,
    Or,
    PropRef,
    TextTest,
    TruthLiteral,
)
from mqlab.definitions.wording import (
    enumerate_words,
    plain_name,
    plural,
    points,
    sentence,
    spoken_duration,
    spoken_number,
)

CONDITIONS = (Compare, Member, Missing, TextTest, And, Or, Not, TruthLiteral)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A heading, one or more sentences, and the points that belong to them."""

    heading: str
    text: str
    points: tuple[str, ...] = ()


def describe(definition: Definition) -> tuple[Paragraph, ...]:
    """The definition in plain English: who qualifies, who is kept back, what gives points, what is read.

    Example:
        >>> from mqlab.definitions.model import EventDecl
        >>> from mqlab.definitions.tree import Channel, Count, NumberLiteral
        >>> asked = Expression("count(demo) >= 1", Compare(">=", Count(Channel("demo")), NumberLiteral(1.0)))
        >>> mini = Definition(id="mini", version="1.0.0", events=(EventDecl("demo"),), qualify=asked)
        >>> describe(mini)[0].text
        'A lead is an MQL from the first moment at which there is at least one demo event.'
    """
    fields = {decl.name: decl for decl in definition.fields}
    return tuple(
        paragraph
        for paragraph in (
            _qualification(definition),
            _gates(definition.gates),
            *(_score(score, fields) for score in definition.scores),
            _grades(definition.grades),
            _model(definition.model),
            _afterwards(definition),
            _labels(definition),
            _inputs(definition),
        )
        if paragraph is not None
    )


def describe_text(definition: Definition) -> str:
    """`describe` as plain text with a title line, paragraphs and dashes."""
    lines = [f"{definition.title or plain_name(definition.id)} ({definition.ref})"]
    for paragraph in describe(definition):
        lines += ["", paragraph.heading.upper(), paragraph.text, *(f"- {point}" for point in paragraph.points)]
    return "\n".join(lines) + "\n"


def describe_markdown(definition: Definition) -> str:
    """`describe` as Markdown, for a pull request or a wiki."""
    lines = [f"# {definition.title or plain_name(definition.id)} ({definition.ref})"]
    for paragraph in describe(definition):
        lines += ["", f"## {paragraph.heading}", "", paragraph.text]
        lines += ["", *(f"- {point}" for point in paragraph.points)] if paragraph.points else []
    return "\n".join(lines) + "\n"


def _qualification(definition: Definition) -> Paragraph:
    qualify = definition.qualify
    tracks = tuple(sentence(f"{plain_name(track.id)}: {clause(track.when.tree)}") for track in definition.fast_track)
    match qualify:
        case None:
            opening = "No score makes an MQL."
        case Matrix():
            opening = f"A lead is an MQL from the first moment at which its grades fit the table: {_matrix(qualify)}."
        case Expression():
            opening = f"A lead is an MQL from the first moment at which {clause(qualify.tree)}."
        case _:
            assert_never(qualify)
    if tracks:
        opening += (
            " It is one at once, whatever its scores, as soon as one of these holds:"
            if qualify
            else " Only these do, as soon as one holds:"
        )
    return Paragraph("Who is an MQL", opening, tracks)


def _matrix(matrix: Matrix) -> str:
    """The cells by row: "fit A with engagement 1 or 2; fit B with engagement 1"."""
    rows: dict[str, list[str]] = {}
    for row, column in matrix.cells:
        rows.setdefault(row, []).append(column)
    row_name, column_name = plain_name(matrix.row_score), plain_name(matrix.column_score)
    told = (f"{row_name} {row} with {column_name} {enumerate_words(columns)}" for row, columns in rows.items())
    return "; ".join(told) or "no pair of grades"


def _gates(gates: tuple[Gate, ...]) -> Paragraph | None:
    if not gates:
        return None
    opening = "Whatever its scores, a lead is kept back in these cases. Being disqualified counts more than being held."
    return Paragraph("Who is kept back", opening, tuple(gate_words(gate) for gate in gates))


def gate_words(gate: Gate) -> str:
    """One gate as a sentence or two, with what happens when its condition is not known."""
    done = "disqualified" if gate.then == "disqualify" else "held"
    how_long = "for good from the moment" if gate.forever else "while"
    match gate.on_unknown:
        case "pass":
            unknown = "it passes"
        case "fail":
            unknown = f"it is {done} too"
        case "hold":
            unknown = "it is held"
        case _:
            assert_never(gate.on_unknown)
    return f"{plain_name(gate.id)}: {done} {how_long} {clause(gate.when.tree)}; where that is not known, {unknown}."


def _score(score: Score, fields: Mapping[str, FieldDecl]) -> Paragraph:
    sentences = [_score_opening(score)]
    if score.low is not None or score.high is not None:
        sentences.append(f"It stays {_bounds(score.low, score.high)}.")
    return Paragraph(f"The score {plain_name(score.name)}", " ".join(sentences), _score_points(score, fields))


def _score_opening(score: Score) -> str:
    if score.scale_to is not None:
        return (
            f"The points are added up and scaled so that the most a lead can have is {spoken_number(score.scale_to)}."
        )
    return "The points are added up."


def _score_points(score: Score, fields: Mapping[str, FieldDecl]) -> tuple[str, ...]:
    told: list[str] = []
    for group in score.groups:
        prefix = f"{plain_name(group.name)}, " if group.name else ""
        told += [_rule(prefix + plain_name(rule.id), rule_words(rule, fields)) for rule in group.rules]
        if (bounds := _group_bounds(group)) is not None:
            told.append(bounds)
    return tuple(told)


def _rule(name: str, words: str) -> str:
    """A rule with its name; one that is called as the field it reads says so once."""
    field, _, rest = words.removeprefix("by ").partition(": ")
    return f"{name}: {rest if words.startswith('by ') and field == name.rsplit(', ', maxsplit=1)[-1] else words}."


def _group_bounds(group: Group) -> str | None:
    if group.minimum is None and group.maximum is None:
        return None
    return f"Together, {plain_name(group.name or 'these')} stays {_bounds(group.minimum, group.maximum)}."


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"between {spoken_number(low)} and {points(high)}"
    return f"at {points(low)} or more" if low is not None else f"at {points(high or 0.0)} or less"


def _grades(grades: tuple[Grading, ...]) -> Paragraph | None:
    if not grades:
        return None
    told = tuple(
        sentence(
            f"{plain_name(grading.score)}: "
            + enumerate_words((f"{label} from {spoken_number(bound)}" for label, bound in grading.bounds), "and")
        )
        for grading in grades
    )
    return Paragraph("Grades", "A score has the best grade whose bound it reaches, and none below all of them.", told)


def _model(model: LogisticModel | None) -> Paragraph | None:
    if model is None:
        return None
    trained = ", ".join(f"{plain_name(key)}: {value}" for key, value in model.trained.items())
    text = (
        "A statistical model estimates a probability. It starts from "
        f"{spoken_number(model.intercept)} on the log-odds scale and adds these terms; what is not known adds nothing."
        + (f" Trained on past leads ({trained})." if trained else "")
    )
    return Paragraph("The probability", text, tuple(term_words(term) for term in model.terms))


def term_words(term: Term) -> str:
    """One term of a model as a sentence."""
    amount = spoken_number(term.coefficient)
    tree = term.feature.tree
    is_truth = isinstance(tree, CONDITIONS) or (isinstance(tree, FieldRef | PropRef) and tree.kind == "bool")
    return f"{amount} when {clause(tree)}." if is_truth else f"{amount} times {noun(tree)}."


def _afterwards(definition: Definition) -> Paragraph | None:
    told: list[str] = []
    if (handoff := definition.handoff) is not None:
        if handoff.first_touch_us is not None:
            told.append(f"Sales gets in touch within {spoken_duration(handoff.first_touch_us)}.")
        if handoff.decide_within_us is not None:
            told.append(f"Sales accepts or rejects the lead within {spoken_duration(handoff.decide_within_us)}.")
    if definition.requalify is not None:
        told.append(_requalify(definition.requalify))
    if (nurture := definition.nurture) is not None:
        told.append(
            f"A lead that is not an MQL goes to the nurture track {nurture.track} when {clause(nurture.when.tree)}."
        )
    return Paragraph("What happens next", " ".join(told)) if told else None


def _requalify(requalify: Requalify) -> str:
    cooldown, times = spoken_duration(requalify.cooldown_us), plural(requalify.max, "time")
    return f"A lead that sales sends back can qualify again after {cooldown}, {times} in all at most."


def _labels(definition: Definition) -> Paragraph | None:
    if not definition.classify:
        return None
    told = tuple(f"{label.label}: {clause(label.when.tree)}." for label in definition.classify)
    return Paragraph(
        "Labels for reports", "A lead carries the first of these labels that is true, and changes nothing by it.", told
    )


def _inputs(definition: Definition) -> Paragraph:
    told = [f"{_field(decl)}." for decl in definition.fields]
    for event in definition.events:
        carried = enumerate_words((plain_name(prop.name) for prop in event.props), "and")
        told.append(f"{plain_name(event.name)}: an event" + (f" with {carried}." if carried else "."))
    text = "It reads these fields and events, and nothing else." if told else "It reads no field and no event."
    if definition.ignore_events is not None:
        text += f" Events are ignored when {clause(definition.ignore_events.tree)}."
    if _has_calendar_days(definition):
        text += f" Days are calendar days in {definition.timezone}."
    return Paragraph("What it reads", text, tuple(told))


def _field(decl: FieldDecl) -> str:
    kind = {"number": "a number", "string": "a text", "bool": "true or false", "enum": ""}[decl.kind]
    if decl.kind == "enum":
        kind = f"one of {enumerate_words(label.display for label in decl.labels)}"
    missing = ""
    if decl.impute is not None:
        missing = f"; {spoken_number(decl.impute)} is assumed when it is missing"
    elif decl.default_label is not None:
        missing = f"; {decl.default_label} is assumed when it is missing"
    return f"{plain_name(decl.name)}: {kind}{missing}"


def _has_calendar_days(definition: Definition) -> bool:
    return any(channel.distinct_day for channel in all_channels(definition))
