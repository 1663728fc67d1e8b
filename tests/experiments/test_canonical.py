"""A protocol written out in full, its fingerprint, its schema, its metrics."""

from __future__ import annotations

import json
from typing import get_args

import jsonschema
import pytest

from mqlab.definitions.registry import Registry
from mqlab.definitions.yaml import plain, read_yaml
from mqlab.experiments.canonical import canonical, canonical_text, fingerprint
from mqlab.experiments.document import ExperimentSpec
from mqlab.experiments.load import load_text
from mqlab.experiments.metrics import METRICS, horizon_days
from mqlab.experiments.protocol import Metric, MetricName
from mqlab.experiments.protocol_diff import protocol_diff
from mqlab.experiments.schema import json_schema
from tests.experiments.files import EXPERIMENT, definitions, edited, protocol

EVERYTHING = [
    (
        "control: current\n",
        "control: current\nlayer: inbound\nslice: [12.5%, 50%]\nprior_handoff: allow\noverrides: {acme.com: current}\n",
    ),
    ("aim: growth", "aim: efficiency"),
    ("minimum_effect: 5%}", "margin: 2.5pp, precision: {metric: effort_per_win, horizon: 90d, minimum_effect: 2%}}"),
    ("[sql_per_mql, mql_per_lead]", "[{metric: revenue_per_lead, horizon: 180d, cap: 60000.5, currency: EUR}]"),
    ("weight: 1}\nqualify", "weight: 2.25}\nqualify"),
]


@pytest.mark.parametrize("changes", [pytest.param([], id="plain"), pytest.param(EVERYTHING, id="every key")])
def test_the_written_out_protocol_reads_back(changes):
    """What the ledger keeps at start is a file that means the same."""
    read = protocol(*changes)

    assert load_text(canonical_text(read), file="q3.yaml", definitions=definitions()) == read


def test_what_leads_are_post_stratified_by_is_meaning():
    """The covariate reads back, changes the fingerprint and is told; a file without it is written as it always was."""
    lead = ("unit: account", "unit: lead")
    plain, chosen = protocol(lead), protocol(lead, ("costs:", "post_stratify: industry\ncosts:"))
    changed = protocol(lead, ("costs:", "post_stratify: source\ncosts:"))

    assert chosen.post_stratify == "industry"
    assert load_text(canonical_text(chosen), file="q3.yaml", definitions=definitions()) == chosen
    assert "post_stratify" not in canonical(plain)
    assert len({fingerprint(each) for each in (plain, chosen, changed)}) == 3
    words = [
        [change.words for change in protocol_diff(canonical(before), canonical(after))]
        for before, after in ((plain, chosen), (chosen, changed), (chosen, plain))
    ]
    assert words == [
        ["what leads are post-stratified by is new: industry"],
        ["what leads are post-stratified by changes from industry to source"],
        ["what leads are post-stratified by is gone (it was industry)"],
    ]


def test_the_order_of_arms_is_meaning():
    """The last arm is "else", so swapping arms changes the fingerprint and is told."""
    first = "  current: {definition: current@1.0.0, weight: 1}\n"
    second = "  challenger: {definition: intent@2.0.0, weight: 1}\n"
    swapped = protocol((first + second, second + first))

    assert fingerprint(swapped) != fingerprint(protocol())
    changes = protocol_diff(canonical(protocol()), canonical(swapped))
    assert [change.words for change in changes] == [
        "the order of the arms changes from 'current, challenger' to 'challenger, current'"
    ]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param((old, new), id=f"{old} to {new}")
        for old, new in (
            ("alpha: 0.05", "alpha: 0.1"),
            ("coverage: 10%", "coverage: 20%"),
            ("mql: 45", "mql: 46"),
            ("cadence: 1h", "cadence: 2h"),
            ("unit: account", "unit: lead"),
            ("handling: blinded", "handling: open"),
            ("to: 2026-09-30", "to: 2026-09-29"),
            ("[source, industry]", "[source]"),
            ("24000", "25000"),
            ("mql_per_lead]", "won_per_mql]"),
            ("margin: 3pp", "margin: 3%"),
            ("paid_search: 45", "paid_search: 44"),
        )
    ],
)
def test_every_meaningful_edit_changes_the_fingerprint_and_one_line_tells_it(edit):
    """One edit, one change in words, another fingerprint."""
    before, after = protocol(), protocol(edit)

    assert fingerprint(before) != fingerprint(after)
    assert len(protocol_diff(canonical(before), canonical(after))) == 1


