"""Outside air through the hall: what it can cool, and what is left to chillers. Shape letter: H hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility.equipment.chiller import air_cooled_w
from gigawatt.engines.facility.psychrometrics import DRY_AIR_J_PER_KG_K, EVAPORATION_J_PER_KG, humidity_ratio
from gigawatt.engines.facility.types import CoolingHours, Floats, PlantDesign, Weather
from gigawatt.units import SECONDS_PER_HOUR

AIR_RANGE_K = 13.0  # air warms by this through the servers; AI servers are built for 12-15 K
EFFECTIVENESS_FRAC = 0.85  # of the wet-bulb depression that a direct evaporative pad takes; 0.8-0.9 in catalogues
COIL_APPROACH_K = 6.0  # chilled water below the air, or the dew point, that a coil must give. Estimate


@dataclass(frozen=True, slots=True)
class PreparedAir:
    """Outside air after the pads, and the water that took."""

    temperature_c_H: Floats
    ratio_H: Floats
    water_kg_per_j_H: Floats  # water evaporated per heat of the hall, at full outside air


def chilled_water_c(plant: PlantDesign) -> float:
    """Return the chilled water temperature that a coil needs for the air supply.

    Parameters
    ----------
    plant : PlantDesign

    Returns
    -------
    float
        [C]
    """
    return plant.air_supply_c - COIL_APPROACH_K


def evaporate(weather: Weather, supply_c: float, dew_point_limit_c: float) -> PreparedAir:
    r"""Cool outside air with wet pads as far as needed, possible and allowed.

    Parameters
    ----------
    weather : Weather
    supply_c : float
        Air supply that the servers want. [C]
    dew_point_limit_c : float
        Highest dew point allowed. [C]

    Returns
    -------
    PreparedAir

    Notes
    -----
    The air is cooled by :math:`\min(T_{db} - T_s,\ 0.85 (T_{db} - T_{wb}),\ (x_{max} - x) h_{fg} / c_p)`: the need, the
    wet bulb and the dew-point limit, each not below zero.

    Examples
    --------
    >>> import numpy as np
    >>> air = Weather(np.array([38.0]), np.array([20.0]), np.array([9.0]), np.array([101325.0]))
    >>> evaporate(air, 27.0, 21.0).temperature_c_H
    array([27.])
    """
    ratio_H = humidity_ratio(weather.dew_point_c_H, weather.pressure_pa_H)
    limit_H = humidity_ratio(np.full_like(ratio_H, dew_point_limit_c), weather.pressure_pa_H)
    needed_k_H = weather.dry_bulb_c_H - supply_c
    possible_k_H = EFFECTIVENESS_FRAC * (weather.dry_bulb_c_H - weather.wet_bulb_c_H)
    allowed_k_H = (limit_H - ratio_H) * EVAPORATION_J_PER_KG / DRY_AIR_J_PER_KG_K
    cooled_k_H = np.maximum(np.minimum(np.minimum(needed_k_H, possible_k_H), allowed_k_H), 0.0)
    added_H = cooled_k_H * DRY_AIR_J_PER_KG_K / EVAPORATION_J_PER_KG
    per_j_H = added_H / (DRY_AIR_J_PER_KG_K * AIR_RANGE_K)
    return PreparedAir(weather.dry_bulb_c_H - cooled_k_H, ratio_H + added_H, per_j_H)


def untreated(weather: Weather) -> PreparedAir:
    """Take outside air as it is.

    Parameters
    ----------
    weather : Weather

    Returns
    -------
    PreparedAir
    """
    ratio_H = humidity_ratio(weather.dew_point_c_H, weather.pressure_pa_H)
    return PreparedAir(weather.dry_bulb_c_H, ratio_H, np.zeros_like(ratio_H))


def outside_air_kg_per_j(air: PreparedAir, supply_c: float) -> Floats:
    r"""Outside air per heat of the hall, return air mixed in where it is cold outside.

    Parameters
    ----------
    air : PreparedAir
    supply_c : float
        [C]

    Returns
    -------
    ndarray
        :math:`1 / (c_p \max(T_s + 13 - T, 13))`. [kg/J]
    """
    rise_k_H = np.maximum(supply_c + AIR_RANGE_K - air.temperature_c_H, AIR_RANGE_K)
    return np.asarray(1.0 / (DRY_AIR_J_PER_KG_K * rise_k_H))


def chiller_share(air: PreparedAir, pressure_pa_H: Floats, supply_c: float, dew_point_limit_c: float) -> Floats:
    r"""Share of the hall's heat that coils must take because outside air is too warm or too humid.

    Parameters
    ----------
    air : PreparedAir
    pressure_pa_H : ndarray
        [Pa]
    supply_c, dew_point_limit_c : float
        [C]

    Returns
    -------
    ndarray
        0..1; at 1 the dampers are shut and the hall recirculates. [-]

    Notes
    -----
    Per heat of the hall the coil takes the excess sensible heat :math:`(T - T_s)^+ / 13` and the latent heat
    :math:`m (x - x_{max})^+ h_{fg}`. Both need not exceed the hall's own heat: beyond that, recirculation is cheaper.

    Examples
    --------
    >>> import numpy as np
    >>> muggy = Weather(np.array([26.0]), np.array([24.6]), np.array([24.0]), np.array([101325.0]))
    >>> chiller_share(untreated(muggy), muggy.pressure_pa_H, 27.0, 21.0).round(2)
    array([0.57])
    """
    limit_H = humidity_ratio(np.full_like(air.ratio_H, dew_point_limit_c), pressure_pa_H)
    sensible_H = np.maximum(air.temperature_c_H - supply_c, 0.0) / AIR_RANGE_K
    excess_H = np.maximum(air.ratio_H - limit_H, 0.0) * EVAPORATION_J_PER_KG
    return np.clip(sensible_H + excess_H * outside_air_kg_per_j(air, supply_c), 0.0, 1.0)


def outside_air_loop(heat_w_H: Floats, air: PreparedAir, weather: Weather, plant: PlantDesign) -> CoolingHours:
    """Chiller power and pad water of a hall on outside air; hall fans are apart.

    Parameters
    ----------
    heat_w_H : ndarray
        Heat of the hall, fans included. [W]
    air : PreparedAir
        Outside air as it enters the hall.
    weather : Weather
        Outside air at the chillers' condensers.
    plant : PlantDesign

    Returns
    -------
    CoolingHours
    """
    share_H = chiller_share(air, weather.pressure_pa_H, plant.air_supply_c, plant.dew_point_limit_c)
    coil_c = min(plant.air_supply_c, plant.dew_point_limit_c) - COIL_APPROACH_K
    power_w_H = air_cooled_w(share_H * heat_w_H, coil_c, weather.dry_bulb_c_H)
    evaporation_H = heat_w_H * air.water_kg_per_j_H * (1.0 - share_H) * SECONDS_PER_HOUR
    blowdown_H = evaporation_H / (plant.cycles_of_concentration_ratio - 1.0)
    return CoolingHours(power_w_H, heat_w_H + power_w_H, evaporation_H, blowdown_H, np.zeros_like(heat_w_H))


def humidification_l(heat_w_H: Floats, weather: Weather, supply_c: float, dew_point_floor_c: float) -> Floats:
    """Water that keeps the hall above the dew-point floor in cold dry hours.

    Parameters
    ----------
    heat_w_H : ndarray
        Heat of the hall. [W]
    weather : Weather
    supply_c, dew_point_floor_c : float
        [C]

    Returns
    -------
    ndarray
        In the hour. [L]

    Notes
    -----
    Outside air, as much as mixing with return air asks for, brought to the floor.

    Examples
    --------
    >>> import numpy as np
    >>> frost = Weather(np.array([-5.0]), np.array([-6.0]), np.array([-10.0]), np.array([101325.0]))
    >>> humidification_l(np.array([1e6]), frost, 27.0, 5.5).round(0)
    array([304.])
    """
    air = untreated(weather)
    floor_H = humidity_ratio(np.full_like(air.ratio_H, dew_point_floor_c), weather.pressure_pa_H)
    missing_H = np.maximum(floor_H - air.ratio_H, 0.0)
    return np.asarray(heat_w_H * outside_air_kg_per_j(air, supply_c) * missing_H * SECONDS_PER_HOUR)
