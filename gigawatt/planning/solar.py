"""Hourly output of a photovoltaic plant from a year of weather, with pvlib. H hours.

W. F. Holmgren, C. W. Hansen, M. A. Mikofski, "pvlib python," J. Open Source Software 3(29), 884, 2018. The chain is
that of PVWatts: A. P. Dobos, PVWatts Version 5 Manual, NREL/TP-6A20-62641, 2014.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import InputError
from gigawatt.planning.weather_files.raw import Place

Floats = NDArray[np.float64]

ALBEDO_FRAC = 0.2  # ground without snow, PVWatts' default. [1]
TRACKER_LIMIT_DEG = 45.0  # rotation of a tracker, PVWatts 5. [degree]
TEMPERATURE_PER_K = -0.0037  # standard crystalline silicon in PVWatts 8; version 5 had -0.0047. [1/K]
INVERTER_FRAC = 0.96  # nominal efficiency. [1]
STANDARD_W_PER_M2 = 1000.0
STANDARD_C = 25.0
HALF_HOUR_NS = 30 * 60 * 10**9  # a row covers the hour that ends at it: the sun stands where it is in the middle
YEAR = 2001  # any year without a leap day
NEEDED = ("ghi_w_m2", "dni_w_m2", "dhi_w_m2", "dry_bulb_c", "wind_m_s")


@dataclass(frozen=True, slots=True)
class SolarPlant:
    """A photovoltaic plant.

    Attributes
    ----------
    tracking : bool
        On one axis north to south, with backtracking; otherwise fixed.
    dc_ac_ratio : float
        Modules over inverters. [1]
    losses_frac : float
        Soiling, mismatch, wiring, outages and so on; PVWatts' default. [1]
    ground_cover_frac : float
        Width of modules over the distance of rows. [1]
    tilt_deg, azimuth_deg : float
        Of fixed modules; a negative tilt is the latitude. [degree]
    """

    tracking: bool = True
    dc_ac_ratio: float = 1.3
    losses_frac: float = 0.14
    ground_cover_frac: float = 0.4
    tilt_deg: float = -1.0
    azimuth_deg: float = 180.0


@dataclass(frozen=True, slots=True)
class SolarYear:
    """Output of a plant.

    Attributes
    ----------
    ac_frac_H : ndarray
        Output over the rating of the inverters: the availability of a generator whose capacity is alternating current.
    yield_kwh_per_kw : float
        Energy of the year over the rating of the modules, as PVWatts states it. [kWh/kW]
    capacity_factor_frac : float
        Mean of `ac_frac_H`. [1]
    """

    ac_frac_H: Floats
    yield_kwh_per_kw: float
    capacity_factor_frac: float


def solar_year(
    hours: Mapping[str, Sequence[float] | Floats], place: Place, plant: SolarPlant | None = None
) -> SolarYear:
    """Compute the hourly output of a photovoltaic plant.

    Parameters
    ----------
    hours : mapping of str to sequence of float
        Columns of the catalogue's weather: 8,760 hours in local standard time, irradiance, dry bulb and wind.
    place : Place
    plant : SolarPlant, optional
        One-axis trackers unless given.

    Returns
    -------
    SolarYear

    Raises
    ------
    InputError
        If a column or the place is missing.

    Notes
    -----
    Sun at the middle of each hour; Perez diffuse on the modules; reflection at glass (physical model); Sandia's cell
    temperature, open rack; 0.37 %/K; losses; PVWatts' inverter.
    """
    import pandas as pd
    import pvlib

    plant = plant or SolarPlant()
    missing = [name for name in NEEDED if name not in hours]
    if missing or any(math.isnan(x) for x in (place.latitude, place.longitude, place.utc_offset_h)):
        message = f"solar: needs {', '.join(missing) or 'latitude, longitude and time zone of the weather'}"
        raise InputError(message)
    stamps = np.arange(len(hours["ghi_w_m2"])) * 2 * HALF_HOUR_NS + HALF_HOUR_NS
    start = pd.Timestamp(YEAR, 1, 1) - pd.Timedelta(hours=place.utc_offset_h)
    times = pd.DatetimeIndex(start.value + stamps, tz="UTC")
    elevation_m = 0.0 if math.isnan(place.elevation_m) else place.elevation_m
    sun = pvlib.solarposition.get_solarposition(times, place.latitude, place.longitude, elevation_m)
    tilt, azimuth, angle = _facing(pvlib, sun, place, plant)
    column = {name: pd.Series(np.asarray(hours[name], dtype=float), index=times) for name in NEEDED}
    beam = column["dni_w_m2"].where(sun["elevation"] > 0.0, 0.0)
    sky = pvlib.irradiance.get_total_irradiance(
        tilt,
        azimuth,
        sun["apparent_zenith"],
        sun["azimuth"],
        beam,
        column["ghi_w_m2"],
        column["dhi_w_m2"],
        dni_extra=pd.Series(pvlib.irradiance.get_extra_radiation(times.day_of_year.to_numpy()), index=times),
        airmass=pvlib.atmosphere.get_relative_airmass(sun["apparent_zenith"]),
        albedo=ALBEDO_FRAC,
        model="perez",
    ).fillna(0.0)
    effective = sky["poa_direct"] * pvlib.iam.physical(angle).fillna(0.0) + sky["poa_diffuse"]
    rack = pvlib.temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]["open_rack_glass_polymer"]
    cell_c = pvlib.temperature.sapm_cell(sky["poa_global"], column["dry_bulb_c"], column["wind_m_s"], **rack)
    dc_frac = effective / STANDARD_W_PER_M2 * (1.0 + TEMPERATURE_PER_K * (cell_c - STANDARD_C))
    dc_frac = (dc_frac * (1.0 - plant.losses_frac)).clip(lower=0.0)
    ac_rating = 1.0 / plant.dc_ac_ratio  # per watt of modules
    ac = pvlib.inverter.pvwatts(dc_frac, ac_rating / INVERTER_FRAC, eta_inv_nom=INVERTER_FRAC)
    ac_frac_H = np.clip(np.nan_to_num(ac.to_numpy()) / ac_rating, 0.0, 1.0)
    produced = float(np.sum(ac_frac_H)) * ac_rating
    return SolarYear(ac_frac_H, produced, float(np.mean(ac_frac_H)))


def _facing(pvlib: Any, sun: Any, place: Place, plant: SolarPlant) -> tuple[Any, Any, Any]:
    """Tilt and azimuth of the modules, and the angle between them and the sun."""
    if not plant.tracking:
        tilt = abs(place.latitude) if plant.tilt_deg < 0.0 else plant.tilt_deg
        angle = pvlib.irradiance.aoi(tilt, plant.azimuth_deg, sun["apparent_zenith"], sun["azimuth"])
        return tilt, plant.azimuth_deg, angle
    tracker = pvlib.tracking.singleaxis(
        sun["apparent_zenith"],
        sun["azimuth"],
        axis_azimuth=0.0,
        max_angle=TRACKER_LIMIT_DEG,
        backtrack=True,
        gcr=plant.ground_cover_frac,
    ).fillna(0.0)
    return tracker["surface_tilt"], tracker["surface_azimuth"], tracker["aoi"]
