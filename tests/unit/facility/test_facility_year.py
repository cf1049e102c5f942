"""A site for a year: the catalogue's kinds, published neighbourhoods, peaks, refusals."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import get_args

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.catalogue.schema import Plant
from gigawatt.engines.facility import KINDS, FacilityInputs, PlantDesign, hourly_it_w, simulate_year
from gigawatt.errors import InputError
from gigawatt.validation.facility import station_weather

WEATHER = cache(partial(station_weather, load()))
DRY = PlantDesign("liquid-dry", 0.85, 40.0, 24.0, 0.95, 0.01)


def site(plant, station="monroe_la", load_frac=0.8, **changes):
    weather = WEATHER(station)
    inputs = FacilityInputs(hourly_it_w(100e6, load_frac), 100e6, weather, plant, 0.0, 0.0, 2000.0)
    return replace(inputs, **changes)


def test_kinds_are_those_of_the_catalogue():
    assert set(KINDS) == set(get_args(Plant.model_fields["cooling"].annotation))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_balance_closes_and_totals_add_up(kind):
    year = simulate_year(site(replace(DRY, cooling=kind)))
    assert year.residual_frac < 1e-12
    energy = year.energy_mwh
    assert energy["it"] + energy["cooling"] + energy["losses"] == pytest.approx(energy["total"], rel=1e-12)
    assert year.pue_mean == pytest.approx(energy["total"] / energy["it"])
    assert year.pue_mean <= year.pue_p99 <= year.pue_max
    assert year.peak_w >= year.facility_w_H.max()


def test_losses_add_up_by_stage_and_those_of_the_racks_stay_inside_the_it():
    year = simulate_year(site(replace(DRY, power_chain="double-conversion-480v", redundancy="2N")))
    assert sum(year.losses_mwh.values()) == pytest.approx(year.energy_mwh["losses"], rel=1e-12)
    assert max(year.losses_mwh, key=year.losses_mwh.get) == "ups-double-conversion"
    assert year.losses_mwh["overhead"] == pytest.approx(0.01 * 100.0 * 8760)
    assert list(year.rack_losses_mwh) == ["power-shelf", "board"]
    assert sum(year.rack_losses_mwh.values()) < 0.2 * year.energy_mwh["it"]


def test_warm_water_is_chiller_free_in_the_north_and_not_in_phoenix():
    # 45 C water on dry coolers: compressors never trim the liquid below 39 C outside
    warm = replace(DRY, liquid_frac=1.0, liquid_supply_c=45.0)
    north, south = simulate_year(site(warm, "cheyenne_wy")), simulate_year(site(warm, "phoenix_az"))
    assert north.pue_max < 1.12
    assert south.pue_max > north.pue_max + 0.02


def test_mean_hides_the_peak_of_a_dry_plant_in_phoenix():
    year = simulate_year(site(DRY, "phoenix_az", load_frac=1.0))
    assert year.peak_w / 100e6 > year.pue_mean + 0.08


def test_dry_plants_draw_no_water_and_towers_do():
    assert simulate_year(site(DRY)).wue_l_per_kwh == 0.0
    assert simulate_year(site(replace(DRY, cooling="air-chilled"))).wue_l_per_kwh == 0.0
    assert simulate_year(site(replace(DRY, cooling="air-economiser"))).wue_l_per_kwh == 0.0
    assert simulate_year(site(replace(DRY, cooling="liquid-tower"))).wue_l_per_kwh > 0.8


def test_order_of_the_kinds_in_a_humid_place():
    pue = {
        kind: simulate_year(site(replace(DRY, cooling=kind, liquid_frac=0.0), "houston_tx")).pue_mean for kind in KINDS
    }
    assert pue["evaporative"] <= pue["air-economiser"] < pue["air-chilled"]


def test_dew_point_limit_makes_outside_air_dearer_in_humid_places_only():
    plant = PlantDesign("evaporative", 0.0, 24.0, 27.0, 0.95, 0.01)
    strict = replace(plant, dew_point_limit_c=15.0)
    rise = {
        station: simulate_year(site(strict, station)).pue_mean - simulate_year(site(plant, station)).pue_mean
        for station in ("houston_tx", "cheyenne_wy")
    }
    assert rise["houston_tx"] > 0.03
    assert rise["cheyenne_wy"] < 0.001


def test_warming_never_lowers_the_energy():
    for kind in KINDS:
        plant = replace(DRY, cooling=kind)
        assert simulate_year(site(replace(plant, warming_k=2.0))).pue_mean > simulate_year(site(plant)).pue_mean


def test_partial_load_raises_pue():
    assert simulate_year(site(DRY, load_frac=0.3)).pue_mean > simulate_year(site(DRY, load_frac=0.8)).pue_mean


def test_land_is_taken_from_density_where_unknown():
    year = simulate_year(site(DRY))
    assert year.building_m2 == 50_000.0
    assert simulate_year(site(DRY, building_m2=1.0, site_m2=2.0)).site_m2 == 2.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plant": replace(DRY, cooling="liquid-drye")}, "Nearest: liquid-dry"),
        ({"plant": replace(DRY, liquid_frac=1.5)}, "liquid_frac is 1.5"),
        ({"plant": replace(DRY, cycles_of_concentration_ratio=1.0)}, "above 1"),
        ({"it_w_H": np.full(8760, 101e6)}, "above the rating"),
        ({"it_w_H": np.zeros(8760)}, "positive"),
        ({"it_w_H": np.full(10, 1e6)}, "8760 hours and IT load 10"),
    ],
)
def test_wrong_inputs_are_named(changes, words):
    with pytest.raises(InputError, match=words):
        simulate_year(replace(site(DRY), **changes))
