"""What a process does that makes parts for another.

This module imports little, so that the process hears when to end while it still imports the rest.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gigawatt.planning.parts import Work


def begin(listens: Connection, modules: Sequence[str]) -> None:
    """Make this process a worker: it leaves Ctrl-C to the one that started it, and ends with it.

    Parameters
    ----------
    listens : Connection
        End of a pipe; the process ends once the other end is closed, by hand or by the death of its owner.
    modules : sequence of str
        Imported now, before there is work that needs them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(listens,), daemon=True).start()
    for module in modules:
        import_module(module)


def _end_with(listens: Connection) -> None:
    """End this process once the other end of the pipe is closed."""
    try:
        listens.poll(None)
    finally:
        os._exit(1)


def do_one(packed: bytes, folder: str, part: int) -> int:
    """Do one part and write it.

    Parameters
    ----------
    packed : bytes
        The pickled work.
    folder : str
        Folder of the run.
    part : int

    Returns
    -------
    int
        The part.
    """
    from gigawatt.planning.parts import part_path, write_part

    write_part(_unpacked(packed)(part), part_path(Path(folder), part))
    return part


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> Work:
    """Unpack work, once for all parts of it."""
    work: Work = pickle.loads(packed)
    return work
