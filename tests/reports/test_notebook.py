"""A result in a notebook: a fragment of its own, with the numbers people ask for, and nothing that breaks the page."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from mqlab.analysis.results import AnalysisResult
from mqlab.reports.notebook import render
from tests.reports.samples import BERLIN, HOSTILE, hostile, protocol, ship, trap
from tests.reports.test_terminal import empty

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Fragment(HTMLParser):
    """The tags and words of a fragment; every tag that opens must close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data


def shown(result: AnalysisResult, arm: str = "challenger") -> Fragment:
    return Fragment(render(result, protocol(arm), BERLIN))


def test_it_is_a_fragment_with_a_style_of_its_own() -> None:
    """One element, no document around it, no script, no id that a second result would repeat; every rule is scoped."""
    text = render(ship(), protocol(), BERLIN)
    found = Fragment(text)
    style = text.split("<style>")[1].split("</style>")[0]

    assert text.startswith("<div class=") and found.open == []
    assert not {"html", "body", "script", "svg", "link"} & {tag for tag, _ in found.tags}
    assert not [attributes for _, attributes in found.tags if "id" in attributes]
    assert all(".mqlab-result" in rule for rule in style.split("}") if rule.strip())


def test_it_answers_and_shows_what_people_ask_first() -> None:
    """The verdict's sentence, the table of lifts with what they mean, guardrails, and what is not fine."""
    words = " ".join(shown(trap()).words.split())

    for text in (
        "Under challenger, the same leads bring fewer SQLs",
        "What people ask first about challenger",
        "Each list holds other leads, so this is no effect.",
        "SQLs gained or forgone",
        "Guardrails of challenger against current",
        "2 of 5 checks passed.",
        "Read all assigned leads.",
        "Live reading",
    ):
        assert text in words
    assert "The arms hold the shares of units" not in words


@pytest.mark.parametrize(
    ("result", "arm"),
    [pytest.param(hostile(), HOSTILE, id="hostile"), pytest.param(empty(), "challenger", id="no data")],
)
def test_it_stays_whole(result: AnalysisResult, arm: str) -> None:
    """Texts that look like markup are shown, and a result without data is a fragment like any other."""
    found = shown(result, arm)

    assert found.open == []
    assert "script" not in {tag for tag, _ in found.tags}


def test_the_same_result_is_the_same_bytes() -> None:
    """Two renderings are equal."""
    assert render(ship(), protocol(), BERLIN) == render(ship(), protocol(), BERLIN)
