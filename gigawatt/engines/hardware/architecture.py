"""Parameters and FLOPs of a transformer, layer by layer.

Every function takes anything with the fields of `Transformer`: one model with plain numbers, or columns of many
models as arrays, which broadcast. Counts are per layer unless the name says otherwise. Norms are left out of FLOPs;
parameters include two norms of width `hidden` a layer.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = float | NDArray[Any]
NORMS_PER_LAYER = 2.0
FLOPS_PER_MAC = 2.0  # a multiply and an add


class Architecture(Protocol):
    """What the counts need to know of a model; `Transformer` has it all."""

    @property
    def layers(self) -> Numbers: ...  # noqa: D102
    @property
    def hidden(self) -> Numbers: ...  # noqa: D102
    @property
    def heads(self) -> Numbers: ...  # noqa: D102
    @property
    def kv_heads(self) -> Numbers: ...  # noqa: D102
    @property
    def head_dim(self) -> Numbers: ...  # noqa: D102
    @property
    def ffn_hidden(self) -> Numbers: ...  # noqa: D102
    @property
    def vocabulary(self) -> Numbers: ...  # noqa: D102
    @property
    def gated_mlp(self) -> Numbers: ...  # noqa: D102
    @property
    def tied_embeddings(self) -> Numbers: ...  # noqa: D102
    @property
    def experts(self) -> Numbers: ...  # noqa: D102
    @property
    def top_k(self) -> Numbers: ...  # noqa: D102
    @property
    def expert_ffn_hidden(self) -> Numbers: ...  # noqa: D102
    @property
    def shared_expert_ffn_hidden(self) -> Numbers: ...  # noqa: D102
    @property
    def dense_layers(self) -> Numbers: ...  # noqa: D102
    @property
    def q_lora_rank(self) -> Numbers: ...  # noqa: D102
    @property
    def kv_lora_rank(self) -> Numbers: ...  # noqa: D102
    @property
    def rope_head_dim(self) -> Numbers: ...  # noqa: D102
    @property
    def value_head_dim(self) -> Numbers: ...  # noqa: D102
    @property
    def attention_window(self) -> Numbers: ...  # noqa: D102
    @property
    def windowed_layers(self) -> Numbers: ...  # noqa: D102
    @property
    def chunked_attention(self) -> Numbers: ...  # noqa: D102
    @property
    def mtp_layers(self) -> Numbers: ...  # noqa: D102


class Product(NamedTuple):
    """The two inner widths of a matrix product: rows x `inner` times `inner` x `outer`."""

    inner: Numbers
    outer: Numbers


def value_width(model: Architecture) -> Numbers:
    """Width of one head's value [-]."""
    return np.where(np.asarray(model.value_head_dim) > 0, model.value_head_dim, model.head_dim)


def key_width(model: Architecture) -> Numbers:
    """Width of one head's query and key: `head_dim`, with the rotary part added under latent attention [-]."""
    return np.where(
        np.asarray(model.kv_lora_rank) > 0, np.asarray(model.head_dim) + model.rope_head_dim, model.head_dim
    )


def attention_products(model: Architecture, tensor: Numbers = 1.0) -> tuple[Product, ...]:
    """Matrix products of one attention block on one tensor-parallel rank.

    Parameters
    ----------
    model : Architecture
        The model.
    tensor : float or array
        Tensor-parallel degree; key-value heads are copied when there are fewer heads than ranks. [-]

    Returns
    -------
    tuple of Product
        Input projection, query and key-value up-projections (latent attention only, else of width 0), output.

    Notes
    -----
    Grouped-query attention has one input projection of width :math:`(a + 2 k) d`. Latent attention projects down
    to :math:`r_q + r_{kv} + d_r`, which every rank repeats, then up to :math:`a (d + d_r)` and :math:`a (d + d_v)`
    [1]_.

    References
    ----------
    .. [1] DeepSeek-AI, "DeepSeek-V2," arXiv:2405.04434, 2024, section 2.1.
    """
    latent = np.asarray(model.kv_lora_rank) > 0
    has_query_rank = np.asarray(model.q_lora_rank) > 0
    heads = np.asarray(model.heads) / tensor
    kv_heads = np.maximum(np.asarray(model.kv_heads) / tensor, np.minimum(model.kv_heads, 1.0))
    queries = heads * key_width(model)
    direct_query = np.where(has_query_rank, model.q_lora_rank, queries)
    entry = np.where(
        latent, direct_query + model.kv_lora_rank + model.rope_head_dim, queries + 2.0 * kv_heads * model.head_dim
    )
    return (
        Product(model.hidden, entry),
        Product(model.q_lora_rank, np.where(latent & has_query_rank, queries, 0.0)),
        Product(model.kv_lora_rank, np.where(latent, heads * (np.asarray(model.head_dim) + value_width(model)), 0.0)),
        Product(heads * value_width(model), model.hidden),
    )


