"""The lineage of a quarter's definitions: from the files, the register of approvals and what was put in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.analysis.quarter.lineage import Agreed, Lineage, Period
from mqlab.definitions.diff import diff
from mqlab.definitions.fingerprint import fingerprint
from mqlab.definitions.registry import version_key
from mqlab.errors import InputError, ProblemsFound

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def lineages(lab: Lab, refs: Sequence[str], *, as_of: datetime, position: int) -> tuple[Lineage, ...]:
    """Where each of some versions comes from, as registered by `as_of` in the ledger up to `position`."""
    return tuple(_lineage(lab, ref, as_of, position) for ref in refs)


def _lineage(lab: Lab, ref: str, as_of: datetime, position: int) -> Lineage:
    definition = lab.definitions[ref]
    came_from = _before(lab, ref)
    problem: str | None = None
    changes: tuple[str, ...] = ()
    if came_from is not None:
        try:
            changes = tuple(change.words for change in diff(lab.definitions[came_from], definition))
        except (InputError, ProblemsFound) as error:
            problem = f"{came_from} cannot be read: {str(error).splitlines()[0].strip()}"
    meaning = fingerprint(definition).meaning
    approvals = [
        Agreed(row.team, row.by, row.at)
        for row in lab.reading.approvals.list()
        if row.definition == ref and row.fingerprint == meaning and row.at <= as_of and row.position <= position
    ]
    periods = [
        Period(row.from_at, row.by, row.because, row.experiment)
        for row in lab.reading.in_force.list()
        if row.definition == ref and row.from_at <= as_of and row.position <= position
    ]
    if lab.settings.lab.in_force == ref:
        periods.insert(0, Period(None, "", "", None))
    return Lineage(
        ref, definition.title, definition.changelog, came_from, changes,
        tuple(sorted(approvals, key=lambda one: (one.at, one.team))), tuple(periods), problem,
    )  # fmt: skip


def _before(lab: Lab, ref: str) -> str | None:
    """What a version was made from: what it extends, else the version before it of the same definition."""
    extends = lab.definitions[ref].extends
    if extends is not None:
        return extends
    identity, version = ref.split("@")
    earlier = [
        other for other in lab.definitions.refs()
        if other.split("@")[0] == identity and version_key(other.split("@")[1]) < version_key(version)
    ]  # fmt: skip
    return max(earlier, key=lambda other: version_key(other.split("@")[1]), default=None)
