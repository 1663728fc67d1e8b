"""The demo's lab: files a growth manager can read, and that the package's own checks accept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mqlab.definitions.lint import lint
from mqlab.experiments.checks import check_protocol
from mqlab.simulation.demo_plan import EXPERIMENTS, IN_FORCE, demo_files, demo_plan

PLAN = demo_plan()


@pytest.mark.parametrize("ref", sorted(PLAN.definitions))
def test_the_definitions_are_lint_clean(ref: str):
    """No lint finds anything in a definition of the demo."""
    assert [str(problem) for problem in lint(PLAN.definitions[ref])] == []


def test_the_files_are_a_lab(tmp_path):
    """Every definition and experiment of the plan is among the files, at its path in a lab."""
    files = demo_files()

    assert {f"definitions/{ref}.yaml" for ref in PLAN.definitions} | {
        f"experiments/{name}.yaml" for name in EXPERIMENTS
    } == set(files)
    assert IN_FORCE in PLAN.definitions


@pytest.mark.parametrize("protocol", PLAN.protocols, ids=lambda protocol: protocol.id)
def test_handling_is_the_same_in_every_arm(protocol):
    """All arms promise sales and leads the same, so the triggered estimator may decide."""
    blocks = {
        (definition.handoff, definition.nurture, definition.requalify)
        for definition in (PLAN.definitions[arm.definition] for arm in protocol.arms)
    }

    assert protocol.handling == "blinded"
    assert len(blocks) == 1


def test_the_slices_share_no_lead():
    """The experiments own slices of one layer that meet and do not overlap."""
    trap, challenger = (protocol.layer for protocol in PLAN.protocols)

    assert trap is not None
    assert challenger is not None
    assert trap.name == challenger.name
    assert (trap.low, trap.high) == (0, challenger.low)
    assert challenger.high == 1


@pytest.mark.parametrize("protocol", PLAN.protocols, ids=lambda protocol: protocol.id)
def test_everything_is_mature_at_the_only_look(protocol):
    """The one look comes after the longest horizon of the last lead, with time for late entries."""
    longest = max(metric.horizon_days or 0 for metric in (protocol.primary, *protocol.then, *protocol.guardrails))

    assert len(protocol.looks.dates) == 1
    assert protocol.enrolment_end + timedelta(days=longest + 10) < PLAN.as_of


@pytest.mark.parametrize("protocol", PLAN.protocols, ids=lambda protocol: protocol.id)
def test_the_protocols_pass_every_check(protocol):
    """`mqlab check` has nothing to say about an experiment of the demo, warnings included."""
    assert [str(problem) for problem in check_protocol(protocol, PLAN.definitions)] == []
