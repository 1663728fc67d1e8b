"""JSON as people hand it over: one object, a list of them, or one after the other, with the line each begins on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mqlab.errors import InputError, Place

SPACE = re.compile(r"[ \t\r\n]*")


class JsonObject:
    """A JSON object as it was read: a key may stand twice, and it is for the reader to refuse that."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def documents(text: str, file: str) -> Iterator[tuple[int, str, Any]]:
    """The line, the path (`[2]` in a list, else empty) and the value of each document; InputError where it is no JSON.

    Objects come as `JsonObject`, whole numbers as floats; NaN and numbers too large for a float come as they are.

    Example:
        >>> [(line, path) for line, path, _ in documents('[{},\\n {}]', "leads.json")]
        [(1, '[0]'), (2, '[1]')]
    """
    reader = _Documents(text, file)
    if text[reader.at : reader.at + 1] == "[":
        yield from reader.items()
    else:
        while reader.at < len(text):
            yield reader.line(), "", reader.value()


class _Documents:
    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._decoder = json.JSONDecoder(object_pairs_hook=JsonObject, parse_constant=float, parse_int=float)
        self._counted = (0, 1)
        self.at = 0
        self._skip()

    def items(self) -> Iterator[tuple[int, str, Any]]:
        """The items of a list, which must be all there is."""
        self._step()
        number = 0
        while self._mark() != "]" or number:
            yield self.line(), f"[{number}]", self.value()
            number += 1
            if self._mark() == "]":
                break
            if self._mark() != ",":
                self._refuse("This is not JSON: a comma or ']' is missing.")
            self._step()
        self._step()
        if self.at < len(self._text):
            self._refuse("Something stands after the list.")

    def value(self) -> Any:
        """The value that begins here; afterwards `at` is behind it."""
        try:
            value, self.at = self._decoder.raw_decode(self._text, self.at)
        except json.JSONDecodeError as error:
            place = Place(self._file, error.lineno, error.colno)
            raise InputError(f"This is not JSON: {error.msg}.", code="NotJson", place=place) from error
        except RecursionError as error:
            place = Place(self._file, self.line())
            raise InputError("The JSON is nested too deeply.", code="NotJson", place=place) from error
        self._skip()
        return value

    def line(self) -> int:
        """The line of the present place, from 1."""
        before, line = self._counted
        line += self._text.count("\n", before, self.at)
        self._counted = (self.at, line)
        return line

    def _mark(self) -> str:
        return self._text[self.at : self.at + 1]

    def _step(self) -> None:
        self.at += 1
        self._skip()

    def _skip(self) -> None:
        found = SPACE.match(self._text, self.at)
        self.at = self.at if found is None else found.end()

    def _refuse(self, message: str) -> None:
        raise InputError(message, code="NotJson", place=Place(self._file, self.line()))
