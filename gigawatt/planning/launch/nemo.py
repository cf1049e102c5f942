"""NeMo's Megatron-Bridge: overrides of a recipe, `section.setting=value`, started by torchrun."""

from __future__ import annotations

import re
from dataclasses import replace

from gigawatt.engines.training.types import Layout, TrainingJob
from gigawatt.errors import InputError
from gigawatt.planning.launch import megatron
from gigawatt.planning.launch.core import MODEL_FIELDS, leftover, read_settings, settings_of, with_notes
from gigawatt.planning.launch.flags import LaunchFlags, heading, nodes, unread
from gigawatt.planning.launch.words import Flags, flags_of, gpus_of, split

NAME = "nemo"
STACK = "megatron"
WITHIN, ON_REQUEST = megatron.WITHIN, megatron.ON_REQUEST
# setting -> section of the recipe; `model` where none is named
SECTIONS = {
    "micro_batch_size": "train",
    "global_batch_size": "train",
    "use_distributed_optimizer": "ddp",
    "use_megatron_fsdp": "ddp",
    "data_parallel_sharding_strategy": "ddp",
    "num_distributed_optimizer_instances": "ddp",
    "tp_comm_overlap": "comm_overlap",
    "ckpt_format": "checkpoint",
    "optimizer_cpu_offload": "optimizer",
    "optimizer_offload_fraction": "optimizer",
    "use_precision_aware_optimizer": "optimizer",
    "exp_avg_dtype": "optimizer",
    "exp_avg_sq_dtype": "optimizer",
}
# name of a mixed-precision recipe -> precision
PRECISIONS = {
    "bf16_mixed": "bf16",
    "bf16_with_fp8_current_scaling_mixed": "fp8",
    "bf16_with_fp8_delayed_scaling_mixed": "fp8",
    "bf16_with_fp8_subchannel_scaling_mixed": "fp8",
    "bf16_with_mxfp8_mixed": "mxfp8",
    "bf16_with_nvfp4_mixed": "fp4",
}
EMITTED = {
    "bf16": "bf16_mixed", "fp8": "bf16_with_fp8_current_scaling_mixed", "mxfp8": "bf16_with_mxfp8_mixed",
    "fp4": "bf16_with_nvfp4_mixed",
}  # fmt: skip
# names of Megatron-Bridge where they differ from Megatron-LM's
RENAMED = {"num_moe_experts": "num_experts"}
_OVERRIDE = re.compile(r"^\+{0,2}(?:cfg\.|recipe\.|--)?((?:[a-z]\w*\.)+[a-z]\w*|mixed_precision)\s*=\s*(.*)$")


def emit(job: TrainingJob, layout: Layout) -> str:
    """Return a torchrun command with overrides for the recipe of the model.

    Parameters
    ----------
    job : TrainingJob
    layout : Layout

    Returns
    -------
    str
        Shell text. The recipe brings the shape of the model.

    Raises
    ------
    InputError
        If Megatron Core cannot express the layout: recomputing half, DualPipe.
    """
    settings = settings_of(job, layout, NAME)
    settings.setdefault("sequence_parallel", False)
    settings.setdefault("virtual_pipeline_model_parallel_size", "null")
    settings.setdefault("recompute_granularity", "null")
    settings.setdefault("tp_comm_overlap", False)
    settings.setdefault("use_distributed_optimizer", False)
    settings.setdefault("use_megatron_fsdp", False)
    count, per_node = nodes(job)
    lines = [f"torchrun --nnodes {count} --nproc-per-node {per_node} pretrain.py"]
    for name, value in settings.items():
        lines.append(f"  {SECTIONS.get(name, 'model')}.{name}={_written(name, value)}")
    lines.append(f"  dataset.sequence_length={job.sequence_tokens}")
    lines.append(f"  mixed_precision={EMITTED[job.precision]}")
    return heading(job, layout) + " \\\n".join(lines) + "\n"


def _written(name: str, value: int | str | bool) -> str:
    """Return a value as an override spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{','.join(str(value).split())}]" if name == "recompute_modules" else str(value)


def read(text: str) -> LaunchFlags:
    """Read overrides of a recipe from a command, a script, or lines `cfg.section.setting = value` of Python.

    Parameters
    ----------
    text : str

    Returns
    -------
    LaunchFlags
        What is not overridden has Megatron Core's default, not the recipe's.

    Raises
    ------
    InputError
        If a value is wrong or settings contradict each other.

    Examples
    --------
    >>> read("model.tensor_model_parallel_size=4 train.micro_batch_size=1").fixed["tensor_parallel"]
    4
    """
    overrides, spare = _overrides(text)
    launcher = flags_of(split(text), ("nnodes", "nproc_per_node"))
    found = read_settings(overrides, NAME)
    shape = {field: value for field, value in found.model.items() if field in MODEL_FIELDS.values()}
    found = replace(
        found,
        gpus_count=gpus_of(launcher, "nnodes", "nproc_per_node"),
        precision=_read_precision(overrides),
        model=shape,
        sequence_tokens=found.sequence_tokens,
    )
    note = "what the overrides do not say is taken from Megatron Core's defaults, not from the recipe"
    return with_notes(found, note, *unread(spare))


def _overrides(text: str) -> tuple[Flags, list[str]]:
    """Return the settings by Megatron-LM's names, and the overrides that are not read."""
    overrides: Flags = {}
    spare: list[str] = []
    for word in split(re.sub(r"[ \t]*=[ \t]*", "=", text), ("mixed_precision",)):
        found = _OVERRIDE.match(word)
        if not found:
            continue
        path, value = found[1], found[2].strip("'\"")
        name = path.rsplit(".", 1)[-1]
        name = RENAMED.get(name, name)
        if path.startswith("dataset.") and name in ("sequence_length", "seq_length"):
            name = "seq_length"
        elif path != "mixed_precision" and leftover({name: []}, set()):
            spare.append(path)
            continue
        if value.lower() in ("null", "none", "~"):
            continue
        if overrides.setdefault(name, [value]) != [value]:
            message = f"{path} is given as {value}, but {name} is {overrides[name][0]} elsewhere"
            raise InputError(message)
    return overrides, spare


def _read_precision(overrides: Flags) -> str | None:
    """Return the precision of the mixed-precision recipe; its prefix may say more."""
    if "mixed_precision" not in overrides:
        return None
    text = overrides["mixed_precision"][0]
    if text not in PRECISIONS:
        message = f'mixed_precision: "{text}" is none of {", ".join(sorted(PRECISIONS))}'
        raise InputError(message)
    return PRECISIONS[text]
