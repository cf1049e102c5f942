"""Kinds of cooling: heat that goes in comes out, water by part and month, heat reuse, humidity limits."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.catalogue.schema import Plant
from gigawatt.engines.facility import (
    KINDS,
    FacilityInputs,
    PlantDesign,
    Weather,
    by_calendar_month,
    hourly_it_w,
    simulate_year,
)
from gigawatt.engines.facility.equipment.tower import evaporation_kg_per_s, tower_loop
from gigawatt.engines.facility.psychrometrics import enthalpy_j_per_kg, humidity_ratio
from gigawatt.engines.facility.reuse import heat_pump_cop
from gigawatt.engines.facility.types import HeatLoad
from gigawatt.errors import CatalogueError, InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.wiring.sites import plant_design
from gigawatt.validation.facility import station_weather

WEATHER = cache(partial(station_weather, load()))
PLANT = PlantDesign("liquid-dry", 0.8, 32.0, 24.0, 0.95, 0.01)


def year(plant, station="columbus_oh", load_frac=0.8):
    weather = WEATHER(station)
    return simulate_year(FacilityInputs(hourly_it_w(100e6, load_frac), 100e6, weather, plant, 0.0, 0.0, 2000.0))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_all_heat_and_work_leaves_the_site(kind):
    weather = WEATHER("phoenix_az")
    liquid, air = np.full(8760, 60e6), np.full(8760, 25e6)
    exported = 0.3 * liquid
    hours = KINDS[kind](HeatLoad(liquid, air, 80e6, 30e6, exported), weather, PLANT)
    np.testing.assert_allclose(hours.rejected_w_H + exported, liquid + air + hours.power_w_H, rtol=1e-12)
    np.testing.assert_allclose(hours.water_l_H, hours.evaporation_l_H + hours.blowdown_l_H + hours.drift_l_H)


def test_tower_water_carries_its_heat_off():
    # the air's enthalpy rises by the heat: latent and sensible parts add up to it
    heat_w, air = np.array([1e6]), Weather(*(np.array([value]) for value in (12.0, 9.0, 6.5, 101_325.0)))
    flow_kg_per_s = 1e6 / (4186.0 * 10.0 * 1.2)
    water = evaporation_kg_per_s(heat_w, 1e6, np.array([1.0]), 36.0, air)[0]
    entering = humidity_ratio(air.dew_point_c_H, air.pressure_pa_H)[0]
    leaving = entering + water / flow_kg_per_s
    # temperature of saturated air of that humidity
    table_c = np.linspace(0.0, 50.0, 5001)
    leaving_c = np.interp(leaving, humidity_ratio(table_c, np.full_like(table_c, 101_325.0)), table_c)
    gain = enthalpy_j_per_kg(leaving_c, leaving) - enthalpy_j_per_kg(12.0, entering)
    assert flow_kg_per_s * gain == pytest.approx(1e6, rel=2e-3)


def test_water_side_economiser_is_free_of_chillers_when_cold_and_not_when_muggy():
    cold, mild, muggy = (
        tower_loop(np.array([1e6]), 1e6, 18.0, Weather(*(np.array([v]) for v in hour)), 5.0).power_w_H[0]
        for hour in ((0.0, -1.0, -3.0, 101_325.0), (14.0, 12.0, 10.5, 101_325.0), (32.0, 26.0, 24.0, 101_325.0))
    )
    assert cold < 0.02e6  # fans and pumps
    assert cold < mild < muggy
    assert muggy > 0.09e6  # compressors: COP of about 9 at 18 C chilled and 30 C condenser water


def test_pads_on_dry_coolers_trade_little_water_for_the_hottest_hours():
    dry, wetted, tower = (
        year(replace(PLANT, cooling=kind), "phoenix_az") for kind in ("liquid-dry", "liquid-adiabatic", "liquid-tower")
    )
    assert wetted.pue_mean < dry.pue_mean
    assert wetted.peak_w < dry.peak_w
    assert 0.0 < wetted.wue_l_per_kwh < 0.75 * tower.wue_l_per_kwh
    mild = year(replace(PLANT, cooling="liquid-adiabatic", liquid_supply_c=40.0), "columbus_oh")
    assert mild.wue_l_per_kwh < 0.1 * tower.wue_l_per_kwh


def test_a_hall_that_keeps_its_chillers_lies_between():
    names = ("liquid-dry", "liquid-dry-air-chilled", "air-chilled")
    pue = [year(replace(PLANT, cooling=kind)).pue_mean for kind in names]
    assert pue == sorted(pue)
    assert pue[0] < pue[1] < pue[2]


def test_chillers_trim_the_loop_to_its_set_point_by_degrees():
    # one kelvin more outside never doubles the power: no step where compressors come on
    dry_bulb = np.linspace(-10.0, 48.0, 581)
    weather = Weather(dry_bulb, dry_bulb - 8.0, dry_bulb - 14.0, np.full(581, 101_325.0))
    flat = np.full(581, 50e6)
    for kind in KINDS:
        power_w = KINDS[kind](HeatLoad(flat, flat, 60e6, 60e6, 0.0 * flat), weather, PLANT).power_w_H
        assert np.all(np.diff(power_w) >= -1e-6), kind
        assert np.max(np.diff(power_w)) < 0.02 * 100e6, kind


def test_water_by_month_adds_up_and_peaks_in_summer():
    found = year(replace(PLANT, cooling="liquid-adiabatic"), "dallas_tx")
    months = by_calendar_month(found.water_l_H)
    assert months.shape == (12,)
    assert months.sum() == pytest.approx(found.water_l_H.sum())
    assert int(np.argmax(months)) in (6, 7)
    with pytest.raises(InputError, match="8760 hours"):
        by_calendar_month(np.ones(24))


def test_blowdown_is_evaporation_over_cycles_less_one():
    found = year(replace(PLANT, cooling="liquid-tower", cycles_of_concentration_ratio=4.0))
    drained = found.blowdown_l_H.sum() + found.drift_l_H.sum()
    assert drained == pytest.approx(found.evaporation_l_H.sum() / 3.0, rel=1e-9)
    assert 0.0 < found.drift_l_H.sum() < 0.02 * found.evaporation_l_H.sum()


def test_reused_heat_lowers_ere_and_a_heat_pump_pays_for_the_lift():
    none = year(PLANT)
    warm = year(replace(PLANT, heat_reuse_frac=0.5, heat_reuse_c=35.0))
    hot = year(replace(PLANT, heat_reuse_frac=0.5, heat_reuse_c=75.0))
    assert none.ere == pytest.approx(none.pue_mean)
    # half of 80 % of the IT heat is given away without a heat pump: return water of 42 C warms 35 C
    assert warm.ere == pytest.approx(warm.pue_mean - 0.4, abs=1e-9)
    assert warm.pue_mean <= none.pue_mean
    assert hot.pue_mean > none.pue_mean + 0.05
    assert hot.ere < hot.pue_mean - 0.4
    winter = year(replace(PLANT, heat_reuse_frac=0.5, heat_reuse_c=35.0, heat_reuse_below_c=15.0))
    assert warm.ere < winter.ere < none.ere
    assert max(found.residual_frac for found in (none, warm, hot, winter)) < 1e-12


def test_heat_pump_lies_in_the_range_of_operated_machines():
    # district heating from data centres: 45-50 C to 75-80 C at COP 4.5-8 by maker's curves, none above 10
    assert 4.0 < heat_pump_cop(45.0, 80.0) < 8.0
    assert heat_pump_cop(50.0, 52.0) == 10.0
    assert heat_pump_cop(50.0, 47.0) == float("inf")


def test_humidity_limits_and_cycles_of_a_catalogue_plant_reach_the_engine():
    entry = load().plants["air-evaporative"]
    figures = Figures()
    written = {
        **{name: value for name, value in dict(entry).items() if value is not None},
        "dew_point_limit_c": {"value": "15 C", "source": "gigawatt-estimate"},
        "dew_point_floor_c": {"value": "-9 C", "source": "gigawatt-estimate"},
        "cycles_of_concentration": {"value": 3, "source": "gigawatt-estimate"},
        "power_chain": ["hv-transformer", {"stage": "ups-eco", "redundancy": "2N", "rating_ratio": 1.1}],
    }
    design = plant_design(Plant.model_validate(written), figures)
    assert (design.dew_point_limit_c, design.dew_point_floor_c) == (15.0, -9.0)
    assert design.cycles_of_concentration_ratio == 3.0
    assert [use.redundancy for use in design.power_chain] == ["", "2N"]
    assert "plants.air-evaporative.cycles_of_concentration" in figures.used
    strict = year(replace(design, warming_k=0.0), "houston_tx")
    loose = year(replace(plant_design(entry, Figures()), warming_k=0.0), "houston_tx")
    assert strict.pue_mean > loose.pue_mean + 0.03


def test_a_plant_without_any_chain_is_refused():
    entry = dict(load().plants["air-evaporative"])
    written = {name: value for name, value in entry.items() if value is not None}
    del written["power_chain_efficiency_frac"]
    with pytest.raises(ValueError, match="give a chain"):
        Plant.model_validate({**written, "power_chain": ""})


def test_a_chain_that_there_is_not_is_named_with_its_plant():
    entry = load().plants["liquid-800v"].model_copy(update={"power_chain": "dc-800"})
    with pytest.raises(CatalogueError, match=r"liquid-800v: power chain: .* Nearest: dc-800v"):
        plant_design(entry, Figures())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"heat_reuse_frac": 1.2}, "heat_reuse_frac is 1.2"),
        ({"dew_point_floor_c": 25.0}, "above dew_point_limit_c"),
        ({"power_chain": "ups"}, "power chain"),
    ],
)
def test_wrong_plants_are_named(changes, words):
    with pytest.raises(InputError, match=words):
        year(replace(PLANT, **changes))
