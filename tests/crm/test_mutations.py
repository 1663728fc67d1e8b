"""Any damage to a file: its rows are all accounted for or it is refused; never a traceback, never a lost row."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mqlab.errors import MqlabError
from tests.crm.conftest import a_desk
from tests.crm.test_order_free import FAST

HEAD = "lead_id,kind,occurred_at,known_at,amount,currency,row_id,owner"
CELLS = st.sampled_from(
    ["L1", "sql", "closed_won", "2026-08-01", "2026-08-01T10:00:00Z", "", "n/a", "1e400", "-1", "12.5", "EUR", "a@x.co",
     "a,b", 'say "hi"', "two\nlines", "ünïcode", "\u2028", "x" * 5_000, "\0", "=1+1", "0x1F", "٣"]
)  # fmt: skip
ROWS = st.lists(st.lists(CELLS, min_size=8, max_size=8), max_size=6)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of outcomes in some encoding, separator and quoting, with some bytes changed, dropped or put in."""
    sink = io.StringIO()
    writer = csv.writer(
        sink,
        delimiter=draw(st.sampled_from([",", ";", "\t", "|"])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerow(HEAD.split(","))
    writer.writerows(draw(ROWS))
    content = bytearray(
        sink.getvalue().encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])), "replace")
    )
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 2))] = draw(
            st.sampled_from([b"", b'"', b"\0", b"\xff", b"\n", b",", b"\xc3"])
        )
    if draw(st.booleans()):
        content = content[: draw(st.integers(0, len(content)))]
    return bytes(content)


def _check(empty_ledger: Path, content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory(dir=FAST) as folder, a_desk(Path(folder), empty_ledger) as desk:
        try:
            counts = desk.take("outcomes", content, name=name)
        except MqlabError:
            assert (desk.ledger.position(), desk.ledger.imports.list()) == (0, ())
            return
        facts = desk.facts()
        assert counts.read == sum(
            getattr(counts, part) for part in ("new", "unchanged", "corrected", "unmatched", "quarantined")
        )
        assert len(desk.ledger.quarantine.list()) <= counts.quarantined == sum(count for _, count in counts.reasons)
        assert facts.unmatched_outcomes <= counts.unmatched


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=damaged(), packed=st.booleans())
def test_a_damaged_file_is_accounted_for_or_refused(empty_ledger: Path, content: bytes, packed: bool):
    """Encodings, separators, quotes, NULs and cuts end in counts that add up or in a message."""
    _check(empty_ledger, gzip.compress(content) if packed else content, "x.csv.gz" if packed else "x.csv")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.binary(max_size=200), name=st.sampled_from(["x.csv", "x.csv.gz", "x.jsonl", "x.jsonl.gz", "x.parquet"])
)
def test_any_bytes_are_accounted_for_or_refused(empty_ledger: Path, content: bytes, name: str):
    """Noise under any name is told as such."""
    _check(empty_ledger, content, name)


@pytest.mark.long
@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=damaged())
def test_damaged_files_in_a_long_run(empty_ledger: Path, content: bytes):
    """The same over many more files."""
    _check(empty_ledger, content, "x.csv")
