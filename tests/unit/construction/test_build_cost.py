from __future__ import annotations

import numpy as np
import pytest
from small_campus import small_campus

from gigawatt.catalogue import load
from gigawatt.engines.construction import (
    cost_by_block_usd,
    medians,
    month_ends_days,
    spend_by_month_usd,
    usd_per_mw,
)
from gigawatt.engines.construction.cost import BLOCK_STAGES
from gigawatt.engines.construction.paths import BUILDING_STAGES, EQUIPMENT
from gigawatt.errors import InputError
from gigawatt.planning.construction import Power, campus_cost_usd, campus_inputs, campus_spend_usd
from gigawatt.units import SQUARE_METRES_PER_ACRE

US = load().construction["us-2025"]
HYPERION_M2 = 2250 * SQUARE_METRES_PER_ACRE


def test_two_gigawatts_at_the_mean_of_19_markets() -> None:
    # Cushman & Wakefield, Data Center Development Cost Guide 2025: 11.7 M USD per MW of critical load
    blocks = campus_cost_usd(US, 2000.0)
    builder = sum(blocks[name] for name in US.cost_share_frac)
    assert builder == pytest.approx(23.4e9)
    assert blocks["electrical-mechanical"] == pytest.approx(0.53 * 23.4e9)
    assert usd_per_mw(blocks, 2e9)["shell"] == pytest.approx(0.21 * 11.7e6)


def test_what_the_builder_leaves_out_closes_the_gap_to_the_joint_venture() -> None:
    # Meta and Blue Owl, October 2025: 27 B USD for 2 GW and more; x1.15 of the builder's price
    blocks = campus_cost_usd(US, 2000.0, site_m2=HYPERION_M2)
    total = sum(blocks.values())
    assert total == pytest.approx(27e9, rel=0.01)
    assert total / 23.4e9 == pytest.approx(1.15, abs=0.01)
    # land explains half a per cent: the rest is soft costs and owner's equipment
    assert blocks["land"] == pytest.approx(12.0 * HYPERION_M2)
    assert blocks["land"] < 0.01 * total


@pytest.mark.parametrize("kind", sorted(BLOCK_STAGES))
def test_every_block_is_carried_whole_by_activities_of_the_building(kind: str) -> None:
    assert set(BLOCK_STAGES[kind]) == set(US.cost_share_frac)
    for block, weights in BLOCK_STAGES[kind].items():
        assert sum(weights.values()) == pytest.approx(1.0), block
        assert set(weights) <= {*BUILDING_STAGES[kind], *EQUIPMENT[kind]}


def test_shares_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(InputError, match=r"sum to 0\.9"):
        cost_by_block_usd(1e9, 10.0, {"shell": 0.9})


def test_a_block_that_no_activity_carries_is_refused() -> None:
    with pytest.raises(InputError, match="nothing says when moat"):
        spend_by_month_usd(medians(small_campus()), {"moat": 1.0}, month_ends_days(12))


@pytest.mark.parametrize("kind", ["new", "retrofit"])
def test_all_money_is_spent_once(kind: str) -> None:
    inputs = campus_inputs(US, [100.0] * 4, [Power("grid-existing")], kind)
    blocks = campus_cost_usd(US, 350.0, site_m2=1e6)
    spend = campus_spend_usd(inputs, blocks, 60)
    assert set(spend) == set(blocks)
    for block, usd in blocks.items():
        assert spend[block].sum() == pytest.approx(usd), block
        assert np.all(spend[block] >= -1e-6)


def test_the_spend_of_a_campus_is_slow_fast_slow() -> None:
    inputs = campus_inputs(US, [147.5] * 8, [Power("grid-existing")])
    spend = campus_spend_usd(inputs, campus_cost_usd(US, 1000.0), 36)
    total = np.sum(list(spend.values()), axis=0)
    done = np.cumsum(total) / total.sum()
    length = int(np.argmax(done > 0.999)) + 1
    thirds = [done[length // 3 - 1], done[2 * length // 3 - 1] - done[length // 3 - 1], 1 - done[2 * length // 3 - 1]]
    assert thirds[1] > max(thirds[0], thirds[2])


def test_money_follows_the_building_that_it_pays_for() -> None:
    # one building: earthworks run from day 10 to 20, so all of the site block falls into the first month
    draws = medians(small_campus(building_w_K=np.array([2e8])))
    spend = spend_by_month_usd(draws, {"site": 5.0, "shell": 7.0}, np.array([15.0, 30.0, 40.0]))
    np.testing.assert_allclose(spend["site"], [2.5, 2.5, 0.0])
    np.testing.assert_allclose(spend["shell"], [0.0, 2.8, 4.2])  # foundations 0.4 to day 30, steel 0.6 to day 40
