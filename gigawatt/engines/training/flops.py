"""Time of a layer's kernels on one rank, and model FLOPs of a step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gigawatt.engines.hardware.architecture import (
    Product,
    attention_core_flops_per_token,
    attention_products,
    dense_ffn_layers_count,
    feed_forward_products,
    forward_flops_per_token,
    key_width,
    moe_layers_count,
    value_width,
)
from gigawatt.engines.hardware.attention import (
    FUSED_TRAINING_OVER_FORWARD,
    fused_core_time_s,
    unfused_core_time_s,
)
from gigawatt.engines.hardware.constants import FUSED_ATTENTION_FROM, FUSED_SINK_FROM, Calibration
from gigawatt.engines.hardware.gemm import gemm_time_s
from gigawatt.engines.training.columns import FULL_RECOMPUTE_CODE, Column, JobColumns, LayoutColumns
from gigawatt.engines.training.parallelism import expert

TRAINING_OVER_FORWARD = 3.0  # a product's backward pass is two products [-]
# Bytes that element-wise kernels move per token and value, in 16 bits, counted tensor by tensor. [B]
HIDDEN_BYTES_FORWARD = 14.0  # two norms (read, write) and two residual additions (read two, write one)
HIDDEN_BYTES_BACKWARD = 22.0  # two norms (read two, write one) and the additions of two gradients
GATED_BYTES_FORWARD = 6.0  # read gate and up, write
GATED_BYTES_BACKWARD = 10.0  # read gate, up and gradient, write two
PLAIN_BYTES_FORWARD = 4.0  # read, write
PLAIN_BYTES_BACKWARD = 6.0  # read two, write
ROTARY_BYTES = 8.0  # queries and keys, read and written, forward and backward
PERMUTE_BYTES = 16.0  # of a routed copy: gather and scatter, read and written, forward and backward
LOGIT_BYTES = 16.0  # of a logit: product out, softmax and gradient, partly in 32 bits
QUANTISE_BYTES = 4.0  # of an 8-bit or 4-bit operand: read 16 bits, write it and its transpose


HALF = 0.5  # share of the products that half recomputation makes again [-]


class LayerTime(NamedTuple):
    """Kernel time of one average layer and one micro-batch on one rank [s]."""

    matrix: Column  # products, forward and backward
    core: Column  # attention core, forward and backward
    elementwise: Column  # forward and backward
    recompute: Column  # forward work that is done again


def _products_s(job: JobColumns, rows: Column, products: tuple[Product, ...]) -> Column:
    """Forward time of products that share their rows."""
    total = np.zeros(1)
    for product in products:
        if not np.any(product.outer):  # projections of latent attention in a model without it
            continue
        total = total + gemm_time_s(
            rows,
            product.inner,
            product.outer,
            job.matrix_flop_per_s,
            job.hbm_bytes_per_s,
            job.operand_bytes,
            job.gemm_traffic_ratio,
        )
    return total


def local_tokens(job: JobColumns, layout: LayoutColumns) -> Column:
    """Tokens of one micro-batch on one context-parallel rank [-]."""
    return layout.micro_batch * job.sequence_tokens / layout.context


def matrix_forward_s(job: JobColumns, layout: LayoutColumns) -> Column:
    """Forward time of the products of one average layer: attention, and the mean of dense and expert blocks [s]."""
    model = job.model
    rows = local_tokens(job, layout)
    attention = _products_s(job, rows, attention_products(model, layout.tensor))
    dense_frac = dense_ffn_layers_count(model) / model.layers
    moe_frac = moe_layers_count(model) / model.layers
    dense = feed_forward_products(model, model.ffn_hidden / layout.tensor)
    total = attention + dense_frac * _products_s(job, rows, dense)
    if not np.any(model.experts > 0):
        return total
    local_experts = np.maximum(model.experts / layout.expert, 1.0)
    each_rows = expert.tokens_per_rank(job, layout) * expert.imbalance(job, layout) / local_experts
    routed = feed_forward_products(model, model.expert_ffn_hidden / layout.expert_tensor)
    shared = feed_forward_products(model, model.shared_expert_ffn_hidden / layout.tensor)
    router = gemm_time_s(
        rows / layout.tensor, model.hidden, model.experts, job.plain_flop_per_s, job.hbm_bytes_per_s, 2.0, 1.0
    )
    experts = local_experts * _products_s(job, each_rows, routed)
    experts = experts + np.where(model.shared_expert_ffn_hidden > 0, _products_s(job, rows, shared), 0.0)
    return total + np.where(moe_frac > 0, moe_frac * (experts + router), 0.0)


def core_s(job: JobColumns, layout: LayoutColumns, calibration: Calibration) -> tuple[Column, Column]:
    """Forward and total time of the attention core of one layer [s]."""
    rows = local_tokens(job, layout)
    fused = fused_core_time_s(job.model, rows, job.sequence_tokens, layout.tensor, job.attention_flop_per_s)
    sink = (job.model.attention_sink > 0) & (job.software_date < FUSED_SINK_FROM)
    fused = fused * np.where(sink, calibration.unfused_sink_factor, 1.0)
    early = job.software_date < FUSED_ATTENTION_FROM
    if not np.any(early):
        return fused, fused * FUSED_TRAINING_OVER_FORWARD
    forward, backward = unfused_core_time_s(
        job.model, rows, job.sequence_tokens, layout.tensor, job.plain_flop_per_s, job.hbm_bytes_per_s
    )
    total = np.where(early, forward + backward, fused * FUSED_TRAINING_OVER_FORWARD)
    return np.where(early, forward, fused), total


def elementwise_bytes_per_token(job: JobColumns, layout: LayoutColumns) -> tuple[Column, Column]:
    """Bytes that element-wise kernels of one layer move per local token, forward and backward [B]."""
    model = job.model
    tensor = layout.tensor
    split = np.where(layout.sequence_parallel > 0, tensor, 1.0)
    gated = model.gated_mlp > 0
    act_forward = np.where(gated, GATED_BYTES_FORWARD, PLAIN_BYTES_FORWARD)
    act_backward = np.where(gated, GATED_BYTES_BACKWARD, PLAIN_BYTES_BACKWARD)
    dense_frac = dense_ffn_layers_count(model) / model.layers
    moe_frac = moe_layers_count(model) / model.layers
    copies = model.top_k * layout.expert_tensor / tensor
    width = dense_frac * model.ffn_hidden / tensor + moe_frac * (
        copies * model.expert_ffn_hidden / layout.expert_tensor + model.shared_expert_ffn_hidden / tensor
    )
    rotary = ROTARY_BYTES * (model.heads + model.kv_heads) / tensor * key_width(model)
    permute = moe_frac * PERMUTE_BYTES * copies * model.hidden
    narrow = job.operand_bytes < 2.0
    inputs = (
        2.0 * model.hidden / split
        + model.heads * value_width(model) / tensor
        + width
        + moe_frac * copies * model.hidden
    )
    outputs = inputs + (1.0 + gated) * width
    quantise = np.where(narrow, QUANTISE_BYTES, 0.0)
    forward = (
        HIDDEN_BYTES_FORWARD * model.hidden / split + act_forward * width + 0.5 * (rotary + permute) + quantise * inputs
    )
    backward = (
        HIDDEN_BYTES_BACKWARD * model.hidden / split
        + act_backward * width
        + 0.5 * (rotary + permute)
        + quantise * outputs
    )
    return forward, backward


def layer_time(job: JobColumns, layout: LayoutColumns, calibration: Calibration) -> LayerTime:
    """Kernel time of one average layer and one micro-batch on one rank, communication apart."""
    matrix_forward = matrix_forward_s(job, layout)
    core_forward, core = core_s(job, layout, calibration)
    rate = job.hbm_bytes_per_s * job.hbm_frac / calibration.elementwise_factor
    rows = local_tokens(job, layout)
    forward_bytes, backward_bytes = elementwise_bytes_per_token(job, layout)
    forward = rows * forward_bytes / rate
    full = matrix_forward + core_forward + forward
    cheap = np.where(job.software_date < FUSED_ATTENTION_FROM, core_forward, forward)
    cheap = cheap + np.where(layout.recompute > 1.0, HALF * matrix_forward, 0.0)
    recompute = np.where(layout.recompute > FULL_RECOMPUTE_CODE, full, np.where(layout.recompute > 0, cheap, 0.0))
    return LayerTime(TRAINING_OVER_FORWARD * matrix_forward, core, forward + rows * backward_bytes / rate, recompute)


def head_time_s(job: JobColumns, layout: LayoutColumns, calibration: Calibration) -> Column:
    """Time of output head and loss of one micro-batch, forward and backward, in bf16 [s]."""
    rows = local_tokens(job, layout)
    outer = job.model.vocabulary / layout.tensor
    product = gemm_time_s(
        rows, job.model.hidden, outer, job.plain_flop_per_s, job.hbm_bytes_per_s, 2.0, job.plain_traffic_ratio
    )
    rate = job.hbm_bytes_per_s * job.hbm_frac / calibration.elementwise_factor
    return TRAINING_OVER_FORWARD * product + rows * outer * LOGIT_BYTES / rate


def step_flops(job: JobColumns, layout: LayoutColumns) -> tuple[Column, Column]:
    """Model FLOPs of one step, and with recomputation [FLOP]."""
    model = job.model
    tokens = job.batch_sequences * job.sequence_tokens
    forward = forward_flops_per_token(model, job.sequence_tokens)
    core = model.layers * attention_core_flops_per_token(model, job.sequence_tokens)
    head = 2.0 * model.hidden * model.vocabulary
    scores = np.where(job.software_date < FUSED_ATTENTION_FROM, core, 0.0)
    again = np.where(
        layout.recompute > FULL_RECOMPUTE_CODE, forward - head, np.where(layout.recompute > 0, scores, 0.0)
    )
    total = TRAINING_OVER_FORWARD * tokens * forward
    return total * np.ones_like(again), total + tokens * again
