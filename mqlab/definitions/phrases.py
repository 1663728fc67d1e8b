"""A bound expression said in English: `clause` for conditions, `noun` for values. Every node is read by both."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from mqlab.definitions.tree import (
    AccountCount,
    And,
    Arithmetic,
    Channel,
    Compare,
    CompareOp,
    Count,
    DaysSince,
    FieldRef,
    GradeLiteral,
    GradeRef,
    Greatest,
    LabelLiteral,
    Least,
    Log1p,
    Log10,
    Member,
    Missing,
    Negate,
    Node,
    Not,
    NumberLiteral,
    Or,
    Probability,
    PropRef,
    ScoreRef,
    Sum,
    TextLiteral,
    TextTest,
    TruthLiteral,
)
from mqlab.definitions.wording import enumerate_words, plain_name, plural, spoken_duration, spoken_number

LITERALS = (NumberLiteral, TextLiteral, TruthLiteral, LabelLiteral, GradeLiteral)
FLIPPED: dict[CompareOp, CompareOp] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
OPPOSITE: dict[CompareOp, CompareOp] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
NUMBER_WORDS: dict[CompareOp, str] = {
    "<": "below",
    "<=": "at most",
    ">": "above",
    ">=": "at least",
    "==": "",
    "!=": "not",
}
RANK_WORDS: dict[CompareOp, tuple[str, str]] = {
    "<": ("below ", ""),
    "<=": ("", " or lower"),
    ">": ("above ", ""),
    ">=": ("", " or higher"),
    "==": ("", ""),
    "!=": ("not ", ""),
}
GRADE_WORDS: dict[CompareOp, tuple[str, str]] = {
    "<": ("worse than ", ""),
    "<=": ("", " or worse"),
    ">": ("better than ", ""),
    ">=": ("", " or better"),
    "==": ("", ""),
    "!=": ("not ", ""),
}
ARITHMETIC_WORDS = {"+": "plus", "-": "minus", "*": "times"}
TEXT_TEST_WORDS = {
    "contains": "contains",
    "startswith": "starts with",
    "endswith": "ends with",
}


def clause(node: Node) -> str:
    """A condition as a clause that can follow "when".

    Example:
        >>> clause(And((Compare(">=", ScoreRef("bant"), NumberLiteral(60.0)), Not(Missing("budget")))))
        'bant is at least 60 and budget is known'
    """
    match node:
        case And(args=args):
            return f" {'and'} ".join(_inside(arg, node) for arg in args)
        case Or(args=args):
            return " or ".join(_inside(arg, node) for arg in args)
        case Not(arg=arg):
            return _denied(arg)
        case Compare():
            return _comparison(node)
        case Member():
            return f"{noun(node.item)} is {_options(node)}"
        case Missing(field=name):
            return f"{plain_name(name)} is missing"
        case TextTest():
            return _text_test(node)
        case TruthLiteral(value=value):
            return "always" if value else "never"
        case (
            NumberLiteral()
            | TextLiteral()
            | LabelLiteral()
            | FieldRef()
            | PropRef()
            | ScoreRef()
            | GradeRef()
            | GradeLiteral()
            | Probability()
            | Count()
            | Sum()
            | DaysSince()
            | AccountCount()
            | Arithmetic()
            | Negate()
            | Log1p()
            | Log10()
            | Least()
            | Greatest()
        ):
            return f"{noun(node)} is true"
        case _:
            assert_never(node)


def noun(node: Node) -> str:
    """A value as a noun phrase.

    Example:
        >>> noun(Count(Channel("page_view", within_us=7 * 86_400_000_000)))
        'the number of page view events in the last 7 days'
    """
    match node:
        case NumberLiteral(value=value):
            return spoken_number(value)
        case TextLiteral(value=text):
            return f"“{text}”"
        case TruthLiteral(value=truth):
            return "true" if truth else "false"
        case LabelLiteral(label=label) | GradeLiteral(label=label):
            return label
        case FieldRef(name=name) | PropRef(name=name) | ScoreRef(name=name):
            return plain_name(name)
        case GradeRef(score=score):
            return f"the grade of {plain_name(score)}"
        case Probability():
            return "the probability"
        case Count(channel=channel):
            return f"the number of {events(channel)}"
        case Sum(channel=channel, prop=prop):
            return f"the total {plain_name(prop)} of {events(channel)}"
        case DaysSince(channel=channel):
            return f"the number of days since the latest of the {events(channel)}"
        case AccountCount(channel=channel):
            return f"the number of {events(channel)} of all leads of the company"
        case Arithmetic(op=op, left=left, right=right):
            first = noun(left) if op == "+" and isinstance(left, Arithmetic) and left.op == "+" else _operand(left)
            return f"{first} {ARITHMETIC_WORDS[op]} {_operand(right)}"
        case Negate(arg=arg):
            return f"minus {_operand(arg)}"
        case Log1p(arg=arg):
            return f"the natural logarithm of 1 plus {_operand(arg)}"
        case Log10(arg=arg):
            return f"the decimal logarithm of {_operand(arg)}"
        case Least(args=args):
            return f"the least of {enumerate_words((noun(arg) for arg in args), 'and')}"
        case Greatest(args=args):
            return f"the greatest of {enumerate_words((noun(arg) for arg in args), 'and')}"
        case Compare() | Member() | Missing() | TextTest() | And() | Or() | Not():
            return f"whether {clause(node)}"
        case _:
            assert_never(node)


def events(channel: Channel) -> str:
    """Which events a channel looks at: "page view events where path is “/pricing”, in the last 90 days".

    Example:
        >>> events(Channel("page_view", distinct_day=True, max_count=3))
        'page view events, one a day, the latest 3 only'
    """
    return f"{plain_name(channel.event)} events{limits(channel)}"


def limits(channel: Channel) -> str:
    """The restrictions of a channel, as they follow its event's name."""
    parts: list[str] = []
    if channel.where is not None:
        told = clause(channel.where)
        parts.append(f" where ({told})" if isinstance(channel.where, And | Or) else f" where {told}")
    if channel.distinct_day:
        parts.append(", one a day")
    if channel.max_count is not None:
        parts.append(f", the latest {channel.max_count} only" if channel.max_count > 1 else ", the latest only")
    if channel.within_us is not None:
        parts.append(f"{',' if parts else ''} in the last {spoken_duration(channel.within_us)}")
    return "".join(parts)


