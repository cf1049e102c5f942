"""What a site's accelerators do, from the plan itself, as the hourly load of its typical year.

The first pass of a plan takes a flat mean load. Once it is known who gets which accelerators where, each site's year is
run again on the load that its share of training, serving, research and idle makes. Shape letters: S sites, K kinds,
T months.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.engines.buildout.types import BuildoutInputs, BuildoutResult
from gigawatt.engines.facility import FacilityResult, SiteWork, TrainingPhase
from gigawatt.planning.allocation import Allocation
from gigawatt.planning.facility.profile import HOURS_COUNT, load_profile
from gigawatt.planning.figures import Figures
from gigawatt.planning.operations import Operations
from gigawatt.planning.wiring.sites import SitePlan, with_year

Floats = NDArray[np.float64]

LEAST_FRAC = 1e-3  # of the rating: training and serving on less have no load of their own


def refined(
    sites: Sequence[SitePlan],
    catalogue: Catalogue,
    inputs: BuildoutInputs,
    built: BuildoutResult,
    allocation: Allocation,
    operations: Operations,
    busy_load_frac: float,
    idle_load_frac: float,
    figures: Figures,
) -> list[SitePlan]:
    """Run each site's year again on the load that the plan gives it.

    Parameters
    ----------
    sites : sequence of SitePlan
    catalogue : Catalogue
    inputs, built, allocation, operations
        Of the first pass.
    busy_load_frac, idle_load_frac : float
        Mean power of a busy and of an idle accelerator, of rated. [1]
    figures : Figures

    Returns
    -------
    list of SitePlan
        A site whose PUE is given, or that holds no accelerators, stays as it is. PUE at p99, the most and the peak
        stay those of a site that trains: they decide how many accelerators the power carries, all of which may be busy
        at once.
    """
    found = []
    for number, site in enumerate(sites):
        if site.use.load is not None:
            work: SiteWork | None = load_profile(site.use.load, catalogue.defaults, figures).work
        else:
            work = site_work(number, inputs, built, allocation, operations, busy_load_frac, idle_load_frac)
        if work is None or site.year is None:
            found.append(site)
            continue
        again = with_year(site, catalogue, work, figures)
        found.append(replace(again, pue_p99=site.pue_p99, pue_max=site.pue_max, year=_with_peak(again.year, site.year)))
    return found


def _with_peak(year: FacilityResult | None, sizing: FacilityResult) -> FacilityResult | None:
    """Return a year with the peak of the one that sizes the site."""
    return replace(year, peak_w=sizing.peak_w, peak_cooling_w=sizing.peak_cooling_w) if year else None


def site_work(
    number: int,
    inputs: BuildoutInputs,
    built: BuildoutResult,
    allocation: Allocation,
    operations: Operations,
    busy_load_frac: float,
    idle_load_frac: float,
) -> SiteWork | None:
    """Return what a site's accelerators do over the plan; None where it has none.

    Notes
    -----
    Shares are of the rated IT power of the accelerators online there, means over the months weighted by it: halls are
    switched on as they are filled. A kind's accelerators do the same at every site; those that wait are idle. The load
    of training and serving is what makes the mean that of the plan.
    """
    rated_KT = built.online_count_SKT[number] * inputs.system_w_K[:, None]
    whole = float(rated_KT.sum())
    if whole <= 0.0:
        return None
    online_KT = built.online_count_SKT.sum(axis=0)

    def share(count_KT: Floats) -> float:
        """Share of the site's power that does something."""
        of_kind_KT = np.divide(count_KT, online_KT, out=np.zeros_like(online_KT), where=online_KT > 0)
        return float((rated_KT * of_kind_KT).sum()) / whole

    training = share(allocation.training_KT + allocation.tuning_KT)
    serving, research = share(allocation.serving_KT), share(allocation.reserved_KT)
    rest = max(1.0 - training - serving - research, 0.0)
    left = training + serving
    mean = float(operations.it_w_ST[number].sum()) / whole
    # power is known by kind and month, not by what it is used for: training and serving have one mean load
    told = idle_load_frac * rest + busy_load_frac * research
    load = float(np.clip((mean - told) / left, idle_load_frac, 1.0)) if left > LEAST_FRAC else busy_load_frac
    phases = (TrainingPhase(0, HOURS_COUNT, training, load),) if training > 0.0 else ()
    return SiteWork(
        idle_load_frac,
        phases,
        serving_capacity_frac=serving,
        serving_load_frac=load if serving else 0.0,
        research_capacity_frac=research,
        research_load_frac=busy_load_frac if research else 0.0,
    )
