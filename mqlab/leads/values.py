"""Reading a stored value by its declared type; text that does not fit is missing."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import Literal

from mqlab.leads.records import Scalar
from mqlab.leads.text import is_null, normalise

ValueType = Literal["number", "string", "bool", "enum"]

NUMBER_TEXT = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
BOOL_TEXT = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def number(value: Scalar) -> float | None:
    """A finite number, or None: number text is sign, digits, fraction (`12`, `-3.5`; not `.5`, `1e3`, `1,000`)."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not NUMBER_TEXT.fullmatch(text):
            return None
        value = float(text)
    result = float(value)
    return result if math.isfinite(result) else None


def boolean(value: Scalar) -> bool | None:
    """True, False or None: bool text is true/false/yes/no/1/0."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return BOOL_TEXT.get(normalise(value))
    return {0.0: False, 1.0: True}.get(float(value))


def text(value: Scalar, null_tokens: Collection[str]) -> str | None:
    """Normalised text, or None for a null token; numbers are written shortest, bools as true/false."""
    if value is None:
        return None
    result = normalise(canonical_text(value))
    return None if is_null(result, null_tokens) else result


def canonical_text(value: Scalar) -> str:
    """A value as text for ordering and identity: numbers as shortest decimals, nothing as the empty text.

    Example:
        >>> canonical_text(4.0), canonical_text(0.1), canonical_text(True), canonical_text(None)
        ('4', '0.1', 'true', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    as_float = float(value)
    if as_float == int(as_float) and abs(as_float) < 1e15 if math.isfinite(as_float) else False:
        return str(int(as_float))
    return repr(as_float)


def read(value: Scalar, kind: ValueType, null_tokens: Collection[str], labels: Collection[str] = ()) -> Scalar:
    """The value as the declared type, None where it is missing or does not fit (an enum label outside `labels` too)."""
    if isinstance(value, str) and is_null(normalise(value), null_tokens):
        return None
    match kind:
        case "number":
            return number(value)
        case "bool":
            return boolean(value)
        case "string":
            return text(value, null_tokens)
        case "enum":
            label = text(value, null_tokens)
            return label if label in labels else None
