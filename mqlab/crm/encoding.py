"""In which encoding a file is written, as far as its first bytes tell: a byte order mark, or zeros between letters."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from mqlab.errors import InputError, Place

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to read a file. `unmarked`: the UTF-16 in which it seems to be written, though it has no mark."""

    name: str
    unmarked: str | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    def refused(self, file: str) -> InputError:
        """What is said of UTF-16 without a mark that is read as something else."""
        return InputError(
            "the file looks like UTF-16 without a byte order mark.",
            code="BadEncoding",
            place=Place(file, 1),
            hint=f"State `encoding: {self.unmarked}` in the mapping, or save it as UTF-8.",
        )


def encoding_of(stream: IO[bytes], stated: str | None) -> Encoding:
    """The encoding of a buffered stream, of which nothing is read: a mark counts more than what a mapping `stated`."""
    start: bytes = stream.peek(64)[:64]  # type: ignore[attr-defined]
    for mark, name in _MARKS:
        if start.startswith(mark):
            if stated is None or codecs.lookup(stated).name in {name, "utf-8"}:
                return Encoding(name)
            return Encoding(
                name, notes=(f"The file says it is {name}, not {stated} as the mapping does; it was believed.",)
            )
    name = stated or "utf-8"
    return Encoding(name, None if codecs.lookup(name).name.startswith("utf-16") else _sixteen_bits(start))


def _sixteen_bits(start: bytes) -> str | None:
    """The UTF-16 in which a file without a mark seems to be written: every other byte of Latin letters is zero."""
    even, odd = start[0::2], start[1::2]
    if odd.count(0) * 2 > len(odd) and not even.count(0):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) * 2 > len(even) and not odd.count(0) else None
