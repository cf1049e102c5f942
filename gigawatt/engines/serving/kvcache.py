"""Keys and values: bytes per token, what a sequence holds, how many sequences fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gigawatt.engines.hardware.types import Accelerator, Transformer
from gigawatt.engines.serving.constants import (
    ACTIVATION_WIDTHS,
    BYTES_PER_PARAMETER,
    MESSAGE_BYTES_PER_VALUE,
    SCHEDULER_SEQUENCES,
    STEP_TOKENS,
    USABLE_MEMORY_FRAC,
)
from gigawatt.engines.serving.types import Replica, Request, ServingInputs
from gigawatt.engines.serving.workload import Shard, counts


@dataclass(frozen=True, slots=True)
class Cache:
    """Memory of one accelerator and the room for sequences.

    Attributes
    ----------
    weights_bytes, activations_bytes, overhead_bytes, free_bytes : float
        Of one accelerator; `free_bytes` is left for the KV cache, negative where the weights do not fit. [B]
    sequence_bytes : float
        KV cache of one running sequence on one accelerator, at the mean context of its life. [B]
    mean_context_tokens : float
        Input plus half the output. [-]
    largest_batch : float
        Sequences of the whole replica that fit; 0 where none does. [-]
    capacity_tokens : float
        Tokens of KV cache that the replica holds. [-]
    """

    weights_bytes: float
    activations_bytes: float
    overhead_bytes: float
    free_bytes: float
    sequence_bytes: float
    mean_context_tokens: float
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


def cached_layer_tokens(model: Transformer, context_tokens: float) -> float:
    """Return tokens held, summed over layers; windowed layers hold no more than their window. [-].

    Parameters
    ----------
    model : Transformer
        The architecture.
    context_tokens : float
        Length of the sequence. [-]

    Returns
    -------
    float
        Tokens times layers.
    """
    if not model.windowed_layers or context_tokens <= model.attention_window:
        return model.layers * context_tokens
    # a fixed chunk is half full on average, a sliding window always full
    seen = 0.5 * model.attention_window if model.chunked_attention else float(model.attention_window)
    return (model.layers - model.windowed_layers) * context_tokens + model.windowed_layers * seen


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


def sequence_bytes(inputs: ServingInputs, replica: Replica, context_tokens: float) -> float:
    """Return the KV cache that one sequence occupies on one accelerator of its replica. [B]."""
    per_layer = kv_bytes_per_token_and_layer(inputs.model, inputs.kv_precision)
    held = cached_layer_tokens(inputs.model, context_tokens) / replica.pipeline_parallel
    return per_layer * held * rank_share_frac(inputs.model, replica)


def mean_context_tokens(request: Request) -> float:
    """Return the mean length of a running sequence: input plus half the output. [-]."""
    return request.input_tokens + 0.5 * request.output_tokens


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
    :math:`B_{max} = (u M - W - A) / (k (I + O/2))` per group of ranks, times the groups. In steady state
    sequences of every age run, hence half the output.
    """
    accelerator: Accelerator = inputs.accelerator
    overhead = (1.0 - USABLE_MEMORY_FRAC) * accelerator.hbm_bytes
    activations = STEP_TOKENS * inputs.model.hidden * ACTIVATION_WIDTHS * MESSAGE_BYTES_PER_VALUE
    free = accelerator.hbm_bytes - overhead - activations - part.resident_bytes
    context = mean_context_tokens(inputs.request)
    one = sequence_bytes(inputs, replica, context)
    groups = part.attention_ranks
    fitting = max(free, 0.0) / one * groups if one > 0.0 else SCHEDULER_SEQUENCES * groups
    # a single sequence must fit to its end, not only on average
    whole = sequence_bytes(inputs, replica, inputs.request.input_tokens + inputs.request.output_tokens)
    if free < whole:
        fitting = 0.0
    scheduled = SCHEDULER_SEQUENCES * groups * replica.pipeline_parallel
    return Cache(
        weights_bytes=part.resident_bytes,
        activations_bytes=activations,
        overhead_bytes=overhead,
        free_bytes=free,
        sequence_bytes=one,
        mean_context_tokens=context,
        largest_batch=min(fitting, scheduled),
        capacity_tokens=fitting * context,
    )
