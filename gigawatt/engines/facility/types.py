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
class StageUse:
    """A stage as a chain uses it.

    Attributes
    ----------
    stage : str
        Key of `gigawatt.engines.facility.stages.STAGES`.
    redundancy : str
        Key of `gigawatt.engines.facility.stages.REDUNDANCY`; empty for the plant's.
    rating_ratio : float
        Power that the units needed carry, over the plant's IT rating. [-]
    """

    stage: str
    redundancy: str = ""
    rating_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class PlantDesign:
    """A cooling and power plant.

    Attributes
    ----------
    cooling : str
        Key of `gigawatt.engines.facility.cooling.KINDS`, such as air-economiser or liquid-dry.
    liquid_frac : float
        Share of the IT heat that liquid takes; the rest goes to air. [-]
    liquid_supply_c, air_supply_c : float
        Supply temperatures. [C]
    power_chain_efficiency_frac : float
        Meter to rack at 50-75 % load; 0 where the stages' own losses hold. [-]
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
    power_chain : str or tuple of StageUse
        Key of `gigawatt.engines.facility.stages.CHAINS`, or the stages from the meter to the rack. A stated efficiency
        scales their losses.
    redundancy : str
        Key of `gigawatt.engines.facility.stages.REDUNDANCY`: spare units of the stages behind the trunk.
    heat_reuse_frac : float
        Share of the liquid's heat that is given to others. [-]
    heat_reuse_c : float
        Temperature at which they take it; a heat pump lifts it where the return water is not warm enough. [C]
    heat_reuse_below_c : float
        They take it in hours colder than this: 15 C is a common limit of a heating season. [C]
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
    power_chain: str | tuple[StageUse, ...] = "generic"
    redundancy: str = "N"
    heat_reuse_frac: float = 0.0
    heat_reuse_c: float = 0.0
    heat_reuse_below_c: float = float("inf")


@dataclass(frozen=True, slots=True)
class HeatLoad:
    """Heat that the cooling plant takes, by loop, and what the loops are built for.

    Attributes
    ----------
    liquid_w_H, air_w_H : Floats
        Heat given to the liquid and to the hall's air. [W]
    liquid_design_w, air_design_w : float
        [W]
    exported_w_H : Floats
        Part of the liquid's heat that leaves for reuse and is not rejected. [W]
    """

    liquid_w_H: Floats
    air_w_H: Floats
    liquid_design_w: float
    air_design_w: float
    exported_w_H: Floats


@dataclass(frozen=True, slots=True)
class CoolingHours:
    """What a machine or a cooling plant draws and gives to the outdoors; water is in litres in the hour.

    Attributes
    ----------
    power_w_H : Floats
        Electric power at its terminals. [W]
    rejected_w_H : Floats
        Heat given to the outdoors: what it took and its own power. [W]
    evaporation_l_H, blowdown_l_H, drift_l_H : Floats
        Water drawn from the mains: evaporated; drained to keep the salt down, or rejected by treatment; blown out as
        droplets. [L]
    """

    power_w_H: Floats
    rejected_w_H: Floats
    evaporation_l_H: Floats
    blowdown_l_H: Floats
    drift_l_H: Floats

    @property
    def water_l_H(self) -> Floats:
        """Water drawn from the mains. [L]."""
        return np.asarray(self.evaporation_l_H + self.blowdown_l_H + self.drift_l_H)


def waterless(power_w_H: Floats, rejected_w_H: Floats) -> CoolingHours:
    """Hours of a machine that draws no water.

    Parameters
    ----------
    power_w_H, rejected_w_H : ndarray
        [W]

    Returns
    -------
    CoolingHours
    """
    none_H = np.zeros_like(power_w_H)
    return CoolingHours(power_w_H, rejected_w_H, none_H, none_H, none_H)


def together(*parts: CoolingHours) -> CoolingHours:
    """Sum of machines.

    Parameters
    ----------
    *parts : CoolingHours
        At least one.

    Returns
    -------
    CoolingHours

    Examples
    --------
    >>> one = waterless(np.array([1.0]), np.array([5.0]))
    >>> together(one, one).rejected_w_H
    array([10.])
    """
    return CoolingHours(
        *(
            np.sum([getattr(part, name) for part in parts], axis=0)
            for name in ("power_w_H", "rejected_w_H", "evaporation_l_H", "blowdown_l_H", "drift_l_H")
        )
    )


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
    water_l_H, evaporation_l_H, blowdown_l_H, drift_l_H : Floats
        Water drawn on site, and its three parts. [L]
    exported_w_H : Floats
        Heat delivered for reuse, a heat pump's work included. [W]
    pue_H : Floats
    pue_mean, pue_p99, pue_max : float
        Mean is energy over energy.
    ere : float
        Facility energy less heat delivered, over IT energy; PUE where no heat is reused. [-]
    wue_l_per_kwh : float
        Site water per IT energy. [L/kWh]
    peak_w : float
        Largest facility power, at the design day where that is hotter. [W]
    peak_cooling_w : float
        Largest power of the cooling plant, likewise. [W]
    energy_mwh : dict
        it, cooling, losses, total. [MWh]
    losses_mwh : dict
        By stage of the power chain, and overhead; their sum is the losses. [MWh]
    rack_losses_mwh : dict
        By stage inside the racks: part of the IT energy. [MWh]
    site_m2, building_m2 : float
    residual_frac : float
        Largest relative violation of the balances: power at the meter; heat rejected and exported against heat taken.
    """

    facility_w_H: Floats
    it_w_H: Floats
    cooling_w_H: Floats
    losses_w_H: Floats
    water_l_H: Floats
    evaporation_l_H: Floats
    blowdown_l_H: Floats
    drift_l_H: Floats
    exported_w_H: Floats
    pue_H: Floats
    pue_mean: float
    pue_p99: float
    pue_max: float
    ere: float
    wue_l_per_kwh: float
    peak_w: float
    peak_cooling_w: float
    energy_mwh: dict[str, float]
    losses_mwh: dict[str, float]
    rack_losses_mwh: dict[str, float]
    site_m2: float
    building_m2: float
    residual_frac: float
