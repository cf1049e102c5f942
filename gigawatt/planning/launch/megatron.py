"""Megatron-LM: flags of `pretrain_gpt.py`, started by torchrun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gigawatt.engines.training.types import Layout, TrainingJob
from gigawatt.errors import InputError
from gigawatt.planning.launch.core import (
    UNDERSTOOD,
    Settings,
    leftover,
    read_settings,
    settings_of,
    shape_of,
    with_notes,
)
from gigawatt.planning.launch.flags import LaunchFlags, heading, nodes, unread
from gigawatt.planning.launch.words import Flags, flags_of, gpus_of, one_of, split

NAME = "megatron"
STACK = "megatron"
# Searched with ZeRO stage 3 only without a pipeline: the published runs of Megatron-FSDP have none.
# Optimizer states in host memory or in 8 bits are those of its distributed optimizer, which is ZeRO stage 1.
_USUAL: dict[str, int | str] = {"offload": "none", "optimizer_bits": 32}
WITHIN: tuple[Mapping[str, int | str], ...] = (
    {"zero_stage": 1, **_USUAL},
    {"zero_stage": 3, "pipeline_parallel": 1, **_USUAL},
)
ON_REQUEST: tuple[Mapping[str, int | str], ...] = (
    *({"zero_stage": stage, **_USUAL} for stage in (0, 2, 3)),
    {"zero_stage": 1, "offload": "optimizer", "optimizer_bits": 32},
    {"zero_stage": 1, "offload": "none", "optimizer_bits": 8},
)
FP8_RECIPES = {"tensorwise": "fp8", "delayed": "fp8", "blockwise": "fp8", "mxfp8": "mxfp8"}
LAUNCHER = {
    "nnodes", "nproc_per_node", "node_rank", "master_addr", "master_port", "rdzv_id", "rdzv_backend", "rdzv_endpoint",
}  # fmt: skip
OWN = LAUNCHER | {"bf16", "fp16", "fp8_format", "fp8_recipe", "fp8_param_gather", "fp4_format", "fp4_recipe"}


def emit(job: TrainingJob, layout: Layout) -> str:
    """Return a torchrun command with Megatron-LM's flags.

    Parameters
    ----------
    job : TrainingJob
    layout : Layout

    Returns
    -------
    str
        Shell text.

    Raises
    ------
    InputError
        If Megatron-LM cannot express the layout: recomputing half, DualPipe.
    """
    settings = settings_of(job, layout, NAME)
    stages = settings.pop("virtual_pipeline_model_parallel_size", None)
    if stages is not None:
        per_stage, rest = divmod(job.model.layers, int(stages) * layout.pipeline_parallel)
        if rest == 0:
            settings["num_layers_per_virtual_pipeline_stage"] = per_stage
        else:
            settings["num_virtual_stages_per_pipeline_rank"] = stages
    shape = shape_of(job.model) | {"max_position_embeddings": job.sequence_tokens}
    count, per_node = nodes(job)
    lines = [f"torchrun --nnodes {count} --nproc-per-node {per_node} pretrain_gpt.py"]
    lines += [f"  {_flag(name, value)}" for name, value in (shape | settings | _precision(job)).items()]
    return heading(job, layout) + " \\\n".join(lines) + "\n"


def _flag(name: str, value: int | str | bool) -> str:
    """Return one flag as Megatron-LM spells it."""
    shown = f"--{name.replace('_', '-')}"
    if value is True:
        return shown
    quoted = f'"{value}"' if "(" in str(value) else value
    return f"{shown} {quoted}"


def _precision(job: TrainingJob) -> Settings:
    """Return the flags of a precision."""
    settings: Settings = {"bf16": True}
    if job.precision in ("fp8", "mxfp8"):
        recipe = "mxfp8" if job.precision == "mxfp8" else "tensorwise"
        settings |= {"fp8_format": "hybrid", "fp8_recipe": recipe}
    if job.precision == "fp4":
        settings |= {"fp4_format": "e2m1", "fp4_recipe": "nvfp4"}
    return settings


def read(text: str) -> LaunchFlags:
    """Read Megatron-LM's flags from a command or a script.

    Parameters
    ----------
    text : str

    Returns
    -------
    LaunchFlags

    Raises
    ------
    InputError
        If a value is wrong or flags contradict each other.

    Examples
    --------
    >>> read("--tensor-model-parallel-size 8 --sequence-parallel --micro-batch-size 1 --bf16").fixed["tensor_parallel"]
    8
    """
    flags = flags_of(split(text), UNDERSTOOD | OWN)
    precision, note = _read_precision(flags)
    found = replace(
        read_settings(flags, NAME), gpus_count=gpus_of(flags, "nnodes", "nproc_per_node"), precision=precision
    )
    spare = [f"--{name.replace('_', '-')}" for name in leftover(flags, OWN)]
    return with_notes(found, note, *unread(spare))


def _read_precision(flags: Flags) -> tuple[str | None, str]:
    """Return the precision and a note where it is predicted as another."""
    if "bf16" in flags and "fp16" in flags:
        message = "--bf16 and --fp16 exclude each other"
        raise InputError(message)
    if "fp4_format" in flags:
        if "fp8_format" in flags:
            message = "--fp4-format and --fp8-format exclude each other"
            raise InputError(message)
        return "fp4", ""
    if "fp8_format" in flags:
        return FP8_RECIPES[one_of(flags, "fp8_recipe", FP8_RECIPES) or "delayed"], ""
    if "fp16" in flags:
        return "bf16", "fp16 is predicted as bf16, which runs at the same rate"
    return ("bf16", "") if "bf16" in flags else (None, "no precision is given: Megatron-LM would train in fp32")
