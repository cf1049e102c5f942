"""What one accelerator of a replica holds, reads and multiplies: weights and FLOPs counted from the architecture.

A replica is `tensor_parallel` ranks wide and `pipeline_parallel` stages deep. Ranks of a stage split dense weights
evenly; under attention data parallelism each rank keeps all attention weights and serves its own sequences, while the
experts stay split over all ranks of the stage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.hardware.architecture import (
    attention_parameters_count,
    dense_ffn_layers_count,
    dense_ffn_parameters_count,
    embedding_parameters_count,
    expert_parameters_count,
    kv_cache_bytes_per_token,
    moe_layers_count,
    router_parameters_count,
    shared_expert_parameters_count,
)
from gigawatt.engines.hardware.types import Transformer
from gigawatt.engines.serving.constants import (
    BYTES_PER_PARAMETER,
    EXPERTS_ONLY_FORMATS,
    LATENT_IN_16_BITS_FORMATS,
    REPLICATED_FRAC,
    ROUTED_HIDDEN_BYTES,
    ROUTED_INNER_BYTES,
    TABLE_BYTES_PER_PARAMETER,
)
from gigawatt.engines.serving.types import Replica

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shard:
    """One accelerator's share of a replica; all figures per pipeline stage.

    Attributes
    ----------
    layers : float
        Transformer layers of the stage. [-]
    linear_bytes, expert_bytes : float
        Weights read in every step, and routed experts held, of which a step reads those it touches. [B]
    resident_bytes : float
        All weights in memory, tables included. [B]
    linear_flops, wide_flops, expert_flops : float
        Matrix work per token of the stage, averaged over its ranks; what is multiplied in 16 bits whatever the
        precision of the rest is `wide_flops`. [FLOP]
    element_values : float
        Hidden values that elementwise kernels of the stage touch per token, counted once. [-]
    routed_bytes : float
        Memory traffic of routed tokens besides the weights, per token of the stage. [B]
    attention_ranks : int
        Groups among which the sequences are split: ranks under attention data parallelism, else 1. [-]
    """

    layers: float
    linear_bytes: float
    expert_bytes: float
    resident_bytes: float
    linear_flops: float
    wide_flops: float
    expert_flops: float
    element_values: float
    routed_bytes: float
    attention_ranks: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Parameters of a whole model by use, as plain numbers. [-].

    Attributes
    ----------
    linear, attention : float
        Attention, dense feed-forward, shared experts and routers; attention alone.
    one_expert, table : float
        One routed expert; one vocabulary table.
    expert_layers : float
        Layers that hold routed experts.
    kv_values : float
        Values of the KV cache per token and layer.
    """

    linear: float
    attention: float
    one_expert: float
    table: float
    expert_layers: float
    kv_values: float


@lru_cache(maxsize=256)
def counts(model: Transformer) -> Counts:
    """Count a model's parameters by use.

    Parameters
    ----------
    model : Transformer
        The architecture.

    Returns
    -------
    Counts
        From `gigawatt.engines.hardware.architecture`.

    Examples
    --------
    >>> llama = Transformer("llama-3.1-70b", 80, 8192, 64, 8, 128, 28672, 128256)
    >>> round(counts(llama).linear / 1e9, 2), round(counts(llama).table / 1e9, 2)
    (68.45, 1.05)
    """
    expert_layers = float(moe_layers_count(model))
    every_expert_layer = float(shared_expert_parameters_count(model) + router_parameters_count(model))
    dense = float(dense_ffn_layers_count(model) * dense_ffn_parameters_count(model))
    attention = model.layers * float(attention_parameters_count(model))
    return Counts(
        linear=attention + dense + (expert_layers * every_expert_layer if expert_layers else 0.0),
        attention=attention,
        one_expert=float(expert_parameters_count(model)),
        table=float(embedding_parameters_count(model)),
        expert_layers=expert_layers,
        kv_values=float(kv_cache_bytes_per_token(model, 1.0)) / model.layers,
    )


def _routed_bytes(model: Transformer, replica: Replica) -> float:
    """Traffic of one token of the stage through its experts in one layer, on one accelerator."""
    ranks = float(replica.tensor_parallel)
    split_hidden = ranks if replica.expert_parallel > 1 else 1.0
    inner = ROUTED_INNER_BYTES * model.expert_ffn_hidden / ranks
    return model.top_k * (ROUTED_HIDDEN_BYTES * model.hidden / split_hidden + inner)


