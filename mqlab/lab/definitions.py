"""The verbs on definitions: list, show, describe, diff, lint, lock, approve, import."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from mqlab.definitions import lock as locks
from mqlab.definitions.describe import describe_text
from mqlab.definitions.diff import diff, to_markdown
from mqlab.definitions.diff_words import Change
from mqlab.definitions.fingerprint import fingerprint
from mqlab.definitions.model import Definition
from mqlab.errors import InputError, Problem, RefusedError, nearest
from mqlab.lab.experiments import close_due
from mqlab.lab.files import write_whole
from mqlab.lab.in_force import in_force
from mqlab.lab.locking import Locking, lock_path
from mqlab.lab.locking import lock as lock_refs
from mqlab.leads.records import Lead

if TYPE_CHECKING:
    from mqlab.definitions.diff_moves import Moves
    from mqlab.definitions.points_table import Imported, NotCarried
    from mqlab.lab.core import Lab

WIDTH = 80
TEAMS = ("marketing", "sales")


def resolve(lab: Lab, ref: str) -> Definition:
    """The definition of `id@version`, or the newest version of an id."""
    return lab.definitions[ref] if "@" in ref else lab.definitions.latest(ref)


def account_of(lab: Lab) -> Callable[[Lead], str]:
    """Tells the account of a lead as experiments do: by its key, else its e-mail domain, else the lead itself."""
    from mqlab.assignment.units import unit_of

    internal, tokens = lab.settings.lab.internal_domains, lab.settings.lab.null_tokens
    return lambda lead: unit_of(lead, "account", internal, tokens)


def _named(lab: Lab, ref: str) -> str:
    """The `id@version` that is meant; one that no file is called is an InputError, whatever the files hold."""
    if "@" not in ref:
        return lab.definitions.newest(ref)
    return ref if ref in lab.definitions else lab.definitions[ref].ref


def rows(lab: Lab, at: datetime) -> list[dict[str, Any]]:
    """One row per definition: title, owner, lock, approvals of its present meaning, whether it is in force.

    Of a file that cannot be used the row says what is wrong with it.
    """
    locked = locks.read_lock(lock_path(lab))
    current = in_force(lab, at)
    found: list[dict[str, Any]] = []
    for ref in lab.definitions.refs():
        row: dict[str, Any] = {"definition": ref, "locked": ref in locked, "in_force": ref == current}
        try:
            definition = lab.definitions[ref]
        except InputError as error:
            unusable: dict[str, Any] = {"title": None, "owner": None, "meaning": None, "approved_by": []}
            found.append({**row, **unusable, "problem": error.problem.message})
            continue
        meaning = fingerprint(definition).meaning
        found.append(
            {
                **row,
                "title": definition.title,
                "owner": definition.owner,
                "meaning": meaning,
                "approved_by": sorted({approval.team for approval in lab.reading.approvals.of(ref, meaning)}),
                "problem": None,
            }
        )
    return found


def show(lab: Lab, ref: str) -> dict[str, Any]:
    """A definition's file as it stands, and its three fingerprints."""
    definition = resolve(lab, ref)
    path = Path(definition.file or "")
    prints = fingerprint(definition)
    return {
        "definition": definition.ref,
        "file": str(path),
        "fingerprints": {"meaning": prints.meaning, "reporting": prints.reporting, "metadata": prints.metadata},
        "text": path.read_text(encoding="utf-8"),
    }


def describe_lines(lab: Lab, ref: str) -> list[str]:
    """A definition in plain English, line by line."""
    return describe_text(resolve(lab, ref)).splitlines()


@dataclass(frozen=True, slots=True)
class Diff:
    """What changes between two definitions; with a lead file, how many leads move."""

    before: str
    after: str
    changes: tuple[Change, ...]
    moves: Moves | None = None

    def to_json(self) -> Any:
        """The agreed list of changes; with leads, an object that holds it and the moves."""
        changes = [change.to_dict() for change in self.changes]
        return changes if self.moves is None else {"changes": changes, "moves": self.moves.to_dict()}

    def to_markdown(self) -> str:
        """A table for a pull request."""
        text = to_markdown(self.changes, before=self.before, after=self.after)
        return text if self.moves is None else f"{text}\n{self.moves.to_markdown()}"

    def to_text(self) -> str:
        """Lines for a terminal."""
        lines = [f"{self.before} → {self.after}"]
        for change in self.changes:
            lines += wrap(f"  {change.severity:<9}  {change.words}", WIDTH, subsequent_indent=" " * 13)
        if not self.changes:
            lines.append("  No difference in meaning.")
        if self.moves is not None:
            lines += ["", *wrap(self.moves.words, WIDTH)]
            for move in self.moves.examples:
                lines += wrap(f"- {move.words}", WIDTH, subsequent_indent="  ")
        return "\n".join(lines)


