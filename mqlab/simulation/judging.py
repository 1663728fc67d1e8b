"""Who is in which arm, and when each definition would hand each lead over, by the package's own rules.

Definitions are judged on what leads do while nobody hands them over. That is exact: until an arm's own definition
fires, nothing has been handed over in that arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np

from mqlab.definitions.evaluate import Evaluator, condition
from mqlab.definitions.fields import values_at
from mqlab.definitions.model import Definition
from mqlab.definitions.prepare import Prepared
from mqlab.experiments.enrol import enrol
from mqlab.experiments.exclusions import asked, with_standard
from mqlab.experiments.protocol import Protocol
from mqlab.leads.records import History, Lead, Scalar
from mqlab.simulation.population import NEVER, Ints

Values = Mapping[str, Scalar]

OUT = -1
SECOND_US = 1_000_000


def values_on_arrival(histories: Sequence[History], as_of: datetime) -> Mapping[str, Values]:
    """What is known of every lead when it arrives, by lead id: what `eligible` may read."""
    return {history.lead.lead_id: values_at(history, history.lead.created_at, as_of) for history in histories}


def arms_of(
    protocol: Protocol,
    definitions: Mapping[str, Definition],
    leads: Sequence[Lead],
    known: Mapping[str, Values],
) -> Ints:
    """The number of each lead's arm in the order of the protocol's file, OUT for a lead outside the experiment.

    Nobody simulated is a customer, or one of our own people, when they come.
    """
    declared = {field.name: field for arm in protocol.arms for field in definitions[arm.definition].fields}
    fits = None if protocol.eligible is None else condition(protocol.eligible, fields=with_standard(declared.values()))
    nobody = dict.fromkeys(asked(protocol.eligible, declared), False)

    def eligible(lead: Lead) -> bool | None:
        return True if fits is None else fits({**known[lead.lead_id], **nobody})

    number = {arm.name: index for index, arm in enumerate(protocol.arms)}
    rows = enrol(protocol, leads, eligible=eligible)
    return np.array([number[row.arm] if row.in_experiment and row.arm else OUT for row in rows], dtype=np.int64)


def hand_overs(
    definition: Definition,
    histories: Sequence[Prepared],
    leads: Ints,
    *,
    as_of: datetime,
    qualify_within_us: int | None,
    cadence_us: int,
    step: Callable[[], None],
) -> Ints:
    """When the definition hands over the leads of these numbers, seconds since 1970 UTC, NEVER where it does not.

    A hand-over happens at the end of the batch of `cadence_us` in which the lead qualifies. `step` is called after
    every lead.
    """
    evaluator = Evaluator(definition)
    at = np.full(len(leads), NEVER, dtype=np.int64)
    for place, number in enumerate(leads.tolist()):
        crossing = evaluator.first_crossing(histories[number], as_of=as_of, qualify_within_us=qualify_within_us)
        if crossing.qualified_at_us is not None:
            batch_end_us = (crossing.qualified_at_us // cadence_us + 1) * cadence_us
            at[place] = -(-batch_end_us // SECOND_US)
        step()
    return at
