"""A points table in CSV, as marketing teams keep it in a spreadsheet, becomes a definition file.

One row is one rule: points for a field (`field`, `operator`, `value`) or for an event (`event`, with `field`,
`operator` and `value` for its property). Categories become groups of one score; a lead is an MQL from `threshold`
points on. What a row says and the language cannot is listed, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.definitions.points_table_columns import Row, read_rows
from mqlab.definitions.points_table_rows import CannotCarryOverError, Kind, TableRule, kind_of, number, table_rule
from mqlab.definitions.points_table_yaml import rule_line, scalar, unique_ids
from mqlab.definitions.wording import spoken_number
from mqlab.errors import InputError, Place
from mqlab.leads.text import DEFAULT_NULL_TOKENS

THRESHOLD_ROWS = frozenset({"threshold", "mql threshold", "mql", "mql score"})
SCORE_NAMES = ("total", "points_total", "table_total")


@dataclass(frozen=True, slots=True)
class NotCarried:
    """A row that did not become a rule: its line in the file, what it says, and why."""

    line: int
    row: str
    reason: str

    def to_dict(self) -> dict[str, object]:
        """As JSON: line, row, reason."""
        return {"line": self.line, "row": self.row, "reason": self.reason}

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason} ({self.row})"


@dataclass(frozen=True, slots=True)
class Guess:
    """A type that the table does not settle: the first line of its field or property, and what was taken."""

    line: int
    name: str
    taken: str

    def to_dict(self) -> dict[str, object]:
        """As JSON: line, name, taken."""
        return {"line": self.line, "name": self.name, "taken": self.taken}

    def __str__(self) -> str:
        return f"line {self.line}: '{self.name}' is {self.taken}"


@dataclass(frozen=True, slots=True)
class Imported:
    """The file's text, the definition it declares, the rows it leaves out, and the types it had to guess."""

    yaml_text: str
    definition: Definition
    not_carried: tuple[NotCarried, ...]
    guesses: tuple[Guess, ...] = ()


def import_points_table(
    path: Path | str,
    *,
    id: str,
    version: str = "1.0.0",
    title: str = "",
    owner: str = "",
    threshold: float | None = None,
    null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS,
) -> Imported:
    """The definition of a points table; `threshold` wins over the table's own.

    A wrong file (unknown column, ragged row, no threshold, no row that can be carried over) is an InputError.
    """
    path = Path(path)
    rows = read_rows(path)
    stated = _threshold(rows, str(path)) if threshold is None else threshold
    rules: list[TableRule] = []
    left_out: list[NotCarried] = []
    for row in rows:
        if _is_threshold(row) or not set(row.cells) - {"threshold"}:
            continue
        try:
            rules.append(table_rule(row))
        except CannotCarryOverError as reason:
            left_out.append(NotCarried(row.line, str(row), str(reason)))
    table = _Table(rules, rows, _category_maxima(rows, str(path)), null_tokens)
    left_out += table.left_out
    if not table.rules:
        told = "; ".join(str(row) for row in left_out[:3])
        raise InputError(f"No row can be carried over: {told}.", code="NothingToImport", place=Place(file=str(path)))
    header = {
        "kind": "mql-definition/v1",
        "id": id,
        "version": version,
        "title": title or f"Points of {path.name}",
        "owner": owner,
        "changelog": f"imported from {path.name}",
    }
    text = "\n".join((*(f"{key}: {scalar(value)}" for key, value in header.items() if value), *table.lines(stated)))
    definition = load_text(f"{text}\n", file=f"{id}@{version}.yaml", null_tokens=null_tokens)
    left_out.sort(key=lambda row: row.line)
    return Imported(f"{text}\n", definition, tuple(left_out), tuple(table.told_guesses()))


