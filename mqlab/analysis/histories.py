"""Facts as histories: what each lead was and did, in the shape the evaluator reads, with merges applied."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from mqlab.definitions.merges import Identity, merged
from mqlab.leads.instants import instant
from mqlab.leads.records import Event, FieldChange, History, Lead, Merge, Scalar
from mqlab.leads.tables import Facts

_DECODER = json.JSONDecoder(parse_int=float)


class _Json:
    """Decodes JSON texts, each different text once: properties repeat."""

    def __init__(self) -> None:
        self._objects: dict[str, Mapping[str, Scalar]] = {}
        self._scalars: dict[str, Scalar] = {}

    def object(self, text: str | None) -> Mapping[str, Scalar]:
        """A JSON object of scalars; nothing and the empty text are the empty object."""
        if not text:
            return {}
        found = self._objects.get(text)
        if found is None:
            found = self._objects[text] = cast("Mapping[str, Scalar]", _DECODER.decode(text))
        return found

    def scalar(self, text: str | None) -> Scalar:
        """A JSON scalar; nothing is missing."""
        if text is None:
            return None
        if text not in self._scalars:
            self._scalars[text] = cast("Scalar", _DECODER.decode(text))
        return self._scalars[text]
