"""One export in many hands: other encodings, dates, truths, labels and footers say the same as the plain file."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from mqlab.crm.mapping import load_preset
from mqlab.store.models import FACTS
from tests.crm.conftest import Desk, a_desk
from tests.crm.exports import EXPORTS, Export
from tests.crm.test_order_free import FAST

BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
FOOTER = [["Summe (3 Zeilen)"], ["Vertraulich"], ["Beispiel GmbH"]]
Cells = list[list[str]]
Own = dict[str, Any]
"""What a lab's mapping says beside its kind and id."""
Spelling = Callable[[Export], tuple[bytes, Own]]


def written(cells: Cells, *, delimiter: str = ",", encoding: str = "utf-8", quoting: Any = csv.QUOTE_MINIMAL) -> bytes:
    """The cells as a file."""
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerows(cells)
    return sink.getvalue().encode(encoding)


def changed(export: Export, of: Callable[[str], str]) -> Cells:
    """The file's cells with a function of each value."""
    head, *rows = export.cells
    return [head, *([of(cell) for cell in row] for row in rows)]


def instant(cell: str) -> datetime | None:
    """The instant in a cell, where it holds one that a spreadsheet could show; without a zone it is in UTC."""
    if not INSTANT.fullmatch(cell) or cell.startswith("9999"):
        return None
    found = datetime.fromisoformat(cell)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def in_utf_16(export: Export) -> tuple[bytes, Own]:
    """As a spreadsheet saves "Unicode text": UTF-16 with its mark, and tabs."""
    return written(export.cells, delimiter="\t", encoding="utf-16"), {}


def in_latin_1(export: Export) -> tuple[bytes, Own]:
    """Latin-1 as stated, with semicolons and quotes everywhere."""
    content = written(export.cells, delimiter=";", encoding="latin-1", quoting=csv.QUOTE_ALL)
    return content, {"encoding": "latin-1"}


def with_locale_dates(export: Export) -> tuple[bytes, Own]:
    """Times of Berlin without a zone, as Germans write them; a warehouse's tables stay in UTC."""
    marks = load_preset(export.preset).utc_when
    zone = UTC if set(marks) & set(export.cells[0]) else BERLIN

    def of(cell: str) -> str:
        found = instant(cell)
        if found is not None:
            return found.astimezone(zone).strftime("%d.%m.%Y %H:%M:%S")
        return datetime.fromisoformat(cell).strftime("%d.%m.%Y") if DAY.fullmatch(cell) else cell

    formats = [*load_preset(export.preset).formats, "%d.%m.%Y %H:%M:%S", "%d.%m.%Y"]
    return written(changed(export, of), delimiter=";"), {"timezone": zone.key, "formats": formats}


def with_american_dates(export: Export) -> tuple[bytes, Own]:
    """The other order of day and month, and twelve hours."""

    def of(cell: str) -> str:
        found = instant(cell)
        if found is not None:
            return found.astimezone(UTC).strftime("%m/%d/%Y %I:%M:%S %p")
        return datetime.fromisoformat(cell).strftime("%m/%d/%Y") if DAY.fullmatch(cell) else cell

    formats = [*load_preset(export.preset).formats, "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y"]
    return written(changed(export, of)), {"timezone": "UTC", "formats": formats}


def with_epochs(export: Export) -> tuple[bytes, Own]:
    """Instants as milliseconds since 1970, in text; days stay days."""

    def of(cell: str) -> str:
        found = instant(cell)
        return cell if found is None else str(int(found.timestamp() * 1000))

    return written(changed(export, of), quoting=csv.QUOTE_ALL), {"formats": ["epoch_ms"]}


def with_truths(yes: str, no: str) -> Spelling:
    """True and false in the words of a spreadsheet or a report."""

    def spelt(export: Export) -> tuple[bytes, Own]:
        return written(changed(export, lambda cell: {"true": yes, "false": no}.get(cell, cell))), {}

    return spelt