def _inside(arg: Node, parent: And | Or) -> str:
    """An argument of `and` or `or`, marked so that a listener hears where it ends."""
    text = clause(arg)
    match parent, arg:
        case (And(), Or(args=args)):
            return f"either {text}" if len(args) == 2 else f"at least one of these holds: {text};"
        case (Or(), And()):
            return f"({text})"
        case _:
            return text


def _operand(node: Node) -> str:
    """An operand of arithmetic; a compound one stands in brackets."""
    text = noun(node)
    return f"({text})" if isinstance(node, Arithmetic | Negate | Compare | And | Or | Not | Member) else text


def _denied(arg: Node) -> str:
    match arg:
        case Missing(field=name):
            return f"{plain_name(name)} is known"
        case Member():
            return f"{noun(arg.item)} is not {_options(arg)}"
        case Compare():
            return clause(replace(arg, op=OPPOSITE[arg.op]))
        case Not(arg=inner):
            return clause(inner)
        case FieldRef() | PropRef():
            return f"{noun(arg)} is false"
        case TextTest():
            return _text_test(arg, denied=True)
        case _:
            return f"it is not true that {clause(arg)}"


def _comparison(node: Compare) -> str:
    left, op, right = node.left, node.op, node.right
    if isinstance(left, LITERALS) and not isinstance(right, LITERALS):
        left, op, right = right, FLIPPED[op], left
    match left, right:
        case (Count() | AccountCount(), NumberLiteral(value=value)):
            return _count_clause(left, op, value)
        case (DaysSince(channel=channel), NumberLiteral(value=value)):
            return f"the latest of the {events(channel)} was {_gap(NUMBER_WORDS[op])}{plural(value, 'day')} ago"
        case (_, LabelLiteral()):
            before, after = RANK_WORDS[op]
            return f"{noun(left)} is {before}{noun(right)}{after}"
        case (_, GradeLiteral()):
            before, after = GRADE_WORDS[op]
            return f"{noun(left)} is {before}{noun(right)}{after}"
        case (Arithmetic() | Sum(), _):
            return f"{noun(left)} comes to {_gap(NUMBER_WORDS[op])}{noun(right)}"
        case _:
            return f"{noun(left)} is {_gap(NUMBER_WORDS[op])}{noun(right)}"


def _count_clause(node: Count | AccountCount, op: CompareOp, value: float) -> str:
    """A number of events beside a number: "there are at least 3 page view events …"."""
    if (op, value) in {(">", 0.0), (">=", 1.0)}:
        how_many, several = "at least one", False
    elif (op, value) in {("==", 0.0), ("<=", 0.0), ("<", 1.0)}:
        how_many, several = "no", False
    else:
        how_many, several = f"{_gap({**NUMBER_WORDS, '==': 'exactly'}[op])}{spoken_number(value)}", value != 1
    whose = " of all leads of the company" if isinstance(node, AccountCount) else ""
    verb, ending = ("are", "s") if several else ("is", "")
    within = node.channel.within_us
    when = "" if within is None else f"in the last {spoken_duration(within)} "
    which = f"{plain_name(node.channel.event)} event{ending}{whose}{limits(replace(node.channel, within_us=None))}"
    return f"{when}there {verb} {how_many} {which}"


def _options(node: Member) -> str:
    """The options of a membership, a named list with its name."""
    if len(node.options) == 1 and node.list_name is None:
        return noun(node.options[0])
    options = enumerate_words(noun(option) for option in node.options)
    return f"in {plain_name(node.list_name)} ({options})" if node.list_name else f"one of {options}"


def _text_test(node: TextTest, *, denied: bool = False) -> str:
    subject = noun(node.subject)
    if node.test == "has_word":
        texts = enumerate_words(f"“{text.strip()}”" for text in node.texts)
        plural_word = "words" if len(node.texts) > 1 else "word"
        return (
            f"{subject} does not have the {plural_word} {texts}"
            if denied
            else f"{subject} has the {plural_word} {texts}"
        )
    texts = enumerate_words(f"“{text}”" for text in node.texts)
    verb = TEXT_TEST_WORDS[node.test]
    return f"it is not true that {subject} {verb} {texts}" if denied else f"{subject} {verb} {texts}"


def _gap(word: str) -> str:
    return f"{word} " if word else ""
