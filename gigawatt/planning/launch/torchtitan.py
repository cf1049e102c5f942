"""torchtitan: the TOML job file, sections [parallelism], [training] and [activation_checkpoint]."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from gigawatt.engines.training.space import AS_TENSOR
from gigawatt.engines.training.types import Layout, TrainingJob
from gigawatt.errors import InputError
from gigawatt.planning.launch.flags import (
    LaunchFlags,
    Part,
    Value,
    heading,
    nodes,
    not_emitted,
    refuse,
    replicas_of,
    unread,
)

NAME = "torchtitan"
STACK = "fsdp"
# Optimizer state alone is never sharded; recomputing norms and activation functions only has no mode; experts are cut
# as tensors are, or not at all.
_CAN: dict[str, int | str | tuple[int | str, ...]] = {
    "recompute": ("none", "half", "full"), "expert_tensor_parallel": (1, AS_TENSOR),
}  # fmt: skip
WITHIN: tuple[Part, ...] = ({"zero_stage": 3, **_CAN},)
ON_REQUEST: tuple[Part, ...] = (
    {"zero_stage": 2, **_CAN},
    {"zero_stage": 0, "tensor_parallel": 1, "pipeline_parallel": 1, "context_parallel": 1, **_CAN},
)
CONVERTERS = {
    "float8": "fp8", "quantize.linear.float8": "fp8", "quantize.dense.float8": "fp8",
    "quantize.grouped_mm.float8": "fp8", "mx": "mxfp8", "quantize.linear.mx": "mxfp8",
    "quantize.grouped_mm.mx": "mxfp8",
}  # fmt: skip
# [model] name and flavor -> id in the catalogue
MODELS = {
    ("llama3", "8B"): "llama-3.1-8b",
    ("llama3", "70B"): "llama-3.1-70b",
    ("llama3", "405B"): "llama-3.1-405b",
    ("llama4", "17bx16e"): "llama-4-scout",
    ("llama4", "17bx128e"): "llama-4-maverick",
    ("deepseek_v3", "671B"): "deepseek-v3",
    ("qwen3", "0.6B"): "qwen3-0.6b",
    ("qwen3", "8B"): "qwen3-8b",
    ("qwen3", "14B"): "qwen3-14b",
    ("qwen3", "32B"): "qwen3-32b",
}
FLAVORS = {name: flavor for flavor, name in MODELS.items()}
# how [parallelism] context_parallel_rotate_method names the exchange of keys and values; allgather is its default
ROTATIONS = {"allgather": "all-gather", "alltoall": "ring"}
INTERLEAVED = "Interleaved1F1B"
LOOPED = (INTERLEAVED, "InterleavedZeroBubble", "ZBVZeroBubble", "DualPipeV")
USUAL_STAGES = 2  # virtual stages per rank of a looped schedule that names no layers per stage
READ = {
    "parallelism": {
        "data_parallel_replicate_degree", "data_parallel_shard_degree", "fsdp_reshard_after_forward",
        "tensor_parallel_degree", "enable_async_tensor_parallel", "pipeline_parallel_degree",
        "pipeline_parallel_schedule", "pipeline_parallel_layers_per_stage", "pipeline_parallel_microbatch_size",
        "pipeline_parallel_first_stage_less_layers", "pipeline_parallel_last_stage_less_layers",
        "context_parallel_degree", "context_parallel_rotate_method", "expert_parallel_degree",
        "expert_tensor_parallel_degree",
    },
    "training": {
        "local_batch_size", "batch_size", "global_batch_size", "seq_len", "mixed_precision_param", "enable_cpu_offload",
    },
    "activation_checkpoint": {"mode", "selective_ac_option"},
    "model": {"name", "flavor", "converters"},
}  # fmt: skip


def emit(job: TrainingJob, layout: Layout) -> str:
    """Return the sections of a torchtitan job file.

    Parameters
    ----------
    job : TrainingJob
    layout : Layout

    Returns
    -------
    str
        TOML; the number of processes stands in a comment, for torchtitan leaves it to torchrun.

    Raises
    ------
    InputError
        If torchtitan cannot express the layout.
    """
    ranks = layout.data_parallel * layout.context_parallel
    pipelined = layout.pipeline_parallel > 1
    only_data = layout.gpus_count == layout.data_parallel
    refuse(NAME, layout, {
        "ZeRO stage 1 (it shards gradients too)": layout.zero_stage == 1 and (ranks > 1 or bool(job.model.experts)),
        "ZeRO stage 0 beside another kind of parallelism than data": layout.zero_stage == 0
        and not (only_data and (ranks > 1 or not job.model.experts)),
        "selective recomputation of norms and activation functions": layout.recompute == "selective",
        "tensor without sequence parallelism": layout.tensor_parallel > 1 and not layout.sequence_parallel,
        "groups of one that shard": layout.shard_group == 1 < ranks and layout.zero_stage > 0,
        "the dualpipe schedule": layout.schedule == "dualpipe",
        **not_emitted(layout, ("context_exchange",)),
        "fp4": job.precision == "fp4",
        f"expert-tensor {layout.expert_tensor_parallel} other than 1 or tensor": bool(job.model.experts)
        and layout.expert_tensor_parallel not in (1, layout.tensor_parallel),
        "virtual stages without a pipeline": layout.virtual_stages > 1 and not pipelined,
    })  # fmt: skip
    replicate = layout.data_parallel if layout.zero_stage == 0 else replicas_of(layout, NAME)
    if layout.data_parallel % replicate:
        refuse(NAME, layout, {f"{replicate} copies of data parallel {layout.data_parallel}": True})
    parallelism: dict[str, Value] = {
        "data_parallel_replicate_degree": replicate,
        "data_parallel_shard_degree": layout.data_parallel // replicate,
        "fsdp_reshard_after_forward": "never" if layout.zero_stage == 2 else "always",
        "tensor_parallel_degree": layout.tensor_parallel,
        "enable_async_tensor_parallel": layout.tensor_parallel > 1 and layout.tensor_overlap,
        "context_parallel_degree": layout.context_parallel,
        "pipeline_parallel_degree": layout.pipeline_parallel,
    }
    if layout.context_parallel > 1:
        method = next(name for name, exchange in ROTATIONS.items() if exchange == layout.context_exchange)
        parallelism["context_parallel_rotate_method"] = method
    if pipelined:
        parallelism |= _pipeline(job, layout)
    if job.model.experts:
        parallelism["expert_parallel_degree"] = layout.expert_parallel
        parallelism["expert_tensor_parallel_degree"] = layout.expert_tensor_parallel
    local = max(1, job.batch_sequences // layout.data_parallel) if pipelined else layout.micro_batch
    training: dict[str, Value] = {
        "seq_len": job.sequence_tokens,
        "local_batch_size": local,
        "global_batch_size": job.batch_sequences,
        "mixed_precision_param": "bfloat16",
    }
    mode = {"none": "none", "half": "selective", "full": "full"}[layout.recompute]
    recompute: dict[str, Value] = {"mode": mode, **({"selective_ac_option": "op"} if mode == "selective" else {})}
    count, per_node = nodes(job)
    sections = {"model": _model(job), "training": training, "parallelism": parallelism}
    return (
        heading(job, layout)
        + f"# torchrun --nnodes {count} --nproc-per-node {per_node} -m torchtitan.train --job.config_file THIS_FILE\n"
        + "".join(_section(name, values) for name, values in (sections | {"activation_checkpoint": recompute}).items())
    )


def _pipeline(job: TrainingJob, layout: Layout) -> dict[str, Value]:
    """Return the settings of a pipeline; virtual stages as layers per stage."""
    settings: dict[str, Value] = {"pipeline_parallel_microbatch_size": layout.micro_batch}
    if layout.virtual_stages == 1:
        return settings | {"pipeline_parallel_schedule": "1F1B"}
    stages = layout.pipeline_parallel * layout.virtual_stages
    per_stage = -(-job.model.layers // stages)
    if -(-job.model.layers // per_stage) != stages:
        refuse(NAME, layout, {f"{job.model.layers} layers in {stages} virtual stages of equal size": True})
    return settings | {
        "pipeline_parallel_schedule": INTERLEAVED,
        "pipeline_parallel_layers_per_stage": per_stage,
        "pipeline_parallel_first_stage_less_layers": 0,
        "pipeline_parallel_last_stage_less_layers": 0,
    }


def _model(job: TrainingJob) -> dict[str, Any]:
    """Return the section of the model: name and flavor where torchtitan has it, and the converter of a precision."""
    name, flavor = FLAVORS.get(job.model.name, ("", ""))
    settings: dict[str, Any] = {"name": name, "flavor": flavor} if name else {}
    converter = {"fp8": "quantize.linear.float8", "mxfp8": "quantize.linear.mx"}.get(job.precision)
    return settings | ({"converters": [converter]} if converter else {})


def _section(name: str, values: Mapping[str, Any]) -> str:
    """Return one section of TOML."""
    if not values:
        return ""

    def written(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list):
            return f"[{', '.join(written(item) for item in value)}]"
        return f'"{value}"' if isinstance(value, str) else str(value)

    return "\n".join([f"\n[{name}]", *(f"{key} = {written(value)}" for key, value in values.items())]) + "\n"


def read(text: str) -> LaunchFlags:
    r"""Read a torchtitan job file.

    Parameters
    ----------
    text : str
        TOML.

    Returns
    -------
    LaunchFlags

    Raises
    ------
    InputError
        If it is no TOML, or a value is wrong or contradicts another.

    Examples
    --------
    >>> read("[parallelism]\ntensor_parallel_degree = 8\n[training]\nlocal_batch_size = 1").fixed["tensor_parallel"]
    8
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message = f"the job file is not TOML: {error}"
        raise InputError(message) from error
    settings = _Sections(data)
    tensor, pipeline = (
        settings.whole("parallelism", f"{which}_parallel_degree", 1) for which in ("tensor", "pipeline")
    )
    context = settings.whole("parallelism", "context_parallel_degree", 1)
    replicate = settings.whole("parallelism", "data_parallel_replicate_degree", 1)
    shard = settings.whole("parallelism", "data_parallel_shard_degree", -1)
    fully_replicated = replicate > 1 and shard == 1 and context == 1
    fixed: dict[str, Value] = {
        "tensor_parallel": tensor,
        "pipeline_parallel": pipeline,
        "context_parallel": context,
        "expert_parallel": settings.whole("parallelism", "expert_parallel_degree", 1),
        "expert_tensor_parallel": settings.whole("parallelism", "expert_tensor_parallel_degree", 1),
        "zero_stage": 0 if fully_replicated else _zero_stage(settings, pipeline),
        "recompute": _recompute(settings),
        "sequence_parallel": True,
        "tensor_overlap": tensor == 1 or settings.flag("parallelism", "enable_async_tensor_parallel"),
        "offload": "optimizer" if settings.flag("training", "enable_cpu_offload") else "none",
    }
    rotation = settings.text("parallelism", "context_parallel_rotate_method", "allgather", tuple(ROTATIONS))
    if context > 1:
        fixed["context_exchange"] = ROTATIONS[rotation]
    local = settings.whole("training", "local_batch_size", 0) or settings.whole("training", "batch_size", 0)
    micro = settings.whole("parallelism", "pipeline_parallel_microbatch_size", 1) if pipeline > 1 else local
    if micro:
        fixed["micro_batch"] = micro
    batch = settings.whole("training", "global_batch_size", -1)
    if batch == -1 and local and shard > 0:
        batch = local * replicate * shard
    stage_layers = settings.whole("parallelism", "pipeline_parallel_layers_per_stage", 0)
    schedule = settings.text("parallelism", "pipeline_parallel_schedule", "1F1B")
    if pipeline > 1 and schedule in LOOPED and not stage_layers:
        fixed["virtual_stages"] = USUAL_STAGES
    elif pipeline == 1 or schedule not in LOOPED:
        fixed["virtual_stages"], stage_layers = 1, 0
    edges = (f"pipeline_parallel_{edge}_stage_less_layers" for edge in ("first", "last"))
    found = LaunchFlags(
        tool=NAME,
        fixed=fixed,
        gpus_count=tensor * pipeline * context * replicate * shard if shard > 0 else None,
        sequence_tokens=settings.whole("training", "seq_len", 0) or None,
        batch_sequences=batch if batch > 0 else None,
        precision=_precision(settings),
        replicas=1 if fully_replicated else replicate,
        stage_layers=stage_layers,
        edge_layers=sum(settings.whole("parallelism", edge, 1) for edge in edges),
        model_id=MODELS.get((settings.text("model", "name"), settings.text("model", "flavor")), ""),
        notes=_notes(settings, schedule if pipeline > 1 else "1F1B"),
    )
    settings.finish()
    return found


