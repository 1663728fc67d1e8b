"""What reports cost: one experiment's in every format, and the review of a quarter in which many experiments ran.

Each is a process of its own, run as a user runs it, and told with its wall time and its peak memory. The goals: the
demo's experiment in every format under 10 s; a quarter with 20 experiments and 200,000 leads under 60 s and 2 GB. The
reference of the first is `mqlab analyze` of the same experiment as JSON; that of the quarter, so many times `mqlab
analyze` of one of its experiments. Memory is that of the largest process, the ones it starts included.

Run: python benchmarks/reports.py [LEADS] [EXPERIMENTS]
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ledger_growth import POINTS

from mqlab.lab import Lab

LEADS, EXPERIMENTS = 200_000, 20
DEMO_GOAL_S, QUARTER_GOAL_S, QUARTER_GOAL_GIB = 10, 60, 2e9 / 2**30
FIRST = datetime(2025, 7, 1, tzinfo=UTC)
DAYS = 90
LOOK = datetime(2025, 12, 20, 20, tzinfo=UTC)
DEMO = ("challenger", "--as-of", "2026-01-15")

SETTINGS = """
[lab]
name = "many"
timezone = "UTC"
currency = "EUR"
in_force = "points@1.0.0"
approvals_required = false
"""
DEFINITION = POINTS.replace("fields:\n", "fields:\n  desk: {{type: string}}\n")
EXPERIMENT = """
kind: mql-experiment/v1
id: {name}
title: Do more points for size bring more SQLs, at {name}?
hypothesis: Large companies reach SQL more often when sales calls earlier.
aim: growth
owner: growth
unit: lead
salt: {name}
enrolment: {{from: 2025-07-01, to: 2025-09-30, timezone: UTC}}
phases: [{{from: 2025-07-01, coverage: 100%}}]
eligible: "desk == '{name}'"
control: current
arms:
  current:    {{definition: points@1.0.0, weight: 1}}
  challenger: {{definition: points@1.1.0, weight: 1}}
qualify_within: 30d
handling: blinded
cadence: 1h
metrics:
  primary: {{metric: sql_per_lead, horizon: 30d, minimum_effect: 5%}}
  then: [{{metric: won_per_lead, horizon: 60d}}]
looks: {{dates: [2025-12-20], spending: obrien_fleming, maximum_leads: 100000}}
alpha: 0.05
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall time and peak memory of a command."""

    seconds: float
    gib: float


def run(*arguments: str, folder: Path) -> Cost:
    """One `mqlab` command in a lab, to its end."""
    began = time.perf_counter()
    command = [Path(sys.executable).with_name("mqlab"), *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"mqlab {' '.join(arguments)} ended with {process.returncode}")
    return Cost(time.perf_counter() - began, used.ru_maxrss / 2**20)


def many(folder: Path, leads: int, experiments: int) -> None:
    """A lab in which every desk has an experiment of its own, and leads with two events and up to four outcomes."""
    desks = [f"desk-{number:02d}" for number in range(1, experiments + 1)]
    files = {
        "mqlab.toml": SETTINGS,
        "definitions/points@1.0.0.yaml": DEFINITION.format(version="1.0.0", points=30),
        "definitions/points@1.1.0.yaml": DEFINITION.format(version="1.1.0", points=40),
        **{f"experiments/{desk}.yaml": EXPERIMENT.format(name=desk) for desk in desks},
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    lab = Lab.open(folder)
    for desk in desks:
        lab.start(desk, by="Ada King", at=FIRST - timedelta(hours=12))
    feed(lab, folder, leads, desks)
    lab.ledger.close()


def feed(lab: Lab, folder: Path, leads: int, desks: list[str]) -> None:
    """Leads that come evenly over the quarter."""
    draw = random.Random(20_250_701)
    rows: dict[str, list[str]] = {
        "leads": ["lead_id,created_at,known_at,source,employees,desk"],
        "events": ["lead_id,event_id,name,occurred_at,known_at,path"],
        "outcomes": ["lead_id,kind,occurred_at,known_at,opportunity_id,amount,currency,reason_code"],
    }
    for number in range(leads):
        lead, created = f"L{number:08d}", FIRST + timedelta(days=DAYS * number / leads)
        at, source = _z(created), draw.choice(("organic", "paid", "event", "partner"))
        rows["leads"].append(f"{lead},{at},{at},{source},{draw.choice((8, 60, 400))},{desks[number % len(desks)]}")
        for visit in range(2):
            at = _z(created + timedelta(hours=draw.randrange(1, 200)))
            rows["events"].append(f"{lead},E{visit},page_view,{at},{at},{draw.choice(('/pricing', '/blog'))}")
        told = (
            [("accepted", ",,,")] if draw.random() < 0.4 else [("rejected", f",,,{draw.choice(('FIT-01', 'ENG-01'))}")]
        )
        if told[0][0] == "accepted" and draw.random() < 0.4:
            told.append(("sql", ",,,"))
            if draw.random() < 0.3:
                told.append(("closed_won", f"O{number},{draw.randrange(500, 9000)}.00,EUR,"))
        for step, (kind, rest) in enumerate(told, 1):
            at = _z(created + timedelta(days=step * draw.randrange(1, 15)))
            rows["outcomes"].append(f"{lead},{kind},{at},{at},{rest}")
    for kind, lines in rows.items():
        file = folder / f"{kind}.csv"
        file.write_text("\n".join(lines) + "\n")
        lab.ingest(kind, file, now=LOOK)


def _z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def main(leads: int, experiments: int) -> None:
    """Print a line for each report, and one for its reference."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("demo", "lab", "--force", folder=folder)
        report = ("report", "experiment", *DEMO, "--to", "all", "--force")
        analysed = run("analyze", *DEMO, "--format", "json", folder=folder / "lab")
        made = [run(*report, folder=folder / "lab") for _ in range(3)]
        best = min(made, key=lambda cost: cost.seconds)
        print(f"the demo's experiment in every format: {_told(best)} (goal {DEMO_GOAL_S} s), all three: ", end="")
        print(", ".join(f"{cost.seconds:.1f}" for cost in made))
        print(f"  beside mqlab analyze, {_told(analysed)}: {best.seconds / analysed.seconds:.1f} x")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many(folder, leads, experiments)
        at = LOOK.date().isoformat()
        analysed = run("analyze", "desk-01", "--as-of", at, "--format", "json", folder=folder)
        cost = run("report", "quarter", "2025Q3", "--as-of", at, "--to", "all", folder=folder)
        goals = f"(goals {QUARTER_GOAL_S} s, {QUARTER_GOAL_GIB:.2f} GiB)"
        print(f"a quarter with {experiments} experiments and {leads:,} leads in every format: {_told(cost)} {goals}")
        ratio = cost.seconds / (experiments * analysed.seconds)
        print(f"  beside {experiments} x mqlab analyze, {_told(analysed)} each: {ratio:.2f} x")


def _told(cost: Cost) -> str:
    return f"{cost.seconds:.1f} s, {cost.gib:.2f} GiB"


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:]]
    main(*(numbers + [LEADS, EXPERIMENTS][len(numbers) :]))