class _Table:
    """The rules of a table with the types of their fields and properties settled."""

    def __init__(
        self,
        rules: Sequence[TableRule],
        rows: Sequence[Row],
        maxima: Mapping[str, float],
        null_tokens: Sequence[str],
    ) -> None:
        self.maxima = maxima
        self.left_out: list[NotCarried] = []
        self._row_of = {row.line: row for row in rows}
        self._guesses: list[Guess] = []
        fields = [rule for rule in rules if rule.event is None and rule.field != "source"]
        props = [rule for rule in rules if rule.event is not None and rule.field is not None]
        self.fields = self._types(fields)
        self.props = self._types(props)
        self.rules: list[tuple[TableRule, str | None]] = []
        for rule in rules:
            try:
                settled = (rule, self._settled(rule))
                self._try_alone(settled, null_tokens)
            except CannotCarryOverError as reason:
                self.left_out.append(NotCarried(rule.line, str(self._row_of[rule.line]), str(reason)))
            else:
                self.rules.append(settled)

    def _try_alone(self, settled: tuple[TableRule, str | None], null_tokens: Sequence[str]) -> None:
        """Refuse a rule that the language refuses, with its reason, so that the others still become a definition."""
        head = "kind: mql-definition/v1\nid: row\nversion: 1.0.0"
        try:
            load_text("\n".join((head, *self.lines(1.0, (settled,)))), file="row.yaml", null_tokens=null_tokens)
        except InputError as refused:
            problem = refused.problems[0]
            raise CannotCarryOverError(" ".join(filter(None, (problem.message, problem.hint)))) from refused

    def lines(self, threshold: float, rules: Sequence[tuple[TableRule, str | None]] | None = None) -> Iterator[str]:
        """The lines of the file after its header, for all rules or for some."""
        rules = self.rules if rules is None else rules
        used = {rule.field for rule, _ in rules if rule.event is None and rule.field != "source"}
        if used:
            yield "fields:"
            yield from (f"  {name}: {{type: {kind}}}" for name, kind in self.fields.items() if name in used)
        events = self._events(rules)
        if events:
            yield "events:"
            for event, props in events.items():
                told = ", ".join(f"{name}: {kind}" for name, kind in props.items())
                yield f"  {event}: {{props: {{{told}}}}}" if told else f"  {event}: {{}}"
        taken = {*self.fields, *self.props}
        score = next(name for name in SCORE_NAMES if name not in taken)
        yield "scores:"
        yield f"  {score}:"
        yield from self._score_lines(rules)
        yield f'qualify: "{score} >= {threshold:.15g}"'

    def _score_lines(self, rules: Sequence[tuple[TableRule, str | None]]) -> Iterator[str]:
        ids = unique_ids([rule.name for rule, _ in rules])
        written = [
            (rule.category, rule_line(name, rule, condition))
            for name, (rule, condition) in zip(ids, rules, strict=True)
        ]
        categories = list(dict.fromkeys(category for category, _ in written))
        if categories == [None]:
            yield "    rules:"
            yield from (f"      - {line}" for _, line in written)
            return
        yield "    groups:"
        names = unique_ids([category or "other" for category in categories], identifiers=True)
        for category, name in zip(categories, names, strict=True):
            yield f"      {name}:"
            if category is not None and category in self.maxima:
                yield f"        max: {self.maxima[category]:.15g}"
            yield "        rules:"
            yield from (f"          - {line}" for owner, line in written if owner == category)

    def _events(self, rules: Sequence[tuple[TableRule, str | None]]) -> Mapping[str, Mapping[str, Kind]]:
        found: dict[str, dict[str, Kind]] = {}
        for rule, _ in rules:
            if rule.event is not None:
                props = found.setdefault(rule.event, {})
                if rule.field is not None:
                    props[rule.field] = self.props[rule.field]
        return found

    def _types(self, rules: Sequence[TableRule]) -> dict[str, Kind]:
        """The type of each field: what its rows need, text where they disagree; else what its values can be."""
        of_field: dict[str, list[TableRule]] = {}
        for rule in rules:
            if rule.field is not None:
                of_field.setdefault(rule.field, []).append(rule)
        found: dict[str, Kind] = {}
        for name, its_rules in of_field.items():
            kinds = {rule.kind for rule in its_rules if rule.kind is not None}
            if kinds:
                found[name] = kinds.pop() if len(kinds) == 1 else "string"
                continue
            found[name], taken = kind_of([rule.equals for rule in its_rules if rule.equals is not None])
            if taken is not None:
                self._guesses.append(Guess(its_rules[0].line, name, taken))
        return found

    def told_guesses(self) -> list[Guess]:
        """What was guessed of the fields and properties that some rule reads, in the order of the table."""
        read = {rule.field for rule, _ in self.rules}
        return sorted((guess for guess in self._guesses if guess.name in read), key=lambda guess: guess.line)

    def _settled(self, rule: TableRule) -> str | None:
        """The condition of a rule with its types, checked against the other rows."""
        if rule.field is None or rule.condition is None:
            return None
        if rule.event is None:
            if rule.field in self.props:
                raise CannotCarryOverError(f"'{rule.field}' is also a property of an event: give them different names")
            kind: Kind = "string" if rule.field == "source" else self.fields[rule.field]
        else:
            kind = self.props[rule.field]
            if "missing(" in rule.condition(kind):
                raise CannotCarryOverError("whether a property is missing cannot be asked, only what it is")
        if rule.kind is not None and rule.kind != kind:
            raise CannotCarryOverError(f"'{rule.field}' is a {kind} in other rows and a {rule.kind} here")
        return rule.condition(kind)


def _is_threshold(row: Row) -> bool:
    named = (row.get("rule") or "").lower() in THRESHOLD_ROWS
    return named and row.get("field") is None and row.get("event") is None


def _threshold(rows: Sequence[Row], file: str) -> float:
    """The points from which a lead is an MQL: a column with one value, or a row called threshold."""
    found: dict[float, int] = {}
    for row in rows:
        written = row.get("threshold")
        if _is_threshold(row):
            written = row.get("points") or row.get("value") or written
        if written is None:
            continue
        value = number(written)
        if value is None:
            raise InputError(f"'{written}' is no threshold.", code="InvalidThreshold", place=Place(file, row.line))
        found.setdefault(value, row.line)
    if not found:
        hint = "Add a column `threshold`, or a row called threshold with its points, or give it beside the table."
        raise InputError(
            "The table does not say from how many points on a lead is an MQL.",
            code="MissingThreshold",
            place=Place(file=file),
            hint=hint,
        )
    if len(found) > 1:
        told = ", ".join(f"{spoken_number(value)} (line {line})" for value, line in found.items())
        message = f"The table states several thresholds: {told}."
        raise InputError(message, code="InvalidThreshold", place=Place(file=file))
    return next(iter(found))


def _category_maxima(rows: Sequence[Row], file: str) -> Mapping[str, float]:
    """The most points of each category, where the table has a column for it; stated once, or always the same."""
    found: dict[str, float] = {}
    for row in rows:
        category, written = row.get("category"), row.get("category_max")
        if written is None:
            continue
        value = number(written)
        if value is None or category is None:
            what = "is no number of points" if value is None else "belongs to no category"
            raise InputError(f"'{written}' {what}.", code="InvalidMaximum", place=Place(file, row.line))
        if found.setdefault(category, value) != value:
            message = f"The category '{category}' has several maxima."
            raise InputError(message, code="InvalidMaximum", place=Place(file, row.line))
    return found
