"""The power chain: the plant's efficiency is met, losses have the right shape, balances close."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.facility.losses import Stage, stage_loss_w
from gigawatt.engines.facility.power_chain import design_chain, it_branch, trunk
from gigawatt.errors import InputError


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
