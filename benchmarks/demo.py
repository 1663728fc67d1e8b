"""How long the demo's simulation takes, and how much of it is judging leads: `python benchmarks/demo.py [SEED]`.

One reference is measured in the same run: drawing the same number of leads and events without judging or selling.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from mqlab.simulation.behaviour import behave
from mqlab.simulation.demo_plan import demo_plan
from mqlab.simulation.funnel import simulate
from mqlab.simulation.population import arrivals, people


def seconds(since: float) -> float:
    """CPU seconds of this process since an earlier reading."""
    return time.process_time() - since


def main(seed: int) -> None:
    """Print one line per step: what, CPU seconds, ratio to the reference, per lead."""
    began = time.process_time()
    plan = demo_plan()
    loading = seconds(began)

    began = time.process_time()
    rng = np.random.default_rng(seed)
    created = arrivals(rng, leads=plan.leads, first=plan.first_arrival, last=plan.last_arrival, zone=plan.timezone)
    events = behave(rng, people(rng, created))
    reference = seconds(began)

    began = time.process_time()
    funnel = simulate(plan, seed=seed)
    simulating = seconds(began)

    began = time.process_time()
    facts = funnel.facts()
    gathering = seconds(began)

    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        feeds = funnel.write_feeds(Path(folder))
        writing = seconds(began)

    judged = sum(len(at) for by_arm in funnel.by_arm.values() for at in by_arm.values())
    print(f"{plan.leads} leads, {len(events)} events drawn, {facts.outcomes.num_rows} outcomes, {judged} judgements")
    for words, took in (
        ("load two experiments, three definitions", loading),
        ("reference: draw leads and events", reference),
        ("simulate, with the truth", simulating),
        ("facts in Arrow", gathering),
        (f"write {sum(feed.rows for feed in feeds.values())} rows of CSV", writing),
    ):
        print(f"{words:45s} {took:7.2f} s  {took / reference:7.1f} x  {1e6 * took / plan.leads:8.1f} µs a lead")
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak_mib:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
