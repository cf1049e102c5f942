"""Keys and values: bytes per token, what a sequence holds, how many sequences fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gigawatt.engines.hardware.types import Accelerator, Transformer
from gigawatt.engines.serving.constants import (
    ACTIVATION_WIDTHS,
    BYTES_PER_PARAMETER,
    MESSAGE_BYTES_PER_VALUE,
    RESERVED_OUTPUT_FRAC,
    SCHEDULER_SEQUENCES,
    STEP_TOKENS,
    USABLE_MEMORY_FRAC,
)
from gigawatt.engines.serving.speculation import draft_inputs, draft_replica
from gigawatt.engines.serving.types import Replica, ServingInputs
from gigawatt.engines.serving.workload import Shard, counts, shard, tables_bytes


@dataclass(frozen=True, slots=True)
class Cache:
    """Memory of one accelerator and the room for sequences.

    Attributes
    ----------
    weights_bytes, activations_bytes, overhead_bytes, free_bytes : float
        Of one accelerator; `free_bytes` is left for the KV cache, negative where the weights do not fit. [B]
    read_bytes : float
        KV cache that one running sequence reads from one accelerator in a step, at its mean context. [B]
    reserved_bytes : float
        KV cache that one running sequence holds on one accelerator. [B]
    mean_context_tokens, reserved_tokens : float
        Input plus half the output; input plus the share of the output that the scheduler reserves. [-]
    largest_batch : float
        Sequences of the whole replica that fit; 0 where none does. [-]
    capacity_tokens : float
        Tokens of KV cache that the replica holds. [-]
    """

    weights_bytes: float
    activations_bytes: float
    overhead_bytes: float
    free_bytes: float
    read_bytes: float
    reserved_bytes: float
    mean_context_tokens: float
    reserved_tokens: float
    largest_batch: float
    capacity_tokens: float


def kv_bytes_per_token_and_layer(model: Transformer, kv_precision: str) -> float:
    """Return the KV cache of one token in one layer.

    Parameters
    ----------
    model : Transformer
        The architecture.
    kv_precision : str
        Of the cache: bf16 or fp8.

    Returns
    -------
    float
        Keys and values of the KV heads; the compressed latent and its rotary part under latent attention. [B]

    Examples
    --------
    >>> llama = Transformer("llama-3.1-70b", 80, 8192, 64, 8, 128, 28672, 128256)
    >>> kv_bytes_per_token_and_layer(llama, "fp8") * 80
    163840.0
    """
    return counts(model).kv_values * BYTES_PER_PARAMETER[kv_precision]


def read_layer_tokens(model: Transformer, context_tokens: float) -> float:
    """Return tokens that a new token attends to, summed over layers. [-].

    Parameters
    ----------
    model : Transformer
        Windowed layers see no more than their window, of a fixed chunk half on average.
    context_tokens : float
        Length of the sequence. [-]

    Returns
    -------
    float
        Tokens times layers.
    """
    if not model.windowed_layers or context_tokens <= model.attention_window:
        return model.layers * context_tokens
    seen = 0.5 * model.attention_window if model.chunked_attention else float(model.attention_window)
    return (model.layers - model.windowed_layers) * context_tokens + model.windowed_layers * seen


def held_layer_tokens(model: Transformer, context_tokens: float) -> float:
    """Return tokens that stay in memory, summed over layers. [-].

    Parameters
    ----------
    model : Transformer
        Sliding windows free what leaves them; engines keep fixed chunks whole.
    context_tokens : float
        Length of the sequence. [-]

    Returns
    -------
    float
        Tokens times layers.
    """
    if model.chunked_attention:
        return model.layers * context_tokens
    return read_layer_tokens(model, context_tokens)


def rank_share_frac(model: Transformer, replica: Replica) -> float:
    """Return the share of a sequence's KV cache that one rank of its stage holds.

    Parameters
    ----------
    model : Transformer
        KV heads can be split over at most as many ranks; the latent of latent attention not at all.
    replica : Replica
        Under attention data parallelism a rank holds its sequences whole.

    Returns
    -------
    float
        Share, from 1 / tensor parallelism to 1. [-]
    """
    if replica.attention_data_parallel or model.kv_lora_rank:
        return 1.0
    return math.ceil(model.kv_heads / replica.tensor_parallel) / model.kv_heads


def _draft(inputs: ServingInputs, replica: Replica) -> tuple[float, float, Transformer | None]:
    """Return weights of what drafts, its cache per token and layer, and its architecture; nothing without it. [B]."""
    if inputs.speculation is None:
        return 0.0, 0.0, None
    given = draft_inputs(inputs, inputs.speculation)
    spread = draft_replica(given.model, replica)
    weights = shard(given.model, spread, given.precision).resident_bytes
    if inputs.speculation.draft is None:  # the tables are the served model's
        weights -= tables_bytes(given.model, spread)
    per_layer = kv_bytes_per_token_and_layer(given.model, given.kv_precision) * rank_share_frac(given.model, spread)
    return weights, per_layer, given.model


def cache(inputs: ServingInputs, replica: Replica, part: Shard) -> Cache:
    """Work out the memory of one accelerator and the batch it allows.

    Parameters
    ----------
    inputs : ServingInputs
        Model, accelerator, request.
    replica : Replica
        How the model is spread.
    part : Shard
        The accelerator's share.

    Returns
    -------
    Cache
        Memory by use, and the largest batch.

    Notes
    -----
    :math:`B_{max} = (u M - W - A) / (k (I + r O))` per group of ranks, times the groups, with r the share of the output
    that a sequence holds on average: one half where cache is paged in on demand, since sequences of every age run.
    """
    accelerator: Accelerator = inputs.accelerator
    model, request = inputs.model, inputs.request
    overhead = (1.0 - USABLE_MEMORY_FRAC) * accelerator.hbm_bytes
    activations = STEP_TOKENS * model.hidden * ACTIVATION_WIDTHS * MESSAGE_BYTES_PER_VALUE
    draft_bytes, draft_share, draft = _draft(inputs, replica)
    free = accelerator.hbm_bytes - overhead - activations - part.resident_bytes - draft_bytes
    frac = inputs.reserved_output_frac
    frac = RESERVED_OUTPUT_FRAC[inputs.engine] if frac is None else frac
    mean_tokens = request.mean_context_tokens
    reserved_tokens = request.input_tokens + frac * request.output_tokens * (1.0 + request.output_cv**2)
    share = kv_bytes_per_token_and_layer(model, inputs.kv_precision) * rank_share_frac(model, replica)
    share /= replica.pipeline_parallel
    total_tokens = request.input_tokens + request.output_tokens
    reserved = share * held_layer_tokens(model, reserved_tokens)
    whole = share * held_layer_tokens(model, total_tokens)
    if draft is not None:
        reserved += draft_share * held_layer_tokens(draft, reserved_tokens)
        whole += draft_share * held_layer_tokens(draft, total_tokens)
    groups = part.attention_ranks
    # one sequence must fit to its end, not only on average
    fitting = free / reserved * groups if free >= whole else 0.0
    scheduled = SCHEDULER_SEQUENCES * groups * replica.pipeline_parallel
    return Cache(
        weights_bytes=part.resident_bytes + draft_bytes,
        activations_bytes=activations,
        overhead_bytes=overhead,
        free_bytes=free,
        read_bytes=share * read_layer_tokens(model, mean_tokens),
        reserved_bytes=reserved,
        mean_context_tokens=mean_tokens,
        reserved_tokens=reserved_tokens,
        largest_batch=min(fitting, scheduled),
        capacity_tokens=fitting * reserved_tokens,
    )
