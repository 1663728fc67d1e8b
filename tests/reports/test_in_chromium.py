"""The report opened in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mqlab.reports.document import Cell, Column, Document, Section, Table, Text
from mqlab.reports.html import render
from tests.reports.browser import chromium, faults, opened, overflowing
from tests.reports.samples import document, hostile, ship


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every section."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(document(ship())), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("size", "scheme"), [("desk", "light"), ("desk", "dark"), ("phone", "light"), ("paper", "light")]
)
def test_the_page_opens_without_network_or_complaint(browser: Browser, page_file: Path, size: str, scheme: str):
    """In light and dark, on a desk, on a phone and on paper, nothing is asked of the network or wider than the page."""
    page, heard = opened(browser, page_file, size=size, scheme=scheme)

    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    outside = overflowing(page)
    charts = page.locator("svg").count()
    page.close()

    assert (heard, overflow, outside) == ([], 0, [])
    assert charts >= 2


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_the_page_has_no_serious_fault_of_accessibility(browser: Browser, page_file: Path, size: str, scheme: str):
    """axe-core finds nothing serious or critical, contrast included, with every fold open."""
    page, _ = opened(browser, page_file, size=size, scheme=scheme)
    found = faults(page)
    page.close()

    assert found == []


@pytest.mark.parametrize(("size", "told"), [("phone", True), ("desk", False)])
def test_a_chart_wider_than_the_screen_says_that_it_scrolls(browser: Browser, page_file: Path, size: str, told: bool):
    """On a phone each picture scrolls within its frame and says so; on a desk it fits, and says nothing."""
    page, _ = opened(browser, page_file, size=size)
    found = page.evaluate(
        "[...document.querySelectorAll('.picture')].map(p => [p.scrollWidth > p.clientWidth,"
        " getComputedStyle(p, '::before').content.includes('scroll sideways')])"
    )
    page.close()

    assert found and all(pair == [told, told] for pair in found)


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


def test_a_sign_stays_with_its_amount(browser: Browser, tmp_path: Path):
    """No line ends between a sign and its currency, and a word without a space breaks within its cell on a phone."""
    amounts = " ".join(["+€138.32 to −€72.17"] * 60)
    cell = Table(
        "t", "T", (Column("A"), Column("Where")), ((Cell("x"), Cell("scores.engagement.groups.content.x" * 2)),)
    )
    file = tmp_path / "signs.html"
    file.write_text(render(Document("T", "S", (), (Section("s", "S", (Text(amounts), cell)),))), encoding="utf-8")

    page, _ = opened(browser, file, size="phone")
    ends = page.evaluate(
        """() => {
          const text = document.querySelector('section p').firstChild, found = [], range = document.createRange();
          for (let k = 1; k < text.length; k++) {
            range.setStart(text, k - 1); range.setEnd(text, k); const before = range.getClientRects()[0];
            range.setStart(text, k); range.setEnd(text, k + 1); const after = range.getClientRects()[0];
            if (before && after && after.top > before.bottom - 1) found.push(text.data[k - 1] + text.data[k]);
          }
          return found;
        }"""
    )
    outside = overflowing(page)
    cut = page.evaluate("[...document.querySelectorAll('td')].filter(e => e.scrollWidth > e.clientWidth + 1).length")
    page.close()

    assert ends and not [pair for pair in ends if pair[0] in "+−\u2060"]
    assert (outside, cut) == ([], 0)


def test_a_chart_that_fits_has_no_shadow(browser: Browser, page_file: Path):
    """The shadow says that more can be scrolled to; on a desk it would be a line beside every chart."""
    page, _ = opened(browser, page_file, size="desk")
    found = page.evaluate("[...document.querySelectorAll('.picture')].map(p => getComputedStyle(p).backgroundImage)")
    page.close()

    assert found and set(found) == {"none"}
