"""Dry coolers: water to outside air through finned coils. Shape letter: H hours."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.facility.equipment.chiller import air_cooled_w
from gigawatt.engines.facility.psychrometrics import DRY_AIR_J_PER_KG_K, EVAPORATION_J_PER_KG
from gigawatt.engines.facility.types import CoolingHours, Floats, Weather, waterless
from gigawatt.units import SECONDS_PER_HOUR

APPROACH_K = 6.0  # water leaving above the air at design load and full fan speed; estimate, 5-8 in catalogues
LOOP_RANGE_K = 10.0  # return minus supply of the facility water; 10 K is the usual design of NVL72-class loops
FAN_FRAC = 0.02  # fan power over heat at design; estimate, 15-25 W per kW in catalogues
FAN_EXPONENT = 2.4  # of power over air flow; 3 by the affinity laws, less with staging and fixed losses. Estimate
SLOWEST_FLOW_FRAC = 0.15  # of design air flow
PAD_EFFECTIVENESS_FRAC = 0.75  # of the wet-bulb depression that pads before the coil take; 0.7-0.85 in catalogues
AIR_RANGE_K = 10.0  # air warms by this over the coil at design
LEAST_DIFFERENCE_K = 0.1  # guards the division where air is as warm as the water


def coldest_water_c(heat_w_H: Floats, design_w: float, dry_bulb_c_H: Floats) -> Floats:
    """Coldest water that the coolers can give with fans at full speed.

    Parameters
    ----------
    heat_w_H : ndarray
        Heat to reject. [W]
    design_w : float
        Heat for which the coolers are built. [W]
    dry_bulb_c_H : ndarray
        Air entering the coils. [C]

    Returns
    -------
    ndarray
        [C]

    Examples
    --------
    >>> import numpy as np
    >>> coldest_water_c(np.array([0.5e6]), 1e6, np.array([30.0]))
    array([33.])
    """
    return np.asarray(dry_bulb_c_H + APPROACH_K * heat_w_H / design_w)


def dry_loop_w(heat_w_H: Floats, design_w: float, supply_c: float, dry_bulb_c_H: Floats) -> Floats:
    r"""Power of a water loop on dry coolers, with air-cooled chillers for what they cannot do.

    Parameters
    ----------
    heat_w_H : ndarray
        Heat of the loop. [W]
    design_w : float
        Heat for which the loop is built. [W]
    supply_c : float
        Facility water supply set point. [C]
    dry_bulb_c_H : ndarray
        Air entering the coils. [C]

    Returns
    -------
    ndarray
        Fans and chillers; pumps are apart. [W]

    Notes
    -----
    At heat share :math:`L` the water comes :math:`6 L` K above the air. Air flow
    :math:`r = 6 L / (T_s - T_{db})`, clipped, and fan power :math:`0.02\,Q_d\,r^{2.4}`. Once the coldest water is above
    the set point the chillers take the share :math:`(T_{db} + 6 L - T_s) / 10` of the heat; the coolers do the rest on
    the warm return, until air is warmer than the return water and only chillers run.

    Examples
    --------
    Warm water needs fans alone at 30 C outside; chilled water needs compressors.

    >>> import numpy as np
    >>> dry_loop_w(np.array([1e6]), 1e6, 40.0, np.array([30.0])).round(0)
    array([5869.])
    >>> dry_loop_w(np.array([1e6]), 1e6, 18.0, np.array([30.0])).round(-3)
    array([184000.])
    """
    if design_w <= 0.0:
        return np.zeros_like(heat_w_H)
    lift_k_H = APPROACH_K * heat_w_H / design_w
    trim_H = np.clip((dry_bulb_c_H + lift_k_H - supply_c) / LOOP_RANGE_K, 0.0, 1.0)
    difference_k_H = np.maximum(supply_c - dry_bulb_c_H, LEAST_DIFFERENCE_K)
    flow_H = np.clip(lift_k_H / difference_k_H, SLOWEST_FLOW_FRAC, 1.0)
    fans_w_H = FAN_FRAC * design_w * flow_H**FAN_EXPONENT * (1.0 - trim_H)
    return np.asarray(fans_w_H + air_cooled_w(trim_H * heat_w_H, supply_c, dry_bulb_c_H))


def dry_loop(heat_w_H: Floats, design_w: float, supply_c: float, weather: Weather) -> CoolingHours:
    """Power and rejected heat of a water loop on dry coolers with chillers, as `dry_loop_w`.

    Parameters
    ----------
    heat_w_H : ndarray
        [W]
    design_w : float
        [W]
    supply_c : float
        [C]
    weather : Weather

    Returns
    -------
    CoolingHours
    """
    power_w_H = dry_loop_w(heat_w_H, design_w, supply_c, weather.dry_bulb_c_H)
    return waterless(power_w_H, heat_w_H + power_w_H)


def wetted_loop(
    heat_w_H: Floats, design_w: float, supply_c: float, weather: Weather, cycles_ratio: float
) -> CoolingHours:
    r"""Power and water of a water loop on dry coolers with adiabatic pads.

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
        Cycles of concentration of the pad water. [-]

    Returns
    -------
    CoolingHours
        Fans, chillers and pad water; pumps are apart.

    Notes
    -----
    Pads wet only in hours in which the dry coil falls short, and only by what is short, at most
    :math:`0.75 (T_{db} - T_{wb})`. Air flow is that at full speed; evaporation :math:`\dot m c_p \Delta T / h_{fg}`.

    Examples
    --------
    >>> import numpy as np
    >>> air = Weather(np.array([38.0]), np.array([21.0]), np.array([12.0]), np.array([97000.0]))
    >>> hour = wetted_loop(np.array([1e6]), 1e6, 40.0, air, 6.0)
    >>> hour.power_w_H.round(0), hour.water_l_H.round(0)
    (array([20000.]), array([691.]))
    """
    if design_w <= 0.0:
        return waterless(np.zeros_like(heat_w_H), heat_w_H)
    short_k_H = coldest_water_c(heat_w_H, design_w, weather.dry_bulb_c_H) - supply_c
    most_k_H = PAD_EFFECTIVENESS_FRAC * (weather.dry_bulb_c_H - weather.wet_bulb_c_H)
    cooled_k_H = np.clip(short_k_H, 0.0, np.maximum(most_k_H, 0.0))
    power_w_H = dry_loop_w(heat_w_H, design_w, supply_c, weather.dry_bulb_c_H - cooled_k_H)
    air_kg_per_s = design_w / (DRY_AIR_J_PER_KG_K * AIR_RANGE_K)
    evaporation_H = air_kg_per_s * DRY_AIR_J_PER_KG_K * cooled_k_H / EVAPORATION_J_PER_KG * SECONDS_PER_HOUR
    blowdown_H = evaporation_H / (cycles_ratio - 1.0)
    return CoolingHours(power_w_H, heat_w_H + power_w_H, evaporation_H, blowdown_H, np.zeros_like(heat_w_H))
