"""Whether what stands in the tables of a lab can be used: one aggregate per table, and an error that says what to do.

Text is compared exactly, so it must be stored as `mqlab.leads.text.normalise` writes it. An engine sees of most text
that it is; the rest, text with capitals or beyond ASCII, is fetched and looked at here, each different value once and
at most `MOST_TEXTS` of a column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import ibis
from ibis.expr import types as ir

from mqlab.assignment.units import lead_unit
from mqlab.errors import Place, Problem, ProblemsFound
from mqlab.leads.instants import EARLIEST_US, LATEST_US
from mqlab.leads.records import OutcomeKind
from mqlab.leads.text import normalise
from mqlab.warehouse.engines.engine import Engine
from mqlab.warehouse.readings import Reading, Readings
from mqlab.warehouse.view.tables import CANONICAL, ColumnKind, LabTable, LabTables
from mqlab.warehouse.view.typed import NOT_PLAIN, finite, float_of, is_whole, text_of

MOST_TEXTS = 20_000
"""Different texts of one column that are fetched to be looked at."""

NOT_FOLDED = r"[^ -@\[-~]"
"""A character that is not printable ASCII, or is a capital."""

OTHER_IDS = ("lead_id", "old_id", "new_id")
"""Columns by which other tables name a lead."""

ROW_TEXTS = ("source", "account_key", "email_domain")
"""Canonical columns of `leads` whose text definitions and units read."""

WRITTEN: Mapping[ColumnKind, str] = {
    "instant": "an instant with its zone",
    "integer": "a whole number",
    "number": "a number",
}
"""What text in a column of that kind should be."""

LARGEST_AMOUNT = 1e14
"""Money of this size and more is refused, as at ingest."""

KINDS = tuple(kind.value for kind in OutcomeKind)
ROW_IS = ("initial", "current")

INSTANT_EXAMPLE = ", such as 2026-07-01T08:30:00Z"

TRIM = "Store ids as NFKC, without spaces at their ends."
NORMALISE = "Store it as the ledger does: NFKC, casefolded, NFKC again, without spaces at its ends."


@dataclass(frozen=True)
class _Check:
    """Rows for which `bad` is true cannot be used."""

    code: str
    column: str
    bad: ir.BooleanValue
    message: str
    hint: str


@dataclass(frozen=True)
class _Text:
    """A column of text that must be as `normal` writes it; of most rows an engine sees that it is."""

    column: str
    text: ir.StringValue
    normal: Callable[[str], str]

    @property
    def doubtful(self) -> ir.BooleanValue:
        """Whether it takes a look."""
        pattern = NOT_PLAIN if self.normal is lead_unit else NOT_FOLDED
        return self.text.re_search(pattern) | _spaces_at_ends(self.text)


def check_tables(tables: LabTables, readings: Readings, engine: Engine) -> None:
    """Raise ProblemsFound where a row lacks what it must have, a lead stands twice, or text is not normalised."""
    problems = [problem for table in tables.present() for problem in _problems(table, readings, engine)]
    if problems:
        raise ProblemsFound(problems)


def _problems(table: LabTable, readings: Readings, engine: Engine) -> Iterator[Problem]:
    yield from _types_read(table, readings)
    checks = [*_values_there(table), *_values_known(table), *_ids_elsewhere(table), *_numbers_as_text(table, readings)]
    texts = list(_texts(table, readings))
    lead = table.columns["lead_id"] if table.name == "leads" else None
    measures = {f"bad_{number}": _true(check.bad) for number, check in enumerate(checks)}
    measures |= {f"doubtful_{number}": _true(text.doubtful) for number, text in enumerate(texts)}
    if lead is not None:
        measures |= {"named": lead.count(), "different": lead.nunique()}
    found = engine.fetched(table.table.aggregate(**measures)).to_pylist()[0]
    for number, check in enumerate(checks):
        if found[f"bad_{number}"]:
            yield _told(table, check, found[f"bad_{number}"], engine)
    if lead is not None and found["named"] > found["different"]:
        yield _twice(table, engine, found["named"] - found["different"])
    for number, text in enumerate(texts):
        if found[f"doubtful_{number}"]:
            yield from _looked_at(table, text, engine)


def _true(condition: ir.BooleanValue) -> ir.IntegerValue:
    """In how many rows a condition is true; none of no rows."""
    return condition.sum().fill_null(0)


def _spaces_at_ends(text: ir.StringValue) -> ir.BooleanValue:
    return text.startswith(" ") | text.endswith(" ")


def _values_there(table: LabTable) -> Iterator[_Check]:
    """What must be there is, and what is written as text can be read."""
    for column in CANONICAL[table.name]:
        raw = table.raw.get(column.name)
        if raw is None:
            continue
        read = table.columns[column.name]
        if column.required:
            nothing = raw.isnull() | (read == "") if column.kind in {"id", "text"} else raw.isnull()
            yield _Check(
                "MissingValue", column.name, nothing, f"without '{column.name}'", "Fill it, or leave the row out."
            )
        if raw.type().is_string() and column.kind in WRITTEN:
            yield _Check(
                "BadInstant" if column.kind == "instant" else "BadNumber",
                column.name,
                raw.notnull() & read.isnull(),
                f"where '{column.name}' is not {WRITTEN[column.kind]}",
                f"Write {WRITTEN[column.kind]}{INSTANT_EXAMPLE if column.kind == 'instant' else ''}.",
            )


def _values_known(table: LabTable) -> Iterator[_Check]:
    """What ingest would quarantine: instants and amounts that cannot be, words that mean nothing."""
    for column in CANONICAL[table.name]:
        if column.kind == "instant" and column.name in table.raw:
            read = table.columns[column.name]
            outside = (read < EARLIEST_US) | (read >= LATEST_US)
            what = f"where '{column.name}' lies before 1900 or after 2199"
            yield _Check("BadInstant", column.name, outside, what, "Correct it, or leave the row out.")
    if table.name == "outcomes":
        kind = table.columns["kind"]
        what = "whose 'kind' is no kind of outcome"
        unknown = kind.notnull() & (kind != "") & ~kind.isin(KINDS)
        yield _Check("UnknownKind", "kind", unknown, what, f"Write one of {', '.join(KINDS)}; leave other rows out.")
        if "amount" in table.raw:
            amount = table.columns["amount"]
            bad = amount.notnull() & ~((amount >= float_of(0)) & (amount < float_of(LARGEST_AMOUNT)))
            what = "where 'amount' is negative, too large to be money, or no number"
            yield _Check("BadNumber", "amount", bad, what, "Correct it, or leave it empty.")
    if table.name == "leads" and "row_is" in table.raw:
        said = table.columns["row_is"]
        bad = said.notnull() & (said != "") & ~said.isin(ROW_IS)
        hint = "Write 'initial' for values as of creation, 'current' for values of today."
        yield _Check("BadValue", "row_is", bad, "where 'row_is' is neither 'initial' nor 'current'", hint)


def _types_read(table: LabTable, readings: Readings) -> Iterator[Problem]:
    """Columns that a definition reads have values, not lists of them and the like."""
    for reading, value in _read(table, readings):
        kind = value.type()
        plain = kind.is_string() or kind.is_boolean() or kind.is_numeric() or kind.is_uuid() or kind.is_null()
        if not plain:
            what = (
                f"the column '{reading.name}' of '{table.name}' is of the type {kind}; a definition reads it as "
                f"{reading.kind}."
            )
            hint = "Cast it to text or a number in the table, or offer a view."
            yield Problem("ColumnType", what, Place(path=f"{table.name}.{reading.name}"), hint=hint)


def _ids_elsewhere(table: LabTable) -> Iterator[_Check]:
    """Ids that name a lead are trimmed, as the lead's own is."""
    for name in OTHER_IDS if table.name != "leads" else ():
        if name in table.raw:
            bad = _spaces_at_ends(table.columns[name])
            yield _Check("NotNormalised", name, bad, f"where '{name}' has spaces at its ends", TRIM)


