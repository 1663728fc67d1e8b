"""The examples of the user guide's page on definitions are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mqlab.definitions.describe import describe_text
from mqlab.definitions.lint import RULES, lint
from mqlab.definitions.load import load_text
from mqlab.definitions.points_table import import_points_table
from mqlab.definitions.registry import Registry

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", GUIDE, re.DOTALL)
DEFINITIONS = [text for language, text in BLOCKS if language == "yaml"]


@pytest.mark.parametrize("text", [pytest.param(text, id=text.split("\n")[1]) for text in DEFINITIONS])
def test_every_definition_of_the_guide_loads_and_is_clean(text: str) -> None:
    """Each example is a whole definition that a reader can copy."""
    assert lint(load_text(text, file="guide.yaml")) == ()


def test_the_english_of_the_guide_is_what_describe_says() -> None:
    """The text beside the first example is the command's own."""
    told = next(text for language, text in BLOCKS if language == "text")

    assert describe_text(load_text(DEFINITIONS[0], file="guide.yaml")) == told


def test_the_table_of_the_guide_becomes_the_file_beside_it(tmp_path: Path) -> None:
    """The spreadsheet example is imported as it is printed."""
    path = tmp_path / "table.csv"
    path.write_text(next(text for language, text in BLOCKS if language == "csv"), encoding="utf-8")

    imported = import_points_table(path, id="sheet", title="Our points")

    assert imported.yaml_text == DEFINITIONS[-1]
    assert imported.not_carried == ()


def test_the_guide_names_every_lint_rule_and_every_shipped_definition() -> None:
    """Nothing that lint can say, and nothing that ships, is left out of the page."""
    named = set(re.findall(r"`([A-Za-z0-9@.-]+)`", GUIDE))

    assert {rule.code for rule in RULES} <= named
    assert set(Registry.open(ROOT / "definitions").refs()) <= named
