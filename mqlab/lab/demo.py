"""`demo`: a lab with a simulated quarter and two experiments, run through the front door from start to verdict."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mqlab.errors import RefusedError
from mqlab.lab.analyze import Analysis
from mqlab.lab.core import Lab
from mqlab.lab.demo_screen import screen
from mqlab.lab.files import write_whole
from mqlab.lab.progress import Progress
from mqlab.simulation.demo_plan import CURRENCY, EXPERIMENTS, IN_FORCE, TIMEZONE, demo_files, demo_plan
from mqlab.simulation.feeds import ORDER
from mqlab.simulation.funnel import Funnel, simulate

MARKER = ".mqlab-demo"
SETTINGS = f"""# The settings of the demo's lab.
[lab]
name = "demo"
timezone = "{TIMEZONE}"
currency = "{CURRENCY}"
internal_domains = []
approvals_required = true
in_force = "{IN_FORCE}"

[store]
url = "sqlite:///.mqlab/ledger.sqlite"
"""
APPROVERS = {"marketing": "Mara Marketing", "sales": "Sam Sales"}


@dataclass(frozen=True)
class DemoRun:
    """What the demo did: the lab, what happened in it, and what came out."""

    folder: Path
    seed: int
    lab: Lab
    funnel: Funnel
    as_of: datetime
    counts: dict[str, dict[str, int]]
    analyses: dict[str, Analysis]
    reports: dict[str, Path]


def run_demo(folder: Path, *, seed: int, overwrite: bool, progress: Progress) -> str:
    """Make the lab in `folder`, run both experiments, and return the screen that tells the story.

    Raises RefusedError where the folder holds anything that is not an earlier demo, or is one and may not be replaced.
    """
    return screen(demo_run(folder, seed=seed, overwrite=overwrite, progress=progress))


def demo_run(folder: Path, *, seed: int, overwrite: bool, progress: Progress) -> DemoRun:
    """As `run_demo`, but returns what happened rather than the words for it."""
    _make_room(folder, overwrite)
    lab = _new_lab(folder)
    plan = demo_plan()
    begin = min(protocol.enrolment_start for protocol in plan.protocols)
    _start_experiments(lab, begin - timedelta(days=7))
    funnel = simulate(
        plan, seed=seed, progress=lambda what, share: progress(f"simulating: {what}", int(100 * share), 100)
    )
    as_of = plan.as_of
    feeds = funnel.write_feeds(folder / "feeds")
    counts = {}
    for number, kind in enumerate(ORDER):
        progress("reading feeds", number, len(ORDER))
        counts[kind] = lab.ingest(kind.replace("_", "-"), feeds[kind].path, now=as_of).to_dict()
    progress("reading feeds", len(ORDER), len(ORDER))
    analyses, reports = {}, {}
    for name in EXPERIMENTS:
        analyses[name] = lab.analyze(name, as_of=as_of, progress=_named(name, progress))
        progress(f"{name}: report", 0, 1)
        reports[name] = lab.write_report(analyses[name], overwrite=True)
        progress(f"{name}: report", 1, 1)
    lab.ledger.close()
    return DemoRun(folder, seed, lab, funnel, as_of, counts, analyses, reports)  # type: ignore[arg-type]


def _named(experiment: str, progress: Progress) -> Progress:
    return lambda what, done, total: progress(f"{experiment}: {what}", done, total)


def _make_room(folder: Path, overwrite: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / MARKER).is_file():
        raise RefusedError(
            f"{folder} exists and holds something that is not a demo.", code="NotEmpty", hint="Name a new folder."
        )
    if not overwrite:
        raise RefusedError(f"{folder} holds an earlier demo.", code="DemoExists", hint="Replace it with --force.")
    for path in _own(folder):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _own(folder: Path) -> Iterator[Path]:
    """What a demo writes; whatever else stands in the folder stays."""
    for name in (".mqlab", "feeds", "reports", "definitions", "experiments", "mqlab.toml", MARKER):
        if (folder / name).exists():
            yield folder / name


def _new_lab(folder: Path) -> Lab:
    write_whole(folder / MARKER, "Made by mqlab demo, which may replace it.\n")
    write_whole(folder / "mqlab.toml", SETTINGS)
    for path, text in demo_files().items():
        write_whole(folder / path, text)
    return Lab.open(folder)


def _start_experiments(lab: Lab, at: datetime) -> None:
    """Both teams approve every definition, then each experiment starts: a week before the first lead arrives."""
    protocols = [lab.protocol(name) for name in EXPERIMENTS]
    refs = sorted({arm.definition for protocol in protocols for arm in protocol.arms})
    lab.lock(refs, at=at, by=APPROVERS["marketing"])
    for ref in refs:
        for team, who in APPROVERS.items():
            lab.approve(ref, team=team, by=who, at=at)
    for name in EXPERIMENTS:
        lab.start(name, by=APPROVERS["marketing"], at=at)
