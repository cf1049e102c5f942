"""What a Hugging Face `config.json` says about an architecture: one function per family, one table.

Each function takes the file's keys and returns fields of `LanguageModel`. A default stands only where the family's
own configuration class has it and publishers leave the key out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gigawatt.catalogue.config_fields import Fields

Mapped = dict[str, Any]
WINDOWED = ("sliding_attention", "chunked_attention")
GEMMA2_VOCABULARY, GEMMA3_VOCABULARY = 256000, 262208
GEMMA_HEAD_DIM = 256
GEMMA3_CONTEXT = 131072
GEMMA_WINDOW = 4096
GEMMA3_PERIOD = 6  # five windowed layers, then one that sees everything
OLMO3_PERIOD = 4
LLAMA4_CHUNK, LLAMA4_PERIOD = 8192, 4
MISTRAL_WINDOW = 4096
QWEN3_HEAD_DIM = 128
GPT2_CONTEXT = 1024
CHANNELS = 3  # of a colour image


def _decoder(
    fields: Fields, *, head_dim: int | None = None, vocabulary: int | None = None, tied: bool = False
) -> Mapped:
    """Read what nearly all families share, by the names of Llama's configuration."""
    hidden, heads = fields.whole("hidden_size"), fields.whole("num_attention_heads")
    if head_dim is None and not fields.has("head_dim") and hidden % heads:
        fields.fault("hidden_size", f"{hidden} does not split into num_attention_heads {heads}")
    return {
        "layers": fields.whole("num_hidden_layers"),
        "hidden": hidden,
        "heads": heads,
        "kv_heads": fields.whole("num_key_value_heads", heads),
        "head_dim": fields.whole("head_dim", head_dim or max(1, hidden // heads)),
        "ffn_hidden": fields.whole("intermediate_size"),
        "vocabulary": fields.whole("vocab_size", vocabulary),
        "tied_embeddings": fields.flag("tie_word_embeddings", tied),
        "max_context": fields.whole("max_position_embeddings", 0),
    }


def _windows(fields: Fields, layers: int, window: int, windowed: int) -> Mapped:
    """Read how many layers see a window only; `windowed` where no list of layers says so."""
    kinds = fields.names("layer_types", layers)
    for kind in sorted(set(kinds) - {*WINDOWED, "full_attention"}):
        fields.fault("layer_types", f'"{kind}" layers are not modelled; full or windowed attention is')
    if kinds:
        windowed = sum(kind in WINDOWED for kind in kinds)
    return {"attention_window": window, "windowed_layers": windowed} if window and windowed else {}


def _every(layers: int, period: int) -> int:
    """Count the windowed layers where each `period`-th layer sees everything."""
    return layers - layers // period


def _biases(fields: Fields) -> Mapped:
    """Read a bias on all four attention projections."""
    bias = fields.flag("attention_bias", False)
    return {"attention_bias": bias, "attention_output_bias": bias}


def llama(fields: Fields) -> Mapped:
    """Llama 1, 2, 3 and what copies them."""
    return _decoder(fields) | _biases(fields) | {"mlp_bias": fields.flag("mlp_bias", False)}


def llama4(fields: Fields) -> Mapped:
    """Llama 4: the text model under `text_config`, the vision tower beside it."""
    text = fields.inner("text_config") if fields.has("text_config") else fields
    mapped = _decoder(text)
    layers, hidden, expert = mapped["layers"], mapped["hidden"], mapped["ffn_hidden"]
    period = text.whole("no_rope_layer_interval", LLAMA4_PERIOD)
    rotary = text.wholes("no_rope_layers")  # 1: with rotary positions, inside chunks
    step = text.whole("interleave_moe_layer_step", 1)
    mixtures = len(text.wholes("moe_layers")) if text.has("moe_layers") else len(range(step - 1, layers, step))
    return (
        mapped
        | _biases(text)
        | _windows(
            text,
            layers,
            text.whole("attention_chunk_size", LLAMA4_CHUNK),
            sum(bool(item) for item in rotary) if rotary else _every(layers, period),
        )
        | {
            "ffn_hidden": text.whole("intermediate_size_mlp"),
            "experts": text.whole("num_local_experts"),
            "top_k": text.whole("num_experts_per_tok"),
            "expert_ffn_hidden": expert,
            "shared_expert_ffn_hidden": expert,
            "dense_layers": layers - mixtures,
            "chunked_attention": True,
            "vision_parameters": _llama4_vision(fields.inner("vision_config"), hidden)
            if fields.has("vision_config")
            else 0,
        }
    )


def mistral(fields: Fields) -> Mapped:
    """Mistral: every layer windowed, unless the window is null."""
    mapped = _decoder(fields)
    window = fields.whole("sliding_window", 0) if "sliding_window" in fields else MISTRAL_WINDOW
    return mapped | _windows(fields, mapped["layers"], window, mapped["layers"])


def mixtral(fields: Fields) -> Mapped:
    """Mixtral: every layer a mixture of whole feed-forward blocks."""
    mapped = _decoder(fields)
    return (
        mapped
        | _windows(fields, mapped["layers"], fields.whole("sliding_window", 0), mapped["layers"])
        | {
            "experts": fields.whole("num_local_experts"),
            "top_k": fields.whole("num_experts_per_tok"),
            "expert_ffn_hidden": mapped["ffn_hidden"],
        }
    )


def _qwen_windows(fields: Fields, layers: int) -> Mapped:
    """Read Qwen's window: off unless asked for, and then only above `max_window_layers`."""
    if not fields.flag("use_sliding_window", False):
        return {}
    above = max(0, layers - fields.whole("max_window_layers", layers, least=0))
    return _windows(fields, layers, fields.whole("sliding_window"), above)


def qwen2(fields: Fields) -> Mapped:
    """Qwen 2 and 2.5: a bias on query, key and value."""
    mapped = _decoder(fields)
    return mapped | _qwen_windows(fields, mapped["layers"]) | {"attention_bias": True}


def _qwen_mixture(fields: Fields, layers: int) -> Mapped:
    """Read Qwen's mixture of experts and which layers are dense instead."""
    step = fields.whole("decoder_sparse_step", 1)
    dense = set(fields.wholes("mlp_only_layers"))
    sparse = sum(layer not in dense and (layer + 1) % step == 0 for layer in range(layers))
    return {
        "experts": fields.whole("num_experts"),
        "top_k": fields.whole("num_experts_per_tok"),
        "expert_ffn_hidden": fields.whole("moe_intermediate_size"),
        "dense_layers": layers - sparse,
    }


def qwen2_moe(fields: Fields) -> Mapped:
    """Qwen 1.5 and 2 mixtures: shared experts behind a gate of their own."""
    mapped = qwen2(fields)
    return (
        mapped
        | _qwen_mixture(fields, mapped["layers"])
        | {"shared_expert_ffn_hidden": fields.whole("shared_expert_intermediate_size"), "shared_expert_gate": True}
    )


def qwen3(fields: Fields) -> Mapped:
    """Qwen 3: a norm on each head's query and key."""
    mapped = _decoder(fields, head_dim=QWEN3_HEAD_DIM)
    return mapped | _biases(fields) | _qwen_windows(fields, mapped["layers"]) | {"qk_norm": True}


def qwen3_moe(fields: Fields) -> Mapped:
    """Qwen 3 mixtures; unlike the dense ones their class derives the head size from the width."""
    mapped = _decoder(fields)
    return (
        mapped
        | _biases(fields)
        | _qwen_windows(fields, mapped["layers"])
        | {"qk_norm": True}
        | _qwen_mixture(fields, mapped["layers"])
    )


def deepseek(fields: Fields) -> Mapped:
    """DeepSeek V2 and V3, and Kimi K2: latent attention, many small experts, the first layers dense."""
    if fields.whole("moe_layer_freq", 1) != 1:
        fields.fault("moe_layer_freq", "only 1 is modelled: every layer after the first dense ones is a mixture")
    width = fields.whole("moe_intermediate_size")
    return (
        _decoder(fields, head_dim=fields.whole("qk_nope_head_dim"))
        | {"head_dim": fields.whole("qk_nope_head_dim", 1)}
        | {
            "experts": fields.whole("n_routed_experts"),
            "top_k": fields.whole("num_experts_per_tok"),
            "expert_ffn_hidden": width,
            "shared_expert_ffn_hidden": width * fields.whole("n_shared_experts", 0, least=0),
            "dense_layers": fields.whole("first_k_dense_replace", 0, least=0),
            "q_lora_rank": fields.whole("q_lora_rank", 0),
            "kv_lora_rank": fields.whole("kv_lora_rank"),
            "rope_head_dim": fields.whole("qk_rope_head_dim"),
            "value_head_dim": fields.whole("v_head_dim"),
            "mtp_layers": fields.whole("num_nextn_predict_layers", 0, least=0),
        }
    )


def gemma2(fields: Fields) -> Mapped:
    """Gemma 2: every second layer windowed, a norm before and after each block."""
    mapped = _decoder(fields, head_dim=GEMMA_HEAD_DIM, vocabulary=GEMMA2_VOCABULARY, tied=True)
    layers = mapped["layers"]
    window = fields.whole("sliding_window", GEMMA_WINDOW)
    return mapped | _biases(fields) | _windows(fields, layers, window, layers - layers // 2) | {"norms_per_layer": 4}


def gemma3(fields: Fields) -> Mapped:
    """Gemma 3: the text model under `text_config` where there is a vision tower, else at the top."""
    text = fields.inner("text_config") if fields.has("text_config") else fields
    mapped = _decoder(text, head_dim=GEMMA_HEAD_DIM, vocabulary=GEMMA3_VOCABULARY, tied=True)
    layers = mapped["layers"]
    window = text.whole("sliding_window", GEMMA_WINDOW)
    period = text.whole("sliding_window_pattern", GEMMA3_PERIOD)
    vision = _siglip(fields.inner("vision_config"), mapped["hidden"]) if fields.has("vision_config") else 0
    return (
        mapped
        | _biases(text)
        | _windows(text, layers, window, _every(layers, period))
        | {"qk_norm": True, "norms_per_layer": 4, "vision_parameters": vision}
        | {"max_context": mapped["max_context"] or GEMMA3_CONTEXT}
    )


def gpt_oss(fields: Fields) -> Mapped:
    """gpt-oss: biases everywhere, a learned sink per head, every second layer windowed."""
    mapped = _decoder(fields)
    layers, bias = mapped["layers"], fields.flag("attention_bias", True)
    return (
        mapped
        | _windows(fields, layers, fields.whole("sliding_window"), layers - layers // 2)
        | {
            "attention_bias": bias,
            "attention_output_bias": bias,
            "mlp_bias": True,
            "attention_sink": True,
            "experts": fields.whole("num_local_experts"),
            "top_k": fields.whole("num_experts_per_tok"),
            "expert_ffn_hidden": mapped["ffn_hidden"],
        }
    )


def phi3(fields: Fields) -> Mapped:
    """Phi-3 and Phi-4: Llama with joined projections, and perhaps a window in every layer."""
    mapped = _decoder(fields)
    return mapped | _windows(fields, mapped["layers"], fields.whole("sliding_window", 0), mapped["layers"])


def olmo2(fields: Fields) -> Mapped:
    """OLMo 2: a norm over all queries and one over all keys."""
    return _decoder(fields) | _biases(fields) | {"qk_norm": True, "qk_norm_full_width": True}


def olmo3(fields: Fields) -> Mapped:
    """OLMo 3: OLMo 2 with three windowed layers of four."""
    mapped = olmo2(fields)
    layers = mapped["layers"]
    return mapped | _windows(fields, layers, fields.whole("sliding_window"), _every(layers, OLMO3_PERIOD))


def gpt_neox(fields: Fields) -> Mapped:
    """GPT-NeoX and Pythia: LayerNorm, a plain feed-forward, biases everywhere."""
    bias = fields.flag("attention_bias", True)
    return _decoder(fields) | {
        "attention_bias": bias,
        "attention_output_bias": bias,
        "mlp_bias": True,
        "norm_has_bias": True,
        "gated_mlp": False,
    }


def gpt2(fields: Fields) -> Mapped:
    """GPT-2, with names of its own: learned positions, biases everywhere, tied embeddings."""
    hidden, heads = fields.whole("n_embd"), fields.whole("n_head")
    if hidden % heads:
        fields.fault("n_embd", f"{hidden} does not split into n_head {heads}")
    positions = fields.whole("n_positions", GPT2_CONTEXT)
    return {
        "layers": fields.whole("n_layer"),
        "hidden": hidden,
        "heads": heads,
        "kv_heads": heads,
        "head_dim": max(1, hidden // heads),
        "ffn_hidden": fields.whole("n_inner", 4 * hidden),
        "vocabulary": fields.whole("vocab_size"),
        "tied_embeddings": fields.flag("tie_word_embeddings", True),
        "learned_positions": positions,
        "max_context": positions,
        "attention_bias": True,
        "attention_output_bias": True,
        "mlp_bias": True,
        "norm_has_bias": True,
        "gated_mlp": False,
    }


def _patches(vision: Fields) -> tuple[int, int]:
    """Return the patches of an image and the pixels of a patch, all channels."""
    side, patch = vision.whole("image_size"), vision.whole("patch_size")
    return (side // patch) ** 2, CHANNELS * patch * patch


def _tower_layers(vision: Fields) -> int:
    """Count a vision transformer's layers: attention, plain feed-forward and two LayerNorms, all with bias."""
    width, inner = vision.whole("hidden_size"), vision.whole("intermediate_size")
    attention = 4 * (width * width + width)
    return vision.whole("num_hidden_layers") * (attention + 2 * width * inner + inner + width + 4 * width)


def _siglip(vision: Fields, hidden: int) -> int:
    """Count Gemma 3's tower: patches with bias, positions, layers, a last norm; then a norm and the projection."""
    width = vision.whole("hidden_size")
    count, pixels = _patches(vision)
    tower = pixels * width + width + count * width + _tower_layers(vision) + 2 * width
    return tower + width + width * hidden


def _llama4_vision(vision: Fields, hidden: int) -> int:
    """Count Llama 4's tower: patches, a class token, positions, norms, layers; the adapter; the projection."""
    width, output = vision.whole("hidden_size"), vision.whole("vision_output_dim")
    count, pixels = _patches(vision)
    tower = pixels * width + width + (count + 1) * width + 4 * width + _tower_layers(vision)
    adapter_in, adapter_out = vision.whole("projector_input_dim"), vision.whole("projector_output_dim")
    return tower + vision.whole("intermediate_size") * adapter_in + adapter_in * adapter_out + output * hidden


# `model_type` of the file -> how it is read
FAMILIES: dict[str, Callable[[Fields], Mapped]] = {
    "llama": llama,
    "llama4": llama4,
    "llama4_text": llama4,
    "mistral": mistral,
    "mixtral": mixtral,
    "qwen2": qwen2,
    "qwen2_moe": qwen2_moe,
    "qwen3": qwen3,
    "qwen3_moe": qwen3_moe,
    "deepseek_v2": deepseek,
    "deepseek_v3": deepseek,
    "kimi_k2": deepseek,
    "gemma2": gemma2,
    "gemma3": gemma3,
    "gemma3_text": gemma3,
    "gpt_oss": gpt_oss,
    "phi3": phi3,
    "olmo2": olmo2,
    "olmo3": olmo3,
    "gpt_neox": gpt_neox,
    "gpt2": gpt2,
}