class _Sections:
    """The job file's settings, read with their types; all faults are told by `finish`."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._faults: list[str] = []

    def __iter__(self) -> Any:
        for section, values in self._data.items():
            yield from ((section, key) for key in (values if isinstance(values, dict) else ()))

    def get(self, section: str, key: str) -> Any:
        values = self._data.get(section, {})
        return values.get(key) if isinstance(values, dict) else None

    def whole(self, section: str, key: str, default: int) -> int:
        value = self.get(section, key)
        if value is None:
            return default
        least = 1 if default > 0 and "less_layers" not in key else min(default, 0)
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not least <= value < 10**9
            or (value == 0 > default)
        ):
            self._faults.append(f"[{section}] {key} = {value!r} is not a whole number of at least 1")
            return max(1, default)
        return value

    def flag(self, section: str, key: str) -> bool:
        value = self.get(section, key)
        if value is not None and not isinstance(value, bool):
            self._faults.append(f"[{section}] {key} = {value!r} is neither true nor false")
        return value is True

    def text(self, section: str, key: str, default: str = "", allowed: tuple[str, ...] = ()) -> str:
        value = self.get(section, key)
        if value is None:
            return default
        if allowed and value not in allowed:
            self._faults.append(f"[{section}] {key} = {value!r} is none of {', '.join(allowed)}")
            return default
        return str(value)

    def finish(self) -> None:
        if self._faults:
            raise InputError("\n".join(self._faults))


def _zero_stage(settings: _Sections, pipeline: int) -> int:
    """Return the ZeRO stage of FSDP: the default keeps weights after the forward pass under a pipeline only."""
    how = settings.text("parallelism", "fsdp_reshard_after_forward", "default", ("default", "always", "never"))
    return 2 if how == "never" or (how == "default" and pipeline > 1) else 3


def _recompute(settings: _Sections) -> str:
    """Return what is recomputed; torchtitan's own default is selective by operation."""
    modes = ("none", "selective", "full", "memory_budget")
    mode = settings.text("activation_checkpoint", "mode", "selective", modes)
    return {"none": "none", "full": "full"}.get(mode, "half")


