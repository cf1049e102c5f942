"""What the plan of Meta's announcement must find from money, prices, supply and power alone.

Targets: Epoch AI's estimate of NVIDIA units delivered to Meta in 2025 (5-95 %: 411-738 thousand, chip TDP 649 MW),
and Meta's own statements of January 2025.
"""

from __future__ import annotations

import math

import pytest

from gigawatt.planning.plan import Plan


def value(plan: Plan, name: str) -> float:
    return plan.metric(name).value


def test_the_guide_buys_the_nvidia_units_that_were_delivered(meta: Plan) -> None:
    assert 411e3 <= value(meta, "fleet.nvidia_gpus_bought") <= 738e3


def test_their_power_is_the_estimated_chip_and_it_power(meta: Plan) -> None:
    assert value(meta, "power.nvidia_chip_tdp_added_w") == pytest.approx(649e6, rel=0.15)
    assert 0.95e9 <= value(meta, "power.nvidia_it_added_w") <= 1.2e9


def test_the_fleet_reaches_the_announced_size_and_the_estimated_one(meta: Plan) -> None:
    assert value(meta, "fleet.gpus_owned") >= 1.3e6
    assert value(meta, "fleet.gpus_online") >= 1.3e6
    assert 1.8e6 <= value(meta, "fleet.h100_equivalents") <= 3.0e6


def test_the_announced_gigawatt_is_it_power_not_chip_power(meta: Plan) -> None:
    claim = next(check for check in meta.claims if check.label.startswith("Compute brought online"))
    assert claim.verdict == "agrees"
    assert "not chip TDP" in claim.because
    assert meta.gigawatts["chip_tdp_w"] < meta.gigawatts["it_w"] < meta.gigawatts["facility_w"]


def test_the_whole_guide_is_spent_and_split(meta: Plan) -> None:
    split = dict(meta.split_usd)
    total = sum(split.values())
    assert total == pytest.approx(62.5e9, rel=1e-12)
    share = {name: part / total for name, part in split.items()}
    # Bernstein and Alphabet put hardware at about 60 % of such a budget, and buildings and power at a third
    assert 0.5 <= share["accelerators"] + share["servers"] + share["network"] <= 0.7
    assert 0.25 <= share["construction"] <= 0.4
    assert 0.33 <= share["accelerators"] <= 0.45


def test_guide_and_outcome_stand_side_by_side(meta: Plan) -> None:
    kinds = {check.kind for check in meta.claims}
    assert kinds == {"announced", "between", "outcome"}
    outcome = next(check for check in meta.claims if check.kind == "outcome" and check.label.startswith("Capex"))
    assert outcome.claimed_value == pytest.approx(72.22e9)
    assert outcome.verdict == "differs"


def test_hyperion_covers_a_sixth_of_manhattan(meta: Plan) -> None:
    sites = meta.tables["sites"].set_index("site")
    assert sites.loc["hyperion-la", "share_of_manhattan_pct"] == pytest.approx(16.6, abs=0.2)


def test_llama_4_hours_stand_beside_the_published_ones(meta: Plan) -> None:
    runs = meta.tables["training"].set_index("model")
    assert runs.loc["llama-4-scout", "published_gpu_hours"] == pytest.approx(5.0e6)
    assert runs.loc["llama-4-maverick", "published_gpu_hours"] == pytest.approx(2.38e6)
    for model in ("llama-4-scout", "llama-4-maverick"):
        # Scout and Maverick have the same active parameters: the published hours per token differ by 1.16 all the same
        assert runs.loc[model, "gpu_hours"] == pytest.approx(runs.loc[model, "published_gpu_hours"], rel=0.6)


def test_every_headline_figure_has_a_band_that_holds_it(meta: Plan) -> None:
    for metric in meta.metrics:
        if metric.headline and not math.isnan(metric.value):
            assert metric.p10 <= metric.value * (1 + 1e-9) or metric.value < 0, metric.name
            assert metric.p10 <= metric.p90, metric.name
