"""The hottest, wettest and muggiest hours of a site with all IT at its rating: what its power must carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility import PlantDesign, Weather
from gigawatt.engines.facility.power_chain import Chain, design_chain
from gigawatt.engines.facility.year import Hours, design_hours, run_hours, warmer

UNIT_IT_W = 1e8  # rating at which the ratio of facility to IT power is found; it does not depend on it


@dataclass(frozen=True, slots=True)
class DesignDay:
    """The hottest, wettest and muggiest hours with all IT at its rating.

    Attributes
    ----------
    hours : Hours
    it_w : float
        [W]
    chain : Chain
    """

    hours: Hours
    it_w: float
    chain: Chain

    @property
    def facility_w(self) -> float:
        """Largest facility power. [W]."""
        return float(np.max(self.hours.facility_w_H))

    @property
    def ratio(self) -> float:
        """Facility over IT power. [1]."""
        return self.facility_w / self.it_w


def design_day(it_rated_w: float, plant: PlantDesign, weather: Weather) -> DesignDay:
    """Run a plant at its rating on the design day.

    Parameters
    ----------
    it_rated_w : float
        [W]
    plant : PlantDesign
    weather : Weather
        The typical year.

    Returns
    -------
    DesignDay
    """
    chain = design_chain(it_rated_w, plant.power_chain_efficiency_frac, plant.power_chain, plant.redundancy)
    hottest = design_hours(warmer(weather, plant.warming_k, plant.warming_k, plant.warming_k))
    it_w_H = np.full_like(hottest.dry_bulb_c_H, it_rated_w)
    return DesignDay(run_hours(it_w_H, hottest, plant, chain), it_rated_w, chain)


def facility_ratio(plant: PlantDesign, weather: Weather) -> float:
    """Return facility over IT power on the design day, all IT at its rating. [1]."""
    return design_day(UNIT_IT_W, plant, weather).ratio
