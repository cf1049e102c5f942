"""Peak memory of the fullest accelerator: weights, gradients, optimizer, activations, buffers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gigawatt.engines.hardware.architecture import (
    attention_parameters_count,
    dense_ffn_layers_count,
    dense_ffn_parameters_count,
    embedding_parameters_count,
    expert_parameters_count,
    key_width,
    moe_layers_count,
    norm_parameters_count,
    router_parameters_count,
    shared_expert_parameters_count,
    value_width,
)
from gigawatt.engines.hardware.constants import FUSED_ATTENTION_FROM
from gigawatt.engines.training.columns import FULL_RECOMPUTE_CODE, Column, JobColumns, LayoutColumns
from gigawatt.engines.training.parallelism import PARALLELISMS, data, expert, pipeline
from gigawatt.engines.training.parallelism.shares import Shares

WEIGHT_BYTES = 2.0  # 16 bits, or 8 bits with their transpose [B]
GRADIENT_BYTES = 4.0  # accumulated in 32 bits [B]
OPTIMIZER_BYTES = 12.0  # 32-bit master weight and two Adam moments [B]
MASTER_WEIGHT_BYTES = 4.0  # of those, the master weight [B]
BITS_PER_MOMENT_BYTE = 8.0  # [bit]
SCORE_BYTES = 5.0  # of an unfused attention score: softmax, dropout mask and output, Korthikanti et al. 2022 eq. 1 [B]
LOGIT_BYTES = 6.0  # a logit in 16 and in 32 bits [B]
# Runtime, collective buffers, allocator slack: an 80 GB card shows 4 to 8 GB in use before any tensor. ESTIMATE. [B]
RESERVED_BYTES = 4.0e9
USABLE_FRAC = 0.97  # of the memory on the data sheet that the driver hands out, ESTIMATE [-]
PREFETCHED_LAYERS = 2.0  # layers held whole at ZeRO stage 3 [-]


class MemoryBytes(NamedTuple):
    """Peak memory by use [B]."""

    weights: Column
    gradients: Column
    optimizer: Column
    activations: Column
    buffers: Column

    @property
    def total(self) -> Column:
        """Sum [B]."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.buffers


def model_parameters(job: JobColumns) -> Shares:
    """Parameters of all layers by kind, and of one vocabulary table [-]."""
    model = job.model
    moe = moe_layers_count(model)
    trunk = (
        model.layers * attention_parameters_count(model)
        + dense_ffn_layers_count(model) * dense_ffn_parameters_count(model)
        + moe * shared_expert_parameters_count(model)
    )
    trunk = trunk * (1.0 + model.mtp_layers / model.layers)
    norms = model.layers * norm_parameters_count(model) + moe * router_parameters_count(model)
    return Shares(
        np.asarray(trunk),
        np.asarray(moe * model.experts * expert_parameters_count(model) * (1.0 + model.mtp_layers / model.layers)),
        np.asarray(norms),
        np.asarray(embedding_parameters_count(model)),
    )


def rank_parameters(job: JobColumns, layout: LayoutColumns) -> Shares:
    """Parameters of the fullest rank by kind, before ZeRO: the product of what each parallelism leaves [-]."""
    parameters = model_parameters(job)
    tables = np.where(layout.pipeline > 1, 1.0, 2.0 - job.model.tied_embeddings)
    parameters = parameters._replace(tables=parameters.tables * tables)
    for name, module in PARALLELISMS.items():
        if name != "data":
            parameters = Shares(*(p * s for p, s in zip(parameters, module.weights_share(job, layout), strict=True)))
    return parameters


def _held(parameters: Shares, shares: Shares) -> Column:
    """Parameters left after sharding, summed over kinds."""
    return np.asarray(sum((p * s for p, s in zip(parameters, shares, strict=True)), start=np.zeros(1)))


