"""A document as one HTML file that needs nothing else: no script, no network, the same bytes each time; or a piece."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.reports.document import Block, Chart, Document
from mqlab.reports.fitted import parts
from mqlab.reports.format import MINUS
from mqlab.reports.theme import THEMED, svg

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
WORD_JOINER = "\u2060"
_SIGNED = re.compile(rf"(?<=[+{MINUS}])[^\w\s]")


def render(document: Document) -> str:
    """The page, ending in a line break. Every text of the document is escaped; charts are drawn into the page."""
    page = _environment().get_template("experiment.html.j2").render(document=document, themed=THEMED)
    return page.rstrip() + "\n"


def fragment(document: Document) -> str:
    """A piece of a page, for a notebook: texts, answers and tables with a style of their own, no charts, no ids."""
    return _environment().get_template("notebook.html.j2").render(document=document).strip() + "\n"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(kind=_kind, picture=_picture, parts=parts, unbroken=unbroken)
    return environment


def unbroken(text: str) -> str:
    """The text with each sign held to the currency behind it: a line may else end between the two.

    Example:
        >>> [len(unbroken(text)) - len(text) for text in ("to +€138.32, up 3", "a +3.9% lift")]
        [1, 0]
    """
    return _SIGNED.sub(
        lambda found: f"{WORD_JOINER}{found.group()}" if unicodedata.category(found.group()) == "Sc" else found.group(),
        text,
    )


def _kind(block: Block) -> str:
    """Which macro draws a block."""
    return type(block).__name__.lower()


def _picture(chart: Chart) -> str:
    """The chart's SVG, safe to stand in the page as it is."""
    from markupsafe import Markup

    return Markup(svg(chart))
