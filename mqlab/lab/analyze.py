"""`analyze`: the lab's facts through the analysis."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mqlab.analysis.analyze import analyze as analyze_facts
from mqlab.analysis.analyze_in_engine import analyze_in
from mqlab.analysis.bystanders import everybody_concerned
from mqlab.analysis.judge import reads_account
from mqlab.analysis.maturity import feedback_since
from mqlab.analysis.results import AnalysisResult
from mqlab.definitions.model import Definition
from mqlab.errors import InputError, UnreachableError
from mqlab.experiments import lifecycle
from mqlab.experiments.enrol import forced_arms
from mqlab.experiments.protocol import Protocol
from mqlab.lab import looks
from mqlab.lab.data_hash import data_hash
from mqlab.lab.experiments import declared, definitions_of, meanings, steps
from mqlab.lab.explored import Asked, Exploring
from mqlab.lab.fx import Exchange, exchange
from mqlab.leads.tables import Facts
from mqlab.store.around import Around
from mqlab.warehouse.engines.engine import open_engine

if TYPE_CHECKING:
    import pandas as pd

    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress


@dataclass(frozen=True)
class Analysis:
    """A result that prints in a terminal, renders in a notebook, and converts to plain data or a data frame.

    `unrecorded` says why the ledger does not know of this look, where it should. `data` is the hash of the
    `facts`, where it was asked for.
    """

    result: AnalysisResult
    protocol: Protocol
    definitions: dict[str, Definition]
    zone: ZoneInfo
    unrecorded: str = ""
    data: dict[str, Any] | None = None
    facts: Facts | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The agreed JSON of `mqlab analyze`."""
        return self.result.to_dict()

    def to_pandas(self) -> pd.DataFrame:
        """One row per metric, estimator and arm; what cannot be estimated is missing, with its reason beside it."""
        import pandas as pd

        return pd.json_normalize([row.to_dict() for row in self.result.metrics])

    def __str__(self) -> str:
        from mqlab.reports.terminal import render

        precision = self.protocol.precision
        return render(self.result, self.zone, precision.metric if precision else None).rstrip("\n")

    def _repr_html_(self) -> str:
        from mqlab.reports.notebook import render

        return render(self.result, self.protocol, self.zone)


def analyze(
    lab: Lab,
    experiment: str,
    *,
    as_of: datetime,
    position: int | None,
    progress: Progress,
    hashed: bool = False,
    exploring: Exploring | None = None,
) -> Analysis:
    """Read the ledger at one position, judge, count, estimate, conclude; a look at a running experiment is recorded.

    `hashed` asks for the facts and their hash, which a warehouse does not give; `exploring` is given what is to be
    explored meanwhile. The notes begin with what the start came too late for, such as leads that had arrived before it.
    """
    plan = declared(lab, experiment)
    log = steps(lab, experiment)
    changes = lifecycle.changes_since_start(plan, log)
    present = lifecycle.effective(plan, log)
    definitions = definitions_of(lab, present)
    began = next((step for step in log if step.step == "start"), None)
    locked = dict(began.details.get("definitions", {})) if began else {}
    now = meanings(lab, present)
    same_meaning = all(now.get(ref, meaning) == meaning for ref, meaning in locked.items())
    read_at = _reached(lab, position)
    table = lab.reading.assignments.overrides(experiment, position=read_at)
    given: dict[str, Any] = {
        "timezone": lab.settings.zone,
        "internal_domains": lab.settings.lab.internal_domains,
        "null_tokens": lab.settings.lab.null_tokens,
        "overrides": dict(zip(table["unit"].to_pylist(), table["arm"].to_pylist(), strict=True)),
        "protocol_unchanged": None
        if changes is None or began is None or began.at > as_of
        else not changes and same_meaning,
        "currency": lab.settings.lab.currency,
        "fx": _exchange(lab),
        "looks_taken": looks.taken_before(lab, experiment, as_of=as_of, position=read_at),
    }
    warehouse = lab.settings.warehouse
    data = kept = None
    if warehouse.holds_the_lab:
        progress("judging leads", 0, 1)
        with open_engine(warehouse.url, memory_limit=warehouse.memory_limit, folder=lab.folder) as engine:
            result = analyze_in(
                engine,
                present,
                definitions,
                as_of=as_of,
                position=read_at,
                progress=lambda done, total: progress("judging leads", done, total),
                **given,
            )
    else:
        progress("reading the ledger", 0, 1)
        if exploring is not None:
            exploring.ask(Asked(lab.folder, present, definitions, as_of, read_at))
        facts = lab.reading.facts(
            as_of=as_of,
            position=read_at,
            since=feedback_since(present),
            around=None if hashed else _around(present, definitions, given["overrides"]),
        )
        progress("reading the ledger", 1, 1)
        with ThreadPoolExecutor(max_workers=1) as beside:
            hashing = beside.submit(data_hash, facts) if hashed else None
            result = analyze_facts(
                present,
                definitions,
                facts,
                memory_limit=warehouse.memory_limit,
                progress=lambda done, total: progress("judging leads", done, total),
                **given,
            )
        data, kept = (hashing.result(), facts) if hashing else (None, None)
    late = tuple(began.details.get("late", ())) if began else ()
    result = replace(result, notes=(*late, *result.notes))
    unrecorded = ""
    if position is None and began is not None:
        try:
            looks.record(lab, present, result, now=lab.clock())
        except UnreachableError as error:
            unrecorded = f"this look could not be recorded, so later ones will not know of it: {error}"
    return Analysis(result, present, definitions, lab.settings.zone, unrecorded, data, kept)


def _around(protocol: Protocol, definitions: Mapping[str, Definition], overrides: Mapping[str, str]) -> Around | None:
    """The part of the ledger that tells all of an experiment; None where it takes the whole."""
    if any(reads_account(definition) for definition in definitions.values()):
        return None
    return Around(
        protocol.enrolment_start,
        protocol.enrolment_end,
        everybody=everybody_concerned(protocol, definitions),
        named=tuple(sorted(forced_arms(protocol, overrides))),
    )


def _reached(lab: Lab, position: int | None) -> int:
    """A position that the ledger has reached, by default its latest."""
    latest = lab.reading.position()
    if position is not None and not 0 <= position <= latest:
        raise InputError(
            f"the ledger has no position {position}.",
            code="NoSuchPosition",
            hint=f"Its latest position is {latest}.",
        )
    return latest if position is None else position


def _exchange(lab: Lab) -> Exchange | None:
    table = lab.settings.fx.table
    return None if table is None else exchange(lab.folder / table, lab.settings.lab.currency)
