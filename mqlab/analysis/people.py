"""One person behind one or several lead ids: whose history is judged, from when, and among which colleagues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mqlab.analysis.histories import Histories
from mqlab.definitions.evaluate import Evaluator
from mqlab.definitions.merges import merge_histories
from mqlab.definitions.prepare import Prepared, prepare
from mqlab.experiments.enrol import Assignment
from mqlab.leads.instants import instant, micros
from mqlab.leads.records import History, Merge


@dataclass(frozen=True, slots=True)
class Stretch:
    """A history that stands for the person from `start_us` on, until it was merged into another at `end_us`."""

    history: Prepared
    start_us: int
    end_us: int | None = None


@dataclass(frozen=True)
class Person:
    """What the definitions read of one enrolled lead. `assigned_us` opens the window in which it may qualify.

    Before a merge both ids are leads of their own, afterwards the survivor has the facts of both (definitions.md 3.12):
    the person qualifies when the first of its stretches does.
    """

    assigned_us: int
    stretches: tuple[Stretch, ...]
    colleagues: Sequence[Prepared] = ()

    def first_crossing(
        self, evaluator: Evaluator, as_of: datetime, qualify_within_us: int
    ) -> tuple[int, str | None] | None:
        """(microseconds since 1970 UTC, path) of the first crossing known by `as_of`, None without one."""
        best: tuple[int, str | None] | None = None
        for stretch in self.stretches:
            within = self.assigned_us + qualify_within_us - stretch.start_us
            if within <= 0:
                continue
            found = evaluator.first_crossing(
                stretch.history,
                as_of=as_of,
                start=instant(stretch.start_us),
                qualify_within_us=within,
                account=self.colleagues,
            )
            at = found.qualified_at_us
            if at is None or (stretch.end_us is not None and at >= stretch.end_us):
                continue
            if best is None or at < best[0]:
                best = (at, found.path)
        return best


class People:
    """Every person of an analysis, with histories prepared once and shared.

    `single` are the assignments before any merge, `assignments` those after: an id that was never enrolled itself does
    not stand for the person before the merge. `by_account`: a definition reads the other leads of the account, which
    the assignments' units name.
    """

    def __init__(
        self,
        histories: Histories,
        single: Sequence[Assignment],
        assignments: Sequence[Assignment],
        *,
        by_account: bool,
    ) -> None:
        self._histories = histories.by_id
        self._whole = unions(histories.by_id, histories.merges)
        self._enrolled = frozenset(row.lead_id for row in single if row.in_experiment)
        self._merged_us: dict[str, int] = {}
        for merge in histories.merges:
            self._merged_us.setdefault(merge.old_id, micros(merge.merged_at))
        self._stands_for: dict[str, list[str]] = defaultdict(list)
        self._account_of: dict[str, str] = {}
        self._members: dict[str, list[str]] = defaultdict(list)
        for row in assignments:
            if row.merged_into is not None:
                self._stands_for[row.merged_into].append(row.lead_id)
            elif by_account:
                self._account_of[row.lead_id] = row.unit
                self._members[row.unit].append(row.lead_id)
        self._prepared: dict[str, Prepared] = {}

    def person(self, row: Assignment) -> Person:
        """The person behind the assignment of an enrolled lead."""
        lead_id = row.lead_id
        assigned = micros(row.assigned_at or self._histories[lead_id].lead.created_at)
        whole = self._whole_of(lead_id)
        others = [other for other in self._stands_for.get(lead_id, ()) if other in self._enrolled]
        stretches = []
        for other in others:
            history = prepare(self._histories[other])
            stretches.append(Stretch(history, max(assigned, history.created_us), self._merged_us.get(other)))
        start = max(assigned, whole.created_us)
        if others and lead_id not in self._enrolled:
            start = max(start, min(self._merged_us.get(other, start) for other in others))
        stretches.append(Stretch(whole, start))
        account = self._account_of.get(lead_id)
        colleagues = [] if account is None else [self._whole_of(other) for other in self._members[account]]
        return Person(assigned, tuple(stretches), colleagues)

    def _whole_of(self, lead_id: str) -> Prepared:
        """The lead's history with what was merged into it; kept where colleagues will read it, too."""
        found = self._prepared.get(lead_id)
        if found is None:
            found = prepare(self._whole.get(lead_id) or self._histories[lead_id])
            if self._account_of:
                self._prepared[lead_id] = found
        return found


def unions(histories: Mapping[str, History], merges: Sequence[Merge]) -> Mapping[str, History]:
    """The histories of the ids that others were merged into, by id; `merges` in the order of their dates.

    An id without a lead row passes on what was merged into it.
    """
    whole: dict[str, History] = {}
    passed_on: dict[str, list[History]] = defaultdict(list)
    for merge in merges:
        gone = whole.get(merge.old_id) or histories.get(merge.old_id)
        arriving = [*passed_on[merge.old_id], *([gone] if gone else [])]
        survivor = whole.get(merge.new_id) or histories.get(merge.new_id)
        if survivor is None:
            passed_on[merge.new_id] += [merge_histories(history, (), merge.merged_at) for history in arriving]
        else:
            whole[merge.new_id] = merge_histories(survivor, arriving, merge.merged_at)
    return whole