def _precision(settings: _Sections) -> str:
    """Return the precision of the matrix products."""
    converters = settings.get("model", "converters") or []
    for converter in converters if isinstance(converters, list) else str(converters).split(","):
        if converter in CONVERTERS:
            return CONVERTERS[converter]
    return "bf16"


def _notes(settings: _Sections, schedule: str) -> tuple[str, ...]:
    """Return what is predicted as something near it, and what has no part."""
    notes = []
    option = settings.text("activation_checkpoint", "selective_ac_option", "op")
    mode = settings.text("activation_checkpoint", "mode", "selective")
    if mode == "memory_budget" or (mode == "selective" and option != "op"):
        notes.append(f"activation checkpointing by {mode} {option} is predicted as of every second matrix product")
    if schedule not in ("1F1B", INTERLEAVED):
        notes.append(
            f"the pipeline schedule {schedule} is predicted as {INTERLEAVED if schedule in LOOPED else '1F1B'}"
        )
    if settings.flag("training", "enable_cpu_offload"):
        notes.append("weights, gradients and optimizer states in host memory are predicted as optimizer states alone")
    if settings.text("training", "mixed_precision_param", "bfloat16") != "bfloat16":
        notes.append("parameters in float32 are predicted as bfloat16")
    spare = [f"[{section}] {key}" for section, key in settings if key not in READ.get(section, set())]
    return (*notes, *unread(spare))
