"""One row of a points table as a rule: which field or event, under which condition, for how many points."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mqlab.definitions.durations import duration_text, parse_duration
from mqlab.definitions.points_table_columns import Row
from mqlab.definitions.scope import RESERVED
from mqlab.errors import nearest

Kind = Literal["number", "string", "bool"]
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]{1,2}")
SIGNED = r"[+-]?[0-9]+(?:\.[0-9]+)?"
BETWEEN = re.compile(rf"\s*({SIGNED})\s*(?:-|–|\.\.|to|and)\s*({SIGNED})\s*", re.IGNORECASE)
DAYS = re.compile(r"([0-9]+)\s*(?:d|days?)?", re.IGNORECASE)
WEEKS = re.compile(r"([0-9]+)\s*(?:w|weeks?)", re.IGNORECASE)
TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

OPERATORS: Mapping[str, tuple[str, ...]] = {
    "==": ("=", "==", "is", "equals", "equal to", "is equal to"),
    "!=": ("!=", "<>", "is not", "not equal to", "does not equal", "is not equal to"),
    ">": (">", "greater than", "more than", "above", "is greater than", "is more than"),
    ">=": (">=", "≥", "at least", "greater than or equal to", "is at least"),
    "<": ("<", "less than", "below", "is less than", "fewer than"),
    "<=": ("<=", "≤", "at most", "less than or equal to", "is at most"),
    "between": ("between", "is between"),
    "in": ("in", "is one of", "one of", "is any of", "any of"),
    "not in": ("not in", "is none of", "none of", "is not one of"),
    "contains": ("contains",),
    "not contains": ("does not contain", "not contains"),
    "startswith": ("starts with", "begins with"),
    "endswith": ("ends with",),
    "has_word": ("has word", "contains word", "has the word"),
    "known": ("is known", "known", "is set", "is not empty", "has any value", "is filled"),
    "missing": ("is missing", "missing", "is empty", "is unknown", "is not set", "is blank"),
    "happened": ("happened", "has happened", "did", "has done", "occurred", "completed"),
}
OPERATOR_OF = {alias: operator for operator, aliases in OPERATORS.items() for alias in aliases}
TEXT_OPERATORS = frozenset({"in", "not in", "contains", "not contains", "startswith", "endswith", "has_word"})
NUMBER_OPERATORS = frozenset({">", ">=", "<", "<=", "between"})


class CannotCarryOverError(Exception):
    """A row says something the import cannot express; the message is the reason."""


@dataclass(frozen=True, slots=True)
class TableRule:
    """A rule made of a row. `kind` is the type the row needs its field or property to have, None where any will do.

    `equals` is the value of a row that needs no type: what its field is compared with tells what it may be.
    """

    line: int
    name: str
    category: str | None
    field: str | None
    event: str | None
    points: float
    condition: Callable[[Kind], str] | None
    kind: Kind | None = None
    options: Mapping[str, str | float] = dataclasses.field(default_factory=dict)
    counts: str | None = None
    equals: str | None = None


def table_rule(row: Row) -> TableRule:
    """The rule of a row; CannotCarryOverError says why there is none."""
    event = identifier(row.get("event"))
    subject = identifier(row.get("field"))
    if event is None and subject is None:
        raise CannotCarryOverError("the row names neither a field nor an event")
    operator = _operator(row, has_subject=subject is not None)
    points = number(row.get("points"))
    if points is None:
        raise CannotCarryOverError(f"'{row.get('points') or ''}' is no number of points")
    name = row.get("rule") or " ".join(filter(None, (row.get("event"), row.get("field"), row.get("value"))))
    counted = None
    condition: Callable[[Kind], str] | None = None
    kind: Kind | None = None
    if subject is not None:
        if operator == "happened":
            raise CannotCarryOverError("a field does not happen; state an operator")
        kind, condition = _condition(subject, operator, row.get("value"))
    elif operator in NUMBER_OPERATORS | {"=="}:
        _, told = _condition("", operator, row.get("value"))
        counted = told("number").strip()
    elif operator != "happened":
        raise CannotCarryOverError(f"an event cannot be asked '{row.get('operator')}' without a property")
    options = _options(row, of_event=event is not None and counted is None, points=points)
    equals = row.get("value") if kind is None and operator in {"==", "!="} else None
    category = row.get("category")
    return TableRule(row.line, name, category, subject, event, points, condition, kind, options, counted, equals)


def kind_of(values: Sequence[str]) -> tuple[Kind, str | None]:
    """The type of what is compared with these values alone; where it is a guess, what was guessed and from what.

    Yes and no make a truth only together or beside true or false: `no` alone may be Norway.

    Example:
        >>> kind_of(["NO"])[0], kind_of(["yes", "No"])[0], kind_of(["true"]), kind_of(["1", "0"])
        ('string', 'bool', ('bool', None), ('number', None))
    """
    lowered = {value.lower() for value in values}
    if not lowered or not lowered <= set(TRUTHS):
        numbers = bool(lowered) and all(number(value) is not None for value in lowered)
        return ("number" if numbers else "string"), None
    words = sorted(lowered & {"yes", "no"})
    if not lowered - {"0", "1"}:
        return "number", None
    told = " and ".join(f"'{word}'" for word in words)
    if lowered & {"true", "false"} or len(words) == 2:
        return "bool", f"taken as true or false, for its values are {told}" if words else None
    return "string", f"taken as text, for {told} alone may be an abbreviation, such as a country's"


def number(text: str | None) -> float | None:
    """A number as spreadsheets write it: `12`, `+12`, `-3.5`, `3,5`; None for anything else.

    Example:
        >>> number("+12"), number("3,5"), number("1,000"), number("a lot")
        (12.0, 3.5, None, None)
    """
    if text is None:
        return None
    if DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    return float(text) if NUMBER.fullmatch(text) else None


def identifier(text: str | None) -> str | None:
    """A name that expressions can use: letters, digits and underscores, in lower case.

    Example:
        >>> identifier("Company Size"), identifier("2nd visit"), identifier("class"), identifier(None)
        ('company_size', 'n2nd_visit', 'class_', None)
    """
    if text is None:
        return None
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if not name:
        raise CannotCarryOverError(f"'{text}' cannot be made a name: use Latin letters and digits")
    if name[0].isdigit():
        name = f"n{name}"
    return (f"{name}_" if name in RESERVED else name)[:100]


def literal(text: str) -> str:
    """A text as an expression writes it, in quotes.

    Example:
        >>> print(literal("it's"))
        "it's"
    """
    plain = " ".join(text.split())
    if "'" not in plain:
        return f"'{plain}'"
    if '"' not in plain:
        return f'"{plain}"'
    raise CannotCarryOverError(f"{plain} holds both kinds of quotes")


def _operator(row: Row, *, has_subject: bool) -> str:
    written = row.get("operator")
    if written is None:
        if row.get("value") is None and not has_subject:
            return "happened"
        if row.get("value") is not None:
            return "==" if has_subject else ">="
        raise CannotCarryOverError("the row says neither an operator nor a value")
    found = OPERATOR_OF.get(" ".join(written.lower().replace("_", " ").split()))
    if found is None:
        near = nearest(written.lower(), OPERATOR_OF)
        raise CannotCarryOverError(f"unknown operator '{written}'" + (f". {near}" if near else ""))
    return found


def _condition(name: str, operator: str, value: str | None) -> tuple[Kind | None, Callable[[Kind], str]]:
    """The type a condition needs, and the condition once the type of its field is known."""
    if operator in {"known", "missing"}:
        test = f"missing({name})"
        return None, lambda _: test if operator == "missing" else f"not {test}"
    if value is None:
        raise CannotCarryOverError(f"'{operator}' needs a value")
    if operator == "between":
        ends = BETWEEN.fullmatch(value)
        if ends is None:
            raise CannotCarryOverError(f"'{value}' is no range: write it as 50-200")
        return "number", lambda _: f"{ends[1]} <= {name} <= {ends[2]}"
    if operator in NUMBER_OPERATORS:
        bound = number(value)
        if bound is None:
            raise CannotCarryOverError(f"'{value}' is no number")
        return "number", lambda _: f"{name} {operator} {bound:.15g}"
    if operator in TEXT_OPERATORS:
        return "string", lambda _: _text_condition(name, operator, value)
    needed: Kind | None = None if number(value) is not None or value.lower() in TRUTHS else "string"
    return needed, lambda kind: f"{name} {operator} {_value(value, kind)}"


def _text_condition(name: str, operator: str, value: str) -> str:
    parts = [part.strip() for part in re.split(r"[;|]", value) if part.strip()]
    quoted = ", ".join(literal(part) for part in parts)
    match operator:
        case "in" | "not in":
            return f"{name} {operator} [{quoted}]"
        case "has_word":
            return f"has_word({name}, {quoted})"
        case _:
            test = operator.removeprefix("not ")
            any_of = " or ".join(f"{test}({name}, {literal(part)})" for part in parts)
            return f"not ({any_of})" if operator.startswith("not ") else any_of


def _value(value: str, kind: Kind) -> str:
    """A value as a literal of the type of its field."""
    match kind:
        case "number":
            found = number(value)
            if found is None:
                raise CannotCarryOverError(f"'{value}' is no number, as other rows of this field are")
            return f"{found:.15g}"
        case "bool":
            if value.lower() not in TRUTHS:
                raise CannotCarryOverError(f"'{value}' is neither true nor false, as other rows of this field are")
            return "true" if TRUTHS[value.lower()] else "false"
        case "string":
            return literal(value)


def _options(row: Row, *, of_event: bool, points: float) -> Mapping[str, str | float]:
    """`max_count`, `cap`, `within` and `decay` of an event rule."""
    found: dict[str, str | float] = {}
    for column in ("max_count", "within", "half_life", "cap"):
        written = row.get(column)
        if written is None:
            continue
        if not of_event and not (column == "within" and row.get("event") is not None):
            raise CannotCarryOverError(f"'{column}' is only for rules that count events")
        if column in {"within", "half_life"}:
            found[column] = _duration(written, column)
            continue
        value = number(written)
        if value is None or value <= 0 or (column == "max_count" and value != int(value)):
            raise CannotCarryOverError(f"'{written}' is no {column}")
        found[column] = value
    if "half_life" in found and points < 0:
        raise CannotCarryOverError("points below 0 cannot fade: the lead would qualify by waiting")
    return found


def _duration(written: str, column: str) -> str:
    """A length of time: a number of days, or with a unit."""
    if (days := DAYS.fullmatch(written)) is not None:
        return f"{int(days[1])}d"
    if (weeks := WEEKS.fullmatch(written)) is not None:
        return f"{int(weeks[1]) * 7}d"
    try:
        return duration_text(parse_duration(written))
    except ValueError as error:
        raise CannotCarryOverError(f"'{written}' is no length of time for {column}: write days, such as 90d") from error
