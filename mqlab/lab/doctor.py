"""`doctor`: everything a lab rests on, looked at one by one; what is broken is said and stops nothing else."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from mqlab import __version__
from mqlab.definitions.wording import plural
from mqlab.errors import InputError, MqlabError, ProblemsFound, RefusedError, UnreachableError
from mqlab.lab.core import Lab
from mqlab.leads.completeness import said_of
from mqlab.leads.instants import iso
from mqlab.leads.links import Linking
from mqlab.leads.ties import said_of as said_of_ties
from mqlab.settings.load import FILE_NAME, find_lab
from mqlab.store.health import Health, looked_at

Status = Literal["ok", "warning", "failed", "skipped"]

LIBRARIES = ("sqlalchemy", "alembic", "ibis-framework", "duckdb", "pyarrow", "pandas", "scipy", "statsmodels")
EXTRAS = {"postgres": "psycopg", "spark": "pyspark", "predict": "scikit-learn"}
GIB = 1 << 30
LITTLE_ROOM_BYTES, NO_ROOM_BYTES = GIB, GIB // 10
QUICK_BYTES = 2 * GIB
"""A larger file is read through for damage only when asked."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `next` is what to do, empty where nothing is; `unreachable` makes the exit code 3."""

    check: str
    status: Status
    detail: str
    next: str = ""
    unreachable: bool = field(default=False, compare=False)

    def to_dict(self) -> dict[str, str]:
        """The check as JSON."""
        return {name: value for name, value in asdict(self).items() if name != "unreachable"}


