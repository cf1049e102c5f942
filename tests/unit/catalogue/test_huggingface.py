"""Configurations as publishers ship them, against the catalogue and the published parameter counts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigawatt.catalogue import load
from gigawatt.catalogue.architectures import FAMILIES
from gigawatt.catalogue.huggingface import LARGEST_FILE_BYTES, read_config, slug
from gigawatt.catalogue.schema import LanguageModel
from gigawatt.errors import InputError

# The keys that describe the architecture, with the values that the publishers released.
LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "attention_bias": False,
    "mlp_bias": False,
    "tie_word_embeddings": False,
}
DEEPSEEK_V3 = {
    "model_type": "deepseek_v3",
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "num_hidden_layers": 61,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "first_k_dense_replace": 3,
    "moe_layer_freq": 1,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "num_nextn_predict_layers": 1,
    "vocab_size": 129280,
    "max_position_embeddings": 163840,
    "tie_word_embeddings": False,
}
GEMMA_TOWER = {
    "model_type": "siglip_vision_model",
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "image_size": 896,
    "patch_size": 14,
}
SCOUT = {
    "model_type": "llama4",
    "text_config": {
        "model_type": "llama4_text",
        "hidden_size": 5120,
        "intermediate_size": 8192,
        "intermediate_size_mlp": 16384,
        "num_hidden_layers": 48,
        "num_attention_heads": 40,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "num_local_experts": 16,
        "num_experts_per_tok": 1,
        "interleave_moe_layer_step": 1,
        "attention_chunk_size": 8192,
        "no_rope_layers": [],
        "vocab_size": 202048,
        "max_position_embeddings": 10485760,
    },
    "vision_config": {
        "hidden_size": 1408,
        "intermediate_size": 5632,
        "num_hidden_layers": 34,
        "num_attention_heads": 16,
        "image_size": 336,
        "patch_size": 14,
        "projector_input_dim": 4096,
        "projector_output_dim": 4096,
        "vision_output_dim": 4096,
    },
}
QWEN3_MOE = {
    "model_type": "qwen3_moe",
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "moe_intermediate_size": 1536,
    "num_hidden_layers": 94,
    "num_attention_heads": 64,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
    "use_sliding_window": False,
}
GPT_OSS = {
    "model_type": "gpt_oss",
    "hidden_size": 2880,
    "intermediate_size": 2880,
    "num_hidden_layers": 36,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "num_local_experts": 128,
    "num_experts_per_tok": 4,
    "attention_bias": True,
    "sliding_window": 128,
    "layer_types": ["sliding_attention", "full_attention"] * 18,
    "vocab_size": 201088,
}
MIXTRAL = {
    "model_type": "mixtral",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "sliding_window": None,
    "vocab_size": 32000,
}
OLMO2 = {
    "model_type": "olmo2",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 100352,
    "attention_bias": False,
}
QWEN3 = {
    "model_type": "qwen3",
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
}
GEMMA_27B = {"hidden_size": 5376, "intermediate_size": 21504, "num_attention_heads": 32, "num_hidden_layers": 62}
GEMMA_27B |= {"num_key_value_heads": 16, "head_dim": 128, "sliding_window": 1024, "model_type": "gemma3_text"}
GEMMA_12B = {"hidden_size": 3840, "intermediate_size": 15360, "num_attention_heads": 16, "num_hidden_layers": 48}
GEMMA_12B |= {"num_key_value_heads": 8, "sliding_window": 1024, "model_type": "gemma3_text"}

IN_THE_CATALOGUE = {
    "llama-3.1-8b": LLAMA,
    "llama-2-7b": {
        key: value for key, value in LLAMA.items() if key not in ("num_key_value_heads", "attention_bias", "mlp_bias")
    }
    | {"intermediate_size": 11008, "vocab_size": 32000},
    "mistral-7b": LLAMA | {"model_type": "mistral", "vocab_size": 32000, "sliding_window": 4096},
    "mixtral-8x7b": MIXTRAL,
    "qwen2.5-72b": LLAMA
    | {"model_type": "qwen2", "hidden_size": 8192, "intermediate_size": 29568, "num_hidden_layers": 80}
    | {"num_attention_heads": 64, "vocab_size": 152064, "use_sliding_window": False, "sliding_window": 131072},
    "qwen3-0.6b": QWEN3,
    "qwen3-235b-a22b": QWEN3_MOE,
    "deepseek-v3": DEEPSEEK_V3,
    "kimi-k2": DEEPSEEK_V3
    | {"model_type": "kimi_k2", "num_attention_heads": 64, "num_key_value_heads": 64, "n_routed_experts": 384}
    | {"first_k_dense_replace": 1, "num_nextn_predict_layers": 0, "vocab_size": 163840},
    "deepseek-v2": DEEPSEEK_V3
    | {"model_type": "deepseek_v2", "hidden_size": 5120, "intermediate_size": 12288, "moe_intermediate_size": 1536}
    | {"num_hidden_layers": 60, "n_routed_experts": 160, "n_shared_experts": 2, "num_experts_per_tok": 6}
    | {"first_k_dense_replace": 1, "num_nextn_predict_layers": None, "vocab_size": 102400},
    "gemma-3-27b": {"model_type": "gemma3", "text_config": GEMMA_27B, "vision_config": GEMMA_TOWER},
    "gemma-3-12b": {"model_type": "gemma3", "text_config": GEMMA_12B, "vision_config": GEMMA_TOWER},
    "gpt-oss-120b": GPT_OSS,
    "gpt-oss-20b": GPT_OSS
    | {"num_hidden_layers": 24, "num_local_experts": 32}
    | {"layer_types": ["sliding_attention", "full_attention"] * 12},
    "llama-4-scout": SCOUT,
    "llama-4-maverick": SCOUT
    | {"text_config": SCOUT["text_config"] | {"num_local_experts": 128, "interleave_moe_layer_step": 2}},
    "olmo-2-7b": OLMO2,
    "olmo-3-7b": OLMO2 | {"model_type": "olmo3", "vocab_size": 100278, "sliding_window": 4096},
}
# not in the catalogue: parameters of the released checkpoint, to the last one
PUBLISHED = {
    "Phi-3-mini-4k": (
        {"model_type": "phi3", "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32}
        | {"num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32064, "sliding_window": 2047},
        3_821_079_552,
    ),
    "GPT-NeoX-20B": (
        {"model_type": "gpt_neox", "hidden_size": 6144, "intermediate_size": 24576, "num_hidden_layers": 44}
        | {"num_attention_heads": 64, "vocab_size": 50432, "tie_word_embeddings": False},
        20_554_567_680,
    ),
    "GPT-2": (
        {"model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024, "vocab_size": 50257},
        124_439_808,
    ),
    "Gemma-2-9B": (
        {"model_type": "gemma2", "hidden_size": 3584, "intermediate_size": 14336, "num_hidden_layers": 42}
        | {"num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 256, "vocab_size": 256000},
        9_241_705_984,
    ),
    "Qwen1.5-MoE-A2.7B": (
        {"model_type": "qwen2_moe", "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 24}
        | {"num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 151936, "num_experts": 60}
        | {"num_experts_per_tok": 4, "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632},
        14_315_784_192,
    ),
}
# what a configuration does not hold, or holds in another meaning (the context after extension)
NOT_ARCHITECTURE = {
    "id", "name", "note", "sources", "developer", "released", "licence", "open_weights", "max_context",
    "total_parameters_count", "active_parameters_count", "training_tokens", "training_gpu_hours_h",
    "training_accelerator",
}  # fmt: skip
ARCHITECTURE = sorted(set(LanguageModel.model_fields) - NOT_ARCHITECTURE)
MODELS = load().models


@pytest.fixture
def write(tmp_path):
    def write(data, name="config.json"):
        path = tmp_path / name
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        return path

    return write


@pytest.mark.parametrize("name", sorted(IN_THE_CATALOGUE))
def test_the_architecture_is_that_of_the_catalogue(name, write):
    read = read_config(write(IN_THE_CATALOGUE[name]), name)
    known = MODELS[name]
    assert {field: getattr(read, field) for field in ARCHITECTURE} == {
        field: getattr(known, field) for field in ARCHITECTURE
    }
    assert read.id == name


@pytest.mark.parametrize("name", sorted(IN_THE_CATALOGUE))
def test_the_count_is_the_published_one(name, write):
    read = read_config(write(IN_THE_CATALOGUE[name]), name)
    balance_biases = {"deepseek-v3": 256 * 58, "kimi-k2": 384 * 60}  # state in the checkpoint, not parameters
    assert read.total_parameters_count.value + balance_biases.get(name, 0) == MODELS[name].total_parameters_count.value
    assert read.total_parameters_count.kind == "derived"
    assert read.active_parameters_count.value == pytest.approx(MODELS[name].active_parameters_count.value, rel=0.03)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_models_outside_the_catalogue_have_the_published_count(name, write):
    data, total = PUBLISHED[name]
    assert read_config(write(data), name).total_parameters_count.value == total


def test_every_family_is_read_by_some_test():
    read = {data["model_type"] for data in IN_THE_CATALOGUE.values()}
    read |= {data["model_type"] for data, _ in PUBLISHED.values()}
    assert set(FAMILIES) - read == {"llama4_text", "gemma3_text"}  # the inner halves of nested files


def test_a_text_only_half_is_read_alone(write):
    alone = read_config(write(GEMMA_27B))
    assert alone.total_parameters_count.value == 27_432_406_640 - 423_060_336
    scout = read_config(write(SCOUT["text_config"]))
    assert scout.total_parameters_count.value == 108_641_793_536 - 871_932_416


def test_windows_follow_the_list_of_layers(write):
    layers = ["full_attention"] * 30 + ["sliding_attention"] * 2
    read = read_config(write(MIXTRAL | {"layer_types": layers, "sliding_window": 1000}))
    assert (read.attention_window, read.windowed_layers) == (1000, 2)
    assert read_config(write(MIXTRAL)).windowed_layers == 0
    upper = {"use_sliding_window": True, "sliding_window": 4096, "max_window_layers": 20}
    assert read_config(write(QWEN3 | upper)).windowed_layers == 8


def test_phi_windows_every_layer(write):
    read = read_config(write(PUBLISHED["Phi-3-mini-4k"][0]))
    assert (read.attention_window, read.windowed_layers) == (2047, 32)


def test_dense_layers_among_experts(write):
    read = read_config(write(QWEN3_MOE | {"mlp_only_layers": [0, 1, 5]}))
    assert read.dense_layers == 3
    assert read_config(write(QWEN3_MOE | {"decoder_sparse_step": 2})).dense_layers == 47


def test_a_folder_gives_the_name(tmp_path):
    folder = tmp_path / "My Model_7B"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(LLAMA))
    assert read_config(folder).id == "my-model-7b"
    assert read_config(folder / "config.json").name == "My Model_7B"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("{", "is not JSON"),
        ("[1]", "holds a JSON list, not an object"),
        ("[" * 100_000, "is not JSON"),
        ('{"a": 1}', "model_type is missing.*Known families: .*llama"),
        ({"model_type": "llamas"}, 'model_type "llamas" is not a known family. Nearest: llama'),
        ({"model_type": 3}, "model_type is missing"),
        ({"model_type": "mamba2"}, "not a known family"),
        (LLAMA | {"hidden_size": "4096"}, "hidden_size: '4096' is not a whole number"),
        (LLAMA | {"hidden_size": True}, "hidden_size: True is not a whole number"),
        (LLAMA | {"hidden_size": 0}, "hidden_size: 0 is not a whole number from 1"),
        (LLAMA | {"hidden_size": 4096.5}, "hidden_size: 4096.5 is not a whole number"),
        (LLAMA | {"hidden_size": 1e300}, "hidden_size: "),
        (LLAMA | {"num_hidden_layers": [1]}, r"num_hidden_layers: \[1\] is not"),
        (LLAMA | {"tie_word_embeddings": 1}, "tie_word_embeddings: 1 is neither true nor false"),
        (LLAMA | {"num_key_value_heads": 5}, "32 heads do not share 5 key-value heads"),
        (LLAMA | {"num_attention_heads": 30}, "4096 does not split into num_attention_heads 30"),
        (MIXTRAL | {"num_experts_per_tok": 9}, "9 is more than the 8 experts"),
        (SCOUT | {"text_config": 7}, "text_config: 7 is not a mapping"),
        (SCOUT | {"text_config": SCOUT["text_config"] | {"head_dim": "x"}}, "text_config.head_dim: 'x'"),
        (GPT_OSS | {"layer_types": ["full_attention"]}, "layer_types: .* is not a list of 36 texts"),
        (GPT_OSS | {"layer_types": ["linear_attention"] * 36}, '"linear_attention" layers are not modelled'),
        (DEEPSEEK_V3 | {"first_k_dense_replace": 62}, "62 is not between 0 and 61"),
        (DEEPSEEK_V3 | {"moe_layer_freq": 2}, "moe_layer_freq: only 1 is modelled"),
    ],
)
def test_what_is_wrong_is_named(data, says, write):
    path = write(data)
    with pytest.raises(InputError, match=says) as caught:
        read_config(path)
    assert str(path) in str(caught.value)


def test_all_faults_are_told_at_once(write):
    with pytest.raises(InputError) as caught:
        read_config(write({"model_type": "mixtral", "vocab_size": -1}))
    said = str(caught.value).splitlines()
    assert {line.split(": ")[1] for line in said} == {
        "hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size", "vocab_size",
        "num_local_experts", "num_experts_per_tok",
    }  # fmt: skip


def test_a_missing_file_says_that_nothing_is_downloaded(tmp_path):
    with pytest.raises(InputError, match=r"No such file.*nothing is downloaded"):
        read_config(tmp_path / "meta-llama" / "config.json")


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "model.json"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE_BYTES + 1)
    with pytest.raises(InputError, match="has 5 MB; a configuration has a few kB"):
        read_config(path)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError, match="is not JSON"):
        read_config(path)


@given(
    st.dictionaries(st.sampled_from(sorted(LLAMA)), st.none() | st.integers() | st.text() | st.booleans() | st.floats())
)
def test_any_value_is_read_or_refused_with_a_sentence(tmp_path_factory, changes):
    path = tmp_path_factory.mktemp("any") / "config.json"
    path.write_text(json.dumps(LLAMA | changes | {"model_type": "llama"}))
    try:
        model = read_config(path)
    except InputError as error:
        refused = str(error)
    else:
        refused = str(path) if model.total_parameters_count.value > 0 else ""
    assert str(path) in refused


@given(st.text())
def test_a_slug_is_an_id(text):
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert slug(slug(text)) == slug(text)
