"""Cooling towers: water to outside air by evaporation. Shape letter: H hours."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.facility.equipment.chiller import water_cooled_w
from gigawatt.engines.facility.psychrometrics import (
    WATER_J_PER_KG_K,
    enthalpy_j_per_kg,
    humidity_ratio,
    saturated_humidity_ratio,
)
from gigawatt.engines.facility.types import CoolingHours, Floats, Weather, waterless
from gigawatt.units import SECONDS_PER_HOUR

DESIGN_WET_BULB_C = 25.5  # CTI rating point is 25.6 C (78 F)
DESIGN_APPROACH_K = 4.0  # water leaving above the wet bulb at design; 3.9 K (7 F) is the usual economical choice
# Approach grows as air gets cold and holds less vapour: 4 K at 25.5 C is about 8 K at 0 C for the same load and flow
# (Merkel's number held constant). Estimate.
APPROACH_SLOPE = 0.16
EXCHANGER_APPROACH_K = 1.5  # plate exchanger between tower water and facility water
RANGE_K = 10.0  # water entering minus leaving
FAN_FRAC = 0.012  # fan power over heat at design: ASHRAE 90.1 asks for less than 0.017 of axial towers. Estimate
FAN_EXPONENT = 2.4
SLOWEST_FLOW_FRAC = 0.15  # of design air flow
PUMP_FRAC = 0.006  # tower water pumps over heat: 150 kPa over 10 K with wire-to-water efficiency 0.6. Estimate
LEAST_DIFFERENCE_K = 0.1  # guards the division where the wet bulb is at the set point
WATER_TO_AIR = 1.2  # mass of water over dry air at full fan speed; 0.75-1.5 in catalogues
DRIFT_FRAC = 2e-5  # of the circulating water: current eliminators are rated 0.001-0.005 %
COLDEST_CONDENSER_WATER_C = 13.0  # chillers do not take colder water: head pressure


def tower_approach_k(wet_bulb_c_H: Floats, load_H: Floats) -> Floats:
    """How far above the wet bulb the tower's water comes, with fans at full speed.

    Parameters
    ----------
    wet_bulb_c_H : ndarray
        [C]
    load_H : ndarray
        Heat over design heat. [-]

    Returns
    -------
    ndarray
        [K]

    Examples
    --------
    >>> import numpy as np
    >>> tower_approach_k(np.array([25.5, 0.5]), np.array([1.0, 1.0]))
    array([4., 8.])
    """
    return np.asarray((DESIGN_APPROACH_K + APPROACH_SLOPE * np.maximum(DESIGN_WET_BULB_C - wet_bulb_c_H, 0.0)) * load_H)


def evaporation_kg_per_s(
    heat_w_H: Floats, design_w: float, flow_H: Floats, return_c: float, weather: Weather
) -> Floats:
    r"""Water that a tower evaporates, from the balance of heat and vapour of its air.

    Parameters
    ----------
    heat_w_H : ndarray
        Heat rejected. [W]
    design_w : float
        Heat for which the tower is built. [W]
    flow_H : ndarray
        Air flow over that at full fan speed. [-]
    return_c : float
        Water entering the tower: air cannot leave hotter. [C]
    weather : Weather

    Returns
    -------
    ndarray
        [kg/s]

    Notes
    -----
    Air takes up the heat, :math:`h_o = h_i + Q / \dot m`, and leaves saturated [1]_; evaporation is
    :math:`\dot m (x_s(h_o) - x_i)`. So cold dry days carry more of the heat off as warm air, and take less water.
    Where the fans turn so slowly that air would leave hotter than the water comes, the flow is raised to that limit.

    References
    ----------
    .. [1] F. Merkel, "Verdunstungskühlung," VDI Forschungsarbeiten 275, 1925: saturated exit air.

    Examples
    --------
    >>> import numpy as np
    >>> air = Weather(np.array([25.0]), np.array([18.0]), np.array([14.0]), np.array([101325.0]))
    >>> (evaporation_kg_per_s(np.array([1e6]), 1e6, np.array([1.0]), 36.0, air) * 3.6).round(2)  # kg per kWh of heat
    array([1.26])
    """
    entering_H = humidity_ratio(weather.dew_point_c_H, weather.pressure_pa_H)
    entering_j_per_kg_H = enthalpy_j_per_kg(weather.dry_bulb_c_H, entering_H)
    hottest_c_H = np.full_like(heat_w_H, return_c)
    hottest_j_per_kg_H = enthalpy_j_per_kg(hottest_c_H, humidity_ratio(hottest_c_H, weather.pressure_pa_H))
    least_kg_per_s_H = heat_w_H / np.maximum(hottest_j_per_kg_H - entering_j_per_kg_H, WATER_J_PER_KG_K)
    fans_kg_per_s_H = flow_H * design_w / (WATER_J_PER_KG_K * RANGE_K * WATER_TO_AIR)
    air_kg_per_s_H = np.maximum(fans_kg_per_s_H, least_kg_per_s_H)
    leaving_j_per_kg_H = entering_j_per_kg_H + heat_w_H / air_kg_per_s_H
    leaving_H = saturated_humidity_ratio(leaving_j_per_kg_H, weather.pressure_pa_H)
    return np.asarray(air_kg_per_s_H * np.maximum(leaving_H - entering_H, 0.0))


def make_up_l(evaporation_H: Floats, heat_w_H: Floats, cycles_ratio: float) -> tuple[Floats, Floats, Floats]:
    r"""Water drawn in an hour: evaporation, blowdown and drift.

    Parameters
    ----------
    evaporation_H : ndarray
        [kg/s]
    heat_w_H : ndarray
        Heat rejected, for the circulating flow. [W]
    cycles_ratio : float
        Cycles of concentration, above 1. [-]

    Returns
    -------
    tuple of ndarray
        Evaporation, blowdown and drift, whose sum is the make-up. [L]

    Notes
    -----
    Salt balance: blowdown and drift together carry off :math:`E / (c - 1)`, so drift counts as blowdown where that is
    the larger; a kilogram of water is taken as a litre.

    Examples
    --------
    >>> import numpy as np
    >>> [part.item() for part in make_up_l(np.array([1.0]), np.array([0.0]), 5.0)]
    [3600.0, 900.0, 0.0]
    """
    drift_H = DRIFT_FRAC * heat_w_H / (WATER_J_PER_KG_K * RANGE_K)
    blowdown_H = np.maximum(evaporation_H / (cycles_ratio - 1.0) - drift_H, 0.0)
    return evaporation_H * SECONDS_PER_HOUR, blowdown_H * SECONDS_PER_HOUR, drift_H * SECONDS_PER_HOUR


def tower_loop(
    heat_w_H: Floats, design_w: float, supply_c: float, weather: Weather, cycles_ratio: float
) -> CoolingHours:
    r"""Power and water of a water loop on towers, with water-cooled chillers for what they cannot do.

    Parameters
    ----------
    heat_w_H : ndarray
        Heat of the loop. [W]
    design_w : float
        Heat for which the loop is built. [W]
    supply_c : float
        Facility water supply set point. [C]
    weather : Weather
    cycles_ratio : float
        Cycles of concentration. [-]

    Returns
    -------
    CoolingHours
        Tower fans, tower pumps and chillers; pumps of the facility water are apart.

    Notes
    -----
    The tower gives water at :math:`T_{wb} + a(T_{wb}) L`; an exchanger adds 1.5 K. Air flow is
    :math:`a L / (T_s - 1.5 - T_{wb})`, clipped. Where water would still be above the set point the chillers take the
    share :math:`\Delta / 10` of the heat, and their own heat goes to the tower too.

    Examples
    --------
    >>> import numpy as np
    >>> air = Weather(np.array([30.0]), np.array([22.0]), np.array([18.5]), np.array([101325.0]))
    >>> hour = tower_loop(np.array([1e6]), 1e6, 32.0, air, 6.0)
    >>> hour.power_w_H.round(-2), hour.water_l_H.round(-1)
    (array([8700.]), array([1520.]))
    """
    if design_w <= 0.0:
        return waterless(np.zeros_like(heat_w_H), heat_w_H)
    load_H = heat_w_H / design_w
    approach_k_H = tower_approach_k(weather.wet_bulb_c_H, load_H)
    tower_c_H = weather.wet_bulb_c_H + approach_k_H
    trim_H = np.clip((tower_c_H + EXCHANGER_APPROACH_K - supply_c) / RANGE_K, 0.0, 1.0)
    wanted_k_H = supply_c - EXCHANGER_APPROACH_K - weather.wet_bulb_c_H
    flow_H = np.clip(approach_k_H / np.maximum(wanted_k_H, LEAST_DIFFERENCE_K), SLOWEST_FLOW_FRAC, 1.0)
    condenser_c_H = np.maximum(tower_c_H, COLDEST_CONDENSER_WATER_C)
    chillers_w_H = water_cooled_w(trim_H * heat_w_H, supply_c, condenser_c_H)
    fans_w_H = FAN_FRAC * design_w * flow_H**FAN_EXPONENT
    pumps_w_H = PUMP_FRAC * heat_w_H
    rejected_w_H = heat_w_H + chillers_w_H + pumps_w_H
    return_c = supply_c + RANGE_K
    evaporation_H = evaporation_kg_per_s(rejected_w_H, design_w, flow_H, return_c, weather)
    water = make_up_l(evaporation_H, rejected_w_H, cycles_ratio)
    return CoolingHours(fans_w_H + pumps_w_H + chillers_w_H, rejected_w_H + fans_w_H, *water)
