"""Any damage to an export of a CRM, read by its preset: every row accounted for, or refused in words; nothing else."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from mqlab.errors import InputError
from tests.crm.conftest import a_desk
from tests.crm.exports import EXPORTS
from tests.crm.test_order_free import FAST

CELLS = st.sampled_from(
    ["", " ", "null", "N/A", "-", "true", "TRUE", "0", "Ja", "x" * 140_000, "a,b;c\td|e", 'say "hi"', "two\nlines",
     "\r", "\0", "1782864000000", "1782864000", "31.12.2026 23:59", "12/31/2026", "2026-02-30", "2026-07-01T08:00:00Z",
     "2026-07-01 08:00", "0001-01-01", "1e400", "-5", "1.234,56", "NaN", "EURO", "[1,2]", '{"a": 1}', "[", "None",
     "00Q000000000001", "00Q0000000000O1EAA", "101;102", "101", "Ünïcode", "\u2028", "٣", "=1+1", "a@x.example"]
)  # fmt: skip
FOOTER = [["Grand Totals (2 records)"], ["Confidential Information - Do Not Distribute"], ["Example GmbH"]]
OWN = "kind: crm-preset/v1\nid: {preset}\ntimezone: Europe/Berlin\nformats: ['%d.%m.%Y %H:%M', '%d.%m.%Y']\n"


@dataclass(frozen=True)
class Mutation:
    """A file made of an export, and how many records it has below its header, where that is certain."""

    kind: str
    preset: str
    table: str | None
    mapping: str | None
    content: bytes
    name: str
    records: int | None


@st.composite
def mutations(draw: st.DrawFn) -> Mutation:
    """An export with cells, rows, columns, separator, quotes, encoding and bytes changed, and perhaps cut off."""
    export = draw(st.sampled_from(EXPORTS))
    header, *rows = [list(row) for row in export.cells]
    rows = draw(st.lists(st.sampled_from(rows), max_size=6)) if draw(st.booleans()) else rows
    rows = [list(row) for row in rows]
    for _ in range(draw(st.integers(0, 4)) if rows else 0):
        row = draw(st.sampled_from(rows))
        if row:
            row[draw(st.integers(0, len(row) - 1))] = draw(CELLS)
    for row in draw(st.lists(st.sampled_from(rows), max_size=2)) if rows else []:
        row.append("more") if draw(st.booleans()) else row.pop() if row else None
    if draw(st.integers(0, 9)) == 0:
        header[draw(st.integers(0, len(header) - 1))] = draw(st.sampled_from(["", header[0], "Extra", "\0"]))
    if draw(st.booleans()):
        rows += [[], *FOOTER]
    sink = io.StringIO()
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer = csv.writer(
        sink,
        delimiter=draw(st.sampled_from([",", ";", "\t", "|"])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=quoting,
    )
    writer.writerows([header, *rows])
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    content = bytearray(sink.getvalue().encode(encoding, "replace"))
    whole = quoting == csv.QUOTE_ALL or not any("\r" in cell for row in rows for cell in row)  # \r may stand bare
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        at = draw(st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 2))] = draw(st.sampled_from([b"", b'"', b"\0", b"\xff", b"\n", b"\xc3"]))
        whole = False
    if draw(st.integers(0, 4)) == 0:
        content = content[: draw(st.integers(0, len(content)))]
        whole = False
    packed = draw(st.booleans())
    return Mutation(
        kind=export.kind,
        preset=export.preset,
        table=draw(st.sampled_from([None, export.table])),
        mapping=draw(st.sampled_from([None, OWN.format(preset=export.preset)])),
        content=gzip.compress(bytes(content)) if packed else bytes(content),
        name="export.csv.gz" if packed else "export.csv",
        records=sum(bool("".join(row).strip()) for row in rows) if whole else None,
    )


def _check(empty_ledger: Path, made: Mutation) -> None:
    with tempfile.TemporaryDirectory(dir=FAST) as folder, a_desk(Path(folder), empty_ledger) as desk:
        try:
            counts = desk.take(
                made.kind, made.content, name=made.name, preset=made.preset, table=made.table, mapping=made.mapping
            )
        except InputError as refused:
            event(f"refused: {refused.problem.code}")
            assert (desk.ledger.position(), desk.ledger.imports.list()) == (0, ())
            return
        event(f"read, {'with' if counts.quarantined else 'without'} bad rows")
        parts = (counts.new, counts.unchanged, counts.corrected, counts.unmatched, counts.quarantined)
        assert counts.read == sum(parts)
        assert counts.quarantined == sum(count for _, count in counts.reasons)
        assert counts.read + counts.blank >= counts.rows
        assert made.records is None or counts.rows + counts.footer == made.records
        assert len(desk.ledger.quarantine.list()) <= counts.quarantined
        desk.facts()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=mutations())
def test_a_damaged_export_is_accounted_for_or_refused(empty_ledger: Path, made: Mutation):
    """Every preset, kind and table: counts that add up to the records of the file, or one message and no import."""
    _check(empty_ledger, made)


@pytest.mark.long
@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=mutations())
def test_a_thousand_damaged_exports(empty_ledger: Path, made: Mutation):
    """The same a thousand times."""
    _check(empty_ledger, made)
