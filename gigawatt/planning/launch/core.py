"""The settings of Megatron Core, which Megatron-LM takes as flags and Megatron-Bridge as overrides of a recipe.

Names are those of Megatron-LM's arguments with underscores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from gigawatt.engines.hardware.types import Transformer
from gigawatt.engines.training.types import Layout, TrainingJob
from gigawatt.errors import InputError
from gigawatt.planning.launch.flags import LaunchFlags, Value, not_emitted, refuse, replicas_of
from gigawatt.planning.launch.words import Flags, one_of, whole

Settings = dict[str, Value]

# how Megatron-FSDP names what it shards -> ZeRO stage
SHARDING = {"no_shard": 0, "optim": 1, "optim_grads": 2, "optim_grads_params": 3}
# how Transformer Engine names the exchange of keys and values, Megatron-LM's help writing the second as allgather
EXCHANGES = {"p2p": "ring", "all_gather": "all-gather", "allgather": "all-gather", "a2a": "ring", "a2a+p2p": "ring"}
RECOMPUTED_WHOLE = ("mlp", "moe", "shared_experts")  # modules that redo matrix products
LEAN_BITS = 8  # of a moment held in fp8 [bit]
SAID = ("offload", "optimizer_bits", "context_exchange")  # fields that Megatron Core has words for
MOMENT_BITS = {"": 32, "fp32": 32, "fp16": 32, "bf16": 32, "fp8": LEAN_BITS}  # 16 bits as 32, with a note
TRUE, FALSE = ("", "true", "1"), ("false", "0")
# setting -> field of the catalogue's LanguageModel
MODEL_FIELDS = {
    "num_layers": "layers",
    "hidden_size": "hidden",
    "num_attention_heads": "heads",
    "num_query_groups": "kv_heads",
    "kv_channels": "head_dim",
    "ffn_hidden_size": "ffn_hidden",
    "vocab_size": "vocabulary",
    "num_experts": "experts",
    "moe_router_topk": "top_k",
    "moe_ffn_hidden_size": "expert_ffn_hidden",
    "moe_shared_expert_intermediate_size": "shared_expert_ffn_hidden",
    "q_lora_rank": "q_lora_rank",
    "kv_lora_rank": "kv_lora_rank",
    "qk_pos_emb_head_dim": "rope_head_dim",
    "v_head_dim": "value_head_dim",
    "mtp_num_layers": "mtp_layers",
}
# flags that stand for a field by being there
MODEL_SWITCHES = {"swiglu": ("gated_mlp", True), "untie_embeddings_and_output_weights": ("tied_embeddings", False)}
# Every other setting that is read; the rest is listed in a note.
UNDERSTOOD = {
    "tensor_model_parallel_size", "pipeline_model_parallel_size", "context_parallel_size", "expert_model_parallel_size",
    "expert_tensor_parallel_size", "num_layers_per_virtual_pipeline_stage", "num_virtual_stages_per_pipeline_rank",
    "virtual_pipeline_model_parallel_size", "sequence_parallel", "tp_comm_overlap", "use_distributed_optimizer",
    "use_megatron_fsdp", "use_torch_fsdp2", "data_parallel_sharding_strategy", "num_distributed_optimizer_instances",
    "recompute_granularity", "recompute_activations", "recompute_method", "recompute_num_layers", "recompute_modules",
    "micro_batch_size", "global_batch_size", "seq_length", "max_position_embeddings", "group_query_attention",
    "multi_latent_attention", "qk_head_dim", "moe_layer_freq", "position_embedding_type", "normalization",
    "disable_bias_linear", "ckpt_format", "init_model_with_meta_device", "cp_comm_type", "optimizer_cpu_offload",
    "optimizer_offload_fraction", "use_precision_aware_optimizer", "exp_avg_dtype", "exp_avg_sq_dtype", *MODEL_FIELDS,
    *MODEL_SWITCHES,
}  # fmt: skip


def settings_of(job: TrainingJob, layout: Layout, tool: str) -> Settings:
    """Return Megatron Core's settings for a layout: parallelism, sharding, recomputation, batches.

    Parameters
    ----------
    job : TrainingJob
    layout : Layout
    tool : str
        For the message, where it cannot be expressed.

    Returns
    -------
    dict
        Virtual stages per rank as `virtual_pipeline_model_parallel_size`, which Megatron-LM spells otherwise.

    Raises
    ------
    InputError
        For recomputing every second product and for DualPipe, which Megatron Core lacks; for optimizer states in host
        memory or in 8 bits but with its distributed optimizer, ZeRO stage 1.
    """
    lean = layout.offload != "none" or layout.optimizer_bits == LEAN_BITS
    refuse(tool, layout, {
        "recompute half (every second matrix product)": layout.recompute == "half",
        "the dualpipe schedule": layout.schedule == "dualpipe",
        **not_emitted(layout, SAID),
        f"optimizer states in host memory or in {LEAN_BITS} bits with ZeRO stage {layout.zero_stage}": (
            lean and layout.zero_stage != 1
        ),
        f"optimizer states in host memory and in {LEAN_BITS} bits": (
            layout.offload != "none" and layout.optimizer_bits == LEAN_BITS
        ),
        "virtual stages without a pipeline": layout.virtual_stages > 1 and layout.pipeline_parallel == 1,
    })  # fmt: skip
    settings: Settings = {
        "tensor_model_parallel_size": layout.tensor_parallel,
        "pipeline_model_parallel_size": layout.pipeline_parallel,
    }
    if layout.virtual_stages > 1:
        settings["virtual_pipeline_model_parallel_size"] = layout.virtual_stages
    settings["context_parallel_size"] = layout.context_parallel
    if layout.context_parallel > 1 and layout.context_exchange == "all-gather":
        settings["cp_comm_type"] = "all_gather"
    if job.model.experts:
        settings["expert_model_parallel_size"] = layout.expert_parallel
        settings["expert_tensor_parallel_size"] = layout.expert_tensor_parallel
    if layout.tensor_parallel > 1 and layout.sequence_parallel:
        settings["sequence_parallel"] = True
        if layout.tensor_overlap:
            settings["tp_comm_overlap"] = True
    settings |= _sharding(layout, tool) | _optimizer(layout) | _recomputation(job.model, layout)
    return settings | {
        "seq_length": job.sequence_tokens,
        "micro_batch_size": layout.micro_batch,
        "global_batch_size": job.batch_sequences,
    }


def _sharding(layout: Layout, tool: str) -> Settings:
    """Return the settings of a ZeRO stage."""
    settings: Settings = {}
    if layout.zero_stage:
        settings["use_distributed_optimizer"] = True
        replicas = replicas_of(layout, tool)
        if replicas > 1:
            settings["num_distributed_optimizer_instances"] = replicas
    if layout.zero_stage > 1:
        strategy = next(name for name, stage in SHARDING.items() if stage == layout.zero_stage)
        settings |= {"use_megatron_fsdp": True, "data_parallel_sharding_strategy": strategy}
        settings |= {"ckpt_format": "fsdp_dtensor"}
    return settings


def _optimizer(layout: Layout) -> Settings:
    """Return the settings of optimizer states that lie in host memory, or whose moments have 8 bits."""
    settings: Settings = {}
    if layout.offload != "none":
        settings = {"optimizer_cpu_offload": True, "optimizer_offload_fraction": "1.0"}
    if layout.optimizer_bits == LEAN_BITS:
        settings = {"exp_avg_dtype": "fp8", "exp_avg_sq_dtype": "fp8"}
    return settings | ({"use_precision_aware_optimizer": True} if settings else {})


def _recomputation(model: Transformer, layout: Layout) -> Settings:
    """Return the settings of recomputation."""
    if layout.recompute == "full":
        return {"recompute_granularity": "full", "recompute_method": "uniform", "recompute_num_layers": 1}
    if layout.recompute == "selective":
        modules = ["layernorm"] + ["moe_act"] * bool(model.experts) + ["mla_up_proj"] * bool(model.kv_lora_rank)
        return {"recompute_granularity": "selective", "recompute_modules": " ".join(modules)}
    return {}


def shape_of(model: Transformer) -> Settings:
    """Return Megatron-LM's flags of a model's shape, as far as the engine knows it."""
    settings: Settings = {
        "num_layers": model.layers,
        "hidden_size": model.hidden,
        "ffn_hidden_size": model.ffn_hidden,
        "num_attention_heads": model.heads,
    }
    if model.kv_lora_rank:
        settings |= {"multi_latent_attention": True, "kv_lora_rank": model.kv_lora_rank}
        settings |= {"q_lora_rank": model.q_lora_rank} if model.q_lora_rank else {}
        settings |= {"qk_head_dim": model.head_dim, "qk_pos_emb_head_dim": model.rope_head_dim}
        settings |= {"v_head_dim": model.value_head_dim}
    else:
        settings["kv_channels"] = model.head_dim
        if model.kv_heads != model.heads:
            settings |= {"group_query_attention": True, "num_query_groups": model.kv_heads}
    settings |= {"swiglu": True} if model.gated_mlp else {}
    settings |= {} if model.tied_embeddings else {"untie_embeddings_and_output_weights": True}
    if model.experts:
        settings |= {"num_experts": model.experts, "moe_router_topk": model.top_k}
        settings |= {"moe_ffn_hidden_size": model.expert_ffn_hidden}
        if model.shared_expert_ffn_hidden:
            settings["moe_shared_expert_intermediate_size"] = model.shared_expert_ffn_hidden
        if model.dense_layers:
            settings["moe_layer_freq"] = f"([0]*{model.dense_layers}+[1]*{model.layers - model.dense_layers})"
    settings |= {"mtp_num_layers": model.mtp_layers} if model.mtp_layers else {}
    return settings | {"vocab_size": model.vocabulary, "max_position_embeddings": 0}


def _is_set(flags: Flags, name: str) -> bool:
    """Return whether a switch is on: there, and not set to false."""
    if name not in flags:
        return False
    text = " ".join(flags[name][:1]).lower()
    if text not in TRUE + FALSE:
        return True  # a bare flag before the name of a script
    return text in TRUE


def read_settings(flags: Flags, tool: str) -> LaunchFlags:
    """Read Megatron Core's settings, its defaults filled in.

    Parameters
    ----------
    flags : dict
        By Megatron-LM's names.
    tool : str

    Returns
    -------
    LaunchFlags
        Without accelerators and precision, which each tool says in its own way.

    Raises
    ------
    InputError
        If a value is wrong or two settings contradict each other.
    """
    tensor = whole(flags, "tensor_model_parallel_size", 1) or 1
    pipeline = whole(flags, "pipeline_model_parallel_size", 1) or 1
    experts = whole(flags, "num_experts")
    stage_layers = whole(flags, "num_layers_per_virtual_pipeline_stage", 0) or 0
    rank_stages = whole(flags, "num_virtual_stages_per_pipeline_rank")
    virtual = rank_stages or whole(flags, "virtual_pipeline_model_parallel_size", 1) or 1
    if stage_layers and virtual > 1:
        message = f"{tool}: virtual stages are given both by their layers and by their number"
        raise InputError(message)
    if pipeline == 1 and (stage_layers or virtual > 1):
        message = f"{tool}: virtual stages are given, but pipeline_model_parallel_size is 1"
        raise InputError(message)
    expert = whole(flags, "expert_model_parallel_size", 1) or 1
    if expert > 1 and experts and experts % expert:
        message = f"{tool}: {experts} experts do not split over expert_model_parallel_size {expert}"
        raise InputError(message)
    sequence_parallel = _is_set(flags, "sequence_parallel")
    if _is_set(flags, "tp_comm_overlap") and not sequence_parallel and tensor > 1:
        message = f"{tool}: tp_comm_overlap needs sequence_parallel"
        raise InputError(message)
    recompute, notes = _read_recomputation(flags)
    optimizer, told = _read_optimizer(flags, tool)
    exchange = one_of(flags, "cp_comm_type", EXCHANGES) or "p2p"
    if exchange.startswith("a2a"):
        told.append(f"the exchange of keys and values by {exchange} is predicted as by p2p")
    fixed: dict[str, Value] = {
        "tensor_parallel": tensor,
        "pipeline_parallel": pipeline,
        "context_parallel": whole(flags, "context_parallel_size", 1) or 1,
        "expert_parallel": expert,
        "virtual_stages": virtual,
        "recompute": recompute,
        "zero_stage": _read_sharding(flags, tool),
        "sequence_parallel": sequence_parallel or tensor == 1,
        "tensor_overlap": _is_set(flags, "tp_comm_overlap") or tensor == 1,
        **optimizer,
    }
    if int(fixed["context_parallel"]) > 1:
        fixed["context_exchange"] = EXCHANGES[exchange]
    # left open where unset: expert-tensor parallelism then follows that of the rest
    given = {
        "expert_tensor_parallel": whole(flags, "expert_tensor_parallel_size"),
        "micro_batch": whole(flags, "micro_batch_size"),
    }
    return LaunchFlags(
        tool=tool,
        fixed=fixed | {name: value for name, value in given.items() if value},
        sequence_tokens=whole(flags, "seq_length"),
        batch_sequences=whole(flags, "global_batch_size"),
        replicas=whole(flags, "num_distributed_optimizer_instances", 1) or 1,
        stage_layers=stage_layers,
        model=_read_shape(flags),
        notes=(*notes, *told),
    )


def _read_sharding(flags: Flags, tool: str) -> int:
    """Return the ZeRO stage."""
    strategy = one_of(flags, "data_parallel_sharding_strategy", SHARDING)
    if _is_set(flags, "use_torch_fsdp2"):
        if _is_set(flags, "use_megatron_fsdp"):
            message = f"{tool}: use_megatron_fsdp and use_torch_fsdp2 exclude each other"
            raise InputError(message)
        return 3
    if _is_set(flags, "use_megatron_fsdp"):
        return SHARDING[strategy or "no_shard"]
    if strategy not in ("", "no_shard"):
        message = f"{tool}: data_parallel_sharding_strategy {strategy} needs use_megatron_fsdp"
        raise InputError(message)
    return int(_is_set(flags, "use_distributed_optimizer"))


def _read_optimizer(flags: Flags, tool: str) -> tuple[dict[str, Value], list[str]]:
    """Return where the optimizer's states lie and the bits of its moments, and notes where that is something near."""
    notes = []
    written = " ".join(flags.get("optimizer_offload_fraction", [])[:1]) or "1.0"
    try:
        fraction = float(written)
    except ValueError:
        fraction = -1.0
    if not 0.0 <= fraction <= 1.0:
        message = f'{tool}: optimizer_offload_fraction: "{written}" is no number from 0 to 1'
        raise InputError(message)
    offloaded = _is_set(flags, "optimizer_cpu_offload") and fraction > 0.0
    if offloaded and fraction < 1.0:
        notes.append(f"offloading {fraction:.0%} of the optimizer's states is predicted as of all of them")
    first, second = (one_of(flags, name, MOMENT_BITS) for name in ("exp_avg_dtype", "exp_avg_sq_dtype"))
    bits = max(MOMENT_BITS[first], MOMENT_BITS[second])
    if {first, second} - {"", "fp32"} and (bits != LEAN_BITS or first != second):
        notes.append(f"moments in {first or 'fp32'} and {second or 'fp32'} are predicted as in {bits} bits")
    return {"offload": "optimizer" if offloaded else "none", "optimizer_bits": bits}, notes


