"""What a report tells from the ledger beside the data: approvals, the experiment's steps, looks taken before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from mqlab.definitions.fingerprint import fingerprint
from mqlab.experiments.lifecycle import Approval
from mqlab.lab.experiments import steps
from mqlab.reports.signatures import OnRecord, ReadThen, TakenThen
from mqlab.stats.estimate import Estimate, Interval, NotEstimable
from mqlab.store.records import Look, Record

if TYPE_CHECKING:
    from mqlab.lab.analyze import Analysis
    from mqlab.lab.core import Lab

R = TypeVar("R", bound=Record)


def on_record(lab: Lab, analysis: Analysis, last_rows: Mapping[str, int] | None = None) -> OnRecord:
    """What was known as of the analysis, at its position of the ledger; approvals of another meaning are void.

    `last_rows` are those of a report that is made again: a register does not move the ledger's position, so a row
    written after the report can have its position.
    """
    result = analysis.result
    last: dict[str, int] = {}

    def read(register: str, rows: Iterable[R]) -> list[R]:
        most = None if last_rows is None else last_rows.get(register, 0)
        found = [row for row in rows if row.position <= result.ledger and (most is None or row.id <= most)]
        last[register] = max((row.id for row in found), default=0)
        return found

    meanings = {ref: fingerprint(found).meaning for ref, found in analysis.definitions.items()}
    approvals = read(
        "approvals",
        (
            row
            for row in lab.reading.approvals.list()
            if meanings.get(row.definition) == row.fingerprint and row.at <= result.as_of
        ),
    )
    log = lab.reading.experiments.log(result.experiment)
    taken = read("steps", (row for row in log if row.step != "enrolment_closed" and row.at <= result.as_of))
    looks = read("looks", (row for row in lab.reading.looks.taken(result.experiment) if row.as_of < result.as_of))
    numbers = {row.id for row in taken}
    told = zip(log, steps(lab, result.experiment), strict=True)
    return OnRecord(
        tuple(
            Approval(row.definition, row.fingerprint, row.team, row.by, row.at)
            for row in sorted(approvals, key=lambda row: (row.definition, row.at, row.team))
        ),
        tuple(step for row, step in told if row.id in numbers),
        tuple(_then(row) for row in sorted(looks, key=lambda row: row.as_of)),
        last,
    )


def _then(look: Look) -> TakenThen:
    """A recorded look, with the rows that decided."""
    deciding = [row for row in look.result.get("metrics", ()) if row["primary"] and row["look"] is not None]
    return TakenThen(
        look.as_of,
        {arm: said["call"] for arm, said in look.result.get("verdicts", {}).items()},
        {
            row["arm"]: ReadThen(
                row["estimator"],
                row["look"]["information"],
                row["look"]["bound"],
                _estimate(row["absolute"]),
                _estimate(row["relative"]),
            )
            for row in deciding
        },
    )


def _estimate(told: Mapping[str, Any]) -> Estimate | NotEstimable:
    if "not_estimable" in told:
        return NotEstimable(told["not_estimable"], told.get("detail") or "")
    return Estimate(told["estimate"], Interval(told["low"], told["high"]))
