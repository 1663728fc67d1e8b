"""`[business_hours]`: a country whose holidays are known, and hours that make a day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mqlab.errors import InputError
from mqlab.leads.instants import micros
from mqlab.settings.load import load_settings

BERLIN = ZoneInfo("Europe/Berlin")


def section(folder: Path, text: str) -> Path:
    (folder / "mqlab.toml").write_text(f"[business_hours]\n{text}\n")
    return folder


def test_unset_means_the_wall_clock(tmp_path: Path):
    """Without a country there are no hours."""
    assert load_settings(section(tmp_path, ""), {}).business_hours.hours(BERLIN) is None


def test_hours_of_a_country_on_the_labs_clock(tmp_path: Path):
    """From 8 to 12 in Berlin on a Monday in summer is from 6 to 10 in UTC, of which 7 to 10 lies in the span."""
    text = 'country = "DE"\nregion = "BY"\nfrom = "08:00"\nto = 12:00:00'
    hours = load_settings(section(tmp_path, text), {}).business_hours.hours(BERLIN)
    first, last = (micros(datetime(2026, 7, 6, hour, tzinfo=UTC)) for hour in (7, 22))

    assert hours is not None
    assert hours.between(first, last) == 3 * 3_600_000_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param('country = "XX"', "the holidays of 'XX' are not known", id="country"),
        pytest.param('country = "DE"\nregion = "ZZ"', "'ZZ' is no region of DE", id="region"),
        pytest.param('from = "09:00"', "need a country", id="no country"),
        pytest.param('country = "DE"\nfrom = "17:00"\nto = "09:00"', "ends at 09:00, before it begins", id="order"),
        pytest.param('country = "DE"\nfrom = "nine"', "from", id="no time"),
        pytest.param('country = "DE"\ndays = 5', "unknown key 'days'", id="unknown key"),
    ],
)
def test_what_makes_no_calendar_is_an_error(tmp_path: Path, text: str, said: str):
    """Each with the file and the table it stands in."""
    with pytest.raises(InputError) as raised:
        load_settings(section(tmp_path, text), {})

    assert said in str(raised.value)
    assert "mqlab.toml" in str(raised.value)