def _read_recomputation(flags: Flags) -> tuple[str, tuple[str, ...]]:
    """Return what is recomputed, and notes where it is something between."""
    how = one_of(flags, "recompute_granularity", ("full", "selective"))
    if _is_set(flags, "recompute_activations"):
        if how == "full":
            message = "--recompute-activations means selective, but --recompute-granularity is full"
            raise InputError(message)
        how = "selective"
    modules = [item for item in re.split(r"[\s,\[\]'\"]+", " ".join(flags.get("recompute_modules", []))) if item]
    notes = []
    if how == "full" and " ".join(flags.get("recompute_method", [])[:1]) == "block":
        notes.append("full recomputation of some layers (method block) is predicted as of all layers")
    heavy = sorted(set(modules) & set(RECOMPUTED_WHOLE))
    if how == "selective" and heavy:
        notes.append(f"recomputation of {', '.join(heavy)} is predicted as of norms and activation functions only")
    return how or "none", tuple(notes)


def _read_shape(flags: Flags) -> dict[str, int | bool]:
    """Return the fields of a model that the flags give."""
    shape: dict[str, int | bool] = {}
    for name, target in MODEL_FIELDS.items():
        number = whole(flags, name)
        if number is not None:
            shape[target] = number
    for name, (target, value) in MODEL_SWITCHES.items():
        if _is_set(flags, name):
            shape[target] = value
    if "qk_head_dim" in flags:
        shape["head_dim"] = whole(flags, "qk_head_dim") or 1
    if "moe_layer_freq" in flags and "layers" in shape:
        shape["dense_layers"] = _dense_layers(" ".join(flags["moe_layer_freq"]), int(shape["layers"]))
    return shape


