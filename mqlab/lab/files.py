"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mqlab.errors import InputError, RefusedError, UnreachableError


def in_a_known_folder(path: Path) -> Path:
    """`path`, where its folder is there or may be made in one that is; more folders than the last are a mistyped path.

    Raises InputError with the first folder that is missing.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    if len(missing) > 1:
        raise InputError(
            f"{path}: there is no folder {missing[-1]}.",
            code="NoSuchFolder",
            hint=f"Is the path right? If so, make the folder: mkdir -p '{path.parent}'",
        )
    return path


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
