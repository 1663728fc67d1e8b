"""Judged leads under another salt: what depends on the arm is made again, everything else stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mqlab.analysis.judge import Judged, instants, qualified_column, stratum
from mqlab.analysis.strata import NEVER, Int64s
from mqlab.assignment.position import bound, positioner
from mqlab.assignment.split import Split
from mqlab.experiments.protocol import Protocol
from mqlab.warehouse.columns import stratum_column


class Reassigned:
    """The leads of `judged`, ready to be assigned by any salt.

    A unit stays in the phase it was judged in and in its slice of a layer, which has a salt of its own; whether it is
    inside that phase's coverage, and its arm, follow the salt. What hangs on the arm follows: the own first crossing
    and the strata. `path` is null, as only the old arm's is known.
    """

    def __init__(self, protocol: Protocol, judged: Judged, as_of: datetime) -> None:
        table = judged.table
        self._protocol, self._judged, self._as_of = protocol, judged, as_of
        self._units = np.array(table["unit"].to_pylist(), dtype=object)
        self._names = np.array([arm.name for arm in protocol.arms], dtype=object)
        self._at_us: Mapping[str, Int64s] = {
            arm.definition: _crossings(table[qualified_column(arm.name)]) for arm in protocol.arms
        }
        self._by_arm = np.stack([self._at_us[arm.definition] for arm in protocol.arms])
        self._distinct, self._unit = np.unique(self._units, return_inverse=True)
        cuts = {phase.number: bound(phase.coverage) for phase in protocol.phases}
        self._cut = np.array([cuts[phase] for phase in table["phase"].to_pylist()], dtype=np.int64)
        self._everyone = all(phase.coverage == 1 for phase in protocol.phases)

    def by(self, salt: str) -> Judged:
        """The leads as the experiment would have had them with this salt."""
        split = Split.of(salt, [(arm.name, arm.weight) for arm in self._protocol.arms])
        inside = np.ones(len(self._units), dtype=bool) if self._everyone else self._at(split.traffic_salt) < self._cut
        number = np.searchsorted(np.array(split.cuts, dtype=np.int64), self._at(split.split_salt), side="right")
        own = np.take_along_axis(self._by_arm, number[None, :], axis=0)[0]
        arms = self._names[number]
        table = self._judged.table
        made = {
            "arm": pa.array(arms, pa.string()),
            "path": pa.nulls(len(arms), pa.string()),
            "qualified_at": instants(own),
        }
        kept = pa.array(inside)
        if not inside.all():
            table, arms = table.filter(kept), arms[inside]
            made = {name: column.filter(kept) for name, column in made.items()}
        at_us = {ref: crossings[inside] for ref, crossings in self._at_us.items()}
        for arm in self._protocol.challengers:
            name = stratum_column(arm.name)
            made[name] = stratum(self._protocol, self._as_of, arm.name, arms, self._units[inside], at_us)
        columns = {name: made.get(name, table[name]) for name in table.column_names}
        out = {**self._judged.out, **({} if inside.all() else {"coverage": int((~inside).sum())})}
        return replace(self._judged, table=pa.table(columns), out=dict(sorted(out.items())))

    def _at(self, salt: str) -> npt.NDArray[np.int64]:
        """Where every lead's unit stands on the ring of a salt."""
        return np.array(list(map(positioner(salt), self._distinct)), dtype=np.int64)[self._unit]


def _crossings(column: pa.ChunkedArray) -> Int64s:
    """Instants as microseconds, null as `NEVER`."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), NEVER).to_numpy(), dtype=np.int64)