def _dense_layers(written: str, layers: int) -> int:
    """Count the dense layers of a pattern: N for each N-th layer a mixture, or a list such as ([0]*3+[1]*58)."""
    text = re.sub(r"[\s()]", "", written)
    if re.fullmatch(r"[1-9]\d{0,5}", text):
        return layers - len(range(0, layers, int(text)))
    pattern: list[int] = []
    for part in text.split("+"):
        found = re.fullmatch(r"\[([01](?:,[01])*)\](?:\*(\d{1,6}))?", part)
        if not found:
            message = f'--moe-layer-freq: "{written}" is neither a number nor a sum of lists such as ([0]*3+[1]*58)'
            raise InputError(message)
        pattern += [int(item) for item in found[1].split(",")] * int(found[2] or 1)
        if len(pattern) > layers:
            break
    if len(pattern) != layers:
        message = f'--moe-layer-freq: "{written}" does not have one entry for each of {layers} layers'
        raise InputError(message)
    return pattern.count(0)


def leftover(flags: Flags, known: Mapping[str, object] | set[str]) -> list[str]:
    """Return the names that neither Megatron Core's settings nor the tool's own take in."""
    return [name for name in flags if name not in UNDERSTOOD and name not in known]


def with_notes(flags: LaunchFlags, *notes: str) -> LaunchFlags:
    """Return the flags with further notes."""
    return replace(flags, notes=(*flags.notes, *(note for note in notes if note)))
