"""What asks for somebody's attention today: looks that are due, splits that are off, feedback that lost its leads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from mqlab.errors import InputError, RefusedError
from mqlab.experiments import lifecycle
from mqlab.lab.analyze import analyze
from mqlab.lab.looks import can_be_read
from mqlab.lab.no_ledger import NoLedger
from mqlab.lab.standing import Standing, names, standing, status
from mqlab.leads.instants import end_of_day, iso
from mqlab.stats import binary
from mqlab.stats.estimate import NotEstimable

if TYPE_CHECKING:
    from mqlab.analysis.results import AnalysisResult
    from mqlab.lab.core import Lab
    from mqlab.lab.progress import Progress
    from mqlab.store.records import Import

FINDING_LEADS = ("outcomes", "events", "field-changes")
"""The kinds of imports whose rows must find their lead."""

EARLIER_IMPORTS = 20
"""With how many imports before it the newest is compared."""

FEW_ROWS = 20
FALL = 0.05
FALL_P = 0.001
"""A match rate fell where it is lower by at least so much, and by chance at most so often."""

What = Literal["look", "sample_ratio", "match_rate", "unusable"]


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that asks for attention: `detail` says what, `do` what to do. `experiment` is None for an import."""

    experiment: str | None
    what: What
    detail: str
    do: str


@dataclass(frozen=True, slots=True)
class Attention:
    """Everything that asks for attention at an instant, and the experiments that were looked at."""

    as_of: datetime
    experiments: tuple[str, ...]
    due: tuple[Due, ...]

    def to_dict(self) -> dict[str, Any]:
        """The agreed JSON."""
        return {
            "as_of": iso(self.as_of), "experiments": list(self.experiments), "due": [asdict(one) for one in self.due]
        }  # fmt: skip


def attention(lab: Lab, experiment: str | None, as_of: datetime, *, progress: Progress) -> Attention:
    """What is due at an instant, of one experiment or of all that run, and of the imports.

    Every running experiment is analysed for its checks; nothing is written, and no look is taken.
    """
    looked_at: list[str] = []
    found: list[Due] = []
    for name in [experiment] if experiment else names(lab):
        try:
            known = standing(lab, name)
        except InputError as error:
            if experiment:
                raise
            found.append(_unusable(name, error.problem.message))
            continue
        if lifecycle.state(known.plan, known.log, at=as_of).status not in ("running", "enrolment closed"):
            continue
        looked_at.append(name)
        if known.problem is not None:
            found.append(_unusable(name, known.problem))
            continue
        try:
            found.extend(_of_experiment(lab, known, as_of, progress))
        except (InputError, RefusedError) as problem:
            found.append(_unusable(name, str(problem).splitlines()[0].strip()))
    found.extend(_fallen(lab, as_of))
    return Attention(as_of, tuple(looked_at), tuple(found))


def _of_experiment(lab: Lab, known: Standing, as_of: datetime, progress: Progress) -> Iterator[Due]:
    if all(phase.start > as_of for phase in known.plan.phases):
        return
    now = _analysed(lab, known, as_of, progress)
    yield from _look(lab, known, as_of, now, progress)
    for check in now.checks:
        if check.check == "sample_ratio" and check.status in ("fail", "warn"):
            yield Due(
                known.plan.id, "sample_ratio", f"the split is off: {check.detail}.",
                "Find out which leads an arm loses or gains before anything else is read.",
            )  # fmt: skip
        if check.check == "match_rate" and check.status == "fail":
            yield Due(
                known.plan.id, "match_rate", f"sales feedback does not match its leads as it should: {check.detail}.",
                "See the mapping and the match rate with: mqlab ingest outcomes … --dry-run",
            )  # fmt: skip


def _look(lab: Lab, known: Standing, as_of: datetime, now: AnalysisResult, progress: Progress) -> Iterator[Due]:
    """The latest look that is due and can be read; one before a look that was taken is missed, which costs nothing."""
    plan = known.plan
    (row,) = status(lab, plan.id, as_of)
    taken = [look.as_of for look in lab.reading.looks.taken(plan.id) if look.as_of <= as_of]
    ends = {day: end_of_day(date.fromisoformat(day), ZoneInfo(plan.timezone)) for day in row["looks_due"]}
    due = [day for day, end in ends.items() if all(look < end for look in taken)]
    if not due or not can_be_read(now):
        return
    last = due[-1]
    missed = f"; {', '.join(due[:-1])} passed without one" if due[:-1] else ""
    on_its_day = can_be_read(_analysed(lab, known, ends[last], progress))
    take = f"mqlab analyze {plan.id}" + (f" --as-of {last}" if on_its_day else "")
    yield Due(plan.id, "look", f"the look of {last} is due{missed}.", f"Take it with: {take}")


def _analysed(lab: Lab, known: Standing, as_of: datetime, progress: Progress) -> AnalysisResult:
    """An analysis at the ledger's present position, named, so that it is no look and nothing is recorded."""
    return analyze(lab, known.plan.id, as_of=as_of, position=lab.reading.position(), progress=progress).result


def _fallen(lab: Lab, as_of: datetime) -> Iterator[Due]:
    """The kinds of imports, by system, whose newest one found fewer of its leads than those before it."""
    if isinstance(lab.reading, NoLedger):
        return
    imports = [row for row in lab.reading.imports.list() if row.recorded_at <= as_of and row.kind in FINDING_LEADS]
    by_source = {row.id: (row.kind, row.system) for row in imports}
    waiting = Counter(by_source.get(row.import_id) for row in lab.reading.unmatched.list())
    ordered = sorted(imports, key=lambda row: (row.kind, row.system, -row.id))
    for source, rows in groupby(ordered, key=lambda row: (row.kind, row.system)):
        newest_first = [row for row in rows if _usable(row)]
        if not newest_first:
            continue
        newest, earlier = newest_first[0], newest_first[1 : 1 + EARLIER_IMPORTS]
        if _fell(newest, earlier, waiting[source]):
            kind, system = source
            rate, before = _rate([newest]), _rate(earlier)
            yield Due(
                None, "match_rate",
                f"the match rate of {kind} of '{system}' fell from {before:.1%} to {rate:.1%} with import {newest.id} "
                f"({newest.file}).",
                "Bring in the leads that are missing, or correct the mapping's lead column: "
                f"mqlab ingest {kind} … --dry-run shows which it reads.",
            )  # fmt: skip


def _fell(newest: Import, earlier: Sequence[Import], waiting: int) -> bool:
    """Whether the rate is lower than before, though the leads that came since are not counted as missing."""
    unmatched = min(newest.unmatched, waiting)
    now = binary.Counts(n=_usable(newest), x=_usable(newest) - unmatched)
    before = binary.Counts(n=sum(map(_usable, earlier)), x=sum(_usable(row) - row.unmatched for row in earlier))
    if min(now.n, before.n) < FEW_ROWS or before.x / before.n - now.x / now.n < FALL:
        return False
    p_value = binary.p_value(before, now)
    return not isinstance(p_value, NotEstimable) and p_value < FALL_P


def _usable(row: Import) -> int:
    return row.new + row.unchanged + row.corrected + row.unmatched


def _rate(rows: Sequence[Import]) -> float:
    usable = sum(map(_usable, rows))
    return 1 - sum(row.unmatched for row in rows) / usable


def _unusable(experiment: str, why: str) -> Due:
    return Due(experiment, "unusable", f"it cannot be looked at: {why}", "See what is wrong with: mqlab check")