def _numbers_as_text(table: LabTable, readings: Readings) -> Iterator[_Check]:
    """Only whole numbers have a text that every engine writes alike."""
    for reading, value in _read(table, readings):
        if reading.kind in {"string", "enum"} and (value.type().is_floating() or value.type().is_decimal()):
            number = value.cast("float64")
            yield _Check(
                "FractionAsText",
                reading.name,
                finite(number).notnull() & ~is_whole(number),
                f"where '{reading.name}', which a definition reads as text, is a number that is not whole",
                "Cast the column to text in the table, or declare it a number.",
            )


def _texts(table: LabTable, readings: Readings) -> Iterator[_Text]:
    """The columns of text that matter."""
    if table.name == "leads":
        yield _Text("lead_id", table.columns["lead_id"], lead_unit)
        yield from (_Text(name, table.columns[name], normalise) for name in ROW_TEXTS if name in table.raw)
    read = {reading.name: value for reading, value in _read(table, readings) if value.type().is_string()}
    yield from (_Text(name, text_of(value), normalise) for name, value in read.items())
    if table.name == "field_changes" and readings.fields:
        field, value = table.columns["field"], table.columns["value"]
        is_read = field.lower().isin(sorted({one.name for one in readings.fields}))
        yield _Text("value", ibis.ifelse(is_read, value, ibis.null("string")), normalise)


