"""Counts from the architecture against the counts that were published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigawatt.catalogue import load
from gigawatt.catalogue.parameters import parameters_count
from gigawatt.errors import CatalogueError

MODELS = load().models
COUNTABLE = sorted(name for name in MODELS if not MODELS[name].state_space_layers)

# released checkpoints, to the last parameter
EXACT = {
    "llama-65b": 65_285_660_672,
    "llama-2-7b": 6_738_415_616,
    "llama-2-13b": 13_015_864_320,
    "llama-2-70b": 68_976_648_192,
    "llama-3-8b": 8_030_261_248,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.2-3b": 3_212_749_824,
    "llama-4-scout": 108_641_793_536,
    "llama-4-maverick": 401_583_781_376,
    "gemma-3-12b": 12_187_325_040,
    "gemma-3-27b": 27_432_406_640,
    "mistral-7b": 7_241_732_096,
    "mixtral-8x7b": 46_702_792_704,
    "mistral-large-2": 122_610_069_504,
    "mistral-small-3-24b": 23_572_403_200,
    "qwen2.5-72b": 72_706_203_648,
    "qwen3-0.6b": 596_049_920,
    "qwen3-8b": 8_190_735_360,
    "qwen3-14b": 14_768_307_200,
    "qwen3-32b": 32_762_123_264,
    "qwen3-30b-a3b": 30_532_122_624,
    "qwen3-235b-a22b": 235_093_634_560,
    "gpt-oss-20b": 20_914_757_184,
    "gpt-oss-120b": 116_829_156_672,
    "bloom-176b": 176_247_271_424,
    "falcon-180b": 179_522_565_120,
    "mpt-7b": 6_649_286_656,
    "olmo-2-7b": 7_298_617_344,
    "olmo-2-32b": 32_234_279_936,
}
# which vocabulary matrices a publisher counts as active, where not both
ACTIVE_EMBEDDINGS = {"gpt-oss-20b": "output", "gpt-oss-120b": "output", "glm-4.5": "none", "minimax-m2": "none"}


@pytest.mark.parametrize(("name", "total"), sorted(EXACT.items()))
def test_total_is_exact(name, total):
    assert parameters_count(MODELS[name])[0] == total
    assert MODELS[name].total_parameters_count.value == total


@pytest.mark.parametrize("name", COUNTABLE)
def test_total_is_within_half_a_percent_of_the_published_range(name):
    published = MODELS[name].total_parameters_count
    total, _ = parameters_count(MODELS[name])
    assert 0.995 * published.low <= total <= 1.005 * published.high


@pytest.mark.parametrize("name", COUNTABLE)
def test_active_is_within_three_percent_of_the_published_range(name):
    published = MODELS[name].active_parameters_count
    _, active = parameters_count(MODELS[name], active_embeddings=ACTIVE_EMBEDDINGS.get(name, "all"))
    assert 0.97 * published.low <= active <= 1.03 * published.high


def test_published_ranges_are_narrow():
    """A wide range would let the two tests above pass anything."""
    wide = {
        name
        for name in COUNTABLE
        for figure in (MODELS[name].total_parameters_count, MODELS[name].active_parameters_count)
        if figure.high / figure.low > 1.02
    }
    assert wide == {"grok-1", "llama-4-behemoth"}  # "86 B" or "a quarter of the weights"; "nearly two trillion"


def test_latent_attention_is_exact():
    """The checkpoints also hold a balance bias per expert, which is state: 256 in 58 layers, 384 in 60."""
    assert parameters_count(MODELS["deepseek-v3"])[0] + 256 * 58 == 671_026_419_200
    assert parameters_count(MODELS["kimi-k2"])[0] + 384 * 60 == 1_026_408_232_448
    assert parameters_count(MODELS["deepseek-v2"])[0] == 235_741_434_880


def test_multi_token_prediction_is_exact():
    """The GLM-4.5 checkpoint gives the prediction layer its own embeddings; 160 balance biases in 90 layers."""
    model = MODELS["glm-4.5"]
    copies = 2 * model.vocabulary * model.hidden
    assert parameters_count(model, mtp=True)[0] + copies + 160 * 90 == 358_337_791_296
    # and the report counts it without any embedding: 355 B
    assert parameters_count(model, mtp=True)[0] - copies == pytest.approx(355e9, rel=0.001)


def test_multi_token_prediction_leaves_the_active_count():
    model = MODELS["deepseek-v3"]
    assert parameters_count(model, mtp=True)[1] == parameters_count(model)[1]
    assert parameters_count(model, mtp=True)[0] > parameters_count(model)[0]


def test_vision_towers_of_one_family_differ_by_their_projection():
    """Llama 4 shares one tower; Gemma 3's projects 1,152 values to each model's width."""
    assert MODELS["llama-4-scout"].vision_parameters == MODELS["llama-4-maverick"].vision_parameters
    small, large = MODELS["gemma-3-12b"], MODELS["gemma-3-27b"]
    assert large.vision_parameters - small.vision_parameters == 1152 * (large.hidden - small.hidden)


def test_published_parts_of_nemotron():
    """9.4 B embedding and 331.6 B other parameters."""
    model = MODELS["nemotron-4-340b"]
    assert parameters_count(model, active_embeddings="none")[1] == pytest.approx(331.6e9, rel=0.0005)
    assert 2 * model.vocabulary * model.hidden == pytest.approx(9.4e9, rel=0.005)


@pytest.mark.parametrize("name", [name for name in COUNTABLE if not MODELS[name].experts])
def test_dense_models_are_wholly_active_but_for_vision(name):
    total, active = parameters_count(MODELS[name])
    assert total - active == MODELS[name].vision_parameters


@pytest.mark.parametrize("name", COUNTABLE)
def test_embedding_conventions_differ_by_the_vocabulary(name):
    model = MODELS[name]
    vocabulary = model.vocabulary * model.hidden
    everything, output, none = (
        parameters_count(model, active_embeddings=which)[1] for which in ("all", "output", "none")
    )
    assert output - none == vocabulary
    assert everything - output == (0 if model.tied_embeddings else vocabulary)


def test_gpt3_by_the_closed_form():
    """12 l h^2 (1 + 13 / 12h) + (V + s) h + 2h, Narayanan et al. 2021, equation 2 with the last norm."""
    model = MODELS["gpt-3-175b"]
    l, h = model.layers, model.hidden  # noqa: E741
    assert (
        parameters_count(model)[0]
        == 12 * l * h**2 + 13 * l * h + (model.vocabulary + model.learned_positions) * h + 2 * h
    )


@given(experts=st.integers(2, 64), top_k=st.integers(1, 64))
def test_more_experts_per_token_are_more_active_never_more_total(experts, top_k):
    model = MODELS["mixtral-8x7b"].model_copy(update={"experts": experts, "top_k": min(top_k, experts)})
    total, active = parameters_count(model)
    assert active <= total
    assert (active == total) == (top_k >= experts)
    fewer = model.model_copy(update={"top_k": 1})
    assert parameters_count(fewer)[0] == total
    assert parameters_count(fewer)[1] <= active


def test_one_expert_is_a_dense_model_with_a_router():
    dense = MODELS["mistral-7b"]
    one = dense.model_copy(update={"experts": 1, "top_k": 1, "expert_ffn_hidden": dense.ffn_hidden})
    assert parameters_count(one)[0] - parameters_count(dense)[0] == dense.layers * dense.hidden


def test_all_layers_dense_makes_experts_vanish():
    model = MODELS["llama-4-maverick"].model_copy(update={"dense_layers": 48, "vision_parameters": 0})
    total, active = parameters_count(model)
    assert total == active


def test_hybrids_are_refused_with_the_reason():
    with pytest.raises(CatalogueError, match=r"nemotron-h-56b: 54 of 118 layers are state-space mixers"):
        parameters_count(MODELS["nemotron-h-56b"])


@pytest.mark.parametrize("change", [{"top_k": 0}, {"top_k": 9}, {"expert_ffn_hidden": 0}, {"dense_layers": 33}])
def test_incomplete_mixtures_are_refused(change):
    with pytest.raises(CatalogueError, match="mixtral-8x7b"):
        parameters_count(MODELS["mixtral-8x7b"].model_copy(update=change))
