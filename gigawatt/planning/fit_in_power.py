"""How many accelerators a power carries, and which chip cap, load and PUE make a number of them fit."""

from __future__ import annotations

from collections.abc import Sequence

from gigawatt.catalogue import Catalogue
from gigawatt.engines.facility.all_in import MEAN_LOAD_FRAC, MOST_LOAD_FRAC, AcceleratorPower, Fit, fit_table
from gigawatt.planning.figures import Figures

# Nameplates, the most that training software draws of them, and its mean.
LOADS = (1.0, MOST_LOAD_FRAC, MEAN_LOAD_FRAC)
PUES = (1.08, 1.12, 1.20)  # a warm-water campus, its design day in the south, a chilled hall


def fit_in_power(
    catalogue: Catalogue,
    accelerators: Sequence[str],
    count: float,
    facility_w: float,
    pues: Sequence[float] = PUES,
    load_fracs: Sequence[float] = LOADS,
    figures: Figures | None = None,
) -> list[Fit]:
    """Say for each accelerator, PUE and load which chip cap lets a number of them fit into a power.

    Parameters
    ----------
    catalogue : Catalogue
    accelerators : sequence of str
        Ids.
    count : float
    facility_w : float
        At the meter. [W]
    pues, load_fracs : sequence of float
        PUE of the hour that sizes the site; power counted on over nameplate. [-]
    figures : Figures, optional
        Ledger of the figures used.

    Returns
    -------
    list of Fit
        By accelerator, PUE and load. System power holds each accelerator's share of network and storage.

    Raises
    ------
    CatalogueError
        If an accelerator is unknown.
    InputError
        If a figure is impossible.

    Examples
    --------
    1.3 million accelerators in 2 GW leave 1,538 W for each:

    >>> from gigawatt.catalogue import load
    >>> for fit in fit_in_power(load(), ["h100-sxm", "gb200-nvl72"], 1.3e6, 2e9, [1.08], [MOST_LOAD_FRAC]):
    ...     print(fit.accelerator, round(fit.uncapped_w), round(fit.chip_cap_w), fit.fits)
    h100-sxm 1309 700 True
    gb200-nvl72 1859 840 True
    """
    figures = figures or Figures()
    ratings = {
        name: AcceleratorPower(
            chip_w=figures(f"accelerators.{name}.tdp_w", catalogue.accelerators[name].tdp_w),
            server_w=figures(f"accelerators.{name}.system_w", catalogue.accelerators[name].system_w),
        )
        for name in accelerators
    }
    return fit_table(ratings, count, facility_w, pues, load_fracs, network_frac=0.0)