def _read(table: LabTable, readings: Readings) -> Iterator[tuple[Reading, ir.Value]]:
    """The readings of a table's further columns."""
    wanted: Mapping[str, tuple[Reading, ...]] = {"leads": readings.fields, "events": readings.props}
    for reading in wanted.get(table.name, ()):
        value = table.further.get(reading.name)
        if value is not None:
            yield reading, value


def _told(table: LabTable, check: _Check, rows: int, engine: Engine) -> Problem:
    """How many rows, and whose one of them is."""
    whose = table.columns[CANONICAL[table.name][0].name].min(where=check.bad)
    example = engine.fetched(table.table.aggregate(whose=whose))["whose"][0].as_py()
    named = f", such as one of '{example}'" if example else ""
    what = f"'{table.name}' has {_rows(rows)} {check.message}{named}."
    return Problem(check.code, what, Place(path=f"{table.name}.{check.column}"), hint=check.hint)


def _twice(table: LabTable, engine: Engine, rows: int) -> Problem:
    lead = table.columns["lead_id"]
    groups = table.table.group_by(lead=lead).aggregate(rows=lead.count())
    several = groups.filter(groups.rows > 1)
    example = engine.fetched(several.aggregate(lead=several.lead.min()))["lead"][0].as_py()
    what = f"'leads' has {_rows(rows)} too many: a lead has one row, '{example}' has several."
    hint = "Keep one row per lead; values that changed over time belong in 'field_changes'."
    return Problem("DuplicateLead", what, Place(path="leads.lead_id"), hint=hint)


def _looked_at(table: LabTable, text: _Text, engine: Engine) -> Iterator[Problem]:
    """Doubtful text, where it is indeed not normalised."""
    rows = table.table.filter(text.doubtful).select(text=text.text).distinct().limit(MOST_TEXTS)
    bad = sorted(one for one in engine.fetched(rows)["text"].to_pylist() if text.normal(one) != one)
    if bad:
        many = f"{len(bad)} different texts" if len(bad) > 1 else "a text"
        what = (
            f"{many} in '{text.column}' of '{table.name}' {'are' if len(bad) > 1 else 'is'} not normalised: "
            f"{_shown(bad[0])} should be {_shown(text.normal(bad[0]))}."
        )
        hint = TRIM if text.normal is lead_unit else NORMALISE
        yield Problem("NotNormalised", what, Place(path=f"{table.name}.{text.column}"), hint=hint)


def _rows(count: int) -> str:
    return f"{count} {'row' if count == 1 else 'rows'}"


def _shown(text: str) -> str:
    """Text in quotes; what looks like nothing or like a space is written as its escape."""
    seen = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text[:60])
    return f"'{seen}'" if len(text) <= 60 else f"'{seen}…'"
