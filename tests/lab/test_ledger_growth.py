"""An analysis reads the doings of the leads it can concern, and says what it would say had it read everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mqlab.lab import Lab
from mqlab.lab.analyze import analyze
from mqlab.lab.progress import silent
from tests.cli.small_lab import LOOK, fed_lab

EXPERIMENT = "demo-requests"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The small lab, and leads before and after its enrolment, some merged with those of the experiment."""
    folder = tmp_path_factory.mktemp("growth")
    lab = fed_lab(folder / "lab")
    feeds = {
        "leads": ["lead_id,created_at,known_at,source,email,employees"],
        "events": ["event_id,lead_id,name,occurred_at,known_at,path,form"],
        "field-changes": ["lead_id,field,value,changed_at,known_at"],
        "outcomes": ["lead_id,kind,occurred_at,known_at"],
        "identity": ["old_id,new_id,merged_at"],
    }
    for number in range(40):
        lead, at = f"O{number:02}", "2025-06-01T08:00:00Z" if number % 4 else "2026-03-20T08:00:00Z"
        feeds["leads"].append(f"{lead},{at},{at},organic,p{number}@acme-{number}.com,400")
        feeds["events"].append(f"X{number},{lead},page_view,2026-03-21T08:00:00Z,2026-03-21T08:00:00Z,/pricing,")
        feeds["field-changes"].append(f"{lead},employees,8,2026-03-21T08:00:00Z,2026-03-21T08:00:00Z")
        feeds["outcomes"].append(f"{lead},handed_off,2025-12-01T08:00:00Z,2025-12-01T08:00:00Z")
    for number in range(12):
        old, new = (f"O{number:02}", f"L{number * 7:04}")[:: 1 if number % 2 else -1]
        feeds["identity"].append(f"{old},{new},2026-02-{number + 1:02}T08:00:00Z")
    feeds["identity"].append("anonymous,L0100,2026-02-01T08:00:00Z")
    feeds["events"].append("X99,anonymous,form_submit,2026-01-20T08:00:00Z,2026-01-20T08:00:00Z,,demo")
    for kind, lines in feeds.items():
        file = folder / f"{kind}.csv"
        file.write_text("\n".join(lines) + "\n")
        assert lab.ingest(kind, file, now=LOOK).quarantined == 0
    yield lab
    lab.ledger.close()


def said(lab: Lab, *, hashed: bool) -> dict[str, Any]:
    """The whole analysis; to hash the facts everything has to be read."""
    position = lab.ledger.position()
    found = analyze(lab, EXPERIMENT, as_of=LOOK, position=position, progress=silent, hashed=hashed)
    return json.loads(json.dumps(found.to_dict()))


def test_what_others_did_is_not_read_and_changes_nothing(lab: Lab):
    """Events and field changes of leads that came before or after the enrolment are left in the ledger."""
    window = (datetime(2026, 1, 4, 23, tzinfo=UTC), datetime(2026, 3, 1, 22, 59, 59, tzinfo=UTC))
    whole, few = lab.ledger.facts(as_of=LOOK), lab.ledger.facts(as_of=LOOK, active=window)

    left = set(whole.events["event_id"].to_pylist()) - set(few.events["event_id"].to_pylist())
    assert left == {f"X{number}" for number in range(12, 40)}
    assert few.field_changes.num_rows == 12
    assert (few.leads, few.outcomes, few.identity) == (whole.leads, whole.outcomes, whole.identity)
    assert said(lab, hashed=False) == said(lab, hashed=True)


@pytest.mark.long
def test_the_engine_says_the_same(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    """As with few leads, so with many, which are judged in the engine."""
    plainly = said(lab, hashed=False)

    monkeypatch.setattr("mqlab.analysis.analyze.MANY_LEADS", 1)

    assert said(lab, hashed=False) == said(lab, hashed=True) == plainly
