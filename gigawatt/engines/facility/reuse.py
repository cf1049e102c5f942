"""Heat of the racks given to others: a heating network, a greenhouse. Shape letter: H hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility.equipment.dry_cooler import LOOP_RANGE_K
from gigawatt.engines.facility.psychrometrics import ZERO_CELSIUS_K
from gigawatt.engines.facility.types import Floats, PlantDesign, Weather

EXCHANGER_APPROACH_K = 3.0  # network water below the return water that heats it; plate exchangers, 2-4 K
# Share of Carnot of large heat pumps between their two waters: 0.5-0.6 in operated district heating. Estimate
HEAT_PUMP_CARNOT_FRAC = 0.55
COP_HIGHEST = 10.0  # of such machines at small lifts; estimate


@dataclass(frozen=True, slots=True)
class ReusedHeat:
    """Heat taken from the liquid, and the work of the heat pump that lifts it; together they are delivered."""

    taken_w_H: Floats
    pump_w_H: Floats


def heat_pump_cop(source_c: float, delivered_c: float) -> float:
    r"""Heat delivered per electric power of a heat pump; infinite where none is needed.

    Parameters
    ----------
    source_c : float
        Water that the heat comes from. [C]
    delivered_c : float
        Water that is delivered. [C]

    Returns
    -------
    float
        [-]

    Notes
    -----
    :math:`f\,T_d / (T_d - T_s)` in kelvin, at most 10; an exchanger alone does where the source is 3 K warmer.

    Examples
    --------
    >>> round(heat_pump_cop(50.0, 75.0), 1), heat_pump_cop(50.0, 45.0)
    (7.7, inf)
    """
    if delivered_c <= source_c - EXCHANGER_APPROACH_K:
        return float("inf")
    lift_k = max(delivered_c - source_c, EXCHANGER_APPROACH_K)
    return min(HEAT_PUMP_CARNOT_FRAC * (delivered_c + ZERO_CELSIUS_K) / lift_k, COP_HIGHEST)


def reuse_heat(liquid_w_H: Floats, weather: Weather, plant: PlantDesign) -> ReusedHeat:
    """Give the plant's share of the liquid's heat to others, in the hours in which they want it.

    Parameters
    ----------
    liquid_w_H : ndarray
        Heat of the racks' liquid. [W]
    weather : Weather
    plant : PlantDesign

    Returns
    -------
    ReusedHeat

    Notes
    -----
    The source is the return water, 10 K above the supply. A heat pump of COP :math:`c` takes :math:`Q` and delivers
    :math:`Q c / (c - 1)`.

    Examples
    --------
    >>> air = Weather(*(np.array([value]) for value in (5.0, 3.0, 1.0, 101_325.0)))
    >>> plant = PlantDesign("liquid-dry", 1.0, 40.0, 24.0, 0.95, 0.01, heat_reuse_frac=0.5, heat_reuse_c=75.0)
    >>> reused = reuse_heat(np.array([1e6]), air, plant)
    >>> reused.taken_w_H.round(0), reused.pump_w_H.round(-3)
    (array([500000.]), array([75000.]))
    """
    wanted_H = weather.dry_bulb_c_H < plant.heat_reuse_below_c
    taken_w_H = np.where(wanted_H, plant.heat_reuse_frac, 0.0) * liquid_w_H
    cop = heat_pump_cop(plant.liquid_supply_c + LOOP_RANGE_K, plant.heat_reuse_c)
    return ReusedHeat(taken_w_H, taken_w_H / (cop - 1.0))
