"""DeepSpeed: its JSON with the ZeRO stage, and the launcher's command for Megatron-DeepSpeed's `pretrain_gpt.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from gigawatt.engines.training.types import Layout, TrainingJob
from gigawatt.errors import InputError
from gigawatt.planning.launch.flags import LaunchFlags, Value, heading, nodes, not_emitted, refuse, unread
from gigawatt.planning.launch.words import Flags, flags_of, gpus_of, split, whole

NAME = "deepspeed"
STACK = "deepspeed"
_LIMITS: dict[str, int | str] = {
    "context_parallel": 1, "virtual_stages": 1, "expert_tensor_parallel": 1, "tensor_overlap": 0, "optimizer_bits": 32,
}  # fmt: skip
# Its pipeline takes no sharded gradients, so stages 2 and 3 come without one.
WITHIN: tuple[Mapping[str, int | str], ...] = tuple(
    {**_LIMITS, **sharding, "recompute": recompute, "offload": "none"}
    for sharding in (
        {"zero_stage": 1},
        {"zero_stage": 2, "pipeline_parallel": 1},
        {"zero_stage": 3, "pipeline_parallel": 1},
    )
    for recompute in ("none", "full")
)
# ZeRO-Offload is of stages 1 to 3 without a pipeline.
_ASKED: tuple[dict[str, int | str], ...] = (
    {"zero_stage": 0, "offload": "none"},
    *({"zero_stage": stage, "pipeline_parallel": 1, "offload": "optimizer"} for stage in (1, 2, 3)),
)
ON_REQUEST: tuple[Mapping[str, int | str], ...] = tuple(
    {**_LIMITS, **sharding, "recompute": recompute} for sharding in _ASKED for recompute in ("none", "full")
)
OFFLOAD_DEVICES = {"none": "none", "cpu": "optimizer", "nvme": "optimizer"}
CONFIG_FILE = "ds_config.json"
JSON_READ = {
    "train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps", "zero_optimization", "bf16",
    "fp16", "tensor_parallel",
}  # fmt: skip
ZERO_READ = {"stage", "offload_optimizer"}
FLAGS_READ = {
    "num_nodes", "num_gpus", "deepspeed", "deepspeed_config", "zero_stage", "tensor_model_parallel_size",
    "pipeline_model_parallel_size", "no_pipeline_parallel", "ds_sequence_parallel_size", "moe_expert_parallel_size",
    "num_experts", "sequence_parallel", "micro_batch_size", "global_batch_size", "seq_length", "bf16", "fp16",
    "deepspeed_activation_checkpointing", "checkpoint_activations", "recompute_granularity", "num_layers",
    "hidden_size", "num_attention_heads", "num_key_value_heads", "ffn_hidden_size", "swiglu",
    "untie_embeddings_and_output_weights", "max_position_embeddings", "cpu_optimizer",
}  # fmt: skip
SHAPE = {
    "num_layers": "layers", "hidden_size": "hidden", "num_attention_heads": "heads", "num_key_value_heads": "kv_heads",
    "ffn_hidden_size": "ffn_hidden",
}  # fmt: skip


def emit(job: TrainingJob, layout: Layout) -> str:
    """Return DeepSpeed's JSON and the launcher's command.

    Parameters
    ----------
    job : TrainingJob
    layout : Layout

    Returns
    -------
    str
        Shell text that writes the JSON and starts Megatron-DeepSpeed.

    Raises
    ------
    InputError
        If DeepSpeed cannot express the layout.
    """
    pipelined, offloaded = layout.pipeline_parallel > 1, layout.offload != "none"
    refuse(NAME, layout, {
        f"context parallel {layout.context_parallel} (its own sequence parallelism is another method)": (
            layout.context_parallel > 1
        ),
        f"virtual stages {layout.virtual_stages}": layout.virtual_stages > 1,
        f"recompute {layout.recompute}": layout.recompute not in ("none", "full"),
        f"ZeRO stage {layout.zero_stage} with a pipeline": layout.zero_stage > 1 and pipelined,
        f"precision {job.precision}": job.precision != "bf16",
        "the dualpipe schedule": layout.schedule == "dualpipe",
        **not_emitted(layout, ("offload",)),
        "optimizer states in host memory with a pipeline": layout.offload != "none" and pipelined,
        "optimizer states in host memory with ZeRO stage 0": layout.offload != "none" and not layout.zero_stage,
        "expert-tensor parallelism": layout.expert_tensor_parallel > 1 and bool(job.model.experts),
        f"groups of {layout.shard_group} that shard": (
            layout.zero_stage > 0 and 0 < layout.shard_group < layout.data_parallel
        ),
        "tensor-parallel collectives beside the products": (
            layout.tensor_overlap and layout.sequence_parallel and layout.tensor_parallel > 1
        ),
    })  # fmt: skip
    steps = max(1, job.batch_sequences // (layout.data_parallel * layout.micro_batch))
    config = {
        "train_batch_size": job.batch_sequences,
        "train_micro_batch_size_per_gpu": layout.micro_batch,
        "gradient_accumulation_steps": steps,
        "zero_optimization": {"stage": layout.zero_stage}
        | ({"offload_optimizer": {"device": "cpu"}} if offloaded else {}),
        "bf16": {"enabled": True},
    }
    count, per_node = nodes(job)
    flags = [
        f"deepspeed --num_nodes {count} --num_gpus {per_node} pretrain_gpt.py",
        f"--deepspeed --deepspeed_config {CONFIG_FILE}",
        f"--zero-stage {layout.zero_stage}",
        f"--tensor-model-parallel-size {layout.tensor_parallel}",
        f"--pipeline-model-parallel-size {layout.pipeline_parallel}" if pipelined else "--no-pipeline-parallel",
    ]
    if job.model.experts:
        flags.append(f"--num-experts {job.model.experts} --moe-expert-parallel-size {layout.expert_parallel}")
    if layout.tensor_parallel > 1 and layout.sequence_parallel:
        flags.append("--sequence-parallel")
    if offloaded:
        flags.append("--cpu-optimizer")
    if layout.recompute == "full":
        flags.append("--deepspeed-activation-checkpointing --checkpoint-activations")
    unlike = (
        ""
        if not job.model.kv_lora_rank
        else "# Megatron-DeepSpeed has no latent attention: take a script of your own.\n"
    )
    flags += [*(() if unlike else _shape(job)), "--bf16", f"--seq-length {job.sequence_tokens}"]
    flags += [f"--micro-batch-size {layout.micro_batch} --global-batch-size {job.batch_sequences}"]
    return (
        heading(job, layout)
        + unlike
        + f"cat > {CONFIG_FILE} <<'JSON'\n{json.dumps(config, indent=2)}\nJSON\n"
        + " \\\n  ".join(flags)
        + "\n"
    )


def _shape(job: TrainingJob) -> list[str]:
    """Return Megatron-DeepSpeed's flags of the model's shape."""
    model = job.model
    flags = [f"--num-layers {model.layers} --hidden-size {model.hidden} --ffn-hidden-size {model.ffn_hidden}"]
    flags.append(f"--num-attention-heads {model.heads} --num-key-value-heads {model.kv_heads}")
    flags += ["--swiglu"] if model.gated_mlp else []
    return flags + ([] if model.tied_embeddings else ["--untie-embeddings-and-output-weights"])


def read(text: str) -> LaunchFlags:
    """Read DeepSpeed's JSON, the launcher's command, or both in one text.

    Parameters
    ----------
    text : str

    Returns
    -------
    LaunchFlags

    Raises
    ------
    InputError
        If the JSON is broken, a value is wrong, or JSON and flags contradict each other.

    Examples
    --------
    >>> text = '{"zero_optimization": {"stage": 3}, "train_micro_batch_size_per_gpu": 1, "bf16": {"enabled": true}}'
    >>> read(text).fixed["zero_stage"]
    3
    """
    config, rest = _config_of(text)
    flags = flags_of(split(rest), FLAGS_READ)
    micro = _agreed(config, "train_micro_batch_size_per_gpu", flags, "micro_batch_size")
    batch = _agreed(config, "train_batch_size", flags, "global_batch_size")
    tensor = _agreed(config, "tensor_parallel.autotp_size", flags, "tensor_model_parallel_size") or 1
    pipeline = whole(flags, "pipeline_model_parallel_size", 1) or 1
    context = whole(flags, "ds_sequence_parallel_size", 1) or 1
    zero = _zero_stage(config, flags)
    if zero > 1 and pipeline > 1:
        message = f"ZeRO stage {zero} and pipeline {pipeline}: DeepSpeed's pipeline takes stage 0 or 1 only"
        raise InputError(message)
    checkpointed = {"deepspeed_activation_checkpointing", "checkpoint_activations", "recompute_granularity"} & set(
        flags
    )
    fixed: dict[str, Value] = {
        "tensor_parallel": tensor,
        "pipeline_parallel": pipeline,
        "context_parallel": context,
        "expert_parallel": whole(flags, "moe_expert_parallel_size", 1) or 1,
        "expert_tensor_parallel": 1,
        "virtual_stages": 1,
        "zero_stage": zero,
        "recompute": "full" if checkpointed else "none",
        "sequence_parallel": "sequence_parallel" in flags or tensor == 1,
        "tensor_overlap": tensor == 1,
        "offload": _offload(config, flags, zero),
    }
    gpus = gpus_of(flags, "num_nodes", "num_gpus")
    steps = _number(config, "gradient_accumulation_steps")
    if gpus is None and batch and micro and steps and batch % (micro * steps) == 0:
        gpus = batch // (micro * steps) * tensor * pipeline * context
    if gpus and batch and micro and steps and micro * steps * (gpus // (tensor * pipeline * context)) != batch:
        message = (
            f"train_batch_size {batch} is not train_micro_batch_size_per_gpu {micro} x gradient_accumulation_steps "
            f"{steps} x data parallel {gpus // (tensor * pipeline * context)}"
        )
        raise InputError(message)
    return LaunchFlags(
        tool=NAME,
        fixed=fixed | ({"micro_batch": micro} if micro else {}),
        gpus_count=gpus,
        sequence_tokens=whole(flags, "seq_length"),
        batch_sequences=batch,
        precision="bf16",
        model=_read_shape(flags),
        notes=_notes(config, flags, context),
    )


def _config_of(text: str) -> tuple[dict[str, Any], str]:
    """Return the JSON object in a text, empty where there is none, and the text without it."""
    found = re.search(r"\{\s*\"", text)
    if not found:
        return {}, text
    start = found.start()
    try:
        config, end = json.JSONDecoder().raw_decode(text[start:])
    except (json.JSONDecodeError, RecursionError) as error:
        message = f"DeepSpeed's JSON cannot be read: {error}"
        raise InputError(message) from error
    return config, text[:start] + text[start + end :]


def _number(config: Mapping[str, Any], path: str) -> int | None:
    """Return a whole number of the JSON by dotted path; None where it is absent or "auto"."""
    value: Any = config
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if value is None or value == "auto":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        message = f"{path}: {value!r} is not a whole number"
        raise InputError(message)
    return value


def _agreed(config: Mapping[str, Any], path: str, flags: Flags, name: str) -> int | None:
    """Return what the JSON and the flags say alike; raise InputError where they differ."""
    inside, outside = _number(config, path), whole(flags, name)
    if inside == 0:
        message = f"{path}: 0 is not a whole number of at least 1"
        raise InputError(message)
    if inside is not None and outside is not None and inside != outside:
        message = f"{path} is {inside} in the JSON, but --{name.replace('_', '-')} is {outside}"
        raise InputError(message)
    return inside if inside is not None else outside


def _zero_stage(config: Mapping[str, Any], flags: Flags) -> int:
    """Return the ZeRO stage, 0 where none is given."""
    inside = _number(config, "zero_optimization.stage")
    text = " ".join(flags.get("zero_stage", [])[:1])
    if "zero_stage" in flags and text not in ("0", "1", "2", "3"):
        message = f'--zero-stage: "{text}" is none of 0, 1, 2, 3'
        raise InputError(message)
    if inside is not None and text and inside != int(text):
        message = f"zero_optimization.stage is {inside} in the JSON, but --zero-stage is {text}"
        raise InputError(message)
    stage = inside if inside is not None else int(text or 0)
    if stage > 3:
        message = f"zero_optimization.stage: {stage} is none of 0, 1, 2, 3"
        raise InputError(message)
    return stage


def _offload(config: Mapping[str, Any], flags: Flags, zero: int) -> str:
    """Return where the optimizer's states lie."""
    asked = config.get("zero_optimization", {})
    asked = asked.get("offload_optimizer") if isinstance(asked, Mapping) else None
    device = asked.get("device", "cpu") if isinstance(asked, Mapping) else "none"
    if device not in OFFLOAD_DEVICES:
        message = f"zero_optimization.offload_optimizer.device: {device!r} is none of {', '.join(OFFLOAD_DEVICES)}"
        raise InputError(message)
    found = "optimizer" if "cpu_optimizer" in flags else OFFLOAD_DEVICES[device]
    if found != "none" and not zero:
        message = "offload_optimizer needs ZeRO stage 1 or more"
        raise InputError(message)
    return found


