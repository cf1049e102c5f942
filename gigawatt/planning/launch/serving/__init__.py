"""A serving replica in the words of the engines that serve, and their words as a replica.

To add an engine: a module with NAME, SIGN, `emit` and `read`, and a row in `TOOLS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gigawatt.errors import InputError, nearest
from gigawatt.planning.launch.serving import sglang, tensorrt_llm, vllm
from gigawatt.planning.launch.serving.setup import ServingFlags, ServingSetup, setup_of


@dataclass(frozen=True, slots=True)
class ServingTool:
    """An engine that serves: writes a set-up as flags, reads them, and the sign of its text."""

    emit: Callable[[ServingSetup], str]
    read: Callable[[str], ServingFlags]
    sign: re.Pattern[str]


TOOLS: dict[str, ServingTool] = {
    module.NAME: ServingTool(module.emit, module.read, module.SIGN)
    for module in (vllm, sglang, tensorrt_llm)  # in the order of asking
}


def tool_named(name: str) -> ServingTool:
    """Return an engine; raise InputError with the nearest name otherwise."""
    if name not in TOOLS:
        message = f'"{name}" is no engine that launch flags are known of. {nearest(name, TOOLS)}'
        raise InputError(message)
    return TOOLS[name]


def detect(text: str) -> str:
    """Return the engine that a text is of.

    Parameters
    ----------
    text : str
        Flags, a script or a file of options.

    Returns
    -------
    str
        Key of `TOOLS`.

    Raises
    ------
    InputError
        If it shows the signs of none.

    Examples
    --------
    >>> detect("vllm serve meta-llama/Llama-3.1-70B-Instruct -tp 8")
    'vllm'
    """
    for name, tool in TOOLS.items():
        if tool.sign.search(text):
            return name
    message = f"the text has no launch flags that are known; name the engine with --tool: {', '.join(TOOLS)}"
    raise InputError(message)


def emit(tool: str, setup: ServingSetup) -> str:
    """Return a set-up as an engine's flags; raise InputError where it cannot express it."""
    return tool_named(tool).emit(setup)


def read(text: str, tool: str = "") -> ServingFlags:
    """Read launch flags; the engine is told from the text where it is not named.

    Raises
    ------
    InputError
        If the engine is unknown, a value is wrong, or flags contradict each other.
    """
    return tool_named(tool or detect(text)).read(text)


__all__ = ["TOOLS", "ServingFlags", "ServingSetup", "ServingTool", "detect", "emit", "read", "setup_of", "tool_named"]
