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
    """Every person of an analysis, with histories prepared once and shared."""

    def __init__(
        self,
        histories: Histories,
        stands_for: Mapping[str, Sequence[str]],
        account_of: Mapping[str, str],
    ) -> None:
        self._histories = histories.by_id
        self._merges = histories.merges
        self._stands_for = stands_for
        self._account_of = account_of
        self._members: dict[str, list[str]] = defaultdict(list)
        for lead_id, account in account_of.items():
            self._members[account].append(lead_id)
        self._whole = unions(histories.by_id, histories.merges)
        self._prepared: dict[str, Prepared] = {}

    @classmethod
    def of(cls, histories: Histories, assignments: Sequence[Assignment], *, by_account: bool) -> People:
        """`by_account`: a definition reads the other leads of the account, which the assignments' units name."""
        stands_for: dict[str, list[str]] = defaultdict(list)
        for row in assignments:
            if row.merged_into is not None:
                stands_for[row.merged_into].append(row.lead_id)
        account_of = {row.lead_id: row.unit for row in assignments if row.merged_into is None} if by_account else {}
        return cls(histories, stands_for, account_of)

    def person(self, row: Assignment) -> Person:
        """The person behind the assignment of an enrolled lead."""
        lead_id = row.lead_id
        start = micros(row.assigned_at or self._histories[lead_id].lead.created_at)
        stretches = [self._stretch(self._whole_of(lead_id), start, None)]
        for other in self._stands_for.get(lead_id, ()):
            ends = min(micros(merge.merged_at) for merge in self._merges if merge.old_id == other)
            stretches.append(self._stretch(prepare(self._histories[other]), start, ends))
        account = self._account_of.get(lead_id)
        colleagues = [] if account is None else [self._whole_of(other) for other in self._members[account]]
        return Person(start, tuple(stretches), colleagues)

    def _whole_of(self, lead_id: str) -> Prepared:
        if not self._account_of:
            return prepare(self._whole.get(lead_id) or self._histories[lead_id])
        found = self._prepared.get(lead_id)
        if found is None:
            found = self._prepared[lead_id] = prepare(self._whole.get(lead_id) or self._histories[lead_id])
        return found

    @staticmethod
    def _stretch(history: Prepared, assigned_us: int, end_us: int | None) -> Stretch:
        return Stretch(history, max(assigned_us, history.created_us), end_us)


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
