"""A real browser for the tests: the system's Chromium, and axe-core where it was installed (`make axe`)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).parents[2] / ".venv" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = {"desk": 1280, "phone": 390, "paper": 720}
"""Widths in pixels; paper is A4 between its margins."""

OVERFLOWING = """() => {
  const wide = document.documentElement.clientWidth;
  const inside = (e) => { for (let p = e.parentElement; p; p = p.parentElement)
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(p).overflowX)) return true; return false; };
  return [...document.body.querySelectorAll('*')].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && !e.closest('svg, .skip') && (box.right > wide + 1 || box.left < -1) && !inside(e);
  }).map((e) => e.tagName + '.' + e.className);
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, or a skip where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env={**os.environ, "HOME": "/tmp"})
        yield started
        started.close()


def opened(browser: Browser, file: Path, *, size: str = "desk", scheme: str = "light") -> tuple[Page, list[str]]:
    """The page, and everything it complained about or asked the network for."""
    viewport: Any = {"width": SIZES[size], "height": 900}
    page = browser.new_page(viewport=viewport, color_scheme="dark" if scheme == "dark" else "light")
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url) if not request.url.startswith("file:") else None)
    if size == "paper":
        page.emulate_media(media="print")
    page.goto(file.as_uri())
    return page, heard


def overflowing(page: Page) -> list[str]:
    """Elements that stand out of the page; scrolled regions and the link that only the keyboard shows are left out."""
    found: list[str] = page.evaluate(OVERFLOWING)
    return found


def faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical: the rule and the elements, with every fold open."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make axe")
    page.evaluate("() => document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']} ({fault['impact']}): {', '.join(str(node['target'][0]) for node in fault['nodes'][:5])}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
