"""Power below a second and up to minutes: the wave of synchronous training, what a grid allows, and what smooths it."""

from __future__ import annotations

from gigawatt.engines.facility.dynamics.remedies import (
    Limit,
    Remedy,
    RemedyTerms,
    assess_remedies,
    floored,
    ramp_store_j,
)
from gigawatt.engines.facility.dynamics.ride_through import Dip, LoadGroup, lost_w
from gigawatt.engines.facility.dynamics.smoothing import (
    FilterStore,
    filter_store,
    filtered_ramp_w_per_s,
    filtered_swing_w,
    flattening_j,
    simulate_filter,
    smallest_tau_s,
)
from gigawatt.engines.facility.dynamics.spectrum import (
    CRITICAL_BANDS,
    Band,
    band_rms_w,
    band_swing_w,
    harmonic_amplitude_w,
    spectrum_w,
)
from gigawatt.engines.facility.dynamics.wave import (
    SquareWave,
    TrainingJob,
    largest_ramp_w_per_s,
    site_power_w,
    with_random_phases,
)

__all__ = [
    "CRITICAL_BANDS",
    "Band",
    "Dip",
    "FilterStore",
    "Limit",
    "LoadGroup",
    "Remedy",
    "RemedyTerms",
    "SquareWave",
    "TrainingJob",
    "assess_remedies",
    "band_rms_w",
    "band_swing_w",
    "filter_store",
    "filtered_ramp_w_per_s",
    "filtered_swing_w",
    "flattening_j",
    "floored",
    "harmonic_amplitude_w",
    "largest_ramp_w_per_s",
    "lost_w",
    "ramp_store_j",
    "simulate_filter",
    "site_power_w",
    "smallest_tau_s",
    "spectrum_w",
    "with_random_phases",
]
