"""The power chain: the plant's efficiency is met, losses have the right shape, balances close."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.facility.losses import Redundancy, Stage, stage_loss_w
from gigawatt.engines.facility.power_chain import design_chain, it_branch, path_efficiency_frac, rack_losses_w, trunk
from gigawatt.engines.facility.stages import CHAINS, RACK_CHAINS, RACK_STAGES, REDUNDANCY, STAGES
from gigawatt.engines.facility.types import StageUse
from gigawatt.errors import InputError


def efficiency(stage, load_frac):
    return load_frac / (load_frac + stage_loss_w(np.array([load_frac]), 1.0, stage)[0])


@pytest.mark.parametrize("efficiency_frac", [0.90, 0.95, 0.975, 1.0])
def test_chain_meets_the_plant_efficiency_at_its_reference_load(efficiency_frac):
    # with the trunk loaded like the IT path the walk from rack to meter gives the stated efficiency
    chain = design_chain(100e6, efficiency_frac)
    it_w = np.array([62.5e6])
    drawn_w = it_branch(chain, it_w).input_w_H
    through_w = trunk(chain, drawn_w * 1.25).input_w_H / 1.25
    assert it_w[0] / through_w[0] == pytest.approx(efficiency_frac, abs=1e-6)


def test_losses_over_load_are_worse_at_low_load():
    chain = design_chain(1e6, 0.95)
    load_w = np.array([0.1e6, 0.3e6, 0.6e6])
    share = it_branch(chain, load_w).losses_w_H / load_w
    assert share[0] > 2.0 * share[2]
    assert share[1] > share[2]


def test_stage_loss_by_hand():
    # 1 MW rating at half load: 1,000,000 x (0.002 + 0.010 x 0.25)
    stage = Stage("transformer", 0.002, 0.0, 0.010, indoor=False)
    assert stage_loss_w(np.array([0.5e6]), 1e6, stage)[0] == pytest.approx(4500.0)


def test_input_is_output_and_losses():
    chain = design_chain(1e6, 0.94)
    it_w = np.linspace(0.05e6, 1e6, 50)
    branch = it_branch(chain, it_w)
    np.testing.assert_allclose(branch.input_w_H, it_w + branch.losses_w_H, rtol=1e-14)
    assert np.all(branch.indoor_w_H < branch.losses_w_H)


@pytest.mark.parametrize("efficiency_frac", [0.2, 1.01, float("nan")])
def test_impossible_efficiency_is_refused(efficiency_frac):
    with pytest.raises(InputError, match="efficiency"):
        design_chain(1e6, efficiency_frac)


@pytest.mark.parametrize(
    ("name", "load_frac", "low", "high"),
    [
        ("hv-transformer", 0.51, 0.9976, 0.9978),  # Regulation (EU) 548/2014, tier 2, 100 MVA: 99.770 % at its best
        ("lv-transformer", 0.50, 0.9952, 0.9954),  # 10 CFR 431.196, liquid-immersed, 2,500 kVA: 99.53 % at half load
        ("ups-double-conversion", 0.25, 0.93, 0.95),  # LBNL, 2024 report, table 4.3: 90-99 %, hyperscale and AI
        ("ups-double-conversion", 0.50, 0.95, 0.97),
        ("ups-double-conversion", 1.00, 0.95, 0.97),
        ("ups-eco", 0.50, 0.985, 0.99),  # the same, its upper end
        ("ups-eco", 1.00, 0.985, 0.99),
        ("rectifier-800v", 0.75, 0.975, 0.985),  # estimate, as the range beside it
    ],
)
def test_stages_meet_their_published_efficiency(name, load_frac, low, high):
    assert low <= efficiency(STAGES[name], load_frac) <= high


@pytest.mark.parametrize("load_frac", [0.5, 0.625, 0.75])
def test_a_bypassed_ups_loses_a_third_of_double_conversion(load_frac):
    # Schneider Electric, Galaxy VX operation manual 990-5452: eConversion cuts what the UPS takes to a third
    lost = [stage_loss_w(np.array([load_frac]), 1.0, STAGES[f"ups-{mode}"])[0] for mode in ("double-conversion", "eco")]
    assert lost[0] / lost[1] == pytest.approx(3.0, rel=0.05)


def test_power_shelf_meets_open_rack():
    # Open Rack V3 asks for a peak of 97.5 % and 80 PLUS Titanium for 96 % at half load
    peak = max(efficiency(RACK_STAGES["power-shelf"], load_frac) for load_frac in np.linspace(0.1, 1.0, 91))
    assert 0.975 <= peak <= 0.98


def test_two_paths_halve_the_load_of_each_unit():
    # 1 MW at full load on 2 x 1 MW: 2,000,000 x (0.012 + 0.015 x 0.5 + 0.008 x 0.25)
    ups = STAGES["ups-double-conversion"]
    assert stage_loss_w(np.array([1e6]), 1e6, ups, redundancy=REDUNDANCY["2N"])[0] == pytest.approx(43_000.0)


def test_a_catcher_idles_and_loses_only_its_no_load_part():
    ups = STAGES["ups-double-conversion"]
    alone_w, caught_w = (
        stage_loss_w(np.array([0.6e6]), 1e6, ups, redundancy=spare)[0]
        for spare in (Redundancy(5, 5), REDUNDANCY["block-redundant"])
    )
    assert caught_w - alone_w == pytest.approx(0.2 * 1e6 * 0.012)


def test_spare_units_cost_most_at_low_load_and_save_copper_at_full():
    at_half = [
        path_efficiency_frac(design_chain(1e6, power_chain="double-conversion-480v", redundancy=spare), 0.4)
        for spare in ("N", "N+1", "4-to-make-3", "2N")
    ]
    assert at_half == sorted(at_half, reverse=True)
    assert at_half[0] - at_half[-1] > 0.02
    transformer = STAGES["lv-transformer"]
    two, one = (
        stage_loss_w(np.array([1e6]), 1e6, transformer, redundancy=REDUNDANCY[spare])[0] for spare in ("2N", "N")
    )
    assert two < one


def test_training_halls_have_no_spare_units():
    assert REDUNDANCY["none"] == REDUNDANCY["N"]


def test_order_of_the_named_chains():
    found = {name: path_efficiency_frac(design_chain(1e6, power_chain=name)) for name in CHAINS}
    assert found["double-conversion-480v"] < found["eco-ups-480v"] < found["rack-battery-480v"]
    assert 0.93 < found["generic"] < found["double-conversion-480v"] < 0.955
    assert found["dc-800v"] < found["rack-battery-480v"]  # its rectifier is on the meter's side of the racks


def meter_to_core(name, load_frac=0.8):
    """Efficiency from the meter to the core of the chips."""
    inside_w = sum(loss[0] for loss in rack_losses_w(name, np.array([load_frac]), 1.0).values())
    return path_efficiency_frac(design_chain(1.0, power_chain=name), load_frac) * (1.0 - inside_w / load_frac)


def test_800_volts_gain_up_to_five_per_cent_from_meter_to_core_though_not_in_pue():
    # NVIDIA: up to 5 % end to end
    gain = meter_to_core("dc-800v") / meter_to_core("double-conversion-480v") - 1.0
    assert 0.01 < gain < 0.055
    assert meter_to_core("dc-800v") > meter_to_core("generic")


def test_rack_losses_are_inside_the_it_power():
    it_w = np.array([0.2e6, 0.8e6])
    for name in RACK_CHAINS:
        losses = rack_losses_w(name, it_w, 1e6)
        assert np.all(sum(losses.values()) < 0.25 * it_w)
        assert all(np.all(loss_w > 0.0) for loss_w in losses.values())
    with pytest.raises(InputError, match="rack-battery-480v"):
        rack_losses_w("rack-batery-480v", it_w, 1e6)


def test_a_named_chain_can_be_scaled_to_a_stated_efficiency():
    chain = design_chain(1e6, 0.97, "rack-battery-480v", "N+1")
    assert path_efficiency_frac(chain) == pytest.approx(0.97, abs=1e-9)


def test_losses_of_the_stages_are_those_of_the_branch():
    chain = design_chain(1e6, power_chain="double-conversion-480v", redundancy="2N")
    branch = it_branch(chain, np.linspace(0.1e6, 1e6, 7))
    assert list(branch.by_stage_w_H) == ["busway-480v", "ups-double-conversion", "lv-transformer"]
    np.testing.assert_allclose(sum(branch.by_stage_w_H.values()), branch.losses_w_H, rtol=1e-14)


def test_stages_may_be_listed_with_ratings_and_spares_of_their_own():
    uses = (StageUse("hv-transformer", "2N"), StageUse("lv-transformer", rating_ratio=1.2), StageUse("busway-480v"))
    chain = design_chain(1e6, power_chain=uses, redundancy="N+1")
    assert [bank.redundancy for bank in chain.trunk_banks] == [REDUNDANCY["2N"]]
    assert [bank.redundancy for bank in chain.it_banks] == [REDUNDANCY["N+1"]] * 2
    # transformer of 1.2 MW x 5/4 at 0.8 MW and the busway's loss
    busway_w = 0.8e6 + 1.25e6 * (0.001 + 0.008 * (0.8 / 1.25) ** 2)
    expected_w = 1.5e6 * (0.0012 + 0.0046 * (busway_w / 1.5e6) ** 2)
    assert it_branch(chain, np.array([0.8e6])).by_stage_w_H["lv-transformer"][0] == pytest.approx(expected_w)


@pytest.mark.parametrize(
    ("power_chain", "redundancy", "words"),
    [
        ("dc-800", "N", "Nearest: dc-800v"),
        ("dc-800v", "N+2", "redundancy"),
        ((StageUse("ups-ecco"),), "N", "Nearest: ups-eco"),
        ((StageUse("ups-eco"), StageUse("hv-transformer")), "N", "from the meter on"),
        ((StageUse("ups-eco", rating_ratio=0.5),), "N", "at least 1"),
        ((), "N", "at least one stage"),
    ],
)
def test_wrong_chains_are_named(power_chain, redundancy, words):
    with pytest.raises(InputError, match=words):
        design_chain(1e6, power_chain=power_chain, redundancy=redundancy)


def test_chains_of_the_catalogue_exist():
    for plant in load().plants.values():
        assert not plant.power_chain or plant.power_chain in CHAINS
        assert plant.redundancy in REDUNDANCY
    assert set(RACK_CHAINS) == set(CHAINS)
