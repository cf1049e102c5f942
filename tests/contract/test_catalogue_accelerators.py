"""Every accelerator, network and language model of the catalogue is whole, sourced and physically possible."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gigawatt.catalogue import load
from gigawatt.catalogue.entry import Entry
from gigawatt.catalogue.schema import Accelerator, LanguageModel
from gigawatt.records import Month, Quantity

CATALOGUE = load()
ACCELERATORS = sorted(CATALOGUE.accelerators)
MODELS = sorted(CATALOGUE.models)
NETWORKS = sorted(CATALOGUE.networks)
SOURCES = CATALOGUE.sources()

GENERATIONS = {
    "ampere", "hopper", "ada", "blackwell", "blackwell-ultra", "cdna3", "cdna4",
    "gaudi", "tpu", "trainium", "mtia", "maia",
}  # fmt: skip
BUYABLE = [
    "a100-sxm", "h100-sxm", "h100-sxm-500w", "h200-sxm", "b200-sxm", "b300-sxm", "gb200-nvl72", "gb300-nvl72",
    "vera-rubin-nvl144", "mi300x", "mi325x", "mi355x", "trainium2", "tpu-v6e", "tpu-v7", "mtia-v2",
]  # fmt: skip
WITHOUT_HBM = {"l40s", "rtx-pro-6000", "mtia-v2"}
# chips whose FP8 rate is not twice BF16, and why
OTHER_FP8_RATIO = {
    "gaudi3": 1.0,  # its matrix engines run both at one rate
    "vera-rubin-nvl144": 4.4,  # Rubin grew low precision only
}


def figures() -> list[tuple[str, str, Quantity]]:
    shelves = (CATALOGUE.accelerators, CATALOGUE.networks, CATALOGUE.models)
    return [
        (name, path, figure) for shelf in shelves for name in shelf for path, figure in shelf[name].figures().items()
    ]


def entries() -> list[Entry]:
    return [shelf[name] for shelf in (CATALOGUE.accelerators, CATALOGUE.networks, CATALOGUE.models) for name in shelf]


def bf16(chip: Accelerator) -> float:
    return chip.dense_flop_per_s["bf16"].value


def test_there_are_enough():
    assert len(ACCELERATORS) >= 20
    assert len(MODELS) >= 40
    assert len(NETWORKS) >= 9


def test_every_figure_has_a_source_that_exists():
    missing = [f"{name}.{path}: {figure.source}" for name, path, figure in figures() if figure.source not in SOURCES]
    assert missing == []


def test_every_source_named_by_an_entry_exists():
    assert [f"{entry.id}: {source}" for entry in entries() for source in entry.sources if source not in SOURCES] == []


def test_every_source_says_where_and_when():
    used = {figure.source for _, _, figure in figures()} | {source for entry in entries() for source in entry.sources}
    lacking = [
        name
        for name in used
        if not all((SOURCES[name].title, SOURCES[name].publisher, SOURCES[name].url, SOURCES[name].date))
    ]
    assert lacking == []


def test_every_range_holds_its_value():
    assert [(name, path) for name, path, figure in figures() if not figure.low <= figure.value <= figure.high] == []


def test_every_figure_is_positive():
    assert [(name, path) for name, path, figure in figures() if figure.low <= 0] == []


def test_every_estimate_of_ours_says_why():
    silent = [
        f"{name}.{path}"
        for name, path, figure in figures()
        if figure.source == "gigawatt-estimate" and not (figure.note and figure.is_range)
    ]
    assert [path for path in silent if "google-dcn" not in path] == []


def test_our_own_estimates_never_pass_as_published():
    own = {"estimate", "assumption", "derived"}
    assert [
        (name, path)
        for name, path, figure in figures()
        if figure.source == "gigawatt-estimate" and figure.kind not in own
    ] == []


@pytest.mark.parametrize("name", ACCELERATORS)
def test_generation_network_and_date_are_known(name):
    chip = CATALOGUE.accelerators[name]
    assert chip.generation in GENERATIONS
    assert chip.network in CATALOGUE.networks
    assert CATALOGUE.networks[chip.network].scope == "scale-out"
    assert 2019 < Month.parse(chip.available_from).year < 2028


@pytest.mark.parametrize("name", BUYABLE)
def test_what_a_plan_may_buy_has_price_server_network_and_power(name):
    chip = CATALOGUE.accelerators[name]
    for figure in (chip.price_usd, chip.server_usd_per_gpu, chip.network_usd_per_gpu, chip.idle_w):
        assert figure is not None
        assert figure.is_range, "a price or idle power without a range claims to be known"
    assert chip.system_w.is_range


@pytest.mark.parametrize("name", ACCELERATORS)
def test_power_grows_from_idle_to_system(name):
    chip = CATALOGUE.accelerators[name]
    assert 1.2 <= chip.system_w.value / chip.tdp_w.value <= 2.5
    if chip.idle_w:
        assert 0.15 <= chip.idle_w.value / chip.system_w.value <= 0.6


@pytest.mark.parametrize("name", ACCELERATORS)
def test_flop_per_joule_is_inside_the_band_of_its_year(name):
    """Dense BF16 per watt of rating: from 0.5 TFLOP/s a watt to 1.6 in 2020, the top growing by a fifth a year.

    The floor is Gaudi 2 and Ampere at 0.7 to 0.8 with room. The top is set by cards whose rating holds their clock
    below the stated peak (H100 PCIe, 2.16 in 2022) and by TPU v6e with an estimated rating (2.4 in 2024). A rate with
    sparsity, or a superchip counted as one, falls outside.
    """
    chip = CATALOGUE.accelerators[name]
    years = Month.parse(chip.available_from).year - 2020
    ratio = bf16(chip) / chip.tdp_w.value / 1e12
    assert 0.5 <= ratio <= 1.6 * 1.2**years


@pytest.mark.parametrize("name", ACCELERATORS)
def test_low_precision_doubles(name):
    rates = {precision: figure.value for precision, figure in CATALOGUE.accelerators[name].dense_flop_per_s.items()}
    if "fp8" in rates:
        assert rates["fp8"] / rates["bf16"] == pytest.approx(OTHER_FP8_RATIO.get(name, 2.0), rel=0.03)
    if "fp4" in rates:
        assert 1.9 <= rates["fp4"] / rates["fp8"] <= 3.2  # 3 on Blackwell Ultra
    if "tf32" in rates:
        assert rates["tf32"] <= rates["bf16"]


@pytest.mark.parametrize("name", [name for name in ACCELERATORS if name not in WITHOUT_HBM])
def test_hbm_is_read_once_in_ten_to_fifty_milliseconds(name):
    """A stack holds 8 to 36 GB and moves 0.4 to 2.8 TB/s; the ratio has stayed within 13 and 43 ms since HBM2e."""
    chip = CATALOGUE.accelerators[name]
    assert 0.010 <= chip.hbm_bytes.value / chip.hbm_bytes_per_s.value <= 0.050


@pytest.mark.parametrize("name", ACCELERATORS)
def test_operations_per_byte_are_those_of_a_matrix_chip(name):
    chip = CATALOGUE.accelerators[name]
    assert 100 <= bf16(chip) / chip.hbm_bytes_per_s.value <= (900 if name == "mtia-v2" else 600)


@pytest.mark.parametrize("name", ACCELERATORS)
def test_bandwidth_falls_from_memory_to_scale_up_to_scale_out(name):
    chip = CATALOGUE.accelerators[name]
    assert chip.hbm_bytes_per_s.value > chip.scale_up_bytes_per_s.value > chip.scale_out_bytes_per_s.value


@pytest.mark.parametrize("name", BUYABLE)
def test_dollars_per_watt_in_place_are_ten_to_forty(name):
    """Accelerator, server and network over all-in watts. Bernstein's rack: 3.4 M USD over about 150 kW, 23 USD/W."""
    chip = CATALOGUE.accelerators[name]
    parts = (chip.price_usd, chip.server_usd_per_gpu, chip.network_usd_per_gpu)
    assert 10.0 <= sum(part.value for part in parts if part) / chip.system_w.value <= 40.0


