"""Watts at the meter per accelerator, and how many a site carries."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from gigawatt.catalogue.abilities import cap_fault
from gigawatt.catalogue.schema import Accelerator
from gigawatt.engines.facility import AcceleratorPower, PowerUse, all_in
from gigawatt.engines.facility.all_in import MEAN_LOAD_FRAC, MOST_LOAD_FRAC, AllIn
from gigawatt.engines.hardware.power import capped_system_w
from gigawatt.errors import InputError
from gigawatt.planning.figures import Figures

# Power counted on: nameplates; the most that training software draws of them; its mean.
COUNTED_ON = {"nameplate": 1.0, "most drawn": MOST_LOAD_FRAC, "mean": MEAN_LOAD_FRAC}


@dataclass(frozen=True, slots=True)
class GpuPower:
    """Accelerators of one kind on a site.

    Attributes
    ----------
    accelerator : str
        Id.
    cap_w : float
        Of the package; 0 for none. [W]
    system_w : float
        All-in IT power at nameplate, under the cap. [W]
    pue : float
        Facility over IT power on the design day, at the rating. [1]
    by_load : dict of str to AllIn
        Watts at the meter per accelerator, by what is counted on.
    fit_count : dict of str to int
        How many fit into the site's power.
    """

    accelerator: str
    cap_w: float
    system_w: float
    pue: float
    by_load: dict[str, AllIn]
    fit_count: dict[str, int]


def capped_w(entry: Accelerator, cap_w: float, figures: Figures) -> float:
    """Return the all-in IT watts of an accelerator under a cap, 0 for none.

    Raises
    ------
    InputError
        If the accelerator does not take the cap.
    """
    rated_w = figures(f"accelerators.{entry.id}.system_w", entry.system_w)
    chip_w = figures(f"accelerators.{entry.id}.tdp_w", entry.tdp_w)
    problem, remedy = cap_fault(entry, cap_w) if cap_w else ("", "")
    if problem:
        message = f"{problem}; {remedy}"
        raise InputError(message)
    return float(capped_system_w(rated_w, chip_w, cap_w))


def gpu_power(entry: Accelerator, cap_w: float, pue: float, facility_w: float, figures: Figures) -> GpuPower:
    """Say how many accelerators a power carries.

    Parameters
    ----------
    entry : Accelerator
    cap_w : float
        0 for none. [W]
    pue : float
        Of the design day. [1]
    facility_w : float
        Power of the site at the meter. [W]
    figures : Figures

    Returns
    -------
    GpuPower
        System power holds each accelerator's share of network and storage.
    """
    system_w = capped_w(entry, cap_w, figures)
    ratings = AcceleratorPower(
        chip_w=figures(f"accelerators.{entry.id}.tdp_w", entry.tdp_w),
        server_w=figures(f"accelerators.{entry.id}.system_w", entry.system_w),
    )
    by_load = {
        name: all_in(ratings, PowerUse(cap_w or ratings.chip_w, load_frac, 0.0, pue, 1.0))
        for name, load_frac in COUNTED_ON.items()
    }
    counts = {name: floor(facility_w / watts.total_w) for name, watts in by_load.items()}
    return GpuPower(entry.id, cap_w, system_w, pue, by_load, counts)