@dataclass(frozen=True, slots=True)
class Examination:
    """What the doctor found, in the order it looked."""

    folder: str
    checks: tuple[Check, ...]

    @property
    def status(self) -> Status:
        """The worst of all."""
        found = {check.status for check in self.checks}
        return "failed" if "failed" in found else "warning" if "warning" in found else "ok"

    @property
    def unreachable(self) -> bool:
        """Whether a store or an engine could not be reached."""
        return any(check.unreachable for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """The examination as JSON."""
        steps = list(dict.fromkeys(check.next for check in self.checks if check.next))
        checks = [check.to_dict() for check in self.checks]
        return {"lab": self.folder, "status": self.status, "checks": checks, "next": steps}


def examine(start: Path | None, *, now: datetime, deep: bool = False) -> Examination:
    """Look at the lab in `start`, or the nearest one upward. Nothing is written, and nothing found wrong raises."""
    checks = [_program()]
    lab, settings = _settings(start)
    checks.append(settings)
    folder = lab.folder if lab else (start or Path.cwd())
    if lab is None:
        checks += [
            Check(name, "skipped", f"Not looked at: it needs a readable {FILE_NAME}.")
            for name in ("definitions", "store", "clock", "warehouse")
        ]
        checks.append(_guarded("disk", partial(_disk, folder, None)))
        return Examination(str(folder), tuple(checks))
    recorded_at: list[datetime | None] = []
    store = list(_store(lab, deep, recorded_at))
    if any(check.status == "failed" or (check.check, check.status) == ("migrations", "warning") for check in store):
        checks.append(Check("definitions", "skipped", "Not looked at: the store has to be well and up to date first."))
    else:
        checks.append(_guarded("definitions", partial(_definitions, lab, now)))
    checks += store
    checks.append(_guarded("clock", partial(_clock, lab, now, recorded_at[0] if recorded_at else None)))
    checks.append(_guarded("disk", partial(_disk, folder, _sqlite_file(lab))))
    checks.append(_guarded("warehouse", partial(_warehouse, lab)))
    return Examination(str(folder), tuple(checks))


def _guarded(name: str, look: Callable[[], Check]) -> Check:
    """A look that fails with one of our errors, or the system's, is a failed check."""
    try:
        return look()
    except (MqlabError, OSError) as error:
        return _failed(name, error)


def _failed(name: str, error: Exception) -> Check:
    unreachable = isinstance(error, UnreachableError)
    match error:
        case UnreachableError() | RefusedError():
            lines = str(error).splitlines()
            what = " ".join(line for line in lines if line.strip() != f"({error.code})").strip()
            hint = error.hint or ""
            return Check(name, "failed", what.removesuffix(hint).strip(), hint, unreachable)
        case ProblemsFound():
            told = "; ".join(f"{problem.place}: {problem.message}" for problem in error.problems[:3])
            more = f" and {len(error.problems) - 3} more" if len(error.problems) > 3 else ""
            return Check(name, "failed", f"{told}{more}", error.problem.hint or "")
        case InputError():
            place = f"{error.problem.place}: " if str(error.problem.place) else ""
            return Check(name, "failed", f"{place}{error.problem.message}", error.problem.hint or "")
        case _:
            return Check(name, "failed", str(error), unreachable=unreachable)


def _program() -> Check:
    found = [f"{name} {_version(name)}" for name in LIBRARIES]
    extras = [f"[{extra}] {_version(name, install=f'mqlab[{extra}]')}" for extra, name in EXTRAS.items()]
    detail = (
        f"mqlab {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{platform.system()} {platform.machine()}; {', '.join(found)}; extras: {', '.join(extras)}."
    )
    return Check("program", "ok", detail)


def _version(name: str, *, install: str = "") -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed" + (f" (pip install '{install}')" if install else "")


def _settings(start: Path | None) -> tuple[Lab | None, Check]:
    try:
        lab = Lab.open(start.resolve() if start else find_lab(Path.cwd()))
    except (MqlabError, OSError) as error:
        found = _failed("settings", error)
        return None, found if found.next else replace(found, next=f"Correct {FILE_NAME}, then look again: mqlab doctor")
    told = [name for name in ("MQLAB_STORE_URL", "MQLAB_WAREHOUSE_URL") if os.environ.get(name)]
    beside = f" and {', '.join(told)} of the environment" if told else ""
    return lab, Check("settings", "ok", f"The lab '{lab.settings.lab.name}' by {lab.folder / FILE_NAME}{beside}.")


def _definitions(lab: Lab, now: datetime) -> Check:
    try:
        problems = lab.check(now)
    finally:
        lab.reading.close()
    errors = sum(problem.severity == "error" for problem in problems)
    counts = f"{plural(errors, 'error')} and {plural(len(problems) - errors, 'warning')}"
    detail = f"{counts} in definitions and experiments."
    status: Status = "failed" if errors else "warning" if problems else "ok"
    return Check("definitions", status, detail, "See them with: mqlab check" if problems else "")


def _store(lab: Lab, deep: bool, recorded_at: list[datetime | None]) -> Iterator[Check]:
    """The store, as far as it answers: reachable, version, damage, writing, contents, quarantine."""
    try:
        with looked_at(lab.settings.store_url(lab.folder)) as health:
            kind, revision = health.version()
            size = f", {_size(_bytes_of(health.file))}" if health.file else ""
            yield Check("store", "ok", f"{health.shown} answers{size}.")
            yield from _of_version(health, lab.settings.linking, kind, revision, deep, recorded_at)
            if kind == "current" and lab.settings.crm.match_domains:
                yield _guarded("domains", partial(_domains, health, lab.settings.linking))
    except UnreachableError as error:
        if error.code == "StoreMissing" and not _elsewhere(lab):
            nothing = "There is no ledger yet: nothing was brought into this lab."
            yield Check("store", "warning", nothing, "The first import makes it: mqlab ingest leads FILE")
        else:
            yield _failed("store", error)
    except MqlabError as error:
        yield _failed("store", error)


def _elsewhere(lab: Lab) -> bool:
    """Whether somebody chose where the store lies, so that a missing one is no lab at its beginning."""
    file = _sqlite_file(lab)
    return file is None or (file.exists() and file.stat().st_size > 0) or lab.settings.store.url != _DEFAULT_URL


_DEFAULT_URL = "sqlite:///.mqlab/ledger.sqlite"


def _of_version(
    health: Health, linking: Linking, kind: str, revision: str, deep: bool, recorded_at: list[datetime | None]
) -> Iterator[Check]:
    if kind == "newer":
        yield Check("migrations", "failed", f"The store is of a newer program: revision {revision}.", "Update mqlab.")
        return
    if kind == "none":
        yield Check("migrations", "failed", "The database holds no ledger.", "Make one with: mqlab ingest …", True)
        return
    late = "It is brought up to date by the next command that opens it; make a backup first: mqlab backup FILE"
    yield Check("migrations", "ok" if kind == "current" else "warning", f"Revision {revision}, {kind}.",
                "" if kind == "current" else late)  # fmt: skip
    yield _guarded("damage", partial(_damage, health, deep))
    yield _guarded("writing", partial(_writing, health))
    yield from _contents(health, linking, recorded_at)


def _damage(health: Health, deep: bool) -> Check:
    if health.file is None:
        return Check("damage", "skipped", "The server minds its own files.")
    size = health.file.stat().st_size
    if size > QUICK_BYTES and not deep:
        return Check("damage", "skipped", f"{_size(size)} are not read through.", "Read them with: mqlab doctor --deep")
    found = health.damage(deep=deep)
    if found is None:
        return Check("damage", "ok", "SQLite finds none" + (", in the indices neither." if deep else "."))
    return Check("damage", "failed", f"SQLite says: {found}.", "Restore a backup: mqlab restore FILE", True)


def _writing(health: Health) -> Check:
    match health.writing():
        case "free":
            return Check("writing", "ok", "Nobody is writing, and this user may.")
        case "busy":
            return Check("writing", "warning", "Another command is writing now.", "Wait until it has ended.")
        case _:
            hint = "Give your user the right to write the file and its folder."
            return Check("writing", "failed", "The store is read-only to this user.", hint, True)


def _contents(health: Health, linking: Linking, recorded_at: list[datetime | None]) -> Iterator[Check]:
    try:
        held = health.held()
    except MqlabError as error:
        yield _failed("contents", error)
        return
    recorded_at.append(held.recorded_at)
    rows = ", ".join(f"{count:,} {kind}" for kind, count in held.facts.items())
    last = f"; the last: {held.last_import[1]} on {iso(held.last_import[2])}" if held.last_import else ""
    detail = f"Ledger position {held.position}: {rows} (versions of facts); imports: {held.imports:,}{last}."
    yield Check("contents", "ok", detail, "" if held.imports else "Bring leads in with: mqlab ingest leads FILE")
    yield Check(
        "unmatched", "warning" if held.unmatched else "ok", f"Facts that wait for their lead: {held.unmatched:,}.",
        "Import the leads they name, or the merges: they count as soon as those are there." if held.unmatched else "",
    )  # fmt: skip
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in held.quarantined.items())
    yield Check(
        "quarantine", "warning" if reasons else "ok", f"Open rows: {reasons}." if reasons else "No row is open.",
        "See why with: mqlab quarantine list" if reasons else "",
    )  # fmt: skip
    yield _guarded("ties", partial(_ties, health, linking))
    yield _guarded("histories", partial(_histories, health))


