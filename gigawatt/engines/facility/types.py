"""What goes into the facility engine and what comes out. Shape letter: H hours of a year (8,760)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weather:
    """Hourly weather of a typical year."""

    dry_bulb_c_H: Floats
    wet_bulb_c_H: Floats
    dew_point_c_H: Floats
    pressure_pa_H: Floats


@dataclass(frozen=True, slots=True)
class PlantDesign:
    """A cooling and power plant.

    Attributes
    ----------
    cooling : str
        Key of `gigawatt.engines.facility.cooling.KINDS`: air-chilled, air-economiser, evaporative, liquid-dry or
        liquid-tower.
    liquid_frac : float
        Share of the IT heat that liquid takes; the rest goes to air. [-]
    liquid_supply_c, air_supply_c : float
        Supply temperatures. [C]
    power_chain_efficiency_frac : float
        Meter to rack at 50-75 % load. [-]
    overhead_frac : float
        Lighting, offices and other: constant, of the IT rating. [-]
    warming_k : float
        Added to the weather: typical years are cooler than today's. [K]
    cycles_of_concentration_ratio : float
        Salinity of the tower basin over that of the make-up water: sets the blowdown. [-]
    dew_point_limit_c : float
        Highest dew point of the air at the servers; outside air above it is dried by the chillers. ASHRAE TC9.9 (2021)
        recommends 15 C and allows 17, 21 and 24 C by class of server; hyperscale servers are built for the last. [C]
    dew_point_floor_c : float
        Lowest dew point of the air at the servers; halls on outside air with pads humidify below it. The recommended
        envelope of ASHRAE TC9.9 had 5.5 C until 2015 and has -9 C since; water reported since is nearer to the former.
        [C]
    """

    cooling: str
    liquid_frac: float
    liquid_supply_c: float
    air_supply_c: float
    power_chain_efficiency_frac: float
    overhead_frac: float
    warming_k: float = 0.0
    cycles_of_concentration_ratio: float = 6.0
    dew_point_limit_c: float = 24.0
    dew_point_floor_c: float = 5.5


@dataclass(frozen=True, slots=True)
class HeatLoad:
    """Heat that the cooling plant takes, by loop, and what the loops are built for."""

    liquid_w_H: Floats
    air_w_H: Floats
    liquid_design_w: float
    air_design_w: float


@dataclass(frozen=True, slots=True)
class CoolingHours:
    """What the cooling plant draws: power at its terminals and water from the mains."""

    power_w_H: Floats
    water_l_H: Floats  # litres in the hour


@dataclass(frozen=True, slots=True)
class FacilityInputs:
    """A site for a year: IT load by hour, weather, plant, land."""

    it_w_H: Floats
    it_design_w: float  # rating of the plant
    weather: Weather
    plant: PlantDesign
    site_m2: float  # 0 where unknown
    building_m2: float  # 0 where unknown: taken from density
    it_density_w_per_m2: float  # 0 where unknown: areas that are not given stay 0


@dataclass(frozen=True, slots=True)
class FacilityResult:
    """The year.

    Attributes
    ----------
    facility_w_H, it_w_H, cooling_w_H, losses_w_H : Floats
        facility = IT + cooling + losses (power chain and overhead), exactly. [W]
    water_l_H : Floats
        Water drawn on site. [L]
    pue_H : Floats
    pue_mean, pue_p99, pue_max : float
        Mean is energy over energy.
    wue_l_per_kwh : float
        Site water per IT energy. [L/kWh]
    peak_w : float
        Largest facility power, at the design day where that is hotter. [W]
    energy_mwh : dict
        it, cooling, losses, total. [MWh]
    site_m2, building_m2 : float
    residual_frac : float
        Largest relative violation of the energy balance.
    """

    facility_w_H: Floats
    it_w_H: Floats
    cooling_w_H: Floats
    losses_w_H: Floats
    water_l_H: Floats
    pue_H: Floats
    pue_mean: float
    pue_p99: float
    pue_max: float
    wue_l_per_kwh: float
    peak_w: float
    energy_mwh: dict[str, float]
    site_m2: float
    building_m2: float
    residual_frac: float