def activation_bytes_per_token(job: JobColumns, layout: LayoutColumns) -> Column:
    """Bytes that one layer keeps per local token for the backward pass [B].

    Notes
    -----
    The count of [1]_, without dropout and with fused attention: inputs of the norms and of every product, queries,
    keys, values and output of attention, and what the activation function needs. 8-bit recipes keep the inputs of
    products in 8 bits. Selective recomputation drops what is cheap to make again: attention scores where attention
    is not fused, outputs of norms and activation functions, up-projections of latent attention; in 8-bit recipes it
    keeps the rest of the feed-forward block in 8 bits too [2]_. Full recomputation keeps the input alone.

    References
    ----------
    .. [1] V. Korthikanti et al., "Reducing Activation Recomputation in Large Transformer Models,"
       arXiv:2205.05198, 2022, section 4.
    .. [2] DeepSeek-AI, "DeepSeek-V3 Technical Report," arXiv:2412.19437, 2024, sections 3.2.3 and 3.3.3.
    """
    model = job.model
    tensor = layout.tensor
    lean = layout.recompute > 0
    split = np.where(layout.sequence_parallel > 0, tensor, 1.0)
    saved = np.maximum(np.minimum(job.operand_bytes, 2.0), 1.0)
    hidden = (2.0 * 2.0 + 2.0 * np.where(lean, 0.0, saved)) * model.hidden / split
    latent = model.kv_lora_rank > 0
    kv = np.where(latent, model.heads, model.kv_heads)
    mixed = model.heads * key_width(model) + kv * (key_width(model) + value_width(model))
    ranks = (model.q_lora_rank + model.kv_lora_rank + model.rope_head_dim) * tensor
    heads = 2.0 * np.where(latent & lean, ranks, mixed) / tensor
    heads = heads + 2.0 * model.heads * value_width(model) / tensor
    moe_frac = moe_layers_count(model) / model.layers
    copies = model.top_k * layout.expert_tensor / tensor
    per_width = np.where(lean, saved, 2.0) * (1.0 + model.gated_mlp) + np.where(lean, 0.0, saved)
    dense = dense_ffn_layers_count(model) / model.layers * model.ffn_hidden / tensor * per_width
    routed = copies * (per_width * model.expert_ffn_hidden / layout.expert_tensor + saved * model.hidden)
    shared = per_width * model.shared_expert_ffn_hidden / tensor
    scores = SCORE_BYTES * model.heads * job.sequence_tokens / tensor
    unfused = (job.software_date < FUSED_ATTENTION_FROM) & (layout.recompute < 1.0)
    whole = hidden + heads + dense + moe_frac * (routed + shared) + np.where(unfused, scores, 0.0)
    return np.asarray(whole + np.zeros_like(layout.tensor))


def activations_bytes(job: JobColumns, layout: LayoutColumns, whole: Column) -> tuple[Column, Column]:
    """Activations of the first stage, and logits of the last [B]; `whole` is what a layer keeps per token."""
    tokens = layout.micro_batch * job.sequence_tokens / layout.context
    entry = 2.0 * job.model.hidden / np.where(layout.sequence_parallel > 0, layout.tensor, 1.0)
    full = layout.recompute > FULL_RECOMPUTE_CODE
    layers = pipeline.stages(job, layout).fullest * pipeline.in_flight(job, layout)
    kept = tokens * (layers * np.where(full, entry, whole) + np.where(full, whole, 0.0))
    logits = tokens * job.model.vocabulary / layout.tensor * LOGIT_BYTES
    return kept, logits


def peak(job: JobColumns, layout: LayoutColumns) -> MemoryBytes:
    """Peak memory of the fullest rank [B]."""
    return assemble(job, layout, activation_bytes_per_token(job, layout), rank_parameters(job, layout))


def optimizer_bytes(layout: LayoutColumns) -> Column:
    """Bytes of master weight and moments per parameter, wherever they lie [B].

    Notes
    -----
    Two moments of 32 bits, or of 8 bits with a scale for each block of 2,048 [1]_, which is left out as 1/256 byte.

    References
    ----------
    .. [1] T. Dettmers et al., "8-bit Optimizers via Block-wise Quantization," arXiv:2110.02861, 2022.
    """
    return np.asarray(MASTER_WEIGHT_BYTES + 2.0 * layout.optimizer_bits / BITS_PER_MOMENT_BYTE)


def on_accelerator(layout: LayoutColumns) -> Column:
    """1 where optimizer states lie in the accelerator's memory, 0 where they are offloaded to the host [-]."""
    return np.where(layout.offload > 0, 0.0, 1.0)


def assemble(job: JobColumns, layout: LayoutColumns, kept_per_token: Column, parameters: Shares) -> MemoryBytes:
    """Peak memory from what a layer keeps per token and the parameters of a rank [B].

    The first stage holds the most activations; the last one holds logits instead and one micro-batch in flight, so
    logits add to the first stage only without a pipeline.
    """
    shares = data.weights_share(job, layout)
    weights = _held(parameters, shares)
    gradients = _held(parameters, data.gradient_share(layout))
    optimizer = _held(parameters, data.optimizer_share(layout))
    kept, logits = activations_bytes(job, layout, kept_per_token)
    alone = layout.pipeline <= 1
    per_micro_batch = kept / pipeline.in_flight(job, layout)
    last = per_micro_batch + logits
    activations = np.where(alone, kept + logits, np.maximum(kept, last))
    gathered = sum(kind * (share < 1.0) for kind, share in zip(parameters[:3], shares[:3], strict=True))
    whole_layers = PREFETCHED_LAYERS * gathered / job.model.layers
    exchange = np.where(layout.expert > 1, 2.0 * 2.0 * expert.tokens_per_rank(job, layout) * job.model.hidden, 0.0)
    return MemoryBytes(
        WEIGHT_BYTES * weights,
        GRADIENT_BYTES * gradients,
        optimizer_bytes(layout) * on_accelerator(layout) * optimizer,
        activations,
        RESERVED_BYTES + WEIGHT_BYTES * whole_layers + exchange,
    )


def usable_bytes(job: JobColumns) -> Column:
    """Memory that a job may fill [B]."""
    return job.hbm_bytes * USABLE_FRAC
