"""JSON Schema of experiment files, so that editors complete and check them."""

from __future__ import annotations

from typing import Any

from mqlab.experiments.document import ExperimentSpec


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of `experiments/<id>.yaml`.

    Example:
        >>> json_schema()["title"]
        'An experiment of mqlab'
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ExperimentSpec.model_json_schema(by_alias=True),
        "title": "An experiment of mqlab",
    }
