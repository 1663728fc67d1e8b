"""`schema`: the JSON Schemas of the lab's files."""

from __future__ import annotations

from typing import Any


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a definition's or an experiment's file."""
    if kind == "experiment":
        from mqlab.experiments.schema import json_schema as experiment

        return experiment()
    from mqlab.definitions.schema import json_schema as definition

    return definition()