def test_gb200_rack_costs_what_racks_are_quoted_at():
    chip = CATALOGUE.accelerators["gb200-nvl72"]
    assert chip.price_usd is not None
    assert chip.server_usd_per_gpu is not None
    assert 72 * (chip.price_usd.value + chip.server_usd_per_gpu.value) == pytest.approx(3.1e6, rel=0.01)


def test_gb300_rack_is_within_three_to_four_million():
    chip = CATALOGUE.accelerators["gb300-nvl72"]
    assert chip.price_usd is not None
    assert chip.server_usd_per_gpu is not None
    assert 3.0e6 <= 72 * (chip.price_usd.value + chip.server_usd_per_gpu.value) <= 4.0e6


def test_h100_cluster_of_2024_costs_what_clusters_were_quoted_at():
    """46.9 k USD per GPU at 512, 48.0 k at 4,096, 51.6 k at 105 thousand."""
    chip = CATALOGUE.accelerators["h100-sxm"]
    assert chip.server_usd_per_gpu is not None
    assert chip.network_usd_per_gpu is not None
    cost = chip.price_history_usd["2024"].value + chip.server_usd_per_gpu.value + chip.network_usd_per_gpu.value
    assert cost == pytest.approx(48.0e3, rel=0.06)


def test_a_gigawatt_of_gb200_holds_as_many_as_epoch_counts():
    assert 1e9 / CATALOGUE.accelerators["gb200-nvl72"].system_w.value == pytest.approx(478.5e3, rel=0.01)


