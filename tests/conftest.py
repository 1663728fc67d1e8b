"""Shared by every test: what a test must look like, and where real data lies."""

from __future__ import annotations

import gc
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.engines import engine, postgres_schema, postgres_url, spark_cluster, spark_url  # noqa: F401  fixtures

# A shared machine is slow at times: no deadlines. Continuous integration repeats the same examples.
settings.register_profile(
    "mqlab",
    deadline=None,
    max_examples=50,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("mqlab")

ROOT = Path(__file__).parent.parent
SENTENCE = re.compile(r"\S.*[.!?]\s*$", re.DOTALL)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test says in a sentence what it shows; those that need Spark are marked so; the slowest go first.

    A worker that is left with a slow one at the end keeps the others waiting.
    """
    for item in items:
        if isinstance(item, pytest.Function) and _needs_spark(item):
            item.add_marker(pytest.mark.engines)
    silent = [
        item.nodeid
        for item in items
        if isinstance(item, pytest.Function)
        and item.originalname.startswith("test_")
        and not SENTENCE.search((item.obj.__doc__ or "").strip())
    ]
    if silent:
        raise pytest.UsageError("a test needs a sentence for a docstring: " + ", ".join(sorted(set(silent))[:10]))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Collected tests are no garbage: as long as it looked at them, each full collection took half a second."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Libraries that count what they leave behind see it collected."""
    gc.unfreeze()


def _needs_spark(item: pytest.Function) -> bool:
    given = item.callspec.params.values() if hasattr(item, "callspec") else ()
    named = any(isinstance(one, str) and one == "spark" for one in given)
    return named or not {"spark_url", "spark_cluster"}.isdisjoint(item.fixturenames)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Where every part must be present a skip is a failure, unless it waits for data that may not be shipped."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("MQLAB_REQUIRE_ALL") and "shared data" not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped where every part must be present: {report.longrepr}"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository, itself a lab."""
    return ROOT


@pytest.fixture(scope="session")
def olist() -> Path:
    """The folder of the Olist funnel; skips where it is absent."""
    folder = ROOT.parent / "shared" / "data" / "olist"
    if not folder.is_dir():
        pytest.skip("the shared data are absent")
    return folder


@pytest.fixture(scope="session")
def hillstrom() -> Path:
    """The file of Hillstrom's e-mail experiment; skips where it is absent."""
    file = ROOT.parent / "shared" / "data" / "hillstrom" / "hillstrom_email_2008.csv.gz"
    if not file.is_file():
        pytest.skip("the shared data are absent")
    return file
