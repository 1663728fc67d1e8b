"""How long compiled definitions take over every lead, beside SQL written by hand for the same rules.

The same leads with six events each, a tenth of them arriving days late, judged for the first instant at which a
definition holds: four rules with windows, `max_count` and two half-lives. The query by hand is as exact: events count
from when they arrive, later ones displace earlier ones, scores are compared after nine decimals; both must find the
same instants. Goals: one definition at most 1.5 times the query by hand, four in one pass at most 2.5 times one.

Run: python benchmarks/sweep.py [LEADS]
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence

import ibis

from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.leads.instants import DAY_US
from mqlab.warehouse.compile import crossings
from mqlab.warehouse.engines.duckdb import THREADS
from mqlab.warehouse.engines.engine import Engine, open_engine
from mqlab.warehouse.readings import Readings, readings_of
from mqlab.warehouse.view.known import CHANGE_COLUMNS, EVENT_COLUMNS, LEAD_COLUMNS, KnownFacts
from mqlab.warehouse.view.stretches import START_COLUMNS, view_of

REPEATS = 3
EVENTS_EACH = 6
WINDOW_DAYS = 60
FIRST_US = 1_780_000_000_000_000
AS_OF_US = FIRST_US + 200 * DAY_US

DEFINITION = """
kind: mql-definition/v1
id: score-{number}
version: 1.0.0
events: {{page_view: {{props: {{path: string}}}}, webinar: {{}}, click: {{}}, demo: {{}}}}
scores:
  interest:
    rules:
      - id: pricing
        event: page_view
        where: path == '/pricing'
        points: 12
        max_count: 3
        within: 90d
        decay: {{half_life: {pricing}}}
      - {{id: webinar, event: webinar, points: {webinar}, max_count: 2, within: 180d, decay: {{half_life: 30d}}}}
      - {{id: click, event: click, points: 3, max_count: 5, within: 30d}}
      - {{id: demo, event: demo, points: 20, within: {demo}}}
qualify: interest >= {threshold}
"""
TABLES = f"""
CREATE TEMP TABLE starts AS
SELECT 'L' || i AS key, 'L' || i AS lead_id, NULL::VARCHAR AS account, true AS whole, start_us,
  start_us + {WINDOW_DAYS * DAY_US} AS until_us
FROM (SELECT i, {FIRST_US} + (hash(i) % {90 * DAY_US})::BIGINT AS start_us FROM range({{count}}) r(i));
CREATE TEMP TABLE leads AS
SELECT lead_id, '' AS source, NULL::VARCHAR AS account_key, NULL::VARCHAR AS email_domain, start_us AS created_us,
  start_us AS known_us, false AS row_is_current
