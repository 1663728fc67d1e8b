"""What a value is made into on its way in: Salesforce ids of one length, lists."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from mqlab.crm.columns import Column, Form
from mqlab.crm.door import flat
from mqlab.leads.text import normalise
from mqlab.leads.values import canonical_text

_SHORT_ID = re.compile(r"[A-Za-z0-9]{15}")
_LONG_ID = re.compile(r"[A-Za-z0-9]{18}")
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_BETWEEN = re.compile(r"[;,\[\]\s\"']+")


def salesforce_id(text: str) -> str:
    """A Salesforce id of 15 case-sensitive characters as the one of 18 that also tells them apart without case.

    The three characters at the end say which of the first 15 are capitals: five at a time, the first as the lowest
    bit, written as A to Z and 0 to 5. The case of an id of 18 is put right by them; any other text stays as it is.

    Example:
        >>> salesforce_id("006q000000Hddoh"), salesforce_id("006Q000000HDDOHAAB")
        ('006q000000HddohAAB', '006q000000HddohAAB')
    """
    found = text.strip()
    if _SHORT_ID.fullmatch(found):
        return found + _checksum(found)
    if _LONG_ID.fullmatch(found):
        if _checksum(found[:15]) == found[15:]:
            return found
        suffix = found[15:].upper()
        if all(character in _SUFFIX for character in suffix):
            capital = [bool(_SUFFIX.index(suffix[place // 5]) >> (place % 5) & 1) for place in range(15)]
            restored = "".join(one.upper() if up else one.lower() for one, up in zip(found[:15], capital, strict=True))
            return restored + suffix if _checksum(restored) == suffix else found
    return found


def listed(value: Any) -> list[str]:
    """The values that a cell lists, with semicolons, commas or spaces between them, perhaps in brackets.

    Example:
        >>> listed("12;34"), listed("[12, 34]"), listed(12), listed(None)
        (['12', '34'], ['12', '34'], ['12'], [])
    """
    found = parsed(value)
    values = found if isinstance(found, list | tuple) else [found]
    texts = (canonical_text(flat(object_id(one))) for one in values)
    return [part for text in texts for part in _BETWEEN.split(text) if part]


def object_id(value: Any) -> Any:
    """The id of what an object is about, where an id stands in one; anything else as it is.

    Example:
        >>> object_id({"value": 12, "name": "Ada"}), object_id("12")
        (12, '12')
    """
    found = parsed(value)
    if isinstance(found, dict):
        return next((found[key] for key in ("value", "id") if found.get(key) is not None), None)
    return value


def address(value: Any) -> Any:
    """The primary e-mail address of a list of them, else the first; anything else as it is.

    Example:
        >>> address([{"value": "a@example.com"}, {"value": "b@example.com", "primary": True}])
        'b@example.com'
    """
    found = parsed(value)
    if not isinstance(found, list):
        return value
    first = sorted(found, key=lambda one: not (isinstance(one, dict) and one.get("primary") is True))
    return next((object_id(one) for one in first if object_id(one)), None)


def parsed(value: Any) -> Any:
    """JSON text as what it says; anything else, and what is not JSON, as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (json.JSONDecodeError, RecursionError):
            return value
    return value


def formed(values: Sequence[Any], declared: Column) -> Sequence[Any]:
    """Values in the mapping's own words and form: what words mean first, then the form."""
    if declared.values:
        meaning = {normalise(word): instead for word, instead in declared.values.items()}
        words: dict[str, Any] = {}
        values = [_meant(value, meaning, words) if value is not None else None for value in values]
    if declared.form is None:
        return values
    form = _FORMS[declared.form]
    known: dict[str, Any] = {}
    result: list[Any] = []
    for value in values:
        if isinstance(value, str):
            if value not in known:
                known[value] = form(value)
            result.append(known[value])
        else:
            result.append(value if declared.form == "salesforce_id" else form(value))
    return result


def one_formed(value: Any, *, declared: Column) -> Any:
    """One value in the mapping's own words and form."""
    return formed([value], declared)[0]


def _meant(value: Any, meaning: dict[str, str], words: dict[str, Any]) -> Any:
    """The value in the mapping's own words; a number is looked up as it is written."""
    if isinstance(value, str):
        if value not in words:
            words[value] = meaning.get(normalise(value), value)
        return words[value]
    return meaning.get(canonical_text(value), value) if isinstance(value, int | float) else value


def _checksum(short: str) -> str:
    return "".join(
        _SUFFIX[sum(one.isupper() << place for place, one in enumerate(short[start : start + 5]))]
        for start in (0, 5, 10)
    )


def before_colon(value: Any) -> Any:
    """What stands before the first colon of a text, all of it where there is none.

    Example:
        >>> before_colon("12:1700000000000"), before_colon("12")
        ('12', '12')
    """
    return value.partition(":")[0] if isinstance(value, str) else value


def after_colon(value: Any) -> Any:
    """What stands after the first colon of a text, nothing where there is none.

    Example:
        >>> after_colon("12:1700000000000"), after_colon("12")
        ('1700000000000', None)
    """
    return value.partition(":")[2] or None if isinstance(value, str) else None


_FORMS: dict[Form, Callable[[Any], Any]] = {
    "salesforce_id": salesforce_id,
    "object_id": object_id,
    "address": address,
    "before_colon": before_colon,
    "after_colon": after_colon,
}