def diff_of(lab: Lab, before: str, after: str, *, leads: Path | None, at: datetime) -> Diff:
    """Compare two definitions by what they mean, and by the leads of a file."""
    old, new = resolve(lab, before), resolve(lab, after)
    moved = None
    if leads is not None:
        from mqlab.definitions.diff_moves import moves
        from mqlab.definitions.lead_file import read_lead_file

        settings = lab.settings
        histories = read_lead_file(leads, null_tokens=settings.lab.null_tokens, timezone=settings.zone)
        moved = moves(old, new, histories, as_of=at, account_of=account_of(lab))
    return Diff(old.ref, new.ref, diff(old, new), moved)


def lint_all(lab: Lab, refs: Sequence[str]) -> tuple[Problem, ...]:
    """The findings of lint for some definitions or for all, with what is wrong with files that cannot be used."""
    from mqlab.definitions.lint import lint

    found: list[Problem] = []
    for ref in [_named(lab, ref) for ref in refs] or lab.definitions.refs():
        try:
            found.extend(lint(lab.definitions[ref]))
        except InputError as error:
            found.extend(error.problems)
    return tuple(dict.fromkeys(found))


def lock(lab: Lab, refs: Sequence[str], *, at: datetime, by: str) -> Locking:
    """Write fingerprints to `definitions.lock` and the ledger; a locked version whose meaning changed is refused."""
    chosen = [resolve(lab, ref).ref for ref in refs] or list(lab.definitions.refs())
    done = lock_refs(lab, chosen, at=at, by=by)
    close_due(lab, at)
    return done


def approve(lab: Lab, ref: str, *, team: str, by: str, at: datetime) -> dict[str, Any]:
    """Record a team's approval, bound to the definition's present meaning."""
    if team not in TEAMS:
        hint = nearest(team, TEAMS) or "A team is marketing or sales."
        raise InputError(f"there is no team '{team}'.", code="UnknownTeam", hint=hint)
    if not by.strip():
        raise InputError("an approval needs a name.", code="NoName", hint='Say who approves: --by "Ada King".')
    definition = resolve(lab, ref)
    meaning = fingerprint(definition).meaning
    lab.ledger.approvals.approve(definition.ref, fingerprint=meaning, team=team, by=by.strip(), at=at, now=at)
    close_due(lab, at)
    return {"definition": definition.ref, "team": team, "by": by.strip(), "meaning": meaning}


def import_points(
    lab: Lab, file: Path, *, definition_id: str, version: str, threshold: float | None, overwrite: bool
) -> tuple[Path, tuple[NotCarried, ...]]:
    """Write `definitions/<id>@<version>.yaml` from a points table; returns it with the rows it leaves out."""
    path, imported = import_table(
        lab, file, definition_id=definition_id, version=version, threshold=threshold, overwrite=overwrite
    )
    return path, imported.not_carried


def import_table(
    lab: Lab, file: Path, *, definition_id: str, version: str, threshold: float | None, overwrite: bool
) -> tuple[Path, Imported]:
    """As `import_points`, with everything the import has to tell."""
    from mqlab.definitions.points_table import import_points_table

    if threshold is not None and not math.isfinite(threshold):
        raise InputError(f"--threshold {threshold} is no number of points.", code="BadThreshold")
    imported = import_points_table(
        file, id=definition_id, version=version, threshold=threshold, null_tokens=lab.settings.lab.null_tokens
    )
    ref = f"{definition_id}@{version}"
    if ref in locks.read_lock(lock_path(lab)):
        raise RefusedError(f"{ref} is locked.", code="LockedDefinition", hint="Give the new one another --version.")
    target = lab.folder / "definitions" / f"{ref}.yaml"
    write_whole(target, imported.yaml_text, overwrite=overwrite)
    return target, imported
