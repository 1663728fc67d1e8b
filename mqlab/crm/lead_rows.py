"""Flat rows of the `leads` table read for `assign`: in the file's order, nothing written, nothing left out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from mqlab.crm.batches import Batch
from mqlab.crm.clock import Clock
from mqlab.crm.columns import Column
from mqlab.crm.door import Door
from mqlab.crm.header import Layout, lay_out, wanted_names
from mqlab.crm.mapping import load_mapping, load_preset, zone_of
from mqlab.crm.money import Numbers
from mqlab.crm.quarantine import BadRow, Reason, mask_text
from mqlab.crm.sources import opened
from mqlab.crm.spelled import every
from mqlab.crm.transform import arrivals
from mqlab.crm.unpack import unpacked
from mqlab.crm.work import Context
from mqlab.errors import Place, Problem, ProblemsFound
from mqlab.experiments.arrival import Arrival
from mqlab.leads.instants import instant, micros
from mqlab.leads.text import DEFAULT_NULL_TOKENS, normalise

MOST_PROBLEMS = 20


def read_lead_rows(
    path: Path,
    *,
    timezone: ZoneInfo,
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    preset: str = "csv",
    mapping: Path | None = None,
    now: datetime | None = None,
) -> tuple[Arrival, ...]:
    """Each row of a file of leads as it arrives; `created_at` may be absent, and lies no day after `now`, if given.

    Raises ProblemsFound naming the rows that cannot be read: an answer is owed for every row.
    """
    spelling = load_preset(preset) if mapping is None else load_mapping(mapping, load_preset(preset))
    rule = every(spelling, "leads")[0]
    table = dict(rule.columns)
    declared = table["created_at"] or Column(column=["created_at"])
    table["created_at"] = Column.model_validate({**declared.model_dump(), "optional": True})
    tokens = frozenset(normalise(token) for token in (*null_tokens, *spelling.nulls, ""))
    rows: list[Arrival] = []
    bad: list[BadRow] = []
    with opened(path, spelling, wanted_names(table)) as read:
        source = unpacked(read, spelling)
        door = Door(
            clock=Clock(
                zone=zone_of(spelling, source.header), day_zone=spelling.zone or timezone, formats=spelling.formats,
                null_tokens=tokens,
            ),
            numbers=Numbers(decimal=spelling.decimal, null_tokens=tokens),
            null_tokens=tokens,
        )  # fmt: skip
        context = Context(spelling.system, door, now_us=None if now is None else micros(now))
        for batch in source.batches():
            header = list(dict.fromkeys([*source.header, *batch.columns]))
            layout = lay_out(
                table, header, file=str(path), needed=("id",), rest=rule.further, named=rule.named,
                ignore=rule.ignore,
            )  # fmt: skip
            rows.extend(_arrivals(batch, layout, context, bad))
    if bad:
        bad.sort(key=lambda row: row.line)
        raise ProblemsFound(
            Problem(
                row.finding.reason.value,
                mask_text(f"{_words(row.finding.reason)} {row.finding.detail}"),
                Place(str(path), row.line),
            )
            for row in bad[:MOST_PROBLEMS]
        )
    return tuple(rows)


def _words(reason: Reason) -> str:
    """A reason in words, where there is no quarantine from which a row could be released."""
    return "The row is of a day to come; correct the date." if reason is Reason.IN_THE_FUTURE else reason.words


def _arrivals(batch: Batch, layout: Layout, context: Context, bad: list[BadRow]) -> Iterator[Arrival]:
    bad.extend(batch.broken)
    if not len(batch):
        return
    facts = arrivals(batch, layout, context)
    bad.extend(facts.bad)
    names = ("lead_ref", "created_at", "source", "account_key", "email_domain", "fields")
    for lead_id, created, source, account, domain, fields in zip(*(facts.columns[name] for name in names), strict=True):
        yield Arrival(
            lead_id=lead_id,
            created_at=None if created is None else instant(created),
            source=source,
            account_key=account,
            email_domain=domain,
            fields=json.loads(fields, parse_int=float),
        )
