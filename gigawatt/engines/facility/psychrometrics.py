"""Moist air. Shape letter: H hours.

Water vapour over water, Magnus form; humidity and enthalpy as in the ASHRAE Handbook of Fundamentals. The wet bulb
comes with the weather: it is solved for once, when a file is read, with the station's pressure.
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
SUBLIMATION_J_PER_KG = 2.830e6  # latent heat of ice at 0 C, equation 35
ICE_J_PER_KG_K = 2100.0  # specific heat of ice, equation 35
TRIPLE_POINT_C = 0.01
FROST_POINT_ROOM_K = 6.0  # over ice saturation lies this far below the dew point over water, at most, down to -60 C
BISECTIONS_COUNT = 28  # halvings of at most 100 K: below 1e-6 K
# Hyland and Wexler's coefficients, ASHRAE Handbook of Fundamentals 2017, chapter 1, equations 5 (ice) and 6 (water): of
# 1/T, 1, T, T^2, T^3, T^4 and ln T, for ln p in Pa and T in K
ICE = (-5.6745359e3, 6.3925247, -9.6778430e-3, 6.2215701e-7, 2.0747825e-9, -9.4840240e-13, 4.1635019)
WATER = (-5.8002206e3, 1.3914993, -4.8640239e-2, 4.1764768e-5, -1.4452093e-8, 0.0, 6.5459673)
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


def hyland_wexler_pa(temperature_c: Floats) -> Floats:
    r"""Pressure of saturated water vapour, over water above the triple point and over ice below it.

    Parameters
    ----------
    temperature_c : ndarray
        In -100..200 C. [C]

    Returns
    -------
    ndarray
        [Pa]

    Notes
    -----
    :math:`\ln p` is a polynomial in the temperature, a term in its inverse and one in its logarithm [1]_.

    References
    ----------
    .. [1] ASHRAE Handbook of Fundamentals 2017, chapter 1, equations 5 and 6, after Hyland and Wexler 1983.

    Examples
    --------
    >>> import numpy as np
    >>> hyland_wexler_pa(np.array([-20.0, 20.0])).round(1)
    array([ 103.3, 2338.8])
    """
    kelvin = np.asarray(temperature_c, dtype=np.float64) + ZERO_CELSIUS_K
    terms = (1.0 / kelvin, np.ones_like(kelvin), kelvin, kelvin**2, kelvin**3, kelvin**4, np.log(kelvin))
    ice, water = (sum(share * term for share, term in zip(shares, terms, strict=True)) for shares in (ICE, WATER))
    return np.asarray(np.exp(np.where(temperature_c <= TRIPLE_POINT_C, ice, water)))


def wet_bulb_c(dry_bulb_c: Floats, dew_point_c: Floats, pressure_pa: Floats) -> Floats:
    r"""Thermodynamic wet-bulb temperature.

    Parameters
    ----------
    dry_bulb_c : ndarray
        [C]
    dew_point_c : ndarray
        Over water, as stations report it; not above the dry bulb. [C]
    pressure_pa : ndarray
        Station pressure. [Pa]

    Returns
    -------
    ndarray
        Between dew point and dry bulb. [C]

    Notes
    -----
    The temperature :math:`t^*` at which the air, brought to saturation by water (by ice below 0 C) of that temperature,
    has the humidity it has: equations 33 and 35 of [1]_, solved by bisection to 1e-6 K.

    References
    ----------
    .. [1] ASHRAE Handbook of Fundamentals 2017, chapter 1.

    Examples
    --------
    >>> import numpy as np
    >>> wet_bulb_c(np.array([30.0]), np.array([18.0]), np.array([101325.0])).round(2)
    array([21.72])
    """
    ratio = humidity_ratio(dew_point_c, pressure_pa)
    low, high = np.minimum(dew_point_c, dry_bulb_c) - FROST_POINT_ROOM_K, np.array(dry_bulb_c, dtype=np.float64)
    low = np.where(dew_point_c < 0.0, low, low + FROST_POINT_ROOM_K)
    for _ in range(BISECTIONS_COUNT):
        middle = (low + high) / 2.0
        vapour_pa = hyland_wexler_pa(middle)
        saturated = MOLAR_MASS_RATIO * vapour_pa / (pressure_pa - vapour_pa)
        frozen = middle < 0.0
        latent = np.where(frozen, SUBLIMATION_J_PER_KG, EVAPORATION_J_PER_KG)
        solid = np.where(frozen, ICE_J_PER_KG_K, WATER_J_PER_KG_K)
        given = saturated * (latent + (VAPOUR_J_PER_KG_K - solid) * middle)
        found = (given - DRY_AIR_J_PER_KG_K * (dry_bulb_c - middle)) / (
            latent + VAPOUR_J_PER_KG_K * dry_bulb_c - solid * middle
        )
        low, high = np.where(found < ratio, middle, low), np.where(found < ratio, high, middle)
    return np.minimum((low + high) / 2.0, dry_bulb_c)


def dew_point_from_humidity_c(dry_bulb_c: Floats, humidity_frac: Floats) -> Floats:
    """Dew point over water from the relative humidity: the Magnus form inverted.

    Parameters
    ----------
    dry_bulb_c : ndarray
        [C]
    humidity_frac : ndarray
        Relative humidity over water, above 0. [-]

    Returns
    -------
    ndarray
        [C]

    Examples
    --------
    >>> import numpy as np
    >>> dew_point_from_humidity_c(np.array([20.0]), np.array([0.5])).round(2)
    array([9.26])
    """
    exponent = np.log(saturation_pressure_pa(dry_bulb_c) * humidity_frac / MAGNUS_PA)
    return np.asarray(MAGNUS_OFFSET_C * exponent / (MAGNUS_SLOPE - exponent))
