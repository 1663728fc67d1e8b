"""The functions of the language, and what each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mqlab.definitions.durations import parse_duration
from mqlab.definitions.kinds import Typed
from mqlab.definitions.syntax import Call, Name, Syntax, Text
from mqlab.definitions.tree import (
    AccountCount,
    And,
    Channel,
    Count,
    DaysSince,
    FieldRef,
    GradeRef,
    Greatest,
    Least,
    Log1p,
    Log10,
    Missing,
    Node,
    PropRef,
    Sum,
    TextTest,
    TextTestKind,
)
from mqlab.errors import nearest
from mqlab.leads.text import normalise, spaced

if TYPE_CHECKING:
    from mqlab.definitions.bind_expression import Binder

EVENT_FUNCTIONS = ("count", "sum", "days_since", "account.count")
FUNCTIONS = (
    *EVENT_FUNCTIONS,
    *("missing", "has_word", "contains", "startswith", "endswith", "grade", "log1p", "log10", "min", "max"),
)


def bind_call(binder: Binder, call: Call) -> Typed:
    """A call of one of `FUNCTIONS`; anything else is refused."""
    if call.function not in FUNCTIONS:
        hint = nearest(call.function, FUNCTIONS) or f"Functions: {', '.join(FUNCTIONS)}."
        binder.refuse(call, f"`{call.function}(…)` is not allowed.", hint, code="NotAllowed")
    if call.keywords and call.function not in ("count", "account.count", "sum"):
        binder.refuse(call, f"`{call.function}` takes no `{call.keywords[0][0]}=`.", None, code="WrongArguments")
    if call.function in EVENT_FUNCTIONS:
        return _event_call(binder, call)
    match call.function:
        case "missing":
            return Typed(Missing(_field_name(binder, call)), "truth")
        case "has_word" | "contains" | "startswith" | "endswith":
            return _text_test(binder, call, call.function)
        case "grade":
            return _grade(binder, call)
        case "log1p":
            return Typed(Log1p(binder.number(_only(binder, call))), "number")
        case "log10":
            return Typed(Log10(binder.number(_only(binder, call))), "number")
        case _:
            if len(call.args) < 2:
                binder.refuse(call, f"`{call.function}(a, b)` needs at least two numbers.", None, code="WrongArguments")
            args = tuple(binder.number(arg) for arg in call.args)
            return Typed(Least(args) if call.function == "min" else Greatest(args), "number")


def _event_call(binder: Binder, call: Call) -> Typed:
    if binder.scope.reads == "event":
        binder.refuse(
            call, f"`{call.function}(…)` cannot stand in a condition on an event.", None, code="NotReadableHere"
        )
    if binder.scope.reads == "fields":
        binder.refuse(call, f"`{call.function}(…)` cannot be read here: only fields can.", None, code="NotReadableHere")
    skipped = 2 if call.function == "sum" else 1
    if len(call.args) < skipped:
        what = "an event and a property" if skipped == 2 else "an event"
        binder.refuse(call, f"`{call.function}(…)` needs {what} first.", None, code="WrongArguments")
    event = _event_name(binder, call.args[0])
    inside = binder.inside(binder.scope.of_event(event))
    conditions = tuple(inside.condition(arg) for arg in call.args[skipped:])
    where: Node | None = None
    if conditions:
        where = conditions[0] if len(conditions) == 1 else And(conditions)
    within, distinct = _keywords(binder, call)
    channel = Channel(event, where, within, distinct)
    match call.function:
        case "count":
            return Typed(Count(channel), "number")
        case "account.count":
            return Typed(AccountCount(channel), "number")
        case "days_since":
            return Typed(DaysSince(channel), "days")
        case _:
            prop = call.args[1]
            if not isinstance(prop, Name):
                inside.refuse(
                    prop, "The second argument of `sum` is the name of a property.", None, code="WrongArguments"
                )
            inside.number(prop)
            return Typed(Sum(channel, prop.name), "number")


def _keywords(binder: Binder, call: Call) -> tuple[int | None, bool]:
    allowed = ("within",) if call.function == "sum" else ("within", "distinct")
    within: int | None = None
    distinct = False
    seen: set[str] = set()
    for name, value in call.keywords:
        if name not in allowed or name in seen:
            what = "is given twice" if name in seen else f"is not known to `{call.function}`"
            near = nearest(name, allowed) if name not in seen else None
            binder.refuse(value, f"`{name}=` {what}.", near, code="WrongArguments")
        seen.add(name)
        if not isinstance(value, Text):
            example = "within='30d'" if name == "within" else "distinct='day'"
            binder.refuse(value, f"`{name}=` must be text, such as {example}.", None, code="WrongArguments")
        if name == "within":
            within = _duration(binder, value)
        elif normalise(value.value) == "day":
            distinct = True
        else:
            binder.refuse(value, "`distinct=` can only be 'day'.", None, code="WrongArguments")
    return within, distinct


def _duration(binder: Binder, text: Text) -> int:
    try:
        microseconds = parse_duration(text.value)
    except ValueError as error:
        message = str(error)
        raise binder.error(text, f"{message[:1].upper()}{message[1:]}.", code="InvalidDuration") from error
    if microseconds <= 0:
        binder.refuse(text, "A window must be longer than nothing.", None, code="InvalidDuration")
    return microseconds


def _event_name(binder: Binder, syntax: Syntax) -> str:
    if not isinstance(syntax, Name):
        hint = "Write its name without quotes." if isinstance(syntax, Text) else None
        binder.refuse(syntax, "The first argument must be an event.", hint, code="WrongArguments")
    if syntax.name not in binder.scope.events:
        hint = nearest(syntax.name, binder.scope.events) or "Declare it under `events`."
        binder.refuse(syntax, f"Unknown event '{syntax.name}'.", hint, code="UnknownEvent")
    return syntax.name


def _field_name(binder: Binder, call: Call) -> str:
    syntax = _only(binder, call)
    if binder.scope.reads == "event":
        binder.refuse(
            call,
            "`missing(…)` reads a field of the lead, and cannot stand in a condition on an event.",
            None,
            code="NotReadableHere",
        )
    if not isinstance(syntax, Name):
        binder.refuse(syntax, "`missing(…)` takes the name of a field.", None, code="WrongArguments")
    if syntax.name not in binder.scope.fields:
        if syntax.name in binder.scope.scores:
            binder.refuse(
                syntax, "`missing(…)` takes the name of a field; a score is never missing.", None, code="WrongArguments"
            )
        binder.unknown_name(syntax)
    return syntax.name


def _text_test(binder: Binder, call: Call, test: Literal["has_word", "contains", "startswith", "endswith"]) -> Typed:
    kind: TextTestKind = test
    if len(call.args) < 2:
        binder.refuse(call, f"`{kind}(field, 'text')` needs a field and a text.", None, code="WrongArguments")
    subject = binder.value(call.args[0])
    if subject.kind != "text" or not isinstance(subject.node, FieldRef | PropRef):
        hint = "Compare an enum with `==` or `in`." if subject.kind == "enum" else None
        binder.refuse(
            call.args[0], f"`{kind}` looks inside a text field; {binder.written(call.args[0])} is none.", hint
        )
    texts: list[str] = []
    for arg in call.args[1:]:
        if not isinstance(arg, Text):
            binder.refuse(arg, f"`{kind}` looks for texts in quotes.", None)
        text = spaced(normalise(arg.value)) if kind == "has_word" else normalise(arg.value)
        if not text.strip():
            what = "a letter or digit" if kind == "has_word" else "something"
            binder.refuse(arg, f"`{kind}` needs a text with {what} in it.", None, code="InvalidValue")
        texts.append(text)
    return Typed(TextTest(kind, subject.node, tuple(texts)), "truth")


def _grade(binder: Binder, call: Call) -> Typed:
    syntax = _only(binder, call)
    if binder.scope.reads != "scores":
        binder.refuse(
            call,
            "`grade(…)` cannot be read here: gates, models and rules cannot read scores.",
            None,
            code="NotReadableHere",
        )
    if not isinstance(syntax, Name) or syntax.name not in binder.scope.scores:
        name = syntax.name if isinstance(syntax, Name) else ""
        hint = nearest(name, binder.scope.scores) or "`grade(…)` takes the name of a score."
        binder.refuse(syntax, f"{binder.written(syntax)} is no score.", hint, code="UnknownScore")
    if syntax.name not in binder.scope.grades:
        binder.refuse(
            syntax, f"The score '{syntax.name}' has no grades.", "Declare them under `grades`.", code="UnknownGrade"
        )
    return Typed(GradeRef(syntax.name), "grade", grading=binder.scope.grades[syntax.name])


def _only(binder: Binder, call: Call) -> Syntax:
    if len(call.args) != 1:
        binder.refuse(
            call, f"`{call.function}(…)` takes one argument, not {len(call.args)}.", None, code="WrongArguments"
        )
    return call.args[0]
