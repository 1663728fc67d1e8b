"""What is said of an import in SQLite holds on a PostgreSQL server: the same tests at a desk whose ledger is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mqlab.store.ledger import Ledger
from tests.crm import test_ingest
from tests.crm.conftest import Desk
from tests.crm.test_ingest import *  # noqa: F403  the tests themselves
from tests.crm.test_ties import (  # noqa: F401  as above
    test_a_lead_that_comes_later_makes_a_tie_that_is_told,
    test_the_file_handed_in_again_stands_in_quarantine,
)

IN_THE_FILE = "test_a_lead_is_stored_normalised_and_without_its_address"
"""It looks into SQLite's own file."""
del globals()[IN_THE_FILE]


@pytest.fixture
def desk(tmp_path: Path, server_ledger_url: str) -> Iterator[Desk]:
    """A desk with an empty ledger on the server."""
    with Ledger.open(server_ledger_url, create=False) as ledger:
        yield Desk(tmp_path, ledger)


def test_the_tests_are_all_here():
    """Each test of the file but one is run here too."""
    wanted = {name for name in vars(test_ingest) if name.startswith("test_")} - {IN_THE_FILE}

    assert len(wanted) >= 25
    assert wanted <= globals().keys()
