"""Finding a lab and reading its settings."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from mqlab.errors import InputError, Place, Problem, ProblemsFound, nearest
from mqlab.settings.model import Settings

FILE_NAME = "mqlab.toml"


def find_lab(start: Path) -> Path:
    """The nearest folder from `start` upward that holds `mqlab.toml`; InputError where there is none."""
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise InputError(
        f"no {FILE_NAME} in {start} or any folder above it.",
        code="NoLab",
        hint="Go to a lab, name one with --lab DIR, or make one with: mqlab init my-lab",
    )


def load_settings(folder: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the lab in `folder`.

    `MQLAB_STORE_URL` and `MQLAB_WAREHOUSE_URL` in the environment win over the file, so that credentials need not
    stand in it. Raises InputError or ProblemsFound with file, line and hint.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except FileNotFoundError as error:
        raise InputError(
            f"there is no {FILE_NAME} in {folder}.", code="NoLab", hint="Make a lab with: mqlab init DIR"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            "the file is not UTF-8.", code="Encoding", place=Place(str(path)), hint="Save it as UTF-8."
        ) from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+), column (\d+)", str(error))
        place = Place(str(path), int(line[1]), int(line[2])) if line else Place(str(path))
        raise InputError(f"this is not TOML: {error}.", code="NotToml", place=place) from error
    except OSError as error:
        raise InputError(
            f"the file cannot be read: {error.strerror}.", code="Unreadable", place=Place(str(path))
        ) from error
    for variable, section in (("MQLAB_STORE_URL", "store"), ("MQLAB_WAREHOUSE_URL", "warehouse")):
        if environment.get(variable):
            raw.setdefault(section, {})["url"] = environment[variable]
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise ProblemsFound(_problem(path, text, dict(detail)) for detail in error.errors()) from error


def _problem(path: Path, text: str, detail: dict[str, Any]) -> Problem:
    keys = [str(part) for part in detail["loc"]]
    place = Place(str(path), _line_of(text, keys), None, ".".join(keys))
    if detail["type"] == "extra_forbidden":
        known = _known_keys(keys[:-1])
        hint = nearest(keys[-1], known) or f"Known here: {', '.join(known)}."
        return Problem("UnknownKey", f"unknown key '{keys[-1]}'.", place, hint=hint)
    message = str(detail["msg"]).removeprefix("Value error, ")
    return Problem("InvalidSetting", f"{keys[-1]}: {message}.", place)


def _known_keys(path: list[str]) -> list[str]:
    model: type[BaseModel] = Settings
    for key in path:
        annotation = model.model_fields[key].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return [info.alias or name for name, info in model.model_fields.items()]


def _line_of(text: str, keys: list[str]) -> int | None:
    """The line of a dotted key: the table's header, then the key inside it."""
    lines = text.splitlines()
    header = 0
    if len(keys) > 1 or not any(re.match(rf"\s*{re.escape(keys[0])}\s*=", line) for line in lines):
        for number, line in enumerate(lines, 1):
            if re.match(rf"\s*\[\s*{re.escape(keys[0])}\s*\]", line):
                header = number
                break
    wanted = keys[1] if len(keys) > 1 else keys[0]
    for number, line in enumerate(lines[header:], header + 1):
        if re.match(r"\s*\[", line):
            break
        if re.match(rf"\s*\"?{re.escape(wanted)}\"?\s*=", line):
            return number
    return header or None
