"""The JSON Schema of definition files, so that editors complete and check them.

It is made from the classes that read the files. A schema cannot know names and types: `mqlab check` does.
"""

from __future__ import annotations

from typing import Any

from mqlab.definitions.document import DefinitionSpec
from mqlab.definitions.load import NULLABLE

REMOVE = {
    "title": "Remove",
    "description": "Takes an item of the extended definition away.",
    "type": "object",
    "properties": {"id": {"type": "string"}, "remove": {"const": True}},
    "required": ["id", "remove"],
    "additionalProperties": False,
}


def json_schema() -> dict[str, Any]:
    """The schema, draft 2020-12.

    Example:
        >>> json_schema()["properties"]["kind"]["const"]
        'mql-definition/v1'
    """
    schema = DefinitionSpec.model_json_schema()
    definitions = schema["$defs"]
    for shape in (schema, *definitions.values()):
        for name, part in shape.get("properties", {}).items():
            if name not in NULLABLE:
                _without_null(part)
            if "patternProperties" in part:
                part["additionalProperties"] = False
    definitions["GroupSpec"].pop("required", None)
    for items in (
        schema["properties"]["gates"],
        schema["properties"]["fast_track"],
        definitions["GroupSpec"]["properties"]["rules"],
        definitions["ScoreSpec"]["properties"]["rules"],
    ):
        items["items"] = {"anyOf": [items["items"], REMOVE]}
    events = schema["properties"]["events"]
    for key, value in list(events.items()):
        if key == "additionalProperties":
            events[key] = {"anyOf": [value, {"type": "null"}]}
        elif key == "patternProperties":
            events[key] = {pattern: {"anyOf": [inner, {"type": "null"}]} for pattern, inner in value.items()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Definition of an MQL"}


def _without_null(part: dict[str, Any]) -> None:
    """A key that may be left out may still not stand without a value."""
    choices = [choice for choice in part.get("anyOf", []) if choice != {"type": "null"}]
    if "anyOf" in part and len(choices) == 1:
        del part["anyOf"]
        part.update(choices[0] | {key: value for key, value in part.items() if key != "default"})
    elif "anyOf" in part:
        part["anyOf"] = choices
    if part.get("default", ...) is None:
        del part["default"]
