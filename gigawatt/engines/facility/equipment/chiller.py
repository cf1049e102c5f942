"""Chillers: a share of the Carnot efficiency, never used outside its range. Shape letter: H hours.

Published curve fits (CAPFT, EIRFT) bend the wrong way when they are used outside the range of their data. A share of
Carnot cannot: power rises with the temperature of the sink and falls with that of the chilled water.
"""

from __future__ import annotations

import numpy as np

from gigawatt.engines.facility.psychrometrics import ZERO_CELSIUS_K
from gigawatt.engines.facility.types import CoolingHours, Floats, waterless

# Shares of Carnot with the approaches below. Estimates that land on catalogue ratings: an air-cooled screw chiller with
# 6.7 C water at 35 C air has COP 3.1 (AHRI 550/590 air-cooled class; ASHRAE 90.1 path A asks 2.96), a water-cooled
# centrifugal with 6.7 C water at 29.4 C condenser water 5.8 (ASHRAE 90.1 path A asks 5.7-6.3 by size).
AIR_COOLED_CARNOT_FRAC = 0.45  # condenser fans included
WATER_COOLED_CARNOT_FRAC = 0.65
EVAPORATOR_APPROACH_K = 2.0  # refrigerant below the chilled water leaving
AIR_CONDENSER_APPROACH_K = 10.0  # refrigerant above the outside air
WATER_CONDENSER_APPROACH_K = 8.0  # refrigerant above the condenser water entering: 5.5 K range and 2.5 K
# Head-pressure control keeps the lift that the expansion valve and the oil return need. Estimate.
LOWEST_CONDENSING_C = 25.0
COP_LOWEST = 2.0  # ends of the range in which such machines are rated; estimates
COP_HIGHEST = 14.0


def coefficient_of_performance(chilled_c: float, condensing_c_H: Floats, carnot_frac: float) -> Floats:
    r"""Heat taken per electric power of a chiller.

    Parameters
    ----------
    chilled_c : float
        Chilled water leaving the evaporator. [C]
    condensing_c_H : ndarray
        Refrigerant in the condenser. [C]
    carnot_frac : float
        Share of the Carnot efficiency. [-]

    Returns
    -------
    ndarray
        Clipped to 2..14. [-]

    Notes
    -----
    :math:`f\,T_e / (T_c - T_e)` in kelvin, with :math:`T_e` 2 K below the chilled water [1]_.

    References
    ----------
    .. [1] ASHRAE Handbook of Fundamentals 2017, chapter 2, reversed Carnot cycle.

    Examples
    --------
    >>> import numpy as np
    >>> coefficient_of_performance(18.0, np.array([45.0]), 0.45).round(2)
    array([4.49])
    """
    evaporating_k = chilled_c - EVAPORATOR_APPROACH_K + ZERO_CELSIUS_K
    lift_k_H = np.maximum(condensing_c_H, LOWEST_CONDENSING_C) + ZERO_CELSIUS_K - evaporating_k
    # a lift near or below zero stands for the highest COP, so that warm-water machines never divide by zero
    least_lift_k = carnot_frac * evaporating_k / COP_HIGHEST
    carnot_H = carnot_frac * evaporating_k / np.maximum(lift_k_H, least_lift_k)
    return np.maximum(carnot_H, COP_LOWEST)


def air_cooled_w(heat_w_H: Floats, chilled_c: float, dry_bulb_c_H: Floats) -> Floats:
    """Power of air-cooled chillers, condenser fans included.

    Parameters
    ----------
    heat_w_H : ndarray
        Heat taken from the chilled water. [W]
    chilled_c : float
        Chilled water supply. [C]
    dry_bulb_c_H : ndarray
        Outside air. [C]

    Returns
    -------
    ndarray
        [W]

    Notes
    -----
    Machines are staged, so that each runs near its best load: the COP does not depend on the load of the plant.

    Examples
    --------
    >>> import numpy as np
    >>> air_cooled_w(np.array([1e6]), 18.0, np.array([35.0])).round(-3)
    array([223000.])
    """
    condensing_c_H = dry_bulb_c_H + AIR_CONDENSER_APPROACH_K
    return np.asarray(heat_w_H / coefficient_of_performance(chilled_c, condensing_c_H, AIR_COOLED_CARNOT_FRAC))


def water_cooled_w(heat_w_H: Floats, chilled_c: float, condenser_water_c_H: Floats) -> Floats:
    """Power of water-cooled chillers, without tower fans and pumps.

    Parameters
    ----------
    heat_w_H : ndarray
        Heat taken from the chilled water. [W]
    chilled_c : float
        Chilled water supply. [C]
    condenser_water_c_H : ndarray
        Water from the tower. [C]

    Returns
    -------
    ndarray
        [W]

    Examples
    --------
    >>> import numpy as np
    >>> water_cooled_w(np.array([1e6]), 6.7, np.array([29.4])).round(-3)
    array([181000.])
    """
    condensing_c_H = condenser_water_c_H + WATER_CONDENSER_APPROACH_K
    return np.asarray(heat_w_H / coefficient_of_performance(chilled_c, condensing_c_H, WATER_COOLED_CARNOT_FRAC))


def chilled_loop(heat_w_H: Floats, chilled_c: float, dry_bulb_c_H: Floats) -> CoolingHours:
    """Take a loop's heat with air-cooled chillers in every hour.

    Parameters
    ----------
    heat_w_H : ndarray
        [W]
    chilled_c : float
        Supply set point. [C]
    dry_bulb_c_H : ndarray
        [C]

    Returns
    -------
    CoolingHours
    """
    power_w_H = air_cooled_w(heat_w_H, chilled_c, dry_bulb_c_H)
    return waterless(power_w_H, heat_w_H + power_w_H)
