"""What must hold for any weather, load and plant. Shape letter: H hours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.facility import KINDS, FacilityInputs, PlantDesign, Weather, simulate_year
from gigawatt.engines.facility.stages import CHAINS, REDUNDANCY
from gigawatt.engines.facility.year import warmer

HOURS = 24
RATED_W = 100e6
SHARE = st.floats(0.0, 1.0)


@st.composite
def weathers(draw, low_c=-40.0, high_c=48.0):
    """Random hours with dew point <= wet bulb <= dry bulb, as air must have them."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    dry_bulb = rng.uniform(low_c, high_c, HOURS)
    wet_bulb = np.minimum(dry_bulb - rng.uniform(0.0, 15.0, HOURS), 31.0)
    dew_point = wet_bulb - rng.uniform(0.0, 10.0, HOURS)
    return Weather(dry_bulb, wet_bulb, dew_point, np.full(HOURS, draw(st.floats(78e3, 104e3))))


PLANTS = st.builds(
    PlantDesign,
    cooling=st.sampled_from(sorted(KINDS)),
    liquid_frac=SHARE,
    liquid_supply_c=st.floats(18.0, 45.0),
    air_supply_c=st.floats(18.0, 30.0),
    power_chain_efficiency_frac=st.floats(0.88, 0.99),
    overhead_frac=st.floats(0.0, 0.03),
    dew_point_limit_c=st.floats(15.0, 24.0),
)


def year(plant, weather, load_frac=0.8):
    it_w = np.full(HOURS, load_frac * RATED_W)
    return simulate_year(FacilityInputs(it_w, RATED_W, weather, plant, 0.0, 0.0, 2000.0))


@settings(max_examples=60, deadline=None)
@given(plant=PLANTS, weather=weathers(), load_frac=st.floats(0.05, 1.0))
def test_energy_balance_closes_and_pue_is_above_one(plant, weather, load_frac):
    result = year(plant, weather, load_frac)
    assert result.residual_frac < 1e-12
    assert np.all(result.pue_H > 1.0)
    assert np.all(result.cooling_w_H >= 0.0)
    assert np.all(result.losses_w_H > 0.0)
    assert np.all(result.water_l_H >= 0.0)
    assert result.peak_w >= result.facility_w_H.max()


@settings(max_examples=60, deadline=None)
@given(plant=PLANTS, weather=weathers(), rise_k=st.floats(0.0, 10.0), which=st.sampled_from(["dry", "wet", "dew"]))
def test_power_never_falls_in_warmer_or_more_humid_hours(plant, weather, rise_k, which):
    # one of the three raised, kept in order by the others
    risen = replace(
        weather,
        dry_bulb_c_H=weather.dry_bulb_c_H + (rise_k if which == "dry" else 0.0),
        wet_bulb_c_H=np.minimum(weather.wet_bulb_c_H + (rise_k if which == "wet" else 0.0), weather.dry_bulb_c_H),
        dew_point_c_H=np.minimum(weather.dew_point_c_H + (rise_k if which == "dew" else 0.0), weather.wet_bulb_c_H),
    )
    before, after = year(plant, weather).facility_w_H, year(plant, risen).facility_w_H
    assert np.all(after >= before * (1.0 - 1e-12))


@settings(max_examples=40, deadline=None)
@given(plant=PLANTS, weather=weathers(), rise_k=st.floats(0.1, 5.0))
def test_warming_raises_power(plant, weather, rise_k):
    warmed = year(replace(plant, warming_k=rise_k), weather).facility_w_H
    np.testing.assert_allclose(warmed, year(plant, warmer(weather, rise_k, rise_k, rise_k)).facility_w_H)
    assert np.all(warmed >= year(plant, weather).facility_w_H * (1.0 - 1e-12))


DRY_KINDS = ["air-chilled", "air-economiser", "liquid-dry", "liquid-dry-air-chilled"]


@settings(max_examples=40, deadline=None)
@given(plant=PLANTS, weather=weathers(), kind=st.sampled_from(DRY_KINDS))
def test_dry_kinds_draw_no_water(plant, weather, kind):
    assert np.all(year(replace(plant, cooling=kind), weather).water_l_H == 0.0)


