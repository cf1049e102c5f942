"""What an hour allows: wind, sun in one line, gas turbines in heat and at part load. H hours."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.energy.types import Floats
from gigawatt.errors import InputError

# --- wind: a pitch-regulated turbine on an open site ---
HUB_M = 80.0  # height of the hub. [m]
GAUGE_M = 10.0  # height at which weather stations measure. [m]
SHEAR_EXPONENT = 1.0 / 7.0  # power law over open land in neutral air (one-seventh law). [1]
CUT_IN_M_PER_S, RATED_M_PER_S, CUT_OUT_M_PER_S = (
    3.0,
    12.0,
    25.0,
)  # of usual onshore turbines (IEC 61400 class II). [m/s]
# --- sun: flat collectors without a model of position, only for comparison with published problems ---
STANDARD_W_PER_M2 = 1000.0  # irradiance of standard test conditions. [W/m2]
PLAIN_RATIO = 0.86  # PVWatts' default system losses of 14 %, NREL/TP-6A20-62641. [1]
# --- gas: loss of output per kelvin above the reference, by class of turbine ---
# Correction curves of makers: heavy-duty H about 0.7, F 0.8, aeroderivative 1.0 %/K; engines hardly lose any. [1/K]
DERATING_PER_K = {"heavy-duty-h": 0.007, "heavy-duty-f": 0.008, "aeroderivative": 0.010, "reciprocating": 0.001}
REFERENCE_C = 15.0  # ISO 3977 reference air. [C]
# Share of full-load efficiency lost towards no load: 0.10 aero, 0.15 F, 0.20 H. Estimates from part-load curves. [1]
PART_LOAD_LOSS_FRAC = {"heavy-duty-h": 0.20, "heavy-duty-f": 0.15, "aeroderivative": 0.10, "reciprocating": 0.10}


def wind_frac(speed_m_per_s_H: Floats, hub_m: float = HUB_M, shear_exponent: float = SHEAR_EXPONENT) -> Floats:
    """Output of a wind turbine over its rating.

    Parameters
    ----------
    speed_m_per_s_H : ndarray
        At 10 m. [m/s]
    hub_m : float
        [m]
    shear_exponent : float
        [1]

    Returns
    -------
    ndarray
        [1]

    Notes
    -----
    The speed grows with (hub / 10 m)^exponent; output is (v^3 - 3^3) / (12^3 - 3^3) within 0..1, and zero above
    25 m/s. Wakes, icing and outages are not in it: multiply by an availability.

    Examples
    --------
    >>> wind_frac(np.array([0.0, 9.0, 30.0])).round(2).tolist()
    [0.0, 1.0, 0.0]
    """
    hub_speed_H = speed_m_per_s_H * (hub_m / GAUGE_M) ** shear_exponent
    span = RATED_M_PER_S**3 - CUT_IN_M_PER_S**3
    share_H = np.clip((hub_speed_H**3 - CUT_IN_M_PER_S**3) / span, 0.0, 1.0)
    return np.where(hub_speed_H > CUT_OUT_M_PER_S, 0.0, share_H)


def plain_solar_frac(ghi_w_per_m2_H: Floats) -> Floats:
    """Output of flat modules over their rating, from global horizontal irradiance alone.

    Parameters
    ----------
    ghi_w_per_m2_H : ndarray
        [W/m2]

    Returns
    -------
    ndarray
        [1]

    Notes
    -----
    0.86 GHI / 1000 within 0..1. For yields of trackers use `gigawatt.planning.solar`.

    Examples
    --------
    >>> plain_solar_frac(np.array([0.0, 500.0, 1200.0])).tolist()
    [0.0, 0.43, 1.0]
    """
    return np.clip(PLAIN_RATIO * ghi_w_per_m2_H / STANDARD_W_PER_M2, 0.0, 1.0)


def derating_frac(dry_bulb_c_H: Floats, loss_per_k: float, reference_c: float = REFERENCE_C) -> Floats:
    """Output of a gas plant over its rating in warm air.

    Parameters
    ----------
    dry_bulb_c_H : ndarray
        [C]
    loss_per_k : float
        See `DERATING_PER_K`. [1/K]
    reference_c : float
        [C]

    Returns
    -------
    ndarray
        Within 0..1: what cold air would add is left out, since generator and transformer are sized for the rating. [1]

    Examples
    --------
    >>> derating_frac(np.array([0.0, 15.0, 40.0]), 0.01).tolist()
    [1.0, 1.0, 0.75]
    """
    return np.clip(1.0 - loss_per_k * np.maximum(dry_bulb_c_H - reference_c, 0.0), 0.0, 1.0)


def part_load_efficiency_frac(full_frac: float, load_frac_H: Floats, loss_frac: float) -> Floats:
    """Efficiency of a gas plant at part load.

    Parameters
    ----------
    full_frac : float
        Efficiency at full load. [1]
    load_frac_H : ndarray
        Output over rating, above 0 and at most 1. [1]
    loss_frac : float
        See `PART_LOAD_LOSS_FRAC`. [1]

    Returns
    -------
    ndarray
        full (1 - k (1 - L)). [1]

    Raises
    ------
    InputError
        If a load is not in (0, 1].

    Examples
    --------
    >>> part_load_efficiency_frac(0.4, np.array([0.5, 1.0]), 0.1).round(3).tolist()
    [0.38, 0.4]
    """
    if np.any(load_frac_H <= 0.0) or np.any(load_frac_H > 1.0):
        message = "energy: part load lies above 0 and at most at 1"
        raise InputError(message)
    return full_frac * (1.0 - loss_frac * (1.0 - load_frac_H))
