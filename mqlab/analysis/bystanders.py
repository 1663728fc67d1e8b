"""Leads that an experiment need not judge to know what becomes of them: they came before or after its enrolment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.judge import Judged
from mqlab.assignment.units import lead_unit
from mqlab.definitions.model import Definition
from mqlab.experiments.enrol import forced_arms
from mqlab.experiments.exclusions import EXISTING_CUSTOMER, OPEN_OPPORTUNITY, asked
from mqlab.experiments.protocol import Protocol
from mqlab.leads.instants import micros
from mqlab.leads.tables import Facts
from mqlab.warehouse.judged import JudgedLeads

_OWN_UNIT = r"^[!-~]+$"
"""A lead's id that no normalising changes: printable ASCII without spaces."""

Found = TypeVar("Found", Judged, JudgedLeads)


@dataclass(frozen=True)
class Concerned:
    """`facts` with the leads that an experiment has to look at; of the others only how many there are, by reason."""

    facts: Facts
    out: Mapping[str, int]

    def counted(self, judged: Found) -> Found:
        """What was judged of them, with the others counted."""
        if not any(self.out.values()):
            return judged
        out = Counter(judged.out)
        out.update({why: leads for why, leads in self.out.items() if leads})
        return replace(judged, leads=judged.leads + sum(self.out.values()), out=dict(sorted(out.items())))


def everybody_concerned(protocol: Protocol, definitions: Mapping[str, Definition]) -> bool:
    """Whether accounts are randomised, or `eligible` asks about their deals: one lead decides about its colleagues."""
    fields = {field.name for arm in protocol.arms for field in definitions[arm.definition].fields}
    return protocol.unit != "lead" or bool(asked(protocol.eligible, fields) & {EXISTING_CUSTOMER, OPEN_OPPORTUNITY})


def concerned(
    protocol: Protocol, definitions: Mapping[str, Definition], facts: Facts, overrides: Mapping[str, str]
) -> Concerned:
    """The leads that came within the enrolment, those merged with anybody, those that an override names.

    Everybody is looked at where `everybody_concerned`.
    """
    if everybody_concerned(protocol, definitions):
        return Concerned(facts, {})
    ids, created = facts.leads["lead_id"], facts.leads["created_at"].cast(pa.int64())
    before = pc.less(created, micros(protocol.enrolment_start))
    after = pc.greater(created, micros(protocol.enrolment_end))
    plain = pc.match_substring_regex(ids, _OWN_UNIT)
    inside = pc.invert(pc.or_(before, after))
    odd = ids.filter(pc.and_(inside, pc.invert(plain))).to_pylist()
    merged = pc.unique(pa.concat_arrays([facts.identity[name].combine_chunks() for name in ("old_id", "new_id")]))
    units = {*map(lead_unit, (*odd, *merged.to_pylist())), *forced_arms(protocol, overrides)}
    named = pc.is_in(ids, value_set=pa.array(sorted(units), pa.string()))
    needed = pc.or_(inside, pc.or_(pc.invert(plain), named))
    aside = pc.invert(needed)
    out = {
        "before_enrolment": facts.leads_before + (pc.sum(pc.and_(before, aside)).as_py() or 0),
        "after_enrolment": facts.leads_after + (pc.sum(pc.and_(after, aside)).as_py() or 0),
    }
    return Concerned(replace(facts, leads=facts.leads.filter(needed).combine_chunks()), out)
