"""Pumps and hall fans: what moves water and air between the racks and the plant. Shape letter: H hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility.types import CoolingHours, Floats, HeatLoad

# Design power over the heat carried, from the pressure drop: dp / (rho cp dT eta). Estimates for good current practice.
CDU_PUMP_FRAC = 0.007  # rack loop: 150 kPa over 10 K with wire-to-water efficiency 0.5
FACILITY_PUMP_FRAC = 0.010  # facility water loop: 250 kPa over 10 K with wire-to-water efficiency 0.6
HALL_FAN_FRAC = 0.035  # EC fans of air handlers: 500 Pa over 12 K with wire-to-air efficiency 0.65, with filters
OUTSIDE_AIR_FAN_FRAC = 0.040  # the same with louvres, pads and exhaust
AFFINITY_EXPONENT = 2.5  # fans and pumps with variable speed: 3 by the affinity laws, less with fixed-pressure control
SLOWEST_FRAC = 0.4  # of design speed: control limit of fans and pumps


def mover_w(heat_w_H: Floats, design_w: float, power_frac: float) -> Floats:
    r"""Power of a group of pumps or fans at part load.

    Parameters
    ----------
    heat_w_H : ndarray
        Heat carried. [W]
    design_w : float
        Heat for which the group is built. [W]
    power_frac : float
        Power over heat at design. [-]

    Returns
    -------
    ndarray
        [W]

    Notes
    -----
    Flow follows heat at constant temperature difference, :math:`P = f Q_d (Q / Q_d)^{2.5}`, not below 40 % speed [1]_.

    References
    ----------
    .. [1] ASHRAE Handbook, HVAC Systems and Equipment 2020, chapter 21, affinity laws.

    Examples
    --------
    >>> import numpy as np
    >>> mover_w(np.array([1e6, 0.5e6]), 1e6, 0.035).round(0)
    array([35000.,  6187.])
    """
    if design_w <= 0.0:
        return np.zeros_like(heat_w_H)
    flow_H = np.maximum(heat_w_H / design_w, SLOWEST_FRAC)
    return np.asarray(power_frac * design_w * flow_H**AFFINITY_EXPONENT)


@dataclass(frozen=True, slots=True)
class MovedHeat:
    """Heat as it reaches the outdoor machines, the movers' own power in it."""

    liquid_w_H: Floats
    air_w_H: Floats
    movers: CoolingHours  # they reject nothing themselves: their heat is in the loops


def move_heat(heat: HeatLoad, fan_frac: float = HALL_FAN_FRAC, air_pump_frac: float = FACILITY_PUMP_FRAC) -> MovedHeat:
    """Carry the heat from the racks to the outdoor machines.

    Parameters
    ----------
    heat : HeatLoad
    fan_frac : float
        Hall fans over heat at design. [-]
    air_pump_frac : float
        Pumps of the air handlers' water over heat at design; 0 where outside air takes the heat off. [-]

    Returns
    -------
    MovedHeat
        All power of fans and pumps ends as heat in the loop they drive; exported heat is gone from the liquid.

    Examples
    --------
    >>> import numpy as np
    >>> watts, none = np.array([1e6]), np.array([0.0])
    >>> moved = move_heat(HeatLoad(watts, watts, 1e6, 1e6, none))
    >>> (moved.liquid_w_H + moved.air_w_H - moved.movers.power_w_H).round(3)
    array([2000000.])
    """
    fans_w_H = mover_w(heat.air_w_H, heat.air_design_w, fan_frac)
    air_w_H = heat.air_w_H + fans_w_H
    air_pumps_w_H = mover_w(air_w_H, heat.air_design_w, air_pump_frac)
    rack_pumps_w_H = mover_w(heat.liquid_w_H, heat.liquid_design_w, CDU_PUMP_FRAC)
    liquid_w_H = heat.liquid_w_H + rack_pumps_w_H - heat.exported_w_H
    loop_pumps_w_H = mover_w(liquid_w_H, heat.liquid_design_w, FACILITY_PUMP_FRAC)
    power_w_H = fans_w_H + air_pumps_w_H + rack_pumps_w_H + loop_pumps_w_H
    none_H = np.zeros_like(power_w_H)
    return MovedHeat(
        liquid_w_H=liquid_w_H + loop_pumps_w_H,
        air_w_H=air_w_H + air_pumps_w_H,
        movers=CoolingHours(power_w_H, none_H, none_H, none_H, none_H),
    )
