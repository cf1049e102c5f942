"""Low-rank adapters: their parameters, and the time they add to a layer."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gigawatt.engines.hardware.architecture import (
    Product,
    dense_ffn_layers_count,
    key_width,
    moe_layers_count,
    value_width,
)
from gigawatt.engines.hardware.constants import Calibration
from gigawatt.engines.hardware.gemm import gemm_time_s
from gigawatt.engines.hardware.types import Transformer
from gigawatt.engines.training import flops
from gigawatt.engines.training.columns import FULL_RECOMPUTE_CODE, Column, JobColumns, LayoutColumns
from gigawatt.engines.training.parallelism import expert, pipeline
from gigawatt.engines.training.parallelism.shares import Shares

# Which projections carry an adapter. query-value: the paper's choice; attention: query, key, value, output; mlp: gate,
# up and down, experts included, the router not; all: attention and mlp.
Targets = Literal["query-value", "attention", "mlp", "all"]
OPERAND_BYTES = 2.0  # adapters multiply in 16 bits [B]
# Bytes of adding an adapter's output to its projection, and its input gradient to the projection's: read two values
# and write one, in 16 bits. [B]
ADDITION_BYTES = 6.0


def attention_matrices(model: Transformer, targets: Targets, tensor: Column) -> tuple[Product, ...]:
    """Adapted projections of one attention block, with the widths of one tensor-parallel rank."""
    if targets == "mlp":
        return ()
    keys = np.maximum(model.kv_heads / tensor, 1.0)
    queries = model.heads / tensor * float(key_width(model))
    mixed = model.heads / tensor * float(value_width(model))
    output = Product(mixed, model.hidden)
    if model.kv_lora_rank:
        query = Product(model.q_lora_rank or model.hidden, queries)
        value = Product(model.kv_lora_rank, model.heads / tensor * model.head_dim + mixed)
        if targets == "query-value":
            return (query, value)
        down = (Product(model.hidden, model.q_lora_rank),) if model.q_lora_rank else ()
        return (query, value, *down, Product(model.hidden, model.kv_lora_rank + model.rope_head_dim), output)
    query, value = Product(model.hidden, queries), Product(model.hidden, keys * model.head_dim)
    return (query, value) if targets == "query-value" else (query, value, value, output)


def feed_forward_matrices(model: Transformer, targets: Targets, width: Column | float) -> tuple[Product, ...]:
    """Adapted projections of one feed-forward block of the given width."""
    if targets not in ("mlp", "all") or not np.any(width):
        return ()
    up = Product(model.hidden, width)
    return (*((up, up) if model.gated_mlp else (up,)), Product(width, model.hidden))


def _low_rank(matrices: tuple[Product, ...], rank: int) -> Column:
    """Parameters of the adapters of some projections: rank x (inner + outer) each [-]."""
    return np.asarray(sum((rank * (np.asarray(m.inner) + m.outer) for m in matrices), start=np.zeros(1)))


def adapter_parameters(
    model: Transformer, rank: int, targets: Targets, job: JobColumns, layout: LayoutColumns
) -> Shares:
    """Adapter parameters of the fullest rank by kind, before ZeRO.

    Parameters
    ----------
    model : Transformer
        The frozen model; `job` holds the same as columns.
    rank : int
        Rank of every adapter.
    targets : str
        Which projections carry one.
    job, layout : JobColumns, LayoutColumns
        Columns of one job and N layouts.

    Returns
    -------
    Shares
        Adapters of trunk and of routed experts, shape (N,); norms and vocabulary tables carry none. [-]

    Notes
    -----
    A projection of ``inner`` by ``outer`` gets ``inner`` by ``rank`` and ``rank`` by ``outer`` [1]_. Under tensor
    parallelism the side that is not divided is held by every rank.

    References
    ----------
    .. [1] E. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models," arXiv:2106.09685, 2021, section 4.1.
    """
    tensor = layout.tensor
    share = pipeline.weights_share(job, layout)
    attention = _low_rank(attention_matrices(model, targets, tensor), rank)
    dense = _low_rank(feed_forward_matrices(model, targets, model.ffn_hidden / tensor), rank)
    shared = _low_rank(feed_forward_matrices(model, targets, model.shared_expert_ffn_hidden / tensor), rank)
    routed = _low_rank(feed_forward_matrices(model, targets, model.expert_ffn_hidden / layout.expert_tensor), rank)
    moe = float(moe_layers_count(model))
    trunk = model.layers * attention + float(dense_ffn_layers_count(model)) * dense + moe * shared
    experts = moe * np.maximum(model.experts / layout.expert, 1.0) * routed if model.experts else np.zeros(1)
    none = np.zeros(1)
    return Shares(np.asarray(trunk * share.trunk), np.asarray(experts * share.experts), none, none)


def _each(model: Transformer, rank: int, targets: Targets) -> tuple[float, float, float, float]:
    """Adapter parameters of one attention block, dense block, set of shared experts, and routed expert [-]."""
    blocks = [attention_matrices(model, targets, np.ones(1))] + [
        feed_forward_matrices(model, targets, float(width))
        for width in (model.ffn_hidden, model.shared_expert_ffn_hidden, model.expert_ffn_hidden)
    ]
    attention, dense, shared, routed = (float(_low_rank(block, rank)[0]) for block in blocks)
    return attention, dense, shared, routed


def adapter_flops_per_token(model: Transformer, rank: int, targets: Targets) -> float:
    """Forward FLOPs of all adapters that one token passes through [FLOP]."""
    attention, dense, shared, routed = _each(model, rank, targets)
    moe = float(moe_layers_count(model)) * (shared + model.top_k * routed)
    return 2.0 * (model.layers * attention + float(dense_ffn_layers_count(model)) * dense + moe)


def _time_s(
    matrices: tuple[Product, ...],
    rank: int,
    rows: Column,
    job: JobColumns,
    passes: Column,
    calibration: Calibration,
) -> Column:
    """Time of the adapters of some projections over `passes` passes, products and additions [s]."""
    rate = job.hbm_bytes_per_s * calibration.hbm_fraction / calibration.elementwise_factor
    total = np.zeros(1)
    for matrix in matrices:
        for inner, outer in ((matrix.inner, rank), (rank, matrix.outer)):
            once = gemm_time_s(
                rows,
                inner,
                outer,
                job.plain_flop_per_s,
                job.hbm_bytes_per_s,
                OPERAND_BYTES,
                calibration.gemm_traffic_factor,
            )
            total = total + passes * once
        total = total + rows * ADDITION_BYTES * (np.asarray(matrix.inner) + (passes - 2.0) * matrix.outer) / rate
    return np.asarray(total)


def adapter_time_s(
    model: Transformer, rank: int, targets: Targets, job: JobColumns, layout: LayoutColumns, calibration: Calibration
) -> Column:
    """Time that adapters add to one average layer and one micro-batch [s].

    Forward, gradient of the input and gradient of the adapter are three passes, recomputation of whole layers a fourth.
    """
    tensor = layout.tensor
    rows = flops.local_tokens(job, layout)
    passes = flops.TRAINING_OVER_FORWARD + np.where(layout.recompute > FULL_RECOMPUTE_CODE, 1.0, 0.0)
    dense_frac = float(dense_ffn_layers_count(model)) / model.layers
    moe_frac = float(moe_layers_count(model)) / model.layers
    attention = attention_matrices(model, targets, tensor)
    dense = feed_forward_matrices(model, targets, model.ffn_hidden / tensor)
    total = _time_s(attention, rank, rows, job, passes, calibration)
    total = total + dense_frac * _time_s(dense, rank, rows, job, passes, calibration)
    if not model.experts:
        return total
    shared = feed_forward_matrices(model, targets, model.shared_expert_ffn_hidden / tensor)
    local = np.maximum(model.experts / layout.expert, 1.0)
    routed = feed_forward_matrices(model, targets, model.expert_ffn_hidden / layout.expert_tensor)
    each = expert.tokens_per_rank(job, layout) / local
    experts = local * _time_s(routed, rank, each, job, passes, calibration)
    return total + moe_frac * (experts + _time_s(shared, rank, rows, job, passes, calibration))


def trainable_parameters(model: Transformer, rank: int, targets: Targets) -> float:
    """Count the parameters of all adapters of a model.

    Parameters
    ----------
    model : Transformer
    rank : int
    targets : str
        Which projections carry one.

    Returns
    -------
    float
        [-]

    Examples
    --------
    >>> llama = Transformer("llama-2-7b", 32, 4096, 32, 32, 128, 11008, 32000)
    >>> trainable_parameters(llama, 8, "query-value")
    4194304.0
    """
    attention, dense, shared, routed = _each(model, rank, targets)
    moe = float(moe_layers_count(model)) * (shared + model.experts * routed)
    return model.layers * attention + float(dense_ffn_layers_count(model)) * dense + moe
