"""What of a row that is set aside is personal and never stored: columns, and the values of personal fields."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from mqlab.crm.columns import Column
from mqlab.crm.forgotten import Forgotten
from mqlab.crm.forms import one_formed
from mqlab.crm.header import Layout, column_in
from mqlab.crm.quarantine import MASK, BadRow, Hidden, kept, slug

EMPTIED: Mapping[str, Any] = {"raw": f'"{MASK}"', "detail": "", "lead_ref": None, "email_hash": None}
"""What is kept of a bad row that names somebody who is forgotten."""


def hidden_columns(
    layouts: Iterable[Layout], personal: Collection[str], header: Sequence[str], told: Iterable[Column] = ()
) -> Hidden:
    """What may not be kept in clear of a row that is set aside: personal and ignored columns, and who the rep is.

    A column that is read as something else, as the name of an event, is not personal. `told` are those that say, in a
    history, which field a row is about: of a personal one nothing is kept.
    """
    owners, used, ignored = set[str](), set[str](), set(personal)
    made: dict[str, Callable[[str], Any]] = {}
    addresses = set[str]()
    for layout in layouts:
        used |= {slug(spot.name) for spot in layout.spots.values() if spot.name}
        ignored |= {slug(name) for name in layout.left_out}
        addresses |= {slug(layout["email"].name or "")} - {""}
        owner = layout["owner"]
        if owner.name is not None:
            owners.add(slug(owner.name))
            made[slug(owner.name)] = partial(one_formed, declared=owner.declared)
    fields = frozenset(slug(name) for column in told if (name := column_in(column, header)) is not None)
    names = frozenset(ignored - used - fields)
    there = not (names | owners).isdisjoint(slug(name) for name in header)
    return Hidden(
        names=names, owners=frozenset(owners), there=there, formed=made, fields=fields,
        personal=frozenset(personal), addresses=frozenset(addresses),
    )  # fmt: skip


def kept_rows(
    bad: Sequence[BadRow], forgotten: Forgotten, *, kind: str, system: str, file: str, hidden: Hidden
) -> Mapping[str, Sequence[Any]]:
    """Bad rows as the quarantine keeps them; of those that name somebody who is forgotten nothing but the reason."""
    columns = dict(kept(bad, kind=kind, system=system, file=file, hidden=hidden))
    if forgotten:
        blank = [forgotten.mentioned(row.raw) for row in bad]
        for name, instead in EMPTIED.items():
            columns[name] = [instead if gone else value for gone, value in zip(blank, columns[name], strict=True)]
    return columns
