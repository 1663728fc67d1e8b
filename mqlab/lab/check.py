"""`check`: everything that is wrong with a lab, found without running anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mqlab.definitions.fingerprint import fingerprint
from mqlab.definitions.lint import lint
from mqlab.definitions.strict import places
from mqlab.definitions.yaml import read_yaml_file
from mqlab.errors import InputError, Place, Problem, UnreachableError
from mqlab.experiments import lifecycle
from mqlab.experiments.catalogue import check_together
from mqlab.experiments.checks import check_file
from mqlab.experiments.lifecycle import Step
from mqlab.experiments.protocol import Protocol
from mqlab.lab.experiments import files, gone, lateness_days, meanings, read
from mqlab.lab.experiments import logs as logs_of
from mqlab.lab.registered import over

if TYPE_CHECKING:
    from mqlab.lab.core import Lab

OVER = ("decided", "stopped")


def check(lab: Lab, at: datetime) -> tuple[Problem, ...]:
    """The problems of settings, definitions, locks and experiments; errors and warnings, each told once.

    Where the ledger cannot be read the files are checked all the same, and a warning says what was not.
    """
    found = _settings(lab)
    logs: dict[str, tuple[Step, ...]] = {}
    late = 0
    try:
        logs = logs_of(lab)
        late = lateness_days(lab, at)
        found.extend(_unlocked(lab))
    except UnreachableError as error:
        message = "the ledger cannot be read, so neither what runs nor how late sales reports was checked."
        found.append(Problem("LedgerUnreadable", message, Place(_file(lab), path="store.url"), "warning", error.hint))
    found.extend(_definitions(lab))
    found.extend(_gone(lab, logs, at))
    protocols = []
    for name in files(lab):
        problems, protocol = _experiment(lab, name, logs.get(name, ()), late, at)
        found.extend(problems)
        if protocol is not None:
            protocols.append(protocol)
    found.extend(_between(lab, protocols))
    return tuple(dict.fromkeys(found))


def _file(lab: Lab) -> str:
    return str(lab.folder / "mqlab.toml")


def _settings(lab: Lab) -> list[Problem]:
    file = _file(lab)
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
    found.extend(_readable(lab))
    if lab.settings.business_hours.country is not None:
        message = (
            "[business_hours] counts in `report feedback`; the metric touched_within_sla and the check `capacity` run "
            "on the wall clock."
        )
        found.append(Problem("BusinessHoursInFeedback", message, Place(file), "warning"))
    return found


def _readable(lab: Lab) -> list[Problem]:
    """What is wrong with the files that the settings name: the preset, the mapping, the table of rates."""
    from mqlab.crm.mapping import load_mapping, load_preset
    from mqlab.lab.fx import exchange

    found: list[Problem] = []
    crm, table = lab.settings.crm, lab.settings.fx.table
    try:
        preset = load_preset(crm.preset)
        if crm.mapping is not None and (lab.folder / crm.mapping).is_file():
            load_mapping(lab.folder / crm.mapping, preset)
    except InputError as error:
        found.extend(
            problem if problem.place.file else replace(problem, place=Place(_file(lab), path="crm"))
            for problem in error.problems
        )
    try:
        if table is not None and (lab.folder / table).is_file():
            exchange(lab.folder / table, lab.settings.lab.currency)
    except InputError as error:
        found.extend(error.problems)
    return found


def _unlocked(lab: Lab) -> list[Problem]:
    """Definitions whose meaning is not the one the ledger locked, such as after `definitions.lock` was deleted."""
    found = []
    told = {problem.place.file for problem in lab.definitions.problems()}
    for ref, locked in lab.reading.locks.all().items():
        if ref not in lab.definitions:
            message = f"{ref} was locked by this lab's ledger, and its file is gone."
            found.append(Problem("LockedDefinition", message, Place(str(lab.definitions.folder), path=ref)))
            continue
        try:
            definition = lab.definitions[ref]
        except InputError:
            continue  # told by the registry
        if definition.file not in told and fingerprint(definition).meaning != locked.meaning:
            message = f"{ref} is locked in the ledger, and its meaning changed since."
            hint = "Undo the change, or give it a new version."
            found.append(Problem("LockedDefinition", message, Place(definition.file), hint=hint))
    return found


def _definitions(lab: Lab) -> list[Problem]:
    found = list(lab.definitions.problems())
    broken = {problem.place.file for problem in found}
    for ref in lab.definitions.refs():
        try:
            definition = lab.definitions[ref]
        except InputError:
            continue  # told by the registry
        if definition.file not in broken:
            found.extend(lint(definition))
    return found


def _gone(lab: Lab, logs: Mapping[str, Sequence[Step]], at: datetime) -> list[Problem]:
    """Experiments that were started and whose file is not there; of one that is over, a warning."""
    there = files(lab)
    return [
        replace(gone(lab, name, log).problem, severity="warning" if over(log, at) else "error")
        for name, log in logs.items()
        if name not in there
    ]


def _experiment(
    lab: Lab, name: str, log: Sequence[Step], late: int, at: datetime
) -> tuple[list[Problem], Protocol | None]:
    """The problems of one experiment's file; and the protocol as it stands, where the file can be used.

    What cannot be changed any more is no error: a running experiment that matures later than planned is a warning,
    and so is a file that was edited after its experiment was over.
    """
    path = files(lab)[name]
    try:
        plan = read(lab, path)
    except InputError as error:
        return list(error.problems), None
    status = lifecycle.state(plan, log, at=at).status
    tokens, timezone = lab.settings.lab.null_tokens, lab.settings.lab.timezone
    found = list(
        check_file(path, definitions=lab.definitions, null_tokens=tokens, timezone=timezone, lateness_days=late)
    )
    if status in OVER:
        found = [problem for problem in found if problem.severity == "error" and problem.code != "NeverMature"]
    elif status != "draft":
        found = [replace(one, severity="warning") if one.code == "NeverMature" else one for one in found]
    edited = _edited(lab, plan, log)
    found.extend([replace(one, severity="warning") for one in edited] if status in OVER else edited)
    return found, lifecycle.effective(plan, log)


def _edited(lab: Lab, plan: Protocol, log: Sequence[Step]) -> list[Problem]:
    known = places(read_yaml_file(files(lab)[plan.id])) if plan.id in files(lab) else {}
    found = []
    for change in lifecycle.changes_since_start(plan, log) or ():
        message = f"the experiment was started, and {change.words}."
        hint = "Undo the change; a new question is a new experiment."
        found.append(Problem("ProtocolChanged", message, _place(known, change.path, plan.file), hint=hint))
    begun = next((step for step in log if step.step == "start"), None)
    locked = dict(begun.details.get("definitions", {})) if begun else {}
    for ref, meaning in meanings(lab, plan).items():
        if locked.get(ref, meaning) != meaning:
            place = Place(lab.definitions[ref].file)
            message = f"'{plan.id}' runs on {ref}, and its meaning changed since the start."
            hint = "Undo the change; a changed definition is a new version."
            found.append(Problem("LockedDefinition", message, place, hint=hint))
    return found


def _between(lab: Lab, protocols: Sequence[Protocol]) -> list[Problem]:
    """What is wrong between experiments, at the line of the later one."""
    found = []
    for problem in check_together(protocols):
        file = problem.place.file
        path = next((path for path in files(lab).values() if str(path) == file), None)
        known = places(read_yaml_file(path)) if path else {}
        found.append(replace(problem, place=_place(known, problem.place.path, file)))
    return found


def _place(known: Mapping[str, Place], path: str | None, file: str | None) -> Place:
    """The place of the nearest key of the file on the way to `path`."""
    way = path or ""
    while way:
        if way in known:
            return replace(known[way], path=path)
        way = way.rpartition(".")[0]
    return Place(file, 1, 1, path) if file else Place(path=path)
