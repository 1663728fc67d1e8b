"""Every page that a lab writes, in a real browser: on a desk, on a phone and on paper, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mqlab.lab import Lab
from tests.cli.small_lab import LOOK
from tests.reports.browser import SIZES, chromium, faults, opened, overflowing

pytestmark = [pytest.mark.engines, pytest.mark.timeout(600)]
PAGES = ("experiment", "quarter", "feedback")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pages(fed_once: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind, made once."""
    lab = Lab.open(fed_once)
    out = tmp_path_factory.mktemp("pages")
    files = {name: out / f"{name}.html" for name in PAGES}
    month = str(LOOK)[:7]
    lab.report_experiment("demo-requests", as_of=LOOK, out=files["experiment"])
    lab.report_quarter(f"{LOOK.year}Q{(LOOK.month + 2) // 3}", as_of=LOOK, out=files["quarter"])
    lab.report_feedback(month, as_of=LOOK, out=files["feedback"])
    return files


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_asks_for_nothing(
    browser: Browser, pages: dict[str, Path], name: str, size: str, scheme: str
) -> None:
    """No complaint of the browser, no request, nothing out of the page, nothing that axe-core calls serious."""
    page, heard = opened(browser, pages[name], size=size, scheme=scheme)
    found = (list(heard), overflowing(page), faults(page) if size != "paper" else [])
    page.close()

    assert found == ([], [], [])