@settings(max_examples=60, deadline=None)
@given(
    plant=PLANTS,
    weather=weathers(low_c=24.0),
    kind=st.sampled_from(["liquid-dry", "liquid-tower"]),
    supply_c=st.floats(36.0, 45.0),
    shares=st.tuples(SHARE, SHARE),
)
def test_more_liquid_never_raises_pue_at_warm_water_set_points_in_hot_hours(plant, weather, kind, supply_c, shares):
    fewer, more = (
        year(replace(plant, cooling=kind, liquid_supply_c=supply_c, liquid_frac=share), weather).pue_mean
        for share in sorted(shares)
    )
    assert more <= fewer * (1.0 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(plant=PLANTS, weather=weathers(), rise_k=st.floats(0.0, 10.0))
def test_warmer_water_never_costs_power(plant, weather, rise_k):
    # the lever that matters most: facility water as warm as the chips allow
    warm = replace(plant, liquid_supply_c=plant.liquid_supply_c + rise_k)
    assert np.all(year(warm, weather).facility_w_H <= year(plant, weather).facility_w_H * (1.0 + 1e-12))


@settings(max_examples=60, deadline=None)
@given(
    plant=PLANTS,
    weather=weathers(),
    share=SHARE,
    delivered_c=st.floats(20.0, 95.0),
    below_c=st.floats(-20.0, 40.0),
)
def test_reused_heat_is_never_counted_twice(plant, weather, share, delivered_c, below_c):
    reusing = replace(plant, heat_reuse_frac=share, heat_reuse_c=delivered_c, heat_reuse_below_c=below_c)
    result = year(reusing, weather)
    assert result.residual_frac < 1e-12
    assert result.ere <= result.pue_mean
    assert np.all(result.exported_w_H >= 0.0)
    assert np.all(result.exported_w_H <= result.facility_w_H)
    assert np.all(result.water_l_H <= year(plant, weather).water_l_H * (1.0 + 1e-12))


@settings(max_examples=60, deadline=None)
@given(
    plant=PLANTS,
    weather=weathers(),
    chain=st.sampled_from(sorted(CHAINS)),
    spares=st.sampled_from(sorted(REDUNDANCY)),
    load_frac=st.floats(0.05, 1.0),
)
def test_any_chain_closes_and_loses(plant, weather, chain, spares, load_frac):
    named = replace(plant, power_chain_efficiency_frac=0.0, power_chain=chain, redundancy=spares)
    result = year(named, weather, load_frac)
    assert result.residual_frac < 1e-12
    assert np.all(result.pue_H > 1.0)
    # a poorer chain of the same stages never draws less
    worse = replace(named, power_chain_efficiency_frac=0.88)
    assert np.all(year(worse, weather, load_frac).facility_w_H >= result.facility_w_H)


@settings(max_examples=40, deadline=None)
@given(plant=PLANTS, weather=weathers(), scale=st.floats(0.01, 50.0))
def test_shares_do_not_depend_on_the_size_of_the_site(plant, weather, scale):
    it_w = np.full(HOURS, 0.8 * RATED_W * scale)
    large = simulate_year(FacilityInputs(it_w, RATED_W * scale, weather, plant, 0.0, 0.0, 2000.0))
    small = year(plant, weather)
    np.testing.assert_allclose(large.pue_H, small.pue_H, rtol=1e-9)
    assert large.wue_l_per_kwh == pytest.approx(small.wue_l_per_kwh, rel=1e-9, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(plant=PLANTS, weather=weathers(), cycles=st.tuples(st.floats(1.5, 20.0), st.floats(1.5, 20.0)))
def test_more_cycles_of_concentration_never_draw_more_water(plant, weather, cycles):
    fewer, more = (
        year(replace(plant, cycles_of_concentration_ratio=ratio), weather).water_l_H for ratio in sorted(cycles)
    )
    assert np.all(more <= fewer * (1.0 + 1e-12))