def in_another_language(export: Export) -> tuple[bytes, Own]:
    """Every label is another; the lab's mapping names those that its preset reads."""
    preset = load_preset(export.preset)
    head, *rows = export.cells
    kept = {*preset.unpack, *preset.histories}
    labels = {name: name if name in kept else f"Größe Nr. {place} – ж" for place, name in enumerate(head)}
    columns = {}
    for key, column in preset.tables[export.table].columns.items():
        found = next((name for name in column.column or () if name in labels), None)
        if found is not None:
            columns[key] = {**column.model_dump(exclude_defaults=True), "column": [labels[found]]}
    own = {"tables": {export.table: {"columns": columns}}, "timezone": "UTC"}
    return written([[labels[name] for name in head], *rows], delimiter=";"), own


def with_a_footer(export: Export) -> tuple[bytes, Own]:
    """Lines below the rows, told by how the first of them begins."""
    return written([*export.cells, [], *FOOTER]), {"footer": ["Summe"]}


SPELLINGS: dict[str, Spelling] = {
    "UTF-16": in_utf_16,
    "Latin-1": in_latin_1,
    "German dates": with_locale_dates,
    "American dates": with_american_dates,
    "epochs": with_epochs,
    "labels in another language": in_another_language,
    "a footer": with_a_footer,
}
TRUTHS = {"TRUE": ("TRUE", "FALSE"), "1": ("1", "0"), "Yes": ("Yes", "No")}
WITH_TRUTHS = [one for one in EXPORTS if re.search(r"\b(true|false)\b", one.text)]
EVERY = [(export, spelling) for export in EXPORTS for spelling in SPELLINGS]
EVERY_TRUTH = [(export, words) for export in WITH_TRUTHS for words in TRUTHS]


def _in_turn(every: list[tuple[Export, str]], spellings: int) -> list[Any]:
    """Each export in one spelling, each spelling with several exports; the other pairs are long."""
    return [
        pytest.param(
            export,
            name,
            id=f"{export} {name}",
            marks=() if place % spellings == place // spellings % spellings else pytest.mark.long,
        )
        for place, (export, name) in enumerate(every)
    ]


@pytest.mark.parametrize(("export", "spelling"), _in_turn(EVERY, len(SPELLINGS)))
def test_the_same_export_spelt_otherwise(export: Export, spelling: str, empty_ledger: Path):
    """The same rows, counts and facts as those of the plain file."""
    _compare(export, SPELLINGS[spelling], empty_ledger)


@pytest.mark.parametrize(("export", "words"), _in_turn(EVERY_TRUTH, len(TRUTHS)))
def test_truths_are_words(export: Export, words: str, empty_ledger: Path):
    """The same, with true and false written otherwise."""
    _compare(export, with_truths(*TRUTHS[words]), empty_ledger)


def _compare(export: Export, spelt: Spelling, empty_ledger: Path) -> None:
    content, own = spelt(export)
    head = {"kind": "crm-preset/v1", "id": export.preset}
    days = {"timezone": own["timezone"]} if "timezone" in own else {}
    ends = []
    for text, words in ((written(changed(export, with_zone)), {**head, **days}), (content, {**head, **own})):
        with tempfile.TemporaryDirectory(dir=FAST) as folder, a_desk(Path(folder), empty_ledger) as desk:
            counts = desk.take(
                export.kind, text, name="export.csv", preset=export.preset, table=export.table,
                mapping=json.dumps(words),
            )  # fmt: skip
            ends.append(((counts.rows, counts.read, counts.blank, dict(counts.reasons)), _held(desk, export.kind)))
    assert ends[0] == ends[1]
    assert (ends[0][0][0], ends[0][0][3], len(ends[0][1]) > 0) == (len(export.cells) - 1, {}, True)


def with_zone(cell: str) -> str:
    """A cell as it was; to an instant without a zone that of its source."""
    return cell if instant(cell) is None or cell[-1] in "Z" or "+" in cell else f"{cell}Z"


def _held(desk: Desk, kind: str) -> list[tuple[Any, ...]]:
    """What was kept, in order, without columns that no preset names: they keep the labels they have."""
    of_labels = {"leads": {"content"}, "events": {"key", "content"}}
    names = {"id", "fields", "props"} | of_labels.get(kind, set())
    columns = [column for column in FACTS[kind].__table__.columns if column.name not in names]
    with desk.ledger._engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(FACTS[kind].id))]
