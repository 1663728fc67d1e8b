"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mqlab.errors import RefusedError, UnreachableError


def write_whole(path: Path, content: bytes | str, *, overwrite: bool = True) -> None:
    """Write `content` so that `path` holds either all of it or what it held before.

    Raises RefusedError where the file exists and may not be overwritten, UnreachableError where it cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and not overwrite:
        raise RefusedError(f"{path} exists.", code="FileExists", hint="Name another file, or say --force.")
    handle = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UnreachableError(
            f"{path} cannot be written: {error.strerror or error}.",
            code="CannotWrite",
            hint="Nothing was changed. Make room or choose another place.",
        ) from error