def test_h100_price_fell_every_year():
    prices = [figure.value for _, figure in sorted(CATALOGUE.accelerators["h100-sxm"].price_history_usd.items())]
    assert len(prices) == 4
    assert all(later < earlier for earlier, later in pairwise(prices))


def test_known_datasheet_figures():
    chips = CATALOGUE.accelerators
    assert bf16(chips["h100-sxm"]) == pytest.approx(989.4e12)
    assert chips["h100-sxm"].hbm_bytes.value == 80 * 2**30
    assert chips["h100-sxm"].scale_up_bytes_per_s.value == pytest.approx(450e9)
    assert chips["h800-sxm"].scale_up_bytes_per_s.value == pytest.approx(200e9)
    assert chips["h100-sxm-500w"].hbm_bytes_per_s.value == pytest.approx(2.4e12)
    assert bf16(chips["gb200-nvl72"]) * 72 == pytest.approx(180e15)
    assert chips["gb200-nvl72"].dense_flop_per_s["bf16"].low == pytest.approx(2450e12)
    assert chips["mi300x"].dense_flop_per_s["fp8"].value == pytest.approx(2614.9e12)
    assert chips["a100-sxm"].scale_out_bytes_per_s.value == pytest.approx(25e9)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_slower_than_light_and_never_perfect(name):
    network = CATALOGUE.networks[name]
    assert 0.3e-6 <= network.hop_latency_s.low <= network.hop_latency_s.high <= 100e-6
    assert 0.5 <= network.efficiency_frac.low <= network.efficiency_frac.high < 1.0


@pytest.mark.parametrize("name", MODELS)
def test_models_are_consistent(name):
    model: LanguageModel = CATALOGUE.models[name]
    assert model.heads % model.kv_heads == 0
    assert model.active_parameters_count.value <= model.total_parameters_count.value
    assert 0 <= model.windowed_layers <= model.layers
    assert (model.windowed_layers > 0) == (model.attention_window > 0)
    sparse = model.experts > 0 or model.vision_parameters > 0
    assert sparse == (model.active_parameters_count.value < model.total_parameters_count.value)
    if model.training_accelerator:
        assert model.training_accelerator in CATALOGUE.accelerators


@pytest.mark.parametrize("name", [name for name in MODELS if CATALOGUE.models[name].training_gpu_hours_h])
def test_training_hours_agree_with_tokens_and_chip(name):
    """6 operations per active parameter and token over the stated hours: 12 to 62 % of the chip's dense BF16 peak."""
    model = CATALOGUE.models[name]
    if not model.training_tokens or model.id in {"llama-3.2-1b", "llama-3.2-3b"}:
        pytest.skip("tokens not published, or pruned and distilled from larger models")
    assert model.training_gpu_hours_h is not None
    seconds = model.training_gpu_hours_h.value * 3600.0
    rate = 6.0 * model.active_parameters_count.value * model.training_tokens.value / seconds
    assert 0.12 <= rate / bf16(CATALOGUE.accelerators[model.training_accelerator]) <= 0.62
