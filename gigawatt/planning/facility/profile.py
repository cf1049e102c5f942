"""The IT load of a year by a word: training, serving, mixed; or a flat share of the rating."""

from __future__ import annotations

from dataclasses import dataclass

from gigawatt.catalogue.schema import Defaults
from gigawatt.engines.facility import SiteWork, TrainingPhase
from gigawatt.errors import InputError, nearest
from gigawatt.planning.figures import Figures

HOURS_COUNT = 8760
PROFILES = ("training", "serving", "mixed")
MIXED_TRAINING_FRAC = 0.5  # ASSUMPTION: half of a mixed site trains, half serves


@dataclass(frozen=True, slots=True)
class LoadProfile:
    """What a site's accelerators do.

    Attributes
    ----------
    name : str
        training, serving, mixed or flat.
    work : SiteWork
        For the facility engine.
    training_frac : float
        Share of the rating that trains. [1]
    training_load_frac : float
        Mean over rating of what trains. [1]
    """

    name: str
    work: SiteWork
    training_frac: float
    training_load_frac: float


def load_profile(text: str, defaults: Defaults, figures: Figures) -> LoadProfile:
    """Read a load as typed.

    Parameters
    ----------
    text : str
        training, serving, mixed, or a share of the rating such as 0.8 or "80 %".
    defaults : Defaults
    figures : Figures
        Ledger of the figures used.

    Returns
    -------
    LoadProfile

    Raises
    ------
    InputError
        If it is neither.

    Notes
    -----
    Serving is sized for its busiest hour: its mean load is idle + (training's load - idle) / (peak over mean).
    """
    busy = figures("defaults.training_mean_load_frac", defaults.training_mean_load_frac)
    idle = figures("defaults.idle_load_frac", defaults.idle_load_frac)
    if text not in PROFILES:
        return _flat(text, idle)
    trains = {"training": 1.0, "serving": 0.0, "mixed": MIXED_TRAINING_FRAC}[text]
    phases = (TrainingPhase(0, HOURS_COUNT, trains, busy),) if trains else ()
    if trains == 1.0:
        return LoadProfile(text, SiteWork(idle, phases), trains, busy)
    peak = figures("defaults.peak_to_mean_ratio", defaults.peak_to_mean_ratio)
    work = SiteWork(
        idle, phases, serving_capacity_frac=1.0 - trains, serving_load_frac=serving_load_frac(busy, idle, peak)
    )
    return LoadProfile(text, work, trains, busy)


def serving_load_frac(busy_frac: float, idle_frac: float, peak_to_mean: float) -> float:
    """Return the mean load of a pool that is sized for its busiest hour.

    Examples
    --------
    >>> round(serving_load_frac(0.8, 0.27, 1.6), 2)
    0.6
    """
    return idle_frac + (busy_frac - idle_frac) / peak_to_mean


def _flat(text: str, idle_frac: float) -> LoadProfile:
    """Read a flat share of the rating."""
    from gigawatt.errors import UnitError
    from gigawatt.units import parse

    try:
        share = parse(text, "1")[0]
    except UnitError as error:
        message = f'load "{text}" is none of {", ".join(PROFILES)}, nor a share such as 0.8. {nearest(text, PROFILES)}'
        raise InputError(message) from error
    if not 0.0 < share <= 1.0:
        message = f"load {text} is no share of the rating; it lies above 0 and at most at 1"
        raise InputError(message)
    idle = min(idle_frac, share)
    return LoadProfile("flat", SiteWork(idle, (TrainingPhase(0, HOURS_COUNT, 1.0, share),)), 1.0, share)
