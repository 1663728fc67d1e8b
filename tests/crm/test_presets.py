"""Every preset against files of its system: columns in any order, further columns, a needed column missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mqlab.crm.fit import table_of
from mqlab.crm.mapping import PRESETS, Mapping, load_mapping, load_preset, overridden
from mqlab.crm.spelled import worded
from mqlab.errors import InputError
from tests.crm.conftest import a_desk
from tests.crm.exports import EXPORTS, Export

NAMED = [pytest.param(one, id=f"{one.preset} {one.kind} of {one.table} {one.name}") for one in EXPORTS]
NEEDED = [
    pytest.param(one, column, id=f"{one.preset} {one.kind} of {one.table} {one.name} without {column}")
    for one in EXPORTS
    for column in one.needs
]


@pytest.mark.parametrize("export", NAMED)
def test_a_file_says_the_same_in_any_order_of_columns(export: Export, empty_ledger: Path, tmp_path: Path):
    """Shuffled columns and columns that nobody knows change nothing of what is stated; every row is accounted for."""
    with a_desk(tmp_path / "plain", empty_ledger) as desk:
        plain = desk.take(export.kind, export.text.strip() + "\n", preset=export.preset, dry_run=True)
    assert (plain.read, plain.blank, plain.quarantined, plain.preview and plain.preview.table) == (
        export.states,
        export.blank,
        0,
        export.table,
    )
    assert plain.rows == len(export.cells) - 1
    for seed in (1, 2):
        with a_desk(tmp_path / f"seed {seed}", empty_ledger) as desk:
            again = desk.take(export.kind, export.shuffled(seed), preset=export.preset, dry_run=True)
        assert _said(again.to_dict()) == _said(plain.to_dict())


def _said(counts: dict[str, object]) -> str:
    """What was read, without how it was spelt and without what further columns said."""
    rows = counts.pop("first_rows")
    assert isinstance(rows, list)
    for row in rows:
        for name in ("fields", "props"):
            row[name] = {key: value for key, value in row.get(name, {}).items() if value not in ("x", "more")}
    for name in ("mapping", "notes"):
        counts.pop(name)
    return json.dumps([counts, rows], sort_keys=True)


@pytest.mark.parametrize(("export", "column"), NEEDED)
def test_a_missing_column_is_named_before_the_first_row(
    export: Export, column: str, empty_ledger: Path, tmp_path: Path
):
    """Without a column that is needed nothing is read, and the message names it."""
    with a_desk(tmp_path, empty_ledger) as desk:
        with pytest.raises(InputError) as refused:
            desk.take(export.kind, export.without(column), preset=export.preset)

        said = [problem.message for problem in refused.value.problems]
        assert any(f"'{column}'" in message for message in said), said
        assert (desk.ledger.imports.list(), desk.ledger.position()) == ((), 0)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_being_kept_and_overridden(name: str):
    """A preset written as JSON is read back the same, and on top of itself it is itself."""
    preset = load_preset(name)

    kept = Mapping.model_validate_json(preset.model_dump_json())

    assert kept.model_dump() == preset.model_dump()
    for kind in ("leads", "events", "field-changes", "identity", "outcomes"):
        both = zip(preset.rules(kind), kept.rules(kind), strict=True)
        assert all(worded(preset, one) == worded(kept, other) for one, other in both)
    assert overridden(preset, preset) == preset


@pytest.mark.parametrize("name", PRESETS)
def test_a_table_is_told_by_all_its_columns(name: str):
    """A file with every column of a table, by their first spelling, is taken for that table and no other."""
    preset = load_preset(name)
    for kind in ("leads", "events", "field-changes", "identity", "outcomes"):
        for table in dict.fromkeys(rule.table for rule in preset.rules(kind)):
            if table is None:
                continue
            header = [(column.column or [""])[0] for column in preset.tables[table].columns.values()]
            assert table_of(preset, kind, header, file="file.csv") == table


def test_the_pages_s_examples_fit_their_presets(root: Path, tmp_path: Path):
    """Each mapping in `docs/crm.md` can be read on top of the preset it is about."""
    page = (root / "docs" / "crm.md").read_text()
    blocks = [part.split("```")[0] for part in page.split("```yaml\n")[1:]]
    assert len(blocks) >= 3
    for block in blocks:
        text = block if block.startswith("kind:") else "kind: crm-preset/v1\n" + block
        text = text if "\nid:" in text else text.replace("\n", "\nid: salesforce\n", 1)
        name = text.partition("\nid: ")[2].split()[0]
        path = tmp_path / "mapping.yaml"
        path.write_text(text)
        assert load_mapping(path, load_preset(name if name in PRESETS else "csv")).id == name
