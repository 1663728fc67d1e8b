"""Reading mqlab.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from mqlab.errors import InputError
from mqlab.settings.load import find_lab, load_settings
from mqlab.warehouse.engines.urls import FORMS

TOML = "[lab]\nname = 'x'\n"


def lab(folder: Path, text: str) -> Path:
    (folder / "mqlab.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_file_names_every_key(root: Path):
    """The repository's own mqlab.toml loads, and shows every key there is."""
    from mqlab.settings.model import Settings

    text = (root / "mqlab.toml").read_text(encoding="utf-8")

    settings = load_settings(root, {})
    keys = [
        info.alias or name
        for section in Settings.model_fields.values()
        for name, info in section.annotation.model_fields.items()
    ]

    assert settings.lab.name == "example"
    assert [] == [key for key in keys if f"{key} =" not in text]


def test_the_nearest_lab_upward_is_found(tmp_path: Path):
    """From a folder deep inside a lab, the lab itself is found."""
    lab(tmp_path, TOML)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)

    assert tmp_path.resolve() == find_lab(deep)


def test_outside_a_lab_the_message_says_what_to_do(tmp_path: Path):
    """Where there is no lab, the message names the two ways on."""
    with pytest.raises(InputError, match="mqlab init"):
        find_lab(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "[lab]\nname = 'x'\ntimezon = 'UTC'\n",
            r"mqlab\.toml:3.*\n.*unknown key 'timezon'. Did you mean 'timezone'",
            id="unknown key",
        ),
        pytest.param(
            "[stor]\nurl = 'x'\n", r"mqlab\.toml:1.*\n.*unknown key 'stor'. Did you mean 'store'", id="unknown table"
        ),
        pytest.param(
            "[lab]\ntimezone = 'Mars/Olympus'\n", r"mqlab\.toml:2.*\n.*not an IANA time zone", id="unknown zone"
        ),
        pytest.param("[lab]\ncurrency = 'EURO'\n", r"mqlab\.toml:2", id="currency of four letters"),
        pytest.param("[lab]\ncurrency = 'QQQ'\n", "ISO 4217", id="no such currency"),
        pytest.param("[lab]\nname = \n", r"mqlab\.toml:2:\d+.*\n.*not TOML", id="not TOML"),
        pytest.param("[lab]\napprovals_required = 'yes'\n", r"mqlab\.toml:2", id="wrong type"),
        pytest.param("[warehouse]\nurl = 'oracle://x'\n", r"not the address of an engine.*spark:", id="no engine"),
        pytest.param("[warehouse]\nurl = 'duckbd://'\n", "Did you mean 'duckdb'", id="engine misspelt"),
        pytest.param("[lab]\nfiscal_year_start = 13\n", r"mqlab\.toml:2", id="no thirteenth month"),
        pytest.param("[lab]\nin_force = 'points'\n", r"id@1\.0\.0", id="reference without version"),
    ],
)
def test_a_bad_setting_is_told_with_its_line(tmp_path: Path, text: str, expected: str):
    """Each bad setting is refused with file, line, and what would be right."""
    with pytest.raises(InputError, match=expected):
        load_settings(lab(tmp_path, text), {})


@pytest.mark.parametrize("url", FORMS)
def test_every_form_of_an_engine_is_a_setting(tmp_path: Path, url: str):
    """What the message about an unknown engine offers can be written."""
    settings = load_settings(lab(tmp_path, f"[warehouse]\nurl = '{url}'\n"), {})

    assert settings.warehouse.url == url


def test_the_environment_wins_over_the_file(tmp_path: Path):
    """A store URL in the environment replaces the file's, so that credentials need not stand in it."""
    settings = load_settings(lab(tmp_path, TOML), {"MQLAB_STORE_URL": "sqlite:////tmp/elsewhere.sqlite"})

    assert settings.store_url(tmp_path) == "sqlite:////tmp/elsewhere.sqlite"


def test_a_relative_store_lies_in_the_lab(tmp_path: Path):
    """A relative SQLite path is read from the lab's folder, wherever the command was typed."""
    settings = load_settings(lab(tmp_path, TOML), {})

    assert f"sqlite:///{tmp_path}/.mqlab/ledger.sqlite" == settings.store_url(tmp_path)


def test_a_locale_of_reports_is_one_that_is_known(tmp_path: Path):
    """`de-CH` is read as `de_CH`; what is no locale is an error with its line."""
    assert load_settings(lab(tmp_path, "[reports]\nlocale = 'de-CH'\n"), {}).reports.locale == "de_CH"
    assert load_settings(lab(tmp_path, TOML), {}).reports.locale == "en"
    for bad in ("klingon", "", "../etc", "en_XX_YY_ZZ"):
        with pytest.raises(InputError, match="is no locale, such as"):
            load_settings(lab(tmp_path, f"[reports]\nlocale = '{bad}'\n"), {})
