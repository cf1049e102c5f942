"""Walls around a verb that a client has asked for: it reads and writes the working folder alone, and no network.

They stand in the process of the verb, as a hook on what Python itself does, behind the check of the arguments: a file
that a scenario names leads no further out than one that a call names. They are no sandbox for foreign code, and none is
run.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# What a Python program reads besides what it is asked to: libraries, time zones, fonts, what the machine is.
SYSTEM = ("/usr", "/lib", "/lib64", "/proc", "/sys", "/dev/null", "/dev/urandom", "/etc/ld.so.cache", "/etc/localtime")
CACHE = "__pycache__"  # where Python and Numba keep what they compiled
REFUSED = ("socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")
CHANGES = (
    "os.mkdir",
    "os.remove",
    "os.rmdir",
    "os.rename",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.utime",
)
TWO_PATHS = ("os.rename", "os.link", "os.symlink")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def raise_walls(readable: Sequence[Path], writable: Sequence[Path]) -> None:
    """Refuse from now on, in this process, whatever leads out of some folders.

    Parameters
    ----------
    readable : sequence of Path
        Folders of the user's that may be read; the program's own always may.
    writable : sequence of Path
        Folders that may be written, and read.
    """
    package = Path(__file__).parents[2]
    reads = tuple(map(_real, (*readable, *writable, package, sys.prefix, sys.base_prefix, *SYSTEM)))
    writes = tuple(map(_real, (*writable, "/dev/null")))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            wants = bool((flags or 0) & WRITING) or (isinstance(mode, str) and any(letter in mode for letter in "wax+"))
            _check(path, wants, reads, writes, _real(package))
        elif event in CHANGES:
            for path in arguments[: 2 if event in TWO_PATHS else 1]:
                _check(path, True, reads, writes, _real(package))
        elif event in REFUSED:
            message = f"{event} is not allowed here"
            raise PermissionError(message)

    sys.addaudithook(hook)


def wall_in_databases(folders: Sequence[Path]) -> None:
    """Let every DuckDB connection of this process see some folders alone; it opens files behind Python's back.

    Parameters
    ----------
    folders : sequence of Path
    """
    import duckdb

    connect: Callable[..., Any] = duckdb.connect
    listed = ", ".join("'" + _real(folder).replace("'", "''") + "/'" for folder in folders)

    @functools.wraps(connect)
    def walled(*positional: Any, **named: Any) -> Any:
        connection = connect(*positional, **named)
        connection.execute(f"SET allowed_directories = [{listed}]; SET enable_external_access = false")
        return connection

    duckdb.connect = walled


def main() -> None:
    """Run a verb behind walls: the first word of the command line is JSON that says where they stand."""
    asked = json.loads(sys.argv[1])
    readable, writable = ([Path(path) for path in asked[name]] for name in ("readable", "writable"))
    if not asked["closed"]:
        wall_in_databases([*readable, *writable])
    raise_walls(readable, writable)
    sys.argv = ["gigawatt", *asked["words"]]
    from gigawatt.views.cli import main as command_line

    command_line()


def _check(path: Any, wants_to_write: bool, reads: Sequence[str], writes: Sequence[str], package: str) -> None:
    """Raise PermissionError for a path that leads out; a number is a file that is open already."""
    if isinstance(path, int) or path is None:
        return
    real = _real(path)
    if wants_to_write:
        allowed = _below(real, writes) or (_below(real, (package,)) and f"/{CACHE}" in real)
    else:
        allowed = _below(real, reads)
    if not allowed:
        message = "leads out of the working folder" if not wants_to_write else "may not be written"
        raise PermissionError(13, message, os.fsdecode(path))


def _real(path: Any) -> str:
    """Return a path without links."""
    return os.path.realpath(os.fsdecode(path))


def _below(path: str, folders: Sequence[str]) -> bool:
    """Return whether a path is one of some folders or lies in one."""
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


if __name__ == "__main__":
    main()
