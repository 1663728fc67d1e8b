"""How long judging one lead with 30 events takes in Python, in µs (goal: at most 250, architecture.md section 10).

Run: `python benchmarks/evaluate_one_lead.py [--definitions FOLDER] [--leads N]`. Every figure is the median over the
leads of the best of three rounds; "never" are leads that do not qualify, which cost most.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from mqlab.definitions.evaluate import Crossing, Evaluator
from mqlab.definitions.prepare import Prepared, prepare
from mqlab.definitions.registry import Registry
from mqlab.leads.instants import micros
from mqlab.leads.records import Event, FieldChange, History, Lead, Scalar

START = datetime(2026, 7, 1, tzinfo=UTC)
AS_OF = START + timedelta(days=120)
WITHIN_US = 60 * 86_400_000_000
NAMES = ("page_view", "webinar_attended", "email_click", "form_submit", "newsletter_signup", "ad_click", "cart_add")


def lead(number: int, rng: random.Random, *, events: int = 30) -> History:
    """A lead with events from 60 days before its start to 90 days after; some become known late."""
    found = []
    for index in range(events):
        occurred = START + timedelta(minutes=rng.randrange(-60 * 1440, 90 * 1440))
        late = timedelta(hours=rng.choice((0, 0, 0, 0, 30)))
        name = rng.choice((*NAMES, "page_view", "page_view", "email_click"))
        declared: dict[str, dict[str, Scalar]] = {
            "page_view": {"path": rng.choice(("/pricing", "/blog", "/docs", "/"))},
            "email_click": {"seconds_since_delivery": float(rng.randrange(400)), "is_bot": False},
            "form_submit": {"form": rng.choice(("newsletter", "demo", "ebook"))},
        }
        props = declared.get(name, {})
        found.append(Event(name, occurred, occurred + late, f"e{number}-{index}", "web", props))
    fields = {
        "employees": float(rng.choice((10, 80, 420, 5000))),
        "industry": rng.choice(("software", "finance", "retail")),
        "title": rng.choice(("vp of revenue operations", "marketing manager", "intern", "head of sales")),
        "email_type": rng.choice(("business", "business", "free")),
        "seniority": rng.choice(("ic", "manager", "vp")),
        "need": rng.choice(("none", "low", "medium", "high")),
        "authority": rng.choice(("none", "low", "medium", "high")),
        "email_domain": "example.com",
    }
    changed = START + timedelta(days=rng.randrange(50))
    changes = (FieldChange("employees", 300.0, changed, changed),) if rng.random() < 0.2 else ()
    return History(Lead(f"lead-{number}", START, "organic", fields=fields), tuple(found), changes)


def microseconds(work: Callable[[], object]) -> float:
    """The best of three runs."""
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter_ns()
        work()
        best = min(best, time.perf_counter_ns() - begun)
    return best / 1000


def main() -> None:
    """Print one row per definition: preparing the history apart, then judging it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--definitions", type=Path, default=Path(__file__).parent.parent / "definitions")
    parser.add_argument("--leads", type=int, default=300)
    options = parser.parse_args()
    rng = random.Random(2026)
    leads = [lead(number, rng) for number in range(options.leads)]
    prepared = [prepare(history) for history in leads]
    preparing = [microseconds(partial(ready, history)) for history in leads]
    print(f"{'prepare one lead, 30 events':34} {statistics.median(preparing):8.0f} µs")
    print(f"{'definition':34} {'median':>8} {'p90':>8} {'never':>8} {'with prepare':>13}   qualified")
    registry = Registry.open(options.definitions)
    for ref in registry.refs():
        print(row(Evaluator(registry[ref]), leads, prepared))


def ready(history: History) -> object:
    """The history prepared, with its view."""
    return prepare(history).view(micros(AS_OF))


def row(evaluator: Evaluator, leads: Sequence[History], prepared: Sequence[Prepared]) -> str:
    """What one definition takes."""

    def judge(one: History | Prepared) -> Crossing:
        return evaluator.first_crossing(one, as_of=AS_OF, qualify_within_us=WITHIN_US)

    times = [microseconds(partial(judge, one)) for one in prepared]
    whole = [microseconds(partial(judge, one)) for one in leads]
    crossed = [judge(one).verdict == "mql" for one in prepared]
    never = [took for took, mql in zip(times, crossed, strict=True) if not mql]
    return (
        f"{evaluator.definition.ref:34} {statistics.median(times):8.0f} {statistics.quantiles(times, n=10)[-1]:8.0f}"
        f" {statistics.median(never) if never else 0:8.0f} {statistics.median(whole):13.0f}"
        f"   {sum(crossed) / len(crossed):.0%}"
    )


if __name__ == "__main__":
    main()