def _read_shape(flags: Flags) -> dict[str, int | bool]:
    """Return the fields of a model that the flags give; all its experts must be alike."""
    shape: dict[str, int | bool] = {}
    for name, target in SHAPE.items():
        number = whole(flags, name)
        if number is not None:
            shape[target] = number
    if len(flags.get("num_experts", [])) == 1 and (experts := whole(flags, "num_experts")) and experts > 1:
        shape["experts"] = experts
    return shape


def _notes(config: Mapping[str, Any], flags: Flags, context: int) -> tuple[str, ...]:
    """Return what is predicted as something near it, and what has no part."""
    notes = []
    if context > 1:
        notes.append("DeepSpeed's sequence parallelism is predicted as context parallelism")
    half = config.get("fp16")
    if "fp16" in flags or (isinstance(half, Mapping) and half.get("enabled") is True):
        notes.append("fp16 is predicted as bf16, which runs at the same rate")
    zero = config.get("zero_optimization")
    if isinstance(zero, Mapping):
        asked = zero.get("offload_optimizer")
        if isinstance(asked, Mapping) and asked.get("device") == "nvme":
            notes.append("optimizer states on NVMe are predicted as in host memory")
    spare = [name for name in config if name not in JSON_READ]
    spare += [
        f"zero_optimization.{name}" for name in (zero if isinstance(zero, Mapping) else ()) if name not in ZERO_READ
    ]
    spare += [f"--{name.replace('_', '-')}" for name in flags if name not in FLAGS_READ]
    return (*notes, *unread(spare))
