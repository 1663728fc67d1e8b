"""Feeds in any order, in any pieces and more than once end in the same analysis, and old ones can be made again."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mqlab.lab import Lab
from tests.cli.small_lab import LEADS, LOOK, started_lab, write_feeds

EXPERIMENT = "demo-requests"
MERGES = 12
WEBHOOK = "webhook"
"""In the place of a header: the rows are events that HubSpot sends."""


def feeds(folder: Path) -> list[tuple[str, str, list[str]]]:
    """Kind, header and rows of every feed: chains of merges, corrected and unmatched outcomes among them."""
    folder.mkdir()
    found = [
        (kind, *_head_and_rows(path.read_text().splitlines()))
        for kind, path in write_feeds(folder).items()
        if kind != "outcomes"
    ]
    outcomes = (folder / "outcomes.csv").read_text().splitlines()
    rows = [f"{row},{number},2026-06-01T00:00:00Z" for number, row in enumerate(outcomes[1:])]
    corrected = [row.replace("2026-06-01", "2026-06-02").replace(",sql,", ",accepted,") for row in rows[::9]]
    stray = ["nobody,sql,2026-02-01T00:00:00Z,2026-02-01T00:00:00Z,,,,x1,2026-06-01T00:00:00Z", "broken"]
    found.append(("outcomes", outcomes[0] + ",row_id,modified_at", [*rows, *corrected, *stray]))
    merged = [
        f"L{LEADS - 1 - number:04d},L{LEADS - 2 - number:04d},2026-03-{1 + number:02d}T00:00:00Z"
        for number in range(MERGES)
    ]
    found.append(("identity", "old_id,new_id,merged_at", merged))
    found.append(("outcomes", WEBHOOK, list(_events())))
    return found


def _events() -> Iterator[str]:
    """Leads that reached SQL by a changed property, some told again by a retry or in the newer form."""
    for number in range(0, LEADS, 11):
        one = {
            "eventId": number, "portalId": 1, "occurredAt": 1772438400000 + number, "attemptNumber": 0,
            "subscriptionType": "contact.propertyChange", "objectId": f"L{number:04d}",
            "propertyName": "lifecyclestage", "propertyValue": "salesqualifiedlead",
        }  # fmt: skip
        yield json.dumps(one)
        if number % 2:
            yield json.dumps({**one, "attemptNumber": 1, "eventId": -number})
            yield json.dumps({**one, "subscriptionType": "object.propertyChange", "objectTypeId": "0-1"})


def _head_and_rows(lines: list[str]) -> tuple[str, list[str]]:
    return lines[0], lines[1:]


def take(lab: Lab, path: Path, kind: str, head: str, rows: list[str]) -> None:
    """One file into the ledger, every row accounted for."""
    if head == WEBHOOK:
        path = path.with_suffix(".json")
        path.write_text(f"[{','.join(rows)}]")
    else:
        path.write_text("\n".join([head, *rows]) + "\n")
    counts = lab.ingest(kind, path, preset="hubspot" if head == WEBHOOK else None, now=LOOK)
    parts = (counts.new, counts.unchanged, counts.corrected, counts.unmatched, counts.quarantined)
    assert counts.read == sum(parts) == len(rows)


def analysis(lab: Lab) -> dict[str, Any]:
    """What `analyze --format json` says, without the position, which counts imports."""
    said = json.loads(json.dumps(lab.analyze(EXPERIMENT, as_of=LOOK).to_dict()))
    del said["ledger"]
    return said


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The analysis after one import per feed."""
    folder = tmp_path_factory.mktemp("once")
    with_all = started_lab(folder / "lab")
    for kind, head, rows in feeds(folder / "feeds"):
        take(with_all, folder / "file.csv", kind, head, rows)
    said = analysis(with_all)
    with_all.ledger.close()
    return said


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_split_or_repetition_gives_the_same_analysis(seed: int, at_once: dict[str, Any], tmp_path: Path):
    """Every feed's rows shuffled and cut into pieces, the pieces of all feeds shuffled, some handed in twice."""
    draw = random.Random(seed)
    pieces = []
    for kind, head, rows in feeds(tmp_path / "feeds"):
        shuffled = draw.sample(rows, len(rows))
        cut = draw.randrange(1, len(rows))
        pieces += [(kind, head, shuffled[:cut]), (kind, head, shuffled[cut:])]
    pieces += draw.sample(pieces, 3)
    draw.shuffle(pieces)
    lab = started_lab(tmp_path / "lab")
    for kind, head, rows in pieces:
        take(lab, tmp_path / "file.csv", kind, head, rows)

    assert analysis(lab) == at_once
    lab.ledger.close()


def test_the_analysis_compared_is_one_that_says_something(at_once: dict[str, Any]):
    """Leads in both arms, SQLs among them, merged leads left out, and an estimate of the primary metric."""
    primary = next(row for row in at_once["metrics"] if row["primary"])

    assert primary["control"]["units"] > 50 < primary["treatment"]["units"]
    assert primary["control"]["value"] > 0 < primary["treatment"]["value"]
    assert primary["absolute"]["low"] < primary["absolute"]["estimate"] < primary["absolute"]["high"]
    assert "merged" in next(row["detail"] for row in at_once["checks"] if row["check"] == "cross_arm")
