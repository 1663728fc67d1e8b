"""What the agreement tests share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

RARE = 100_000


@pytest.fixture(autouse=True)
def _collected_rarely() -> Iterator[None]:
    """Ibis builds large graphs; looking through them for garbage all the time takes a third of these tests."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(RARE, 50, 50)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
