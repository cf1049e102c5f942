"""Land: buildings from power density, site from buildings, and what share of a known outline that is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gigawatt.errors import InputError

# Site over building floor area. Fairwater, Mount Pleasant WI: 315 acres for 1.2 million square feet is 11.4;
# Hyperion LA: 2,250 acres for 4 million square feet is 24.5, bought with room to grow. The compact campus is taken.
SITE_TO_BUILDING_RATIO = 11.4
EARTH_RADIUS_M = 6_371_008.8  # mean radius R1, IUGG


def building_area_m2(it_w: float, it_density_w_per_m2: float) -> float:
    """Floor area for an IT rating.

    Parameters
    ----------
    it_w : float
        IT rating. [W]
    it_density_w_per_m2 : float
        IT rating per gross floor area. [W/m2]

    Returns
    -------
    float
        [m2]

    Raises
    ------
    InputError
        If the density is not positive.

    Examples
    --------
    >>> building_area_m2(100e6, 2000.0)
    50000.0
    """
    if it_density_w_per_m2 <= 0.0:
        message = f"land: IT density is {it_density_w_per_m2} W/m2; it must be positive"
        raise InputError(message)
    return it_w / it_density_w_per_m2


def site_area_m2(building_m2: float, ratio: float = SITE_TO_BUILDING_RATIO) -> float:
    """Site area for a floor area: roads, substation, generators, ponds, setbacks.

    Parameters
    ----------
    building_m2 : float
        Gross floor area. [m2]
    ratio : float
        Site over floor area. [-]

    Returns
    -------
    float
        [m2]

    Examples
    --------
    >>> site_area_m2(50_000.0)
    570000.0
    """
    return building_m2 * ratio


def share_of(area_m2: float, outline_m2: float) -> float:
    """Share of an outline that an area would cover.

    Parameters
    ----------
    area_m2, outline_m2 : float
        [m2]

    Returns
    -------
    float
        Above 1 where the area is larger than the outline. [-]

    Raises
    ------
    InputError
        If the outline has no area.

    Examples
    --------
    >>> share_of(9.1e6, 59.1e6).__round__(3)
    0.154
    """
    if outline_m2 <= 0.0:
        message = f"land: an outline of {outline_m2} m2 has no area"
        raise InputError(message)
    return area_m2 / outline_m2


def ring_area_m2(longitude_deg: Sequence[float], latitude_deg: Sequence[float]) -> float:
    r"""Area inside a ring on the sphere.

    Parameters
    ----------
    longitude_deg, latitude_deg : sequence of float
        Corners in order, either way round; the last may repeat the first. [degree]

    Returns
    -------
    float
        [m2]

    Notes
    -----
    On Lambert's cylindrical equal-area projection, :math:`x = R \lambda`, :math:`y = R \sin\varphi`, by the shoelace
    formula; edges are straight there, which does not matter for outlines of a few kilometres.

    Examples
    --------
    One degree square at the equator:

    >>> round(ring_area_m2([0, 1, 1, 0], [0, 0, 1, 1]) / 1e6)
    12364
    """
    x = np.radians(np.asarray(longitude_deg, dtype=np.float64))
    y = np.sin(np.radians(np.asarray(latitude_deg, dtype=np.float64)))
    twice = np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    return float(abs(twice) / 2.0 * EARTH_RADIUS_M**2)