def _ties(health: Health, linking: Linking) -> Check:
    found = health.ties(linking)
    if not found.outcomes:
        return Check("ties", "ok", "No outcome has come to belong to several leads since it was read.")
    said, _, hint = said_of_ties(found).partition("). ")
    return Check("ties", "warning", f"{said}).", hint)


def _histories(health: Health) -> Check:
    found = health.stage_gaps()
    if not found.compared:
        return Check("histories", "ok", "No opportunity came with its history and a row of its own.")
    if not found.differing:
        return Check("histories", "ok", f"The stages of {found.compared:,} opportunities agree with their histories.")
    said, _, hint = said_of(found).partition(". ")
    return Check("histories", "warning", f"{said}.", hint)


def _domains(health: Health, linking: Linking) -> Check:
    told = health.by_domain(linking)
    tied = f" Several leads share that of {told.tied:,} more, which are nobody's." if told.tied else ""
    return Check("domains", "ok", f"Outcomes whose lead only the domain of its company told: {told.found:,}.{tied}")


def _clock(lab: Lab, now: datetime, recorded_at: datetime | None) -> Check:
    local = now.astimezone(lab.settings.zone)
    detail = f"{iso(now.replace(microsecond=0))}, in {lab.settings.lab.timezone} {local:%Y-%m-%d %H:%M}."
    if recorded_at is not None and recorded_at > now + timedelta(minutes=5):
        return Check(
            "clock", "failed", f"{detail} The ledger was written at {iso(recorded_at)}, which is later.",
            "Set this machine's clock.",
        )  # fmt: skip
    return Check("clock", "ok", detail)


def _disk(folder: Path, file: Path | None) -> Check:
    there = file.parent if file and file.parent.exists() else folder
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    needed = max(LITTLE_ROOM_BYTES, 2 * _bytes_of(file))
    detail = f"{_size(free)} free at {there}."
    if free < NO_ROOM_BYTES:
        return Check("disk", "failed", detail, "Make room before anything is imported.")
    low = free < needed
    return Check("disk", "warning" if low else "ok", detail, f"Make room: {_size(needed)} let it grow." if low else "")


def _warehouse(lab: Lab) -> Check:
    from mqlab.warehouse.engines.engine import open_engine
    from mqlab.warehouse.engines.urls import without_password
    from mqlab.warehouse.view.tables import lab_tables

    settings = lab.settings.warehouse
    shown = without_password(settings.url)
    with open_engine(settings.url, memory_limit=settings.memory_limit, folder=lab.folder) as engine:
        if not settings.holds_the_lab:
            return Check("warehouse", "ok", f"{shown}: {engine.name} in this process, over the ledger's facts.")
        there = ", ".join(table.name for table in lab_tables(engine).present())
    return Check("warehouse", "ok", f"{shown} answers and holds the tables {there}.")


def _sqlite_file(lab: Lab) -> Path | None:
    url = lab.settings.store_url(lab.folder)
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _bytes_of(file: Path | None) -> int:
    if file is None:
        return 0
    parts = (file, file.with_name(f"{file.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.is_file())


def _size(count: int) -> str:
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
