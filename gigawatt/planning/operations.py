"""The fleet at work: IT power by site and month, energy, water, carbon, electricity.

Shape letters: S sites, K accelerator kinds, T months.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.planning.wiring.sites import SitePlan
from gigawatt.records import TimeAxis
from gigawatt.units import HOURS_PER_MONTH, MONTHS_PER_YEAR, WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Operations:
    """Energy and what goes with it, by site and month.

    Attributes
    ----------
    it_w_ST, facility_w_ST : Floats
        Mean over the month. [W]
    it_mwh_ST, cooling_mwh_ST, losses_mwh_ST : Floats
        [MWh]
    water_l_ST : Floats
        [L]
    co2_t_ST : Floats
        [t]
    electricity_usd_ST : Floats
        [USD]
    """

    it_w_ST: Floats
    facility_w_ST: Floats
    it_mwh_ST: Floats
    cooling_mwh_ST: Floats
    losses_mwh_ST: Floats
    water_l_ST: Floats
    co2_t_ST: Floats
    electricity_usd_ST: Floats

    @property
    def total_mwh_ST(self) -> Floats:
        """Energy at the meter. [MWh]."""
        return self.it_mwh_ST + self.cooling_mwh_ST + self.losses_mwh_ST


def operate(sites: Sequence[SitePlan], axis: TimeAxis, online_SKT: Floats, it_w_KT: Floats) -> Operations:
    """Spread each kind's mean power over the sites where it is online, and add cooling and losses by month.

    Parameters
    ----------
    sites : sequence of SitePlan
    axis : TimeAxis
    online_SKT : Floats
        Accelerators online.
    it_w_KT : Floats
        Mean IT power of a kind, all sites together. [W]

    Returns
    -------
    Operations
    """
    online_KT = online_SKT.sum(axis=0)
    per_gpu_w_KT = np.divide(it_w_KT, online_KT, out=np.zeros_like(it_w_KT), where=online_KT > 0)
    it_w_ST = (online_SKT * per_gpu_w_KT[None]).sum(axis=1)
    calendar_T = (axis.start.month - 1 + np.arange(axis.months_count)) % round(MONTHS_PER_YEAR)
    cooling_ST = np.array([site.cooling_ratio_M[calendar_T] for site in sites])
    losses_ST = np.array([site.losses_ratio_M[calendar_T] for site in sites])
    water_ST = np.array([site.water_l_per_mwh_M[calendar_T] for site in sites])
    it_mwh_ST = it_w_ST * HOURS_PER_MONTH / WATTS_PER_MEGAWATT
    total_mwh_ST = it_mwh_ST * (1.0 + cooling_ST + losses_ST)
    price_S = np.array([site.electricity_usd_per_mwh for site in sites])
    carbon_S = np.array([site.carbon_kg_per_mwh for site in sites])
    return Operations(
        it_w_ST=it_w_ST,
        facility_w_ST=it_w_ST * (1.0 + cooling_ST + losses_ST),
        it_mwh_ST=it_mwh_ST,
        cooling_mwh_ST=it_mwh_ST * cooling_ST,
        losses_mwh_ST=it_mwh_ST * losses_ST,
        water_l_ST=it_mwh_ST * water_ST,
        co2_t_ST=total_mwh_ST * carbon_S[:, None] / 1000.0,
        electricity_usd_ST=total_mwh_ST * price_S[:, None],
    )
