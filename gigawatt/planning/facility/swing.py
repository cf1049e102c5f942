"""Load dynamics of a training site: its swing within a step, and what smooths it."""

from __future__ import annotations

from dataclasses import dataclass

from gigawatt.catalogue import Catalogue
from gigawatt.engines.facility.dynamics import (
    CRITICAL_BANDS,
    FilterStore,
    Limit,
    Remedy,
    RemedyTerms,
    SquareWave,
    assess_remedies,
    band_swing_w,
    filter_store,
    filtered_ramp_w_per_s,
    filtered_swing_w,
)
from gigawatt.planning.facility.profile import LoadProfile
from gigawatt.units import JOULES_PER_MWH

# ASSUMPTIONS: the training step of docs/methods/load-dynamics.md; a model's own step time goes before it.
STEP_S = 2.0
HIGH_FRAC = 0.75  # share of a step at high power
LOW_TO_HIGH_RATIO = 0.35  # power of the low part over that of the high part
TIME_CONSTANTS_S = (2.0, 5.0, 10.0, 30.0)
# Energy in the power supplies per accelerator: NVIDIA's GB300 NVL72, as others quote its developer blog of 2025. [J]
CAPACITOR_J = {"gb300-nvl72": 65.0}
HIGHEST_FLOOR_FRAC = 0.9  # of TDP, settable on GB200: Microsoft, OpenAI, NVIDIA, arXiv:2508.14318
FILLER_SLOWDOWN_FRAC = 0.05  # "less than 5 %", the same
BATTERY = "battery-world"  # its prices of power and energy, which stand apart, are those of a smoothing battery
NO_LIMIT = float("inf")


@dataclass(frozen=True, slots=True)
class Smoothed:
    """What a store with a time constant leaves, and what it must be.

    Attributes
    ----------
    tau_s : float
        [s]
    swing_w : float
        Peak to peak that the grid sees. [W]
    ramp_w_per_s : float
        Steepest. [W/s]
    store : FilterStore
        With a stop of all jobs. [J, W]
    """

    tau_s: float
    swing_w: float
    ramp_w_per_s: float
    store: FilterStore

    @property
    def store_mwh(self) -> float:
        """Usable energy. [MWh]."""
        return self.store.usable_j / JOULES_PER_MWH


@dataclass(frozen=True, slots=True)
class Swing:
    """The wave of a site whose training jobs are in step, the worst case.

    Attributes
    ----------
    wave : SquareWave
        IT power of what trains.
    rest_w : float
        All other IT load. [W]
    idle_w : float
        IT power of what trains, when all jobs stop. [W]
    bands_w : dict of str to float
        Peak to peak inside the bands that harm grids and machines. [W]
    smoothed : tuple of Smoothed
        By time constant.
    limit : Limit or None
        What the utility allows, where it was given.
    remedies : tuple of Remedy
        For that limit.
    """

    wave: SquareWave
    rest_w: float
    idle_w: float
    bands_w: dict[str, float]
    smoothed: tuple[Smoothed, ...]
    limit: Limit | None
    remedies: tuple[Remedy, ...]

    @property
    def stop_w(self) -> float:
        """Step down when all jobs stop at a moment of mean power. [W]."""
        return self.wave.mean_w - self.idle_w


def site_swing(
    profile: LoadProfile,
    it_rated_w: float,
    it_mean_w: float,
    catalogue: Catalogue,
    accelerator: str = "",
    gpus_count: float = 0.0,
    step_s: float = STEP_S,
    ramp_w_per_s: float = NO_LIMIT,
    swing_w: float = NO_LIMIT,
    energy_usd_per_mwh: float = 0.0,
) -> Swing | None:
    """Return the wave of a site, and what smooths it.

    Parameters
    ----------
    profile : LoadProfile
    it_rated_w, it_mean_w : float
        [W]
    catalogue : Catalogue
    accelerator : str
        Id, for the energy in its power supplies; empty where none is named.
    gpus_count : float
        Accelerators that train.
    step_s : float
        Time of a training step. [s]
    ramp_w_per_s, swing_w : float
        What the utility allows, ramps metered over a minute; infinite where it says nothing. [W/s, W]
    energy_usd_per_mwh : float
        [USD/MWh]

    Returns
    -------
    Swing or None
        None where nothing trains.

    Notes
    -----
    The wave's mean is the load of what trains: high = mean / (d + (1 - d) x low over high), at most its rating.
    """
    if not profile.training_frac:
        return None
    rated_w = profile.training_frac * it_rated_w
    mean_w = rated_w * profile.training_load_frac
    high_w = min(mean_w / (HIGH_FRAC + (1.0 - HIGH_FRAC) * LOW_TO_HIGH_RATIO), rated_w)
    low_w = max((mean_w - HIGH_FRAC * high_w) / (1.0 - HIGH_FRAC), 0.0)
    wave = SquareWave(high_w, low_w, step_s, HIGH_FRAC)
    idle_w = profile.work.idle_load_frac * rated_w
    limit = Limit(ramp_w_per_s=ramp_w_per_s, swing_w=swing_w) if min(ramp_w_per_s, swing_w) < NO_LIMIT else None
    terms = _terms(catalogue, accelerator, gpus_count, idle_w, energy_usd_per_mwh)
    return Swing(
        wave=wave,
        rest_w=max(it_mean_w - mean_w, 0.0),
        idle_w=idle_w,
        bands_w={name: band_swing_w(wave, band) for name, band in CRITICAL_BANDS.items()},
        smoothed=tuple(
            Smoothed(
                tau_s, filtered_swing_w(wave, tau_s), filtered_ramp_w_per_s(wave, tau_s),
                filter_store(wave, tau_s, idle_w),
            )
            for tau_s in TIME_CONSTANTS_S
        ),
        limit=limit,
        remedies=assess_remedies(wave, limit, terms) if limit else (),
    )  # fmt: skip


def _terms(
    catalogue: Catalogue, accelerator: str, gpus_count: float, idle_w: float, energy_usd_per_mwh: float
) -> RemedyTerms:
    """Say what remedies can do and cost; the value of the work, which a slowdown loses, is not counted."""
    battery = catalogue.shelf("supply")[BATTERY]
    prices = (battery.energy_capex_usd_per_mwh, battery.capex_usd_per_w)
    per_mwh, per_w = (price.value if price else 0.0 for price in prices)
    ways = (battery.charge_frac, battery.discharge_frac)
    charge, discharge = (way.value if way else 1.0 for way in ways)
    return RemedyTerms(
        gpus_count=gpus_count,
        idle_w=idle_w,
        capacitor_j=CAPACITOR_J.get(accelerator, 0.0),
        highest_floor_frac=HIGHEST_FLOOR_FRAC,
        filler_slowdown_frac=FILLER_SLOWDOWN_FRAC,
        energy_usd_per_mwh=energy_usd_per_mwh,
        output_usd_per_year=0.0,
        storage_usd_per_mwh=per_mwh,
        converter_usd_per_w=per_w,
        round_trip_frac=charge * discharge,
    )
