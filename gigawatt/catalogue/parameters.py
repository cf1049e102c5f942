"""Parameter counts from an architecture: the check that a catalogue entry describes the model it names."""

from __future__ import annotations

from typing import Literal

from gigawatt.catalogue.schema import LanguageModel
from gigawatt.errors import CatalogueError

Embeddings = Literal["all", "output", "none"]


def parameters_count(
    model: LanguageModel, *, mtp: bool = False, active_embeddings: Embeddings = "all"
) -> tuple[int, int]:
    r"""Count the parameters of a transformer from its architecture.

    Parameters
    ----------
    model : LanguageModel
        Architecture; attention in every layer.
    mtp : bool
        Also count the multi-token prediction layers, without their shared embedding and output head. In the
        active count they never appear: generation does not need them.
    active_embeddings : {"all", "output", "none"}
        Which vocabulary matrices the active count holds: input and output (the convention of DeepSeek, Qwen,
        Mistral and Meta, and the default), output only (OpenAI for gpt-oss), or none (Z.ai, MiniMax). A tied matrix
        is one matrix and counts as output.

    Returns
    -------
    tuple of int
        Total, and active: what one text token passes through, that is everything but the vision tower and the
        experts it is not sent to. Equal for a dense text model.

    Raises
    ------
    CatalogueError
        If some layers are state-space or other mixers, whose sizes the catalogue does not hold, or if the
        mixture of experts is incomplete.

    Notes
    -----
    Per layer, with hidden size :math:`h`, query heads :math:`a`, key-value heads :math:`k`, head size :math:`d`,
    feed-forward width :math:`f`: attention :math:`2 h a d + 2 h k d`; gated feed-forward :math:`3 h f`, plain
    :math:`2 h f`; a mixture of :math:`E` experts :math:`E` times its expert, the shared experts and a router
    :math:`h E`. Latent attention follows [1]_, equations 1-11. Bias added to router scores for load balance is
    state, not a parameter, and not counted.

    References
    ----------
    .. [1] DeepSeek-AI, "DeepSeek-V3 Technical Report," arXiv:2412.19437, 2024, section 2.1.

    Examples
    --------
    >>> from gigawatt.catalogue import load
    >>> parameters_count(load().models["llama-3.1-8b"])
    (8030261248, 8030261248)
    """
    _check(model)
    attention_and_norms = _attention(model) + model.norms_per_layer * _norm(model)
    moe_layers = model.layers - model.dense_layers if model.experts else 0
    dense = _feed_forward(model, model.ffn_hidden)
    expert = _feed_forward(model, model.expert_ffn_hidden)
    per_moe_layer = _feed_forward(model, model.shared_expert_ffn_hidden) + _router(model)
    vocabulary = model.vocabulary * model.hidden
    rest = (
        model.layers * attention_and_norms
        + (model.layers - moe_layers) * dense
        + moe_layers * per_moe_layer
        + (2 if model.embedding_norm else 1) * _norm(model)
        + model.learned_positions * model.hidden
    )
    total = rest + moe_layers * model.experts * expert + vocabulary * (1 if model.tied_embeddings else 2)
    total += model.vision_parameters
    active = rest + moe_layers * model.top_k * expert
    if active_embeddings != "none":
        active += vocabulary
    if active_embeddings == "all" and not model.tied_embeddings:
        active += vocabulary
    if mtp:
        block = attention_and_norms + (model.experts * expert + per_moe_layer if model.experts else dense)
        # each layer joins the hidden state and the next token's embedding: two norms, a 2h-to-h matrix, an end norm
        total += model.mtp_layers * (block + 2 * model.hidden**2 + 3 * _norm(model))
    return total, active


def _check(model: LanguageModel) -> None:
    """Refuse what cannot be counted."""
    if model.state_space_layers:
        message = (
            f"{model.id}: {model.state_space_layers} of {model.layers} layers are state-space mixers, whose inner "
            "sizes the catalogue does not hold; its parameters cannot be counted from the architecture"
        )
        raise CatalogueError(message)
    if model.experts and not (0 < model.top_k <= model.experts and model.expert_ffn_hidden > 0):
        message = f"{model.id}: {model.experts} experts need top_k between 1 and {model.experts} and expert_ffn_hidden"
        raise CatalogueError(message)
    if not 0 <= model.dense_layers <= model.layers:
        message = f"{model.id}: dense_layers {model.dense_layers} is not between 0 and layers {model.layers}"
        raise CatalogueError(message)


def _norm(model: LanguageModel) -> int:
    """Parameters of one norm over the hidden size."""
    return model.hidden * (2 if model.norm_has_bias else 1)


def _attention(model: LanguageModel) -> int:
    """Parameters of one attention layer."""
    if model.kv_lora_rank:
        return _latent_attention(model)
    query, key = model.heads * model.head_dim, model.kv_heads * model.head_dim
    count = 2 * model.hidden * (query + key)
    if model.attention_bias:
        count += query + 2 * key
    if model.attention_output_bias:
        count += model.hidden
    if model.attention_sink:
        count += model.heads
    if model.qk_norm:
        count += query + key if model.qk_norm_full_width else 2 * model.head_dim
    return count


def _latent_attention(model: LanguageModel) -> int:
    """Parameters of one multi-head latent attention layer."""
    query = model.heads * (model.head_dim + model.rope_head_dim)
    count = model.hidden * query
    if model.q_lora_rank:
        count = model.q_lora_rank * (model.hidden + 1 + query)  # 1: the norm of the compressed query
    count += model.hidden * (model.kv_lora_rank + model.rope_head_dim) + model.kv_lora_rank
    count += model.kv_lora_rank * model.heads * (model.head_dim + model.value_head_dim)
    return count + model.heads * model.value_head_dim * model.hidden


def _feed_forward(model: LanguageModel, width: int) -> int:
    """Parameters of a feed-forward block of a width; 0 for none."""
    if not width:
        return 0
    matrices = 2 if model.gated_mlp else 1  # into the block
    count = (matrices + 1) * model.hidden * width
    return count + (matrices * width + model.hidden if model.mlp_bias else 0)


def _router(model: LanguageModel) -> int:
    """Parameters of one router, with the gate of the shared experts where they have one."""
    gate = model.hidden if model.shared_expert_gate else 0
    return model.experts * (model.hidden + (1 if model.mlp_bias else 0)) + gate
