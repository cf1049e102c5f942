"""A router written in a file: how requests go to replicas."""

from __future__ import annotations

from pathlib import Path

from gigawatt.engines.policy import Program, compile_policy
from gigawatt.engines.policy.features import USUAL
from gigawatt.engines.serving.simulator.routers import FEATURES
from gigawatt.errors import InputError


def read_router(path: Path) -> Program:
    """Read a router: an expression, or one function of the features that returns a score; the highest gets the request.

    Parameters
    ----------
    path : Path
        What it may read is in `gigawatt.engines.serving.simulator.routers.FEATURES`.

    Returns
    -------
    Program

    Raises
    ------
    InputError
        If the file cannot be read or leaves the language; names file, line and what may stand there.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(USUAL.characters_count + 1)
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read as text: {error}"
        raise InputError(message) from error
    try:
        return compile_policy(text, FEATURES)
    except InputError as error:
        message = f"{path}: {error}"
        raise InputError(message) from error
