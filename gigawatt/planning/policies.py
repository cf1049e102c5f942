"""Policies of a fleet written in a file: `def queue(...)`, `def placement(...)` and so on, one for each hook."""

from __future__ import annotations

import re
from pathlib import Path

from gigawatt.engines.fleet.policies.written import HOOKS, Written
from gigawatt.engines.policy import Program, compile_policy
from gigawatt.engines.policy.features import USUAL
from gigawatt.errors import InputError, nearest

LONGEST_COUNT = len(HOOKS) * USUAL.characters_count  # characters of a file
HEAD = re.compile(r"def[ \t]+(\w*)")
PLACE = re.compile(r"policy, line (\d+), column (\d+): ")


def read_policy(path: Path) -> Written:
    """Read the policies of a file.

    Parameters
    ----------
    path : Path
        Python text: functions that bear the names of hooks and take features of the hook (`HOOKS`) as parameters, with
        comments between them; or a bare expression, which is a score for `queue`. It is read in the policy language
        and never run by Python.

    Returns
    -------
    Written

    Raises
    ------
    InputError
        If the file cannot be read, has a function twice or one that is no hook, or leaves the language. The
        message names file, line and column.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.py")
    ...     _ = path.write_text("-run_time_s  # shortest first")
    ...     written = read_policy(path)
    >>> written.queue.features, written.placement
    (('run_time_s',), None)
    """
    text = _text(path)
    parts = _functions(path, text)
    found = {hook: _compiled(path, hook, part, line) for hook, (part, line) in parts.items()}
    return Written(**found)


def _text(path: Path) -> str:
    """Return the text of a file."""
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(LONGEST_COUNT + 1)
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read as text: {error}"
        raise InputError(message) from error
    if len(text) > LONGEST_COUNT:
        message = f"{path}: more than {LONGEST_COUNT:,} characters"
        raise InputError(message)
    return text


def _functions(path: Path, text: str) -> dict[str, tuple[str, int]]:
    """Cut a file into its functions: text and line before it, by hook."""
    lines = text.split("\n")
    heads = [number for number, line in enumerate(lines) if line.startswith("def")]
    if not heads:
        return {"queue": (text, 0)}
    for number, line in enumerate(lines[: heads[0]], start=1):
        if line.partition("#")[0].strip():
            message = f"{path}:{number}:1: only comments may stand before the first function"
            raise InputError(message)
    parts: dict[str, tuple[str, int]] = {}
    for start, stop in zip(heads, [*heads[1:], len(lines)], strict=True):
        head = HEAD.match(lines[start])
        hook = head[1] if head else ""
        if hook not in HOOKS or hook in parts:
            fault = "is there twice" if hook in parts else f"names no hook: {', '.join(HOOKS)}. {nearest(hook, HOOKS)}"
            message = f"{path}:{start + 1}:5: the function {hook} {fault}"
            raise InputError(message)
        parts[hook] = "\n".join(lines[start:stop]), start
    return parts


def _compiled(path: Path, hook: str, text: str, before_count: int) -> Program:
    """Compile a function; faults are told by the place in the file."""
    try:
        return compile_policy(text, HOOKS[hook])
    except InputError as error:
        told = str(error)
        place = PLACE.match(told)
        if place:
            message = f"{path}:{before_count + int(place[1])}:{place[2]}: {hook}: {told[place.end() :]}"
        else:
            message = f"{path}:{before_count + 1}:1: {hook}: {told.removeprefix('policy: ')}"
        raise InputError(message) from error
