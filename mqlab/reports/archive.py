"""Office files are zip archives: the same parts at the same instant become the same bytes."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

_FIRST, _LAST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 0, 0, 0)


def repacked(data: bytes, at: datetime | None) -> bytes:
    """The archive with `at` as the time of every part, parts in their order, and nothing of the machine in it."""
    moment = at.astimezone(UTC).timetuple()[:6] if at is not None else _FIRST
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as parts, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts.infolist():
            fresh = zipfile.ZipInfo(part.filename, min(max(moment, _FIRST), _LAST))
            fresh.compress_type = zipfile.ZIP_DEFLATED
            fresh.create_system = 0
            archive.writestr(fresh, parts.read(part), compresslevel=6)
    return written.getvalue()
