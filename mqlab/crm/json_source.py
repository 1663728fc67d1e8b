"""JSON: a file of one array of objects, of one object, or of several such values one after another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mqlab.crm.jsonl_source import ESCAPE, Found, JsonlSource, once, usable
from mqlab.crm.quarantine import Finding, Reason
from mqlab.errors import InputError, Place

LONGEST = 1 << 24
"""How many characters one object may have."""
CUT = "cut off"
_PIECE = 1 << 16
_BLANK = " \t\r\n"


class JsonSource(JsonlSource):
    """A file of JSON objects, of which arrays may hold some; a row's number is its place among them.

    It is read piece by piece, so it may be of any size. Raises InputError where it is no JSON, or cut off.
    """

    unit = "row"
    hint = "Write an array of JSON objects."

    def _rows(self) -> Iterator[Found]:
        for text, value in _Reader(self).values():
            self._number += 1
            yield self._number, text, value if isinstance(value, Finding) else usable(value, escaped=ESCAPE in text)

    def piece(self, least: int) -> str:
        """Some more text, nothing at the end."""
        return self._text.read(max(_PIECE, least))

    def refused(self, why: str) -> InputError:
        """What is said of a file that is no JSON."""
        if why == CUT:
            message, hint = "the file ends in the middle: it was cut off.", "Fetch it again."
        else:
            message = f"this is not JSON after {self._number} row{'' if self._number == 1 else 's'}: {why}."
            hint = "A file with one object a line is read line by line under the name .jsonl."
        code = "Truncated" if why == CUT else "NotJson"
        return InputError(message, code=code, place=Place(self._file), hint=hint)


class _Reader:
    """The values of a text that arrays hold, or that stand for themselves, in order."""

    def __init__(self, source: JsonSource) -> None:
        self._source = source
        self._strict = json.JSONDecoder(object_pairs_hook=once)
        self._lenient = json.JSONDecoder(parse_int=str)
        self._text = ""
        self._at = 0
        self._depth = 0

    def values(self) -> Iterator[tuple[str, Any]]:
        """Each value's text and the value."""
        after_value = False
        while found := self._next():
            if found == "]" and self._depth:
                self._depth, after_value = self._depth - 1, True
            elif found == "," and self._depth and after_value:
                after_value = False
            elif after_value and self._depth:
                raise self._source.refused(f"a comma is missing before '{found}'")
            elif found == "[":
                self._depth, after_value = self._depth + 1, False
            else:
                self._at -= 1
                yield self._value()
                after_value = True
        if self._depth:
            raise self._source.refused(CUT)

    def _next(self) -> str:
        """The next character that is no space; nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text):
                self._at += 1
                return self._text[self._at - 1]
            self._text, self._at = self._source.piece(0), 0
            if not self._text:
                return ""

    def _value(self) -> tuple[str, Any]:
        """The value that begins here, of which more may have to be read; a Finding where its object cannot be a row."""
        while True:
            wrong: Finding | None = None
            try:
                try:
                    value, end = self._strict.raw_decode(self._text, self._at)
                except json.JSONDecodeError:
                    raise
                except ValueError as error:
                    wrong = Finding(Reason.BAD_JSON, str(error))
                    value, end = self._lenient.raw_decode(self._text, self._at)
            except (json.JSONDecodeError, RecursionError) as error:
                rest = self._text[getattr(error, "pos", 0) :].strip()
                if not self._more():
                    raise self._source.refused(self._why(error, rest)) from error
                continue
            if end == len(self._text) and self._more():
                continue
            text, self._at = self._text[self._at : end], end
            return text, wrong or value

    def _more(self) -> bool:
        """Whether more could be read, behind what stands here."""
        kept = self._text[self._at :]
        more = "" if len(kept) > LONGEST else self._source.piece(len(kept))
        self._text, self._at = kept + more, 0
        return bool(more)

    def _why(self, error: Exception, rest: str) -> str:
        """What is wrong with the value that begins here, of which the `rest` was not understood."""
        if rest and not rest.startswith('"'):
            return str(getattr(error, "msg", "nested too deeply"))
        return f"a value is longer than {LONGEST:,} characters" if len(self._text) > LONGEST else CUT
