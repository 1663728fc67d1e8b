"""The texts that stand in a drawn report, read back: what `report verify` compares where bytes differ."""

from __future__ import annotations

import io
import zipfile
from html.parser import HTMLParser
from xml.etree import ElementTree

from mqlab.reports.formats import ReportFormat

_UNREAD = ("style", "script")
_FOREIGN = ("script", "iframe", "object", "embed", "link", "form")
"""Elements that no page of ours has."""


def texts(data: bytes, of: ReportFormat) -> list[str] | None:
    """The texts of a file in their order; None for a PDF, which is compared by its bytes only.

    ValueError where the bytes are no file of the format.
    """
    try:
        match of:
            case ReportFormat.PDF:
                return None
            case ReportFormat.HTML:
                page = _Page()
                page.feed(data.decode())
                page.close()
                return page.found
            case ReportFormat.MD | ReportFormat.JSON:
                return [line.strip() for line in data.decode().splitlines() if line.strip()]
            case ReportFormat.PPTX | ReportFormat.XLSX:
                return _parts(data)
    except (UnicodeDecodeError, zipfile.BadZipFile, ElementTree.ParseError, KeyError) as error:
        raise ValueError(f"this is no {of} file") from error


class _Page(HTMLParser):
    """What a page says, attributes with words included."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Descriptions and data are texts, too."""
        self._open.append(tag)
        if tag in _FOREIGN:
            self.found.append(f"<{tag}>")
        self.found += [value for name, value in attrs if value and name in ("aria-label", "data-value")]

    def handle_endtag(self, tag: str) -> None:
        """Up to the tag that ends here."""
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Words between tags."""
        if data.strip() and not (self._open and self._open[-1] in _UNREAD):
            self.found.append(" ".join(data.split()))


def _parts(data: bytes) -> list[str]:
    """Every text and number in the XML parts of an office file, part by part."""
    found: list[str] = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".xml") or not name.startswith(("ppt/slides/", "ppt/notesSlides/", "xl/")):
                continue
            for node in ElementTree.fromstring(archive.read(name)).iter():
                if node.tag.rpartition("}")[2] in ("t", "v", "f") and node.text and node.text.strip():
                    found.append(node.text.strip())
    return found
