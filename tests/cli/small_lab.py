"""A small lab for tests: two definitions, one experiment, 240 leads with events and sales feedback."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mqlab.lab import Lab

TOML = """\
[lab]
name = "small"
timezone = "Europe/Berlin"
currency = "EUR"
internal_domains = ["ours.example"]
in_force = "points@1.0.0"
"""
POINTS = """\
kind: mql-definition/v1
id: points
version: 1.0.0
title: Points for size and pricing visits
owner: growth
fields:
  employees: {type: number}
events:
  page_view: {props: {path: string}}
  form_submit: {props: {form: string}}
scores:
  points:
    range: [0, 100]
    rules:
      - {id: size, field: employees, bands: [[0, 50, 10], [50, null, 40]]}
      - {id: pricing, event: page_view, where: "path == '/pricing'", points: 10, max_count: 3, within: 30d}
qualify: "points >= 50"
handoff: {first_touch: 24h}
"""
FAST = """\
kind: mql-definition/v1
id: points
version: 1.1.0
title: Points, and demo requests at once
owner: growth
extends: points@1.0.0
fast_track:
  - {id: demo-request, when: "count(form_submit, form == 'demo', within='7d') >= 1"}
handoff: {first_touch: 24h}
"""
EXPERIMENT = """\
kind: mql-experiment/v1
id: demo-requests
title: Does handing over demo requests at once bring more SQLs?
hypothesis: Leads who ask for a demo reach SQL more often when sales calls at once.
aim: growth
owner: growth
unit: lead
salt: demo-requests
enrolment: {from: 2026-01-05, to: 2026-03-01, timezone: Europe/Berlin}
eligible: "source != 'partner'"
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
  then:
    - {metric: won_per_lead, horizon: 60d}
    - {metric: revenue_per_lead, horizon: 60d, cap: 60000, currency: EUR}
  beside: [sql_per_mql, mql_per_lead, effort_per_win]
  guardrails:
    - {metric: won_per_lead, horizon: 60d, margin: 10%}
looks: {dates: [2026-04-15, 2026-06-30], spending: obrien_fleming, maximum_leads: 240}
alpha: 0.05
segments: [source]
"""
START = datetime(2026, 1, 4, 12, tzinfo=UTC)
LOOK = datetime(2026, 6, 30, 20, tzinfo=UTC)
"""An instant before the first lead, and one after everything is mature."""

LEADS = 240


def write_lab(folder: Path) -> Path:
    """The lab's files, nothing started and no ledger."""
    (folder / "definitions").mkdir(parents=True)
    (folder / "experiments").mkdir()
    (folder / "mqlab.toml").write_text(TOML)
    (folder / "definitions" / "points@1.0.0.yaml").write_text(POINTS)
    (folder / "definitions" / "points@1.1.0.yaml").write_text(FAST)
    (folder / "experiments" / "demo-requests.yaml").write_text(EXPERIMENT)
    return folder


def write_feeds(folder: Path) -> dict[str, Path]:
    """Leads, events and outcomes as CSV files; every number comes from one seed."""
    draw = random.Random(7)
    leads = ["lead_id,created_at,source,email,employees,known_at"]
    events = ["event_id,lead_id,name,occurred_at,known_at,path,form"]
    outcomes = ["lead_id,kind,occurred_at,known_at,opportunity_id,amount,currency"]
    for number in range(LEADS):
        lead = f"L{number:04d}"
        created = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=5 * number + 1)
        source = draw.choice(["organic", "paid_search", "referral"])
        company = draw.randrange(60)
        size = draw.choice([8, 20, 60, 400])
        leads.append(f"{lead},{_z(created)},{source},p{number}@acme-{company}.com,{size},{_z(created)}")
        for visit in range(draw.randrange(4)):
            at = created + timedelta(hours=draw.randrange(1, 200))
            path = draw.choice(["/pricing", "/blog"])
            events.append(f"E{number}-{visit},{lead},page_view,{_z(at)},{_z(at)},{path},")
        if draw.random() < 0.25:
            at = created + timedelta(hours=draw.randrange(1, 100))
            events.append(f"F{number},{lead},form_submit,{_z(at)},{_z(at)},,demo")
        chance = 0.45 if size >= 50 else 0.15
        if draw.random() < chance:
            at = created + timedelta(days=draw.randrange(2, 20))
            outcomes.append(f"{lead},sql,{_z(at)},{_z(at + timedelta(hours=6))},,,")
            if draw.random() < 0.4:
                won = at + timedelta(days=draw.randrange(2, 25))
                amount = draw.randrange(1, 40) * 500
                outcomes.append(f"{lead},closed_won,{_z(won)},{_z(won + timedelta(days=2))},O{number},{amount}.00,EUR")
    files = {}
    for kind, rows in (("leads", leads), ("events", events), ("outcomes", outcomes)):
        files[kind] = folder / f"{kind}.csv"
        files[kind].write_text("\n".join(rows) + "\n")
    return files


def started_lab(folder: Path) -> Lab:
    """The lab with its experiment approved and started before the first lead."""
    lab = Lab.open(write_lab(folder))
    for ref in ("points@1.0.0", "points@1.1.0"):
        for team in ("marketing", "sales"):
            lab.approve(ref, team=team, by="Ada King", at=START)
    lab.start("demo-requests", by="Ada King", at=START)
    return lab


def fed_lab(folder: Path) -> Lab:
    """The started lab with every feed read, known to be complete at `LOOK`."""
    lab = started_lab(folder)
    for kind, path in write_feeds(folder).items():
        lab.ingest(kind, path, now=LOOK)
    return lab


def _z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
