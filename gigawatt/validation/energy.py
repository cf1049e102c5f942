"""The energy engine against published yields, an optimum found elsewhere, the cost of waiting and a firm plant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial

import numpy as np

from gigawatt.catalogue import load
from gigawatt.engines.energy import (
    DERATING_PER_K,
    Generator,
    Storage,
    SupplyProblem,
    SupplyResult,
    derating_frac,
    firm_units,
    plain_solar_frac,
    size_supply,
    speed_to_power,
    waiting_usd_per_mwh,
    wind_frac,
)
from gigawatt.planning.solar import solar_year
from gigawatt.planning.weather_files.stations import station_place
from gigawatt.units import WATTS_PER_MEGAWATT
from gigawatt.validation.compare import Validation
from gigawatt.validation.published_rows import Prediction, read_published, row_of, validation_of

YIELD_RANGE_FRAC = 0.03  # half-width stated for a yield: models of diffuse light and of cell temperature differ by it
STEPS_COUNT = 1500  # joined hours for the optimum: a few seconds
COST_RANGE_FRAC = 0.02  # half-width stated for a cost on joined hours, and for capacities five times as much
CAPACITY_RANGE_FRAC = 0.10
# Newkirk et al. 2025: USD/MWh by energy alone and with waiting accelerators, years of waiting, years of life
LBNL_BASE = {"grid": 70.0, "gas": 159.0, "solar": 362.0}
LBNL_TOTAL = {"grid": 1047.0, "solar": 803.5}
LBNL_WAIT_YEARS = {"grid": 4.0, "gas": 4.0, "solar": 2.0}
LBNL_LIFE_YEARS = 27.0
WAITING_RANGE_FRAC = 0.05
# Socrates: aeroderivative and industrial turbines, firm power, outages, hottest day; what "firm" asks is our reading
SOCRATES_UNIT_W, SOCRATES_FIRM_W = 16.5e6, 200e6
SOCRATES_OUTAGE_FRAC, SOCRATES_TARGET_FRAC, SOCRATES_C = 0.05, 0.99, 37.0
SOCRATES_LOWEST_FRAC, SOCRATES_HIGHEST_FRAC = 0.9, 0.999  # targets of the stated range


def _yield(station: str) -> Prediction:
    """Yield of trackers on a station's typical year."""
    catalogue = load()
    found = solar_year(catalogue.weather(station), station_place(catalogue, station)).yield_kwh_per_kw
    return Prediction(found, found * (1.0 - YIELD_RANGE_FRAC), found * (1.0 + YIELD_RANGE_FRAC))


@lru_cache
def _optimum() -> SupplyResult:
    """Size the published problem."""
    hours = load().weather("abilene_tx")
    sun = plain_solar_frac(np.array(hours["ghi_w_m2"]))
    wind = wind_frac(np.array(hours["wind_m_s"]))
    problem = SupplyProblem(
        demand_w_H=np.full(len(sun), 1e9),
        discount_rate_frac=0.08,
        generators=(
            Generator("solar", 1.1, 30.0, 20e3, 0.01, availability_frac_H=sun),
            Generator("wind", 1.5, 30.0, 30e3, 0.02, availability_frac_H=wind),
            Generator("gas", 2.0, 30.0, 20e3, 35.0, energy_limit_frac=0.30),
        ),
        storages=(Storage("battery", 1.0, 15.0, 4.0, charge_frac=0.93, discharge_frac=0.93),),
    )
    return size_supply(problem, steps_count=STEPS_COUNT)


def _cost() -> Prediction:
    """Yearly cost of the optimum."""
    found = _optimum().total_usd
    return Prediction(found, found * (1.0 - COST_RANGE_FRAC), found * (1.0 + COST_RANGE_FRAC))


def _capacity(name: str) -> Prediction:
    """Capacity of a part of the optimum."""
    found = _optimum().capacity_w[name] / WATTS_PER_MEGAWATT
    return Prediction(found, found * (1.0 - CAPACITY_RANGE_FRAC), found * (1.0 + CAPACITY_RANGE_FRAC))


def _waiting() -> Prediction:
    """Cost of gas with waiting accelerators, from that of grid and sun."""
    more = {name: total - LBNL_BASE[name] for name, total in LBNL_TOTAL.items()}
    rate = (more["grid"] / more["solar"] - 1.0) ** 0.5 - 1.0  # four years of waiting over two
    idle_usd = more["solar"] / waiting_usd_per_mwh(2.0, 1.0, rate, LBNL_LIFE_YEARS)
    found = speed_to_power(LBNL_BASE, LBNL_WAIT_YEARS, idle_usd, rate, LBNL_LIFE_YEARS)["gas"]
    return Prediction(found, found * (1.0 - WAITING_RANGE_FRAC), found * (1.0 + WAITING_RANGE_FRAC))


def _nameplate() -> Prediction:
    """Nameplate of units over the firm power, on the hottest day."""
    warm = float(derating_frac(np.array([SOCRATES_C]), DERATING_PER_K["aeroderivative"])[0])
    low, mid, high = (
        firm_units(SOCRATES_FIRM_W, SOCRATES_UNIT_W, SOCRATES_OUTAGE_FRAC, target, warm).nameplate_ratio
        for target in (SOCRATES_LOWEST_FRAC, SOCRATES_TARGET_FRAC, SOCRATES_HIGHEST_FRAC)
    )
    return Prediction(mid, low, high)


PREDICT: Mapping[str, Callable[[], Prediction]] = {
    **{f"pvwatts-{name}": partial(_yield, f"{name}_{state}") for name, state in (
        ("abilene", "tx"), ("phoenix", "az"), ("midland", "tx"), ("columbus", "oh"), ("chicago", "il"),
    )},
    "abilene-cost": _cost,
    **{f"abilene-{name}": partial(_capacity, name) for name in ("solar", "wind", "gas", "battery")},
    "lbnl-gas-total": _waiting,
    "socrates-nameplate": _nameplate,
}  # fmt: skip


def validate_energy() -> Validation:
    """Compare the energy engine with published figures.

    Returns
    -------
    Validation
        Groups solar, optimum, waiting and firm.
    """
    return validation_of(row_of(figure, PREDICT[figure.id]()) for figure in read_published("energy"))
