"""The report opened in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from mqlab.reports.html import render
from tests.reports.samples import document, hostile, ship

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env={**os.environ, "HOME": "/tmp"})
        yield started
        started.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every section."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(document(ship())), encoding="utf-8")
    return path


def opened(browser: Browser, file: Path, *, width: int = 1200, scheme: str = "light") -> tuple[Page, list[str]]:
    """The page, and everything it complained about or asked the network for."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url) if not request.url.startswith("file:") else None)
    page.goto(file.as_uri())
    return page, heard


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [pytest.param(1200, id="desk"), pytest.param(390, id="phone")])
def test_the_page_opens_without_network_or_complaint(browser: Browser, page_file: Path, width: int, scheme: str):
    """In light and dark, on a desk and on a phone, nothing is asked of the network or wider than the page."""
    page, heard = opened(browser, page_file, width=width, scheme=scheme)

    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    charts = page.locator("svg").count()
    page.close()

    assert (heard, overflow) == ([], 0)
    assert charts >= 2


def test_every_chart_says_what_it_shows(browser: Browser, page_file: Path):
    """Each picture has a text alternative, and its numbers stand in a table."""
    page, _ = opened(browser, page_file)

    unnamed = page.evaluate(
        "[...document.querySelectorAll('svg')].filter(s => !s.closest('[role=img][aria-label]')"
        " && !s.closest('[aria-labelledby]') && !s.getAttribute('aria-label') && !s.querySelector('title')).length"
    )
    tables = page.locator("figure table").count()
    page.close()

    assert unnamed == 0
    assert tables >= 2


def test_the_contents_lead_to_the_sections(browser: Browser, page_file: Path):
    """Every entry of the contents points to a section that is there."""
    page, _ = opened(browser, page_file)

    broken = page.evaluate(
        "[...document.querySelectorAll('nav a')].filter(a => !document.querySelector(a.getAttribute('href'))).length"
    )
    entries = page.locator("nav a").count()
    page.close()

    assert (entries > 5, broken) == (True, 0)


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path):
    """Names that look like markup or script are shown, and run nothing."""
    file = tmp_path / "hostile.html"
    file.write_text(render(document(hostile())), encoding="utf-8")

    page, heard = opened(browser, file)
    scripts = page.locator("script").count()
    page.close()

    assert (heard, scripts) == ([], 0)
