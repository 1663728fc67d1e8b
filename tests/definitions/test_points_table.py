"""A points table in CSV becomes a definition, and what it cannot say is listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqlab.definitions.evaluate import decide
from mqlab.definitions.lint import lint
from mqlab.definitions.load import load_text
from mqlab.definitions.points_table import Imported, import_points_table
from mqlab.definitions.points_table_rows import OPERATOR_OF
from mqlab.errors import InputError
from mqlab.leads.records import Event, History, Lead

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
TABLE = """\
Rule,Category,Field,Event,Operator,Value,Points,Max count,Within,Half life,Category max
Large company,Fit,Employees,,at least,200,20,,,,60
Mid company,Fit,Employees,,between,50-199,10,,,,
Software,Fit,Industry,,is,Software,15,,,,
Director,Fit,Job title,,contains,director; head,10,,,,
Pricing page,Engagement,path,page_view,is,/pricing,12,3,90,14d,
Webinar,Engagement,,webinar,,,15,2,180 days,,
Came back,Engagement,,page_view,at least,3,5,,30d,,
Regex,Engagement,path,page_view,matches regex,^/p,5,,30d,,
threshold,,,,,,40,,,,
"""


def table(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """The text as a file."""
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_table_becomes_a_definition_that_scores(tmp_path: Path) -> None:
    """The points of the sheet are the points of the definition."""
    imported = import_points_table(table(tmp_path, TABLE), id="sheet")
    lead = Lead(
        "a", AS_OF - timedelta(days=90), fields={"employees": 420.0, "industry": "software", "job_title": "head of it"}
    )
    visit = AS_OF - timedelta(days=14)
    history = History(lead, (Event("page_view", visit, visit, event_id="1", props={"path": "/pricing"}),))

    decision = decide(imported.definition, history, as_of=AS_OF)

    assert decision.scores["total"] == 20 + 15 + 10 + 6
    assert decision.verdict == "mql"


def test_what_cannot_be_carried_over_is_listed_with_its_line(tmp_path: Path) -> None:
    """A regular expression is no part of the language: its row is told, and the others stay."""
    imported = import_points_table(table(tmp_path, TABLE), id="sheet")

    (row,) = imported.not_carried

    assert (row.line, row.reason) == (9, "unknown operator 'matches regex'")
    assert len(imported.definition.scores[0].groups) == 2


def test_the_text_is_the_definition(tmp_path: Path) -> None:
    """The YAML that is written loads to the definition that is given, and is clean."""
    imported = import_points_table(table(tmp_path, TABLE), id="sheet", owner="growth", title="Our sheet: 2026")

    assert load_text(imported.yaml_text, file="sheet@1.0.0.yaml") == imported.definition
    assert lint(imported.definition) == ()


@pytest.mark.parametrize(
    ("header", "code", "hint"),
    [
        pytest.param("Rule,Feild,Operator,Value,Points", "UnknownColumn", "Did you mean 'field'?", id="misspelt"),
        pytest.param("Rule,Field,Property,Value,Points", "DuplicateColumn", "Keep one of them.", id="two meanings"),
        pytest.param("Rule,Field,Operator,Value", "MissingColumn", None, id="no points"),
        pytest.param(
            "Rule,Operator,Value,Points", "MissingColumn", "Add a column `field`, `event`, or both.", id="no subject"
        ),
    ],
)
def test_a_wrong_header_is_told(tmp_path: Path, header: str, code: str, hint: str | None) -> None:
    """Columns are strict: unknown, doubled and missing ones are errors with a hint."""
    width = header.count(",")

    with pytest.raises(InputError) as caught:
        import_points_table(table(tmp_path, f"{header}\n{',' * width}\na{',b' * width}\n"), id="sheet", threshold=1)

    assert (caught.value.problems[0].code, caught.value.problems[0].hint) == (code, hint)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("", "EmptyFile", id="empty"),
        pytest.param("field,value,points\n", "EmptyFile", id="header only"),
        pytest.param("field,value,points\nindustry,software\n", "RaggedRow", id="ragged"),
        pytest.param("field,value,points\nindustry,soft\x00ware,1\n", "InvalidCsv", id="NUL byte"),
        pytest.param('field,value,points\nindustry,"software,1\n', "InvalidCsv", id="open quote"),
        pytest.param("field,value,points\nindustry,software,10\n", "MissingThreshold", id="no threshold"),
        pytest.param("field,value,points,threshold\na,b,1,10\na,c,1,20\n", "InvalidThreshold", id="two thresholds"),
        pytest.param("field,value,points,threshold\na,b,lots,10\n", "NothingToImport", id="no row is usable"),
        pytest.param(
            "field,value,points,threshold,category_max\na,b,1,10,5\n", "InvalidMaximum", id="max of no category"
        ),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, text: str, code: str) -> None:
    """Files that cannot be read as a points table are errors, not guesses."""
    with pytest.raises(InputError) as caught:
        import_points_table(table(tmp_path, text), id="sheet")

    assert caught.value.problem.code == code


def test_latin_1_is_told_with_its_line(tmp_path: Path) -> None:
    """A table in another encoding is refused, with the line of the first wrong letter."""
    path = table(tmp_path, "field,value,points,threshold\nindustry,Händler,10,10\n", encoding="latin-1")

    with pytest.raises(InputError) as caught:
        import_points_table(path, id="sheet")

    assert (caught.value.problem.code, caught.value.problem.place.line) == ("BadEncoding", 2)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufefffield,value,points\nindustry,software,12.5\n", id="byte order mark"),
        pytest.param("field;value;points\r\nindustry;software;12,5\r\n", id="semicolons, decimal comma, CRLF"),
        pytest.param("Field\tValue\tPoints\nindustry\tsoftware\t+12.5\n\n", id="tabs, plus sign, empty line"),
    ],
)
def test_spreadsheets_write_tables_in_several_ways(tmp_path: Path, text: str) -> None:
    """Separators, line ends, a byte order mark and decimal commas all give the same rule."""
    imported = import_points_table(table(tmp_path, text), id="sheet", threshold=10)

    assert "{id: industry-software, when: \"industry == 'software'\", points: 12.5}" in imported.yaml_text


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param("a,,is,n/a,1,,", "stands for a missing value", id="null token"),
        pytest.param(",visit,is,x,1,,", "'x' is no", id="event with a text"),
        pytest.param(",visit,,,-5,,30d", "would qualify by waiting", id="negative points that fade"),
        pytest.param("a,,is,x,1,3,", "only for rules that count events", id="max_count of a field"),
        pytest.param(",visit,,,5,0.5,", "is no max_count", id="half an event"),
        pytest.param("size,,above,big,1,,", "is no number", id="number that is none"),
    ],
)
def test_rows_that_do_not_fit_are_left_out_with_a_reason(tmp_path: Path, row: str, reason: str) -> None:
    """One row that cannot be a rule does not stop the others."""
    text = f"field,event,operator,value,points,max_count,half_life\nindustry,,is,software,10,,\n{row}\n"

    imported = import_points_table(table(tmp_path, text), id="sheet", threshold=5)

    assert [found.line for found in imported.not_carried] == [3]
    assert reason in imported.not_carried[0].reason


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["", "Industry", "Employees", "path", "Job title", "source"]),
            st.sampled_from(["", "page_view", "webinar"]),
            st.sampled_from(["", *OPERATOR_OF, "sort of"]),
            st.sampled_from(["", "5", "10-20", "software", "a; b", "yes", "n/a", 'x"y', "it's"]),
            st.sampled_from(["5", "-3", "2.5", "many", ""]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_table_gives_a_definition_or_says_why_not(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    """Every row is carried over or listed, none is lost, and the definition loads."""
    cells = [["field", "event", "operator", "value", "points"], *map(list, rows)]
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells)
    path = table(tmp_path_factory.mktemp("table"), text + "\n")
    filled = sum(1 for row in rows if any(row))
    imported = imported_or_code(path)

    if isinstance(imported, str):
        assert imported in {"NothingToImport", "EmptyFile"}
    else:
        carried = sum(len(group.rules) for group in imported.definition.scores[0].groups)
        assert carried + len(imported.not_carried) == filled


def imported_or_code(path: Path) -> Imported | str:
    """What the import gives, or the code of its refusal."""
    try:
        return import_points_table(path, id="sheet", threshold=5)
    except InputError as refused:
        return refused.problem.code


@pytest.mark.parametrize(
    ("rows", "kind", "condition", "taken"),
    [
        pytest.param("is NO", "string", "country == 'NO'", "as text", id="Norway alone"),
        pytest.param("is NO;is SE", "string", "country == 'NO'", None, id="Norway and Sweden"),
        pytest.param("is not no", "string", "country != 'no'", "as text", id="not Norway"),
        pytest.param("is NO;contains land", "string", "country == 'NO'", None, id="another row needs text"),
        pytest.param("is yes;is No", "bool", "country == true", "as true or false", id="yes and no"),
        pytest.param("is true", "bool", "country == true", None, id="true"),
        pytest.param("is TRUE;is no;is 0", "bool", "country == true", "as true or false", id="true, no and 0"),
        pytest.param("is true;is maybe", "string", "country == 'true'", None, id="true and a word"),
        pytest.param("is 1;is 0", "number", "country == 1", None, id="numbers"),
        pytest.param("is 5;is true", "string", "country == '5'", None, id="number and truth"),
    ],
)
def test_the_type_of_a_field_follows_from_all_its_rows(
    tmp_path: Path, rows: str, kind: str, condition: str, taken: str | None
) -> None:
    """A word that may be more than a truth stays text, every row is carried over, and a guess is told with its line."""
    cells = [row.rpartition(" ") for row in rows.split(";")]
    text = "field,operator,value,points\n" + "".join(f"Country,{how},{value},10\n" for how, _, value in cells)

    imported = import_points_table(table(tmp_path, text), id="sheet", threshold=10)

    assert f"country: {{type: {kind}}}" in imported.yaml_text
    assert f'when: "{condition}"' in imported.yaml_text
    assert imported.not_carried == ()
    assert [(guess.line, guess.name) for guess in imported.guesses] == ([(2, "country")] if taken else [])
    assert all(taken is not None and taken in guess.taken for guess in imported.guesses)


def test_a_property_is_guessed_like_a_field(tmp_path: Path) -> None:
    """Of an event's property yes alone is text as well, and it is told; a field that no rule reads is not."""
    text = "field,event,operator,value,points\nbot,visit,is,yes,5\nopted,,is,yes,many\n"

    imported = import_points_table(table(tmp_path, text), id="sheet", threshold=5)

    assert "visit: {props: {bot: string}}" in imported.yaml_text
    assert [str(guess).partition(" taken")[0] for guess in imported.guesses] == ["line 2: 'bot' is"]
