"""A layout in the words of the tools that train, and their words as a layout.

To add a tool: a module with NAME, STACK, WITHIN, ON_REQUEST, `emit` and `read`, and a row in `TOOLS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gigawatt.engines.training.types import Layout, TrainingJob
from gigawatt.errors import InputError, nearest
from gigawatt.planning.launch import deepspeed, megatron, nemo, torchtitan
from gigawatt.planning.launch.flags import LaunchFlags, Part, plain


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that trains.

    Attributes
    ----------
    emit : callable
        Writes a job's layout as the tool's flags.
    read : callable
        Reads the tool's flags.
    stack : str
        Family of software in the training engine.
    within : tuple of mapping
        Parts of the space of layouts that the tool can express and that are searched, each as fields of `Layout` with
        the value that it holds, or the values that are tried.
    on_request : tuple of mapping
        Further parts, searched only where what is held lies in none of `within`.
    """

    emit: Callable[[TrainingJob, Layout], str]
    read: Callable[[str], LaunchFlags]
    stack: str
    within: tuple[Part, ...]
    on_request: tuple[Part, ...]


TOOLS: dict[str, Tool] = {
    module.NAME: Tool(module.emit, module.read, module.STACK, module.WITHIN, module.ON_REQUEST)
    for module in (megatron, nemo, torchtitan, deepspeed)
}

# What only one tool's text has, in the order of asking.
_SIGNS = (
    (torchtitan.NAME, re.compile(r"^\s*\[(parallelism|training|activation_checkpoint)\]\s*(#.*)?$", re.MULTILINE)),
    (
        deepspeed.NAME,
        re.compile(r"\"(zero_optimization|train_micro_batch_size_per_gpu|train_batch_size)\"|--deepspeed\b"),
    ),
    (nemo.NAME, re.compile(r"\b(model|train|ddp|comm_overlap|dataset)\.[a-z]\w*\s*=")),
    (megatron.NAME, re.compile(r"--[a-z]+-model-parallel-size|--micro-batch-size|--num-layers|--seq-length")),
)


def tool_named(name: str) -> Tool:
    """Return a tool; raise InputError with the nearest name otherwise."""
    if name not in TOOLS:
        message = f'"{name}" is no tool that launch flags are known of. {nearest(name, TOOLS)}'
        raise InputError(message)
    return TOOLS[name]


def detect(text: str) -> str:
    """Return the tool that a text is of.

    Parameters
    ----------
    text : str
        Flags, a script, a job file or a JSON.

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
    >>> detect("torchrun pretrain_gpt.py --tensor-model-parallel-size 8")
    'megatron'
    """
    for name, sign in _SIGNS:
        if sign.search(text):
            return name
    message = f"the text has no launch flags that are known; name the tool with --tool: {', '.join(TOOLS)}"
    raise InputError(message)


def emit(tool: str, job: TrainingJob, layout: Layout) -> str:
    """Return a layout as a tool's flags.

    Parameters
    ----------
    tool : str
        Key of `TOOLS`.
    job : TrainingJob
    layout : Layout

    Returns
    -------
    str

    Raises
    ------
    InputError
        If the tool is unknown or cannot express the layout; says what.
    """
    known = tool_named(tool)
    if layout.expert_parallel > 1 and not job.model.experts:
        message = f"{tool} cannot express expert parallel {layout.expert_parallel}: {job.model.name} has no experts"
        raise InputError(message)
    return known.emit(job, layout)


def read(text: str, tool: str = "") -> LaunchFlags:
    """Read launch flags.

    Parameters
    ----------
    text : str
    tool : str
        Key of `TOOLS`; told from the text where empty.

    Returns
    -------
    LaunchFlags

    Raises
    ------
    InputError
        If the tool is unknown, a value is wrong, or flags contradict each other.
    """
    return tool_named(tool or detect(text)).read(text)


__all__ = ["TOOLS", "LaunchFlags", "Tool", "detect", "emit", "plain", "read", "tool_named"]
