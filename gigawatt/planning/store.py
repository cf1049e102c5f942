"""Files: atomic writing, the run folder, and finding it again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gigawatt.errors import InputError


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file so that a reader sees the old one or the whole new one, never a part.

    Parameters
    ----------
    path : Path
        Target; its folder is made if missing.
    content : bytes or str
        What to write; text as UTF-8.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror or error}"
        raise InputError(message) from error
