"""How sales kept its promises about each arm's leads, and the way of leads it did not get at once or sent back.

Descriptive: each arm's list holds other leads. All of it counts leads followed for the primary's whole horizon, as
`touched_within_sla` does; time runs on the wall clock from the hand-over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mqlab.analysis.result_rows import number_dict
from mqlab.analysis.study import Study
from mqlab.leads.instants import DAY_US
from mqlab.stats.estimate import NotEstimable
from mqlab.warehouse import worked
from mqlab.warehouse.worked import Flow, Waited, What

Way = Literal["qualified_at_once", "qualified_later", "never_qualified", "sent_back"]
WAYS: tuple[Way, ...] = ("qualified_at_once", "qualified_later", "never_qualified", "sent_back")

_QUALIFIED_ON: dict[Way, int] = {"qualified_at_once": 1, "qualified_later": 2, "never_qualified": 0}
_HOUR_US = 3_600_000_000
_NO_PROMISE = NotEstimable("no_promise", "The definition promises no time.")
_NONE_DUE = NotEstimable("none_due", "No promise has come due.")
_DATES_ONLY = NotEstimable("dates_only", "Only the days of responses are known.")
_SILENT: dict[What, NotEstimable] = {
    "first_touch": NotEstimable("no_activity_data", "No touches, meetings or answers of sales are known."),
    "decision": NotEstimable("no_answers", "Sales feedback holds neither acceptances nor rejections."),
}


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """One promise about an arm's leads handed over: `kept` of those `due`, and the waits of those `answered`.

    `within_hours` is what the arm's definition promises, None where nothing. A tenth of the answered waited longer
    than `ninth_decile_hours`.
    """

    arm: str
    promise: What
    within_hours: float | None
    handed: int
    due: int
    kept: int
    answered: int
    share: float | NotEstimable
    median_hours: float | NotEstimable
    ninth_decile_hours: float | NotEstimable

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON."""
        return {
            "arm": self.arm,
            "promise": self.promise,
            "within_hours": self.within_hours,
            "handed_over": self.handed,
            "due": self.due,
            "kept": self.kept,
            "answered": self.answered,
            "share": number_dict(self.share),
            "median_hours": number_dict(self.median_hours),
            "ninth_decile_hours": number_dict(self.ninth_decile_hours),
        }


@dataclass(frozen=True, slots=True)
class FlowRow:
    """Leads of an arm that went one way, of its `units`: `sqls` of them became SQLs within the primary's horizon.

    Of leads sent back, `handed_again` were handed over again, and `sqls` are those that became SQLs after it.
    """

    arm: str
    way: Way
    units: int
    leads: int
    sqls: int
    handed_again: int | None = None

    @property
    def share(self) -> float | NotEstimable:
        """Of the arm's leads."""
        return self.leads / self.units if self.units else NotEstimable("no_units", "The arm has no mature lead.")

    @property
    def rate(self) -> float | NotEstimable:
        """SQLs per lead that went this way."""
        return self.sqls / self.leads if self.leads else NotEstimable("no_units", "There is no such lead.")

    def to_dict(self) -> dict[str, Any]:
        """The keys of the JSON."""
        return {
            "arm": self.arm,
            "way": self.way,
            "units": self.units,
            "leads": self.leads,
            "share": number_dict(self.share),
            "sqls": self.sqls,
            "rate": number_dict(self.rate),
            "handed_again": self.handed_again,
        }


def promise_rows(study: Study) -> tuple[PromiseRow, ...]:
    """The first touch and the decision, arm beside arm."""
    counted = {row.kind for row in study.log if row.fate == "counted"}
    timed = {row.kind for row in study.log if row.fate == "counted" and row.timed}
    answers = {"accepted", "rejected"}
    kinds: dict[What, set[str]] = {"first_touch": {"touched", "meeting", *answers}, "decision": answers}
    found: list[PromiseRow] = []
    for what, heard in kinds.items():
        said = counted & heard
        within = {arm.name: _promised(study, arm.definition, what) for arm in study.protocol.arms}
        rows = worked.waited(study.dataset, what, study.horizon(study.protocol.primary), within)
        for arm, promised in within.items():
            mine = [row for row in rows if row.arm == arm]
            silent = None if said else _SILENT[what]
            found.append(_promise(arm, what, promised, mine, silent, timed=bool(timed & heard)))
    return tuple(found)


def flow_rows(study: Study) -> tuple[FlowRow, ...]:
    """Each arm's leads by the way they went."""
    rows = worked.flow(study.dataset, study.horizon(study.protocol.primary))
    return tuple(row for arm in study.protocol.arms for row in _ways([r for r in rows if r.arm == arm.name], arm.name))


def _promised(study: Study, reference: str, what: What) -> int | None:
    handoff = study.definitions[reference].handoff
    if handoff is None:
        return None
    return handoff.first_touch_us if what == "first_touch" else handoff.decide_within_us


def _promise(
    arm: str, what: What, promised: int | None, rows: Sequence[Waited], silent: NotEstimable | None, *, timed: bool
) -> PromiseRow:
    handed, due = sum(row.leads for row in rows), sum(row.leads for row in rows if row.due)
    kept = sum(row.leads for row in rows if row.due and row.kept)
    waits = sorted((row.minutes, row.leads) for row in rows if row.minutes is not None)
    answered = sum(leads for _, leads in waits)
    unclear = None if timed else _DATES_ONLY
    no_share = silent or (_NO_PROMISE if promised is None else unclear if promised < DAY_US else None)
    no_wait = silent or unclear or (None if answered else _SILENT[what])
    return PromiseRow(
        arm=arm,
        promise=what,
        within_hours=None if promised is None else promised / _HOUR_US,
        handed=handed,
        due=due,
        kept=kept,
        answered=answered,
        share=no_share or (kept / due if due else _NONE_DUE),
        median_hours=no_wait or _at(waits, (answered + 1) // 2),
        ninth_decile_hours=no_wait or _at(waits, -(-9 * answered // 10)),
    )


def _at(waits: Sequence[tuple[int, int]], place: int) -> float:
    """The wait, in hours, of the lead at a place from the shortest on."""
    for minutes, leads in waits:
        place -= leads
        if place <= 0:
            return minutes / 60
    raise ValueError("there are fewer leads than that")


def _ways(rows: Sequence[Flow], arm: str) -> Iterator[FlowRow]:
    units = sum(row.leads for row in rows)
    for way, on in _QUALIFIED_ON.items():
        mine = [row for row in rows if row.qualified_on == on]
        yield FlowRow(arm, way, units, sum(row.leads for row in mine), sum(row.leads for row in mine if row.sql))
    back = [row for row in rows if row.sent_back]
    yield FlowRow(
        arm,
        "sent_back",
        units,
        sum(row.leads for row in back),
        sum(row.leads for row in back if row.sql_after),
        sum(row.leads for row in back if row.handed_again),
    )
