"""Moist air. Shape letter: H hours.

Water vapour over water, Magnus form; humidity and enthalpy as in the ASHRAE Handbook of Fundamentals. The wet bulb is
not solved for here: it comes with the weather, computed with the station's pressure.
"""

from __future__ import annotations

import numpy as np

from gigawatt.engines.facility.types import Floats

ZERO_CELSIUS_K = 273.15
# Magnus form over water: O. A. Alduchov, R. E. Eskridge, J. Appl. Meteorology 35(4), 1996, eq. 21; 0.4 % in -40..50 C
MAGNUS_PA = 610.94
MAGNUS_SLOPE = 17.625
MAGNUS_OFFSET_C = 243.04
# ASHRAE Handbook of Fundamentals 2017, chapter 1, eqs. 20 and 30
MOLAR_MASS_RATIO = 0.621945  # water over dry air [-]
DRY_AIR_J_PER_KG_K = 1006.0  # specific heat of dry air
VAPOUR_J_PER_KG_K = 1860.0  # specific heat of water vapour
EVAPORATION_J_PER_KG = 2.501e6  # latent heat at 0 C
WATER_J_PER_KG_K = 4186.0  # specific heat of liquid water at 25 C
# table for the inverse of the saturation enthalpy: beyond any state in a cooling tower
TABLE_LOW_C = -45.0
TABLE_HIGH_C = 70.0
TABLE_COUNT = 231


def saturation_pressure_pa(temperature_c: Floats) -> Floats:
    r"""Pressure of saturated water vapour over water.

    Parameters
    ----------
    temperature_c : ndarray
        Temperature, or dew point for the actual vapour pressure. [C]

    Returns
    -------
    ndarray
        [Pa]

    Notes
    -----
    :math:`p = 610.94 \exp(17.625\,t / (t + 243.04))` [1]_.

    References
    ----------
    .. [1] O. A. Alduchov, R. E. Eskridge, "Improved Magnus form approximation of saturation vapor pressure,"
       J. Appl. Meteorology 35(4), 1996, eq. 21.

    Examples
    --------
    >>> import numpy as np
    >>> saturation_pressure_pa(np.array([20.0])).round(0)
    array([2333.])
    """
    return np.asarray(MAGNUS_PA * np.exp(MAGNUS_SLOPE * temperature_c / (temperature_c + MAGNUS_OFFSET_C)))


def humidity_ratio(dew_point_c: Floats, pressure_pa: Floats) -> Floats:
    """Mass of water vapour per mass of dry air at a dew point.

    Parameters
    ----------
    dew_point_c : ndarray
        [C]
    pressure_pa : ndarray
        Station pressure. [Pa]

    Returns
    -------
    ndarray
        [kg/kg]

    Examples
    --------
    >>> import numpy as np
    >>> humidity_ratio(np.array([15.0]), np.array([101325.0])).round(5)
    array([0.01063])
    """
    vapour_pa = saturation_pressure_pa(dew_point_c)
    return np.asarray(MOLAR_MASS_RATIO * vapour_pa / (pressure_pa - vapour_pa))


def enthalpy_j_per_kg(temperature_c: Floats, ratio: Floats) -> Floats:
    """Enthalpy of moist air per mass of dry air.

    Parameters
    ----------
    temperature_c : ndarray
        Dry bulb. [C]
    ratio : ndarray
        Humidity ratio. [kg/kg]

    Returns
    -------
    ndarray
        Relative to dry air and liquid water at 0 C. [J/kg]

    Examples
    --------
    >>> import numpy as np
    >>> enthalpy_j_per_kg(np.array([25.0]), np.array([0.01])).round(0)
    array([50625.])
    """
    latent = ratio * (EVAPORATION_J_PER_KG + VAPOUR_J_PER_KG_K * temperature_c)
    return np.asarray(DRY_AIR_J_PER_KG_K * temperature_c + latent)


def saturated_humidity_ratio(enthalpy_H: Floats, pressure_pa_H: Floats) -> Floats:
    """Humidity ratio of saturated air that has a given enthalpy.

    Parameters
    ----------
    enthalpy_H : ndarray
        [J/kg]
    pressure_pa_H : ndarray
        Station pressure; its mean is used, as it varies by 1-2 % within a year. [Pa]

    Returns
    -------
    ndarray
        [kg/kg]

    Examples
    --------
    >>> import numpy as np
    >>> saturated_humidity_ratio(np.array([76_500.0]), np.array([101_325.0])).round(4)
    array([0.0201])
    """
    table_c = np.linspace(TABLE_LOW_C, TABLE_HIGH_C, TABLE_COUNT)
    table_ratio = humidity_ratio(table_c, np.full(TABLE_COUNT, float(np.mean(pressure_pa_H))))
    return np.interp(enthalpy_H, enthalpy_j_per_kg(table_c, table_ratio), table_ratio)