def tables_bytes(model: Transformer, replica: Replica) -> float:
    """Return the vocabulary tables on one accelerator.

    Parameters
    ----------
    model : Transformer
        With one table or two.
    replica : Replica
        The fullest stage holds one table, both where there is a single stage.

    Returns
    -------
    float
        [B]
    """
    copies = float(replica.tensor_parallel) if replica.attention_data_parallel else 1.0
    tables = 1.0 if model.tied_embeddings or replica.pipeline_parallel > 1 else 2.0
    return tables * counts(model).table * copies / replica.tensor_parallel * TABLE_BYTES_PER_PARAMETER


@lru_cache(maxsize=1024)
def shard(model: Transformer, replica: Replica, precision: str) -> Shard:
    """Split a model over a replica.

    Parameters
    ----------
    model : Transformer
        The architecture.
    replica : Replica
        Tensor, pipeline and expert parallelism.
    precision : str
        Of the weights, a key of `BYTES_PER_PARAMETER`.

    Returns
    -------
    Shard
        Of the stage that holds the most.

    Notes
    -----
    Under attention data parallelism the FLOPs per stage token do not change, since each rank works on its share of the
    tokens with the full matrices; the bytes read do.
    """
    expert_width = BYTES_PER_PARAMETER[precision]
    linear_width = TABLE_BYTES_PER_PARAMETER if precision in EXPERTS_ONLY_FORMATS else expert_width
    count = counts(model)
    routed = count.expert_layers * model.experts * count.one_expert
    table = count.table
    ranks = float(replica.tensor_parallel)
    stages = float(replica.pipeline_parallel)
    copies = ranks if replica.attention_data_parallel else 1.0
    wide = count.attention if precision in LATENT_IN_16_BITS_FORMATS and model.kv_lora_rank else 0.0
    linear = (count.linear - wide) * linear_width + wide * TABLE_BYTES_PER_PARAMETER
    linear = linear * copies / (ranks * stages)
    head = table * copies / (ranks * stages)
    experts = routed / (ranks * stages)
    split = 1.0 if replica.attention_data_parallel else ranks
    fullest = math.ceil(model.layers / replica.pipeline_parallel) * stages / model.layers
    return Shard(
        layers=model.layers / stages,
        linear_bytes=linear + head * TABLE_BYTES_PER_PARAMETER,
        expert_bytes=experts * expert_width,
        resident_bytes=(linear + experts * expert_width) * fullest + tables_bytes(model, replica),
        linear_flops=2.0 * (count.linear + table - wide) / (ranks * stages),
        wide_flops=2.0 * wide / (ranks * stages),
        expert_flops=2.0 * count.expert_layers * model.top_k * count.one_expert / (ranks * stages),
        element_values=model.hidden * model.layers / stages * (REPLICATED_FRAC + (1.0 - REPLICATED_FRAC) / split),
        routed_bytes=_routed_bytes(model, replica) * count.expert_layers / stages,
        attention_ranks=replica.tensor_parallel if replica.attention_data_parallel else 1,
    )


def touched_frac(experts: int, top_k: int, tokens: Floats) -> Floats:
    """Return the share of experts that at least one token of a step chooses.

    Parameters
    ----------
    experts, top_k : int
        Experts of a layer; experts each token chooses.
    tokens : array
        Tokens in the step. [-]

    Returns
    -------
    array
        From top_k / experts for one token towards 1. [-]

    Notes
    -----
    :math:`1 - (1 - k/E)^B`, for choices that are independent between tokens.

    Examples
    --------
    >>> [round(float(x), 3) for x in touched_frac(128, 8, np.array([1.0, 16.0, 64.0]))]
    [0.062, 0.644, 0.984]
    """
    share: Floats = 1.0 - (1.0 - top_k / experts) ** tokens
    return share


def tile_rows_frac(model: Transformer, tokens: Floats, tile_rows: float) -> Floats:
    r"""Return rows that grouped products multiply over the tokens that experts have.

    Parameters
    ----------
    model : Transformer
        Experts and how many a token chooses.
    tokens : array
        Tokens in the step. [-]
    tile_rows : float
        Rows of a tile; 0 where rows need no filling. [-]

    Returns
    -------
    array
        At least 1. [-]

    Notes
    -----
    An expert that is touched has :math:`\nu = k B / (E \tau)` tokens on average and fills
    :math:`\max(t, \nu + t / 2)` rows: one tile at least, and on average half of its last one is empty.

    Examples
    --------
    >>> mixture = Transformer("m", 1, 1024, 8, 8, 128, 4096, 32000, experts=8, top_k=2, expert_ffn_hidden=4096)
    >>> [round(float(x), 2) for x in tile_rows_frac(mixture, np.array([128.0, 512.0, 8192.0]), 128.0)]
    [4.0, 1.5, 1.03]
    """
    rows = model.top_k * tokens / (model.experts * touched_frac(model.experts, model.top_k, tokens))
    filled: Floats = np.maximum(tile_rows, rows + 0.5 * tile_rows) / rows
    return filled
