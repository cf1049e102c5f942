"""Hours of a plan's sites that its views draw: PUE, load and a supply of its own. H hours, S sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gigawatt.planning.wiring.sites import SitePlan

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SiteYear:
    """A site's typical year at its full size, on the load that the plan gives it.

    Attributes
    ----------
    site, name, weather : str
        Id and name of the site; station or file of its weather.
    pue_H, facility_w_H, it_w_H : ndarray
        8,760 hours in local standard time. [1, W, W]
    peak_w : float
        On the design day. [W]
    pue_mean : float
    supply_w_H : mapping of str to ndarray
        What serves the site by part of its own supply, imports among them; empty where it takes from the grid. [W]
    demand_w_H : ndarray or None
        The load that this supply was sized on. [W]
    """

    site: str
    name: str
    weather: str
    pue_H: Floats
    facility_w_H: Floats
    it_w_H: Floats
    peak_w: float
    pue_mean: float
    supply_w_H: Mapping[str, Floats] = field(default_factory=dict)
    demand_w_H: Floats | None = None


def site_years(sites: Sequence[SitePlan], online_count_S: Floats) -> tuple[SiteYear, ...]:
    """Return the hours of each site that has an hourly year and ever holds accelerators; nothing is copied.

    Parameters
    ----------
    sites : sequence of SitePlan
    online_count_S : ndarray
        Accelerators online there, summed over anything: only whether there are any counts.

    Returns
    -------
    tuple of SiteYear
    """
    return tuple(
        SiteYear(
            site=site.use.site,
            name=site.entry.name,
            weather=site.entry.weather,
            pue_H=site.year.pue_H,
            facility_w_H=site.year.facility_w_H,
            it_w_H=site.year.it_w_H,
            peak_w=site.year.peak_w,
            pue_mean=site.year.pue_mean,
            supply_w_H=site.supply_w_H or {},
            demand_w_H=site.demand_w_H,
        )
        for site, online_count in zip(sites, online_count_S, strict=True)
        if site.year is not None and online_count > 0.0
    )
