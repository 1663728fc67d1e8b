"""What is randomised, for every lead of an engine: `mqlab.assignment.units` over the few texts that need it.

An account's name comes from rules of Unicode, of public suffixes and of mail providers that no engine has. So each
different account key and e-mail domain is fetched once, read in Python and loaded back; leads are only joined. The
same holds for lead ids that are not plain ASCII, which are rare.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from mqlab.assignment.units import UnitKind, account_unit, lead_unit
from mqlab.leads.text import DEFAULT_NULL_TOKENS

if TYPE_CHECKING:
    from mqlab.warehouse.engines.engine import Engine

NOT_PLAIN = "[^!-~]"
"""A character that makes a lead id worth a look: white space or not ASCII."""


@dataclass(frozen=True, slots=True)
class Units:
    """`leads` with the column `unit`. `own` gives the lead ids that are not their own unit theirs.

    `alone`: no two leads share a unit.
    """

    leads: ir.Table
    own: Mapping[str, str]
    alone: bool


def with_units(
    engine: Engine,
    leads: ir.Table,
    kind: UnitKind,
    *,
    name: str,
    internal_domains: Collection[str] = (),
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    plain_ids: bool = False,
) -> Units:
    """The leads with the unit of each: `unit_of` to the letter.

    `plain_ids`: every id is known to be its own unit, as tables that were checked have them, and none is looked at.
    `leads` has `lead_id` (unique), under `account` also `account_key` and `email_domain`; every column stays.
    Temporary tables are named after `name`.
    """
    own = {} if plain_ids else _own_units(engine, leads)
    found: list[str] = []
    rows = leads
    if kind == "account":
        accounts: dict[str, Callable[[str], str | None]] = {
            "account_key": lambda text: account_unit(text, None, (), null_tokens),
            "email_domain": lambda text: account_unit(None, text, internal_domains, null_tokens),
        }
        for column, account_of in accounts.items():
            texts = engine.fetched(leads.filter(leads[column].notnull()).select(column).distinct())[column].to_pylist()
            units = {text: unit for text in texts if (unit := account_of(text)) is not None}
            rows = _joined(engine, rows, column, units, f"{name}_{column}")
            found.append(f"{name}_{column}_unit")
    if own:
        rows = _joined(engine, rows, "lead_id", own, f"{name}_lead_id")
        found.append(f"{name}_lead_id_unit")
    unit = ibis.coalesce(*(rows[column] for column in found), rows.lead_id)
    return Units(rows.mutate(unit=unit).drop(*found), own, alone=kind == "lead" and not own)


def _own_units(engine: Engine, leads: ir.Table) -> dict[str, str]:
    """The unit of each lead id that is not plain, where it differs from the id."""
    odd = engine.fetched(leads.filter(leads.lead_id.re_search(NOT_PLAIN)).select("lead_id"))["lead_id"].to_pylist()
    return {lead_id: unit for lead_id in odd if (unit := lead_unit(lead_id)) != lead_id}


def _joined(engine: Engine, rows: ir.Table, column: str, units: Mapping[str, str], name: str) -> ir.Table:
    """The rows with `<name>_unit`, the unit that the text of a column stands for."""
    texts, values = pa.array(list(units), pa.string()), pa.array(list(units.values()), pa.string())
    table = engine.load(name, pa.table({f"{name}_text": texts, f"{name}_unit": values}))
    return rows.left_join(table, rows[column] == table[f"{name}_text"]).drop(f"{name}_text")