def feed_forward_products(model: Architecture, width: Numbers) -> tuple[Product, ...]:
    """Matrix products of a feed-forward block of the given width: up (with its gate) and down."""
    return (Product(model.hidden, (1.0 + np.asarray(model.gated_mlp)) * width), Product(width, model.hidden))


def _weights(products: tuple[Product, ...]) -> Numbers:
    """Weights of a chain of products."""
    return sum((np.asarray(product.inner) * product.outer for product in products), start=np.float64(0.0))


def attention_parameters_count(model: Architecture) -> Numbers:
    """Weights of one attention block [-]."""
    return _weights(attention_products(model))


def dense_ffn_parameters_count(model: Architecture) -> Numbers:
    """Weights of one dense feed-forward block [-]."""
    return _weights(feed_forward_products(model, model.ffn_hidden))


def expert_parameters_count(model: Architecture) -> Numbers:
    """Weights of one routed expert [-]."""
    return _weights(feed_forward_products(model, model.expert_ffn_hidden))


def shared_expert_parameters_count(model: Architecture) -> Numbers:
    """Weights of the shared experts of one layer [-]."""
    return _weights(feed_forward_products(model, model.shared_expert_ffn_hidden))


def router_parameters_count(model: Architecture) -> Numbers:
    """Weights of one router [-]."""
    return np.asarray(model.hidden) * model.experts


def norm_parameters_count(model: Architecture) -> Numbers:
    """Weights of the norms of one layer [-]."""
    return NORMS_PER_LAYER * np.asarray(model.hidden)


def embedding_parameters_count(model: Architecture) -> Numbers:
    """Weights of one vocabulary table: the input embedding or the output head [-]."""
    return np.asarray(model.vocabulary) * model.hidden


def moe_layers_count(model: Architecture) -> Numbers:
    """Layers with routed experts, wherever the dense ones lie [-]."""
    return np.where(np.asarray(model.experts) > 0, np.asarray(model.layers) - model.dense_layers, 0.0)


def dense_ffn_layers_count(model: Architecture) -> Numbers:
    """Layers with a dense feed-forward block [-]."""
    return np.asarray(model.layers) - moe_layers_count(model)


def total_parameters_count(model: Architecture) -> Numbers:
    """Weights of the whole model, without multi-token prediction layers.

    Examples
    --------
    >>> from gigawatt.engines.hardware.types import Transformer
    >>> llama = Transformer("llama-3.1-405b", 126, 16384, 128, 8, 128, 53248, 128256)
    >>> round(float(total_parameters_count(llama)) / 1e9, 1)
    405.9
    """
    experts = np.asarray(model.experts) * expert_parameters_count(model)
    moe_layer = experts + shared_expert_parameters_count(model) + router_parameters_count(model)
    every = attention_parameters_count(model) + norm_parameters_count(model)
    tables = (2.0 - np.asarray(model.tied_embeddings)) * embedding_parameters_count(model)
    return (
        np.asarray(model.layers) * every
        + dense_ffn_layers_count(model) * dense_ffn_parameters_count(model)
        + moe_layers_count(model) * moe_layer
        + tables
        + model.hidden
    )


