"""`check`: everything that is wrong with a lab, found without running anything."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.definitions import lock as locks
from mqlab.definitions.lint import lint
from mqlab.errors import InputError, Place, Problem
from mqlab.experiments import lifecycle
from mqlab.experiments.checks import check_file
from mqlab.lab.definitions import LOCK_FILE
from mqlab.lab.experiments import declared, files, steps

if TYPE_CHECKING:
    from mqlab.lab.core import Lab


def check(lab: Lab, at: datetime) -> tuple[Problem, ...]:
    """The problems of settings, definitions, locks and experiments; errors and warnings, in the order of the files."""
    found = [*_settings(lab), *_definitions(lab)]
    for path in files(lab).values():
        found.extend(
            check_file(
                path,
                definitions=lab.definitions,
                null_tokens=lab.settings.lab.null_tokens,
                timezone=lab.settings.lab.timezone,
            )
        )
    found.extend(_edited(lab, at))
    return tuple(dict.fromkeys(found))


def _settings(lab: Lab) -> list[Problem]:
    file = str(lab.folder / "mqlab.toml")
    found = []
    in_force = lab.settings.lab.in_force
    if in_force is not None and in_force not in lab.definitions:
        try:
            lab.definitions[in_force]
        except InputError as error:
            hint = error.problem.hint
            found.append(
                Problem("UnknownDefinition", f"in_force: there is no definition '{in_force}'.", Place(file), hint=hint)
            )
    for label, name in (("crm.mapping", lab.settings.crm.mapping), ("fx.table", lab.settings.fx.table)):
        if name is not None and not (lab.folder / name).is_file():
            found.append(Problem("MissingFile", f"{label}: there is no file '{name}' in the lab.", Place(file)))
    if lab.settings.business_hours.country is not None:
        message = "[business_hours] is read, but service levels still run on the wall clock."
        found.append(Problem("BusinessHoursUnused", message, Place(file), "warning"))
    return found


def _definitions(lab: Lab) -> list[Problem]:
    found = list(lab.definitions.problems())
    broken = {problem.place.file for problem in found}
    for ref in lab.definitions.refs():
        try:
            definition = lab.definitions[ref]
        except InputError:
            continue  # told by problems() already
        if definition.file not in broken:
            found.extend(lint(definition))
    lockfile = lab.folder / "definitions" / LOCK_FILE
    if lockfile.exists():
        found.extend(locks.problems(lab.definitions, locks.read_lock(lockfile)))
    return found


def _edited(lab: Lab, at: datetime) -> list[Problem]:
    found = []
    for experiment, path in files(lab).items():
        log = steps(lab, experiment)
        if not log:
            continue
        try:
            plan = declared(lab, experiment)
        except InputError:
            continue  # told by check_file already
        if lifecycle.state(plan, log, at=at).status in ("decided", "stopped"):
            continue
        for change in lifecycle.changes_since_start(plan, log) or ():
            message = f"the experiment runs, and {change.words}."
            place = Place(str(path), path=change.path)
            found.append(
                Problem("ProtocolChanged", message, place, hint="Undo the change; a new question is a new experiment.")
            )
    return found