def test_the_schema_accepts_what_the_loader_accepts(root):
    """The shipped files and the files of these tests are valid by the schema that editors use."""
    validator = jsonschema.Draft202012Validator(json_schema())
    stratified = edited(("unit: account", "unit: lead"), ("costs:", "post_stratify: source\ncosts:"))
    texts = [
        EXPERIMENT,
        edited(*EVERYTHING),
        stratified,
        *(path.read_text() for path in (root / "experiments").glob("*.yaml")),
    ]

    for text in texts:
        validator.validate(plain(read_yaml(text, file="x.yaml")))


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(("alpha: 0.05", "alfa: 0.05"), id="unknown key"),
        pytest.param(("sql_per_lead, horizon", "sql_per_led, horizon"), id="unknown metric"),
        pytest.param(("unit: account", "unit: company"), id="unknown unit"),
        pytest.param(("minimum_effect: 5%", "minimum_effect: 5"), id="percentage without sign"),
    ],
)
def test_the_schema_refuses_what_editors_can_see(edit):
    """An editor marks a wrong key or value before mqlab is run."""
    document = plain(read_yaml(edited(edit), file="x.yaml"))

    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(document)


def test_the_list_of_metrics_is_closed():
    """Sixteen metrics, as architecture.md section 6 lists them; per-MQL ones describe, the others compare."""
    assert set(METRICS) == set(get_args(MetricName))
    assert len(METRICS) == 16
    descriptive = {name for name, kind in METRICS.items() if kind.descriptive}
    assert descriptive == {name for name in METRICS if name.endswith("_per_mql")} | {"touched_within_sla"}
    assert {name for name, kind in METRICS.items() if kind.better == "lower"} == {
        "rejected_per_lead",
        "rejected_per_mql",
        "effort_per_win",
    }
    assert all(kind.words and kind.sentence for kind in METRICS.values())


@pytest.mark.parametrize(
    ("metric", "days"),
    [
        pytest.param(Metric("sql_per_mql"), 60, id="as the primary of the same outcome"),
        pytest.param(Metric("won_per_mql"), 180, id="as the metric of the same outcome"),
        pytest.param(Metric("effort_per_win"), 180, id="effort follows wins"),
        pytest.param(Metric("mql_per_lead"), 60, id="as long as a lead may qualify"),
        pytest.param(Metric("touched_within_sla"), 60, id="else the primary's"),
        pytest.param(Metric("won_per_mql", 90), 90, id="its own"),
    ],
)
def test_horizons_that_are_not_stated(metric, days):
    """A metric without a horizon takes that of the same outcome, else the primary's."""
    assert horizon_days(metric, protocol()) == days


def test_the_guide_explains_every_key_and_metric(root):
    """docs/experiments.md names each key of the file, and its example is a file that can be used."""
    page = (root / "docs" / "experiments.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]

    assert [key for key in ExperimentSpec.model_fields if key not in page] == []
    assert [name for name in METRICS if name.removesuffix("_per_lead").removesuffix("_per_mql") not in page] == []
    read = load_text(example, file="2026q3-intent.yaml", definitions=Registry.open(root / "definitions"))
    assert read.arms[0].definition == "fit-x-engagement@1.4.0"


def test_changes_print_as_json():
    """A change has the keys of the other diffs."""
    change = protocol_diff(canonical(protocol()), canonical(protocol(("alpha: 0.05", "alpha: 0.1"))))[0]

    assert json.loads(json.dumps(change.to_dict())) == {
        "path": "alpha",
        "before": 0.05,
        "after": 0.1,
        "words": "alpha changes from 0.05 to 0.1",
    }