def active_parameters_count(model: Architecture) -> Numbers:
    """Weights that one token passes through, both vocabulary tables included.

    Examples
    --------
    >>> from gigawatt.engines.hardware.types import Transformer
    >>> qwen = Transformer("qwen3-30b-a3b", 48, 2048, 32, 4, 128, 6144, 151936, experts=128, top_k=8,
    ...                    expert_ffn_hidden=768)
    >>> round(float(total_parameters_count(qwen)) / 1e9, 1), round(float(active_parameters_count(qwen)) / 1e9, 1)
    (30.5, 3.4)
    """
    idle = (np.asarray(model.experts) - model.top_k) * expert_parameters_count(model)
    return total_parameters_count(model) - moe_layers_count(model) * idle


def attended_tokens(model: Architecture, sequence_tokens: Numbers) -> Numbers:
    r"""Tokens that a query sees, averaged over positions and layers, with the causal mask counted once.

    Notes
    -----
    Full causal attention sees :math:`s/2`; a sliding window :math:`w < s` sees :math:`w (1 - w/2s)`; a fixed
    chunk of :math:`w < s` sees :math:`w/2`.

    Examples
    --------
    >>> from gigawatt.engines.hardware.types import Transformer
    >>> half = Transformer("m", 2, 64, 1, 1, 64, 256, 1000, attention_window=100, windowed_layers=1)
    >>> float(attended_tokens(half, 1000.0))  # (500 + 95) / 2
    297.5
    """
    sequence = np.asarray(sequence_tokens, dtype=np.float64)
    full = sequence / 2.0
    window = np.asarray(model.attention_window, dtype=np.float64)
    sliding = window * (1.0 - window / (2.0 * sequence))
    seen = np.where(np.asarray(model.chunked_attention) > 0, window / 2.0, sliding)
    windowed = np.where((window > 0) & (window < sequence), seen, full)
    share = np.asarray(model.windowed_layers) / np.asarray(model.layers)
    return np.asarray(full * (1.0 - share) + windowed * share)


def attention_core_flops_per_token(model: Architecture, sequence_tokens: Numbers) -> Numbers:
    r"""Forward FLOPs of scores and weighted values of one layer, per token [FLOP].

    Notes
    -----
    :math:`2 a (d_{qk} + d_v) \bar n` with :math:`\bar n` from `attended_tokens`.
    """
    widths = key_width(model) + value_width(model)
    return FLOPS_PER_MAC * np.asarray(model.heads) * widths * attended_tokens(model, sequence_tokens)


def forward_flops_per_token(model: Architecture, sequence_tokens: Numbers) -> Numbers:
    """Model FLOPs of the forward pass per token, output head counted once, embedding lookup not at all.

    Examples
    --------
    >>> from gigawatt.engines.hardware.types import Transformer
    >>> llama = Transformer("llama-3.1-405b", 126, 16384, 128, 8, 128, 53248, 128256)
    >>> round(3.0 * float(forward_flops_per_token(llama, 8192.0)) / 1e12, 2)
    2.52
    """
    ffn = dense_ffn_layers_count(model) * dense_ffn_parameters_count(model)
    active = np.asarray(model.top_k) * expert_parameters_count(model) + shared_expert_parameters_count(model)
    moe = moe_layers_count(model) * (active + router_parameters_count(model))
    weights = (
        np.asarray(model.layers) * attention_parameters_count(model) + ffn + moe + embedding_parameters_count(model)
    )
    trunk = FLOPS_PER_MAC * weights + np.asarray(model.layers) * attention_core_flops_per_token(model, sequence_tokens)
    return np.asarray(trunk + np.asarray(model.mtp_layers) * (trunk / np.asarray(model.layers)))


def kv_cache_bytes_per_token(model: Architecture, bytes_per_value: Numbers = 2.0) -> Numbers:
    """Key-value cache of one token over all layers, before any window or tensor parallelism [B].

    Examples
    --------
    >>> from gigawatt.engines.hardware.types import Transformer
    >>> llama = Transformer("llama-3.1-405b", 126, 16384, 128, 8, 128, 53248, 128256)
    >>> float(kv_cache_bytes_per_token(llama))
    516096.0
    """
    grouped = 2.0 * np.asarray(model.kv_heads) * model.head_dim
    latent = np.asarray(model.kv_lora_rank) + model.rope_head_dim
    return np.asarray(model.layers) * np.where(np.asarray(model.kv_lora_rank) > 0, latent, grouped) * bytes_per_value