FROM starts;
CREATE TEMP TABLE events AS
SELECT lead_id, ['page_view', 'webinar', 'click', 'demo'][1 + (hash(j * 7, lead_id) % 10)::INT // 3] AS name,
  occurred_us, occurred_us + CASE WHEN hash(lead_id, j) % 10 = 0 THEN (hash(j, lead_id) % {5 * DAY_US})::BIGINT
    ELSE 0 END AS known_us,
  CASE WHEN hash(lead_id, j * 13) % 3 = 0 THEN '/pricing' ELSE '/blog' END AS p0
FROM (
  SELECT lead_id, j, start_us - {30 * DAY_US} + (hash(lead_id, j * 17) % {100 * DAY_US})::BIGINT AS occurred_us
  FROM starts, range({EVENTS_EACH}) r(j)
);
"""


def displaced(count: int) -> str:
    """When the `count`-th later event of a channel that arrives puts an event out."""
    later = "PARTITION BY lead_id ORDER BY occ, known ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING"
    return f"list_sort(array_agg(known) OVER ({later}))[{count}]"


SUMS = ", ".join(f"sum(CASE WHEN channel = {i} THEN w ELSE 0 END) OVER so_far AS s{i}" for i in range(4))
BY_HAND = f"""
CREATE OR REPLACE TEMP TABLE by_hand AS
WITH known AS (
  SELECT lead_id, name, p0, occurred_us - start_us AS occ, known_us - start_us AS known,
    least({AS_OF_US} - start_us, until_us - 1 - start_us) AS final
  FROM events JOIN starts USING (lead_id)
  WHERE known_us <= least({AS_OF_US}, until_us - 1)
), pricing AS (
  SELECT lead_id, 0 AS channel, known AS a, least(occ + {90 * DAY_US}, displaced) AS b,
    2.0::DOUBLE ^ (occ / {14.0 * DAY_US}::DOUBLE) AS w, final
  FROM (SELECT *, {displaced(3)} AS displaced FROM known WHERE name = 'page_view' AND p0 = '/pricing')
), webinar AS (
  SELECT lead_id, 1, known, least(occ + {180 * DAY_US}, displaced), 2.0::DOUBLE ^ (occ / {30.0 * DAY_US}::DOUBLE), final
  FROM (SELECT *, {displaced(2)} AS displaced FROM known WHERE name = 'webinar')
), click AS (
  SELECT lead_id, 2, known, least(occ + {30 * DAY_US}, displaced), 1.0::DOUBLE, final
  FROM (SELECT *, {displaced(5)} AS displaced FROM known WHERE name = 'click')
), demo AS (
  SELECT lead_id, 3, known, occ + {60 * DAY_US}, 1.0::DOUBLE, final FROM known WHERE name = 'demo'
), spans AS (
  SELECT * FROM (FROM pricing UNION ALL FROM webinar UNION ALL FROM click UNION ALL FROM demo) WHERE a < b AND b > 0
), stream AS (
  SELECT lead_id, channel, greatest(a, 0) AS t, w FROM spans
  UNION ALL SELECT lead_id, channel, b, -w FROM spans WHERE b <= final
  UNION ALL SELECT lead_id, -1, 0, 0.0 FROM starts
), sums AS (
  SELECT lead_id, t, {SUMS}
  FROM stream
  WINDOW so_far AS (PARTITION BY lead_id ORDER BY t RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT lead_id, min(t) AS t FROM sums
WHERE floor(
  (12 * s0 * 2.0::DOUBLE ^ (-t / {14.0 * DAY_US}::DOUBLE) + 15 * s1 * 2.0::DOUBLE ^ (-t / {30.0 * DAY_US}::DOUBLE)
    + 3 * s2 + 20 * s3) * 1e9::DOUBLE + 0.5
) >= 25e9::DOUBLE
GROUP BY lead_id
"""
DIFFERING = """
SELECT count(*) FROM by_hand FULL JOIN (
  SELECT key AS lead_id, at_0 - start_us AS t FROM crossings JOIN starts USING (key) WHERE at_0 IS NOT NULL
) AS compiled USING (lead_id) WHERE by_hand.t IS DISTINCT FROM compiled.t
"""


def versions(count: int) -> list[Definition]:
    """So many versions of one score: the second has other points, the third a half-life, the fourth a window too."""
    texts = [
        DEFINITION.format(
            number=i,
            webinar=15 + i,
            threshold=25 + i,
            pricing="21d" if i == 2 else "14d",
            demo="45d" if i == 3 else "60d",
        )
        for i in range(count)
    ]
    return [load_text(text, file=f"score-{i}@1.0.0.yaml") for i, text in enumerate(texts)]


def known_facts(engine: Engine, readings: Readings) -> KnownFacts:
    """The made tables as what is known."""
    events = engine.temporary("events", ibis.schema({**EVENT_COLUMNS, "p0": "string"}))
    changes = engine.load("changes", ibis.schema(CHANGE_COLUMNS).to_pyarrow().empty_table())
    leads = engine.temporary("leads", ibis.schema(LEAD_COLUMNS))
    return KnownFacts(readings=readings, leads=leads, changes=changes, events=events, versions=events, repeated=None)


def seconds_of(works: Sequence[Callable[[], object]]) -> list[float]:
    """CPU seconds of each in the fastest of a few runs, taken in turns; neighbours on the machine count for little."""
    fastest = [math.inf] * len(works)
    for _ in range(REPEATS):
        for number, work in enumerate(works):
            start = time.process_time()
            work()
            fastest[number] = min(fastest[number], time.process_time() - start)
    return fastest


def main(count: int) -> None:
    """Print seconds and ratios, and that both find the same instants."""
    with open_engine("duckdb://", memory_limit="8GB") as engine:
        sql = engine.backend.con.execute
        sql(TABLES.format(count=count))
        starts = engine.temporary("starts", ibis.schema(START_COLUMNS))

        def compiled(definitions: Sequence[Definition]) -> Callable[[], object]:
            view = view_of(known_facts(engine, readings_of(definitions)), starts, as_of_us=AS_OF_US)
            return lambda: crossings(view, definitions, engine, as_of_us=AS_OF_US)

        passes = (1, 2, 4)
        hand, *found = seconds_of([lambda: sql(BY_HAND), *(compiled(versions(number)) for number in passes)])
        differing = sql(DIFFERING).fetchone()[0]
        qualified = sql("SELECT count(*) FROM by_hand").fetchone()[0]
    print(f"{count:,} leads with {EVENTS_EACH} events, {THREADS} threads, CPU seconds")
    print(f"  by hand                  {hand:7.2f} s  {qualified:,} leads qualify")
    for number, seconds in zip(passes, found, strict=True):
        named = f"{number} definition{'s' if number > 1 else ''} in one pass"
        goals = {1: " (goal 1.5)"}.get(number, ""), {4: " (goal 2.5)"}.get(number, "")
        print(
            f"  {named:24} {seconds:7.2f} s  {seconds / hand:.2f} x by hand{goals[0]}"
            f"  {seconds / found[0]:.2f} x one{goals[1]}"
        )
    print(f"  instants that differ     {differing}")
    if differing:
        raise SystemExit("the compiled definition and the query by hand do not agree")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
